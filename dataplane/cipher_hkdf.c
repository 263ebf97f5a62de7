/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is made of hashes: HKDF (RFC 5869), the key tag and the fingerprint. Every byte that a key
 * could be told from is wiped before returning.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cipher_internal.h"
#include "secret.h"

enum { INFO_MAX_BYTES = 64 };

/* Key derivation goes on with what this leaves, so a refusal, which no input can cause, must not
 * pass unseen. */
static void run_or_abort(struct rs_cipher *cipher, const struct rs_hash_ops *hash,
                         unsigned int jobs)
{
    const int status = rs_hmac_submit(cipher, hash, jobs);

    assert(status == 0);
    (void)status;
}

void rs_cipher_extract(struct rs_cipher *cipher, enum rs_hash hash, const uint8_t *base_key,
                       size_t base_key_bytes, uint8_t secret[RS_HASH_MAX_BYTES])
{
    const struct rs_hash_ops *ops = &rs_hash_ops[hash];
    struct rs_hmac_key empty;

    rs_hmac_expand(cipher, ops, NULL, 0, &empty);
    rs_hmac_set_job(cipher, ops, 0, &empty, base_key, base_key_bytes, secret);
    run_or_abort(cipher, ops, 1);
}

/* T(i) = HMAC(secret, T(i - 1) | info | i), of one output. */
struct chain {
    const struct rs_expansion *expansion;
    uint8_t digest[RS_HASH_MAX_BYTES];
    uint8_t message[RS_HASH_MAX_BYTES + INFO_MAX_BYTES + 1];
};

static void set_round(struct rs_cipher *cipher, const struct rs_hash_ops *hash, unsigned int job,
                      const struct rs_hmac_key *key, struct chain *chain, uint8_t round)
{
    const struct rs_expansion *e = chain->expansion;
    const size_t carried = round == 1 ? 0 : hash->digest_bytes;

    memcpy(chain->message, chain->digest, carried);
    memcpy(chain->message + carried, e->info, e->info_bytes);
    chain->message[carried + e->info_bytes] = round;
    rs_hmac_set_job(cipher, hash, job, key, chain->message, carried + e->info_bytes + 1,
                    chain->digest);
}

/* Returns whether the output wants another round. */
static bool take_round(const struct rs_hash_ops *hash, const struct chain *chain, uint8_t round)
{
    const struct rs_expansion *e = chain->expansion;
    const size_t done = (size_t)(round - 1) * hash->digest_bytes;
    const size_t left = e->out_bytes - done;

    memcpy(e->out + done, chain->digest, left < hash->digest_bytes ? left : hash->digest_bytes);
    return left > hash->digest_bytes;
}

void rs_hkdf_expand(struct rs_cipher *cipher, const struct rs_hash_ops *hash,
                    const uint8_t secret[RS_HASH_MAX_BYTES], const struct rs_expansion *expansions,
                    unsigned int n)
{
    struct chain chains[RS_EXPANSIONS_MAX] = {0};
    struct chain *unfinished[RS_EXPANSIONS_MAX];
    struct rs_hmac_key key;

    assert(n <= RS_EXPANSIONS_MAX);
    for (unsigned int i = 0; i < n; i++) {
        assert(expansions[i].info_bytes <= INFO_MAX_BYTES);
        assert(expansions[i].out_bytes <= RS_KEY_MAX_BYTES);
        chains[i].expansion = &expansions[i];
        unfinished[i] = &chains[i];
    }
    rs_hmac_expand(cipher, hash, secret, hash->digest_bytes, &key);
    for (uint8_t round = 1; n > 0; round++) {
        unsigned int left = 0;

        for (unsigned int i = 0; i < n; i++)
            set_round(cipher, hash, i, &key, unfinished[i], round);
        run_or_abort(cipher, hash, n);
        for (unsigned int i = 0; i < n; i++) {
            if (take_round(hash, unfinished[i], round))
                unfinished[left++] = unfinished[i];
        }
        n = left;
    }
    rs_secret_wipe(&key, sizeof(key));
    rs_secret_wipe(chains, sizeof(chains));
}

void rs_cipher_expand(struct rs_cipher *cipher, enum rs_hash hash,
                      const uint8_t secret[RS_HASH_MAX_BYTES], const uint8_t *info,
                      size_t info_bytes, uint8_t *out, size_t out_bytes)
{
    const struct rs_expansion expansion = {info, info_bytes, out, out_bytes};

    rs_hkdf_expand(cipher, &rs_hash_ops[hash], secret, &expansion, 1);
}

uint16_t rs_key_tag(struct rs_cipher *cipher, enum rs_hash hash,
                    const uint8_t secret[RS_HASH_MAX_BYTES])
{
    static const char info[] = "rtpseal key tag";
    uint8_t tag[2];

    rs_cipher_expand(cipher, hash, secret, (const uint8_t *)info, sizeof(info) - 1, tag,
                     sizeof(tag));
    return (uint16_t)(tag[0] << 8 | tag[1]);
}

void rs_key_fingerprint(struct rs_cipher *cipher, enum rs_hash hash,
                        const uint8_t secret[RS_HASH_MAX_BYTES],
                        char fingerprint[RS_FINGERPRINT_CHARS])
{
    static const char info[] = "rtpseal fingerprint";
    uint8_t bits[15]; /* six numbers of 20 bits, big endian */

    rs_cipher_expand(cipher, hash, secret, (const uint8_t *)info, sizeof(info) - 1, bits,
                     sizeof(bits));
    for (size_t i = 0; i < 6; i++) {
        const uint8_t *at = bits + i / 2 * 5;
        const uint32_t number = i % 2 == 0
                                    ? (uint32_t)at[0] << 12 | (uint32_t)at[1] << 4 | at[2] >> 4
                                    : (uint32_t)(at[2] & 0x0f) << 16 | (uint32_t)at[3] << 8 | at[4];

        snprintf(fingerprint + 6 * i, 7, i < 5 ? "%05u " : "%05u", number % 100000);
    }
}
