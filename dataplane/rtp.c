/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the payload of an RTP packet between header and padding. Whether the bytes are RTP at all,
 * and what lies in the payload, is decided elsewhere.
 */
#include "rtp.h"

enum {
    VERSION = 2,
    PADDING = 0x20,
    EXTENSION = 0x10,
    CSRC_COUNT = 0x0f,
    PAYLOAD_TYPE = 0x7f,
    EXTENSION_HEADER_BYTES = 4,
};

static uint16_t read_be16(const uint8_t *in)
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

static uint32_t read_be32(const uint8_t *in)
{
    return (uint32_t)read_be16(in) << 16 | read_be16(in + 2);
}

/* The header with CSRCs and extension. Returns 0 where it runs past the end. */
static size_t header_bytes(const uint8_t *packet, size_t bytes)
{
    size_t header = RS_RTP_HEADER_MIN_BYTES + 4 * (size_t)(packet[0] & CSRC_COUNT);

    if (packet[0] & EXTENSION) {
        if (bytes < header + EXTENSION_HEADER_BYTES)
            return 0;
        header += EXTENSION_HEADER_BYTES + 4 * (size_t)read_be16(packet + header + 2);
    }
    return header <= bytes ? header : 0;
}

bool rs_rtp_parse_any(const uint8_t *packet, size_t bytes, struct rs_rtp *out)
{
    size_t header, padding = 0;

    if (bytes < RS_RTP_HEADER_MIN_BYTES || bytes > UINT16_MAX || packet[0] >> 6 != VERSION)
        return false;
    header = header_bytes(packet, bytes);
    if (header == 0)
        return false;
    if (packet[0] & PADDING) {
        padding = bytes > header ? packet[bytes - 1] : 0;
        if (padding == 0 || padding > bytes - header)
            return false;
    }
    *out = (struct rs_rtp){
        .payload_offset = (uint16_t)header,
        .payload_bytes = (uint16_t)(bytes - header - padding),
        .padding_bytes = (uint16_t)padding,
        .payload_type = packet[1] & PAYLOAD_TYPE,
        .ssrc = read_be32(packet + 8),
    };
    return true;
}
