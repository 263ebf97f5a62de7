/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AV1 (the AOM's RTP payload format): the aggregation header stays clear; what a router needs to
 * know of the frame is in the Dependency Descriptor, a header extension. All else is sealed.
 */
#include "codec.h"

bool rs_codec_layout_av1(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    (void)body;
    (void)grown_by;
    rs_layout_front(bytes, 0, 1, out);
    return true;
}
