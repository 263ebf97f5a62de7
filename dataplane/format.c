/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payload types: the codec's rule, and RTX's sequence number in front of it. What the rules say is
 * in codec_*.c.
 */
#include "format.h"

#include <string.h>

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

static uint8_t half_of(struct rs_format format)
{
    if (format.codec == NULL)
        return 0;
    return (uint8_t)((rs_format_has_rule(format) ? format.codec->number : RS_HALF_NO_RULE) |
                     (format.is_rtx ? RS_HALF_RTX : 0));
}

void rs_format_map_write(const struct rs_format formats[], uint8_t map[RS_FORMAT_MAP_BYTES])
{
    memset(map, 0, RS_FORMAT_MAP_BYTES);
    for (unsigned int pt = 0; pt < 128; pt++) {
        const unsigned int place = rs_format_map_place((uint8_t)pt);

        if (place < RS_FORMAT_MAP_BYTES)
            map[place] |= (uint8_t)(half_of(formats[pt]) << (pt % 2 * RS_HALF_BITS));
    }
}
