/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods about streams.
 */
#include "handlers.h"

#include <stdio.h>

#include "control/config.h"
#include "control/flow.h"
#include "control/options.h"
#include "control/page.h"
#include "control/payload_types.h"
#include "control/registry.h"
#include "control/session.h"
#include "control/stream.h"

static json_t *stream_json(const struct rs_stream_record *stream)
{
    const struct rs_config *config = stream->session->registry->config;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:I}", "stream_id", stream->id, "session_id",
        stream->session->id, "direction", rs_direction_name(stream->direction), "link",
        config->dataplane.links[stream->link].name, "flow", rs_flow_json(&stream->flow), "ssrc",
        rs_ssrcs_json(stream->ssrcs, stream->ssrc_count), "payload_types",
        rs_payload_types_json(&stream->payload_types), "suite", stream->suite->name,
        "replay_window", (json_int_t)stream->replay_window);
}

static enum rs_reply add_stream(struct rs_request *request, const struct rs_stream_params *params,
                                enum rs_direction direction)
{
    struct rs_session_record *session = rs_request_session(request, params->session_id);
    struct rs_stream_options options = {.direction = direction};
    struct rs_stream_record *stream;

    if (session == NULL || rs_session_record_check_connected(session, &request->error) != 0 ||
        rs_stream_options_read(params, &options, &request->error) != 0 ||
        rs_stream_record_create(session, &options, &stream, &request->error) != 0)
        return RS_REPLY_NOW;
    snprintf(request->stream_id, sizeof(request->stream_id), "%s", stream->id);
    request->result = stream_json(stream);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_stream_publish(struct rs_request *request, const void *params)
{
    return add_stream(request, params, RS_SEAL);
}

enum rs_reply rs_method_stream_subscribe(struct rs_request *request, const void *params)
{
    return add_stream(request, params, RS_OPEN);
}

enum rs_reply rs_method_stream_get(struct rs_request *request, const void *params)
{
    const struct rs_stream_id_params *which = params;
    const struct rs_stream_record *stream = rs_request_stream(request, which->stream_id);
    struct rs_counters counters = {0};

    if (stream == NULL)
        return RS_REPLY_NOW;
    rs_stream_get_counters(stream->dataplane, &counters);
    request->result = stream_json(stream);
    json_object_set_new(request->result, rs_direction_name(stream->direction),
                        rs_stats_counters(&counters));
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_stream_update(struct rs_request *request, const void *params)
{
    const struct rs_stream_update_params *update = params;
    struct rs_stream_record *stream = rs_request_stream(request, update->stream_id);
    struct rs_payload_types types = {0};

    if (stream == NULL ||
        rs_payload_types_parse(update->payload_types, &types, &request->error) != 0)
        return RS_REPLY_NOW;
    rs_stream_record_set_payload_types(stream, &types);
    snprintf(request->session_id, sizeof(request->session_id), "%s", stream->session->id);
    request->result = stream_json(stream);
    return RS_REPLY_NOW;
}

static json_t *all_streams(struct rs_page *page, const struct rs_registry *registry)
{
    const struct rs_stream_record *stream;

    TAILQ_FOREACH(stream, &registry->streams, entry) {
        if (stream->serial < page->first)
            continue;
        if (rs_page_is_full(page))
            break;
        rs_page_add(page, stream->serial, stream_json(stream));
    }
    return rs_page_end(page, "streams", stream != NULL ? RS_PAGE_MORE : RS_PAGE_LAST);
}

static json_t *session_streams(struct rs_page *page, const struct rs_session_record *session)
{
    const struct rs_stream_record *stream;

    TAILQ_FOREACH(stream, &session->streams, in_session) {
        if (stream->serial < page->first)
            continue;
        if (rs_page_is_full(page))
            break;
        rs_page_add(page, stream->serial, stream_json(stream));
    }
    return rs_page_end(page, "streams", stream != NULL ? RS_PAGE_MORE : RS_PAGE_LAST);
}

enum rs_reply rs_method_stream_list(struct rs_request *request, const void *params)
{
    const struct rs_list_params *list = params;
    const struct rs_session_record *session = NULL;
    struct rs_page page;

    if (list->session_id != NULL) {
        session = rs_request_session(request, list->session_id);
        if (session == NULL)
            return RS_REPLY_NOW;
    }
    if (rs_page_begin(&page, list->cursor, rs_optional_or(list->limit, RS_PAGE_LIMIT),
                      &request->error) != 0)
        return RS_REPLY_NOW;
    request->result = session != NULL ? session_streams(&page, session)
                                      : all_streams(&page, request->control->registry);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_stream_delete(struct rs_request *request, const void *params)
{
    const struct rs_stream_id_params *which = params;
    struct rs_stream_record *stream = rs_request_stream(request, which->stream_id);

    if (stream == NULL)
        return RS_REPLY_NOW;
    snprintf(request->session_id, sizeof(request->session_id), "%s", stream->session->id);
    request->result =
        json_pack("{s:s, s:s}", "stream_id", stream->id, "session_id", stream->session->id);
    rs_stream_record_delete(stream);
    return RS_REPLY_NOW;
}
