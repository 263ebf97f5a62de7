/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of suites against RFC 9605 table 1 and draft-barnes-sframe-iana-256, written by hand.
 */
#include "dataplane/suite.h"

#include <string.h>

#include "tests/support/runner.h"

static const struct rs_suite expected[] = {
    {"AES_256_CTR_HMAC_SHA512_80", 6, 6, RS_HASH_SHA512, RS_METHOD_CTR_HMAC, 32, 96, 10},
    {"AES_256_CTR_HMAC_SHA512_64", 7, 7, RS_HASH_SHA512, RS_METHOD_CTR_HMAC, 32, 96, 8},
    {"AES_256_CTR_HMAC_SHA512_32", 8, 8, RS_HASH_SHA512, RS_METHOD_CTR_HMAC, 32, 96, 4},
    {"AES_256_GCM_SHA512_128", 5, 5, RS_HASH_SHA512, RS_METHOD_GCM, 32, 32, 16},
    {"AES_128_CTR_HMAC_SHA256_80", 1, 1, RS_HASH_SHA256, RS_METHOD_CTR_HMAC, 16, 48, 10},
    {"AES_128_CTR_HMAC_SHA256_64", 2, 2, RS_HASH_SHA256, RS_METHOD_CTR_HMAC, 16, 48, 8},
    {"AES_128_CTR_HMAC_SHA256_32", 3, 3, RS_HASH_SHA256, RS_METHOD_CTR_HMAC, 16, 48, 4},
    {"AES_128_GCM_SHA256_128", 4, 4, RS_HASH_SHA256, RS_METHOD_GCM, 16, 16, 16},
    {"AES_256_CTR", 61441, 15, RS_HASH_SHA512, RS_METHOD_CTR, 32, 32, 0},
};

static void each_suite_has_the_parameters_of_its_specification(void)
{
    CU_ASSERT_EQUAL(rs_suite_count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct rs_suite *suite = rs_suite_find(expected[i].name);

        CU_ASSERT_PTR_NOT_NULL_FATAL(suite);
        CU_ASSERT_EQUAL(suite->number, expected[i].number);
        CU_ASSERT_EQUAL(suite->code, expected[i].code);
        CU_ASSERT_EQUAL(suite->hash, expected[i].hash);
        CU_ASSERT_EQUAL(suite->method, expected[i].method);
        CU_ASSERT_EQUAL(suite->nka, expected[i].nka);
        CU_ASSERT_EQUAL(suite->nk, expected[i].nk);
        CU_ASSERT_EQUAL(suite->nt, expected[i].nt);
        CU_ASSERT_PTR_EQUAL(rs_suite_find_number(expected[i].number), suite);
    }
}

static void the_default_is_ctr_with_an_80_bit_hmac_tag(void)
{
    CU_ASSERT_STRING_EQUAL(rs_suite_default()->name, "AES_256_CTR_HMAC_SHA512_80");
}

static void unknown_names_and_numbers_find_nothing(void)
{
    static const char *const names[] = {
        "",
        "AES_256_CTR_HMAC_SHA512_8",
        "AES_256_CTR_HMAC_SHA512_800",
        "aes_256_ctr",
        "AES_256_CTR ",
        "6",
        "AES_128_GCM_SHA512_128",
        "AES_256_GCM_SHA256_128",
        "AES_128_CTR_HMAC_SHA256_128",
        "AES_256_CTR_HMAC_SHA256_80",
        "AES_128_CTR",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CU_ASSERT_PTR_NULL(rs_suite_find(names[i]));
    CU_ASSERT_PTR_NULL(rs_suite_find_number(0));
    CU_ASSERT_PTR_NULL(rs_suite_find_number(9));
    CU_ASSERT_PTR_NULL(rs_suite_find_number(0x0100));
    CU_ASSERT_PTR_NULL(rs_suite_find_number(0xf000));
    CU_ASSERT_PTR_NULL(rs_suite_find_number(0xffff));
}

/* The four bits in a KID must name one suite, and no row may outgrow what callers reserve. */
static void rows_are_distinct_and_within_the_limits(void)
{
    for (size_t i = 0; i < rs_suite_count; i++) {
        CU_ASSERT(rs_suites[i].code >= 1 && rs_suites[i].code <= 15);
        CU_ASSERT(rs_suites[i].nka <= rs_suites[i].nk);
        CU_ASSERT(rs_suites[i].nk <= RS_KEY_MAX_BYTES);
        CU_ASSERT(rs_suites[i].nt <= RS_TAG_MAX_BYTES);
        for (size_t k = 0; k < i; k++) {
            CU_ASSERT_NOT_EQUAL(rs_suites[i].code, rs_suites[k].code);
            CU_ASSERT_NOT_EQUAL(rs_suites[i].number, rs_suites[k].number);
            CU_ASSERT_NOT_EQUAL(strcmp(rs_suites[i].name, rs_suites[k].name), 0);
        }
    }
}

static const struct rs_test tests[] = {
    {"each_suite_has_the_parameters_of_its_specification",
     each_suite_has_the_parameters_of_its_specification},
    {"the_default_is_ctr_with_an_80_bit_hmac_tag", the_default_is_ctr_with_an_80_bit_hmac_tag},
    {"unknown_names_and_numbers_find_nothing", unknown_names_and_numbers_find_nothing},
    {"rows_are_distinct_and_within_the_limits", rows_are_distinct_and_within_the_limits},
};

int main(void)
{
    return rs_test_main("suite", tests, sizeof(tests) / sizeof(tests[0]));
}
