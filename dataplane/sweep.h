/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The round that main makes over all streams, a part of it per poll: what of a stream is told from
 * its counters alone is looked at here. Main thread alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shortage.h"

struct rs_dataplane;

struct rs_sweep {
    struct rs_shortages shortages;
    uint64_t round_at_tsc; /* when the next round may begin */
    bool under_way;
    bool looks_for_wrong_tags; /* this round: the alarm has not been told of them */
};

/* Goes on with the round, or begins one. Ten a second at most. */
void rs_sweep_poll(struct rs_dataplane *dataplane, uint64_t now_tsc);
