/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Senders of one worker: their lives, and how they are found. Nothing else draws sender ids or
 * moves a counter. Which one makes room for another is in sender_room.c.
 */
#include "sender.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_hash.h>

#include "cache_line.h"
#include "key.h"
#include "log.h"
#include "sender_internal.h"
#include "table.h"
#include "wire.h"

enum {
    TAGLESS_SENDERS_MAX = 64, /* of one slot whose suite has no tag */
    RECORDS_MIN = 1024        /* room for records in a small pool; else as many as senders */
};

/* ---- lifecycle ---------------------------------------------------------------------------- */

void rs_senders_destroy(struct rs_senders *senders)
{
    if (senders == NULL)
        return;
    rte_hash_free(senders->index);
    rs_sender_records_destroy(senders->records);
    free(senders);
}

struct rs_senders *rs_senders_create(struct rs_sender_pool *pool, struct rs_cipher *cipher,
                                     unsigned int worker)
{
    const uint32_t count = rs_sender_pool_count(pool);
    const uint32_t records = RTE_MAX(count, (uint32_t)RECORDS_MIN);
    struct rs_senders *senders = rs_lines_alloc(sizeof(*senders));
    char name[RTE_HASH_NAMESIZE];
    struct rte_hash_parameters parameters = {
        .name = name,
        /* senders and records; a cuckoo table takes its last few entries unwillingly */
        .entries = count + records + records / 4,
        .key_len = sizeof(struct rs_sender_index_key),
        .socket_id = SOCKET_ID_ANY,
    };

    if (senders == NULL)
        return NULL;
    snprintf(name, sizeof(name), "rs_senders_%u", worker);
    senders->cipher = cipher;
    rs_senders_init_idle(senders);
    senders->records = rs_sender_records_create(records);
    senders->index = rte_hash_create(&parameters);
    if (senders->index == NULL || senders->records == NULL) {
        rs_log(RS_LOG_ERROR, "limits.senders: no memory to index %u senders; raise memory.mb",
               count);
        rs_senders_destroy(senders);
        errno = ENOMEM;
        return NULL;
    }
    rs_sender_cache_init(&senders->cache, pool);
    return senders;
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

void rs_senders_begin_burst(struct rs_senders *senders, uint64_t now_tsc)
{
    senders->now_tsc = now_tsc;
}

/* ---- the index ---------------------------------------------------------------------------- */

/* A record in the index is told from a sender by its lowest bit: both are aligned. */
static bool is_record(const void *data)
{
    return (uintptr_t)data & 1;
}

static struct rs_sender_record *as_record(const void *data)
{
    return (void *)((uintptr_t)data & ~(uintptr_t)1);
}

static void *as_data(struct rs_sender_record *record)
{
    return (void *)((uintptr_t)record | 1);
}

/* A sender, a record or NULL. */
static void *look_up(const struct rs_senders *senders, const struct rs_stream_slot *slot,
                     const struct rs_key *key, uint64_t kid)
{
    const struct rs_sender_index_key index_key = {slot, key, kid};
    void *data;

    return rte_hash_lookup_data(senders->index, &index_key, &data) < 0 ? NULL : data;
}

static void forget_record(struct rs_senders *senders, struct rs_sender_record *record)
{
    const struct rs_sender_index_key key = {record->slot, record->key, record->kid};

    rte_hash_del_key(senders->index, &key);
    rs_sender_record_free(senders->records, record);
}

bool rs_sender_leave_record(struct rs_senders *senders, const struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;
    const struct rs_sender_index_key key = {slot, sender->key, sender->kid};
    struct rs_sender_record *record = rs_sender_record_take(senders->records);

    if (record == NULL)
        return false;
    record->kid = sender->kid;
    record->next_count = sender->replay->next;
    record->key = sender->key;
    record->slot = slot;
    LIST_INSERT_HEAD(&sender->key->workers[slot->release.worker].records, record, key_entry);
    LIST_INSERT_HEAD(&slot->records, record, slot_entry);
    /* The key is in the index already: this needs no memory and cannot fail. */
    rte_hash_add_key_data(senders->index, &key, as_data(record));
    return true;
}

/* ---- beginning and end -------------------------------------------------------------------- */

static void link_up(struct rs_senders *senders, struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;
    struct rs_key_worker *share = &sender->key->workers[slot->release.worker];

    TAILQ_INSERT_TAIL(&slot->senders, sender, slot_entry);
    LIST_INSERT_HEAD(&share->senders, sender, key_entry);
    rs_sender_list_last(senders, sender);
    slot->sender_count++;
}

void rs_sender_unlink(struct rs_senders *senders, struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;

    if (slot->current == sender)
        slot->current = NULL;
    TAILQ_REMOVE(&senders->idle[rs_slot_stream(slot)->direction], sender, idle_entry);
    TAILQ_REMOVE(&slot->senders, sender, slot_entry);
    LIST_REMOVE(sender, key_entry);
    slot->sender_count--;
    count_in_use(senders, -1);
}

void rs_sender_leave_index(struct rs_senders *senders, const struct rs_sender *sender)
{
    const struct rs_sender_index_key key = {sender->slot, sender->key, sender->kid};

    if (rs_slot_stream(sender->slot)->direction == RS_OPEN)
        rte_hash_del_key(senders->index, &key);
}

void rs_sender_end(struct rs_senders *senders, struct rs_sender *sender)
{
    rs_sender_leave_index(senders, sender);
    rs_sender_unlink(senders, sender);
    rs_sender_give_back(&senders->cache, sender);
}

/* Fills in what all senders have; keys are derived once the KID is known. */
static void begin(struct rs_senders *senders, struct rs_sender *sender, struct rs_stream_slot *slot,
                  struct rs_key *key, uint64_t kid)
{
    const struct rs_suite *suite = rs_slot_stream(slot)->suite;
    struct rs_cipher_keys *keys;

    count_in_use(senders, 1);
    sender->kid = kid;
    sender->slot = slot;
    sender->key = key;
    sender->used_tsc = senders->now_tsc;
    keys = rs_sender_keys(&senders->cache, sender, suite);
    sender->keys = keys;
    rs_cipher_derive(senders->cipher, suite, key->by_hash[suite->hash].sframe_secret, kid, keys);
}

/* ---- sealing ------------------------------------------------------------------------------ */

struct rs_sender *rs_sender_new_to_seal(struct rs_senders *senders, struct rs_stream_slot *slot,
                                        struct rs_key *key)
{
    const struct rs_suite *suite = rs_slot_stream(slot)->suite;
    struct rs_sender *old = slot->current, *sender;
    uint64_t sender_id;

    if (!rs_sender_pool_is_prepared(senders->cache.pool, suite))
        return NULL;
    sender = old == NULL ? rs_senders_draw(senders) : rs_sender_draw(&senders->cache, 0);
    if (sender == NULL)
        return NULL;
    if (old != NULL)
        rs_sender_use(old, senders->now_tsc); /* the caller ends it, and nobody before */
    rs_cipher_random(senders->cipher, &sender_id, sizeof(sender_id));
    rs_cipher_random(senders->cipher, &sender->prefix, sizeof(sender->prefix));
    sender->next_count = 0;
    begin(senders, sender, slot, key,
          rs_kid_make(sender_id, suite->code, key->by_hash[suite->hash].tag));
    link_up(senders, sender);
    slot->current = sender;
    return sender;
}

/* ---- opening ------------------------------------------------------------------------------ */

struct rs_sender *rs_sender_find(struct rs_senders *senders, struct rs_stream_slot *slot,
                                 struct rs_key *key, uint64_t kid)
{
    struct rs_sender *sender = slot->current;

    if (sender == NULL || sender->kid != kid || sender->key != key) {
        sender = look_up(senders, slot, key, kid);
        if (sender == NULL || is_record(sender))
            return NULL;
    }
    rs_sender_use(sender, senders->now_tsc);
    return sender;
}

uint64_t rs_sender_recorded(const struct rs_senders *senders, const struct rs_stream_slot *slot,
                            const struct rs_key *key, uint64_t kid)
{
    const void *data;

    if (rs_sender_records_count(senders->records) == 0)
        return 0;
    data = look_up(senders, slot, key, kid);
    return data != NULL && is_record(data) ? as_record(data)->next_count : 0;
}

struct rs_sender *rs_sender_new_to_open(struct rs_senders *senders, struct rs_stream_slot *slot,
                                        struct rs_key *key, uint64_t kid)
{
    const struct rs_stream *stream = rs_slot_stream(slot);
    struct rs_sender *sender;

    if (!rs_sender_pool_is_prepared(senders->cache.pool, stream->suite))
        return NULL;
    sender = rs_senders_draw(senders);
    if (sender == NULL)
        return NULL;
    /* Without a tag a forged packet could move the window, so there is none. */
    if (stream->replay_window != 0 && stream->suite->nt != 0) {
        sender->replay = rs_sender_window(&senders->cache, sender, stream->replay_window);
        rs_replay_init_seen(sender->replay, stream->replay_window,
                            rs_sender_recorded(senders, slot, key, kid));
    }
    begin(senders, sender, slot, key, kid);
    return sender;
}

int rs_sender_keep(struct rs_senders *senders, struct rs_sender *sender)
{
    struct rs_stream_slot *slot = sender->slot;
    const struct rs_sender_index_key key = {slot, sender->key, sender->kid};
    void *before = look_up(senders, slot, sender->key, sender->kid);

    if (rs_slot_stream(slot)->suite->nt == 0 && slot->sender_count >= TAGLESS_SENDERS_MAX)
        rs_sender_end(senders, TAILQ_FIRST(&slot->senders));
    if (rte_hash_add_key_data(senders->index, &key, sender) != 0)
        return -ENOSPC;
    if (before != NULL)
        rs_sender_record_free(senders->records, as_record(before));
    link_up(senders, sender);
    slot->current = sender;
    return 0;
}

void rs_sender_discard(struct rs_senders *senders, struct rs_sender *sender)
{
    count_in_use(senders, -1);
    rs_sender_give_back(&senders->cache, sender);
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
    struct rs_key_worker *share = &key->workers[worker];

    for (; budget > 0 && !LIST_EMPTY(&share->senders); budget--)
        rs_sender_end(senders, LIST_FIRST(&share->senders));
    for (; budget > 0 && !LIST_EMPTY(&share->records); budget--)
        forget_record(senders, LIST_FIRST(&share->records));
    return LIST_EMPTY(&share->senders) && LIST_EMPTY(&share->records);
}

bool rs_senders_wipe_slot(struct rs_senders *senders, struct rs_stream_slot *slot,
                          unsigned int budget)
{
    for (; budget > 0 && !TAILQ_EMPTY(&slot->senders); budget--)
        rs_sender_end(senders, TAILQ_FIRST(&slot->senders));
    for (; budget > 0 && !LIST_EMPTY(&slot->records); budget--)
        forget_record(senders, LIST_FIRST(&slot->records));
    return TAILQ_EMPTY(&slot->senders) && LIST_EMPTY(&slot->records);
}
