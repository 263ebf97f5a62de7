/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What OpenTok offers and this host does not: all that needs decoded media. The table says which.
 */
#include "opentok.h"

#include <stdio.h>
#include <string.h>

#include "control/control.h"
#include "control/form.h"
#include "control/opentok_auth.h"
#include "control/projects.h"
#include "control/registry.h"
#include "control/session.h"

static const struct {
    const char *resource, *what;
} refused[] = {
    {"archive", "Archiving"},
    {"broadcast", "Live streaming"},
    {"render", "The Experience Composer"},
    {"connect", "The Audio Connector"},
    {"dial", "SIP dial-out"},
    {"captions", "Live captioning"},
};

/* What follows "/v2/project/KEY/" where KEY is the project's, else NULL. */
static const char *find_resource(const char *path, const struct rs_project *project)
{
    const char *key = path + strlen("/v2/project/");
    const size_t length = strlen(rs_project_key(project));

    if (strncmp(key, rs_project_key(project), length) != 0 || key[length] != '/')
        return NULL;
    return key + length + 1;
}

/* What the resource offers; NULL: there is none of that name, or of that id. */
static const char *find_refused(const char *resource)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (strcmp(resource, refused[i].resource) == 0)
            return refused[i].what;
    }
    return NULL;
}

/* Returns 0 with *session set, or -1 with *error set. */
static int look_up(const struct rs_exchange *exchange, const char *id,
                   const struct rs_session_record **session, struct rs_error *error)
{
    *session = rs_registry_find_session(exchange->control->registry, id);
    if (*session != NULL)
        return 0;
    return rs_error_set(error, RS_E_UNKNOWN_SESSION, "sessionId", "there is no such session");
}

static int look_up_in_body(const struct rs_exchange *exchange,
                           const struct rs_session_record **session, struct rs_error *error)
{
    json_t *body = json_loadb(exchange->body, exchange->body_bytes, JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(body, "sessionId"));
    int result;

    if (id != NULL)
        result = look_up(exchange, id, session, error);
    else
        result = rs_error_set(error, RS_E_INVALID_PARAMS, "sessionId",
                              "the body is no JSON object with a sessionId");
    json_decref(body);
    return result;
}

/* The session that the body or the query names; *session stays NULL where neither names one.
 * Returns 0, or -1 with *error set. */
static int find_session(const struct rs_exchange *exchange,
                        const struct rs_session_record **session, struct rs_error *error)
{
    struct rs_form_field field = {.name = "sessionId"};
    const char *query = exchange->query != NULL ? exchange->query : "";

    if (exchange->body_bytes > 0)
        return look_up_in_body(exchange, session, error);
    if (rs_form_read(query, strlen(query), &field, 1, error) != 0)
        return -1;
    return field.given ? look_up(exchange, field.value, session, error) : 0;
}

static void refuse(struct rs_exchange *exchange, const char *what)
{
    const struct rs_session_record *session = NULL;
    struct rs_error error;
    char message[160];

    if (find_session(exchange, &session, &error) != 0) {
        rs_exchange_fail(
            exchange,
            error.reason == RS_E_UNKNOWN_SESSION ? RS_HTTP_NOT_FOUND : RS_HTTP_BAD_REQUEST, &error);
    } else if (session != NULL && session->options.e2ee) {
        rs_error_set(&error, RS_E_UNAVAILABLE_IN_E2EE, "sessionId",
                     "%s is not available in an end-to-end encrypted session: it needs decoded "
                     "media, which only the members have",
                     what);
        rs_exchange_fail(exchange, RS_HTTP_CONFLICT, &error);
    } else {
        snprintf(message, sizeof(message),
                 "%s is not available: this host passes media on and decodes none", what);
        rs_exchange_refuse(exchange, RS_HTTP_NOT_IMPLEMENTED, message);
    }
}

void rs_opentok_refuse(struct rs_exchange *exchange)
{
    const struct rs_project *project = rs_opentok_authenticate(exchange);
    const char *resource = project != NULL ? find_resource(exchange->path, project) : NULL;
    const char *what = resource != NULL ? find_refused(resource) : NULL;

    if (resource == NULL)
        rs_opentok_deny(exchange);
    else if (what == NULL)
        rs_exchange_refuse(exchange, RS_HTTP_NOT_FOUND, "there is no such resource");
    else if (exchange->body_bytes > 0 && !rs_exchange_is_type(exchange, "application/json"))
        rs_exchange_refuse(exchange, RS_HTTP_BAD_TYPE, "the body is application/json");
    else
        refuse(exchange, what);
}
