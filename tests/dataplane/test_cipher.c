/* SPDX-License-Identifier: BSD-3-Clause */
/* The cipher against the published vectors, and against forgery, each on every
 * ISA that the CPU has. */
#include "dataplane/cipher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/support/hex.h"
#include "tests/support/isa.h"
#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- engines ------------------------------------------------------------------------------- */

static struct rs_cipher_keys *new_keys(void)
{
    struct rs_cipher_keys *keys = aligned_alloc(64, rs_cipher_keys_bytes());

    CU_ASSERT_PTR_NOT_NULL_FATAL(keys);
    memset(keys, 0, rs_cipher_keys_bytes());
    return keys;
}

/* One packet and its memory. */
struct packet {
    uint8_t message[RS_AAD_HEADROOM + 64 + 256 + RS_TEXT_TAILROOM];
    uint8_t text[256];
    uint8_t tag[RS_TAG_MAX_BYTES];
    struct rs_crypt crypt;
};

static void set_packet(struct packet *packet, const struct rs_cipher_keys *keys, uint64_t ctr,
                       const uint8_t *aad, size_t aad_bytes, const uint8_t *text, size_t text_bytes)
{
    memcpy(packet->message + RS_AAD_HEADROOM, aad, aad_bytes);
    memcpy(packet->text, text, text_bytes);
    packet->crypt = (struct rs_crypt){.keys = keys,
                                      .ctr = ctr,
                                      .aad = packet->message + RS_AAD_HEADROOM,
                                      .text = packet->text,
                                      .tag = packet->tag,
                                      .aad_bytes = (uint32_t)aad_bytes,
                                      .text_bytes = (uint32_t)text_bytes};
}

/* ---- vectors ------------------------------------------------------------------------------- */

struct bytes {
    uint8_t at[256];
    size_t count;
};

static struct bytes field(const json_t *row, const char *name)
{
    struct bytes bytes;

    bytes.count =
        rs_hex_decode(json_string_value(json_object_get(row, name)), bytes.at, sizeof(bytes.at));
    CU_ASSERT_NOT_EQUAL_FATAL(bytes.count, SIZE_MAX);
    return bytes;
}

static uint64_t number(const json_t *row, const char *name)
{
    return (uint64_t)json_real_value(json_object_get(row, name));
}

/* Runs `check` on the rows of a list whose suite is there. Returns how many. */
static unsigned int run_list(struct rs_cipher *cipher, const char *file, const char *list,
                             void (*check)(struct rs_cipher *, const struct rs_suite *,
                                           const json_t *))
{
    /* As reals, because the file has numbers past INT64_MAX; those used here are small. */
    json_t *vectors = json_load_file(file, JSON_DECODE_INT_AS_REAL, NULL), *row;
    unsigned int ran = 0;
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(vectors);
    json_array_foreach(json_object_get(vectors, list), i, row) {
        const struct rs_suite *suite = rs_suite_find_number((uint16_t)number(row, "cipher_suite"));

        if (suite == NULL)
            continue;
        check(cipher, suite, row);
        ran++;
    }
    json_decref(vectors);
    return ran;
}

/* `ct` is text and tag. */
static void check_both_ways(struct rs_cipher *cipher, const struct rs_suite *suite,
                            const struct rs_cipher_keys *keys, uint64_t ctr, const json_t *row,
                            const uint8_t *ct, size_t ct_bytes)
{
    const struct bytes aad = field(row, "aad"), pt = field(row, "pt");
    struct packet packet;

    set_packet(&packet, keys, ctr, aad.at, aad.count, pt.at, pt.count);
    CU_ASSERT_EQUAL_FATAL(ct_bytes, pt.count + suite->nt);
    CU_ASSERT_EQUAL(rs_cipher_seal_burst(cipher, suite, &packet.crypt, 1), 0);
    CU_ASSERT_EQUAL(memcmp(packet.text, ct, pt.count), 0);
    CU_ASSERT_EQUAL(memcmp(packet.tag, ct + pt.count, suite->nt), 0);
    CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, &packet.crypt, 1), 0);
    CU_ASSERT_TRUE(packet.crypt.verified);
    CU_ASSERT_EQUAL(memcmp(packet.text, pt.at, pt.count), 0);
}

static void check_aead_row(struct rs_cipher *cipher, const struct rs_suite *suite,
                           const json_t *row)
{
    const struct bytes key = field(row, "key"), nonce = field(row, "nonce"), ct = field(row, "ct");
    struct rs_cipher_keys *keys = new_keys();

    CU_ASSERT_EQUAL_FATAL(key.count, suite->nk);
    rs_cipher_expand_keys(cipher, suite, key.at, nonce.at, keys);
    check_both_ways(cipher, suite, keys, 0, row, ct.at, ct.count);
    free(keys);
}

static void check_sframe_row(struct rs_cipher *cipher, const struct rs_suite *suite,
                             const json_t *row)
{
    const struct bytes base_key = field(row, "base_key"), secret = field(row, "sframe_secret");
    const struct bytes key = field(row, "sframe_key"), salt = field(row, "sframe_salt");
    const struct bytes label = field(row, "sframe_key_label"), ct = field(row, "ct");
    const size_t header = field(row, "aad").count - field(row, "metadata").count;
    struct rs_cipher_keys *derived = new_keys(), *expanded = new_keys();
    uint8_t out[RS_HASH_MAX_BYTES], out_key[RS_KEY_MAX_BYTES];

    rs_cipher_extract(cipher, suite->hash, base_key.at, base_key.count, out);
    CU_ASSERT_EQUAL(memcmp(out, secret.at, secret.count), 0);
    rs_cipher_expand(cipher, suite->hash, out, label.at, label.count, out_key, suite->nk);
    CU_ASSERT_EQUAL(memcmp(out_key, key.at, key.count), 0);
    rs_cipher_derive(cipher, suite, out, number(row, "kid"), derived);
    rs_cipher_expand_keys(cipher, suite, key.at, salt.at, expanded);
    CU_ASSERT_EQUAL(memcmp(derived, expanded, rs_cipher_keys_bytes()), 0);
    check_both_ways(cipher, suite, derived, number(row, "ctr"), row, ct.at + header,
                    ct.count - header);
    free(derived);
    free(expanded);
}

static void run_rfc_9605_aead(struct rs_cipher *cipher)
{
    CU_ASSERT_EQUAL(
        run_list(cipher, RS_VECTORS "/sframe-rfc9605.json", "aes_ctr_hmac", check_aead_row), 3);
    CU_ASSERT_EQUAL(
        run_list(cipher, RS_VECTORS "/sframe-rfc9605.json", "aes_256_ctr_hmac", check_aead_row), 3);
}

static void ctr_hmac_is_that_of_the_vectors_from_key_and_nonce(void)
{
    rs_test_on_each_isa(run_rfc_9605_aead);
}

static void run_rfc_9605_sframe(struct rs_cipher *cipher)
{
    CU_ASSERT_EQUAL(run_list(cipher, RS_VECTORS "/sframe-rfc9605.json", "sframe", check_sframe_row),
                    5);
}

static void every_suite_of_rfc_9605_is_that_of_its_vectors_from_the_base_key_on(void)
{
    rs_test_on_each_isa(run_rfc_9605_sframe);
}

static void run_aes_256_sframe(struct rs_cipher *cipher)
{
    CU_ASSERT_EQUAL(run_list(cipher, RS_VECTORS "/sframe-aes256.json", "sframe_aes_256_ctr_hmac",
                             check_sframe_row),
                    3);
}

static void aes_256_ctr_hmac_is_that_of_the_draft_from_the_base_key_on(void)
{
    rs_test_on_each_isa(run_aes_256_sframe);
}

static void run_self_test(struct rs_cipher *cipher)
{
    struct rs_suite altered;

    for (size_t i = 0; i < rs_suite_count; i++)
        CU_ASSERT_EQUAL(rs_cipher_self_test(cipher, &rs_suites[i]), 0);
    altered = *rs_suite_default();
    altered.number = 0x0abc;
    CU_ASSERT_EQUAL(rs_cipher_self_test(cipher, &altered), -EIO);
    altered = *rs_suite_default();
    altered.method = RS_METHOD_CTR;
    CU_ASSERT_EQUAL(rs_cipher_self_test(cipher, &altered), -EIO);
    altered = *rs_suite_default();
    altered.nt--;
    CU_ASSERT_EQUAL(rs_cipher_self_test(cipher, &altered), -EIO);
}

static void the_self_test_passes_every_suite_and_nothing_else(void)
{
    rs_test_on_each_isa(run_self_test);
}

/* ---- forgery ------------------------------------------------------------------------------- */

enum { AAD_BYTES = 30, TEXT_BYTES = 100 };

static const uint8_t some_aad[AAD_BYTES] = "authenticated";
static const uint8_t some_text[256] = "to be kept from those in the middle";

static void seal_some(struct rs_cipher *cipher, const struct rs_suite *suite,
                      struct packet *packets, unsigned int n, const struct rs_cipher_keys *keys)
{
    struct rs_crypt crypts[RS_BURST_MAX];

    for (unsigned int i = 0; i < n; i++) {
        set_packet(&packets[i], keys, i, some_aad, AAD_BYTES, some_text, TEXT_BYTES + i);
        crypts[i] = packets[i].crypt;
    }
    CU_ASSERT_EQUAL(rs_cipher_seal_burst(cipher, suite, crypts, n), 0);
}

/* Opens with one bit changed by the caller, and expects a refusal that leaves all as it came. */
static void expect_refused(struct rs_cipher *cipher, const struct rs_suite *suite,
                           struct packet *packet, const char *what)
{
    uint8_t before[sizeof(packet->text)];

    memcpy(before, packet->text, sizeof(before));
    packet->crypt.verified = true;
    CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, &packet->crypt, 1), 0);
    if (packet->crypt.verified || memcmp(before, packet->text, sizeof(before)) != 0)
        printf("%s: %s\n", suite->name, what);
    CU_ASSERT_FALSE(packet->crypt.verified);
    CU_ASSERT_EQUAL(memcmp(before, packet->text, sizeof(before)), 0);
}

/* Flips each bit of `bytes` in turn. */
static void flip_each(struct rs_cipher *cipher, const struct rs_suite *suite, struct packet *packet,
                      uint8_t *at, size_t bytes, const char *what)
{
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        at[bit / 8] ^= 1 << bit % 8;
        expect_refused(cipher, suite, packet, what);
        at[bit / 8] ^= 1 << bit % 8;
    }
}

/* The same bytes under another CTR, key or division. Gathering may write over the aad that was cut
 * off, so each row has a copy of its own. */
static void change_the_rest(struct rs_cipher *cipher, const struct rs_suite *suite,
                            const struct packet *sealed, const struct rs_cipher_keys *other)
{
    struct packet packet;

    for (unsigned int row = 0; row < 64 + 3; row++) {
        packet = *sealed;
        packet.crypt.aad = packet.message + RS_AAD_HEADROOM;
        packet.crypt.text = packet.text;
        packet.crypt.tag = packet.tag;
        if (row < 64)
            packet.crypt.ctr ^= UINT64_C(1) << row;
        else if (row == 64)
            packet.crypt.text_bytes--;
        else if (row == 65)
            packet.crypt.aad_bytes--;
        else
            packet.crypt.keys = other;
        expect_refused(cipher, suite, &packet, "CTR, lengths or key");
    }
}

static void run_flips(struct rs_cipher *cipher)
{
    const uint8_t key[RS_KEY_MAX_BYTES] = {1}, salt[RS_NONCE_BYTES] = {3};
    uint8_t other_key[RS_KEY_MAX_BYTES];
    struct rs_cipher_keys *keys = new_keys(), *other = new_keys();
    struct packet packet;

    memset(other_key, 2, sizeof(other_key));
    for (size_t s = 0; s < rs_suite_count; s++) {
        const struct rs_suite *suite = &rs_suites[s];

        if (suite->nt == 0)
            continue;
        rs_cipher_expand_keys(cipher, suite, key, salt, keys);
        rs_cipher_expand_keys(cipher, suite, other_key, salt, other);
        memset(&packet, 0, sizeof(packet));
        seal_some(cipher, suite, &packet, 1, keys);
        flip_each(cipher, suite, &packet, packet.tag, suite->nt, "tag");
        flip_each(cipher, suite, &packet, packet.crypt.aad, AAD_BYTES, "aad");
        flip_each(cipher, suite, &packet, packet.text, TEXT_BYTES, "text");
        change_the_rest(cipher, suite, &packet, other);
        CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, &packet.crypt, 1), 0);
        CU_ASSERT_TRUE(packet.crypt.verified);
        CU_ASSERT_EQUAL(memcmp(packet.text, some_text, TEXT_BYTES), 0);
    }
    free(keys);
    free(other);
}

static void any_changed_bit_is_refused_and_the_text_left_as_it_came(void)
{
    rs_test_on_each_isa(run_flips);
}

static void run_one_of_many(struct rs_cipher *cipher)
{
    static struct packet packets[RS_BURST_MAX];
    const uint8_t key[RS_KEY_MAX_BYTES] = {1}, salt[RS_NONCE_BYTES] = {3};
    struct rs_cipher_keys *keys = new_keys();
    struct rs_crypt crypts[RS_BURST_MAX];

    for (size_t s = 0; s < rs_suite_count; s++) {
        const struct rs_suite *suite = &rs_suites[s];

        rs_cipher_expand_keys(cipher, suite, key, salt, keys);
        for (unsigned int forged = 0; suite->nt > 0 && forged < RS_BURST_MAX; forged++) {
            seal_some(cipher, suite, packets, RS_BURST_MAX, keys);
            packets[forged].text[forged] ^= 0x40;
            for (unsigned int i = 0; i < RS_BURST_MAX; i++)
                crypts[i] = packets[i].crypt;
            CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, crypts, RS_BURST_MAX), 0);
            for (unsigned int i = 0; i < RS_BURST_MAX; i++) {
                CU_ASSERT_EQUAL(crypts[i].verified, i != forged);
                CU_ASSERT_EQUAL(memcmp(packets[i].text, some_text, TEXT_BYTES + i) == 0,
                                i != forged);
            }
        }
    }
    free(keys);
}

static void one_forged_packet_of_a_burst_fails_alone(void)
{
    rs_test_on_each_isa(run_one_of_many);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(ctr_hmac_is_that_of_the_vectors_from_key_and_nonce),
        TEST(every_suite_of_rfc_9605_is_that_of_its_vectors_from_the_base_key_on),
        TEST(aes_256_ctr_hmac_is_that_of_the_draft_from_the_base_key_on),
        TEST(the_self_test_passes_every_suite_and_nothing_else),
        TEST(any_changed_bit_is_refused_and_the_text_left_as_it_came),
        TEST(one_forged_packet_of_a_burst_fails_alone),
    };

    return rs_test_main("cipher", tests, COUNT(tests));
}
