/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each byte of a body is marked as free, clear or sealed; what is sealed is gathered, verified and
 * deciphered by OpenSSL's EVP, one packet at a time. Slow, and plain to read.
 */
#include "other_edge.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "other_layout.h"

enum { HEADER = 17, TRAILER = 18, NONCE = 12 };

struct suite {
    uint16_t number;
    uint8_t code, aes_bytes, tag_bytes;
    bool sha512, gcm;
};

static const struct suite suites[] = {
    {6, 6, 32, 10, true, false}, {7, 7, 32, 8, true, false},       {8, 8, 32, 4, true, false},
    {5, 5, 32, 16, true, true},  {0xf001, 15, 32, 0, true, false}, {1, 1, 16, 10, false, false},
    {2, 2, 16, 8, false, false}, {3, 3, 16, 4, false, false},      {4, 4, 16, 16, false, true},
};

static const struct suite *find(uint16_t number)
{
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (suites[i].number == number)
            return &suites[i];
    }
    return NULL;
}

uint8_t other_tag_bytes(uint16_t number)
{
    const struct suite *suite = find(number);

    return suite != NULL ? suite->tag_bytes : 0xff;
}

/* ---- keys and cipher ---------------------------------------------------------------------- */

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void hkdf(const struct suite *suite, int mode, const uint8_t *key, size_t key_bytes,
                 const uint8_t *info, size_t info_bytes, uint8_t *out, size_t out_bytes)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

    must(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_CTX_set_hkdf_mode(context, mode) == 1 &&
         EVP_PKEY_CTX_set_hkdf_md(context, suite->sha512 ? EVP_sha512() : EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set1_hkdf_key(context, key, (int)key_bytes) == 1);
    if (info != NULL)
        must(EVP_PKEY_CTX_add1_hkdf_info(context, info, (int)info_bytes) == 1);
    must(EVP_PKEY_derive(context, out, &out_bytes) == 1);
    EVP_PKEY_CTX_free(context);
}

static void derive(const struct suite *suite, const uint8_t base_key[64], const uint8_t kid[8],
                   uint8_t key[96], uint8_t salt[NONCE])
{
    static const char key_label[] = "SFrame 1.0 Secret key ";
    static const char salt_label[] = "SFrame 1.0 Secret salt ";
    const size_t hash = suite->sha512 ? 64 : 32;
    const size_t key_bytes = suite->gcm              ? suite->aes_bytes
                             : suite->tag_bytes == 0 ? suite->aes_bytes
                                                     : suite->aes_bytes + hash;
    uint8_t secret[64], info[64];
    size_t n = sizeof(key_label) - 1;

    hkdf(suite, EVP_PKEY_HKDEF_MODE_EXTRACT_ONLY, base_key, 64, NULL, 0, secret, hash);
    memcpy(info, key_label, n);
    memcpy(info + n, kid, 8);
    info[n + 8] = (uint8_t)(suite->number >> 8);
    info[n + 9] = (uint8_t)suite->number;
    hkdf(suite, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY, secret, hash, info, n + 10, key, key_bytes);
    n = sizeof(salt_label) - 1;
    memcpy(info, salt_label, n);
    memcpy(info + n, kid, 8);
    info[n + 8] = (uint8_t)(suite->number >> 8);
    info[n + 9] = (uint8_t)suite->number;
    hkdf(suite, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY, secret, hash, info, n + 10, salt, NONCE);
}

/* What the cipher works on. */
struct text {
    uint8_t key[96], nonce[NONCE];
    uint8_t aad[OTHER_MAX_BYTES + 32], sealed[OTHER_MAX_BYTES];
    size_t aad_bytes, sealed_bytes;
};

static void store64(uint8_t *out, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
}

/* RFC 9605 section 4.5.1 */
static void hmac_tag(const struct suite *suite, const struct text *text, uint8_t tag[16])
{
    static uint8_t message[3 * 8 + NONCE + sizeof(text->aad) + sizeof(text->sealed)];
    const size_t hash = suite->sha512 ? 64 : 32;
    size_t n = 0;
    uint8_t digest[64];

    store64(message, text->aad_bytes);
    store64(message + 8, text->sealed_bytes);
    store64(message + 16, suite->tag_bytes);
    n = 24;
    memcpy(message + n, text->nonce, NONCE);
    n += NONCE;
    memcpy(message + n, text->aad, text->aad_bytes);
    n += text->aad_bytes;
    memcpy(message + n, text->sealed, text->sealed_bytes);
    n += text->sealed_bytes;
    must(HMAC(suite->sha512 ? EVP_sha512() : EVP_sha256(), text->key + suite->aes_bytes, (int)hash,
              message, n, digest, NULL) != NULL);
    memcpy(tag, digest, suite->tag_bytes);
}

/* AES-CTR from block 0. */
static void run_ctr(const struct suite *suite, const struct text *text, uint8_t *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t block[16] = {0};
    int n;

    memcpy(block, text->nonce, NONCE);
    must(EVP_EncryptInit_ex(context, suite->aes_bytes == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(),
                            NULL, text->key, block) == 1 &&
         EVP_EncryptUpdate(context, out, &n, text->sealed, (int)text->sealed_bytes) == 1);
    EVP_CIPHER_CTX_free(context);
}

/* Decrypts, and finds the tag that belongs to the ciphertext by encrypting once more: what is
 * deciphered is not known to be right before. */
static void run_gcm(const struct suite *suite, const struct text *text, uint8_t *plain,
                    uint8_t tag[16])
{
    const EVP_CIPHER *cipher = suite->aes_bytes == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    static uint8_t again[OTHER_MAX_BYTES];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int n;

    must(EVP_DecryptInit_ex(context, cipher, NULL, text->key, text->nonce) == 1 &&
         EVP_DecryptUpdate(context, NULL, &n, text->aad, (int)text->aad_bytes) == 1 &&
         EVP_DecryptUpdate(context, plain, &n, text->sealed, (int)text->sealed_bytes) == 1);
    must(EVP_EncryptInit_ex(context, cipher, NULL, text->key, text->nonce) == 1 &&
         EVP_EncryptUpdate(context, NULL, &n, text->aad, (int)text->aad_bytes) == 1 &&
         EVP_EncryptUpdate(context, again, &n, plain, (int)text->sealed_bytes) == 1 &&
         EVP_EncryptFinal_ex(context, again, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1);
    EVP_CIPHER_CTX_free(context);
}

static void run(const struct suite *suite, const struct text *text, uint8_t *plain, uint8_t tag[16])
{
    if (suite->gcm) {
        run_gcm(suite, text, plain, tag);
        return;
    }
    if (suite->tag_bytes > 0)
        hmac_tag(suite, text, tag);
    run_ctr(suite, text, plain);
}

/* ---- opening ------------------------------------------------------------------------------ */

static enum other_result check_trailer(const struct suite *suite, const uint8_t *sealed,
                                       size_t bytes)
{
    const uint8_t *header = sealed + bytes - TRAILER;
    uint8_t last;

    if (bytes == 0)
        return OTHER_EMPTY;
    if (bytes < TRAILER)
        return OTHER_NOT_SEALED;
    last = sealed[bytes - 1];
    if ((last & 0x1f) != HEADER || header[0] != 0xff || (header[1] & 0x80) == 0 ||
        (header[9] & 0x80) == 0)
        return OTHER_NOT_SEALED;
    if (last >> 6 != 1)
        return OTHER_BAD_VERSION;
    if ((header[6] & 0xf) != suite->code)
        return OTHER_SUITE_MISMATCH;
    return bytes < (size_t)TRAILER + suite->tag_bytes ? OTHER_NOT_SEALED : OTHER_OPENED;
}

/* Lays the body out and gathers what the cipher needs. */
static enum other_result gather(const struct other_edge *edge, const struct suite *suite,
                                const uint8_t *sealed, size_t bytes, struct other_body *body,
                                struct text *text)
{
    const uint8_t *header = sealed + bytes - TRAILER;
    const bool whole = sealed[bytes - 1] & 0x20;
    uint8_t salt[NONCE];

    body->bytes = sealed;
    body->count = bytes - TRAILER - suite->tag_bytes;
    body->grown = (size_t)TRAILER + suite->tag_bytes;
    if (!whole && edge->codec == OTHER_NONE)
        return OTHER_UNKNOWN_PAYLOAD_TYPE;
    if (!other_mark(edge, whole, body))
        return OTHER_MALFORMED;
    derive(suite, edge->base_key, header + 1, text->key, salt);
    for (int i = 0; i < NONCE; i++)
        text->nonce[i] = salt[i] ^ (i < 4 ? 0 : header[9 + i - 4]);
    memcpy(text->aad, header, TRAILER);
    text->aad[TRAILER] = whole ? 0 : (uint8_t)edge->codec;
    text->aad_bytes = TRAILER + 1;
    text->sealed_bytes = 0;
    for (size_t i = 0; i < body->count; i++) {
        if (body->kinds[i] == OTHER_CLEAR)
            text->aad[text->aad_bytes++] = sealed[i];
        else if (body->kinds[i] == OTHER_SEALED)
            text->sealed[text->sealed_bytes++] = sealed[i];
    }
    return OTHER_OPENED;
}

static char kinds[OTHER_MAX_BYTES];
static struct text text;

enum other_result other_open(const struct other_edge *edge, const uint8_t *sealed, size_t bytes,
                             uint8_t *out, size_t *out_bytes)
{
    static uint8_t plain[OTHER_MAX_BYTES];
    const struct suite *suite = find(edge->suite);
    struct other_body body = {.kinds = kinds};
    enum other_result result;
    uint8_t tag[16];
    size_t n = 0;

    must(suite != NULL && bytes <= OTHER_MAX_BYTES);
    result = check_trailer(suite, sealed, bytes);
    if (result != OTHER_OPENED)
        return result;
    result = gather(edge, suite, sealed, bytes, &body, &text);
    if (result != OTHER_OPENED)
        return result;
    run(suite, &text, plain, tag);
    if (CRYPTO_memcmp(tag, sealed + body.count, suite->tag_bytes) != 0)
        return OTHER_AUTH_FAILED;
    for (size_t i = 0; i < body.count; i++)
        out[i] = kinds[i] == OTHER_SEALED ? plain[n++] : sealed[i];
    if (body.last_size != 0) {
        const size_t size =
            ((size_t)out[body.last_size] << 8 | out[body.last_size + 1]) - body.grown;

        out[body.last_size] = (uint8_t)(size >> 8);
        out[body.last_size + 1] = (uint8_t)size;
    }
    *out_bytes = body.count;
    return OTHER_OPENED;
}

bool other_sign(const struct other_edge *edge, uint8_t *sealed, size_t bytes)
{
    static uint8_t plain[OTHER_MAX_BYTES];
    const struct suite *suite = find(edge->suite);
    struct other_body body = {.kinds = kinds};
    uint8_t tag[16];

    must(suite != NULL && bytes <= OTHER_MAX_BYTES);
    if (check_trailer(suite, sealed, bytes) != OTHER_OPENED ||
        gather(edge, suite, sealed, bytes, &body, &text) != OTHER_OPENED)
        return false;
    run(suite, &text, plain, tag);
    memcpy(sealed + body.count, tag, suite->tag_bytes);
    return true;
}
