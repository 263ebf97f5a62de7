/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * KIDs, and the SFrame header in general; the one form of it that stands at the end of a payload is
 * read and written in wire.h. Which key a KID means and whether a count is fresh is decided
 * elsewhere.
 */
#include "wire.h"

enum {
    EXTENDED_KID = 0x80, /* X */
    EXTENDED_CTR = 0x08, /* Y */
    INLINE_MAX = 7,      /* what the three bits of K or C hold themselves */
};

#define SENDER_ID_MAX ((UINT64_C(1) << 43) - 1)

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

uint64_t rs_kid_make(uint64_t sender_id, uint8_t suite_code, uint16_t key_tag)
{
    return RS_WIRE_TOP_BIT | (sender_id & SENDER_ID_MAX) << 20 |
           (uint64_t)(suite_code & 0xf) << 16 | key_tag;
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
