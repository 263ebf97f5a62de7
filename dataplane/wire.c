/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes and reads what stands at the end of a sealed payload, and the SFrame header in general.
 * Bytes only: which key a KID means and whether a count is fresh is decided elsewhere.
 */
#include "wire.h"

enum {
    CONFIG = 0xff, /* X = Y = 1, eight bytes each: RFC 9605 section 4.3 */
    WHOLE = 0x20,
    LENGTH = 0x1f,
    VERSION_SHIFT = 6,
    EXTENDED_KID = 0x80, /* X */
    EXTENDED_CTR = 0x08, /* Y */
    INLINE_MAX = 7,      /* what the three bits of K or C hold themselves */
};

#define TOP_BIT       (UINT64_C(1) << 63)
#define SENDER_ID_MAX ((UINT64_C(1) << 43) - 1)
#define PREFIX_MAX    ((UINT64_C(1) << 31) - 1)

static uint64_t read_be(const uint8_t *in, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

static void write_be(uint64_t value, uint8_t *out, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--) {
        out[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

enum rs_wire_status rs_wire_parse(const uint8_t *payload, size_t bytes, struct rs_trailer *out)
{
    const uint8_t *header;
    uint64_t kid, ctr;
    uint8_t last;

    if (bytes < RS_WIRE_TRAILER_BYTES)
        return RS_WIRE_NOT_SEALED;
    header = payload + bytes - RS_WIRE_TRAILER_BYTES;
    last = payload[bytes - 1];
    if ((last & LENGTH) != RS_WIRE_HEADER_BYTES || header[0] != CONFIG)
        return RS_WIRE_NOT_SEALED;
    kid = read_be(header + 1, 8);
    ctr = read_be(header + 9, 8);
    if ((kid & ctr & TOP_BIT) == 0)
        return RS_WIRE_NOT_SEALED;
    if (last >> VERSION_SHIFT != RS_WIRE_VERSION)
        return RS_WIRE_BAD_VERSION;
    *out = (struct rs_trailer){.kid = kid, .ctr = ctr, .whole = (last & WHOLE) != 0};
    return RS_WIRE_OK;
}

void rs_wire_write(const struct rs_trailer *trailer, uint8_t *out)
{
    out[0] = CONFIG;
    write_be(trailer->kid, out + 1, 8);
    write_be(trailer->ctr, out + 9, 8);
    out[RS_WIRE_HEADER_BYTES] = (uint8_t)(RS_WIRE_VERSION << VERSION_SHIFT |
                                          (trailer->whole ? WHOLE : 0) | RS_WIRE_HEADER_BYTES);
}

uint64_t rs_kid_make(uint64_t sender_id, uint8_t suite_code, uint16_t key_tag)
{
    return TOP_BIT | (sender_id & SENDER_ID_MAX) << 20 | (uint64_t)(suite_code & 0xf) << 16 |
           key_tag;
}

uint64_t rs_ctr_make(uint32_t prefix, uint32_t count)
{
    return TOP_BIT | (prefix & PREFIX_MAX) << 32 | count;
}

uint8_t rs_kid_suite_code(uint64_t kid)
{
    return kid >> 16 & 0xf;
}

uint16_t rs_kid_key_tag(uint64_t kid)
{
    return (uint16_t)kid;
}

uint32_t rs_ctr_count(uint64_t ctr)
{
    return (uint32_t)ctr;
}

/* Bytes that follow the config byte for a value; 0 where the config byte holds it. */
static size_t extended_bytes(uint64_t value)
{
    size_t bytes = 1;

    if (value <= INLINE_MAX)
        return 0;
    while (value >>= 8)
        bytes++;
    return bytes;
}

size_t rs_sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t *out)
{
    const size_t kid_bytes = extended_bytes(kid);
    const size_t ctr_bytes = extended_bytes(ctr);
    const size_t k = kid_bytes > 0 ? EXTENDED_KID | (kid_bytes - 1) << 4 : (size_t)kid << 4;
    const size_t c = ctr_bytes > 0 ? EXTENDED_CTR | (ctr_bytes - 1) : (size_t)ctr;

    out[0] = (uint8_t)(k | c);
    write_be(kid, out + 1, kid_bytes);
    write_be(ctr, out + 1 + kid_bytes, ctr_bytes);
    return 1 + kid_bytes + ctr_bytes;
}

size_t rs_sframe_header_parse(const uint8_t *in, size_t bytes, uint64_t *kid, uint64_t *ctr)
{
    size_t k, c, kid_bytes, ctr_bytes;

    if (bytes == 0)
        return 0;
    k = in[0] >> 4 & 7;
    c = in[0] & 7;
    kid_bytes = in[0] & EXTENDED_KID ? k + 1 : 0;
    ctr_bytes = in[0] & EXTENDED_CTR ? c + 1 : 0;
    if (bytes < 1 + kid_bytes + ctr_bytes)
        return 0;
    *kid = kid_bytes > 0 ? read_be(in + 1, kid_bytes) : k;
    *ctr = ctr_bytes > 0 ? read_be(in + 1 + kid_bytes, ctr_bytes) : c;
    return 1 + kid_bytes + ctr_bytes;
}
