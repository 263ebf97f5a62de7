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

enum {
    RS_WIRE_VERSION = 1,
    RS_WIRE_HEADER_BYTES = 17,
    RS_WIRE_TRAILER_BYTES = RS_WIRE_HEADER_BYTES + 1, /* header and T */
};

/* What the last RS_WIRE_TRAILER_BYTES of a sealed payload say. */
struct rs_trailer {
    uint64_t kid;
    uint64_t ctr;
    bool whole; /* O: the payload was sealed whole */
};

enum rs_wire_status { RS_WIRE_OK, RS_WIRE_NOT_SEALED, RS_WIRE_BAD_VERSION };

/*
 * Reads the trailer at the end of a payload of `bytes` bytes, in the order of the specification:
 * shorter than 18 bytes, LLLLL, config byte, top bits (NOT_SEALED), then VV (BAD_VERSION).
 * *out is set only on RS_WIRE_OK. Any thread; pure.
 */
enum rs_wire_status rs_wire_parse(const uint8_t *payload, size_t bytes, struct rs_trailer *out);

/* Writes the RS_WIRE_TRAILER_BYTES of `trailer` to `out`. Any thread; pure. */
void rs_wire_write(const struct rs_trailer *trailer, uint8_t *out);

/* Puts a KID and a CTR together; the top bit of each is set, excess bits of `sender_id` and
 * `prefix` are cut. Any thread; pure. */
uint64_t rs_kid_make(uint64_t sender_id, uint8_t suite_code, uint16_t key_tag);
uint64_t rs_ctr_make(uint32_t prefix, uint32_t count);

/* The fields of a KID and of a CTR. */
uint8_t rs_kid_suite_code(uint64_t kid);
uint16_t rs_kid_key_tag(uint64_t kid);
uint32_t rs_ctr_count(uint64_t ctr);

/*
 * SFrame header encoding in general (RFC 9605 section 4.3): the shortest form of any KID and CTR,
 * as the RFC's vectors have it. Returns the bytes written to `out` (at most 17). Any thread; pure.
 */
size_t rs_sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t *out);

/* Reads such a header. Returns its bytes, or 0 where `bytes` are too few. */
size_t rs_sframe_header_parse(const uint8_t *in, size_t bytes, uint64_t *kid, uint64_t *ctr);
