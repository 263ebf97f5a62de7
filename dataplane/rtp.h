/* SPDX-License-Identifier: BSD-3-Clause */
/* The RTP fixed header, CSRCs, extension and padding (RFC 3550 section 5.1). No DPDK. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RS_RTP_HEADER_MIN_BYTES = 12 };

struct rs_rtp {
    uint16_t payload_offset; /* bytes from the start of the RTP packet */
    uint16_t payload_bytes;  /* without padding; may be 0 */
    uint16_t padding_bytes;  /* with its count byte; 0 where P is 0 */
    uint8_t payload_type;
    uint32_t ssrc;
};

/* As rs_rtp_parse, of any packet. */
bool rs_rtp_parse_any(const uint8_t *packet, size_t bytes, struct rs_rtp *out);

/*
 * Parses one RTP packet of `bytes` bytes (at most 65535). Returns true, or false where the version
 * is not 2, a part runs past the end, or padding is announced with a count of 0. *out is set only
 * on success. Any thread; pure.
 */
static inline bool rs_rtp_parse(const uint8_t *packet, size_t bytes, struct rs_rtp *out)
{
    /* Version 2 and nothing else in the first byte: no padding, extension or CSRC. */
    if (bytes < RS_RTP_HEADER_MIN_BYTES || bytes > UINT16_MAX || packet[0] != 0x80)
        return rs_rtp_parse_any(packet, bytes, out);
    out->payload_offset = RS_RTP_HEADER_MIN_BYTES;
    out->payload_bytes = (uint16_t)(bytes - RS_RTP_HEADER_MIN_BYTES);
    out->padding_bytes = 0;
    out->payload_type = packet[1] & 0x7f;
    out->ssrc = (uint32_t)packet[8] << 24 | (uint32_t)packet[9] << 16 | (uint32_t)packet[10] << 8 |
                packet[11];
    return true;
}
