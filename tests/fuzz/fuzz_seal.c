/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sealed and opened again: suite, format, three bytes that say what happens on the way, then the
 * body. An opener on OpenSSL must find what was sealed, and both must agree on what came damaged.
 */
#include "edge.h"

enum { BODY_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t opened[OTHER_MAX_BYTES];
    struct rs_fuzz_edge edge;
    uint64_t kid, ctr;
    size_t bytes, sealed_bytes, opened_bytes;
    uint8_t *sealed;

    if (size < 6 || size > BODY_MAX)
        return 0;
    edge = rs_fuzz_edge(data[0], data[1]);
    kid = rs_kid_make(data[2], edge.suite->code, (uint16_t)(data[3] << 8 | data[4]));
    ctr = rs_ctr_make(data[3], data[4]);
    bytes = size - 5;
    sealed = malloc(bytes + rs_payload_overhead(edge.suite));
    MUST(sealed != NULL);
    memcpy(sealed, data + 5, bytes);
    sealed_bytes = rs_fuzz_seal(&edge, kid, ctr, sealed, bytes);
    if (sealed_bytes > 0) {
        MUST(sealed_bytes == bytes + rs_payload_overhead(edge.suite));
        MUST(rs_fuzz_compare(&edge, sealed, sealed_bytes, opened, &opened_bytes) == RS_OPENED);
        MUST(opened_bytes == bytes && memcmp(opened, data + 5, bytes) == 0);
        if (data[4] != 0) {
            sealed[((size_t)data[2] << 8 | data[3]) % sealed_bytes] ^= data[4];
            rs_fuzz_compare(&edge, sealed, sealed_bytes, opened, &opened_bytes);
        }
    }
    free(sealed);
    return 0;
}
