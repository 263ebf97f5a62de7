/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload types: the codec's rule, and RTX's sequence number in front of it. What the rules say is
 * in codec_*.c.
 */
#include "format.h"

bool rs_format_layout_rtx(struct rs_format format, const uint8_t *payload, size_t bytes,
                          size_t grown_by, struct rs_layout *out)
{
    if (bytes <= RS_OSN_BYTES ||
        !format.codec->layout(payload + RS_OSN_BYTES, bytes - RS_OSN_BYTES, grown_by, out))
        return false;
    out->free = (uint16_t)(out->free + RS_OSN_BYTES);
    if (out->last_size_offset != 0)
        out->last_size_offset = (uint16_t)(out->last_size_offset + RS_OSN_BYTES);
    return true;
}

void rs_format_layout_whole(struct rs_format format, size_t bytes, struct rs_layout *out)
{
    const size_t osn = format.is_rtx ? RS_OSN_BYTES : 0;

    rs_layout_front(bytes, osn < bytes ? osn : bytes, 0, out);
}

uint8_t rs_format_pack(struct rs_format format)
{
    if (format.codec == NULL)
        return 0;
    return (uint8_t)((format.codec - rs_codecs + 1) | (format.is_rtx ? RS_PACKED_RTX : 0));
}
