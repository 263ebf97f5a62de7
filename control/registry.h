/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to sessions and streams. Together with session, keys and stream the only caller of the
 * dataplane's mutators. Main thread alone. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/map.h"

struct event_base;
struct rs_config;
struct rs_counts;
struct rs_dataplane;
struct rs_events;
struct rs_key_record;
struct rs_observer;
struct rs_session_record;
struct rs_stream_record;

TAILQ_HEAD(rs_session_list, rs_session_record);
TAILQ_HEAD(rs_stream_list, rs_stream_record);

/* The active keys of all sessions, in the order in which they became so; keys.c changes it. */
struct rs_active_keys {
    TAILQ_HEAD(, rs_key_record) list;
    size_t count;
    uint64_t since_ms; /* the sum over the keys of when each became active */
};

/* Owner: main. Lists are in the order of creation, that is of `serial`. */
struct rs_registry {
    struct event_base *base;
    const struct rs_config *config;
    struct rs_dataplane *dataplane;
    struct rs_events *events;
    struct rs_counts *counts;
    struct rs_capturer *capturer; /* told of streams that go; NULL: nobody */
    struct rs_map sessions_by_id, streams_by_id;
    struct rs_session_list sessions;
    struct rs_stream_list streams;
    struct rs_active_keys active_keys;
    uint64_t next_serial;
};

/* Borrows all. Returns NULL without memory. */
struct rs_registry *rs_registry_create(struct event_base *base, const struct rs_config *config,
                                       struct rs_dataplane *dataplane, struct rs_events *events,
                                       struct rs_counts *counts);

/* Deletes every stream and session first. */
void rs_registry_destroy(struct rs_registry *registry);

/* What the dataplane tells; for rs_dataplane_create. */
extern const struct rs_observer rs_registry_observer;

/* Borrowed, or NULL. */
struct rs_session_record *rs_registry_find_session(const struct rs_registry *registry,
                                                   const char *id);
struct rs_stream_record *rs_registry_find_stream(const struct rs_registry *registry,
                                                 const char *id);
