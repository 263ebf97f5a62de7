/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The derivation of base keys: against the wire format's vectors and OpenSSL's other PBKDF2.
 */
#include "control/kdf.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "control/counts.h"
#include "tests/support/hex.h"
#include "tests/support/runner.h"

static const char secret[] = "correct horse battery staple 1";
static const char expected[] = "79b4aeece557f753cbd03f59ec03783c58669bc13720abf4eb893b9d7889faf2"
                               "ed2f87d55ab3aaf85c4b9719504599c217e9f158c9aa70235441ec86b733968f";
static unsigned int done;

static void the_vector_of_the_wire_format_is_met(void)
{
    uint8_t key[RS_BASE_KEY_BYTES], wanted[RS_BASE_KEY_BYTES];

    CU_ASSERT_EQUAL_FATAL(rs_hex_decode(expected, wanted, sizeof(wanted)), sizeof(wanted));
    CU_ASSERT_EQUAL(rs_kdf_derive(secret, strlen(secret), "room-1", key), 0);
    CU_ASSERT_EQUAL(memcmp(key, wanted, sizeof(key)), 0);
}

static void a_secret_with_a_nul_inside_is_used_whole(void)
{
    static const char text[] = "four\0four", salt[] = "rtpseal/1 s";
    uint8_t key[RS_BASE_KEY_BYTES], other[RS_BASE_KEY_BYTES];
    unsigned int iterations = 220000;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "PBKDF2", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA512", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)text, 9),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, 11),
        OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iterations),
        OSSL_PARAM_construct_end(),
    };

    CU_ASSERT_EQUAL_FATAL(EVP_KDF_derive(context, other, sizeof(other), params), 1);
    CU_ASSERT_EQUAL(rs_kdf_derive(text, 9, "s", key), 0);
    CU_ASSERT_EQUAL(memcmp(key, other, sizeof(key)), 0);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

static struct rs_counts counts;

static void on_done(void *arg, const uint8_t *base_key)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(base_key);
    memcpy(arg, base_key, RS_BASE_KEY_BYTES);
    done++;
}

static void a_job_is_done_off_the_caller_and_told_out_of_poll(void)
{
    struct rs_kdf *kdf = rs_kdf_create(&counts);
    const struct rs_histogram *took;
    struct pollfd ready = {.events = POLLIN};
    uint8_t key[RS_BASE_KEY_BYTES] = {0}, wanted[RS_BASE_KEY_BYTES];

    CU_ASSERT_PTR_NOT_NULL_FATAL(kdf);
    rs_counts_init(&counts);
    ready.fd = rs_kdf_fd(kdf);
    rs_hex_decode(expected, wanted, sizeof(wanted));
    done = 0;
    CU_ASSERT_EQUAL(rs_kdf_submit(kdf, secret, strlen(secret), "room-1", on_done, key), 0);
    rs_kdf_poll(kdf);
    CU_ASSERT_EQUAL(done, 0);
    CU_ASSERT_EQUAL(poll(&ready, 1, 10000), 1);
    rs_kdf_poll(kdf);
    CU_ASSERT_EQUAL(done, 1);
    CU_ASSERT_EQUAL(memcmp(key, wanted, sizeof(key)), 0);
    CU_ASSERT_EQUAL(counts.derivations[RS_DERIVATION_OK], 1);
    took = &counts.timings[RS_TIMING_DERIVATION];
    CU_ASSERT_EQUAL(rs_histogram_at_most(took, took->bound_count), 1);
    CU_ASSERT(took->sum > 0 && took->sum < 10);
    rs_kdf_destroy(kdf);
}

static void the_queue_is_bounded_and_forgotten_at_the_end(void)
{
    struct rs_kdf *kdf = rs_kdf_create(&counts);
    static uint8_t key[RS_BASE_KEY_BYTES];

    CU_ASSERT_PTR_NOT_NULL_FATAL(kdf);
    rs_counts_init(&counts);
    done = 0;
    for (int i = 0; i < RS_KDF_QUEUE; i++)
        CU_ASSERT_EQUAL(rs_kdf_submit(kdf, secret, strlen(secret), "s", on_done, key), 0);
    CU_ASSERT_EQUAL(rs_kdf_submit(kdf, secret, strlen(secret), "s", on_done, key), -EBUSY);
    CU_ASSERT_EQUAL(counts.derivations[RS_DERIVATION_REFUSED], 1);
    rs_kdf_destroy(kdf);
    CU_ASSERT_EQUAL(done, 0);
}

static void what_is_too_long_is_refused(void)
{
    static char text[RS_SECRET_MAX_BYTES + 1], id[200];
    struct rs_kdf *kdf = rs_kdf_create(&counts);
    static uint8_t key[RS_BASE_KEY_BYTES];

    CU_ASSERT_PTR_NOT_NULL_FATAL(kdf);
    memset(id, 'i', sizeof(id) - 1);
    CU_ASSERT_EQUAL(rs_kdf_submit(kdf, text, sizeof(text), "s", on_done, key), -EINVAL);
    CU_ASSERT_EQUAL(rs_kdf_submit(kdf, text, 8, id, on_done, key), -EINVAL);
    CU_ASSERT_EQUAL(rs_kdf_derive(text, 8, id, key), -EIO);
    rs_kdf_destroy(kdf);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(the_vector_of_the_wire_format_is_met),
    TEST(a_secret_with_a_nul_inside_is_used_whole),
    TEST(a_job_is_done_off_the_caller_and_told_out_of_poll),
    TEST(the_queue_is_bounded_and_forgotten_at_the_end),
    TEST(what_is_too_long_is_refused),
};

int main(void)
{
    return rs_test_main("kdf", tests, sizeof(tests) / sizeof(tests[0]));
}
