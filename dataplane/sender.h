/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Senders: a KID, its counter or replay window, and its derived keys. Private to one worker.
 *
 * This is the one place where a keystream could repeat. What keeps it from that: a sealing sender's
 * id and prefix are drawn afresh from the random generator for each (stream, key) of each worker, a
 * counter moves only in rs_sender_next_ctr, and a sender whose counter is spent is replaced.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rte_prefetch.h>

#include "cipher.h"
#include "replay.h"
#include "sender_pool.h"
#include "suite.h"
#include "wire.h"

struct rs_key;
struct rs_senders;
struct rs_stream_slot;

struct rs_sender {
    uint64_t kid;
    uint64_t next_count; /* sealing: of the next packet */
    uint32_t prefix;     /* sealing: of the CTR */
    uint32_t index;      /* in the pool */
    const struct rs_cipher_keys *keys;
    struct rs_replay *replay; /* opening; NULL: off */
    struct rs_key *key;
    struct rs_stream_slot *slot;
    uint64_t used_tsc;   /* the burst that last had a packet of it */
    uint64_t listed_tsc; /* when it was last put behind all others of the worker */
    TAILQ_ENTRY(rs_sender) idle_entry;
    TAILQ_ENTRY(rs_sender) slot_entry;
    LIST_ENTRY(rs_sender) key_entry;
};

/* One worker's senders. `cipher` is the worker's and borrowed. NULL with errno. Cold. */
struct rs_senders *rs_senders_create(struct rs_sender_pool *pool, struct rs_cipher *cipher,
                                     unsigned int worker);
void rs_senders_destroy(struct rs_senders *senders);

/* How many are in use. Any thread. */
uint32_t rs_senders_in_use(const struct rs_senders *senders);

/*
 * A burst begins, at `now_tsc`. A sender that is found, made or used from here on is left alone
 * until the next burst begins: no other is ended to make room but one without a packet in this.
 */
void rs_senders_begin_burst(struct rs_senders *senders, uint64_t now_tsc);

/* A packet of the burst that began at `now_tsc` is sealed with the sender. */
static inline void rs_sender_use(struct rs_sender *sender, uint64_t now_tsc)
{
    sender->used_tsc = now_tsc;
}

/*
 * A new sender to seal with: id and prefix drawn, keys derived, count 0. It becomes slot->current;
 * the one before it keeps its keys until the caller ends it, once no packet of the burst needs
 * them. Where the pool is empty an idle sender makes room. NULL where there is none, which a
 * replacement of slot->current never meets.
 */
struct rs_sender *rs_sender_new_to_seal(struct rs_senders *senders, struct rs_stream_slot *slot,
                                        struct rs_key *key);

/* Asks for what sealing or opening with the slot's current sender reads: first its place, then,
 * once that is there, its keys and window. Nothing has to be asked for. Worker. */
static inline void rs_sender_prefetch(const struct rs_sender *sender)
{
    if (sender != NULL)
        rte_prefetch0(sender);
}

static inline void rs_sender_prefetch_keys(const struct rs_sender *sender,
                                           const struct rs_suite *suite)
{
    if (sender == NULL)
        return;
    rs_cipher_prefetch(suite, sender->keys);
    if (sender->replay != NULL)
        rte_prefetch0(sender->replay);
}

/* Wipes a sender that is in use and gives it back. */
void rs_sender_end(struct rs_senders *senders, struct rs_sender *sender);

/* Whether the sender has a count left. */
static inline bool rs_sender_has_count(const struct rs_sender *sender)
{
    return sender->next_count <= UINT32_MAX;
}

/* Takes the CTR of the next packet; each is handed out once. rs_sender_has_count must hold. */
static inline uint64_t rs_sender_next_ctr(struct rs_sender *sender)
{
    return rs_ctr_make(sender->prefix, (uint32_t)sender->next_count++);
}

/* The sender that this worker keeps for a KID seen on a stream, under a key; borrowed, or NULL. */
struct rs_sender *rs_sender_find(struct rs_senders *senders, struct rs_stream_slot *slot,
                                 struct rs_key *key, uint64_t kid);

/*
 * One more than the highest count opened under a KID whose sender has made room for others; 0 where
 * nothing is recorded. What is below was opened, or is too old.
 */
uint64_t rs_sender_recorded(const struct rs_senders *senders, const struct rs_stream_slot *slot,
                            const struct rs_key *key, uint64_t kid);

/*
 * Derives a sender for a KID that no sender is kept for; its window goes on where a recorded one
 * ended. It is kept by nobody until rs_sender_keep, and goes back by rs_sender_discard. Where the
 * pool is empty an idle sender makes room; NULL where there is none.
 */
struct rs_sender *rs_sender_new_to_open(struct rs_senders *senders, struct rs_stream_slot *slot,
                                        struct rs_key *key, uint64_t kid);

/* Keeps a sender whose packet has verified. Returns 0, or -ENOSPC where the index is full; it is
 * then still the caller's. A slot whose suite has no tag keeps at most 64: the least recently used
 * makes room. */
int rs_sender_keep(struct rs_senders *senders, struct rs_sender *sender);
void rs_sender_discard(struct rs_senders *senders, struct rs_sender *sender);

/* Marks a kept sender as the slot's most recently used. */
void rs_sender_touch(struct rs_sender *sender);

/*
 * Wipes up to `budget` of a key's, or a slot's, senders and records. Returns whether none is left.
 */
bool rs_senders_wipe_key(struct rs_senders *senders, struct rs_key *key, unsigned int worker,
                         unsigned int budget);
bool rs_senders_wipe_slot(struct rs_senders *senders, struct rs_stream_slot *slot,
                          unsigned int budget);
