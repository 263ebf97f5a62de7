/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Aggregates of NAL units (RFC 6184 section 5.7.1, RFC 7798 section 4.4.2). Which units are
 * parameter sets is for the codec that asks.
 */
#include "codec_aggregate.h"

enum { SIZE_BYTES = 2 };

/* The last unit is the one whose size reaches exactly to where the overhead ends. */
bool rs_codec_layout_aggregate(const struct rs_aggregate *kind, const uint8_t *body, size_t bytes,
                               size_t grown_by, struct rs_layout *out)
{
    const size_t header = kind->header_bytes;
    size_t at = header;

    rs_layout_front(bytes < header ? bytes : header, 0, header, out);
    while (at < bytes) {
        size_t rest, unit, clear;

        if (bytes - at < SIZE_BYTES + header)
            return false;
        rest = bytes - at - SIZE_BYTES;
        unit = (size_t)body[at] << 8 | body[at + 1];
        if (unit == rest + grown_by) {
            out->last_size_offset = (uint16_t)at;
            unit = rest;
        } else if (unit < header || unit >= rest) {
            return false;
        }
        clear = kind->unit_clear_bytes(body + at + SIZE_BYTES, unit);
        rs_layout_append(out, SIZE_BYTES + clear, unit - clear);
        at += SIZE_BYTES + unit;
    }
    return true;
}
