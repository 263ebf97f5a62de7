/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring of events. An event is written out once, as the line that every subscriber gets. What
 * an event says is decided where it happens; sockets are the connections' matter.
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>

#include "control/counts.h"
#include "control/jsonrpc.h"

struct event_line {
    char *text; /* NULL: lost for want of memory */
    size_t bytes;
    enum rs_event_type type;
};

/* Owner: control. Main thread alone. */
struct rs_events {
    char instance[RS_INSTANCE_MAX];
    uint64_t next_seq;
    uint32_t ring_size;
    struct rs_counts *counts;
    struct event_line *ring; /* event `seq` is at seq % ring_size */
    TAILQ_HEAD(, rs_subscriber) subscribers;
};

const struct rs_event_row rs_event_rows[RS_EVENT_TYPES] = {
    [RS_EVENT_SECRET_MISMATCH] = {"encryption_secret_mismatch",
                                  "8 packets in a row of one stream and SSRC cannot be opened"},
    [RS_EVENT_SECRET_MATCH] = {"encryption_secret_match",
                               "the first packet opened after trouble, or ever"},
    [RS_EVENT_SECRET_STAGED] = {"secret_staged", "a new secret opens"},
    [RS_EVENT_SECRET_ACTIVATED] = {"secret_activated", "it seals, and every worker has it"},
    [RS_EVENT_SECRET_RETIRED] = {"secret_retired", "a replaced one is wiped"},
    [RS_EVENT_PLAINTEXT_BLOCKED] = {"plaintext_blocked", "8 packets in a row are not sealed"},
    [RS_EVENT_WIRE_VERSION_MISMATCH] = {"wire_version_mismatch",
                                        "8 packets in a row are of a newer wire format"},
    [RS_EVENT_SUITE_MISMATCH] = {"suite_mismatch", "8 packets in a row are of another suite"},
    [RS_EVENT_AUTH_FAILURE_RATE] = {"auth_failure_rate",
                                    "more packets of a stream had a wrong tag within a second than "
                                    "the configuration allows, and when that is over"},
    [RS_EVENT_STREAM_STARTED] = {"stream_started", "the first packet of a stream, or the first "
                                                   "after it had stopped"},
    [RS_EVENT_STREAM_STOPPED] = {"stream_stopped", "none for 5 seconds"},
    [RS_EVENT_SENDER_LIMIT] = {"sender_limit",
                               "packets of senders not seen before are turned away, since too many "
                               "such have failed; and when that is over"},
    [RS_EVENT_NO_CAPACITY] = {"no_capacity",
                              "packets are dropped because all of limits.senders are "
                              "in use; and when that is over"},
    [RS_EVENT_WORKER_STALLED] = {"worker_stalled",
                                 "a worker has not moved for a second, and when it moves again"},
    [RS_EVENT_LINK_UP] = {"link_up", "a port of a link came up"},
    [RS_EVENT_LINK_DOWN] = {"link_down", "a port of a link went down"},
    [RS_EVENT_DRAINING] = {"draining", "the daemon takes nothing new any more, or does so again"},
};

enum rs_event_type rs_event_find(const char *name)
{
    enum rs_event_type type = 0;

    while (type < RS_EVENT_TYPES && strcmp(rs_event_rows[type].name, name) != 0)
        type++;
    return type;
}

struct rs_events *rs_events_create(const char *instance, uint32_t ring_size,
                                   struct rs_counts *counts)
{
    struct rs_events *events = calloc(1, sizeof(*events));

    if (events == NULL)
        return NULL;
    events->ring = calloc(ring_size, sizeof(events->ring[0]));
    if (events->ring == NULL) {
        free(events);
        return NULL;
    }
    events->ring_size = ring_size;
    events->counts = counts;
    events->next_seq = 1;
    snprintf(events->instance, sizeof(events->instance), "%s", instance);
    TAILQ_INIT(&events->subscribers);
    return events;
}

void rs_events_destroy(struct rs_events *events)
{
    if (events == NULL)
        return;
    for (uint32_t i = 0; i < events->ring_size; i++)
        rs_jsonrpc_free(events->ring[i].text);
    free(events->ring);
    free(events);
}

uint64_t rs_events_next_seq(const struct rs_events *events)
{
    return events->next_seq;
}

const char *rs_events_instance(const struct rs_events *events)
{
    return events->instance;
}

static uint64_t oldest_seq(const struct rs_events *events)
{
    return events->next_seq > events->ring_size ? events->next_seq - events->ring_size : 1;
}

/* RFC 3339 with nanoseconds, UTC. */
static void write_time(char *out, size_t size)
{
    struct timespec now;
    struct tm utc;
    char seconds[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, size, "%s.%09ldZ", seconds, now.tv_nsec);
}

/* Steals `fields`. The four members that all events share come first. */
static char *write_line(const struct rs_events *events, uint64_t seq, const char *type,
                        json_t *fields, size_t *bytes)
{
    char now[64];
    json_t *params;

    write_time(now, sizeof(now));
    params = json_pack("{s:s, s:I, s:s, s:s}", "instance", events->instance, "seq", (json_int_t)seq,
                       "time", now, "type", type);
    json_object_update(params, fields);
    json_decref(fields);
    return rs_jsonrpc_notification("event", params, bytes);
}

void rs_events_say(struct rs_events *events, enum rs_event_type type, json_t *fields)
{
    struct event_line *line = &events->ring[events->next_seq % events->ring_size];
    struct rs_subscriber *subscriber;

    rs_jsonrpc_free(line->text);
    line->type = type;
    line->text =
        write_line(events, events->next_seq, rs_event_rows[type].name, fields, &line->bytes);
    events->next_seq++;
    rs_counts_event(events->counts, type);
    TAILQ_FOREACH(subscriber, &events->subscribers, entry) {
        if (subscriber->types & (1u << type))
            subscriber->wake(subscriber);
    }
}

void rs_events_subscribe(struct rs_events *events, struct rs_subscriber *subscriber, uint32_t types,
                         uint64_t from_seq, const char *instance)
{
    const int other = instance != NULL && strcmp(instance, events->instance) != 0;

    if (!subscriber->active)
        TAILQ_INSERT_TAIL(&events->subscribers, subscriber, entry);
    subscriber->active = true;
    subscriber->types = types;
    subscriber->foreign = from_seq != 0 && (other || from_seq > events->next_seq);
    if (from_seq == 0)
        subscriber->next_seq = events->next_seq;
    else
        subscriber->next_seq = subscriber->foreign ? 1 : from_seq;
}

void rs_events_unsubscribe(struct rs_events *events, struct rs_subscriber *subscriber)
{
    if (subscriber->active)
        TAILQ_REMOVE(&events->subscribers, subscriber, entry);
    subscriber->active = false;
}

/* A gap has no number of its own: `seq` is the last number that is lost. */
static void deliver_gap(struct rs_events *events, struct rs_subscriber *subscriber,
                        struct evbuffer *out)
{
    const uint64_t oldest = oldest_seq(events);
    const uint64_t lost = subscriber->next_seq < oldest ? oldest - subscriber->next_seq : 0;
    size_t bytes;
    char *text;

    subscriber->next_seq += lost;
    rs_counts_events_lost(events->counts, lost);
    subscriber->foreign = false;
    text = write_line(events, subscriber->next_seq - 1, "gap",
                      json_pack("{s:I}", "lost", (json_int_t)lost), &bytes);
    if (text != NULL)
        evbuffer_add(out, text, bytes);
    rs_jsonrpc_free(text);
}

void rs_events_deliver(struct rs_events *events, struct rs_subscriber *subscriber,
                       struct evbuffer *out, size_t limit)
{
    while (subscriber->active && evbuffer_get_length(out) < limit) {
        const struct event_line *line;

        if (subscriber->foreign || subscriber->next_seq < oldest_seq(events))
            deliver_gap(events, subscriber, out);
        if (subscriber->next_seq >= events->next_seq)
            return;
        line = &events->ring[subscriber->next_seq++ % events->ring_size];
        if ((subscriber->types & (1u << line->type)) == 0)
            continue;
        if (line->text != NULL)
            evbuffer_add(out, line->text, line->bytes);
        else
            rs_counts_events_lost(events->counts, 1);
    }
}
