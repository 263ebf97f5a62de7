/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any payload as if it were sealed: suite, format, whether a member of the session signs it, then
 * the payload. The opener and one on OpenSSL must agree on what it is and on each byte of it.
 */
#include "edge.h"

enum { PAYLOAD_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t opened[OTHER_MAX_BYTES];
    struct rs_fuzz_edge edge;
    size_t opened_bytes;
    uint8_t *sealed;
    enum rs_outcome outcome;
    bool is_signed = false;

    if (size < 3 || size > PAYLOAD_MAX)
        return 0;
    edge = rs_fuzz_edge(data[0], data[1]);
    sealed = rs_fuzz_copy(data + 3, size - 3);
    if (data[2] & 1)
        is_signed = other_sign(&edge.other, sealed, size - 3);
    outcome = rs_fuzz_compare(&edge, sealed, size - 3, opened, &opened_bytes);
    if (is_signed)
        MUST(outcome == RS_OPENED);
    else if (edge.suite->nt >= 8)
        MUST(outcome != RS_OPENED);
    free(sealed);
    return 0;
}
