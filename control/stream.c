/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams: which can be made in which session. Nothing here knows how parameters are written; what
 * is told of them is in stream_events.c.
 */
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/capture.h"
#include "control/config.h"
#include "control/control.h"

const char *rs_direction_name(enum rs_direction direction)
{
    return direction == RS_SEAL ? "seal" : "open";
}

struct rs_stream_record *rs_stream_record_of(struct rs_map_node *node)
{
    return (struct rs_stream_record *)((char *)node - offsetof(struct rs_stream_record, by_id));
}

int rs_link_find(const struct rs_dataplane_config *config, const char *name, unsigned int *index,
                 struct rs_error *error)
{
    for (unsigned int i = 0; i < config->link_count; i++) {
        if (strcmp(config->links[i].name, name) == 0) {
            *index = i;
            return 0;
        }
    }
    return rs_error_set(error, RS_E_UNKNOWN_LINK, "link", "the configuration has no such link");
}

/* A packet is rtpseal's if either end of it lies in a media range. */
int rs_stream_check_flow(const struct rs_link_config *link, const struct rs_flow *flow,
                         struct rs_error *error)
{
    const bool held =
        rs_range_holds(link->media, link->media_count, flow->family, flow->dst, flow->dst_port) ||
        (flow->has_source &&
         rs_range_holds(link->media, link->media_count, flow->family, flow->src, flow->src_port));

    if (!held)
        return rs_error_set(error, RS_E_INVALID_PARAMS, "flow",
                            "neither end of the flow lies in the media ranges of link %s",
                            link->name);
    return 0;
}

int rs_stream_fail(int result, struct rs_error *error)
{
    switch (result) {
    case -EEXIST:
        return rs_error_set(error, RS_E_FLOW_IN_USE, "flow",
                            "another stream has the same flow on this link and in this direction");
    case -ENOSPC:
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "limits.streams is reached");
    default:
        return rs_error_set(error, RS_E_INTERNAL_ERROR, NULL, "no memory");
    }
}

static void fill_record(struct rs_stream_record *record, struct rs_session_record *session,
                        const struct rs_stream_options *options, unsigned int link)
{
    if (options->id != NULL)
        snprintf(record->id, sizeof(record->id), "%s", options->id);
    else
        rs_control_random_hex(record->id, 16);
    record->session = session;
    record->direction = options->direction;
    record->link = link;
    record->flow = options->flow;
    record->ssrc_count = options->ssrc_count;
    memcpy(record->ssrcs, options->ssrcs, options->ssrc_count * sizeof(record->ssrcs[0]));
    record->payload_types = options->payload_types;
    record->suite = options->suite != NULL ? options->suite : session->options.suite;
    record->replay_window =
        (uint32_t)rs_optional_or(options->replay_window, session->options.replay_window);
}

void rs_stream_record_describe(struct rs_stream_record *record, struct rs_stream_config *config)
{
    *config = (struct rs_stream_config){
        .direction = record->direction,
        .link = record->link,
        .flow = record->flow,
        .ssrcs = record->ssrcs,
        .ssrc_count = record->ssrc_count,
        .suite = record->suite,
        .replay_window = record->replay_window,
        .owner = record,
    };

    for (unsigned int i = 0; i < RS_PAYLOAD_TYPES; i++)
        config->formats[i] = rs_format_unpack(record->payload_types.formats[i]);
}

int rs_stream_check_link(const struct rs_registry *registry,
                         const struct rs_stream_options *options, unsigned int *link,
                         struct rs_error *error)
{
    const struct rs_dataplane_config *config = &registry->config->dataplane;

    if (rs_link_find(config, options->link, link, error) != 0)
        return -1;
    return rs_stream_check_flow(&config->links[*link], &options->flow, error);
}

int rs_stream_check_suite(const struct rs_registry *registry,
                          const struct rs_stream_options *options, struct rs_error *error)
{
    if (rs_session_check_suite(registry, options->suite, error) == 0)
        return 0;
    error->reason =
        options->direction == RS_SEAL ? RS_E_PUBLISHER_INTERNAL : RS_E_SUBSCRIBER_INTERNAL;
    return -1;
}

struct rs_stream_record *rs_stream_record_make(struct rs_session_record *session,
                                               const struct rs_stream_options *options,
                                               unsigned int link)
{
    struct rs_stream_record *record =
        calloc(1, sizeof(*record) + options->ssrc_count * sizeof(record->ssrcs[0]));

    if (record != NULL)
        fill_record(record, session, options, link);
    return record;
}

void rs_stream_record_enter(struct rs_stream_record *stream)
{
    struct rs_session_record *session = stream->session;
    struct rs_registry *registry = session->registry;

    stream->serial = registry->next_serial++;
    stream->by_id.key = stream->id;
    rs_map_add(&registry->streams_by_id, &stream->by_id);
    TAILQ_INSERT_TAIL(&registry->streams, stream, entry);
    TAILQ_INSERT_TAIL(&session->streams, stream, in_session);
    session->stream_count++;
}

void rs_stream_record_forget(struct rs_stream_record *stream)
{
    struct rs_session_record *session = stream->session;
    struct rs_registry *registry = session->registry;

    rs_capturer_forget(registry->capturer, stream->dataplane);
    rs_map_remove(&registry->streams_by_id, &stream->by_id);
    TAILQ_REMOVE(&registry->streams, stream, entry);
    TAILQ_REMOVE(&session->streams, stream, in_session);
    session->stream_count--;
    free(stream);
}

int rs_stream_record_create(struct rs_session_record *session,
                            const struct rs_stream_options *options,
                            struct rs_stream_record **stream, struct rs_error *error)
{
    struct rs_stream_config config;
    struct rs_stream_record *record;
    unsigned int link;
    int result;

    if (rs_session_record_check_connected(session, error) != 0 ||
        rs_stream_check_link(session->registry, options, &link, error) != 0)
        return -1;
    if (options->id != NULL && rs_registry_find_stream(session->registry, options->id) != NULL)
        return rs_error_set(error, RS_E_INVALID_PARAMS, "stream_id", "the stream exists");
    /* The session's own was tested when the session was made. */
    if (session->options.e2ee && options->suite != NULL &&
        rs_stream_check_suite(session->registry, options, error) != 0)
        return -1;
    record = rs_stream_record_make(session, options, link);
    if (record == NULL)
        return rs_stream_fail(-ENOMEM, error);
    rs_stream_record_describe(record, &config);
    result = rs_stream_create(session->dataplane, &config, &record->dataplane);
    if (result != 0) {
        free(record);
        return rs_stream_fail(result, error);
    }
    rs_stream_record_enter(record);
    *stream = record;
    return 0;
}

void rs_stream_record_set_payload_types(struct rs_stream_record *stream,
                                        const struct rs_payload_types *types)
{
    struct rs_stream_config config;

    stream->payload_types = *types;
    rs_stream_record_describe(stream, &config);
    rs_stream_set_formats(stream->dataplane, config.formats);
}

void rs_stream_record_delete(struct rs_stream_record *stream)
{
    rs_stream_destroy(stream->dataplane);
    rs_stream_record_forget(stream);
}
