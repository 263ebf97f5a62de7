/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's senders without a worker: one pool, one stream, one key, and a clock that the test
 * sets. */
#pragma once

#include "dataplane/key.h"
#include "dataplane/sender.h"
#include "dataplane/table.h"

/* A worker's view of one stream and one key. */
struct rs_sender_bench {
    struct rs_cipher *cipher;
    struct rs_sender_pool *pool;
    struct rs_senders *senders;
    struct rs_keys *keys;
    struct rs_key *key;
    struct rs_stream *stream;
};

/* Starts EAL in this process; returns whether it did. Once, before the rest. */
bool rs_sender_bench_start_eal(void);

/* A pool of `count` senders and its one worker; ends the test where that fails. */
void rs_sender_bench_set_up(struct rs_sender_bench *bench, uint32_t count,
                            enum rs_direction direction, const char *suite);
void rs_sender_bench_tear_down(struct rs_sender_bench *bench);

/* Another stream like the bench's; freed by the caller. */
struct rs_stream *rs_sender_bench_stream(enum rs_direction direction, const char *suite);

/* The one worker's share of it. */
struct rs_stream_slot *rs_sender_bench_slot(struct rs_sender_bench *bench);
