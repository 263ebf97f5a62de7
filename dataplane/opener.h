/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which sender sealed a packet that is to be opened: one that this worker keeps, or one derived on
 * the spot, under each key of the ring that the key tag allows. Private to the open stage.
 */
#pragma once

#include <stdint.h>

#include "burst.h"
#include "keyring.h"
#include "newcomer.h"
#include "sender.h"
#include "wire.h"

struct rs_worker;

/* A packet on its way through the cipher, tried with one key after the other. */
struct rs_attempt {
    struct rs_stream_slot *slot;
    const struct rs_keyring *ring;
    struct rs_sender *sender; /* being tried */
    struct rs_trailer trailer;
    uint8_t place;
    uint8_t tried; /* bit i: keys[i] of the ring */
};

/* A sender derived for this burst, in the pool's book but not yet kept. */
struct rs_fresh_sender {
    struct rs_sender *sender;
    struct rs_tokens *paid; /* given back if it verifies */
    bool verified;          /* a packet of it was opened */
};

/* Packets of one suite. */
struct rs_attempts {
    unsigned int count, fresh_count;
    struct rs_attempt attempts[RS_BURST_MAX];
    struct rs_fresh_sender fresh[RS_BURST_MAX * RS_KEYS_MAX];
};

/*
 * Picks the sender that this worker keeps for the packet's KID, under any key its tag allows.
 * RS_UNDECIDED with attempt->sender set, or NULL where there is none; RS_SECRET_MISMATCH;
 * RS_REPLAY.
 */
enum rs_outcome rs_opener_find(struct rs_worker *worker, struct rs_attempt *attempt);

/*
 * Picks the sender under the next key not tried, newest first, derived where none is kept.
 * RS_UNDECIDED with attempt->sender set; RS_REPLAY; RS_SENDER_LIMIT; RS_NO_CAPACITY; or
 * RS_AUTH_FAILED where all were tried.
 */
enum rs_outcome rs_opener_next(struct rs_worker *worker, struct rs_attempts *attempts,
                               struct rs_attempt *attempt);

/* A packet of attempt->sender has verified. */
void rs_opener_verified(struct rs_attempts *attempts, const struct rs_attempt *attempt);

/*
 * When all attempts are through: keeps fresh senders that have opened a packet, and discards, at
 * the slot's cost, those that have not. Where one could not be kept, its attempts' sender becomes
 * NULL.
 */
void rs_opener_settle(struct rs_worker *worker, struct rs_attempts *attempts);
