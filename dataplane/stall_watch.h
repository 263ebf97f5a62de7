/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether each worker ends its turns, as seen by main. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane.h"

struct rs_stall_watch {
    unsigned int worker_count;
    uint64_t tsc_hz;
    uint64_t polled_tsc; /* 0: never */
    struct {
        uint64_t turns;     /* when they were last seen to move */
        uint64_t since_tsc; /* since when they were not */
        bool told;
    } workers[RS_MAX_WORKERS];
};

void rs_stall_watch_init(struct rs_stall_watch *watch, unsigned int worker_count, uint64_t tsc_hz);

/*
 * Looks at how many turns each worker, on the CPU given, has ended by `now_tsc`, and tells the
 * observer. `owner` NULL: nobody is told yet.
 */
void rs_stall_watch_poll(struct rs_stall_watch *watch, const uint64_t turns[],
                         const unsigned int cpus[], const struct rs_observer *observer, void *owner,
                         uint64_t now_tsc);

/* For how long the worker has not ended a turn, where that is over RS_STALL_MS; else 0. */
uint64_t rs_stall_watch_get_ms(const struct rs_stall_watch *watch, unsigned int worker);
