/* SPDX-License-Identifier: BSD-3-Clause */
/* Payloads at their edges; the bytes themselves are the business of the vectors tool. */
#include "dataplane/payload.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/format.h"
#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { KID_SENDER = 5 };

static struct rs_payload payload;
static struct rs_cipher *cipher;
static struct rs_cipher_keys *keys, *other_keys;

static void set_up(const struct rs_suite *suite)
{
    const uint8_t salt[RS_NONCE_BYTES] = {3};
    uint8_t key[RS_KEY_MAX_BYTES], other[RS_KEY_MAX_BYTES];

    memset(key, 1, sizeof(key));
    memset(other, 2, sizeof(other));
    cipher = rs_cipher_create(RS_ISA_AUTO);
    keys = aligned_alloc(64, rs_cipher_keys_bytes());
    other_keys = aligned_alloc(64, rs_cipher_keys_bytes());
    CU_ASSERT_PTR_NOT_NULL_FATAL(cipher);
    CU_ASSERT_PTR_NOT_NULL_FATAL(keys);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other_keys);
    rs_cipher_expand_keys(cipher, suite, key, salt, keys);
    rs_cipher_expand_keys(cipher, suite, other, salt, other_keys);
}

static void tear_down(void)
{
    free(keys);
    free(other_keys);
    rs_cipher_destroy(cipher);
}

/* Seals `bytes` of body in place. Returns the new length. */
static size_t seal(const struct rs_suite *suite, const char *codec, uint8_t *body, size_t bytes)
{
    const uint64_t kid = rs_kid_make(KID_SENDER, suite->code, 7), ctr = rs_ctr_make(1, 2);
    struct rs_crypt crypt;

    CU_ASSERT_EQUAL_FATAL(rs_payload_prepare_seal(&payload, suite, rs_test_format(codec), body,
                                                  bytes, kid, ctr, &crypt),
                          RS_SEALED);
    crypt.keys = keys;
    CU_ASSERT_EQUAL_FATAL(rs_cipher_seal_burst(cipher, suite, &crypt, 1), 0);
    return rs_payload_finish_seal(&payload, &crypt);
}

/* STAP-A of two units, the second in one byte more than its header. RFC 6184 section 5.7.1 */
static const uint8_t stap_a[] = {0x78, 0, 4, 0x65, 1, 2, 3, 0, 2, 0x41, 9};

static void a_key_that_fails_leaves_the_packet_for_the_next_one(void)
{
    static const struct {
        const char *codec;
        uint8_t body[64];
        size_t bytes;
    } rows[] = {
        {"opus", {0x78, 1, 2, 3, 4, 5}, 6},
        {"H264", {0x78, 0, 4, 0x65, 1, 2, 3, 0, 2, 0x41, 9}, sizeof(stap_a)},
    };

    for (size_t s = 0; s < rs_suite_count; s++) {
        const struct rs_suite *suite = &rs_suites[s];

        set_up(suite);
        for (size_t i = 0; i < COUNT(rows) && suite->nt > 0; i++) {
            uint8_t body[128], sealed[128];
            struct rs_trailer trailer;
            struct rs_crypt crypt;
            size_t n;

            memcpy(body, rows[i].body, rows[i].bytes);
            n = seal(suite, rows[i].codec, body, rows[i].bytes);
            memcpy(sealed, body, n);
            CU_ASSERT_EQUAL_FATAL(rs_payload_parse(body, n, suite, &trailer), RS_OPENED);
            CU_ASSERT_EQUAL_FATAL(rs_payload_prepare_open(&payload, suite,
                                                          rs_test_format(rows[i].codec), &trailer,
                                                          body, n, &crypt),
                                  RS_OPENED);
            crypt.keys = other_keys;
            CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, &crypt, 1), 0);
            CU_ASSERT_FALSE(crypt.verified);
            CU_ASSERT_EQUAL(memcmp(body, sealed, n), 0);
            crypt.keys = keys;
            CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, &crypt, 1), 0);
            CU_ASSERT_TRUE(crypt.verified);
            CU_ASSERT_EQUAL(rs_payload_finish_open(&payload, &crypt), rows[i].bytes);
            CU_ASSERT_EQUAL(memcmp(body, rows[i].body, rows[i].bytes), 0);
        }
        tear_down();
    }
}

/* Whether the sealed payload, a byte of it changed, still opens. */
static bool opens_when_changed(const struct rs_suite *suite, struct rs_format format,
                               const uint8_t *sealed, size_t bytes, size_t at)
{
    struct rs_trailer trailer;
    struct rs_crypt crypt;
    uint8_t copy[128];

    memcpy(copy, sealed, bytes);
    copy[at] ^= 0x20; /* of a VP8 descriptor, N: nobody parses by it */
    CU_ASSERT_EQUAL_FATAL(rs_payload_parse(copy, bytes, suite, &trailer), RS_OPENED);
    if (rs_payload_prepare_open(&payload, suite, format, &trailer, copy, bytes, &crypt) !=
        RS_OPENED)
        return false;
    crypt.keys = keys;
    CU_ASSERT_EQUAL_FATAL(rs_cipher_open_burst(cipher, suite, &crypt, 1), 0);
    return crypt.verified;
}

/* RTX: a router writes its own sequence numbers, and may do nothing else to the body. */
static void what_is_free_may_be_changed_and_no_byte_beside_it(void)
{
    static const struct {
        const char *format;
        uint8_t body[16];
        size_t bytes, free;
    } rows[] = {
        {"rtx:VP8", {1, 2, 0x10, 0x51, 3, 4}, 6, 3},
        {"rtx:VP8", {1, 2, 0x10}, 3, 3},
        {"rtx:VP8", {1, 2, 0x90}, 3, 2}, /* whole */
        {"rtx:H264", {1, 2, 0x78, 0, 4, 0x65, 1, 2, 3, 0, 2, 0x41, 9}, 13, 2},
        {"rtx:H265", {1, 2, 0x60, 1, 0, 3, 0x40, 1, 2, 0, 3, 2, 1, 9}, 14, 2},
        {"rtx:AV1", {1, 2, 0x10, 3, 4}, 5, 2},
        {"rtx:other", {1, 2, 3, 4}, 4, 2},
        {"rtx:other", {1, 2}, 2, 2},
        {"rtx:other", {1}, 1, 1},
        {"rtx:H264", {1}, 1, 1},
        {"H265", {0x26, 1, 3, 4}, 4, 0},
        {"other", {1, 2}, 2, 0},
    };

    for (size_t s = 0; s < rs_suite_count; s++) {
        const struct rs_suite *suite = &rs_suites[s];

        set_up(suite);
        for (size_t i = 0; i < COUNT(rows) && suite->nt > 0; i++) {
            uint8_t sealed[128];
            size_t n;

            memcpy(sealed, rows[i].body, rows[i].bytes);
            n = seal(suite, rows[i].format, sealed, rows[i].bytes);
            for (size_t at = 0; at < n - RS_WIRE_TRAILER_BYTES; at++)
                CU_ASSERT_EQUAL(
                    opens_when_changed(suite, rs_test_format(rows[i].format), sealed, n, at),
                    at < rows[i].free);
        }
        tear_down();
    }
}

static void sealing_touches_nothing_behind_the_overhead(void)
{
    for (size_t s = 0; s < rs_suite_count; s++) {
        uint8_t body[128];
        size_t n;

        memset(body, 0xee, sizeof(body));
        memcpy(body, stap_a, sizeof(stap_a));
        set_up(&rs_suites[s]);
        n = seal(&rs_suites[s], "H264", body, sizeof(stap_a));
        CU_ASSERT_EQUAL(n, sizeof(stap_a) + rs_suites[s].nt + 18);
        for (size_t i = n; i < sizeof(body); i++)
            CU_ASSERT_EQUAL(body[i], 0xee);
        tear_down();
    }
}

static void the_longest_body_goes_both_ways_and_a_longer_one_does_not(void)
{
    const struct rs_suite *suite = rs_suite_default();
    uint8_t *body = calloc(1, RS_PAYLOAD_MAX_BYTES + 1 + RS_PAYLOAD_OVERHEAD_MAX);
    struct rs_trailer trailer;
    struct rs_crypt crypt;
    size_t n;

    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    set_up(suite);
    CU_ASSERT_EQUAL(rs_payload_prepare_seal(&payload, suite, rs_test_format("(unnamed)"), body,
                                            RS_PAYLOAD_MAX_BYTES + 1, UINT64_MAX, UINT64_MAX,
                                            &crypt),
                    RS_TOO_BIG);
    n = seal(suite, "opus", body, RS_PAYLOAD_MAX_BYTES);
    CU_ASSERT_EQUAL(n, RS_PAYLOAD_MAX_BYTES + 28);
    CU_ASSERT_EQUAL(rs_payload_parse(body, n, suite, &trailer), RS_OPENED);
    CU_ASSERT_EQUAL(rs_payload_prepare_open(&payload, suite, rs_test_format("opus"), &trailer, body,
                                            n + 1, &crypt),
                    RS_TOO_BIG);
    CU_ASSERT_EQUAL(
        rs_payload_prepare_open(&payload, suite, rs_test_format("opus"), &trailer, body, n, &crypt),
        RS_OPENED);
    crypt.keys = keys;
    CU_ASSERT_EQUAL(rs_cipher_open_burst(cipher, suite, &crypt, 1), 0);
    CU_ASSERT_TRUE(crypt.verified);
    CU_ASSERT_EQUAL(rs_payload_finish_open(&payload, &crypt), RS_PAYLOAD_MAX_BYTES);
    for (size_t i = 0; i < RS_PAYLOAD_MAX_BYTES; i++)
        CU_ASSERT_EQUAL_FATAL(body[i], 0);
    tear_down();
    free(body);
}

/* Sealed payloads that no key is needed to refuse: `bytes` zeros, then a trailer. */
static void what_cannot_be_opened_is_named(void)
{
    const struct rs_suite *suite = rs_suite_default();
    const uint64_t kid = rs_kid_make(1, suite->code, 2), ctr = rs_ctr_make(3, 4);
    const struct {
        const char *name, *codec;
        size_t bytes; /* before the trailer */
        struct rs_trailer trailer;
        enum rs_outcome outcome;
    } rows[] = {
        {"no rule, O = 0", "other", 40, {kid, ctr, false}, RS_UNKNOWN_PAYLOAD_TYPE},
        {"not named, O = 0", "(unnamed)", 40, {kid, ctr, false}, RS_UNKNOWN_PAYLOAD_TYPE},
        {"not named, O = 1", "(unnamed)", 40, {kid, ctr, true}, RS_OPENED},
        {"a sequence number alone, O = 0", "rtx:opus", 12, {kid, ctr, false}, RS_MALFORMED},
        {"half a sequence number, O = 0", "rtx:opus", 11, {kid, ctr, false}, RS_MALFORMED},
        {"no sequence number, O = 0", "rtx:opus", 10, {kid, ctr, false}, RS_MALFORMED},
        {"a sequence number alone, O = 1", "rtx:opus", 12, {kid, ctr, true}, RS_OPENED},
        {"half a sequence number, O = 1", "rtx:opus", 11, {kid, ctr, true}, RS_OPENED},
        {"no sequence number, O = 1", "rtx:opus", 10, {kid, ctr, true}, RS_OPENED},
        {"of a codec without a rule, O = 0",
         "rtx:red",
         40,
         {kid, ctr, false},
         RS_UNKNOWN_PAYLOAD_TYPE},
        {"an aggregation header alone", "AV1", 11, {kid, ctr, false}, RS_OPENED},
        {"half a unit header", "H265", 11, {kid, ctr, false}, RS_OPENED},
        {"no body, O = 0", "opus", 10, {kid, ctr, false}, RS_MALFORMED},
        {"no body, O = 0, no rule", "other", 10, {kid, ctr, false}, RS_UNKNOWN_PAYLOAD_TYPE},
        {"a tag too short", "opus", 9, {kid, ctr, false}, RS_NOT_SEALED},
        {"no tag", "opus", 0, {kid, ctr, false}, RS_NOT_SEALED},
        {"no tag, another suite", "opus", 0, {kid ^ 1 << 16, ctr, false}, RS_SUITE_MISMATCH},
        {"KID's top bit", "opus", 40, {kid & INT64_MAX, ctr, false}, RS_NOT_SEALED},
        {"CTR's top bit", "opus", 40, {kid, ctr & INT64_MAX, false}, RS_NOT_SEALED},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t body[64] = {0};
        const size_t n = rows[i].bytes + RS_WIRE_TRAILER_BYTES;
        const struct rs_format format = rs_test_format(rows[i].codec);
        struct rs_trailer trailer;
        struct rs_crypt crypt;
        enum rs_outcome outcome;

        rs_wire_write(&rows[i].trailer, body + rows[i].bytes);
        outcome = rs_payload_parse(body, n, suite, &trailer);
        if (outcome == RS_OPENED)
            outcome = rs_payload_prepare_open(&payload, suite, format, &trailer, body, n, &crypt);
        if (outcome != rows[i].outcome)
            printf("%s: %s\n", rows[i].name, rs_outcome_name(outcome));
        CU_ASSERT_EQUAL(outcome, rows[i].outcome);
    }
}

static void nothing_at_all_is_empty(void)
{
    struct rs_trailer trailer;
    const uint8_t none = 0;

    CU_ASSERT_EQUAL(rs_payload_parse(&none, 0, rs_suite_default(), &trailer), RS_EMPTY);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(a_key_that_fails_leaves_the_packet_for_the_next_one),
        TEST(what_is_free_may_be_changed_and_no_byte_beside_it),
        TEST(sealing_touches_nothing_behind_the_overhead),
        TEST(the_longest_body_goes_both_ways_and_a_longer_one_does_not),
        TEST(what_cannot_be_opened_is_named),
        TEST(nothing_at_all_is_empty),
    };

    return rs_test_main("payload", tests, COUNT(tests));
}
