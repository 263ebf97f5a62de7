/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opus (RFC 7587): the TOC byte (RFC 6716 section 3.1) stays clear, so that a router can tell
 * mode, bandwidth and frame size; all else is sealed.
 */
#include "codec.h"

bool rs_codec_layout_opus(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    (void)body;
    (void)grown_by;
    rs_layout_front(bytes, 0, 1, out);
    return true;
}
