/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buckets of tokens. There are as many as clients can be connected, so that one can be had for
 * every user who is; a full one belongs to nobody.
 */
#include "rate.h"

#include <stdlib.h>

#include "control/control.h"
#include "control/server.h"

enum { BUCKETS = RS_CLIENTS_MAX };

/* Tokens in thousandths, so that each millisecond adds per_second of them. */
struct bucket {
    uid_t uid;
    uint64_t tokens, filled_ms;
};

struct rs_rate {
    uint32_t per_second;
    struct bucket buckets[BUCKETS];
};

static uint64_t capacity(const struct rs_rate *rate)
{
    return (uint64_t)rate->per_second * 1000;
}

static void fill(const struct rs_rate *rate, struct bucket *bucket, uint64_t now_ms)
{
    const uint64_t added = (now_ms - bucket->filled_ms) * rate->per_second;

    bucket->filled_ms = now_ms;
    bucket->tokens =
        added > capacity(rate) - bucket->tokens ? capacity(rate) : bucket->tokens + added;
}

void rs_rate_set(struct rs_rate *rate, uint32_t per_second)
{
    rate->per_second = per_second;
    for (size_t i = 0; i < BUCKETS; i++)
        rate->buckets[i] = (struct bucket){.tokens = capacity(rate)};
}

struct rs_rate *rs_rate_create(uint32_t per_second)
{
    struct rs_rate *rate = calloc(1, sizeof(*rate));

    if (rate != NULL)
        rs_rate_set(rate, per_second);
    return rate;
}

void rs_rate_destroy(struct rs_rate *rate)
{
    free(rate);
}

/* The user's bucket, or else the fullest: where that is not full, its user keeps what it spent. */
static struct bucket *find(struct rs_rate *rate, uid_t uid, uint64_t now_ms)
{
    struct bucket *fullest = &rate->buckets[0];

    for (size_t i = 0; i < BUCKETS; i++) {
        struct bucket *bucket = &rate->buckets[i];

        fill(rate, bucket, now_ms);
        if (bucket->uid == uid && bucket->tokens < capacity(rate))
            return bucket;
        if (bucket->tokens > fullest->tokens)
            fullest = bucket;
    }
    fullest->uid = uid;
    return fullest;
}

bool rs_rate_allows(struct rs_rate *rate, uid_t uid)
{
    struct bucket *bucket;

    if (rate->per_second == 0)
        return true;
    bucket = find(rate, uid, rs_control_now_ms());
    if (bucket->tokens < 1000)
        return false;
    bucket->tokens -= 1000;
    return true;
}
