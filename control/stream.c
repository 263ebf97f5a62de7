/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams: which can be made in which session, and the events that the dataplane's reports about
 * them become. Nothing here knows how parameters are written.
 */
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/control.h"
#include "control/events.h"

struct rs_stream_record *rs_stream_record_of(struct rs_map_node *node)
{
    return (struct rs_stream_record *)((char *)node - offsetof(struct rs_stream_record, by_id));
}

static int find_link(const struct rs_dataplane_config *config, const char *name,
                     unsigned int *index, struct rs_error *error)
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
static int check_flow(const struct rs_link_config *link, const struct rs_flow *flow,
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

static int fail_create(int result, struct rs_error *error)
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
    memcpy(record->ssrcs, options->ssrcs, sizeof(record->ssrcs));
    record->payload_types = options->payload_types;
    record->suite = options->suite != NULL ? options->suite : session->options.suite;
    record->replay_window =
        (uint32_t)rs_optional_or(options->replay_window, session->options.replay_window);
}

static int add_to_dataplane(struct rs_stream_record *record)
{
    struct rs_stream_config config = {
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
        config.formats[i] = rs_format_unpack(record->payload_types.formats[i]);
    return rs_stream_create(record->session->dataplane, &config, &record->dataplane);
}

int rs_stream_record_create(struct rs_session_record *session,
                            const struct rs_stream_options *options,
                            struct rs_stream_record **stream, struct rs_error *error)
{
    struct rs_registry *registry = session->registry;
    const struct rs_dataplane_config *config = &registry->config->dataplane;
    struct rs_stream_record *record;
    unsigned int link = 0;
    int result;

    if (rs_session_record_check_connected(session, error) != 0 ||
        find_link(config, options->link, &link, error) != 0 ||
        check_flow(&config->links[link], &options->flow, error) != 0)
        return -1;
    if (options->id != NULL && rs_registry_find_stream(registry, options->id) != NULL)
        return rs_error_set(error, RS_E_INVALID_PARAMS, "stream_id", "the stream exists");
    /* The session's own was tested when the session was made. */
    if (session->options.e2ee && options->suite != NULL &&
        rs_session_check_suite(registry, options->suite, error) != 0)
        return -1;
    record = calloc(1, sizeof(*record));
    if (record == NULL)
        return fail_create(-ENOMEM, error);
    fill_record(record, session, options, link);
    result = add_to_dataplane(record);
    if (result != 0) {
        free(record);
        return fail_create(result, error);
    }
    record->serial = registry->next_serial++;
    record->by_id.key = record->id;
    rs_map_add(&registry->streams_by_id, &record->by_id);
    TAILQ_INSERT_TAIL(&registry->streams, record, entry);
    TAILQ_INSERT_TAIL(&session->streams, record, in_session);
    session->stream_count++;
    *stream = record;
    return 0;
}

void rs_stream_record_delete(struct rs_stream_record *stream)
{
    struct rs_session_record *session = stream->session;
    struct rs_registry *registry = session->registry;

    rs_stream_destroy(stream->dataplane);
    rs_map_remove(&registry->streams_by_id, &stream->by_id);
    TAILQ_REMOVE(&registry->streams, stream, entry);
    TAILQ_REMOVE(&session->streams, stream, in_session);
    session->stream_count--;
    free(stream);
}

static const char *trouble_name(enum rs_trouble trouble)
{
    static const char *const names[] = {
        [RS_TROUBLE_NONE] = "none",
        [RS_TROUBLE_UNKNOWN_TAG] = "unknown_key_tag",
        [RS_TROUBLE_WRONG_TAG] = "wrong_authentication_tag",
        [RS_TROUBLE_NOT_SEALED] = "not_sealed",
        [RS_TROUBLE_BAD_VERSION] = "bad_version",
        [RS_TROUBLE_SUITE_MISMATCH] = "suite_mismatch",
    };

    return names[trouble];
}

static enum rs_event_type event_of(enum rs_trouble trouble)
{
    switch (trouble) {
    case RS_TROUBLE_NONE:
        return RS_EVENT_SECRET_MATCH;
    case RS_TROUBLE_NOT_SEALED:
        return RS_EVENT_PLAINTEXT_BLOCKED;
    case RS_TROUBLE_BAD_VERSION:
        return RS_EVENT_WIRE_VERSION_MISMATCH;
    case RS_TROUBLE_SUITE_MISMATCH:
        return RS_EVENT_SUITE_MISMATCH;
    default:
        return RS_EVENT_SECRET_MISMATCH;
    }
}

/* Of the hash that the stream's packets carry tags of, which need not be the session's. */
static json_t *held_tags(const struct rs_stream_record *stream)
{
    json_t *tags = json_array();
    const struct rs_key_record *key;
    char tag[8];

    TAILQ_FOREACH(key, &stream->session->keys, entry) {
        if (key->state == RS_KEY_RETIRING)
            continue;
        rs_key_tag_write(key->info.by_hash[stream->suite->hash].key_tag, tag);
        json_array_append_new(tags, json_string(tag));
    }
    return tags;
}

static void add_mismatch(json_t *fields, const struct rs_stream_record *stream,
                         const struct rs_trouble_report *report)
{
    char tag[8];

    rs_key_tag_write(report->key_tag, tag);
    json_object_set_new(fields, "code", json_integer(rs_reasons[RS_E_SECRET_MISMATCH].code));
    json_object_set_new(fields, "cause", json_string(trouble_name(report->trouble)));
    json_object_set_new(fields, "key_tag", json_string(tag));
    json_object_set_new(fields, "key_tags_held", held_tags(stream));
}

static void add_match(json_t *fields, const struct rs_stream_record *stream,
                      const struct rs_trouble_report *report)
{
    char tag[8];

    rs_key_tag_write(report->key_tag, tag);
    json_object_set_new(fields, "key_tag", json_string(tag));
    json_object_set_new(fields, "first", json_boolean(!stream->opened));
    json_object_set_new(fields, "after", json_string(trouble_name(report->previous)));
}

void rs_stream_record_trouble(void *owner, const struct rs_trouble_report *report)
{
    struct rs_stream_record *stream = owner;
    const struct rs_registry *registry = stream->session->registry;
    const enum rs_event_type type = event_of(report->trouble);
    json_t *fields;

    /* Said already: with the trouble that it ended, or of another worker. */
    if (type == RS_EVENT_SECRET_MATCH && report->previous == RS_TROUBLE_NONE && stream->opened)
        return;
    fields = json_pack("{s:s, s:s, s:I, s:s, s:I, s:I}", "session_id", stream->session->id,
                       "stream_id", stream->id, "ssrc", (json_int_t)report->ssrc, "link",
                       registry->config->dataplane.links[stream->link].name, "worker",
                       (json_int_t)report->worker, "packets", (json_int_t)report->packets);

    if (type == RS_EVENT_SECRET_MISMATCH)
        add_mismatch(fields, stream, report);
    else if (type == RS_EVENT_SECRET_MATCH)
        add_match(fields, stream, report);
    stream->opened |= type == RS_EVENT_SECRET_MATCH;
    rs_events_say(registry->events, type, fields);
}

void rs_stream_record_auth_alarm(void *owner, const struct rs_auth_alarm_report *report)
{
    const struct rs_stream_record *stream = owner;
    const struct rs_registry *registry = stream->session->registry;
    const struct rs_dataplane_config *config = &registry->config->dataplane;
    json_t *fields =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:i}", "session_id", stream->session->id,
                  "stream_id", stream->id, "link", config->links[stream->link].name, "state",
                  report->state == RS_ALARM_BEGUN ? "begun" : "ended", "wrong_tags",
                  (json_int_t)report->wrong_tags, "limit", (json_int_t)config->auth_failure_alarm,
                  "suite", stream->suite->name, "tag_bytes", (int)stream->suite->nt);

    if (report->state == RS_ALARM_ENDED)
        json_object_set_new(fields, "lasted_ms", json_integer((json_int_t)report->lasted_ms));
    rs_events_say(registry->events, RS_EVENT_AUTH_FAILURE_RATE, fields);
}
