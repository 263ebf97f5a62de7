/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walk through a packet of several NAL units, which H.264's STAP-A and H.265's AP share. No
 * DPDK.
 */
#pragma once

#include "codec.h"

struct rs_aggregate {
    size_t header_bytes; /* of the aggregate, and of each unit in it */
    /* The clear bytes of a unit that is at least its header. */
    size_t (*unit_clear_bytes)(const uint8_t *unit, size_t bytes);
};

/*
 * Lays out  header | size unit | size unit | ...  as a rs_layout_fn does: headers, 16-bit sizes and
 * what `kind` says of each unit are clear. A size that is shorter than a header or does not end
 * with the body is refused. Any thread; pure.
 */
bool rs_codec_layout_aggregate(const struct rs_aggregate *kind, const uint8_t *body, size_t bytes,
                               size_t grown_by, struct rs_layout *out);
