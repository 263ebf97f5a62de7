/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and what a link does with each, by the RFCs and the rules of media ranges. For
 * test_path_frames.c. */
#pragma once

#include "dataplane/stats.h"
#include "tests/support/frame.h"

/* UDP payloads inside a media range; the outcome is the same for both directions and families. */
struct payload_row {
    const char *name;
    const char *hex;
    enum rs_outcome outcome;
};

#define SSRC     "11223344 "
#define BLOCK24  "00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 "
#define TRANS_ID "000102030405060708090a0b "
#define RTP      "80600001 00000002 " SSRC
#define RTCP_SR  "80c80006 " SSRC "00010203 04050607 08090a0b 0c0d0e0f 10111213 "

static const struct payload_row payload_rows[] = {
    /* RFC 3550 section 6 */
    {"sender report", RTCP_SR, RS_RTCP},
    {"empty receiver report", "80c90001 " SSRC, RS_RTCP},
    {"compound", "80c90001 " SSRC "81ca0002 " SSRC "00000000 81cb0001 " SSRC, RS_RTCP},
    {"feedback alone, RFC 5506", "81ce0002 " SSRC "55667788 ", RS_RTCP},
    {"report cut short", "80c80006 " SSRC "00010203 ", RS_OPAQUE},
    {"report and a byte", "80c90001 " SSRC "00 ", RS_OPAQUE},
    {"report, then version 1", "80c90001 " SSRC "40ca0001 " SSRC, RS_OPAQUE},
    {"report, then media", "80c90001 " SSRC RTP BLOCK24, RS_OPAQUE},
    {"a type that is none", "80df0001 " SSRC, RS_OPAQUE},
    {"version 1", "40c90001 " SSRC, RS_TUNNELLED}, /* reads as ChannelData */
    {"version 3", "c0c90001 " SSRC, RS_OPAQUE},

    /* RFC 8489, RFC 8656 */
    {"binding request", "00010000 2112a442 " TRANS_ID, RS_STUN},
    {"with SOFTWARE", "00010008 2112a442 " TRANS_ID "80220003 61626300 ", RS_STUN},
    {"send indication", "0016000c 2112a442 " TRANS_ID "00130008 80600001 00000002 ", RS_TUNNELLED},
    {"data indication",
     "00170014 2112a442 " TRANS_ID "00120008 00011234 c000020a 00130004 80600001 ", RS_TUNNELLED},
    {"wrong cookie", "00010000 2112a443 " TRANS_ID, RS_OPAQUE},
    {"length too long", "00010004 2112a442 " TRANS_ID, RS_OPAQUE},
    {"length too short", "00010000 2112a442 " TRANS_ID "80220000 ", RS_OPAQUE},
    {"attribute past the end", "00010004 2112a442 " TRANS_ID "80220004 ", RS_OPAQUE},
    {"cut in its header", "00010000 2112a442 00010203 ", RS_OPAQUE},
    {"channel data", "40000008 80600001 00000002 ", RS_TUNNELLED},
    {"channel data, last channel", "4fff0004 80600001 ", RS_TUNNELLED},
    {"channel data, one byte", "40 ", RS_TUNNELLED},

    /* RFC 6347, RFC 9147 */
    {"handshake record", "16fefd0000000000000000 0004 01020304 ", RS_DTLS},
    {"two records", "14fefd0000000000000000 0001 01 16feff0001000000000000 0002 0102 ", RS_DTLS},
    {"TLS's version", "1603030000000000000000 0004 01020304 ", RS_OPAQUE},
    {"record past the end", "16fefd0000000000000000 0005 01020304 ", RS_OPAQUE},
    {"record, then a byte", "16fefd0000000000000000 0004 01020304 80 ", RS_OPAQUE},
    {"record, then media", "16fefd0000000000000000 0004 01020304 " RTP BLOCK24, RS_OPAQUE},

    /* RFC 6189 */
    {"hello", "10000001 5a525450 " SSRC "505a0003 48656c6c 6f202020 00000000 ", RS_ZRTP},
    {"ZRTP, other cookie", "10000001 5a525451 " SSRC "505a0003 48656c6c 6f202020 00000000 ",
     RS_OPAQUE},
    {"ZRTP, length past the end", "10000001 5a525450 " SSRC "505a0004 48656c6c 6f202020 00000000 ",
     RS_OPAQUE},

    /* RFC 9000, RFC 9443 */
    {"initial", "c000000001 08 0001020304050607 00 00 4010 " BLOCK24, RS_QUIC},
    {"short header", "5a " BLOCK24, RS_QUIC},
    {"short header, too short", "5a 00010203 ", RS_OPAQUE},
    {"a version that is none", "c0deadbeef 08 0001020304050607 00 00 4010 " BLOCK24, RS_OPAQUE},
    {"connection id past the end", "c000000001 15 " BLOCK24, RS_OPAQUE},

    /* RFC 3550 section 5 */
    {"media without a stream", RTP BLOCK24, RS_NO_STREAM},
    {"media without payload", RTP, RS_NO_STREAM},
    {"media with CSRCs", "82600001 00000002 " SSRC "00000001 00000002 " BLOCK24, RS_NO_STREAM},
    {"11 bytes of header", "80600001 00000002 112233 ", RS_OPAQUE},
    {"CSRCs past the end", "8f600001 00000002 " SSRC BLOCK24, RS_OPAQUE},
    {"extension past the end", "90600001 00000002 " SSRC "bede0007 " BLOCK24, RS_OPAQUE},
    {"padding of 0", "a0600001 00000002 " SSRC "00000000 ", RS_OPAQUE},
    {"padding past the payload", "a0600001 00000002 " SSRC "00000005 ", RS_OPAQUE},
    {"payload type 72", "80480001 00000002 " SSRC BLOCK24, RS_OPAQUE},

    /* nothing at all */
    {"empty", "", RS_OPAQUE},
    {"one zero", "00 ", RS_OPAQUE},
    {"zeros", "00000000 00000000 00000000 00000000 00000000 ", RS_OPAQUE},
    {"ones", "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ", RS_OPAQUE},
    {"text", "47455420 2f20 48545450 ", RS_TUNNELLED}, /* in ChannelData's range */
    {"first byte 4", "04 " BLOCK24, RS_OPAQUE},
    {"first byte 15", "0f " BLOCK24, RS_OPAQUE},
};

/* Bytes written over those of a frame. */
struct patch {
    size_t at;
    const char *hex;
};

/* Whole frames; the payload is a named stream's media where none is given. */
struct frame_row {
    const char *name;
    struct rs_test_frame frame;
    const char *payload;
    struct patch patches[2];
    size_t cut_to; /* bytes; 0: all */
    enum rs_outcome sealing, opening;
};

#define SAME(outcome) .sealing = (outcome), .opening = (outcome)
#define V6            .family = 6

/* What errors quote: 198.51.100.20 port 5004 to 192.0.2.10 port 40000, media; and others. */
#define QUOTE4(src, ports) "45000500 00024000 3f110000 " src "c000020a " ports "04cc5678 80600001 "
#define QUOTE6(ports)                                                                              \
    "60000000 04cc 11 3f 20010db8 00010000 00000000 00000020 20010db8 00000000 00000000 "          \
    "00000010 " ports "04cc5678 80600001 "
#define MEDIA4  "c6336414 "
#define OTHER4  "cb007105 "
#define TO_HOST "138c9c40 "
#define NEITHER "1b589c40 "

/* Offsets: IPv4 at 14, its fragment field at 20, protocol at 23, UDP at 34; IPv6 at 14, UDP at 54.
 */
static const struct frame_row frame_rows[] = {
    /* fragments: RFC 791, RFC 8200 section 4.5 */
    {"first fragment", .patches = {{20, "2000"}}, SAME(RS_FRAGMENT)},
    {"later fragment", .patches = {{20, "2010"}}, SAME(RS_FRAGMENT)},
    {"last fragment", .patches = {{20, "0010"}}, SAME(RS_FRAGMENT)},
    {"first fragment of other UDP",
     {.dst_port = 7000},
     .patches = {{20, "2000"}},
     SAME(RS_BRIDGED)},
    {"later fragment of other hosts",
     {.dst = "203.0.113.5"},
     .patches = {{20, "0010"}},
     SAME(RS_BRIDGED)},
    {"fragment of TCP", .patches = {{20, "2000"}, {23, "06"}}, SAME(RS_BRIDGED)},
    {"first fragment over IPv6",
     {V6, .options = (const uint8_t *)"\x11\0\0\x01\0\0\0\x07", .option_bytes = 8,
      .first_header = 44},
     SAME(RS_FRAGMENT)},
    {"later fragment over IPv6",
     {V6, .options = (const uint8_t *)"\x11\0\0\x11\0\0\0\x07", .option_bytes = 8,
      .first_header = 44},
     SAME(RS_FRAGMENT)},
    {"later fragment over IPv6 of other hosts",
     {V6, .dst = "2001:db8:2::1", .options = (const uint8_t *)"\x11\0\0\x11\0\0\0\x07",
      .option_bytes = 8, .first_header = 44},
     SAME(RS_BRIDGED)},

    /* ICMP: RFC 792, RFC 4443 */
    {"error that quotes media", .payload = QUOTE4(MEDIA4, TO_HOST),
     .patches = {{23, "01"}, {34, "0304 0000 0000 0500"}}, .sealing = RS_QUOTED_MEDIA,
     .opening = RS_BRIDGED},
    {"error that quotes other ports", .payload = QUOTE4(MEDIA4, NEITHER),
     .patches = {{23, "01"}, {34, "0304 0000 0000 0500"}}, SAME(RS_BRIDGED)},
    {"error that quotes other hosts", .payload = QUOTE4(OTHER4, TO_HOST),
     .patches = {{23, "01"}, {34, "0304 0000 0000 0500"}}, SAME(RS_BRIDGED)},
    {"echo request", .payload = QUOTE4(MEDIA4, TO_HOST),
     .patches = {{23, "01"}, {34, "0800 0000 0000 0500"}}, SAME(RS_BRIDGED)},
    {"packet too big that quotes media",
     {V6},
     .payload = QUOTE6(TO_HOST),
     .patches = {{20, "3a"}, {54, "0200 0000 0000 0500"}},
     .sealing = RS_QUOTED_MEDIA,
     .opening = RS_BRIDGED},
    {"packet too big that quotes other ports",
     {V6},
     .payload = QUOTE6(NEITHER),
     .patches = {{20, "3a"}, {54, "0200 0000 0000 0500"}},
     SAME(RS_BRIDGED)},

    /* not UDP */
    {"TCP", .patches = {{23, "06"}}, SAME(RS_BRIDGED)},
    {"UDP-Lite", .patches = {{23, "88"}}, SAME(RS_OPAQUE)},
    {"UDP-Lite outside", {.dst_port = 7000}, .patches = {{23, "88"}}, SAME(RS_BRIDGED)},
    {"TCP over IPv6", {V6}, .patches = {{20, "06"}}, SAME(RS_BRIDGED)},
    {"ARP", .patches = {{12, "0806"}}, SAME(RS_BRIDGED)},
    {"an experimental Ethernet type", .patches = {{12, "88b5"}}, SAME(RS_BRIDGED)},

    /* cut off */
    {"13 bytes", .cut_to = 13, SAME(RS_TRUNCATED)},
    {"a bare Ethernet header", .cut_to = 14, SAME(RS_TRUNCATED)},
    {"half an IPv4 header", .cut_to = 33, SAME(RS_TRUNCATED)},
    {"half a UDP header", .cut_to = 41, SAME(RS_TRUNCATED)},
    {"half a payload", .cut_to = 60, SAME(RS_TRUNCATED)},
    {"half an IPv6 header", {V6}, .cut_to = 53, SAME(RS_TRUNCATED)},
    {"half a payload over IPv6", {V6}, .cut_to = 80, SAME(RS_TRUNCATED)},
    {"IPv4 header of 16 bytes", .patches = {{14, "44"}}, SAME(RS_TRUNCATED)},
    {"version 5", .patches = {{14, "55"}}, SAME(RS_TRUNCATED)},
    {"IP longer than the frame", .patches = {{16, "0100"}}, SAME(RS_TRUNCATED)},
    {"half a tag",
     {.vlans = (const uint16_t[]){7}, .vlan_count = 1},
     .cut_to = 16,
     SAME(RS_TRUNCATED)},
    {"five tags",
     {.vlans = (const uint16_t[]){1, 2, 3, 4, 5}, .vlan_count = 5},
     SAME(RS_TRUNCATED)},

    /* UDP's length */
    {"UDP shorter than IP says", .patches = {{38, "0010"}}, SAME(RS_OPAQUE)},
    {"UDP longer than IP says", .patches = {{38, "0100"}}, SAME(RS_OPAQUE)},
    {"UDP length 0", .patches = {{38, "0000"}}, SAME(RS_OPAQUE)},
    {"UDP length 0 over IPv6", {V6}, .patches = {{58, "0000"}}, SAME(RS_OPAQUE)},
    {"outside, a length that lies",
     {.dst_port = 7000},
     .patches = {{38, "0010"}},
     SAME(RS_BRIDGED)},

    /* what lies around UDP */
    {"IPv4 options",
     {.options = (const uint8_t *)"\x94\x04\0\0", .option_bytes = 4},
     .payload = RTCP_SR,
     SAME(RS_RTCP)},
    {"source route with hops to go",
     {.options = (const uint8_t *)"\x83\x07\x04\x0a\0\0\x01\0", .option_bytes = 8},
     .payload = RTCP_SR,
     SAME(RS_TRUNCATED)},
    {"IPv6 hop-by-hop and destination options",
     {V6, .options = (const uint8_t *)"\x3c\0\x01\x04\0\0\0\0\x11\0\x01\x04\0\0\0\0",
      .option_bytes = 16},
     .payload = RTCP_SR,
     SAME(RS_RTCP)},
    {"Ethernet padding", {.padding_bytes = 20}, .payload = RTCP_SR, SAME(RS_RTCP)},
    {"no checksum", {.without_checksum = true}, .payload = RTCP_SR, SAME(RS_RTCP)},
    {"wrong checksum, not looked at", .payload = RTCP_SR, .patches = {{40, "dead"}}, SAME(RS_RTCP)},
    {"a tag", {.vlans = (const uint16_t[]){7}, .vlan_count = 1}, .payload = RTCP_SR, SAME(RS_RTCP)},
    {"a tag that no stream names",
     {.vlans = (const uint16_t[]){7}, .vlan_count = 1},
     SAME(RS_NO_STREAM)},
    {"two tags", {.vlans = (const uint16_t[]){7, 8}, .vlan_count = 2}, SAME(RS_NO_STREAM)},
    {"two tags outside",
     {.vlans = (const uint16_t[]){7, 8}, .vlan_count = 2, .dst_port = 7000},
     SAME(RS_BRIDGED)},

    /* where a range begins and ends: 198.51.100.0/24 and 2001:db8:1::/48, ports 5000 to 6000 */
    {"port 4999", {.dst_port = 4999}, SAME(RS_BRIDGED)},
    {"port 5000", {.dst_port = 5000}, SAME(RS_NO_STREAM)},
    {"port 6000", {.dst_port = 6000}, SAME(RS_NO_STREAM)},
    {"port 6001", {.dst_port = 6001}, SAME(RS_BRIDGED)},
    {"address before", {.dst = "198.51.99.255"}, SAME(RS_BRIDGED)},
    {"first address", {.dst = "198.51.100.0"}, SAME(RS_NO_STREAM)},
    {"last address", {.dst = "198.51.100.255"}, SAME(RS_NO_STREAM)},
    {"address behind", {.dst = "198.51.101.0"}, SAME(RS_BRIDGED)},
    {"IPv6 address behind", {V6, .dst = "2001:db8:2::"}, SAME(RS_BRIDGED)},
    {"source inside",
     {.src = "198.51.100.9", .src_port = 5500, .dst = "203.0.113.5"},
     SAME(RS_NO_STREAM)},
    {"source inside, over IPv6",
     {V6, .src = "2001:db8:1::9", .src_port = 5500, .dst = "2001:db8:2::1"},
     SAME(RS_NO_STREAM)},
    {"source address inside, port not",
     {.src = "198.51.100.9", .src_port = 4999, .dst = "203.0.113.5"},
     SAME(RS_BRIDGED)},
    {"the source's address with the destination's port",
     {.src = "198.51.100.9", .dst = "203.0.113.5"},
     SAME(RS_BRIDGED)},
};
