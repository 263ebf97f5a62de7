/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From OpenTok's form to a session of this host. Which sessions there can be is decided in
 * session.c.
 */
#include "opentok.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "control/base64url.h"
#include "control/config.h"
#include "control/control.h"
#include "control/form.h"
#include "control/opentok_auth.h"
#include "control/options.h"
#include "control/projects.h"
#include "control/registry.h"
#include "control/session.h"

static const char relayed_message[] =
    "A session with relayed media mode cannot have end-to-end encryption enabled.";
static const char archived_message[] =
    "A session with always archive mode cannot have end-to-end encryption enabled.";
static const char unrouted_message[] =
    "A session with always archive mode must also have the routed media mode.";

static int fail(struct rs_error *error, enum rs_reason reason, const char *param,
                const char *message)
{
    return rs_error_set(error, reason, param, "%s", message);
}

enum { FIELD_MEDIA, FIELD_ARCHIVE, FIELD_LOCATION, FIELD_E2EE, FIELDS };

/* Words that stand for the value of index 0, 1, 0, 1, ... in the enum or as a bool. */
static int read_word(const struct rs_form_field *field, const char *const *words,
                     unsigned int *value, struct rs_error *error)
{
    if (!field->given)
        return 0;
    for (unsigned int i = 0; words[i] != NULL; i++) {
        if (strcmp(field->value, words[i]) == 0) {
            *value = i % 2;
            return 0;
        }
    }
    return rs_error_set(error, RS_E_INVALID_PARAMS, field->name, "%s is neither %s nor %s",
                        field->name, words[0], words[1]);
}

/* What the form asks for; 1 + the index of a word, as the method session_create has it. */
static int read_form(const struct rs_exchange *exchange, struct rs_create_params *params,
                     struct rs_error *error)
{
    static const char *const media[] = {"disabled", "enabled", "routed", "relayed", NULL};
    static const char *const archive[] = {"manual", "always", NULL};
    static const char *const e2ee[] = {"false", "true", NULL};
    struct rs_form_field fields[FIELDS] = {
        [FIELD_MEDIA] = {.name = "p2p.preference"},
        [FIELD_ARCHIVE] = {.name = "archiveMode"},
        [FIELD_LOCATION] = {.name = "location"}, /* not used, but not twice either */
        [FIELD_E2EE] = {.name = "e2ee"},
    };
    unsigned int media_mode = RS_MEDIA_ROUTED, archive_mode = RS_ARCHIVE_MANUAL, encrypted = 0;

    if (rs_form_read(exchange->body, exchange->body_bytes, fields, FIELDS, error) != 0 ||
        read_word(&fields[FIELD_MEDIA], media, &media_mode, error) != 0 ||
        read_word(&fields[FIELD_ARCHIVE], archive, &archive_mode, error) != 0 ||
        read_word(&fields[FIELD_E2EE], e2ee, &encrypted, error) != 0)
        return -1;
    params->media_mode = 1 + media_mode;
    params->archive_mode = 1 + archive_mode;
    params->e2ee = (struct rs_optional){.given = true, .value = encrypted};
    return 0;
}

/*
 * As OpenTok's: "1_" and the base64 of fields between tildes, of which SDKs read the second, the
 * project, before they make a token for a client.
 */
static void make_session_id(const struct rs_project *project, char id[RS_ID_MAX + 1])
{
    char random[2 * 16 + 1], text[RS_ID_MAX];
    int length;

    rs_control_random_hex(random, 16);
    length = snprintf(text, sizeof(text), "1~%s~~%lld~%s~", rs_project_key(project),
                      (long long)time(NULL) * 1000, random);
    memcpy(id, "1_", 2);
    rs_base64url_encode(text, (size_t)length, id + 2);
}

/* In the words that SDKs have for it; those for whom e2ee was chosen are told so. */
static void explain(const struct rs_project *project, struct rs_error *error)
{
    const char *always = rs_project_policy(project) == RS_PROJECT_E2EE_ALWAYS
                             ? " Every session of this project has it."
                             : "";
    const char *message = error->reason == RS_E_RELAYED_E2EE    ? relayed_message
                          : error->reason == RS_E_ARCHIVED_E2EE ? archived_message
                                                                : NULL;

    if (message != NULL)
        rs_error_set(error, error->reason, NULL, "%s%s", message, always);
}

static int create(const struct rs_exchange *exchange, const struct rs_project *project,
                  struct rs_session_record **session, struct rs_error *error)
{
    const struct rs_control *control = exchange->control;
    struct rs_create_params params = {0};
    struct rs_session_options options;
    char id[RS_ID_MAX + 1];

    if (control->draining)
        return fail(error, RS_E_DRAINING, NULL, "the daemon drains: ask another host");
    if (read_form(exchange, &params, error) != 0)
        return -1;
    if (rs_project_policy(project) == RS_PROJECT_E2EE_ALWAYS)
        params.e2ee.value = 1;
    if (rs_session_options_read(control->config, &params, &options, error) != 0)
        return -1;
    if (!options.e2ee && options.media_mode == RS_MEDIA_RELAYED &&
        options.archive_mode == RS_ARCHIVE_ALWAYS)
        return fail(error, RS_E_INVALID_PARAMS, "archiveMode", unrouted_message);
    make_session_id(project, id);
    if (rs_session_record_create(control->registry, id, &options, session, error) == 0)
        return 0;
    explain(project, error);
    return -1;
}

static int status_of(enum rs_reason reason)
{
    switch (reason) {
    case RS_E_INVALID_PARAMS:
    case RS_E_RELAYED_E2EE:
    case RS_E_ARCHIVED_E2EE:
        return RS_HTTP_BAD_REQUEST;
    case RS_E_E2EE_NOT_ENABLED:
    case RS_E_E2EE_NOT_SUPPORTED:
        return RS_HTTP_FORBIDDEN;
    case RS_E_DRAINING:
    case RS_E_NO_CAPACITY:
        return RS_HTTP_UNAVAILABLE;
    default:
        return RS_HTTP_INTERNAL;
    }
}

static json_t *created_json(const struct rs_session_record *session,
                            const struct rs_project *project)
{
    const time_t now = time(NULL);
    char created[64] = "";
    struct tm utc;

    if (gmtime_r(&now, &utc) != NULL)
        strftime(created, sizeof(created), "%a %b %d %H:%M:%S UTC %Y", &utc);
    return json_pack("[{s:s, s:s, s:s, s:s}]", "session_id", session->id, "project_id",
                     rs_project_key(project), "create_dt", created, "media_server_url", "");
}

void rs_opentok_create(struct rs_exchange *exchange)
{
    const struct rs_project *project = rs_opentok_authenticate(exchange);
    struct rs_session_record *session = NULL;
    struct rs_error error = {0};

    if (project == NULL) {
        rs_opentok_deny(exchange);
        return;
    }
    if (exchange->body_bytes > 0 &&
        !rs_exchange_is_type(exchange, "application/x-www-form-urlencoded")) {
        rs_exchange_refuse(exchange, RS_HTTP_BAD_TYPE,
                           "the body is application/x-www-form-urlencoded");
        return;
    }
    if (create(exchange, project, &session, &error) == 0)
        rs_exchange_reply(exchange, RS_HTTP_OK, created_json(session, project));
    else
        rs_exchange_fail(exchange, status_of(error.reason), &error);
    rs_log(RS_LOG_INFO, "audit: http=session_create project=%s session=%s result=%s",
           rs_project_key(project), session != NULL ? session->id : "-",
           session != NULL ? "ok" : rs_reasons[error.reason].name);
}
