/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H.264 (RFC 6184): headers of NAL units, of fragments and of aggregates stay clear, and so do
 * parameter sets, which routers and recorders read. Nothing here looks into a unit's body.
 */
#include "codec.h"

enum {
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
    SIZE_BYTES = 2,
    PARAMETER_SET_MAX_BYTES = 256,
};

/* Only what is plausibly one: a slice dressed up as a parameter set must not go out in clear. */
static bool is_parameter_set(uint8_t header, size_t unit_bytes)
{
    const uint8_t type = header & TYPE;

    return (type == SPS || type == PPS) && (header & FORBIDDEN_ZERO_BIT) == 0 &&
           (header & NAL_REF_IDC) != 0 && unit_bytes <= PARAMETER_SET_MAX_BYTES;
}

/* The clear bytes of a NAL unit by itself. */
static size_t unit_clear_bytes(uint8_t header, size_t unit_bytes)
{
    return is_parameter_set(header, unit_bytes) ? unit_bytes : 1;
}

/*
 * RFC 6184 section 5.7.1:  type | size unit | size unit | ...
 * The last unit is the one whose size reaches exactly to where the overhead ends.
 */
static bool layout_stap_a(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    size_t at = 1;

    rs_layout_front(1, 0, 1, out);
    while (at < bytes) {
        size_t rest, unit, clear;

        if (bytes - at < SIZE_BYTES + 1)
            return false;
        rest = bytes - at - SIZE_BYTES;
        unit = (size_t)body[at] << 8 | body[at + 1];
        if (unit == rest + grown_by) {
            out->last_size_offset = (uint16_t)at;
            unit = rest;
        } else if (unit == 0 || unit >= rest) {
            return false;
        }
        clear = unit_clear_bytes(body[at + SIZE_BYTES], unit);
        rs_layout_append(out, SIZE_BYTES + clear, unit - clear);
        at += SIZE_BYTES + unit;
    }
    return true;
}

bool rs_codec_layout_h264(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    switch (body[0] & TYPE) {
    case STAP_A:
        return layout_stap_a(body, bytes, grown_by, out);
    case FU_A:
        rs_layout_front(bytes, 0, FU_A_BYTES, out);
        return true;
    case FU_B:
        rs_layout_front(bytes, 0, FU_B_BYTES, out);
        return true;
    default:
        rs_layout_front(bytes, 0, unit_clear_bytes(body[0], bytes), out);
        return true;
    }
}
