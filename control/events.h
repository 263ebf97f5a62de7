/* SPDX-License-Identifier: BSD-3-Clause */
/* What happened, numbered: one ring of events, and subscribers that read it at their own pace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <jansson.h>

struct evbuffer;
struct rs_events;

enum rs_event_type {
    RS_EVENT_SECRET_MISMATCH,
    RS_EVENT_SECRET_MATCH,
    RS_EVENT_SECRET_STAGED,
    RS_EVENT_SECRET_ACTIVATED,
    RS_EVENT_SECRET_RETIRED,
    RS_EVENT_PLAINTEXT_BLOCKED,
    RS_EVENT_WIRE_VERSION_MISMATCH,
    RS_EVENT_SUITE_MISMATCH,
    RS_EVENT_AUTH_FAILURE_RATE,
    RS_EVENT_STREAM_STARTED,
    RS_EVENT_STREAM_STOPPED,
    RS_EVENT_SENDER_LIMIT,
    RS_EVENT_NO_CAPACITY,
    RS_EVENT_WORKER_STALLED,
    RS_EVENT_LINK_UP,
    RS_EVENT_LINK_DOWN,
    RS_EVENT_DRAINING,
    RS_EVENT_TYPES
};

struct rs_counts;

enum { RS_EVENT_RING = 65536, RS_INSTANCE_MAX = 33 };

/* Embedded in its owner, zeroed at first. */
struct rs_subscriber {
    bool active;
    bool foreign;      /* asked for the numbers of another instance: a gap comes first */
    uint64_t next_seq; /* the next event to look at */
    uint32_t types;    /* a bit for each type wanted */
    void (*wake)(struct rs_subscriber *subscriber); /* something new; must not deliver at once */
    TAILQ_ENTRY(rs_subscriber) entry;
};

/* All of these: main thread, none blocks. `counts` is borrowed. Returns NULL without memory. */
struct rs_events *rs_events_create(const char *instance, uint32_t ring_size,
                                   struct rs_counts *counts);
void rs_events_destroy(struct rs_events *events);

/* What a subscriber may be told: its stable name, and when it is said. */
struct rs_event_row {
    const char *name, *help;
};

/* Indexed by enum rs_event_type; what comes after the last is a gap, which has no type to ask for.
 */
extern const struct rs_event_row rs_event_rows[RS_EVENT_TYPES];

/* Finds a type by its stable snake_case name: RS_EVENT_TYPES where there is none. Pure. */
enum rs_event_type rs_event_find(const char *name);

/* Adds an event. `fields` is an object, stolen. Without memory the event is lost, but numbered. */
void rs_events_say(struct rs_events *events, enum rs_event_type type, json_t *fields);

/* The number that the next event will have; the first has 1. */
uint64_t rs_events_next_seq(const struct rs_events *events);

const char *rs_events_instance(const struct rs_events *events);

/*
 * Starts or restarts a subscription at `from_seq`, 0 for only what is new. A number that this
 * instance has not reached, or `instance` (may be NULL) of another one, means all that is left.
 */
void rs_events_subscribe(struct rs_events *events, struct rs_subscriber *subscriber, uint32_t types,
                         uint64_t from_seq, const char *instance);
void rs_events_unsubscribe(struct rs_events *events, struct rs_subscriber *subscriber);

/* Appends events as lines to `out` while it holds less than `limit` bytes; a gap event first where
 * the ring has overtaken the subscriber. */
void rs_events_deliver(struct rs_events *events, struct rs_subscriber *subscriber,
                       struct evbuffer *out, size_t limit);
