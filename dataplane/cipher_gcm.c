/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-GCM (RFC 9605 section 4.5.2), by IPsec-MB's direct call for each packet: at the sizes of
 * media packets it is faster than jobs.
 */
#include "cipher_internal.h"
#include "secret.h"

/* IPsec-MB's calls for one key size. */
struct calls {
    aes_gcm_pre_t expand;
    aes_gcm_enc_dec_t seal;
    aes_gcm_enc_dec_t open;
};

static struct calls calls_for(const IMB_MGR *mgr, const struct rs_suite *suite)
{
    if (suite->nk == IMB_GCM_128_KEY_LEN)
        return (struct calls){mgr->gcm128_pre, mgr->gcm128_enc, mgr->gcm128_dec};
    return (struct calls){mgr->gcm256_pre, mgr->gcm256_enc, mgr->gcm256_dec};
}

static void expand_keys(struct rs_cipher *cipher, const struct rs_suite *suite,
                        const uint8_t *sframe_key, struct rs_cipher_keys *keys)
{
    calls_for(cipher->mgr, suite).expand(sframe_key, &keys->gcm.data);
}

static void run(struct rs_cipher *cipher, aes_gcm_enc_dec_t call, const struct rs_suite *suite,
                const struct rs_crypt *crypt, uint8_t *tag)
{
    uint8_t nonce[RS_NONCE_BYTES];

    rs_nonce_write(crypt, nonce);
    call(&crypt->keys->gcm.data, &cipher->gcm, crypt->text, crypt->text, crypt->text_bytes, nonce,
         crypt->aad, crypt->aad_bytes, tag, suite->nt);
}

static int seal(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    const struct calls calls = calls_for(cipher->mgr, suite);

    for (unsigned int i = 0; i < n; i++)
        run(cipher, calls.seal, suite, &crypts[i], crypts[i].tag);
    return 0;
}

/* Encrypting again what does not verify gives back the bytes that came: unverified text never
 * leaves here, and the packet can be tried with another key. */
static int open(struct rs_cipher *cipher, const struct rs_suite *suite, struct rs_crypt *crypts,
                unsigned int n)
{
    const struct calls calls = calls_for(cipher->mgr, suite);

    for (unsigned int i = 0; i < n; i++) {
        uint8_t *tag = cipher->tags[i];

        run(cipher, calls.open, suite, &crypts[i], tag);
        crypts[i].verified = rs_secret_equal(tag, crypts[i].tag, suite->nt);
        if (!crypts[i].verified)
            run(cipher, calls.seal, suite, &crypts[i], tag);
    }
    return 0;
}

const struct rs_method_ops rs_method_gcm = {sizeof(struct rs_cipher_keys), expand_keys, seal, open};
