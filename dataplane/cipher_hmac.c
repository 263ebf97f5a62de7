/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HMAC (RFC 2104) by IPsec-MB, of as many messages at once as there are. Its widest code hashes 8
 * or 16 messages in the time of one, so for few messages other code of it is the quickest; which,
 * is a column of the table.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cipher_internal.h"
#include "secret.h"

enum { SHA512_BLOCK = RS_BLOCK_MAX_BYTES };

static void sha512_one_block(IMB_MGR *mgr, const void *block, void *state)
{
    IMB_SHA512_ONE_BLOCK(mgr, block, state);
}

static void sha256_one_block(IMB_MGR *mgr, const void *block, void *state)
{
    IMB_SHA256_ONE_BLOCK(mgr, block, state);
}

const struct rs_hash_ops rs_hash_ops[RS_HASHES] = {
    [RS_HASH_SHA512] = {128, 64, IMB_AUTH_HMAC_SHA_512, sha512_one_block, 4, 4, 512},
    [RS_HASH_SHA256] = {64, 32, IMB_AUTH_HMAC_SHA_256, sha256_one_block, 8, 15, UINT32_MAX},
};

void rs_hmac_expand(struct rs_cipher *cipher, const struct rs_hash_ops *hash, const uint8_t *key,
                    size_t key_bytes, struct rs_hmac_key *out)
{
    uint8_t block[RS_BLOCK_MAX_BYTES];

    assert(key_bytes <= sizeof(out->key));
    memset(out->key, 0, sizeof(out->key));
    if (key_bytes > 0)
        memcpy(out->key, key, key_bytes);
    memset(block, 0x36, sizeof(block));
    for (size_t i = 0; i < key_bytes; i++)
        block[i] ^= key[i];
    hash->one_block(cipher->mgr, block, out->inner);
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash->one_block(cipher->mgr, block, out->outer);
    rs_secret_wipe(block, sizeof(block));
}

void rs_hmac_set_job(struct rs_cipher *cipher, const struct rs_hash_ops *hash, unsigned int job,
                     const struct rs_hmac_key *key, const uint8_t *message, size_t bytes,
                     uint8_t *digest)
{
    IMB_JOB *j = &cipher->hash_jobs[job];

    cipher->hash_keys[job] = key;
    j->src = message;
    j->hash_start_src_offset_in_bytes = 0;
    j->msg_len_to_hash_in_bytes = bytes;
    j->auth_tag_output = digest;
    j->auth_tag_output_len_in_bytes = hash->digest_bytes;
    j->u.HMAC._hashed_auth_key_xor_ipad = key->inner;
    j->u.HMAC._hashed_auth_key_xor_opad = key->outer;
}

/* Writes the block that HMAC hashes first (RFC 2104 section 2). */
static void write_block(const struct rs_hmac_key *key, uint8_t pad, uint8_t block[SHA512_BLOCK])
{
    memset(block, pad, SHA512_BLOCK);
    for (size_t i = 0; i < sizeof(key->key); i++)
        block[i] ^= key->key[i];
}

/* One long message, hashed by itself from its first block on. */
static void run_alone(struct rs_cipher *cipher)
{
    const struct rs_hmac_key *key = cipher->hash_keys[0];
    const IMB_JOB *job = &cipher->hash_jobs[0];
    uint8_t *block = cipher->alone->block;

    write_block(key, 0x36, block);
    memcpy(cipher->alone->message, job->src, job->msg_len_to_hash_in_bytes);
    IMB_SHA512(cipher->plain, block, SHA512_BLOCK + job->msg_len_to_hash_in_bytes,
               job->auth_tag_output);
    write_block(key, 0x5c, block);
    memcpy(cipher->alone->message, job->auth_tag_output, RS_HASH_MAX_BYTES);
    IMB_SHA512(cipher->plain, block, SHA512_BLOCK + RS_HASH_MAX_BYTES, job->auth_tag_output);
    rs_secret_wipe(block, SHA512_BLOCK);
}

static bool is_better_alone(const struct rs_cipher *cipher, const struct rs_hash_ops *hash)
{
    const uint64_t bytes = cipher->hash_jobs[0].msg_len_to_hash_in_bytes;

    return bytes >= hash->alone_min_bytes && bytes <= sizeof(cipher->alone->message);
}

int rs_hmac_submit(struct rs_cipher *cipher, const struct rs_hash_ops *hash, unsigned int jobs)
{
    const bool shani = (cipher->mgr->features & IMB_FEATURE_SHANI) != 0;
    const bool few = jobs <= (shani ? hash->few_shani : hash->few);
    IMB_MGR *mgr = few ? cipher->few : cipher->mgr;

    if (jobs == 1 && is_better_alone(cipher, hash)) {
        run_alone(cipher);
        return 0;
    }
    /* What the checking form of the call looks for in each job is set by this file alone. */
    return IMB_SUBMIT_HASH_BURST_NOCHECK(mgr, cipher->hash_jobs, jobs, hash->hmac) == jobs ? 0
                                                                                           : -EIO;
}
