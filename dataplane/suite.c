/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of cipher suites and how to find a row. What a method does with a row is in its
 * cipher_*.c: adding a suite of a known method is one row here.
 */
#include "suite.h"

#include <string.h>

/* The first row is the default. */
const struct rs_suite rs_suites[] = {
    {"AES_256_CTR_HMAC_SHA512_80", 0x0006, 6, RS_HASH_SHA512, RS_METHOD_CTR_HMAC, 32, 96, 10},
    {"AES_256_CTR_HMAC_SHA512_64", 0x0007, 7, RS_HASH_SHA512, RS_METHOD_CTR_HMAC, 32, 96, 8},
    {"AES_256_CTR_HMAC_SHA512_32", 0x0008, 8, RS_HASH_SHA512, RS_METHOD_CTR_HMAC, 32, 96, 4},
    {"AES_256_GCM_SHA512_128", 0x0005, 5, RS_HASH_SHA512, RS_METHOD_GCM, 32, 32, 16},
    {"AES_128_CTR_HMAC_SHA256_80", 0x0001, 1, RS_HASH_SHA256, RS_METHOD_CTR_HMAC, 16, 48, 10},
    {"AES_128_CTR_HMAC_SHA256_64", 0x0002, 2, RS_HASH_SHA256, RS_METHOD_CTR_HMAC, 16, 48, 8},
    {"AES_128_CTR_HMAC_SHA256_32", 0x0003, 3, RS_HASH_SHA256, RS_METHOD_CTR_HMAC, 16, 48, 4},
    {"AES_128_GCM_SHA256_128", 0x0004, 4, RS_HASH_SHA256, RS_METHOD_GCM, 16, 16, 16},
    {"AES_256_CTR", 0xf001, 15, RS_HASH_SHA512, RS_METHOD_CTR, 32, 32, 0},
};

const size_t rs_suite_count = sizeof(rs_suites) / sizeof(rs_suites[0]);

const struct rs_suite *rs_suite_find(const char *name)
{
    for (size_t i = 0; i < rs_suite_count; i++) {
        if (strcmp(rs_suites[i].name, name) == 0)
            return &rs_suites[i];
    }
    return NULL;
}

const struct rs_suite *rs_suite_find_number(uint16_t number)
{
    for (size_t i = 0; i < rs_suite_count; i++) {
        if (rs_suites[i].number == number)
            return &rs_suites[i];
    }
    return NULL;
}

const struct rs_suite *rs_suite_default(void)
{
    return &rs_suites[0];
}
