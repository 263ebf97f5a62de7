/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Senders: their one locked pool, each worker's share of it, and their lives. Nothing else draws
 * sender ids or moves a counter.
 */
#include "sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_common.h>
#include <rte_hash.h>
#include <rte_ring_elem.h>

#include "key.h"
#include "log.h"
#include "secret.h"
#include "table.h"
#include "wire.h"

enum {
    CACHE_SENDERS = 128,     /* free senders a worker keeps at hand, at most */
    CACHE_MOVE = 32,         /* how many it takes from or gives to the pool at once */
    RESERVE = RS_BURST_MAX,  /* a worker's own, for replacing senders when the pool is empty */
    TAGLESS_SENDERS_MAX = 64 /* of one slot whose suite has no tag */
};

struct rs_sender_pool {
    uint32_t count;
    size_t stride;       /* bytes from one sender to the next */
    uint8_t *senders;    /* locked */
    size_t window_bytes; /* of the widest replay window */
    uint8_t *windows;    /* one per sender, ordinary memory, paged in when first used */
    struct rte_ring *free;
};

struct rs_senders {
    struct rs_sender_pool *pool;
    struct rs_cipher *cipher;
    struct rte_hash *index;
    uint32_t cached[CACHE_SENDERS];
    unsigned int cached_count;
    _Atomic uint32_t in_use; /* worker: w, main: r */
};

/* What a kept sender is found by; without padding. */
struct index_key {
    const struct rs_stream_slot *slot;
    const struct rs_key *key;
    uint64_t kid;
};

/* ---- pool --------------------------------------------------------------------------------- */

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
    pool->count = count + worker_count * RESERVE;
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

struct rs_senders *rs_senders_create(struct rs_sender_pool *pool, struct rs_cipher *cipher,
                                     unsigned int worker)
{
    struct rs_senders *senders = calloc(1, sizeof(*senders));
    char name[RTE_HASH_NAMESIZE];
    struct rte_hash_parameters parameters = {
        .name = name,
        .entries = RTE_MAX(pool->count + pool->count / 4, 64u),
        .key_len = sizeof(struct index_key),
        .socket_id = SOCKET_ID_ANY,
    };

    if (senders == NULL)
        return NULL;
    snprintf(name, sizeof(name), "rs_senders_%u", worker);
    senders->pool = pool;
    senders->cipher = cipher;
    senders->cached_count =
        rte_ring_dequeue_burst_elem(pool->free, senders->cached, sizeof(uint32_t), RESERVE, NULL);
    senders->index = rte_hash_create(&parameters);
    if (senders->index == NULL) {
        rs_log(RS_LOG_ERROR, "limits.senders: no memory to index %u senders; raise memory.mb",
               pool->count);
        free(senders);
        errno = ENOMEM;
        return NULL;
    }
    return senders;
}

void rs_senders_destroy(struct rs_senders *senders)
{
    if (senders == NULL)
        return;
    rte_hash_free(senders->index);
    free(senders);
}

uint32_t rs_senders_in_use(const struct rs_senders *senders)
{
    return atomic_load_explicit(&senders->in_use, memory_order_relaxed);
}

static void count_in_use(struct rs_senders *senders, int change)
{
    uint32_t now = atomic_load_explicit(&senders->in_use, memory_order_relaxed);

    atomic_store_explicit(&senders->in_use, now + (uint32_t)change, memory_order_relaxed);
}

/* ---- draw and give back ------------------------------------------------------------------- */

/* Takes a free sender, but not the last `reserve` that the worker has at hand. */
static struct rs_sender *draw(struct rs_senders *senders, unsigned int reserve)
{
    struct rs_sender_pool *pool = senders->pool;
    struct rs_sender *sender;
    uint32_t index;

    if (senders->cached_count <= reserve)
        senders->cached_count +=
            rte_ring_dequeue_burst_elem(pool->free, &senders->cached[senders->cached_count],
                                        sizeof(uint32_t), CACHE_MOVE, NULL);
    if (senders->cached_count <= reserve)
        return NULL;
    index = senders->cached[--senders->cached_count];
    sender = (void *)(pool->senders + index * pool->stride);
    sender->index = index;
    sender->keys = (void *)((uint8_t *)sender + RTE_ALIGN_CEIL(sizeof(*sender), 64));
    count_in_use(senders, 1);
    return sender;
}

static void give_back(struct rs_senders *senders, struct rs_sender *sender)
{
    const uint32_t index = sender->index;

    rs_secret_wipe(sender, senders->pool->stride);
    if (senders->cached_count == CACHE_SENDERS) {
        senders->cached_count -= CACHE_MOVE;
        rte_ring_enqueue_bulk_elem(senders->pool->free, &senders->cached[senders->cached_count],
                                   sizeof(uint32_t), CACHE_MOVE, NULL);
    }
    senders->cached[senders->cached_count++] = index;
    count_in_use(senders, -1);
}

static void link_up(struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;
    struct rs_key_worker *share = &sender->key->workers[slot->release.worker];

    TAILQ_INSERT_TAIL(&slot->senders, sender, slot_entry);
    LIST_INSERT_HEAD(&share->senders, sender, key_entry);
    slot->sender_count++;
}

void rs_sender_end(struct rs_senders *senders, struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;
    const struct index_key key = {slot, sender->key, sender->kid};

    if (slot->stream->direction == RS_OPEN)
        rte_hash_del_key(senders->index, &key);
    if (slot->current == sender)
        slot->current = NULL;
    TAILQ_REMOVE(&slot->senders, sender, slot_entry);
    LIST_REMOVE(sender, key_entry);
    slot->sender_count--;
    give_back(senders, sender);
}

static void derive(struct rs_senders *senders, struct rs_sender *sender)
{
    const struct rs_suite *suite = sender->slot->stream->suite;

    rs_cipher_derive(senders->cipher, suite, sender->key->by_hash[suite->hash].sframe_secret,
                     sender->kid, (struct rs_cipher_keys *)(uintptr_t)sender->keys);
}

/* ---- sealing ------------------------------------------------------------------------------ */

struct rs_sender *rs_sender_new_to_seal(struct rs_senders *senders, struct rs_stream_slot *slot,
                                        struct rs_key *key)
{
    const struct rs_suite *suite = slot->stream->suite;
    struct rs_sender *sender = draw(senders, slot->current == NULL ? RESERVE : 0);
    uint64_t sender_id;

    if (sender == NULL)
        return NULL;
    rs_cipher_random(senders->cipher, &sender_id, sizeof(sender_id));
    rs_cipher_random(senders->cipher, &sender->prefix, sizeof(sender->prefix));
    sender->kid = rs_kid_make(sender_id, suite->code, key->by_hash[suite->hash].tag);
    sender->next_count = 0;
    sender->replay = NULL;
    sender->slot = slot;
    sender->key = key;
    derive(senders, sender);
    link_up(sender);
    slot->current = sender;
    return sender;
}

uint64_t rs_sender_next_ctr(struct rs_sender *sender)
{
    return rs_ctr_make(sender->prefix, (uint32_t)sender->next_count++);
}

/* ---- opening ------------------------------------------------------------------------------ */

struct rs_sender *rs_sender_find(struct rs_senders *senders, struct rs_stream_slot *slot,
                                 struct rs_key *key, uint64_t kid)
{
    const struct index_key index_key = {slot, key, kid};
    void *found;

    if (slot->current != NULL && slot->current->kid == kid && slot->current->key == key)
        return slot->current;
    if (rte_hash_lookup_data(senders->index, &index_key, &found) < 0)
        return NULL;
    return found;
}

struct rs_sender *rs_sender_new_to_open(struct rs_senders *senders, struct rs_stream_slot *slot,
                                        struct rs_key *key, uint64_t kid)
{
    const struct rs_stream *stream = slot->stream;
    struct rs_sender *sender = draw(senders, RESERVE);

    if (sender == NULL)
        return NULL;
    sender->kid = kid;
    sender->slot = slot;
    sender->key = key;
    sender->replay = NULL;
    /* Without a tag a forged packet could move the window, so there is none. */
    if (stream->replay_window != 0 && stream->suite->nt != 0) {
        sender->replay =
            (void *)(senders->pool->windows + sender->index * senders->pool->window_bytes);
        rs_replay_init(sender->replay, stream->replay_window);
    }
    derive(senders, sender);
    return sender;
}

int rs_sender_keep(struct rs_senders *senders, struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;
    const struct index_key key = {slot, sender->key, sender->kid};

    if (slot->stream->suite->nt == 0 && slot->sender_count >= TAGLESS_SENDERS_MAX)
        rs_sender_end(senders, TAILQ_FIRST(&slot->senders));
    if (rte_hash_add_key_data(senders->index, &key, sender) != 0)
        return -ENOSPC;
    link_up(sender);
    slot->current = sender;
    return 0;
}

void rs_sender_discard(struct rs_senders *senders, struct rs_sender *sender)
{
    give_back(senders, sender);
}

void rs_sender_touch(struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;

    if (slot->current == sender)
        return;
    slot->current = sender;
    TAILQ_REMOVE(&slot->senders, sender, slot_entry);
    TAILQ_INSERT_TAIL(&slot->senders, sender, slot_entry);
}

/* ---- wiping ------------------------------------------------------------------------------- */

bool rs_senders_wipe_key(struct rs_senders *senders, struct rs_key *key, unsigned int worker,
                         unsigned int budget)
{
    struct rs_key_senders *list = &key->workers[worker].senders;

    for (; budget > 0 && !LIST_EMPTY(list); budget--)
        rs_sender_end(senders, LIST_FIRST(list));
    return LIST_EMPTY(list);
}

bool rs_senders_wipe_slot(struct rs_senders *senders, struct rs_stream_slot *slot,
                          unsigned int budget)
{
    for (; budget > 0 && !TAILQ_EMPTY(&slot->senders); budget--)
        rs_sender_end(senders, TAILQ_FIRST(&slot->senders));
    return TAILQ_EMPTY(&slot->senders);
}
