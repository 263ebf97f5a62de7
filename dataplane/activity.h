/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a stream's packets come, and how fast: told from its counters, so that it costs the
 * packet path nothing. Main thread alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane.h"

/* A stream's part of it, embedded there and zeroed at first. Owner: main. */
struct rs_activity_watch {
    bool active;
    uint64_t packets;      /* in, when it was last looked at */
    uint64_t base;         /* in, when it was last told as stopped */
    uint64_t moved_tsc;    /* when there were last more than before */
    uint64_t measured_tsc; /* when the second that is being measured began; 0: never */
    uint64_t measured_packets, measured_bytes;
    struct rs_stream_rate rate;
};

/* Looks at the stream's counters at `now_tsc`. Returns how many times the observer was told. */
unsigned int rs_activity_look(struct rs_stream *stream, unsigned int worker_count, uint64_t tsc_hz,
                              const struct rs_observer *observer, uint64_t now_tsc);
