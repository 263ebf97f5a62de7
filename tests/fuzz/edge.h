/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's payloads and cipher under the keys of one sender, for targets that seal and open.
 */
#pragma once

#include "dataplane/payload.h"
#include "fuzz.h"
#include "other_edge.h"

/* A suite and a format by the first two bytes of an input, and both edges' view of them. */
struct rs_fuzz_edge {
    const struct rs_suite *suite;
    struct rs_format format;
    struct other_edge other;
};

struct rs_fuzz_edge rs_fuzz_edge(uint8_t suite, uint8_t format);

/* Seals `bytes` of body in place. Returns the sealed payload's bytes, or 0 where it would be too
 * long. */
size_t rs_fuzz_seal(const struct rs_fuzz_edge *edge, uint64_t kid, uint64_t ctr, uint8_t *body,
                    size_t bytes);

/* Opens in place. What does not open must be as it came. */
enum rs_outcome rs_fuzz_open(const struct rs_fuzz_edge *edge, uint8_t *sealed, size_t *bytes);

/* Opens with both, which must agree. Returns what both say. */
enum rs_outcome rs_fuzz_compare(const struct rs_fuzz_edge *edge, const uint8_t *sealed,
                                size_t bytes, uint8_t *out, size_t *out_bytes);
