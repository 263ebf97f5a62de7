/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool of senders: one locked mapping, a ring of what is free in it, and a small cache for each
 * worker, so that the packet path seldom meets another worker there. Knows nothing of keys' use.
 */
#include "sender_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_ring_elem.h>

#include "log.h"
#include "secret.h"
#include "sender.h"

struct rs_sender_pool {
    uint32_t count;
    unsigned int worker_count;
    size_t stride;       /* bytes from one sender to the next */
    uint8_t *senders;    /* locked */
    size_t window_bytes; /* of the widest replay window */
    uint8_t *windows;    /* one per sender, ordinary memory, paged in when first used */
    struct rte_ring *free;
};

/* ---- lifecycle ---------------------------------------------------------------------------- */

static void fill_free_ring(struct rs_sender_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        rte_ring_enqueue_elem(pool->free, &i, sizeof(i));
}

struct rs_sender_pool *rs_sender_pool_create(uint32_t count, unsigned int worker_count)
{
    struct rs_sender_pool *pool = calloc(1, sizeof(*pool));
    const unsigned int flags = worker_count == 1 ? RING_F_SP_ENQ | RING_F_SC_DEQ : 0;

    if (pool == NULL)
        return NULL;
    pool->count = count + worker_count * RS_SENDER_RESERVE;
    pool->worker_count = worker_count;
    pool->stride = RTE_ALIGN_CEIL(sizeof(struct rs_sender), 64) + rs_cipher_keys_bytes();
    pool->window_bytes = RTE_ALIGN_CEIL(rs_replay_bytes(RS_REPLAY_MAX_WINDOW), 64);
    pool->windows = mmap(NULL, pool->count * pool->window_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pool->senders = rs_secret_map(pool->count * pool->stride);
    pool->free = rte_ring_create_elem("rs_senders", sizeof(uint32_t),
                                      rte_align32pow2(pool->count + 1), SOCKET_ID_ANY, flags);
    if (pool->windows == MAP_FAILED || pool->senders == NULL || pool->free == NULL) {
        rs_log(RS_LOG_ERROR,
               "limits.senders: no locked memory for %u senders (%zu MiB): %s; lower the limit, "
               "raise RLIMIT_MEMLOCK, or set lock_keys: no",
               count, pool->count * pool->stride >> 20, strerror(errno));
        rs_sender_pool_destroy(pool);
        errno = ENOMEM;
        return NULL;
    }
    fill_free_ring(pool);
    return pool;
}

void rs_sender_pool_destroy(struct rs_sender_pool *pool)
{
    if (pool == NULL)
        return;
    rte_ring_free(pool->free);
    if (pool->senders != NULL)
        rs_secret_unmap(pool->senders, pool->count * pool->stride);
    if (pool->windows != NULL && pool->windows != MAP_FAILED)
        munmap(pool->windows, pool->count * pool->window_bytes);
    free(pool);
}

uint32_t rs_sender_pool_count(const struct rs_sender_pool *pool)
{
    return pool->count;
}

/* All workers together keep no more than a quarter of the pool from each other. */
void rs_sender_cache_init(struct rs_sender_cache *cache, struct rs_sender_pool *pool)
{
    const uint32_t shared = pool->count - pool->worker_count * RS_SENDER_RESERVE;
    const uint32_t extra =
        RTE_MIN(shared / (4 * pool->worker_count), (uint32_t)(2 * RS_SENDER_MOVE));

    cache->pool = pool;
    cache->max = RS_SENDER_RESERVE + extra;
    cache->move = RTE_MAX(extra / 2, 1u);
    cache->count = rte_ring_dequeue_burst_elem(pool->free, cache->indices, sizeof(uint32_t),
                                               RS_SENDER_RESERVE, NULL);
}

/* ---- draw and give back ------------------------------------------------------------------- */

static struct rs_sender *set_up(const struct rs_sender_pool *pool, uint32_t index)
{
    struct rs_sender *sender = (void *)(pool->senders + index * pool->stride);

    sender->index = index;
    sender->keys = (void *)((uint8_t *)sender + RTE_ALIGN_CEIL(sizeof(*sender), 64));
    return sender;
}

struct rs_sender *rs_sender_draw(struct rs_sender_cache *cache, unsigned int reserve)
{
    if (cache->count <= reserve)
        cache->count += rte_ring_dequeue_burst_elem(cache->pool->free,
                                                    &cache->indices[cache->count], sizeof(uint32_t),
                                                    reserve - cache->count + cache->move, NULL);
    return cache->count > reserve ? set_up(cache->pool, cache->indices[--cache->count]) : NULL;
}

void rs_sender_renew(struct rs_sender_cache *cache, struct rs_sender *sender)
{
    const uint32_t index = sender->index;

    rs_secret_wipe(sender, cache->pool->stride);
    set_up(cache->pool, index);
}

void rs_sender_give_back(struct rs_sender_cache *cache, struct rs_sender *sender)
{
    const uint32_t index = sender->index;

    rs_secret_wipe(sender, cache->pool->stride);
    cache->indices[cache->count++] = index;
    if (cache->count <= cache->max)
        return;
    cache->count -= cache->move;
    rte_ring_enqueue_bulk_elem(cache->pool->free, &cache->indices[cache->count], sizeof(uint32_t),
                               cache->move, NULL);
}

struct rs_replay *rs_sender_window(const struct rs_sender_cache *cache,
                                   const struct rs_sender *sender)
{
    return (void *)(cache->pool->windows + sender->index * cache->pool->window_bytes);
}
