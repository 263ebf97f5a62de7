/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VP9 (RFC 9628): the payload descriptor with its scalability structure is free, for routers
 * rewrite it; of a frame its first byte shows. Nothing here looks into the frame.
 */
#include "codec.h"

enum {
    PICTURE_ID = 0x80,      /* I */
    INTER_PICTURE = 0x40,   /* P */
    LAYER_INDICES = 0x20,   /* L */
    FLEXIBLE = 0x10,        /* F */
    BEGIN = 0x08,           /* B */
    SCALABILITY = 0x02,     /* V */
    LONG_PICTURE_ID = 0x80, /* M of the picture id */
    MORE_REFERENCES = 0x01, /* N of a reference difference */
    REFERENCES_MAX = 3,
    RESOLUTIONS = 0x10,   /* Y of the scalability structure */
    PICTURE_GROUP = 0x08, /* G */
};

/* A walk over the descriptor: `at` passes `bytes` where it runs past the end. */
struct cursor {
    const uint8_t *body;
    size_t bytes, at;
};

/* The next byte; 0 behind the end, which the caller notices in the end. */
static uint8_t next_byte(struct cursor *cursor)
{
    const size_t at = cursor->at++;

    return at < cursor->bytes ? cursor->body[at] : 0;
}

/* RFC 9628 section 4.2, P_DIFF. Returns false where a fourth one is announced. */
static bool skip_references(struct cursor *cursor)
{
    for (int i = 0; i < REFERENCES_MAX; i++) {
        if ((next_byte(cursor) & MORE_REFERENCES) == 0)
            return true;
    }
    return false;
}

/* RFC 9628 section 4.2.1. */
static void skip_scalability(struct cursor *cursor)
{
    const uint8_t flags = next_byte(cursor);

    if (flags & RESOLUTIONS)
        cursor->at += 4 * ((size_t)(flags >> 5) + 1);
    if (flags & PICTURE_GROUP) {
        for (unsigned int pictures = next_byte(cursor); pictures > 0; pictures--)
            cursor->at += next_byte(cursor) >> 2 & 3;
    }
}

/* RFC 9628 section 4.2. Returns 0 where it runs past the end or cannot be. */
static size_t descriptor_bytes(const uint8_t *body, size_t bytes)
{
    struct cursor cursor = {body, bytes, 0};
    const uint8_t flags = next_byte(&cursor);

    if (flags & PICTURE_ID && next_byte(&cursor) & LONG_PICTURE_ID)
        cursor.at++;
    if (flags & LAYER_INDICES)
        cursor.at += flags & FLEXIBLE ? 1 : 2;
    if (flags & FLEXIBLE && flags & INTER_PICTURE && !skip_references(&cursor))
        return 0;
    if (flags & SCALABILITY)
        skip_scalability(&cursor);
    return cursor.at <= bytes ? cursor.at : 0;
}

bool rs_codec_layout_vp9(const uint8_t *body, size_t bytes, size_t grown_by, struct rs_layout *out)
{
    const size_t descriptor = descriptor_bytes(body, bytes);

    (void)grown_by;
    if (descriptor == 0)
        return false;
    rs_layout_front(bytes, descriptor, body[0] & BEGIN ? 1 : 0, out);
    return true;
}
