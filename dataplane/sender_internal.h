/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files sender*.c share. Private to them. */
#pragma once

#include <rte_hash.h>

#include "dataplane.h"
#include "sender.h"
#include "sender_record.h"

TAILQ_HEAD(rs_idle_list, rs_sender);

/* Owner: one worker. */
struct rs_senders {
    struct rs_cipher *cipher;
    struct rte_hash *index; /* of kept senders to open with, and of records */
    struct rs_sender_records *records;
    uint64_t now_tsc;                        /* when the burst began */
    uint64_t barren_tsc;                     /* the last burst in which none could make room */
    uint64_t idle_tsc[RS_DIRECTIONS];        /* how long one must be unused to make room */
    struct rs_idle_list idle[RS_DIRECTIONS]; /* all in use, about the least recently used first */
    _Atomic uint32_t in_use;                 /* worker: w, main: r */
    struct rs_sender_cache cache;
};

/* What a kept sender, or a record, is found by; without padding. */
struct rs_sender_index_key {
    const struct rs_stream_slot *slot;
    const struct rs_key *key;
    uint64_t kid;
};

/* ---- sender_room.c ---- */

void rs_senders_init_idle(struct rs_senders *senders);

/* Puts a sender behind all others of its direction. */
void rs_sender_list_last(struct rs_senders *senders, struct rs_sender *sender);

/* Takes a free sender for a stream that has none in use; an idle one makes room. Or NULL. */
struct rs_sender *rs_senders_draw(struct rs_senders *senders);

/* ---- sender.c ---- */

/* Leaves a record in the index in the sender's place. Returns false where there is no room. */
bool rs_sender_leave_record(struct rs_senders *senders, const struct rs_sender *sender);

/* Takes it out of the index, if it is there. */
void rs_sender_leave_index(struct rs_senders *senders, const struct rs_sender *sender);

/* Takes it out of all lists; it is neither wiped nor given back. */
void rs_sender_unlink(struct rs_senders *senders, struct rs_sender *sender);
