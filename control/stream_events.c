/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The events that the dataplane's reports about a stream become.
 */
#include <string.h>

#include "control/config.h"
#include "control/events.h"
#include "control/registry.h"
#include "control/stream.h"

/* What every event about a stream names first. */
static json_t *name_stream(const struct rs_stream_record *stream)
{
    const struct rs_dataplane_config *config = &stream->session->registry->config->dataplane;

    return json_pack("{s:s, s:s, s:s, s:s}", "session_id", stream->session->id, "stream_id",
                     stream->id, "link", config->links[stream->link].name, "direction",
                     rs_direction_name(stream->direction));
}

static const char *state_name(enum rs_alarm_state state)
{
    return state == RS_ALARM_BEGUN ? "begun" : "ended";
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
    fields = name_stream(stream);
    json_object_set_new(fields, "ssrc", json_integer(report->ssrc));
    json_object_set_new(fields, "worker", json_integer(report->worker));
    json_object_set_new(fields, "packets", json_integer((json_int_t)report->packets));

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
    json_t *fields = name_stream(stream);

    json_object_update_new(
        fields,
        json_pack("{s:s, s:I, s:I, s:s, s:i}", "state", state_name(report->state), "wrong_tags",
                  (json_int_t)report->wrong_tags, "limit", (json_int_t)config->auth_failure_alarm,
                  "suite", stream->suite->name, "tag_bytes", (int)stream->suite->nt));

    if (report->state == RS_ALARM_ENDED)
        json_object_set_new(fields, "lasted_ms", json_integer((json_int_t)report->lasted_ms));
    rs_events_say(registry->events, RS_EVENT_AUTH_FAILURE_RATE, fields);
}

void rs_stream_record_activity(void *owner, const struct rs_activity_report *report)
{
    const struct rs_stream_record *stream = owner;
    json_t *fields = name_stream(stream);

    json_object_set_new(fields, "packets", json_integer((json_int_t)report->packets));
    rs_events_say(stream->session->registry->events,
                  report->activity == RS_ACTIVITY_STARTED ? RS_EVENT_STREAM_STARTED
                                                          : RS_EVENT_STREAM_STOPPED,
                  fields);
}

/* What a client of the encryption API is told when sealing or opening cannot go on. */
static enum rs_reason shortage_reason(const struct rs_stream_record *stream)
{
    return stream->direction == RS_SEAL ? RS_E_PUBLISHER_INTERNAL : RS_E_SUBSCRIBER_INTERNAL;
}

void rs_stream_record_shortage(void *owner, const struct rs_shortage_report *report)
{
    const struct rs_stream_record *stream = owner;
    const bool all_used = report->shortage == RS_SHORTAGE_NO_CAPACITY;
    json_t *fields = name_stream(stream);

    json_object_update_new(fields, json_pack("{s:s, s:I, s:I}", "state", state_name(report->state),
                                             "worker", (json_int_t)report->worker, "packets",
                                             (json_int_t)report->packets));
    if (all_used)
        json_object_set_new(fields, "code", json_integer(rs_reasons[shortage_reason(stream)].code));
    rs_events_say(stream->session->registry->events,
                  all_used ? RS_EVENT_NO_CAPACITY : RS_EVENT_SENDER_LIMIT, fields);
}
