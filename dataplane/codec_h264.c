/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H.264 (RFC 6184): headers of NAL units, of fragments and of aggregates stay clear, and so do
 * parameter sets, which routers and recorders read. Nothing here looks into a unit's body.
 */
#include "codec_aggregate.h"

enum {
    HEADER_BYTES = 1,
    FORBIDDEN_ZERO_BIT = 0x80,
    NAL_REF_IDC = 0x60,
    TYPE = 0x1f,
    SPS = 7,
    PPS = 8,
    STAP_A = 24,
    FU_A = 28,
    FU_B = 29,
    FU_A_BYTES = 2,
    FU_B_BYTES = 4, /* with the decoding order number */
    PARAMETER_SET_MAX_BYTES = 256,
};

/* Only what is plausibly one: a slice dressed up as a parameter set must not go out in clear. */
static bool is_parameter_set(uint8_t header, size_t unit_bytes)
{
    const uint8_t type = header & TYPE;

    return (type == SPS || type == PPS) && (header & FORBIDDEN_ZERO_BIT) == 0 &&
           (header & NAL_REF_IDC) != 0 && unit_bytes <= PARAMETER_SET_MAX_BYTES;
}

static size_t unit_clear_bytes(const uint8_t *unit, size_t bytes)
{
    return is_parameter_set(unit[0], bytes) ? bytes : HEADER_BYTES;
}

bool rs_codec_layout_h264(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    static const struct rs_aggregate stap_a = {HEADER_BYTES, unit_clear_bytes};

    switch (body[0] & TYPE) {
    case STAP_A:
        return rs_codec_layout_aggregate(&stap_a, body, bytes, grown_by, out);
    case FU_A:
        rs_layout_front(bytes, 0, FU_A_BYTES, out);
        return true;
    case FU_B:
        rs_layout_front(bytes, 0, FU_B_BYTES, out);
        return true;
    default:
        rs_layout_front(bytes, 0, unit_clear_bytes(body, bytes), out);
        return true;
    }
}
