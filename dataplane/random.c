/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers: AES-256-CTR with fast key erasure. Each refill replaces its own key and counter
 * by the first bytes it makes, and bytes are wiped as they are handed out, so that what was drawn
 * cannot be computed from what is in memory later.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "cipher_internal.h"
#include "secret.h"

enum { POOL_BYTES = 512 };

struct rs_random {
    /* In the order in which a refill overwrites them. */
    struct state {
        uint8_t key[IMB_KEY_256_BYTES];
        uint8_t counter[RS_CTR_IV_BYTES];
        uint8_t pool[POOL_BYTES];
    } state;
    size_t used; /* bytes of the pool that were handed out, and wiped */
    alignas(64) struct rs_cipher_keys keys;
};

static void refill(struct rs_cipher *cipher)
{
    struct rs_random *random = cipher->random;
    const struct rs_crypt crypt = {.keys = &random->keys, .text_bytes = sizeof(random->state)};
    uint8_t counter[RS_CTR_IV_BYTES];
    int status;

    rs_aes_expand(cipher, random->state.key, sizeof(random->state.key), random->keys.ctr.schedule);
    memcpy(counter, random->state.counter, sizeof(counter));
    memset(&random->state, 0, sizeof(random->state));
    rs_ctr_set_job(cipher, 0, &crypt, counter, (uint8_t *)&random->state,
                   (uint8_t *)&random->state);
    status = rs_ctr_submit(cipher, sizeof(random->state.key), 1);
    /* Zeros must never be taken for random numbers. */
    assert(status == 0);
    (void)status;
    random->used = 0;
    rs_secret_wipe(&random->keys, sizeof(random->keys));
    rs_secret_wipe(counter, sizeof(counter));
}

struct rs_random *rs_random_create(void)
{
    struct rs_random *random = rs_secret_map(sizeof(*random));
    const size_t seed_bytes = offsetof(struct state, pool);
    int error;

    if (random == NULL)
        return NULL;
    if (getrandom(&random->state, seed_bytes, 0) != (ssize_t)seed_bytes) {
        error = errno;
        rs_random_destroy(random);
        errno = error;
        return NULL;
    }
    random->used = POOL_BYTES;
    return random;
}

void rs_random_destroy(struct rs_random *random)
{
    rs_secret_unmap(random, sizeof(*random));
}

void rs_cipher_random(struct rs_cipher *cipher, void *out, size_t bytes)
{
    struct rs_random *random = cipher->random;
    uint8_t *to = out;

    while (bytes > 0) {
        size_t n;

        if (random->used == POOL_BYTES)
            refill(cipher);
        n = POOL_BYTES - random->used < bytes ? POOL_BYTES - random->used : bytes;
        memcpy(to, random->state.pool + random->used, n);
        rs_secret_wipe(random->state.pool + random->used, n);
        random->used += n;
        to += n;
        bytes -= n;
    }
}

void rs_cipher_reseed(struct rs_cipher *cipher, const uint8_t seed[32])
{
    struct rs_random *random = cipher->random;

    for (size_t i = 0; i < sizeof(random->state.key); i++)
        random->state.key[i] ^= seed[i];
    refill(cipher);
}
