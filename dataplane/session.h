/* SPDX-License-Identifier: BSD-3-Clause */
/* A session: what its streams have in common. Main changes it, workers read it under RCU. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "cache_line.h"
#include "dataplane.h"
#include "key.h"

struct rs_keyring;

struct rs_session {
    struct rs_keyring *ring;               /* worker: r under RCU, main: publishes */
    _Atomic enum rs_protection protection; /* worker: r, main: rw */

    /* main only */
    struct rs_dataplane *dataplane RS_OWN_LINE;
    void *owner;
    TAILQ_ENTRY(rs_session) entry;          /* of all sessions */
    struct rs_session_keys keys;            /* in the ring, or on their way out */
    TAILQ_HEAD(, rs_stream) streams;        /* those being released included */
    unsigned int tagless_streams;           /* live ones whose suite has no tag */
    bool ended;                             /* rs_session_destroy was called */
    struct rs_counters past[RS_DIRECTIONS]; /* of streams that are freed */
};

/* Frees a session that was destroyed once its last stream is freed. Main. */
void rs_session_free_if_over(struct rs_session *session);
