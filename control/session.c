/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The states of a session and what may happen in each. How its keys change is in keys.c; nothing
 * here knows JSON or sockets.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/control.h"
#include "control/stream.h"

struct rs_session_record *rs_session_record_of(struct rs_map_node *node)
{
    return (struct rs_session_record *)((char *)node - offsetof(struct rs_session_record, by_id));
}

const char *rs_session_state_name(enum rs_session_state state)
{
    static const char *const names[] = {"created", "connected", "disconnected"};

    return names[state];
}

const struct rs_key_name *rs_session_key_name(const struct rs_session_record *session,
                                              const struct rs_key_info *info)
{
    return &info->by_hash[session->options.suite->hash];
}

void rs_key_tag_write(uint16_t key_tag, char out[8])
{
    snprintf(out, 8, "%04x", key_tag);
}

int rs_session_check_suite(const struct rs_registry *registry, const struct rs_suite *suite,
                           struct rs_error *error)
{
    if (rs_dataplane_test_suite(registry->dataplane, suite) == 0)
        return 0;
    return rs_error_set(error, RS_E_E2EE_NOT_SUPPORTED, "suite",
                        "the self-test of %s fails on this host", suite->name);
}

int rs_session_check_options(const struct rs_registry *registry,
                             const struct rs_session_options *options, struct rs_error *error)
{
    if (options->e2ee && !registry->config->e2ee.enabled)
        return rs_error_set(error, RS_E_E2EE_NOT_ENABLED, "e2ee",
                            "end-to-end encryption is switched off in the configuration");
    if (options->e2ee && options->media_mode == RS_MEDIA_RELAYED)
        return rs_error_set(error, RS_E_RELAYED_E2EE, "media_mode",
                            "an end-to-end encrypted session is routed");
    if (options->e2ee && options->archive_mode == RS_ARCHIVE_ALWAYS)
        return rs_error_set(error, RS_E_ARCHIVED_E2EE, "archive_mode",
                            "an end-to-end encrypted session cannot be archived");
    if (options->e2ee && rs_session_check_suite(registry, options->suite, error) != 0)
        return -1;
    if (!rs_config_grace_fits(options->grace_ms, options->activate_after_ms))
        return rs_error_set(error, RS_E_INVALID_PARAMS, "grace_ms",
                            "\"grace_ms\" is at least \"activate_after_ms\" + %d, or both are 0",
                            RS_GRACE_MARGIN_MS);
    return 0;
}

static int fail_create(int number, struct rs_error *error)
{
    if (number == ENOSPC)
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "limits.sessions is reached");
    return rs_error_set(error, RS_E_INTERNAL_ERROR, NULL, "no memory");
}

int rs_session_record_make(struct rs_registry *registry, const char *id,
                           const struct rs_session_options *options,
                           struct rs_session_record **session, struct rs_error *error)
{
    struct rs_session_record *record = calloc(1, sizeof(*record));

    if (record == NULL)
        return fail_create(ENOMEM, error);
    /* Also one without e2ee: nothing passes before it is connected. */
    record->dataplane = rs_session_create(registry->dataplane, RS_PROTECT_E2EE, record);
    if (record->dataplane == NULL) {
        const int number = errno;

        free(record);
        return fail_create(number, error);
    }
    if (id != NULL)
        snprintf(record->id, sizeof(record->id), "%s", id);
    else
        rs_control_random_hex(record->id, 16);
    record->registry = registry;
    record->options = *options;
    TAILQ_INIT(&record->keys);
    TAILQ_INIT(&record->streams);
    TAILQ_INIT(&record->parked);
    record->by_id.key = record->id;
    *session = record;
    return 0;
}

void rs_session_record_enter(struct rs_session_record *session)
{
    struct rs_registry *registry = session->registry;

    session->serial = registry->next_serial++;
    rs_map_add(&registry->sessions_by_id, &session->by_id);
    TAILQ_INSERT_TAIL(&registry->sessions, session, entry);
}

void rs_session_record_free(struct rs_session_record *session)
{
    rs_keys_forget(session);
    rs_session_destroy(session->dataplane);
    free(session);
}

int rs_session_record_create(struct rs_registry *registry, const char *id,
                             const struct rs_session_options *options,
                             struct rs_session_record **session, struct rs_error *error)
{
    if (rs_session_check_options(registry, options, error) != 0)
        return -1;
    if (id != NULL && rs_registry_find_session(registry, id) != NULL)
        return rs_error_set(error, RS_E_SESSION_EXISTS, "session_id", "the session exists");
    if (rs_session_record_make(registry, id, options, session, error) != 0)
        return -1;
    rs_session_record_enter(*session);
    return 0;
}

int rs_session_record_connect(struct rs_session_record *session, const uint8_t *base_key,
                              size_t bytes, struct rs_key_info *info, struct rs_error *error)
{
    static const struct rs_key_change at_once = {0, 0};

    if (session->options.e2ee &&
        rs_keys_change(session, base_key, bytes, &at_once, info, error) != 0)
        return -1;
    if (!session->options.e2ee)
        rs_session_set_protection(session->dataplane, RS_PROTECT_NONE);
    session->state = RS_SESSION_CONNECTED;
    return 0;
}

int rs_session_record_check_connected(const struct rs_session_record *session,
                                      struct rs_error *error)
{
    if (session->state == RS_SESSION_CONNECTED)
        return 0;
    if (session->options.e2ee)
        return rs_error_set(
            error, RS_E_SECRET_MISSING, "session_id",
            "the session is %s and has no secret: give one to session_connect first",
            rs_session_state_name(session->state));
    return rs_error_set(error, RS_E_NOT_CONNECTED, "session_id",
                        "the session is %s: session_connect comes first",
                        rs_session_state_name(session->state));
}

static void delete_streams(struct rs_session_record *session)
{
    struct rs_stream_record *stream;

    while ((stream = TAILQ_FIRST(&session->streams)) != NULL)
        rs_stream_record_delete(stream);
}

int rs_session_record_disconnect(struct rs_session_record *session, struct rs_error *error)
{
    if (session->state != RS_SESSION_CONNECTED)
        return rs_error_set(error, RS_E_NOT_CONNECTED, "session_id", "the session is %s",
                            rs_session_state_name(session->state));
    if (rs_keys_retire_all(session, error) != 0)
        return -1;
    delete_streams(session);
    rs_session_set_protection(session->dataplane, RS_PROTECT_E2EE);
    session->state = RS_SESSION_DISCONNECTED;
    return 0;
}

void rs_session_record_delete(struct rs_session_record *session)
{
    struct rs_registry *registry = session->registry;

    delete_streams(session);
    rs_map_remove(&registry->sessions_by_id, &session->by_id);
    TAILQ_REMOVE(&registry->sessions, session, entry);
    rs_session_record_free(session);
}
