/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload types: the codec's rule, and RTX's sequence number in front of it. What the rules say is
 * in codec_*.c.
 */
#include "format.h"

enum { PACKED_RTX = 0x80, PACKED_CODEC = 0x7f };

bool rs_format_has_rule(struct rs_format format)
{
    return format.codec != NULL && format.codec->layout != NULL;
}

bool rs_format_layout(struct rs_format format, const uint8_t *payload, size_t bytes,
                      size_t grown_by, struct rs_layout *out)
{
    const size_t osn = format.is_rtx ? RS_OSN_BYTES : 0;

    if (!rs_format_has_rule(format) || bytes <= osn ||
        !format.codec->layout(payload + osn, bytes - osn, grown_by, out))
        return false;
    out->free = (uint16_t)(out->free + osn);
    if (out->last_size_offset != 0)
        out->last_size_offset = (uint16_t)(out->last_size_offset + osn);
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
    return (uint8_t)((format.codec - rs_codecs + 1) | (format.is_rtx ? PACKED_RTX : 0));
}

struct rs_format rs_format_unpack(uint8_t packed)
{
    const unsigned int place = packed & PACKED_CODEC;

    return (struct rs_format){
        .codec = place > 0 ? &rs_codecs[place - 1] : NULL,
        .is_rtx = (packed & PACKED_RTX) != 0,
    };
}
