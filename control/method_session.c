/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods about sessions, but for secrets: those are in method_secret.c.
 */
#include "handlers.h"

#include <stdio.h>

#include "control/control.h"
#include "control/options.h"
#include "control/page.h"
#include "control/registry.h"
#include "control/session.h"
#include "control/stream.h"

/* How many ids session_get lists; stream_list has them all. */
enum { IDS_MAX = 1000 };

static json_t *options_json(const struct rs_session_record *session)
{
    const struct rs_session_options *options = &session->options;

    return json_pack(
        "{s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "session_id", session->id,
        "state", rs_session_state_name(session->state), "media_mode",
        options->media_mode == RS_MEDIA_RELAYED ? "relayed" : "routed", "e2ee", options->e2ee,
        "archive_mode", options->archive_mode == RS_ARCHIVE_ALWAYS ? "always" : "manual", "suite",
        options->suite->name, "grace_ms", (json_int_t)options->grace_ms, "activate_after_ms",
        (json_int_t)options->activate_after_ms, "replay_window", (json_int_t)options->replay_window,
        "epoch", (json_int_t)session->epoch, "stream_count", (json_int_t)session->stream_count);
}

static json_t *keys_json(const struct rs_session_record *session)
{
    static const char *const states[] = {"staged", "active", "previous", "retiring"};
    json_t *keys = json_array();
    const struct rs_key_record *key;
    char tag[8];

    TAILQ_FOREACH(key, &session->keys, entry) {
        const struct rs_key_name *name = rs_session_key_name(session, &key->info);

        rs_key_tag_write(name->key_tag, tag);
        json_array_append_new(keys,
                              json_pack("{s:I, s:s, s:s, s:s, s:I}", "epoch",
                                        (json_int_t)key->info.epoch, "state", states[key->state],
                                        "key_tag", tag, "fingerprint", name->fingerprint, "age_ms",
                                        (json_int_t)(rs_control_now_ms() - key->given_ms)));
    }
    return keys;
}

static json_t *streams_json(const struct rs_session_record *session)
{
    json_t *ids = json_array();
    const struct rs_stream_record *stream;

    TAILQ_FOREACH(stream, &session->streams, in_session) {
        if (json_array_size(ids) == IDS_MAX)
            break;
        json_array_append_new(ids, json_string(stream->id));
    }
    return ids;
}

static json_t *session_json(const struct rs_session_record *session)
{
    json_t *result = options_json(session);
    struct rs_counters seal = {0}, open = {0};

    rs_session_get_counters(session->dataplane, RS_SEAL, &seal);
    rs_session_get_counters(session->dataplane, RS_OPEN, &open);
    json_object_set_new(result, "keys", keys_json(session));
    json_object_set_new(result, "streams", streams_json(session));
    json_object_set_new(result, "seal", rs_stats_counters(&seal));
    json_object_set_new(result, "open", rs_stats_counters(&open));
    return result;
}

enum rs_reply rs_method_session_create(struct rs_request *request, const void *params)
{
    const struct rs_create_params *create = params;
    struct rs_session_options options;
    struct rs_session_record *session;

    if (rs_session_options_read(request->control->config, create, &options, &request->error) != 0 ||
        rs_session_record_create(request->control->registry, create->session_id, &options, &session,
                                 &request->error) != 0)
        return RS_REPLY_NOW;
    snprintf(request->session_id, sizeof(request->session_id), "%s", session->id);
    request->result = options_json(session);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_session_get(struct rs_request *request, const void *params)
{
    const struct rs_session_params *which = params;
    const struct rs_session_record *session = rs_request_session(request, which->session_id);

    if (session != NULL)
        request->result = session_json(session);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_session_list(struct rs_request *request, const void *params)
{
    const struct rs_list_params *list = params;
    const struct rs_session_record *session;
    struct rs_page page;

    if (rs_page_begin(&page, list->cursor, rs_optional_or(list->limit, RS_PAGE_LIMIT),
                      &request->error) != 0)
        return RS_REPLY_NOW;
    TAILQ_FOREACH(session, &request->control->registry->sessions, entry) {
        if (session->serial < page.first)
            continue;
        if (rs_page_is_full(&page))
            break;
        rs_page_add(&page, session->serial, options_json(session));
    }
    request->result = rs_page_end(&page, "sessions", session != NULL ? RS_PAGE_MORE : RS_PAGE_LAST);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_session_disconnect(struct rs_request *request, const void *params)
{
    const struct rs_session_params *which = params;
    struct rs_session_record *session = rs_request_session(request, which->session_id);
    size_t streams;

    if (session == NULL)
        return RS_REPLY_NOW;
    streams = session->stream_count;
    if (rs_session_record_disconnect(session, &request->error) == 0)
        request->result = json_pack("{s:s, s:s, s:I}", "session_id", session->id, "state",
                                    rs_session_state_name(session->state), "streams_deleted",
                                    (json_int_t)streams);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_session_delete(struct rs_request *request, const void *params)
{
    const struct rs_session_params *which = params;
    struct rs_session_record *session = rs_request_session(request, which->session_id);

    if (session == NULL)
        return RS_REPLY_NOW;
    request->result = json_pack("{s:s, s:I}", "session_id", session->id, "streams_deleted",
                                (json_int_t)session->stream_count);
    rs_session_record_delete(session);
    return RS_REPLY_NOW;
}
