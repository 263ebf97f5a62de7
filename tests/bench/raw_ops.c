/* SPDX-License-Identifier: BSD-3-Clause */
/* IPsec-MB's calls, as little around them as they need: nonces, jobs, comparing tags. */
#include "tests/bench/raw_ops.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include <intel-ipsec-mb.h>

#include "tests/bench/bench.h"

enum { IV_BYTES = 16, NONCE_BYTES = 12, DIGEST_BYTES = 64, BLOCK_BYTES = 128, KEY_BYTES = 32 };

struct rs_raw {
    alignas(64) uint8_t schedule[15 * 16];
    alignas(64) uint8_t inner[DIGEST_BYTES];
    alignas(64) uint8_t outer[DIGEST_BYTES];
    alignas(64) struct gcm_key_data gcm_key;
    struct gcm_context_data gcm_context;
    alignas(64) uint8_t ivs[RS_RAW_BURST_MAX][IV_BYTES];
    alignas(64) uint8_t tags[RS_RAW_BURST_MAX][DIGEST_BYTES];
    IMB_JOB cipher_jobs[RS_RAW_BURST_MAX], hash_jobs[RS_RAW_BURST_MAX];
    IMB_MGR *mgr;
};

static void expand_hmac(struct rs_raw *raw, const uint8_t *key)
{
    uint8_t block[BLOCK_BYTES];

    memset(block, 0x36, sizeof(block));
    for (unsigned int i = 0; i < DIGEST_BYTES; i++)
        block[i] ^= key[i];
    IMB_SHA512_ONE_BLOCK(raw->mgr, block, raw->inner);
    for (unsigned int i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    IMB_SHA512_ONE_BLOCK(raw->mgr, block, raw->outer);
}

struct rs_raw *rs_raw_create(void)
{
    struct rs_raw *raw = aligned_alloc(64, (sizeof(*raw) + 63) / 64 * 64);
    alignas(16) uint8_t unused[15 * 16];
    uint8_t key[KEY_BYTES + DIGEST_BYTES];
    IMB_ARCH arch;

    if (raw == NULL)
        rs_bench_fail("no memory");
    memset(raw, 0, sizeof(*raw));
    raw->mgr = alloc_mb_mgr(0);
    if (raw->mgr == NULL)
        rs_bench_fail("IPsec-MB does not start");
    init_mb_mgr_auto(raw->mgr, &arch);
    for (unsigned int i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(i * 37 + 11);
    IMB_AES_KEYEXP_256(raw->mgr, key, raw->schedule, unused);
    IMB_AES256_GCM_PRE(raw->mgr, key, &raw->gcm_key);
    expand_hmac(raw, key + KEY_BYTES);
    return raw;
}

static uint8_t *write_iv(struct rs_raw *raw, unsigned int i, const struct rs_raw_packet *packet)
{
    memcpy(raw->ivs[i] + 4, &packet->ctr, sizeof(packet->ctr));
    return raw->ivs[i];
}

static bool tags_match(const uint8_t *a, const uint8_t *b, unsigned int bytes)
{
    unsigned int differences = 0;

    for (unsigned int i = 0; i < bytes; i++)
        differences |= a[i] ^ b[i];
    return differences == 0;
}

/* Writes the tags to the packets, or compares them. */
static unsigned int finish_tags(struct rs_raw *raw, const struct rs_raw_packet *packets,
                                unsigned int n, const struct rs_suite *suite,
                                enum rs_direction direction)
{
    unsigned int verified = 0;

    for (unsigned int i = 0; i < n; i++) {
        if (direction == RS_SEAL)
            memcpy(packets[i].tag, raw->tags[i], suite->nt);
        verified += direction == RS_SEAL || tags_match(packets[i].tag, raw->tags[i], suite->nt);
    }
    return verified;
}

/* ---- cipher and hash bursts --------------------------------------------------------------- */

static void set_cipher(struct rs_raw *raw, IMB_JOB *job, unsigned int i,
                       const struct rs_raw_packet *packet)
{
    job->enc_keys = raw->schedule;
    job->src = packet->text;
    job->dst = packet->text;
    job->msg_len_to_cipher_in_bytes = packet->text_bytes;
    job->iv = write_iv(raw, i, packet);
    job->iv_len_in_bytes = IV_BYTES;
}

static void set_hash(struct rs_raw *raw, IMB_JOB *job, unsigned int i,
                     const struct rs_raw_packet *packet)
{
    job->src = packet->message;
    job->msg_len_to_hash_in_bytes = (uint64_t)(packet->text - packet->message) + packet->text_bytes;
    job->auth_tag_output = raw->tags[i];
    job->auth_tag_output_len_in_bytes = DIGEST_BYTES;
    job->u.HMAC._hashed_auth_key_xor_ipad = raw->inner;
    job->u.HMAC._hashed_auth_key_xor_opad = raw->outer;
}

static unsigned int burst_ctr(struct rs_raw *raw, const struct rs_raw_packet *packets,
                              unsigned int n, const struct rs_suite *suite,
                              enum rs_direction direction)
{
    (void)suite, (void)direction;
    for (unsigned int i = 0; i < n; i++)
        set_cipher(raw, &raw->cipher_jobs[i], i, &packets[i]);
    return IMB_SUBMIT_CIPHER_BURST_NOCHECK(raw->mgr, raw->cipher_jobs, n, IMB_CIPHER_CNTR,
                                           IMB_DIR_ENCRYPT, IMB_KEY_256_BYTES);
}

static void burst_hash(struct rs_raw *raw, const struct rs_raw_packet *packets, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        set_hash(raw, &raw->hash_jobs[i], i, &packets[i]);
    IMB_SUBMIT_HASH_BURST_NOCHECK(raw->mgr, raw->hash_jobs, n, IMB_AUTH_HMAC_SHA_512);
}

static unsigned int burst_ctr_hmac(struct rs_raw *raw, const struct rs_raw_packet *packets,
                                   unsigned int n, const struct rs_suite *suite,
                                   enum rs_direction direction)
{
    unsigned int verified;

    if (direction == RS_SEAL)
        burst_ctr(raw, packets, n, suite, direction);
    burst_hash(raw, packets, n);
    verified = finish_tags(raw, packets, n, suite, direction);
    if (direction == RS_OPEN)
        burst_ctr(raw, packets, n, suite, direction);
    return verified;
}

/* ---- chained jobs ------------------------------------------------------------------------- */

/* Makes room for a burst, and takes its jobs. */
static void take_jobs(struct rs_raw *raw, IMB_JOB *jobs[], unsigned int n)
{
    while (IMB_GET_NEXT_BURST(raw->mgr, n, jobs) < n)
        IMB_FLUSH_BURST(raw->mgr, n, jobs);
}

static void submit_all(struct rs_raw *raw, IMB_JOB **jobs, unsigned int n)
{
    unsigned int done = IMB_SUBMIT_BURST_NOCHECK(raw->mgr, n, jobs);

    while (done < n)
        done += IMB_FLUSH_BURST(raw->mgr, n - done, jobs);
}

static unsigned int jobs_ctr(struct rs_raw *raw, const struct rs_raw_packet *packets,
                             unsigned int n, const struct rs_suite *suite,
                             enum rs_direction direction)
{
    IMB_JOB *jobs[RS_RAW_BURST_MAX];

    (void)suite, (void)direction;
    take_jobs(raw, jobs, n);
    for (unsigned int i = 0; i < n; i++) {
        IMB_JOB *job = jobs[i];

        set_cipher(raw, job, i, &packets[i]);
        job->cipher_start_src_offset_in_bytes = 0;
        job->key_len_in_bytes = IMB_KEY_256_BYTES;
        job->cipher_mode = IMB_CIPHER_CNTR;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->chain_order = IMB_ORDER_CIPHER_HASH;
        job->hash_alg = IMB_AUTH_NULL;
    }
    submit_all(raw, jobs, n);
    return n;
}

static unsigned int jobs_ctr_hmac(struct rs_raw *raw, const struct rs_raw_packet *packets,
                                  unsigned int n, const struct rs_suite *suite,
                                  enum rs_direction direction)
{
    IMB_JOB *jobs[RS_RAW_BURST_MAX];

    take_jobs(raw, jobs, n);
    for (unsigned int i = 0; i < n; i++) {
        const struct rs_raw_packet *packet = &packets[i];
        IMB_JOB *job = jobs[i];

        set_cipher(raw, job, i, packet);
        set_hash(raw, job, i, packet); /* which has the message as the source of both */
        job->cipher_start_src_offset_in_bytes = (uint64_t)(packet->text - packet->message);
        job->hash_start_src_offset_in_bytes = 0;
        job->key_len_in_bytes = IMB_KEY_256_BYTES;
        job->cipher_mode = IMB_CIPHER_CNTR;
        job->hash_alg = IMB_AUTH_HMAC_SHA_512;
        job->cipher_direction = direction == RS_SEAL ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
        job->chain_order = direction == RS_SEAL ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    }
    submit_all(raw, jobs, n);
    return finish_tags(raw, packets, n, suite, direction);
}

/* ---- GCM ---------------------------------------------------------------------------------- */

static unsigned int direct_gcm(struct rs_raw *raw, const struct rs_raw_packet *packets,
                               unsigned int n, const struct rs_suite *suite,
                               enum rs_direction direction)
{
    const aes_gcm_enc_dec_t call =
        direction == RS_SEAL ? raw->mgr->gcm256_enc : raw->mgr->gcm256_dec;

    for (unsigned int i = 0; i < n; i++) {
        const struct rs_raw_packet *packet = &packets[i];

        call(&raw->gcm_key, &raw->gcm_context, packet->text, packet->text, packet->text_bytes,
             write_iv(raw, i, packet), packet->message, (uint64_t)(packet->text - packet->message),
             direction == RS_SEAL ? packet->tag : raw->tags[i], suite->nt);
    }
    return direction == RS_SEAL ? n : finish_tags(raw, packets, n, suite, direction);
}

static unsigned int jobs_gcm(struct rs_raw *raw, const struct rs_raw_packet *packets,
                             unsigned int n, const struct rs_suite *suite,
                             enum rs_direction direction)
{
    IMB_JOB *jobs[RS_RAW_BURST_MAX];

    take_jobs(raw, jobs, n);
    for (unsigned int i = 0; i < n; i++) {
        const struct rs_raw_packet *packet = &packets[i];
        IMB_JOB *job = jobs[i];

        set_cipher(raw, job, i, packet);
        job->enc_keys = job->dec_keys = &raw->gcm_key;
        job->iv_len_in_bytes = NONCE_BYTES;
        job->key_len_in_bytes = IMB_KEY_256_BYTES;
        job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
        job->msg_len_to_hash_in_bytes = packet->text_bytes;
        job->u.GCM.aad = packet->message;
        job->u.GCM.aad_len_in_bytes = (uint64_t)(packet->text - packet->message);
        job->auth_tag_output = direction == RS_SEAL ? packet->tag : raw->tags[i];
        job->auth_tag_output_len_in_bytes = suite->nt;
        job->cipher_mode = IMB_CIPHER_GCM;
        job->hash_alg = IMB_AUTH_AES_GMAC;
        job->cipher_direction = direction == RS_SEAL ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
        job->chain_order = direction == RS_SEAL ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    }
    submit_all(raw, jobs, n);
    return direction == RS_SEAL ? n : finish_tags(raw, packets, n, suite, direction);
}

const struct rs_raw_way rs_raw_ways[] = {
    {"cipher burst of 32", RS_METHOD_CTR, 32, burst_ctr},
    {"cipher burst of 128", RS_METHOD_CTR, 128, burst_ctr},
    {"job burst of 32", RS_METHOD_CTR, 32, jobs_ctr},
    {"cipher and hash burst of 32", RS_METHOD_CTR_HMAC, 32, burst_ctr_hmac},
    {"cipher and hash burst of 128", RS_METHOD_CTR_HMAC, 128, burst_ctr_hmac},
    {"job burst of 32", RS_METHOD_CTR_HMAC, 32, jobs_ctr_hmac},
    {"job burst of 128", RS_METHOD_CTR_HMAC, 128, jobs_ctr_hmac},
    {"direct calls", RS_METHOD_GCM, 32, direct_gcm},
    {"job burst of 32", RS_METHOD_GCM, 32, jobs_gcm},
};
const size_t rs_raw_way_count = sizeof(rs_raw_ways) / sizeof(rs_raw_ways[0]);
