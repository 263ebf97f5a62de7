/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another opener of sealed payloads, on OpenSSL alone: written from the wire format in
 * dataplane/README.md and the RFCs, sharing no code with the dataplane, so that each can be held
 * against the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OTHER_MAX_BYTES = 9600 + 64 };

enum other_codec {
    OTHER_NONE,
    OTHER_VP8,
    OTHER_VP9,
    OTHER_H264,
    OTHER_H265,
    OTHER_AV1,
    OTHER_OPUS
};

enum other_result {
    OTHER_OPENED,
    OTHER_EMPTY,
    OTHER_NOT_SEALED,
    OTHER_BAD_VERSION,
    OTHER_SUITE_MISMATCH,
    OTHER_UNKNOWN_PAYLOAD_TYPE,
    OTHER_MALFORMED,
    OTHER_AUTH_FAILED
};

/* What is sealed with: the number of a suite, the session's base key, what the payload type says.
 */
struct other_edge {
    uint16_t suite;
    uint8_t base_key[64];
    enum other_codec codec;
    bool rtx;
};

/* The bytes of a suite's tag; 0xff where there is no such suite. */
uint8_t other_tag_bytes(uint16_t suite);

/* Opens `bytes` of a sealed payload into `out`, of OTHER_MAX_BYTES. */
enum other_result other_open(const struct other_edge *edge, const uint8_t *sealed, size_t bytes,
                             uint8_t *out, size_t *out_bytes);

/* Puts the right tag into a payload that someone else has made up, as a member of the session can.
 * Returns whether it has a place for one and can be laid out. */
bool other_sign(const struct other_edge *edge, uint8_t *sealed, size_t bytes);
