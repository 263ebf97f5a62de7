/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bytes of a body are free, clear or sealed, one by one, as the table of the wire format
 * says. */
#include "other_layout.h"

#include <string.h>

static bool mark_front(struct other_body *body, size_t free, size_t clear)
{
    if (free > body->count)
        return false;
    for (size_t i = 0; i < body->count; i++)
        body->kinds[i] = i < free ? OTHER_FREE : i < free + clear ? OTHER_CLEAR : OTHER_SEALED;
    return true;
}

/* RFC 7741 section 4.2 */
static bool mark_vp8(struct other_body *body)
{
    const uint8_t *in = body->bytes;
    size_t at = 1;
    uint8_t more = 0;

    if (in[0] & 0x80) {
        if (body->count < 2)
            return false;
        more = in[at++];
    }
    if (more & 0x80) { /* I */
        if (at >= body->count)
            return false;
        at += in[at] & 0x80 ? 2 : 1;
    }
    if (more & 0x40) /* L */
        at++;
    if (more & 0x30) /* T, K */
        at++;
    if (at > body->count)
        return false;
    if ((in[0] & 0x10) == 0 || (in[0] & 7) != 0 || at == body->count)
        return mark_front(body, at, 0);
    return mark_front(body, at, in[at] & 1 ? 1 : 10);
}

/* RFC 9628 section 4.2 */
static bool mark_vp9(struct other_body *body)
{
    const uint8_t *in = body->bytes;
    const size_t n = body->count;
    const uint8_t first = in[0];
    size_t at = 1;

    if (first & 0x80) { /* I */
        if (at >= n)
            return false;
        at += in[at] & 0x80 ? 2 : 1;
    }
    if (first & 0x20) /* L; F = 0: TL0PICIDX */
        at += first & 0x10 ? 1 : 2;
    if ((first & 0x50) == 0x50) { /* P and F */
        unsigned int differences = 0;
        bool another;

        do {
            if (at >= n || differences == 3)
                return false;
            another = in[at++] & 1;
            differences++;
        } while (another);
    }
    if (first & 0x02) { /* V */
        uint8_t structure;

        if (at >= n)
            return false;
        structure = in[at++];
        if (structure & 0x10)
            at += 4 * (size_t)((structure >> 5) + 1);
        if (structure & 0x08) {
            uint8_t pictures;

            if (at >= n)
                return false;
            pictures = in[at++];
            for (unsigned int i = 0; i < pictures; i++) {
                if (at >= n)
                    return false;
                at += 1 + (size_t)(in[at] >> 2 & 3);
            }
        }
    }
    return at <= n && mark_front(body, at, first & 0x08 ? 1 : 0);
}

static bool h264_is_parameter_set(const uint8_t *unit, size_t bytes)
{
    const uint8_t type = unit[0] & 0x1f;

    return (unit[0] & 0x80) == 0 && (unit[0] & 0x60) != 0 && (type == 7 || type == 8) &&
           bytes <= 256;
}

static bool h265_is_parameter_set(const uint8_t *unit, size_t bytes)
{
    const uint8_t type = unit[0] >> 1 & 0x3f;

    return (unit[0] & 0x80) == 0 && type >= 32 && type <= 34 && bytes <= 256;
}

static bool mark_units(struct other_body *body, size_t header,
                       bool (*is_parameter_set)(const uint8_t *, size_t))
{
    size_t at = header;

    mark_front(body, 0, header);
    while (at < body->count) {
        size_t unit, left;

        if (body->count - at < 2)
            return false;
        left = body->count - at - 2;
        unit = (size_t)body->bytes[at] << 8 | body->bytes[at + 1];
        if (unit == left + body->grown) {
            unit = left;
            body->last_size = at;
        } else if (unit >= left) {
            return false;
        }
        if (unit < header)
            return false;
        body->kinds[at] = body->kinds[at + 1] = OTHER_CLEAR;
        at += 2;
        memset(body->kinds + at, OTHER_SEALED, unit);
        memset(body->kinds + at, OTHER_CLEAR,
               is_parameter_set(body->bytes + at, unit) ? unit : header);
        at += unit;
    }
    return true;
}

/* RFC 6184 section 5.2 */
static bool mark_h264(struct other_body *body)
{
    const uint8_t type = body->bytes[0] & 0x1f;

    if (type == 24)
        return mark_units(body, 1, h264_is_parameter_set);
    if (type == 28 || type == 29)
        return mark_front(body, 0, type == 28 ? 2 : 4);
    return mark_front(body, 0, h264_is_parameter_set(body->bytes, body->count) ? body->count : 1);
}

/* RFC 7798 section 4.4 */
static bool mark_h265(struct other_body *body)
{
    const uint8_t type = body->bytes[0] >> 1 & 0x3f;

    if (type == 48)
        return mark_units(body, 2, h265_is_parameter_set);
    if (type == 49)
        return mark_front(body, 0, 3);
    return mark_front(body, 0, h265_is_parameter_set(body->bytes, body->count) ? body->count : 2);
}

static bool mark_by_codec(enum other_codec codec, struct other_body *body)
{
    switch (codec) {
    case OTHER_VP8:
        return mark_vp8(body);
    case OTHER_VP9:
        return mark_vp9(body);
    case OTHER_H264:
        return mark_h264(body);
    case OTHER_H265:
        return mark_h265(body);
    case OTHER_AV1:
    case OTHER_OPUS:
        return mark_front(body, 0, 1);
    case OTHER_NONE:
        break;
    }
    return false;
}

bool other_mark(const struct other_edge *edge, bool whole, struct other_body *body)
{
    struct other_body inner = *body;

    body->last_size = 0;
    if (whole)
        return mark_front(body, edge->rtx ? (body->count < 2 ? body->count : 2) : 0, 0);
    if (!edge->rtx)
        return body->count > 0 && mark_by_codec(edge->codec, body);
    if (body->count <= 2)
        return false;
    memset(body->kinds, OTHER_FREE, 2);
    inner.bytes += 2;
    inner.kinds += 2;
    inner.count -= 2;
    inner.last_size = 0;
    if (!mark_by_codec(edge->codec, &inner))
        return false;
    body->last_size = inner.last_size != 0 ? inner.last_size + 2 : 0;
    return true;
}
