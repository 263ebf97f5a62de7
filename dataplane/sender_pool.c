/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool of senders: locked mappings, a ring of what is free in it, and a small cache for each
 * worker, so that the packet path seldom meets another worker there. Knows nothing of keys' use.
 */
#include "sender_pool.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_ring_elem.h>

#include "cache_line.h"
#include "log.h"
#include "secret.h"
#include "sender.h"
#include "suite.h"

enum {
    SENDER_BYTES = RTE_ALIGN_CEIL(sizeof(struct rs_sender), RS_CACHE_LINE), /* keys follow */
    WIDTHS = 8 /* powers of two from RS_REPLAY_MIN_WINDOW to RS_REPLAY_MAX_WINDOW */
};

_Static_assert(RS_REPLAY_MIN_WINDOW << (WIDTHS - 1) == (int)RS_REPLAY_MAX_WINDOW, "every width");

struct rs_sender_pool {
    uint32_t count;
    unsigned int worker_count;
    size_t keys_bytes; /* behind each sender: what all suites but those of GCM need */
    size_t stride;     /* from one sender to the next */
    uint8_t *senders;  /* locked */
    /* Locked: larger keys, one place per sender; NULL: none are used yet. worker: r, main: sets */
    uint8_t *_Atomic apart;
    /* Replay windows by width, one of each per sender, ordinary memory, paged in when first used */
    uint8_t *windows[WIDTHS];
    struct rte_ring *free;
};

/* ---- lifecycle ---------------------------------------------------------------------------- */

static void fill_free_ring(struct rs_sender_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++)
        rte_ring_enqueue_elem(pool->free, &i, sizeof(i));
}

/* Two workers' windows share no cache line. */
static size_t window_bytes(unsigned int width)
{
    return RTE_ALIGN_CEIL(rs_replay_bytes((uint32_t)RS_REPLAY_MIN_WINDOW << width), RS_CACHE_LINE);
}

static int map_windows(struct rs_sender_pool *pool)
{
    for (unsigned int i = 0; i < WIDTHS; i++) {
        void *memory = mmap(NULL, pool->count * window_bytes(i), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (memory == MAP_FAILED)
            return -1;
        pool->windows[i] = memory;
    }
    return 0;
}

static uint8_t *apart_of(const struct rs_sender_pool *pool)
{
    return atomic_load_explicit(&pool->apart, memory_order_acquire);
}

static bool is_apart(const struct rs_sender_pool *pool, const struct rs_suite *suite)
{
    return rs_cipher_keys_bytes_of(suite) > pool->keys_bytes;
}

bool rs_sender_pool_is_prepared(const struct rs_sender_pool *pool, const struct rs_suite *suite)
{
    return !is_apart(pool, suite) || apart_of(pool) != NULL;
}

/* What the suites need that have no GCM. */
static size_t small_keys_bytes(void)
{
    size_t most = 0;

    for (size_t i = 0; i < rs_suite_count; i++) {
        if (rs_suites[i].method != RS_METHOD_GCM)
            most = RTE_MAX(most, rs_cipher_keys_bytes_of(&rs_suites[i]));
    }
    return RTE_ALIGN_CEIL(most, RS_CACHE_LINE);
}

static void log_no_memory(uint32_t count, size_t bytes)
{
    rs_log(RS_LOG_ERROR,
           "limits.senders: no locked memory for %u senders (%zu MiB): %s; lower the limit, raise "
           "RLIMIT_MEMLOCK, or set lock_keys: no",
           count, bytes >> 20, strerror(errno));
}

struct rs_sender_pool *rs_sender_pool_create(uint32_t count, unsigned int worker_count)
{
    struct rs_sender_pool *pool = calloc(1, sizeof(*pool));
    const unsigned int flags = worker_count == 1 ? RING_F_SP_ENQ | RING_F_SC_DEQ : 0;

    if (pool == NULL)
        return NULL;
    pool->count = count + worker_count * RS_SENDER_RESERVE;
    pool->worker_count = worker_count;
    pool->keys_bytes = small_keys_bytes();
    pool->stride = SENDER_BYTES + pool->keys_bytes;
    pool->senders = rs_secret_map(pool->count * pool->stride);
    pool->free = rte_ring_create_elem("rs_senders", sizeof(uint32_t),
                                      rte_align32pow2(pool->count + 1), SOCKET_ID_ANY, flags);
    if (pool->senders == NULL || pool->free == NULL || map_windows(pool) != 0) {
        log_no_memory(count, pool->count * pool->stride);
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
    rs_secret_unmap(apart_of(pool), pool->count * rs_cipher_keys_bytes());
    for (unsigned int i = 0; i < WIDTHS; i++) {
        if (pool->windows[i] != NULL)
            munmap(pool->windows[i], pool->count * window_bytes(i));
    }
    free(pool);
}

/* Release: pairs with apart_of. */
int rs_sender_pool_prepare(struct rs_sender_pool *pool, const struct rs_suite *suite)
{
    uint8_t *apart;

    if (rs_sender_pool_is_prepared(pool, suite))
        return 0;
    apart = rs_secret_map(pool->count * rs_cipher_keys_bytes());
    if (apart == NULL) {
        log_no_memory(pool->count, pool->count * rs_cipher_keys_bytes());
        return -ENOMEM;
    }
    atomic_store_explicit(&pool->apart, apart, memory_order_release);
    return 0;
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

static void wipe(const struct rs_sender_pool *pool, struct rs_sender *sender)
{
    uint8_t *apart = apart_of(pool);

    if (apart != NULL)
        rs_secret_wipe(apart + sender->index * rs_cipher_keys_bytes(), rs_cipher_keys_bytes());
    rs_secret_wipe(sender, pool->stride);
}

void rs_sender_renew(struct rs_sender_cache *cache, struct rs_sender *sender)
{
    const uint32_t index = sender->index;

    wipe(cache->pool, sender);
    set_up(cache->pool, index);
}

void rs_sender_give_back(struct rs_sender_cache *cache, struct rs_sender *sender)
{
    const uint32_t index = sender->index;

    wipe(cache->pool, sender);
    cache->indices[cache->count++] = index;
    if (cache->count <= cache->max)
        return;
    cache->count -= cache->move;
    rte_ring_enqueue_bulk_elem(cache->pool->free, &cache->indices[cache->count], sizeof(uint32_t),
                               cache->move, NULL);
}

struct rs_cipher_keys *rs_sender_keys(const struct rs_sender_cache *cache,
                                      const struct rs_sender *sender, const struct rs_suite *suite)
{
    const struct rs_sender_pool *pool = cache->pool;

    if (!is_apart(pool, suite))
        return (void *)((uintptr_t)sender + SENDER_BYTES);
    return (void *)(apart_of(pool) + sender->index * rs_cipher_keys_bytes());
}

struct rs_replay *rs_sender_window(const struct rs_sender_cache *cache,
                                   const struct rs_sender *sender, uint32_t packets)
{
    const unsigned int width =
        (unsigned int)__builtin_ctz(packets) - (unsigned int)__builtin_ctz(RS_REPLAY_MIN_WINDOW);

    return (void *)(cache->pool->windows[width] + sender->index * window_bytes(width));
}
