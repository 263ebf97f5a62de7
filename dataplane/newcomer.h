/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may have a sender derived. A derivation costs thousands of cycles, and anyone can ask for one
 * with a made-up KID, so each stream has tokens for those that fail. A spray of forged KIDs keeps
 * them spent; what tells a real newcomer from it is that the newcomer comes again, so a KID that
 * was turned away lately, and has not failed lately, draws on tokens of its own. No DPDK.
 */
#pragma once

#include <stdint.h>

enum {
    RS_NEWCOMER_TOKENS = 100,   /* per second, and at most at once; of either kind */
    RS_NEWCOMER_WAYS = 8,       /* KIDs that share a set */
    RS_NEWCOMER_WAITING = 2048, /* sets of KIDs that were turned away */
    RS_NEWCOMER_FAILED = 128,   /* sets of KIDs that failed */
    RS_NEWCOMER_LATELY_MS = 10000
};

struct rs_tokens {
    uint32_t left;
    uint64_t filled_tsc;
};

/* A stream's, of one worker. All zero is full. */
struct rs_newcomer_tokens {
    struct rs_tokens first; /* for KIDs not seen before */
    struct rs_tokens again; /* for those that come again */
};

/* A KID of a stream, as a fingerprint, and when it was last seen. */
struct rs_seen_kid {
    uint32_t print, at_ms;
};

/* Owner: one worker. */
struct rs_newcomers {
    uint64_t seed; /* so that nobody outside knows which KIDs share a set */
    uint64_t tsc_hz;
    struct rs_seen_kid waiting[RS_NEWCOMER_WAITING][RS_NEWCOMER_WAYS];
    struct rs_seen_kid failed[RS_NEWCOMER_FAILED][RS_NEWCOMER_WAYS];
};

/* Makes the caller's memory know nobody. `seed` is random. */
void rs_newcomers_init(struct rs_newcomers *newcomers, uint64_t seed, uint64_t tsc_hz);

/*
 * May a sender be derived for `kid` on the stream of `tokens`? It is paid for at once. Returns the
 * tokens that were drawn on, or NULL: no, not now. Worker; no allocation.
 */
struct rs_tokens *rs_newcomer_admit(struct rs_newcomers *newcomers,
                                    struct rs_newcomer_tokens *tokens, uint64_t kid,
                                    uint64_t now_tsc);

/* The same for a KID that was opened before, and need not come twice. */
struct rs_tokens *rs_newcomer_admit_returning(struct rs_newcomers *newcomers,
                                              struct rs_newcomer_tokens *tokens, uint64_t kid,
                                              uint64_t now_tsc);

/* The derivation was not in vain, or was not made: gives the token back. */
void rs_newcomer_refund(struct rs_tokens *paid);

/* No packet of the KID verified: it no longer counts as one that comes again, for a while. */
void rs_newcomer_failed(struct rs_newcomers *newcomers, const struct rs_newcomer_tokens *tokens,
                        uint64_t kid, uint64_t now_tsc);
