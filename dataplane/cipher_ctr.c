/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES in counter mode: the method of the suite without a tag, and the encryption half of the
 * CTR_HMAC method. IPsec-MB's burst calls are synchronous, so nothing is in flight on return.
 */
#include <assert.h>
#include <errno.h>

#include "cipher_internal.h"
#include "secret.h"

void rs_aes_expand(struct rs_cipher *cipher, const uint8_t *key, size_t key_bytes,
                   uint8_t schedule[RS_AES_SCHEDULE_BYTES])
{
    /* Counter mode needs no decryption schedule, but the call writes one. */
    alignas(16) uint8_t unused[RS_AES_SCHEDULE_BYTES];

    switch (key_bytes) {
    case IMB_KEY_128_BYTES:
        IMB_AES_KEYEXP_128(cipher->mgr, key, schedule, unused);
        break;
    case IMB_KEY_256_BYTES:
        IMB_AES_KEYEXP_256(cipher->mgr, key, schedule, unused);
        break;
    default:
        assert(false);
    }
    rs_secret_wipe(unused, sizeof(unused));
}

void rs_ctr_init_jobs(struct rs_cipher *cipher)
{
    for (unsigned int i = 0; i < RS_BURST_MAX; i++) {
        cipher->cipher_jobs[i].cipher_start_src_offset_in_bytes = 0;
        /* With 12 bytes the block counter would start at 1. */
        cipher->cipher_jobs[i].iv_len_in_bytes = RS_CTR_IV_BYTES;
    }
}

int rs_ctr_submit(struct rs_cipher *cipher, size_t key_bytes, unsigned int jobs)
{
    if (jobs == 0)
        return 0;
    /* What the checking form of the call looks for in each job is set by this file alone. */
    return IMB_SUBMIT_CIPHER_BURST_NOCHECK(cipher->mgr, cipher->cipher_jobs, jobs, IMB_CIPHER_CNTR,
                                           IMB_DIR_ENCRYPT, (IMB_KEY_SIZE_BYTES)key_bytes) == jobs
               ? 0
               : -EIO;
}

static void expand_keys(struct rs_cipher *cipher, const struct rs_suite *suite,
                        const uint8_t *sframe_key, struct rs_cipher_keys *keys)
{
    rs_aes_expand(cipher, sframe_key, suite->nka, keys->ctr.schedule);
}

static int seal(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    unsigned int jobs = 0;

    for (unsigned int i = 0; i < n; i++) {
        if (crypts[i].text_bytes == 0)
            continue;
        rs_ctr_iv_write(&crypts[i], cipher->ivs[jobs]);
        rs_ctr_set_job(cipher, jobs, &crypts[i], cipher->ivs[jobs], crypts[i].text, crypts[i].text);
        jobs++;
    }
    return rs_ctr_submit(cipher, suite->nka, jobs);
}

static int open(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        crypts[i].verified = true;
    return seal(cipher, suite, crypts, n);
}

const struct rs_method_ops rs_method_ctr = {offsetof(struct rs_cipher_keys, ctr.hmac), expand_keys,
                                            seal, open};
