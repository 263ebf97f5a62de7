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
    {"AES_256_GCM_SHA512_128", 0x0005, 5, RS_HASH_SHA512, RS_METHOD_GCM, 32, 32, 16},
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
