/* SPDX-License-Identifier: BSD-3-Clause */
/* The random generator: that it is what it says, by OpenSSL, and that it does not repeat. */
#include "dataplane/cipher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "tests/support/isa.h"
#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the engine under test is seeded from; NULL: the kernel. */
static const uint8_t *fixed_seed;

/* Stands in for libc's, so that a test can know the seed. */
ssize_t getrandom(void *out, size_t bytes, unsigned int flags)
{
    if (fixed_seed == NULL)
        return syscall(SYS_getrandom, out, bytes, flags);
    memcpy(out, fixed_seed, bytes);
    return (ssize_t)bytes;
}

static const uint8_t seed_of_48[48] = "a seed that the test knows, of forty-eight bytes";

/* What the generator's rule gives for the seed, by OpenSSL: 512 bytes of each refill of 560. */
static void expect_stream(const uint8_t *mix, uint8_t *out, size_t refills)
{
    static const uint8_t zeros[560];
    uint8_t stream[560], state[48];
    int n;

    memcpy(state, seed_of_48, sizeof(state));
    for (size_t i = 0; i < 32 && mix != NULL; i++)
        state[i] ^= mix[i];
    for (size_t i = 0; i < refills; i++) {
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

        EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, state, state + 32);
        EVP_EncryptUpdate(ctx, stream, &n, zeros, sizeof(zeros));
        EVP_CIPHER_CTX_free(ctx);
        memcpy(state, stream, sizeof(state));
        memcpy(out + 512 * i, stream + 48, 512);
    }
}

static void run_known_seed(struct rs_cipher *cipher)
{
    static const size_t pieces[] = {1, 12, 499, 512, 100, 412};
    uint8_t expected[1536], drawn[1536];
    size_t at = 0;

    expect_stream(NULL, expected, 3);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        rs_cipher_random(cipher, drawn + at, pieces[i]);
        at += pieces[i];
    }
    CU_ASSERT_EQUAL_FATAL(at, sizeof(drawn));
    CU_ASSERT_EQUAL(memcmp(drawn, expected, sizeof(drawn)), 0);
}

static void the_generator_is_aes_256_ctr_with_key_erasure(void)
{
    fixed_seed = seed_of_48;
    rs_test_on_each_isa(run_known_seed);
    fixed_seed = NULL;
}

static void run_reseed(struct rs_cipher *cipher)
{
    static const uint8_t mix[32] = "thirty-two bytes to be mixed in";
    uint8_t expected[512], drawn[512];

    expect_stream(mix, expected, 1);
    rs_cipher_reseed(cipher, mix);
    rs_cipher_random(cipher, drawn, sizeof(drawn));
    CU_ASSERT_EQUAL(memcmp(drawn, expected, sizeof(drawn)), 0);
    expect_stream(NULL, expected, 1);
    CU_ASSERT_NOT_EQUAL(memcmp(drawn, expected, sizeof(drawn)), 0);
}

static void a_seed_mixed_in_changes_what_follows(void)
{
    fixed_seed = seed_of_48;
    rs_test_on_each_isa(run_reseed);
    fixed_seed = NULL;
}

static int compare_blocks(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void a_megabyte_repeats_no_block(void)
{
    enum { BYTES = 1 << 20 };
    struct rs_cipher *cipher = rs_cipher_create(RS_ISA_AUTO);
    uint8_t *bytes = malloc(BYTES);
    unsigned int repeats = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(cipher);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    rs_cipher_random(cipher, bytes, BYTES);
    qsort(bytes, BYTES / 16, 16, compare_blocks);
    for (size_t i = 16; i < BYTES; i += 16)
        repeats += memcmp(bytes + i - 16, bytes + i, 16) == 0;
    CU_ASSERT_EQUAL(repeats, 0);
    free(bytes);
    rs_cipher_destroy(cipher);
}

static void two_engines_draw_different_numbers(void)
{
    struct rs_cipher *one = rs_cipher_create(RS_ISA_AUTO), *two = rs_cipher_create(RS_ISA_AUTO);
    uint8_t a[64], b[64];

    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    rs_cipher_random(one, a, sizeof(a));
    rs_cipher_random(two, b, sizeof(b));
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
    rs_cipher_destroy(one);
    rs_cipher_destroy(two);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(the_generator_is_aes_256_ctr_with_key_erasure),
        TEST(a_seed_mixed_in_changes_what_follows),
        TEST(a_megabyte_repeats_no_block),
        TEST(two_engines_draw_different_numbers),
    };

    return rs_test_main("random", tests, COUNT(tests));
}
