/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a payload type of a stream carries: a codec's payloads, or retransmissions of them (RTX,
 * RFC 4588), which begin with the original packet's sequence number. No DPDK, no allocation.
 */
#pragma once

#include "codec.h"

enum { RS_OSN_BYTES = 2 /* the original sequence number, RFC 4588 section 4 */ };

struct rs_format {
    const struct rs_codec *codec; /* NULL: not named. Of RTX, that of the original packets */
    bool is_rtx;
};

/* Whether anything but "sealed whole" can be said of its payloads. Any thread; pure. */
static inline bool rs_format_has_rule(struct rs_format format)
{
    return format.codec != NULL && format.codec->layout != NULL;
}

/* As rs_format_layout, of a retransmission. */
bool rs_format_layout_rtx(struct rs_format format, const uint8_t *payload, size_t bytes,
                          size_t grown_by, struct rs_layout *out);

/*
 * Lays out a payload of `bytes` bytes by the codec's rule, as a rs_layout_fn does; an original
 * sequence number in front is free. Returns false, and leaves *out undefined, where there is no
 * rule, the payload does not parse by it, or nothing follows the sequence number. Any thread; pure.
 */
static inline bool rs_format_layout(struct rs_format format, const uint8_t *payload, size_t bytes,
                                    size_t grown_by, struct rs_layout *out)
{
    if (!rs_format_has_rule(format) || bytes == 0)
        return false;
    return format.is_rtx ? rs_format_layout_rtx(format, payload, bytes, grown_by, out)
                         : format.codec->layout(payload, bytes, grown_by, out);
}

/*
 * The layout of a payload that is sealed whole. RTX leaves its sequence number free, for a router
 * that sends from a cache writes its own; a payload too short to hold one has nothing free.
 */
void rs_format_layout_whole(struct rs_format format, size_t bytes, struct rs_layout *out);

enum { RS_PACKED_RTX = 0x80, RS_PACKED_CODEC = 0x7f };

/* A format in one byte, 0 for one that is not named, and back. Any thread; pure. */
uint8_t rs_format_pack(struct rs_format format);
static inline struct rs_format rs_format_unpack(uint8_t packed)
{
    const unsigned int place = packed & RS_PACKED_CODEC;

    return (struct rs_format){
        .codec = place > 0 ? &rs_codecs[place - 1] : NULL,
        .is_rtx = (packed & RS_PACKED_RTX) != 0,
    };
}

/*
 * What all payload types of a stream carry, as far as sealing needs it: half a byte for each, which
 * does not tell codecs without a rule from each other. 64 to 95 have no place, for those are RTCP's
 * (RFC 5761 section 4).
 */
enum { RS_FORMAT_MAP_BYTES = 48 };

/* formats[] is of all 128 payload types. Any thread; pure. */
void rs_format_map_write(const struct rs_format formats[], uint8_t map[RS_FORMAT_MAP_BYTES]);

/* In which byte of the map a payload type is; RS_FORMAT_MAP_BYTES: in none. Pure. */
static inline unsigned int rs_format_map_place(uint8_t payload_type)
{
    if (payload_type >= 64 && payload_type <= 95)
        return RS_FORMAT_MAP_BYTES;
    return (payload_type < 64 ? payload_type : payload_type - 32u) / 2;
}

/* Half a byte: 0: not named; 1 to 6: the codecs that have a rule, which are the first rows of
 * codec.c; 7: any codec without; 8 is added for RTX. */
enum { RS_HALF_RTX = 8, RS_HALF_NO_RULE = 7, RS_HALF_BITS = 4 };

/* The payload type's format by the map's byte. Any thread; pure. */
static inline struct rs_format rs_format_map_read(uint8_t byte, uint8_t payload_type)
{
    const unsigned int half = (unsigned int)byte >> (payload_type % 2 * RS_HALF_BITS);
    const unsigned int codec = half & RS_HALF_NO_RULE;

    return (struct rs_format){
        .codec = codec > 0 ? &rs_codecs[codec - 1] : NULL,
        .is_rtx = (half & RS_HALF_RTX) != 0,
    };
}
