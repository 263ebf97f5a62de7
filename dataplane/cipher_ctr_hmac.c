/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-CTR with a truncated HMAC (RFC 9605 section 4.5.1). The hash wants its message in one piece:
 *
 *     be64(aad) | be64(ct) | be64(Nt) | nonce | aad | ct
 *     ^ aad - 36                                ^ aad
 *
 * Where the packet lends the bytes before its text, the front is written there for the time of the
 * hash, and the text is neither moved nor copied; else the text is gathered behind the aad.
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

static size_t front_bytes(const struct rs_crypt *crypt)
{
    return (size_t)PREAMBLE_BYTES + crypt->aad_bytes;
}

static bool is_lent(const struct rs_crypt *crypt)
{
    return front_bytes(crypt) <= crypt->lent_bytes && front_bytes(crypt) <= RS_LENT_MAX_BYTES;
}

/* Where the text is hashed. */
static uint8_t *hashed(const struct rs_crypt *crypt)
{
    return is_lent(crypt) ? crypt->text : gathered(crypt);
}

static void expand_keys(struct rs_cipher *cipher, const struct rs_suite *suite,
                        const uint8_t *sframe_key, struct rs_cipher_keys *keys)
{
    rs_aes_expand(cipher, sframe_key, suite->nka, keys->ctr.schedule);
    rs_hmac_expand(cipher, &rs_hash_ops[suite->hash], sframe_key + suite->nka,
                   (size_t)suite->nk - suite->nka, &keys->ctr.hmac);
}

/* The text is where it is hashed; its tag, in full, goes to cipher->tags[i]. */
static void set_hash_job(struct rs_cipher *cipher, const struct rs_suite *suite,
                         const struct rs_crypt *crypt, unsigned int i)
{
    const size_t front = front_bytes(crypt);
    uint8_t *message = crypt->aad - PREAMBLE_BYTES;

    rs_store_be64(message, crypt->aad_bytes);
    rs_store_be64(message + 8, crypt->text_bytes);
    rs_store_be64(message + 16, suite->nt);
    memcpy(message + 24, cipher->ivs[i], RS_NONCE_BYTES);
    if (is_lent(crypt)) {
        memcpy(cipher->lent[i], crypt->text - front, front);
        memcpy(crypt->text - front, message, front);
        message = crypt->text - front;
    }
    rs_hmac_set_job(cipher, &rs_hash_ops[suite->hash], i, &crypt->keys->ctr.hmac, message,
                    front + crypt->text_bytes, cipher->tags[i]);
}

/* Hashes n texts that are where they are hashed, and gives back what was lent. */
static int hash(struct rs_cipher *cipher, const struct rs_suite *suite,
                const struct rs_crypt *crypts, unsigned int n)
{
    int status;

    for (unsigned int i = 0; i < n; i++)
        set_hash_job(cipher, suite, &crypts[i], i);
    status = rs_hmac_submit(cipher, &rs_hash_ops[suite->hash], n);
    for (unsigned int i = 0; i < n; i++) {
        const size_t front = front_bytes(&crypts[i]);

        if (is_lent(&crypts[i]))
            memcpy(crypts[i].text - front, cipher->lent[i], front);
    }
    return status;
}

static int seal(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    unsigned int jobs = 0;
    int status;

    for (unsigned int i = 0; i < n; i++) {
        rs_ctr_iv_write(&crypts[i], cipher->ivs[i]);
        if (crypts[i].text_bytes != 0)
            rs_ctr_set_job(cipher, jobs++, &crypts[i], cipher->ivs[i], crypts[i].text,
                           hashed(&crypts[i]));
    }
    status = rs_ctr_submit(cipher, suite->nka, jobs);
    if (status == 0)
        status = hash(cipher, suite, crypts, n);
    if (status != 0)
        return status;
    for (unsigned int i = 0; i < n; i++) {
        if (crypts[i].text != hashed(&crypts[i]))
            memcpy(crypts[i].text, hashed(&crypts[i]), crypts[i].text_bytes);
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
        if (crypts[i].text != hashed(&crypts[i]))
            memcpy(hashed(&crypts[i]), crypts[i].text, crypts[i].text_bytes);
    }
    status = hash(cipher, suite, crypts, n);
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

const struct rs_method_ops rs_method_ctr_hmac = {offsetof(struct rs_cipher_keys, ctr) +
                                                     sizeof(((struct rs_cipher_keys *)0)->ctr),
                                                 expand_keys, seal, open};
