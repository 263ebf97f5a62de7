/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-CTR with a truncated HMAC (RFC 9605 section 4.5.1). The hash wants its message in one piece,
 * so the message is built around the aad:
 *
 *     be64(aad) | be64(ct) | be64(Nt) | nonce | aad | ct
 *     ^ aad - 36                                ^ aad
 */
#include <string.h>

#include "cipher_internal.h"
#include "secret.h"

enum { PREAMBLE_BYTES = 3 * 8 + RS_NONCE_BYTES };

_Static_assert((int)PREAMBLE_BYTES <= (int)RS_AAD_HEADROOM, "the preamble lies before the aad");

static uint8_t *gathered(const struct rs_crypt *crypt)
{
    return crypt->aad + crypt->aad_bytes;
}

static void expand_keys(struct rs_cipher *cipher, const struct rs_suite *suite,
                        const uint8_t *sframe_key, struct rs_cipher_keys *keys)
{
    rs_aes_expand(cipher, sframe_key, suite->nka, keys->ctr.schedule);
    rs_hmac_expand(cipher, &rs_hash_ops[suite->hash], sframe_key + suite->nka,
                   (size_t)suite->nk - suite->nka, &keys->ctr.hmac);
}

/* The text is behind the aad; its tag, in full, goes to cipher->tags[i]. */
static void set_hash_job(struct rs_cipher *cipher, const struct rs_suite *suite,
                         const struct rs_crypt *crypt, unsigned int i)
{
    uint8_t *message = crypt->aad - PREAMBLE_BYTES;

    rs_store_be64(message, crypt->aad_bytes);
    rs_store_be64(message + 8, crypt->text_bytes);
    rs_store_be64(message + 16, suite->nt);
    memcpy(message + 24, cipher->ivs[i], RS_NONCE_BYTES);
    rs_hmac_set_job(cipher, &rs_hash_ops[suite->hash], i, &crypt->keys->ctr.hmac, message,
                    (size_t)PREAMBLE_BYTES + crypt->aad_bytes + crypt->text_bytes, cipher->tags[i]);
}

/* Text that lies elsewhere is encrypted to behind the aad, and copied back once it is hashed. */
static int seal(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    unsigned int jobs = 0;
    int status;

    for (unsigned int i = 0; i < n; i++) {
        rs_ctr_iv_write(&crypts[i], cipher->ivs[i]);
        set_hash_job(cipher, suite, &crypts[i], i);
        if (crypts[i].text_bytes != 0)
            rs_ctr_set_job(cipher, jobs++, &crypts[i], cipher->ivs[i], crypts[i].text,
                           gathered(&crypts[i]));
    }
    status = rs_ctr_submit(cipher, suite->nka, jobs);
    if (status == 0)
        status = rs_hmac_submit(cipher, &rs_hash_ops[suite->hash], n);
    if (status != 0)
        return status;
    for (unsigned int i = 0; i < n; i++) {
        if (crypts[i].text != gathered(&crypts[i]))
            memcpy(crypts[i].text, gathered(&crypts[i]), crypts[i].text_bytes);
        memcpy(crypts[i].tag, cipher->tags[i], suite->nt);
    }
    return 0;
}

static int open(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    unsigned int jobs = 0;
    int status;

    for (unsigned int i = 0; i < n; i++) {
        rs_ctr_iv_write(&crypts[i], cipher->ivs[i]);
        set_hash_job(cipher, suite, &crypts[i], i);
        if (crypts[i].text != gathered(&crypts[i]))
            memcpy(gathered(&crypts[i]), crypts[i].text, crypts[i].text_bytes);
    }
    status = rs_hmac_submit(cipher, &rs_hash_ops[suite->hash], n);
    if (status != 0)
        return status;
    for (unsigned int i = 0; i < n; i++) {
        crypts[i].verified = rs_secret_equal(cipher->tags[i], crypts[i].tag, suite->nt);
        if (crypts[i].verified && crypts[i].text_bytes != 0)
            rs_ctr_set_job(cipher, jobs++, &crypts[i], cipher->ivs[i], crypts[i].text,
                           crypts[i].text);
    }
    return rs_ctr_submit(cipher, suite->nka, jobs);
}

const struct rs_method_ops rs_method_ctr_hmac = {expand_keys, seal, open};
