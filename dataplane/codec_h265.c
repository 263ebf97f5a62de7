/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H.265 (RFC 7798): headers of NAL units, of fragments and of aggregates stay clear, and so do
 * parameter sets, which routers and recorders read. Nothing here looks into a unit's body.
 */
#include "codec_aggregate.h"

enum {
    HEADER_BYTES = 2, /* RFC 7798 section 1.1.4 */
    FORBIDDEN_ZERO_BIT = 0x80,
    VPS = 32,
    SPS = 33,
    PPS = 34,
    AP = 48,
    FU = 49,
    FU_BYTES = 3, /* the payload header and the FU header */
    PARAMETER_SET_MAX_BYTES = 256,
};

static unsigned int type_of(uint8_t header)
{
    return header >> 1 & 0x3f;
}

/* Only what is plausibly one: a slice dressed up as a parameter set must not go out in clear. */
static bool is_parameter_set(uint8_t header, size_t unit_bytes)
{
    const unsigned int type = type_of(header);

    return (type == VPS || type == SPS || type == PPS) && (header & FORBIDDEN_ZERO_BIT) == 0 &&
           unit_bytes <= PARAMETER_SET_MAX_BYTES;
}

static size_t unit_clear_bytes(const uint8_t *unit, size_t bytes)
{
    return is_parameter_set(unit[0], bytes) ? bytes : HEADER_BYTES;
}

bool rs_codec_layout_h265(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    static const struct rs_aggregate ap = {HEADER_BYTES, unit_clear_bytes};

    switch (type_of(body[0])) {
    case AP:
        return rs_codec_layout_aggregate(&ap, body, bytes, grown_by, out);
    case FU:
        rs_layout_front(bytes, 0, FU_BYTES, out);
        return true;
    default:
        rs_layout_front(bytes, 0, unit_clear_bytes(body, bytes), out);
        return true;
    }
}
