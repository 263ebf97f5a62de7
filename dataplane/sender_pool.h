/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The locked memory that all senders lie in, and each worker's few free ones at hand. What is given
 * back is wiped. Keys for GCM take more than twice what all else does, so they have a place apart,
 * which takes memory once they are used.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cipher.h"

struct rs_replay;
struct rs_sender;
struct rs_sender_pool;
struct rs_suite;

enum {
    RS_SENDER_RESERVE = RS_BURST_MAX, /* a worker's own, for replacing senders in an empty pool */
    RS_SENDER_MOVE = 32,              /* how many go to or from the pool at once, at most */
    RS_SENDER_CACHE = RS_SENDER_RESERVE + 2 * RS_SENDER_MOVE
};

/* A worker's free senders. Owner: the worker. */
struct rs_sender_cache {
    struct rs_sender_pool *pool;
    unsigned int count;
    unsigned int max;  /* beyond it, some go back to the pool, for other workers */
    unsigned int move; /* so many */
    uint32_t indices[RS_SENDER_CACHE + 1];
};

/*
 * The memory of `count` senders in all, keys locked, shared by `worker_count` workers. Returns NULL
 * with errno set after logging why. Cold.
 */
struct rs_sender_pool *rs_sender_pool_create(uint32_t count, unsigned int worker_count);
void rs_sender_pool_destroy(struct rs_sender_pool *pool);

/*
 * Before the first stream of a suite: takes the locked memory that its keys need beyond what is
 * there. Returns 0, or -ENOMEM after logging why. Main; blocks in the kernel, the first time.
 */
int rs_sender_pool_prepare(struct rs_sender_pool *pool, const struct rs_suite *suite);

/* Whether that was done, where it is needed. Any thread. */
bool rs_sender_pool_is_prepared(const struct rs_sender_pool *pool, const struct rs_suite *suite);

/* How many there are, reserves included. */
uint32_t rs_sender_pool_count(const struct rs_sender_pool *pool);

/* An empty cache with its reserve taken. Cold; once per worker of the pool. */
void rs_sender_cache_init(struct rs_sender_cache *cache, struct rs_sender_pool *pool);

/*
 * Takes a free sender, zeroed but for its index, and leaves `reserve` at
 * hand. NULL where the pool has no more. Worker.
 */
struct rs_sender *rs_sender_draw(struct rs_sender_cache *cache, unsigned int reserve);

/* Wipes a sender in use for its next one, as if it had just been drawn. Worker. */
void rs_sender_renew(struct rs_sender_cache *cache, struct rs_sender *sender);

/* Wipes a sender and takes it back. Worker. */
void rs_sender_give_back(struct rs_sender_cache *cache, struct rs_sender *sender);

/* Where the sender's keys go, for a suite that the pool is prepared for. Worker. */
struct rs_cipher_keys *rs_sender_keys(const struct rs_sender_cache *cache,
                                      const struct rs_sender *sender, const struct rs_suite *suite);

/* The memory of the sender's replay window of that width, as its last user left it. Worker. */
struct rs_replay *rs_sender_window(const struct rs_sender_cache *cache,
                                   const struct rs_sender *sender, uint32_t packets);
