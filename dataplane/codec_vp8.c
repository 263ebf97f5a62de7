/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VP8 (RFC 7741): the payload descriptor is free, for routers rewrite it; the start of a frame
 * shows what they read of it. Nothing here looks into the frame further than its first bit.
 */
#include "codec.h"

enum {
    EXTENDED = 0x80,             /* X of the first byte */
    START = 0x10,                /* S */
    PARTITION = 0x07,            /* PID */
    PICTURE_ID = 0x80,           /* I of the second byte */
    TL0PICIDX = 0x40,            /* L */
    TID_OR_KEYIDX = 0x30,        /* T, K: one byte for both */
    LONG_PICTURE_ID = 0x80,      /* M of the picture id */
    INTER_FRAME = 0x01,          /* P of the frame tag, RFC 6386 section 9.1 */
    KEY_FRAME_HEADER_BYTES = 10, /* frame tag, start code, width and height */
};

/* RFC 7741 section 4.2. Returns 0 where it runs past the end. */
static size_t descriptor_bytes(const uint8_t *body, size_t bytes)
{
    size_t at = 2;

    if ((body[0] & EXTENDED) == 0)
        return 1;
    if (bytes < at)
        return 0;
    if (body[1] & PICTURE_ID) {
        if (bytes == at)
            return 0;
        at += body[at] & LONG_PICTURE_ID ? 2 : 1;
    }
    if (body[1] & TL0PICIDX)
        at++;
    if (body[1] & TID_OR_KEYIDX)
        at++;
    return at <= bytes ? at : 0;
}

bool rs_codec_layout_vp8(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    const size_t descriptor = descriptor_bytes(body, bytes);
    size_t clear = 0;

    (void)grown_by;
    if (descriptor == 0)
        return false;
    if ((body[0] & START) && (body[0] & PARTITION) == 0 && descriptor < bytes)
        clear = body[descriptor] & INTER_FRAME ? 1 : KEY_FRAME_HEADER_BYTES;
    rs_layout_front(bytes, descriptor, clear, out);
    return true;
}
