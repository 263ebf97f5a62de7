/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The alarm for guessed tags (RFC 9605 section 7.5): what is told when more of a stream's packets a
 * second have a wrong tag than the configuration allows. Main thread alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dataplane.h"

/* A stream's part of it, zeroed at first. Owner: main. */
struct rs_alarm_watch {
    TAILQ_ENTRY(rs_stream) entry;
    bool watched, raised;
    uint64_t counted;      /* wrong tags before the window */
    uint64_t window_tsc;   /* when the window began */
    uint64_t raised_count; /* wrong tags before the window that raised it */
    uint64_t raised_tsc;
};

struct rs_alarm {
    uint32_t limit;   /* wrong tags a second; 0: never */
    bool was_enabled; /* what workers flagged meanwhile was not taken up */
    unsigned int worker_count;
    uint64_t tsc_hz;
    uint64_t look_at_tsc;
    struct rs_stream *next; /* to look at, while a round is under way */
    TAILQ_HEAD(, rs_stream) streams;
};

void rs_alarm_init(struct rs_alarm *alarm, uint32_t limit, unsigned int worker_count,
                   uint64_t tsc_hz);

/* A worker saw a wrong tag on the stream: its counters are read until no more come. */
void rs_alarm_watch(struct rs_alarm *alarm, struct rs_stream *stream, uint64_t now_tsc);

/* Changes the limit. What was begun ends where it is no longer above. */
void rs_alarm_set_limit(struct rs_alarm *alarm, uint32_t limit);

/* Whether there is a limit since the last call, and was none before: then each stream that workers
 * may have flagged meanwhile has to be caught up with. */
bool rs_alarm_was_enabled(struct rs_alarm *alarm);
void rs_alarm_catch_up(struct rs_alarm *alarm, struct rs_stream *stream, uint64_t now_tsc);

/* The stream is being destroyed: nobody is told any more. */
void rs_alarm_forget(struct rs_alarm *alarm, struct rs_stream *stream);

/* Looks at the streams watched, a few times a second, and tells the observer. */
void rs_alarm_poll(struct rs_alarm *alarm, const struct rs_observer *observer, uint64_t now_tsc);
