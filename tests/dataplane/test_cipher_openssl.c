/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL's second opinion: the same keys, nonces and random packets, in bursts of every size and
 * mixed lengths, on every ISA that the CPU has. */
#include "dataplane/cipher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXT_MAX = 1500, AAD_MAX = 200, LENT_MAX = 256, LONE_PACKETS = 200 };

/* ---- random but repeatable ------------------------------------------------------------------ */

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static size_t draw_below(size_t limit)
{
    return (size_t)(draw() % limit);
}

static void draw_bytes(uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(draw() >> 32);
}

/* ---- what OpenSSL says ---------------------------------------------------------------------- */

static void hkdf(const char *hash, int mode, const uint8_t *key, size_t key_bytes,
                 const uint8_t *info, size_t info_bytes, uint8_t *out, size_t out_bytes)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_bytes),
        OSSL_PARAM_construct_end(),
    };

    CU_ASSERT_EQUAL_FATAL(EVP_KDF_derive(ctx, out, out_bytes, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void be64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* One packet, its memory, and what it must be once sealed. */
struct packet {
    uint8_t message[RS_AAD_HEADROOM + AAD_MAX + TEXT_MAX + RS_TEXT_TAILROOM];
    uint8_t elsewhere[LENT_MAX + TEXT_MAX];
    uint8_t lent[LENT_MAX]; /* what is in front of the text there */
    uint8_t tag[RS_TAG_MAX_BYTES];
    uint8_t plain[TEXT_MAX];
    uint8_t aad[AAD_MAX];
    uint8_t sealed[TEXT_MAX];
    uint8_t sealed_tag[64];
    uint8_t key[RS_KEY_MAX_BYTES];
    uint8_t salt[RS_NONCE_BYTES];
    struct rs_cipher_keys *keys;
};

static void seal_ctr(struct packet *p, const struct rs_suite *suite, const uint8_t *nonce,
                     size_t text_bytes)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t iv[16] = {0};
    int n;

    memcpy(iv, nonce, RS_NONCE_BYTES);
    EVP_EncryptInit_ex(ctx, suite->nka == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), NULL, p->key,
                       iv);
    EVP_EncryptUpdate(ctx, p->sealed, &n, p->plain, (int)text_bytes);
    EVP_CIPHER_CTX_free(ctx);
}

static void tag_hmac(struct packet *p, const struct rs_suite *suite, const uint8_t *nonce,
                     size_t aad_bytes, size_t text_bytes)
{
    uint8_t message[36 + AAD_MAX + TEXT_MAX];
    unsigned int n;

    be64(message, aad_bytes);
    be64(message + 8, text_bytes);
    be64(message + 16, suite->nt);
    memcpy(message + 24, nonce, RS_NONCE_BYTES);
    memcpy(message + 36, p->aad, aad_bytes);
    memcpy(message + 36 + aad_bytes, p->sealed, text_bytes);
    HMAC(suite->hash == RS_HASH_SHA256 ? EVP_sha256() : EVP_sha512(), p->key + suite->nka,
         suite->nk - suite->nka, message, 36 + aad_bytes + text_bytes, p->sealed_tag, &n);
}

static void seal_gcm(struct packet *p, const struct rs_suite *suite, const uint8_t *nonce,
                     size_t aad_bytes, size_t text_bytes)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;

    EVP_EncryptInit_ex(ctx, suite->nk == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL, p->key,
                       nonce);
    EVP_EncryptUpdate(ctx, NULL, &n, p->aad, (int)aad_bytes);
    EVP_EncryptUpdate(ctx, p->sealed, &n, p->plain, (int)text_bytes);
    EVP_EncryptFinal_ex(ctx, p->sealed + n, &n);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, p->sealed_tag);
    EVP_CIPHER_CTX_free(ctx);
}

/* ---- bursts --------------------------------------------------------------------------------- */

/* Puts the text behind the aad or elsewhere, there with or without bytes that are lent. */
static void place_text(struct packet *p, struct rs_crypt *crypt)
{
    const size_t where = draw_below(3);

    draw_bytes(p->lent, sizeof(p->lent));
    memcpy(p->elsewhere, p->lent, sizeof(p->lent));
    crypt->text = where == 0 ? crypt->aad + crypt->aad_bytes : p->elsewhere + LENT_MAX;
    crypt->lent_bytes = where == 2 ? (uint32_t)draw_below(LENT_MAX + 1) : 0;
}

/* A random packet with a sender of its own. */
static void draw_packet(struct rs_cipher *cipher, const struct rs_suite *suite, struct packet *p,
                        struct rs_crypt *crypt)
{
    const size_t text_bytes = draw_below(8) == 0 ? draw_below(17) : draw_below(TEXT_MAX + 1);
    const size_t aad_bytes = draw_below(AAD_MAX + 1);
    uint8_t nonce[RS_NONCE_BYTES], ctr[8];

    draw_bytes(p->plain, text_bytes);
    draw_bytes(p->aad, aad_bytes);
    draw_bytes(p->key, sizeof(p->key));
    draw_bytes(p->salt, sizeof(p->salt));
    rs_cipher_expand_keys(cipher, suite, p->key, p->salt, p->keys);
    *crypt = (struct rs_crypt){.keys = p->keys,
                               .ctr = draw(),
                               .aad = p->message + RS_AAD_HEADROOM,
                               .tag = p->tag,
                               .aad_bytes = (uint32_t)aad_bytes,
                               .text_bytes = (uint32_t)text_bytes};
    place_text(p, crypt);
    memcpy(crypt->aad, p->aad, aad_bytes);
    memcpy(crypt->text, p->plain, text_bytes);
    be64(ctr, crypt->ctr);
    memcpy(nonce, p->salt, sizeof(nonce));
    for (int i = 0; i < 8; i++)
        nonce[4 + i] ^= ctr[i];
    if (suite->method == RS_METHOD_GCM)
        seal_gcm(p, suite, nonce, aad_bytes, text_bytes);
    else
        seal_ctr(p, suite, nonce, text_bytes);
    if (suite->method == RS_METHOD_CTR_HMAC)
        tag_hmac(p, suite, nonce, aad_bytes, text_bytes);
}

static void check_burst(struct rs_cipher *cipher, const struct rs_suite *suite,
                        struct packet *packets, unsigned int n)
{
    struct rs_crypt crypts[RS_BURST_MAX];
    unsigned int wrong = 0;

    for (unsigned int i = 0; i < n; i++)
        draw_packet(cipher, suite, &packets[i], &crypts[i]);
    CU_ASSERT_EQUAL(rs_cipher_seal_burst(cipher, suite, crypts, n), 0);
    for (unsigned int i = 0; i < n; i++) {
        wrong += memcmp(crypts[i].text, packets[i].sealed, crypts[i].text_bytes) != 0;
        wrong += memcmp(crypts[i].tag, packets[i].sealed_tag, suite->nt) != 0;
        wrong += memcmp(crypts[i].aad, packets[i].aad, crypts[i].aad_bytes) != 0;
        wrong += memcmp(packets[i].elsewhere, packets[i].lent, LENT_MAX) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, crypts, n), 0);
    for (unsigned int i = 0; i < n; i++) {
        wrong += !crypts[i].verified;
        wrong += memcmp(crypts[i].text, packets[i].plain, crypts[i].text_bytes) != 0;
        wrong += memcmp(packets[i].elsewhere, packets[i].lent, LENT_MAX) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_suite(struct rs_cipher *cipher, const struct rs_suite *suite)
{
    static struct packet packets[RS_BURST_MAX];

    for (size_t i = 0; i < RS_BURST_MAX; i++)
        packets[i].keys = aligned_alloc(64, rs_cipher_keys_bytes());
    for (unsigned int round = 0; round < 8; round++) {
        for (unsigned int n = 1; n <= RS_BURST_MAX; n++)
            check_burst(cipher, suite, packets, n);
    }
    for (unsigned int round = 0; round < LONE_PACKETS; round++)
        check_burst(cipher, suite, packets, 1);
    CU_ASSERT_EQUAL(rs_cipher_seal_burst(cipher, suite, NULL, 0), 0);
    CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, NULL, 0), 0);
    for (size_t i = 0; i < RS_BURST_MAX; i++)
        free(packets[i].keys);
}

static void on_each_isa(void (*run)(struct rs_cipher *, const struct rs_suite *),
                        const struct rs_suite *suite)
{
    static const char *const names[] = {
        [RS_ISA_SSE] = "SSE", [RS_ISA_AVX2] = "AVX2", [RS_ISA_AVX512] = "AVX512"};

    for (int isa = RS_ISA_SSE; isa <= RS_ISA_AVX512; isa++) {
        struct rs_cipher *cipher = rs_cipher_create((enum rs_isa)isa);

        if (cipher == NULL && errno == ENOTSUP) {
            rs_test_skip(names[isa]);
            continue;
        }
        CU_ASSERT_PTR_NOT_NULL_FATAL(cipher);
        run(cipher, suite);
        rs_cipher_destroy(cipher);
    }
}

static void check_method(enum rs_method method)
{
    unsigned int suites = 0;

    for (size_t i = 0; i < rs_suite_count; i++) {
        if (rs_suites[i].method == method) {
            on_each_isa(check_suite, &rs_suites[i]);
            suites++;
        }
    }
    CU_ASSERT(suites > 0);
}

static void ctr_with_hmac_is_openssls(void)
{
    check_method(RS_METHOD_CTR_HMAC);
}

static void gcm_is_openssls(void)
{
    check_method(RS_METHOD_GCM);
}

static void bare_ctr_is_openssls(void)
{
    check_method(RS_METHOD_CTR);
}

static void check_hkdf(struct rs_cipher *cipher, const struct rs_suite *suite)
{
    const char *hash = suite->hash == RS_HASH_SHA256 ? "SHA256" : "SHA512";
    const size_t digest_bytes = suite->hash == RS_HASH_SHA256 ? 32 : 64;

    for (int i = 0; i < 300; i++) {
        uint8_t base_key[64], info[64], secret[64], expected[96], out[96];
        const size_t base_bytes = 1 + draw_below(sizeof(base_key));
        const size_t info_bytes = draw_below(sizeof(info) + 1);
        const size_t out_bytes = 1 + draw_below(sizeof(out));

        draw_bytes(base_key, base_bytes);
        draw_bytes(info, info_bytes);
        rs_cipher_extract(cipher, suite->hash, base_key, base_bytes, secret);
        hkdf(hash, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, base_key, base_bytes, NULL, 0, expected,
             digest_bytes);
        CU_ASSERT_EQUAL(memcmp(secret, expected, digest_bytes), 0);
        rs_cipher_expand(cipher, suite->hash, secret, info, info_bytes, out, out_bytes);
        hkdf(hash, EVP_KDF_HKDF_MODE_EXPAND_ONLY, secret, digest_bytes, info, info_bytes, expected,
             out_bytes);
        CU_ASSERT_EQUAL(memcmp(out, expected, out_bytes), 0);
    }
}

static void hkdf_is_openssls_with_either_hash(void)
{
    on_each_isa(check_hkdf, rs_suite_find("AES_256_CTR_HMAC_SHA512_80"));
    on_each_isa(check_hkdf, rs_suite_find("AES_128_CTR_HMAC_SHA256_80"));
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(ctr_with_hmac_is_openssls),
        TEST(gcm_is_openssls),
        TEST(bare_ctr_is_openssls),
        TEST(hkdf_is_openssls_with_either_hash),
    };

    return rs_test_main("cipher_openssl", tests, COUNT(tests));
}
