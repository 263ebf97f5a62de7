/* SPDX-License-Identifier: BSD-3-Clause */
/* A sliding window over packet counts (RFC 6479's ring of blocks). No DPDK, no allocation. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RS_REPLAY_MIN_WINDOW = 64, RS_REPLAY_MAX_WINDOW = 8192 };

/*
 * A window of `packets` counts, a power of two within the limits above. Owner: one worker.
 * The blocks lie behind the struct: rs_replay_bytes() says how much memory it takes.
 */
struct rs_replay {
    uint64_t next;    /* one more than the highest count accepted; 0: none yet */
    uint32_t packets; /* the width */
    uint64_t blocks[];
};

/* The bytes of a window of `packets` counts. Pure. */
size_t rs_replay_bytes(uint32_t packets);

/* The smallest valid width that holds at least `packets` counts. Pure. */
uint32_t rs_replay_round_up(uint32_t packets);

/* Makes the caller's memory an empty window. */
void rs_replay_init(struct rs_replay *replay, uint32_t packets);

/*
 * Makes it a window that has seen every count below `next`: one that was given up, and whose sender
 * has come back. `next` is at most 2^32.
 */
void rs_replay_init_seen(struct rs_replay *replay, uint32_t packets, uint64_t next);

/* Whether `count` may still be accepted: neither seen nor older than the window. Changes nothing.
 */
bool rs_replay_check(const struct rs_replay *replay, uint32_t count);

/* Accepts `count` and moves the window. Returns false, changing nothing, where rs_replay_check
 * would: of two copies of one packet the second is refused. Only after the tag has verified. */
bool rs_replay_accept(struct rs_replay *replay, uint32_t count);
