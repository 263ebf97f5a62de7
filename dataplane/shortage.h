/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets dropped though nothing is wrong with them, for want of tokens or of senders: what is told
 * when that begins on a stream and when it ends. Told from counters. Main thread alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane.h"

/* A stream's part of it, by enum rs_shortage, zeroed at first. Owner: main. */
struct rs_shortage_watch {
    bool raised[RS_SHORTAGES];
    uint64_t dropped[RS_SHORTAGES];   /* when it was last looked at */
    uint64_t grown_tsc[RS_SHORTAGES]; /* when there were last more than before */
};

struct rs_shortages {
    unsigned int worker_count;
    uint64_t tsc_hz;
    uint64_t totals[RS_SHORTAGES];           /* of all streams, when the round began */
    unsigned int rounds_left[RS_SHORTAGES];  /* in which streams are looked at */
    unsigned int raised_count[RS_SHORTAGES]; /* streams */
};

void rs_shortages_init(struct rs_shortages *shortages, unsigned int worker_count, uint64_t tsc_hz);

/* The outcome that a shortage drops packets as. Pure. */
enum rs_outcome rs_shortage_outcome(enum rs_shortage shortage);

/*
 * A round over all streams begins; `totals` is how many packets all of them, and those that are
 * gone, have lost to each shortage. Streams are looked at only where that has lately grown, or
 * where one is to be told as ended.
 */
void rs_shortages_begin_round(struct rs_shortages *shortages, const uint64_t totals[RS_SHORTAGES]);

/* Looks at a stream at `now_tsc`. Returns how many times the observer was told. */
unsigned int rs_shortages_look(struct rs_shortages *shortages, struct rs_stream *stream,
                               const struct rs_observer *observer, uint64_t now_tsc);

/* The stream is being destroyed: nobody is told any more. */
void rs_shortages_forget(struct rs_shortages *shortages, const struct rs_stream *stream);
