/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet frames for tests, written from the RFCs with right lengths and checksums. Shares no code
 * with the dataplane, so that each can be held against the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed field stands for the default in its comment. */
struct rs_test_frame {
    unsigned int family;    /* 4 or 6; 4 */
    const char *src, *dst;  /* 192.0.2.10 or 2001:db8::10; 198.51.100.20 or 2001:db8:1::20 */
    uint16_t src_port;      /* 40000 */
    uint16_t dst_port;      /* 5004 */
    const uint16_t *vlans;  /* tag control words, outermost first; none */
    size_t vlan_count;      /* all are 0x8100, but 0x88a8 in front of others */
    const uint8_t *options; /* IPv4's, a multiple of 4; or IPv6's extension headers, a multiple
                               of 8, whose last says 17. None */
    size_t option_bytes;
    uint8_t first_header;  /* IPv6: the type of the first extension header; 0 hop-by-hop */
    bool without_checksum; /* the UDP checksum field stays 0 */
    const uint8_t *payload;
    size_t payload_bytes;
    size_t padding_bytes; /* behind the IP packet, of 0xee */
};

/* Writes the frame. Returns its bytes, or 0 where `max` is too small or an address is none. */
size_t rs_test_frame_write(const struct rs_test_frame *frame, uint8_t *out, size_t max);

/* Likewise, an RTP packet (RFC 3550 section 5.1). */
struct rs_test_rtp {
    uint8_t payload_type;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    const uint32_t *csrcs;
    size_t csrc_count;          /* at most 15 */
    uint16_t extension_profile; /* 0xbede */
    const uint8_t *extension;   /* none */
    size_t extension_bytes;     /* a multiple of 4 */
    const uint8_t *body;
    size_t body_bytes;
    uint8_t padding_bytes; /* 1 to 255 with the P bit, the last of them the count; none */
};

size_t rs_test_rtp_write(const struct rs_test_rtp *rtp, uint8_t *out, size_t max);

/* A frame around an RTP packet, whatever frame->payload is. */
size_t rs_test_media_write(const struct rs_test_frame *frame, const struct rs_test_rtp *rtp,
                           uint8_t *out, size_t max);

/* The 16-bit one's complement sum of RFC 1071 over big-endian words, added to `sum`. */
uint16_t rs_test_sum(const uint8_t *bytes, size_t count, uint16_t sum);

/*
 * Whether the UDP datagram at `l4` of the IP packet at `l3` of `frame` is whole and its checksums
 * right: IPv4's header, and UDP's, which may be 0 over IPv4.
 */
bool rs_test_frame_is_right(const uint8_t *frame, size_t bytes, size_t l3, size_t l4);
