/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The SFrame header and the trailer byte at the end of a sealed payload. No DPDK.
 *
 *     body' | tag (Nt) | config 0xFF | KID (8) | CTR (8) | T
 *
 *     KID   1 | sender id (43) | suite code (4) | key tag (16)
 *     CTR   1 | prefix (31) | count (32)
 *     T     VV = 01 | O | LLLLL = 17
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    RS_WIRE_VERSION = 1,
    RS_WIRE_HEADER_BYTES = 17,
    RS_WIRE_TRAILER_BYTES = RS_WIRE_HEADER_BYTES + 1, /* header and T */
    RS_WIRE_CONFIG = 0xff, /* X = Y = 1, eight bytes each: RFC 9605 4.3 */
    RS_WIRE_WHOLE = 0x20,  /* of T, as the following */
    RS_WIRE_LENGTH = 0x1f,
    RS_WIRE_VERSION_SHIFT = 6,
};

#define RS_WIRE_TOP_BIT (UINT64_C(1) << 63)

/* What the last RS_WIRE_TRAILER_BYTES of a sealed payload say. */
struct rs_trailer {
    uint64_t kid;
    uint64_t ctr;
    bool whole; /* O: the payload was sealed whole */
};

enum rs_wire_status { RS_WIRE_OK, RS_WIRE_NOT_SEALED, RS_WIRE_BAD_VERSION };

static inline void rs_wire_store_be64(uint8_t *out, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(out, &value, sizeof(value));
}

static inline uint64_t rs_wire_load_be64(const uint8_t *in)
{
    uint64_t value;

    memcpy(&value, in, sizeof(value));
    return __builtin_bswap64(value);
}

/* Writes the RS_WIRE_TRAILER_BYTES of `trailer` to `out`. Any thread; pure. */
static inline void rs_wire_write(const struct rs_trailer *trailer, uint8_t *out)
{
    out[0] = RS_WIRE_CONFIG;
    rs_wire_store_be64(out + 1, trailer->kid);
    rs_wire_store_be64(out + 9, trailer->ctr);
    out[RS_WIRE_HEADER_BYTES] =
        (uint8_t)(RS_WIRE_VERSION << RS_WIRE_VERSION_SHIFT | (trailer->whole ? RS_WIRE_WHOLE : 0) |
                  RS_WIRE_HEADER_BYTES);
}

/*
 * Reads the trailer at the end of a payload of `bytes` bytes, in the order of the specification:
 * shorter than 18 bytes, LLLLL, config byte, top bits (NOT_SEALED), then VV (BAD_VERSION).
 * *out is set only on RS_WIRE_OK. Any thread; pure.
 */
static inline enum rs_wire_status rs_wire_parse(const uint8_t *payload, size_t bytes,
                                                struct rs_trailer *out)
{
    const uint8_t *header = payload + bytes - RS_WIRE_TRAILER_BYTES;
    uint64_t kid, ctr;
    uint8_t last;

    if (bytes < RS_WIRE_TRAILER_BYTES)
        return RS_WIRE_NOT_SEALED;
    last = payload[bytes - 1];
    if ((last & RS_WIRE_LENGTH) != RS_WIRE_HEADER_BYTES || header[0] != RS_WIRE_CONFIG)
        return RS_WIRE_NOT_SEALED;
    kid = rs_wire_load_be64(header + 1);
    ctr = rs_wire_load_be64(header + 9);
    if ((kid & ctr & RS_WIRE_TOP_BIT) == 0)
        return RS_WIRE_NOT_SEALED;
    if (last >> RS_WIRE_VERSION_SHIFT != RS_WIRE_VERSION)
        return RS_WIRE_BAD_VERSION;
    *out = (struct rs_trailer){.kid = kid, .ctr = ctr, .whole = (last & RS_WIRE_WHOLE) != 0};
    return RS_WIRE_OK;
}

/* Puts a KID and a CTR together; the top bit of each is set, excess bits of `sender_id` and
 * `prefix` are cut. Any thread; pure. */
uint64_t rs_kid_make(uint64_t sender_id, uint8_t suite_code, uint16_t key_tag);
static inline uint64_t rs_ctr_make(uint32_t prefix, uint32_t count)
{
    return RS_WIRE_TOP_BIT | (uint64_t)prefix << 32 | count;
}

/* The fields of a KID and of a CTR. */
static inline uint8_t rs_kid_suite_code(uint64_t kid)
{
    return kid >> 16 & 0xf;
}

static inline uint16_t rs_kid_key_tag(uint64_t kid)
{
    return (uint16_t)kid;
}

static inline uint32_t rs_ctr_count(uint64_t ctr)
{
    return (uint32_t)ctr;
}

/*
 * SFrame header encoding in general (RFC 9605 section 4.3): the shortest form of any KID and CTR,
 * as the RFC's vectors have it. Returns the bytes written to `out` (at most 17). Any thread; pure.
 */
size_t rs_sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t *out);

/* Reads such a header. Returns its bytes, or 0 where `bytes` are too few. */
size_t rs_sframe_header_parse(const uint8_t *in, size_t bytes, uint64_t *kid, uint64_t *ctr);
