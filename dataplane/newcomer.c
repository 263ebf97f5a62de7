/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tokens for derivations, and two small memories of KIDs: those turned away and those that failed.
 * Each is a table of sets, of fixed size; what it forgets costs a newcomer one packet more.
 */
#include "newcomer.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { HOLD_MS = 100 /* a KID turned away is not pushed out before it can come again */ };

void rs_newcomers_init(struct rs_newcomers *newcomers, uint64_t seed, uint64_t tsc_hz)
{
    memset(newcomers, 0, sizeof(*newcomers));
    newcomers->seed = seed;
    newcomers->tsc_hz = tsc_hz;
}

/* ---- tokens ------------------------------------------------------------------------------- */

static void refill(struct rs_tokens *tokens, uint64_t now_tsc, uint64_t tsc_hz)
{
    const uint64_t per_token = tsc_hz / RS_NEWCOMER_TOKENS;
    const uint64_t earned = (now_tsc - tokens->filled_tsc) / per_token;

    if (earned >= RS_NEWCOMER_TOKENS - tokens->left) {
        tokens->left = RS_NEWCOMER_TOKENS;
        tokens->filled_tsc = now_tsc;
    } else {
        tokens->left += (uint32_t)earned;
        tokens->filled_tsc += earned * per_token;
    }
}

/* Paid for at once, so that one burst cannot ask for more than there are tokens. */
static bool spend(struct rs_tokens *tokens, uint64_t now_tsc, uint64_t tsc_hz)
{
    refill(tokens, now_tsc, tsc_hz);
    if (tokens->left == 0)
        return false;
    tokens->left--;
    return true;
}

void rs_newcomer_refund(struct rs_tokens *paid)
{
    paid->left += paid->left < RS_NEWCOMER_TOKENS;
}

/* ---- memories ----------------------------------------------------------------------------- */

/* Mixes all bits into all (the finalizer of SplitMix64). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* The stream is told by where its tokens are. */
static uint64_t hash_of(const struct rs_newcomers *newcomers,
                        const struct rs_newcomer_tokens *tokens, uint64_t kid)
{
    return mix(mix(kid ^ newcomers->seed) ^ (uintptr_t)tokens);
}

static uint32_t now_ms(const struct rs_newcomers *newcomers, uint64_t now_tsc)
{
    return (uint32_t)(now_tsc / (newcomers->tsc_hz / 1000));
}

static struct rs_seen_kid *find(struct rs_seen_kid *set, uint32_t print, uint32_t now)
{
    for (unsigned int i = 0; i < RS_NEWCOMER_WAYS; i++) {
        if (set[i].print == print && now - set[i].at_ms < RS_NEWCOMER_LATELY_MS)
            return &set[i];
    }
    return NULL;
}

/* Remembers a KID in the place of the one seen longest ago, unless that was under `hold_ms` ago. */
static void remember(struct rs_seen_kid *set, uint32_t print, uint32_t now, uint32_t hold_ms)
{
    struct rs_seen_kid *place = find(set, print, now);

    if (place != NULL) {
        place->at_ms = now;
        return;
    }
    place = set;
    for (unsigned int i = 1; i < RS_NEWCOMER_WAYS; i++) {
        if (now - set[i].at_ms > now - place->at_ms)
            place = &set[i];
    }
    if (now - place->at_ms >= hold_ms)
        *place = (struct rs_seen_kid){print, now};
}

/* ---- admission ---------------------------------------------------------------------------- */

struct rs_tokens *rs_newcomer_admit(struct rs_newcomers *newcomers,
                                    struct rs_newcomer_tokens *tokens, uint64_t kid,
                                    uint64_t now_tsc)
{
    const uint64_t hash = hash_of(newcomers, tokens, kid);
    const uint32_t print = (uint32_t)(hash >> 32), now = now_ms(newcomers, now_tsc);
    struct rs_seen_kid *waiting = newcomers->waiting[hash % RS_NEWCOMER_WAITING];
    bool has_failed;

    if (spend(&tokens->first, now_tsc, newcomers->tsc_hz))
        return &tokens->first;
    has_failed = find(newcomers->failed[hash % RS_NEWCOMER_FAILED], print, now) != NULL;
    if (!has_failed && find(waiting, print, now) != NULL &&
        spend(&tokens->again, now_tsc, newcomers->tsc_hz))
        return &tokens->again;
    if (!has_failed)
        remember(waiting, print, now, HOLD_MS);
    return NULL;
}

struct rs_tokens *rs_newcomer_admit_returning(struct rs_newcomers *newcomers,
                                              struct rs_newcomer_tokens *tokens, uint64_t kid,
                                              uint64_t now_tsc)
{
    const uint64_t hash = hash_of(newcomers, tokens, kid);
    const uint32_t print = (uint32_t)(hash >> 32), now = now_ms(newcomers, now_tsc);

    if (find(newcomers->failed[hash % RS_NEWCOMER_FAILED], print, now) == NULL &&
        spend(&tokens->again, now_tsc, newcomers->tsc_hz))
        return &tokens->again;
    return rs_newcomer_admit(newcomers, tokens, kid, now_tsc);
}

void rs_newcomer_failed(struct rs_newcomers *newcomers, const struct rs_newcomer_tokens *tokens,
                        uint64_t kid, uint64_t now_tsc)
{
    const uint64_t hash = hash_of(newcomers, tokens, kid);

    remember(newcomers->failed[hash % RS_NEWCOMER_FAILED], (uint32_t)(hash >> 32),
             now_ms(newcomers, now_tsc), 0);
}
