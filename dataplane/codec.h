/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which bytes of an RTP payload stay clear, per codec. One file codec_*.c per codec family and one
 * row in codec.c; nothing else knows a codec. No DPDK, no cryptography, no allocation.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of the wire format: authenticated with every packet, so numbers are never reused. */
enum rs_codec_number {
    RS_CODEC_OTHER = 0, /* no rule: sealed whole */
    RS_CODEC_VP8 = 1,
    RS_CODEC_VP9 = 2,
    RS_CODEC_H264 = 3,
    RS_CODEC_H265 = 4,
    RS_CODEC_AV1 = 5,
    RS_CODEC_OPUS = 6,
};

/*
 * A body is `free` bytes, then runs, each of clear bytes followed by sealed bytes:
 *
 *     | free | clear sealed | clear sealed | ...
 *
 * free    clear and not authenticated: a router may rewrite them
 * clear   clear and authenticated
 * sealed  encrypted and authenticated
 */
struct rs_run {
    uint16_t clear;  /* bytes */
    uint16_t sealed; /* bytes */
};

struct rs_layout {
    uint16_t free;       /* bytes at the front */
    uint16_t run_count;  /* at least 1, unless the body is all free */
    struct rs_run *runs; /* the caller's memory */
    /*
     * Offset in the body of the 16-bit size of the last aggregated unit, which grows with the
     * overhead so that a router that walks the units finds a well-formed packet; 0 where the codec
     * has none (offset 0 never holds a size). That the grown size still fits into 16 bits is for
     * the caller to see to.
     */
    uint16_t last_size_offset;
};

/* The most runs that a body of `bytes` can have: what a caller of a layout function provides. */
#define RS_LAYOUT_MAX_RUNS(bytes) ((bytes) / 3 + 2)

/*
 * Lays out a body. `body` holds `bytes` bytes, at least 1 and at most 65535. `grown_by` is 0 for a
 * plain body and the overhead in bytes for a sealed one (without its trailer), whose last unit's
 * size has grown by that much. Writes at most RS_LAYOUT_MAX_RUNS(bytes) runs to out->runs.
 * Returns true, or false where the body does not parse by the codec's rule (WIRE: sealed whole, or
 * `malformed` on opening); *out is then undefined. Any thread; pure.
 */
typedef bool rs_layout_fn(const uint8_t *body, size_t bytes, size_t grown_by,
                          struct rs_layout *out);

struct rs_codec {
    const char *name; /* as on the control socket, compared without case */
    enum rs_codec_number number;
    rs_layout_fn *layout; /* NULL: no rule, always sealed whole */
};

/* The codecs in the order of the table. Any thread; borrowed, never freed. */
extern const struct rs_codec rs_codecs[];
extern const size_t rs_codec_count;

/* Borrowed row, or NULL where there is none. Any thread. */
const struct rs_codec *rs_codec_find(const char *name);

/*
 * What the per-family rules build with. rs_layout_front makes a body of `free` bytes (at most
 * `bytes`), up to `clear` clear ones as far as the body goes, and the rest sealed.
 * rs_layout_append adds a run behind the others, or lengthens the last one where that is the same.
 */
static inline void rs_layout_front(size_t bytes, size_t free, size_t clear, struct rs_layout *out)
{
    const size_t rest = bytes - free;

    if (clear > rest)
        clear = rest;
    out->free = (uint16_t)free;
    out->runs[0] = (struct rs_run){(uint16_t)clear, (uint16_t)(rest - clear)};
    out->run_count = rest > 0;
    out->last_size_offset = 0;
}

void rs_layout_append(struct rs_layout *layout, size_t clear, size_t sealed);

/* The per-family rules; codec.c's table is their only user. */
rs_layout_fn rs_codec_layout_vp8;  /* RFC 7741 */
rs_layout_fn rs_codec_layout_vp9;  /* RFC 9628 */
rs_layout_fn rs_codec_layout_h264; /* RFC 6184 */
rs_layout_fn rs_codec_layout_h265; /* RFC 7798 */
rs_layout_fn rs_codec_layout_av1;  /* the AOM's RTP payload format */
rs_layout_fn rs_codec_layout_opus; /* RFC 7587 */
