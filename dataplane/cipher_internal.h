/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the cipher_*.c files and random.c share, and the only home of IPsec-MB's header. Nothing
 * else includes this.
 */
#pragma once

#include <stdalign.h>

#include <intel-ipsec-mb.h>

#include "cipher.h"

enum {
    RS_CTR_IV_BYTES = 16, /* nonce | block counter */
    RS_AES_SCHEDULE_BYTES = 15 * 16,
    RS_BLOCK_MAX_BYTES = 128, /* the longest block of a hash */
    RS_LENT_MAX_BYTES = 128,  /* of packet memory before a text, borrowed for its HMAC */
};

/* The hash after one block of key XOR ipad, and of key XOR opad (RFC 2104). */
struct rs_hmac_key {
    alignas(16) uint8_t inner[RS_HASH_MAX_BYTES];
    alignas(16) uint8_t outer[RS_HASH_MAX_BYTES];
    uint8_t key[RS_HASH_MAX_BYTES]; /* as it is, zeros behind it */
};

/* Only as much of it is there as the suite's method needs: rs_method_ops.keys_bytes. */
struct rs_cipher_keys {
    union {
        alignas(64) uint8_t salt[RS_NONCE_BYTES]; /* in front of each of the others */
        struct {
            uint8_t front[16];
            alignas(16) uint8_t schedule[RS_AES_SCHEDULE_BYTES];
            struct rs_hmac_key hmac;
        } ctr;
        struct {
            uint8_t front[64];
            struct gcm_key_data data;
        } gcm;
    };
};

struct rs_random;

/* Where one message is hashed behind a key's block. Secret memory. */
struct rs_alone {
    uint8_t block[RS_BLOCK_MAX_BYTES];
    uint8_t message[2048];
};

/* Ordinary memory: it holds pointers to keys, and no key. */
struct rs_cipher {
    IMB_MGR *mgr;
    IMB_MGR *few;   /* quicker for few hashes at once */
    IMB_MGR *plain; /* quicker for a single one */
    struct rs_alone *alone;
    const char *isa_name;
    struct rs_random *random;
    struct gcm_context_data gcm;
    alignas(64) uint8_t ivs[RS_BURST_MAX][RS_CTR_IV_BYTES];
    alignas(64) uint8_t tags[RS_BURST_MAX][RS_HASH_MAX_BYTES];
    uint8_t lent[RS_BURST_MAX][RS_LENT_MAX_BYTES]; /* what was where a message was built */
    IMB_JOB cipher_jobs[RS_BURST_MAX];
    IMB_JOB hash_jobs[RS_BURST_MAX];
    const struct rs_hmac_key *hash_keys[RS_BURST_MAX]; /* of the jobs */
};

/* What a hash needs from IPsec-MB, one row for each enum rs_hash. */
struct rs_hash_ops {
    uint8_t block_bytes;
    uint8_t digest_bytes;
    IMB_HASH_ALG hmac;
    /* The raw state after one block from the initial state. */
    void (*one_block)(IMB_MGR *mgr, const void *block, void *state);
    /* What was measured: up to so many messages at once the next narrower code is as quick or
     * quicker, without and with SHA-NI; and from so many bytes on, a lone one hashed plainly. */
    uint8_t few, few_shani;
    uint32_t alone_min_bytes;
};

extern const struct rs_hash_ops rs_hash_ops[RS_HASHES];

/* How a packet is sealed, one row for each enum rs_method. n is 1 to RS_BURST_MAX. */
struct rs_method_ops {
    size_t keys_bytes; /* of struct rs_cipher_keys, from its start: no others are touched */
    void (*expand_keys)(struct rs_cipher *cipher, const struct rs_suite *suite,
                        const uint8_t *sframe_key, struct rs_cipher_keys *keys);
    int (*seal)(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n);
    int (*open)(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n);
};

extern const struct rs_method_ops rs_method_ctr;
extern const struct rs_method_ops rs_method_ctr_hmac;
extern const struct rs_method_ops rs_method_gcm;

/* ---- cipher_ctr.c --------------------------------------------------------------------------- */

/* Writes the encryption schedule of an AES key of 16 or 32 bytes. */
void rs_aes_expand(struct rs_cipher *cipher, const uint8_t *key, size_t key_bytes,
                   uint8_t schedule[RS_AES_SCHEDULE_BYTES]);

/* Sets what is the same in all jobs. Cold. */
void rs_ctr_init_jobs(struct rs_cipher *cipher);

/* Sets job number `job` to encrypt or decrypt (the same in counter mode) from `src` to `dst`. */
static inline void rs_ctr_set_job(struct rs_cipher *cipher, unsigned int job,
                                  const struct rs_crypt *crypt, const uint8_t *iv,
                                  const uint8_t *src, uint8_t *dst)
{
    IMB_JOB *j = &cipher->cipher_jobs[job];

    j->enc_keys = crypt->keys->ctr.schedule;
    j->src = src;
    j->dst = dst;
    j->msg_len_to_cipher_in_bytes = crypt->text_bytes;
    j->iv = iv;
}

/* Runs the first `jobs` jobs, may be 0, none of them of 0 bytes. Returns 0 or -EIO. */
int rs_ctr_submit(struct rs_cipher *cipher, size_t key_bytes, unsigned int jobs);

/* ---- cipher_hmac.c -------------------------------------------------------------------------- */

/* Precomputes both states of an HMAC key of at most a block. */
void rs_hmac_expand(struct rs_cipher *cipher, const struct rs_hash_ops *hash, const uint8_t *key,
                    size_t key_bytes, struct rs_hmac_key *out);

/* Sets hash job number `job`; `digest` takes digest_bytes. */
void rs_hmac_set_job(struct rs_cipher *cipher, const struct rs_hash_ops *hash, unsigned int job,
                     const struct rs_hmac_key *key, const uint8_t *message, size_t bytes,
                     uint8_t *digest);

/* Runs the first `jobs` hash jobs. Returns 0 or -EIO. */
int rs_hmac_submit(struct rs_cipher *cipher, const struct rs_hash_ops *hash, unsigned int jobs);

/* ---- cipher_hkdf.c -------------------------------------------------------------------------- */

/* One of the outputs that rs_hkdf_expand makes side by side. */
struct rs_expansion {
    const uint8_t *info;
    size_t info_bytes; /* at most 64 */
    uint8_t *out;
    size_t out_bytes; /* at most 96 */
};

enum { RS_EXPANSIONS_MAX = 2 };

/* HKDF-Expand (RFC 5869 section 2.3) of one secret to n <= RS_EXPANSIONS_MAX outputs. */
void rs_hkdf_expand(struct rs_cipher *cipher, const struct rs_hash_ops *hash,
                    const uint8_t secret[RS_HASH_MAX_BYTES], const struct rs_expansion *expansions,
                    unsigned int n);

/* ---- random.c ------------------------------------------------------------------------------- */

/* A generator seeded by getrandom(2), in secret memory; NULL with errno set. */
struct rs_random *rs_random_create(void);
void rs_random_destroy(struct rs_random *random);

/* ---- bytes ---------------------------------------------------------------------------------- */

static inline void rs_store_be64(uint8_t *out, uint64_t value)
{
    value = __builtin_bswap64(value);
    __builtin_memcpy(out, &value, sizeof(value));
}

/* nonce = salt XOR CTR as 12 bytes, big endian (RFC 9605 section 4.4.3) */
static inline void rs_nonce_write(const struct rs_crypt *crypt, uint8_t nonce[RS_NONCE_BYTES])
{
    const uint8_t *salt = crypt->keys->salt;
    uint64_t low;

    __builtin_memcpy(&low, salt + 4, sizeof(low));
    low ^= __builtin_bswap64(crypt->ctr);
    __builtin_memcpy(nonce, salt, 4);
    __builtin_memcpy(nonce + 4, &low, sizeof(low));
}

/*
 * counter block 0 of CTR and CTR_HMAC (RFC 9605 section 4.5.1):
 *
 *     0           12           16
 *     | nonce     | 00000000   |
 */
static inline void rs_ctr_iv_write(const struct rs_crypt *crypt, uint8_t iv[RS_CTR_IV_BYTES])
{
    rs_nonce_write(crypt, iv);
    __builtin_memset(iv + RS_NONCE_BYTES, 0, RS_CTR_IV_BYTES - RS_NONCE_BYTES);
}
