/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding and deriving the senders of packets to open. A derivation costs thousands of cycles and
 * anyone can ask for one with a made-up KID, so each slot has tokens for those that fail.
 */
#include "opener.h"

#include "worker.h"

/* ---- tokens ------------------------------------------------------------------------------- */

static void refill_tokens(const struct rs_worker *worker, struct rs_stream_slot *slot)
{
    const uint64_t now = worker->burst.now_tsc;
    const uint64_t per_token = worker->tsc_hz / RS_TOKENS_PER_SECOND;
    const uint64_t earned = (now - slot->tokens_tsc) / per_token;

    if (earned >= RS_TOKENS_PER_SECOND - slot->tokens) {
        slot->tokens = RS_TOKENS_PER_SECOND;
        slot->tokens_tsc = now;
    } else {
        slot->tokens += (uint32_t)earned;
        slot->tokens_tsc += earned * per_token;
    }
}

/* A derivation is paid for at once, so that one burst cannot ask for more than there are tokens. */
static bool spend_token(const struct rs_worker *worker, struct rs_stream_slot *slot)
{
    refill_tokens(worker, slot);
    if (slot->tokens == 0)
        return false;
    slot->tokens--;
    return true;
}

static void refund_token(struct rs_stream_slot *slot)
{
    slot->tokens += slot->tokens < RS_TOKENS_PER_SECOND;
}

/* ---- picking ------------------------------------------------------------------------------ */

static bool tag_allows(const struct rs_attempt *attempt, unsigned int i)
{
    const enum rs_hash hash = attempt->slot->stream->suite->hash;

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

static enum rs_outcome try_fresh(struct rs_worker *worker, struct rs_attempts *attempts,
                                 struct rs_attempt *attempt, struct rs_key *key)
{
    struct rs_sender *sender = find_fresh(attempts, attempt, key);

    if (sender == NULL) {
        if (!spend_token(worker, attempt->slot))
            return RS_SENDER_LIMIT;
        sender = rs_sender_new_to_open(worker->senders, attempt->slot, key, attempt->trailer.kid);
        if (sender == NULL) {
            refund_token(attempt->slot);
            return RS_NO_CAPACITY;
        }
        attempts->fresh[attempts->fresh_count++] = (struct rs_fresh_sender){.sender = sender};
    }
    attempt->sender = sender;
    return RS_UNDECIDED;
}

enum rs_outcome rs_opener_find(struct rs_worker *worker, struct rs_attempt *attempt)
{
    enum rs_outcome none = RS_SECRET_MISMATCH;

    attempt->sender = NULL;
    attempt->tried = 0;
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

void rs_opener_settle(struct rs_worker *worker, struct rs_attempts *attempts)
{
    for (unsigned int i = 0; i < attempts->fresh_count; i++) {
        struct rs_fresh_sender *fresh = &attempts->fresh[i];

        if (fresh->verified)
            refund_token(fresh->sender->slot);
        if (fresh->verified && rs_sender_keep(worker->senders, fresh->sender) == 0)
            continue;
        forget(attempts, fresh->sender);
        rs_sender_discard(worker->senders, fresh->sender);
    }
}
