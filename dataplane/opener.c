/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding and deriving the senders of packets to open. Whether one may be derived is in newcomer.c;
 * nothing is kept, and no window moves, before a packet has verified.
 */
#include "opener.h"

#include "worker.h"

/* ---- picking ------------------------------------------------------------------------------ */

static bool tag_allows(const struct rs_attempt *attempt, unsigned int i)
{
    const enum rs_hash hash = rs_slot_stream(attempt->slot)->suite->hash;

    return attempt->ring->keys[i]->by_hash[hash].tag == rs_kid_key_tag(attempt->trailer.kid);
}

/* Tries a kept sender, unless its window says that the packet was opened before. */
static enum rs_outcome try_kept(struct rs_attempt *attempt, struct rs_sender *sender)
{
    attempt->sender = sender;
    if (sender->replay != NULL &&
        !rs_replay_check(sender->replay, rs_ctr_count(attempt->trailer.ctr)))
        return RS_REPLAY;
    return RS_UNDECIDED;
}

static struct rs_sender *find_fresh(const struct rs_attempts *attempts,
                                    const struct rs_attempt *attempt, const struct rs_key *key)
{
    for (unsigned int i = 0; i < attempts->fresh_count; i++) {
        struct rs_sender *sender = attempts->fresh[i].sender;

        if (sender->kid == attempt->trailer.kid && sender->slot == attempt->slot &&
            sender->key == key)
            return sender;
    }
    return NULL;
}

/* Whether the packet was opened before its sender made room for others, or is as old. */
static bool was_opened(const struct rs_attempt *attempt, uint64_t recorded)
{
    return rs_ctr_count(attempt->trailer.ctr) < recorded;
}

/* The tokens that a derivation is paid with, or NULL. */
static struct rs_tokens *pay(struct rs_worker *worker, struct rs_attempt *attempt,
                             uint64_t recorded)
{
    struct rs_newcomer_tokens *tokens = &attempt->slot->tokens;
    const uint64_t kid = attempt->trailer.kid, now = worker->burst.now_tsc;

    if (recorded > 0)
        return rs_newcomer_admit_returning(&worker->newcomers, tokens, kid, now);
    return rs_newcomer_admit(&worker->newcomers, tokens, kid, now);
}

static enum rs_outcome derive_fresh(struct rs_worker *worker, struct rs_attempts *attempts,
                                    struct rs_attempt *attempt, struct rs_key *key)
{
    const uint64_t kid = attempt->trailer.kid;
    const uint64_t recorded = rs_sender_recorded(worker->senders, attempt->slot, key, kid);
    struct rs_tokens *paid;
    struct rs_sender *sender;

    if (was_opened(attempt, recorded))
        return RS_REPLAY;
    paid = pay(worker, attempt, recorded);
    if (paid == NULL)
        return RS_SENDER_LIMIT;
    sender = rs_sender_new_to_open(worker->senders, attempt->slot, key, kid);
    if (sender == NULL) {
        rs_newcomer_refund(paid);
        return RS_NO_CAPACITY;
    }
    attempts->fresh[attempts->fresh_count++] =
        (struct rs_fresh_sender){.sender = sender, .paid = paid};
    attempt->sender = sender;
    return RS_UNDECIDED;
}

static enum rs_outcome try_fresh(struct rs_worker *worker, struct rs_attempts *attempts,
                                 struct rs_attempt *attempt, struct rs_key *key)
{
    struct rs_sender *sender = find_fresh(attempts, attempt, key);

    if (sender == NULL)
        return derive_fresh(worker, attempts, attempt, key);
    /* Its window is empty, but for what was opened before the sender was ended. */
    return try_kept(attempt, sender);
}

/* The sender of the slot's last packet, if it is this one's too and its key is still in the ring;
 * its KID has the tag of that key. */
static struct rs_sender *find_last(const struct rs_worker *worker, struct rs_attempt *attempt)
{
    struct rs_sender *last = attempt->slot->current;

    if (last == NULL || last->kid != attempt->trailer.kid)
        return NULL;
    for (unsigned int i = 0; i < attempt->ring->count; i++) {
        if (attempt->ring->keys[i] == last->key) {
            attempt->tried = (uint8_t)(1u << i);
            rs_sender_use(last, worker->burst.now_tsc);
            return last;
        }
    }
    return NULL;
}

enum rs_outcome rs_opener_find(struct rs_worker *worker, struct rs_attempt *attempt)
{
    enum rs_outcome none = RS_SECRET_MISMATCH;
    struct rs_sender *last;

    attempt->sender = NULL;
    attempt->tried = 0;
    last = find_last(worker, attempt);
    if (likely(last != NULL))
        return try_kept(attempt, last);
    for (unsigned int i = 0; i < attempt->ring->count; i++) {
        struct rs_sender *kept;

        if (!tag_allows(attempt, i))
            continue;
        none = RS_UNDECIDED;
        kept = rs_sender_find(worker->senders, attempt->slot, attempt->ring->keys[i],
                              attempt->trailer.kid);
        if (kept != NULL) {
            attempt->tried = (uint8_t)(1u << i);
            return try_kept(attempt, kept);
        }
        if (was_opened(attempt, rs_sender_recorded(worker->senders, attempt->slot,
                                                   attempt->ring->keys[i], attempt->trailer.kid)))
            return RS_REPLAY;
    }
    return none;
}

enum rs_outcome rs_opener_next(struct rs_worker *worker, struct rs_attempts *attempts,
                               struct rs_attempt *attempt)
{
    for (unsigned int i = 0; i < attempt->ring->count; i++) {
        struct rs_key *key = attempt->ring->keys[i];
        struct rs_sender *kept;

        if (!tag_allows(attempt, i) || (attempt->tried >> i & 1))
            continue;
        attempt->tried |= (uint8_t)(1u << i);
        kept = rs_sender_find(worker->senders, attempt->slot, key, attempt->trailer.kid);
        if (kept != NULL)
            return try_kept(attempt, kept);
        return try_fresh(worker, attempts, attempt, key);
    }
    return RS_AUTH_FAILED;
}

/* ---- settling ----------------------------------------------------------------------------- */

void rs_opener_verified(struct rs_attempts *attempts, const struct rs_attempt *attempt)
{
    for (unsigned int i = 0; i < attempts->fresh_count; i++) {
        if (attempts->fresh[i].sender == attempt->sender) {
            attempts->fresh[i].verified = true;
            return;
        }
    }
    rs_sender_touch(attempt->sender);
}

static void forget(struct rs_attempts *attempts, const struct rs_sender *sender)
{
    for (unsigned int i = 0; i < attempts->count; i++) {
        if (attempts->attempts[i].sender == sender)
            attempts->attempts[i].sender = NULL;
    }
}

/* Ends a fresh sender that nobody keeps. */
static void drop(struct rs_worker *worker, struct rs_attempts *attempts, struct rs_sender *sender)
{
    forget(attempts, sender);
    rs_sender_discard(worker->senders, sender);
}

void rs_opener_settle(struct rs_worker *worker, struct rs_attempts *attempts)
{
    for (unsigned int i = 0; i < attempts->fresh_count; i++) {
        const struct rs_fresh_sender *fresh = &attempts->fresh[i];
        const struct rs_sender *sender = fresh->sender;

        if (!fresh->verified) {
            rs_newcomer_failed(&worker->newcomers, &sender->slot->tokens, sender->kid,
                               worker->burst.now_tsc);
            drop(worker, attempts, fresh->sender);
            continue;
        }
        rs_newcomer_refund(fresh->paid);
        if (rs_sender_keep(worker->senders, fresh->sender) != 0)
            drop(worker, attempts, fresh->sender);
    }
}
