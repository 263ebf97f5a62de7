/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/isa.h"

#include <errno.h>

#include "tests/support/runner.h"

void rs_test_on_each_isa(void (*run)(struct rs_cipher *cipher))
{
    static const enum rs_isa isas[] = {RS_ISA_SSE, RS_ISA_AVX2, RS_ISA_AVX512};
    static const char *const names[] = {"SSE", "AVX2", "AVX512"};

    for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
        struct rs_cipher *cipher = rs_cipher_create(isas[i]);

        if (cipher == NULL && errno == ENOTSUP) {
            rs_test_skip(names[i]);
            continue;
        }
        CU_ASSERT_PTR_NOT_NULL_FATAL(cipher);
        CU_ASSERT_STRING_EQUAL(rs_cipher_isa_name(cipher), names[i]);
        run(cipher);
        rs_cipher_destroy(cipher);
    }
}
