/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A desired state of sessions and streams, collected piece by piece in a transaction. How it is
 * reached is in apply_plan.h. Main thread alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "control/error.h"
#include "control/map.h"
#include "control/session.h"
#include "control/stream.h"

struct event;
struct rs_registry;

enum {
    RS_APPLY_MAX = 4,         /* transactions at once */
    RS_APPLY_IDLE_MS = 60000, /* after which one that nobody uses ends */
    RS_APPLY_TXN_BYTES = 33,  /* 32 hex digits and a NUL */
    RS_LINK_NAME_BYTES = 33,
};

struct rs_wanted_session {
    struct rs_map_node by_id;
    TAILQ_ENTRY(rs_wanted_session) entry;
    char id[RS_ID_MAX + 1];
    struct rs_session_options options;
    struct rs_session_record *record; /* a plan's: what it will be */
};

/* options.id and options.link point into the struct itself. */
struct rs_wanted_stream {
    struct rs_map_node by_id;
    TAILQ_ENTRY(rs_wanted_stream) entry;
    char id[RS_ID_MAX + 1], session_id[RS_ID_MAX + 1], link[RS_LINK_NAME_BYTES];
    struct rs_stream_options options;
    struct rs_wanted_session *session; /* a plan's */
};

TAILQ_HEAD(rs_wanted_sessions, rs_wanted_session);
TAILQ_HEAD(rs_wanted_streams, rs_wanted_stream);

/* A transaction. Owner: the slot that it was begun in. */
struct rs_apply {
    char txn[RS_APPLY_TXN_BYTES];
    bool dry_run; /* all its commits are */
    struct rs_registry *registry;
    struct rs_apply **slot;
    struct event *expiry;
    struct rs_map sessions_by_id, streams_by_id;
    struct rs_wanted_sessions sessions; /* in the order in which they were named */
    struct rs_wanted_streams streams;
};

/* A part of a desired state that is not in a transaction yet. Owner: whoever fills it. */
struct rs_apply_part {
    struct rs_wanted_sessions sessions;
    struct rs_wanted_streams streams;
};

/*
 * Begins a transaction in *slot, ending the one that was there. *slot becomes NULL when it ends, by
 * itself too. Returns 0, or -1 with *error set (too many at once, no memory).
 */
int rs_apply_begin(struct rs_registry *registry, struct rs_apply **slot, struct rs_error *error);

/* Ends the transaction, if there is one. */
void rs_apply_end(struct rs_apply **slot);

/* It is in use: its time begins anew. */
void rs_apply_touch(struct rs_apply *apply);

/* Frees what is in the part. */
void rs_apply_part_clear(struct rs_apply_part *part);

/*
 * Moves the part into the transaction, whole or not at all. Returns 0, or -1 with *error set to
 * what is named twice, or what is more than limits.sessions or limits.streams.
 */
int rs_apply_add(struct rs_apply *apply, struct rs_apply_part *part, struct rs_error *error);
