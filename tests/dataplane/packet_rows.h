/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames written by hand from the RFCs, and what each is. For test_packet_parse.c. */
#pragma once

#include "dataplane/packet.h"

#define MAC     "020000000002 020000000001 "
#define SRC4    "c000020a "
#define DST4    "c6336414 "
#define SRC6    "20010db8 00000000 00000000 00000010 "
#define DST6    "20010db8 00010000 00000000 00000020 "
#define PORTS   "9c40 138c "
#define PAYLOAD "80608061 "

/* Headers with the fields that rows vary; checksums do not matter to the parser. */
#define IP4(first, total, fragment, protocol)                                                      \
    first " 00 " total " 0001 " fragment " 40 " protocol " 0000 " SRC4 DST4
#define V4(total, fragment, protocol) MAC "0800 " IP4("45", total, fragment, protocol)
#define IP6(length, next)             "60000000 " length " " next " 40 " SRC6 DST6
#define V6(length, next)              MAC "86dd " IP6(length, next)
#define UDP(length)                   PORTS length " 1234 "
#define UDP12                         UDP("000c") PAYLOAD

/* What errors quote: 203.0.113.5 port 6000 to 192.0.2.99 port 7000. */
#define QUOTE4(fragment, protocol)                                                                 \
    "45 00 0500 0002 " fragment " 3f " protocol " 0000 cb007105 c0000263 "
#define QUOTE6(next)                                                                               \
    "60000000 0500 " next " 3f 20010db8 00020000 00000000 00000005 "                               \
    "20010db8 00000000 00000000 00000063 "
#define QUOTE_PORTS "1770 1b58 0400 5678 "

struct row {
    const char *name;
    const char *hex;
    enum rs_frame frame;
    uint16_t vlan;
    uint16_t l4;      /* of UDP */
    uint16_t payload; /* bytes, of UDP */
    bool ports;       /* of fragments and quotes */
    bool bad_length;  /* of UDP */
    bool zero;        /* of UDP: no checksum */
    uint32_t beyond;  /* bytes in further segments */
};

static const struct row rows[] = {
    /* UDP over IPv4 */
    {"plain", V4("0020", "4000", "11") UDP12, .frame = RS_FRAME_UDP, .l4 = 34, .payload = 4},
    {"no payload", V4("001c", "0000", "11") UDP("0008"), .frame = RS_FRAME_UDP, .l4 = 34},
    {"checksum zero", V4("0020", "4000", "11") PORTS "000c 0000 " PAYLOAD, .frame = RS_FRAME_UDP,
     .l4 = 34, .payload = 4, .zero = true},
    {"Ethernet padding", V4("0020", "4000", "11") UDP12 "eeee eeee", .frame = RS_FRAME_UDP,
     .l4 = 34, .payload = 4},
    {"reserved flag is not a fragment", V4("0020", "8000", "11") UDP12, .frame = RS_FRAME_UDP,
     .l4 = 34, .payload = 4},
    {"options", MAC "0800 " IP4("46", "0024", "4000", "11") "94040000 " UDP12,
     .frame = RS_FRAME_UDP, .l4 = 38, .payload = 4},
    {"options and end of list",
     MAC "0800 " IP4("47", "0028", "4000", "11") "01010100 83ff0000 " UDP12, .frame = RS_FRAME_UDP,
     .l4 = 42, .payload = 4},
    {"a finished source route",
     MAC "0800 " IP4("47", "0028", "4000", "11") "830708 0a000001 00 " UDP12, .frame = RS_FRAME_UDP,
     .l4 = 42, .payload = 4},
    {"all 40 bytes of options",
     MAC
     "0800 " IP4("4f", "0048", "4000", "11") "01010101 01010101 01010101 01010101 01010101 "
                                             "01010101 01010101 01010101 01010101 01010101 " UDP12,
     .frame = RS_FRAME_UDP, .l4 = 74, .payload = 4},
    {"payload in another segment", V4("0020", "4000", "11") UDP("000c"), .frame = RS_FRAME_UDP,
     .l4 = 34, .payload = 4, .beyond = 4},
    {"UDP shorter than IP", V4("0020", "4000", "11") UDP("000b") PAYLOAD, .frame = RS_FRAME_UDP,
     .l4 = 34, .payload = 4, .bad_length = true},
    {"UDP longer than IP", V4("0020", "4000", "11") UDP("000d") PAYLOAD, .frame = RS_FRAME_UDP,
     .l4 = 34, .payload = 4, .bad_length = true},
    {"UDP longer than IP, into padding", V4("0020", "4000", "11") UDP("000e") PAYLOAD "eeee",
     .frame = RS_FRAME_UDP, .l4 = 34, .payload = 4, .bad_length = true},
    {"UDP length 7", V4("0020", "4000", "11") UDP("0007") PAYLOAD, .frame = RS_FRAME_UDP, .l4 = 34,
     .payload = 4, .bad_length = true},
    {"UDP length 0", V4("0020", "4000", "11") UDP("0000") PAYLOAD, .frame = RS_FRAME_UDP, .l4 = 34,
     .payload = 4, .bad_length = true},
    {"UDP-Lite", V4("0020", "4000", "88") UDP12, .frame = RS_FRAME_UDP, .l4 = 34, .payload = 4,
     .bad_length = true},
    {"UDP-Lite, all of it checked", V4("0020", "4000", "88") UDP("0000") PAYLOAD,
     .frame = RS_FRAME_UDP, .l4 = 34, .payload = 4, .bad_length = true},
    {"UDP-Lite over IPv6", V6("000c", "88") UDP12, .frame = RS_FRAME_UDP, .l4 = 54, .payload = 4,
     .bad_length = true},
    {"UDP-Lite, first fragment", V4("0020", "2000", "88") UDP12, .frame = RS_FRAME_FRAGMENT,
     .ports = true},

    /* tags */
    {"one tag", MAC "8100 0064 0800 " IP4("45", "0020", "4000", "11") UDP12, .frame = RS_FRAME_UDP,
     .vlan = 100, .l4 = 38, .payload = 4},
    {"priority and DEI are not the VID",
     MAC "8100 f064 0800 " IP4("45", "0020", "4000", "11") UDP12, .frame = RS_FRAME_UDP,
     .vlan = 100, .l4 = 38, .payload = 4},
    {"priority tag", MAC "8100 e000 0800 " IP4("45", "0020", "4000", "11") UDP12,
     .frame = RS_FRAME_UDP, .vlan = 0, .l4 = 38, .payload = 4},
    {"service tag alone", MAC "88a8 0064 0800 " IP4("45", "0020", "4000", "11") UDP12,
     .frame = RS_FRAME_UDP, .vlan = 100, .l4 = 38, .payload = 4},
    {"two tags", MAC "88a8 0064 8100 0065 0800 " IP4("45", "0020", "4000", "11") UDP12,
     .frame = RS_FRAME_UDP, .vlan = RS_VLAN_STACKED, .l4 = 42, .payload = 4},
    {"two tags, one of priority",
     MAC "8100 0000 8100 0065 0800 " IP4("45", "0020", "4000", "11") UDP12, .frame = RS_FRAME_UDP,
     .vlan = RS_VLAN_STACKED, .l4 = 42, .payload = 4},
    {"four tags", MAC "9100 0001 9100 0002 88a8 0003 8100 0004 86dd " IP6("000c", "11") UDP12,
     .frame = RS_FRAME_UDP, .vlan = RS_VLAN_STACKED, .l4 = 70, .payload = 4},
    {"five tags",
     MAC "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 0800 " IP4("45", "0020", "4000", "11")
         UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"a tag and nothing", MAC "8100 0064", .frame = RS_FRAME_TRUNCATED},
    {"half a tag", MAC "8100 00", .frame = RS_FRAME_TRUNCATED},

    /* UDP over IPv6 */
    {"plain", V6("000c", "11") UDP12, .frame = RS_FRAME_UDP, .l4 = 54, .payload = 4},
    {"checksum zero", V6("000c", "11") PORTS "000c 0000 " PAYLOAD, .frame = RS_FRAME_UDP, .l4 = 54,
     .payload = 4, .zero = true},
    {"Ethernet padding", V6("000c", "11") UDP12 "ee", .frame = RS_FRAME_UDP, .l4 = 54,
     .payload = 4},
    {"hop-by-hop", V6("0014", "00") "11 00 0502 0000 0100 " UDP12, .frame = RS_FRAME_UDP, .l4 = 62,
     .payload = 4},
    {"hop-by-hop, routing done, destination options",
     V6("002c", "00") "2b 00 01040000 0000 "
                      "3c 01 04 00 00000000 00000000 00000000 "
                      "11 00 01040000 0000 " UDP12,
     .frame = RS_FRAME_UDP, .l4 = 86, .payload = 4},
    {"authentication header",
     V6("0024", "33") "11 04 0000 00000001 00000002 "
                      "aaaaaaaa bbbbbbbb cccccccc " UDP12,
     .frame = RS_FRAME_UDP, .l4 = 78, .payload = 4},
    {"eight headers",
     V6("004c", "3c") "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 "
                      "3c00010400000000 3c00010400000000 3c00010400000000 1100010400000000 " UDP12,
     .frame = RS_FRAME_UDP, .l4 = 118, .payload = 4},
    {"nine headers",
     V6("0054", "3c") "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 "
                      "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 "
                      "1100010400000000 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"routing with segments left", V6("0024", "2b") "11 02 04 01 00000000 " DST6 UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"UDP longer than IP", V6("000c", "11") UDP("000d") PAYLOAD, .frame = RS_FRAME_UDP, .l4 = 54,
     .payload = 4, .bad_length = true},

    /* lengths that lie */
    {"nothing", "", .frame = RS_FRAME_TRUNCATED},
    {"13 bytes", "020000000002 020000000001 08", .frame = RS_FRAME_TRUNCATED},
    {"Ethernet alone", MAC "0800", .frame = RS_FRAME_TRUNCATED},
    {"IPv4 longer than the frame", V4("0021", "4000", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv4 longer than the frame, TCP", V4("0021", "4000", "06") UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv4 of 19 bytes", V4("0013", "4000", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv4 of length 0", V4("0000", "4000", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv4 with a header of 16 bytes", MAC "0800 " IP4("44", "0020", "4000", "11") UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv4 with a header longer than itself", MAC "0800 " IP4("4f", "0020", "4000", "11") UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv4 shorter than its own header, TCP", MAC "0800 " IP4("46", "0014", "4000", "06") UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv4 says version 6", MAC "0800 " IP4("65", "0020", "4000", "11") UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv4 ends in the UDP header", V4("001b", "4000", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv4 ends before the UDP header", V4("0014", "4000", "11") UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"UDP header in another segment", V4("0020", "4000", "11") PORTS "000c",
     .frame = RS_FRAME_TRUNCATED, .beyond = 6},
    {"IPv4 header in another segment", MAC "0800 4500 0020", .frame = RS_FRAME_TRUNCATED,
     .beyond = 28},
    {"a source route with hops to go",
     MAC "0800 " IP4("47", "0028", "4000", "11") "830704 0a000001 00 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"a strict source route with hops to go",
     MAC "0800 " IP4("47", "0028", "4000", "11") "01 890704 0a000001 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"an option of length 1", MAC "0800 " IP4("46", "0024", "4000", "11") "94010000 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"an option past the header", MAC "0800 " IP4("46", "0024", "4000", "11") "94050000 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv6 longer than the frame", V6("000d", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv6 of length 0, a jumbogram", V6("0000", "00") "11 00 c204 0001 0000 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv6 of length 0 with UDP", V6("0000", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv6 says version 4", MAC "86dd 45000000 000c 11 40 " SRC6 DST6 UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv6 ends in the UDP header", V6("0007", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"IPv6 ends in an extension header", V6("0014", "00") "11 02 0104 0000 0000 " UDP12,
     .frame = RS_FRAME_TRUNCATED},
    {"IPv6 ends in an extension header's first bytes", V6("0004", "00") "1100 0104",
     .frame = RS_FRAME_TRUNCATED},
    {"extension header in another segment", V6("0014", "00") "11 00 0502",
     .frame = RS_FRAME_TRUNCATED, .beyond = 16},

    /* not UDP */
    {"ARP", MAC "0806 0001 0800 0604 0001", .frame = RS_FRAME_OTHER},
    {"LLDP", MAC "88cc 0207", .frame = RS_FRAME_OTHER},
    {"802.3 length", MAC "0026 424203", .frame = RS_FRAME_OTHER},
    {"MPLS", MAC "8847 00001140 " IP4("45", "0020", "4000", "11") UDP12, .frame = RS_FRAME_OTHER},
    {"tagged ARP", MAC "8100 0064 0806 0001", .frame = RS_FRAME_OTHER},
    {"TCP", V4("0020", "4000", "06") UDP12, .frame = RS_FRAME_OTHER},
    {"TCP over IPv6", V6("000c", "06") UDP12, .frame = RS_FRAME_OTHER},
    {"ESP over IPv6", V6("000c", "32") UDP12, .frame = RS_FRAME_OTHER},
    {"no next header", V6("000c", "3b") UDP12, .frame = RS_FRAME_OTHER},
    {"no next header and no payload", V6("0000", "3b"), .frame = RS_FRAME_OTHER},
    {"TCP behind options", V6("0014", "00") "06 00 0502 0000 0100 " UDP12, .frame = RS_FRAME_OTHER},

    /* fragments */
    {"first fragment", V4("0020", "2000", "11") UDP12, .frame = RS_FRAME_FRAGMENT, .ports = true},
    {"first fragment, tagged", MAC "8100 0007 0800 " IP4("45", "0020", "2000", "11") UDP12,
     .frame = RS_FRAME_FRAGMENT, .vlan = 7, .ports = true},
    {"first fragment with 4 bytes", V4("0018", "2000", "11") PORTS, .frame = RS_FRAME_FRAGMENT,
     .ports = true},
    {"first fragment with 3 bytes", V4("0017", "2000", "11") "9c40 13", .frame = RS_FRAME_FRAGMENT},
    {"first fragment with 3 bytes and padding", V4("0017", "2000", "11") "9c40 138c",
     .frame = RS_FRAME_FRAGMENT},
    {"middle fragment", V4("0020", "2001", "11") UDP12, .frame = RS_FRAME_FRAGMENT},
    {"last fragment", V4("0020", "0001", "11") UDP12, .frame = RS_FRAME_FRAGMENT},
    {"last fragment of the farthest offset", V4("0020", "1fff", "11") UDP12,
     .frame = RS_FRAME_FRAGMENT},
    {"fragment longer than the frame", V4("0021", "2001", "11") UDP12, .frame = RS_FRAME_TRUNCATED},
    {"TCP fragment", V4("0020", "2001", "06") UDP12, .frame = RS_FRAME_OTHER},
    {"ICMP fragment", V4("0020", "2001", "01") UDP12, .frame = RS_FRAME_OTHER},
    {"ICMP later fragment that looks like an error",
     V4("0038", "0001", "01") "0303 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"IPv6 first fragment", V6("0014", "2c") "11 00 0001 00000001 " UDP12,
     .frame = RS_FRAME_FRAGMENT, .ports = true},
    {"IPv6 atomic fragment", V6("0014", "2c") "11 00 0000 00000001 " UDP12,
     .frame = RS_FRAME_FRAGMENT, .ports = true},
    {"IPv6 later fragment", V6("0014", "2c") "11 00 0009 00000001 " UDP12,
     .frame = RS_FRAME_FRAGMENT},
    {"IPv6 first fragment, then options",
     V6("001c", "2c") "3c 00 0001 00000001 "
                      "11 00 0104 0000 0000 " UDP12,
     .frame = RS_FRAME_FRAGMENT, .ports = true},
    {"IPv6 later fragment of who knows what", V6("0014", "2c") "3c 00 0008 00000001 " UDP12,
     .frame = RS_FRAME_FRAGMENT},
    {"IPv6 options, then first fragment",
     V6("001c", "00") "2c 00 0104 0000 0000 "
                      "11 00 0001 00000001 " UDP12,
     .frame = RS_FRAME_FRAGMENT, .ports = true},
    {"IPv6 first fragment ends in options", V6("000c", "2c") "3c 00 0001 00000001 1100 0104",
     .frame = RS_FRAME_TRUNCATED},
    {"IPv6 later fragment of TCP", V6("0014", "2c") "06 00 0008 00000001 " UDP12,
     .frame = RS_FRAME_OTHER},
    {"IPv6 later fragment of ESP", V6("0014", "2c") "32 00 0008 00000001 " UDP12,
     .frame = RS_FRAME_OTHER},
    {"IPv6 fragment header cut off", V6("0004", "2c") "11 00 0008", .frame = RS_FRAME_TRUNCATED},

    /* errors that quote */
    {"unreachable", V4("0038", "4000", "01") "0303 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"time exceeded",
     V4("0038", "0000", "01") "0b00 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"parameter problem",
     V4("0038", "0000", "01") "0c00 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"redirect", V4("0038", "0000", "01") "0501 0000 c0000201 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"source quench",
     V4("0038", "0000", "01") "0400 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"tagged unreachable",
     MAC "8100 0009 0800 " IP4("45", "0038", "4000",
                               "01") "0303 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .vlan = 9, .ports = true},
    {"quote without ports", V4("0030", "4000", "01") "0303 0000 00000000 " QUOTE4("4000", "11"),
     .frame = RS_FRAME_QUOTED},
    {"quote of a first fragment",
     V4("0038", "4000", "01") "0304 0000 00000500 " QUOTE4("2000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"quote of a later fragment",
     V4("0038", "4000", "01") "0304 0000 00000500 " QUOTE4("2001", "11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED},
    {"quote of options",
     V4("003c", "4000",
        "01") "0303 0000 00000000 "
              "46 00 0500 0002 4000 3f 11 0000 cb007105 c0000263 94040000 " QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"quote of TCP",
     V4("0038", "4000", "01") "0303 0000 00000000 " QUOTE4("4000", "06") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"quote cut off",
     V4("002f", "4000", "01") "0303 0000 00000000 "
                              "45 00 0500 0002 4000 3f 11 0000 cb007105 c00002",
     .frame = RS_FRAME_OTHER},
    {"quote in another segment", V4("0038", "4000", "01") "0303 0000 00000000 4500",
     .frame = RS_FRAME_TRUNCATED, .beyond = 26},
    {"quote of no IP",
     V4("0038", "4000", "01") "0303 0000 00000000 "
                              "55 00 0500 0002 4000 3f 11 0000 cb007105 c0000263 " QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"echo request",
     V4("0038", "4000", "01") "0800 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"ICMP of 4 bytes", V4("0018", "4000", "01") "0303 0000", .frame = RS_FRAME_OTHER},
    {"ICMPv6 over IPv4",
     V4("0038", "4000", "3a") "0104 0000 00000000 " QUOTE4("4000", "11") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"ICMPv6 unreachable", V6("0038", "3a") "0104 0000 00000000 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"ICMPv6 too big", V6("0038", "3a") "0200 0000 00000500 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"ICMPv6 time exceeded", V6("0038", "3a") "0300 0000 00000000 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"ICMPv6 parameter problem behind options",
     V6("0040", "00") "3a 00 0502 0000 0100 "
                      "0400 0000 00000000 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"ICMPv6 quote of a later fragment",
     V6("0040", "3a") "0104 0000 00000000 " QUOTE6("2c") "11 00 0008 00000001 " QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED},
    {"ICMPv6 quote of TCP", V6("0038", "3a") "0104 0000 00000000 " QUOTE6("06") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"ICMPv6 quote cut off",
     V6("002f", "3a") "0104 0000 00000000 60000000 0500 11 3f "
                      "20010db8 00020000 00000000 00000005 "
                      "20010db8 00000000 00000000 000000",
     .frame = RS_FRAME_OTHER},
    {"ICMPv6 echo", V6("0038", "3a") "8000 0000 00000000 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"neighbour redirect that quotes",
     V6("0068", "3a") "8900 0000 00000000 " SRC6 DST6
                      "0201 020000000001 0407 0000 00000000 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_QUOTED, .ports = true},
    {"neighbour redirect that does not",
     V6("0030", "3a") "8900 0000 00000000 " SRC6 DST6 "0201 020000000001", .frame = RS_FRAME_OTHER},
    {"neighbour redirect with an option of length 0",
     V6("0060", "3a") "8900 0000 00000000 " SRC6 DST6 "0200 0000 00000000 " QUOTE6("11")
         QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
    {"ICMP over IPv6", V6("0038", "01") "0303 0000 00000000 " QUOTE6("11") QUOTE_PORTS,
     .frame = RS_FRAME_OTHER},
};
