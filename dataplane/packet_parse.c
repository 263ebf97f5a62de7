/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the UDP datagram in an Ethernet frame, or in what an ICMP error quotes. Every read asks
 * holds() first. What could hide a datagram but cannot be read for certain is "truncated", and so
 * dropped; nothing is changed here.
 */
#include "packet.h"

#include <string.h>

enum {
    ETHERNET_BYTES = 14,
    VLAN_TAG_BYTES = 4,
    VLAN_TAGS_MAX = 4,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    UDP_BYTES = 8,
    ICMP_BYTES = 8,
    IPV6_HEADERS_MAX = 8, /* more extension headers than any sender has a use for */
    ND_REDIRECT_BYTES = 40,
    ND_OPTIONS_MAX = 8, /* also ends the walk over options of length 0 */
};

enum {
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_ICMP = 1,
    PROTOCOL_UDP = 17,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_AH = 51,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_DESTINATION = 60,
    PROTOCOL_UDP_LITE = 136,
};

/* What may be read: up to `readable` (the first segment) and `end` (the frame, later the packet).
 */
struct view {
    const uint8_t *bytes;
    uint32_t readable;
    uint32_t end;
};

/* An IP packet: its end as it says itself, and the header that its addresses are followed by. */
struct upper {
    uint32_t end;
    uint32_t offset;
    uint8_t protocol;
    bool fragment;
    bool first;    /* not a fragment, or the one with offset 0 */
    bool rerouted; /* source routed: the destination here is not the final one */
};

static uint16_t be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool holds(const struct view *view, uint32_t offset, uint32_t count)
{
    return offset + count <= view->end && offset + count <= view->readable;
}

static bool is_vlan(uint16_t type)
{
    return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* Returns false where a tag is cut off or there are too many. */
static bool read_ethernet(const struct view *view, struct rs_datagram *out, uint16_t *type)
{
    uint32_t offset = ETHERNET_BYTES;
    unsigned int tags = 0;

    if (!holds(view, 0, ETHERNET_BYTES))
        return false;
    *type = be16(view->bytes + 12);
    while (is_vlan(*type)) {
        if (tags == VLAN_TAGS_MAX || !holds(view, offset, VLAN_TAG_BYTES))
            return false;
        out->vlan = be16(view->bytes + offset) & 0xfff;
        *type = be16(view->bytes + offset + 2);
        offset += VLAN_TAG_BYTES;
        tags++;
    }
    if (tags > 1)
        out->vlan = RS_VLAN_STACKED;
    out->l3_offset = (uint16_t)offset;
    return true;
}

/*
 * Whether IPv4 options hold a source route with hops to go, or cannot be walked. The destination
 * and the UDP checksum then speak of different hosts (RFC 791 section 3.1, RFC 1122 4.1.1).
 */
static bool is_source_routed(const struct view *view, uint32_t offset, uint32_t end)
{
    while (offset < end && holds(view, offset, 1)) {
        const uint8_t *option = view->bytes + offset;

        if (option[0] == 0)
            return false;
        if (option[0] == 1) {
            offset++;
            continue;
        }
        if (!holds(view, offset, 2) || option[1] < 2 || offset + option[1] > end)
            return true;
        if (option[0] == 131 || option[0] == 137)
            return option[1] < 3 || !holds(view, offset, 3) || option[2] <= option[1];
        offset += option[1];
    }
    return false;
}

/* Reads the IPv4 header at `offset`. Returns false where there is none. */
static bool read_ipv4(const struct view *view, uint32_t offset, struct rs_datagram *out,
                      struct upper *upper)
{
    const uint8_t *ip = view->bytes + offset;
    uint32_t header_bytes, total_bytes;
    uint16_t fragment;

    if (!holds(view, offset, IPV4_BYTES) || ip[0] >> 4 != 4)
        return false;
    header_bytes = 4U * (ip[0] & 0xf);
    total_bytes = be16(ip + 2);
    if (header_bytes < IPV4_BYTES || total_bytes < header_bytes)
        return false;
    fragment = be16(ip + 6);
    upper->offset = offset + header_bytes;
    upper->end = offset + total_bytes;
    upper->protocol = ip[9];
    upper->fragment = (fragment & 0x3fff) != 0;
    upper->first = (fragment & 0x1fff) == 0;
    upper->rerouted = is_source_routed(view, offset + IPV4_BYTES, upper->offset);
    out->family = RS_IPV4;
    memcpy(out->src.bytes, ip + 12, 4);
    memcpy(out->dst.bytes, ip + 16, 4);
    return true;
}

/* Reads the fixed IPv6 header at `offset`. Returns false where there is none. */
static bool read_ipv6(const struct view *view, uint32_t offset, struct rs_datagram *out,
                      struct upper *upper)
{
    const uint8_t *ip = view->bytes + offset;

    if (!holds(view, offset, IPV6_BYTES) || ip[0] >> 4 != 6)
        return false;
    upper->offset = offset + IPV6_BYTES;
    upper->end = upper->offset + be16(ip + 4);
    upper->protocol = ip[6];
    upper->fragment = false;
    upper->first = true;
    upper->rerouted = false;
    out->family = RS_IPV6;
    memcpy(out->src.bytes, ip + 8, 16);
    memcpy(out->dst.bytes, ip + 24, 16);
    return true;
}

/* The extension headers that have something behind them: RFC 8200 section 4, RFC 4302. */
static bool is_extension(uint8_t protocol)
{
    return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
           protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_AH ||
           protocol == PROTOCOL_DESTINATION;
}

static uint32_t extension_bytes(uint8_t protocol, uint8_t length)
{
    if (protocol == PROTOCOL_FRAGMENT)
        return 8;
    if (protocol == PROTOCOL_AH)
        return (length + 2U) * 4;
    return (length + 1U) * 8;
}

/*
 * Walks the extension headers to the first other header, or to a fragment's unreadable rest.
 * Returns false where a header is cut off or there are too many.
 */
static bool walk_extensions(const struct view *view, struct upper *upper)
{
    for (unsigned int n = 0; is_extension(upper->protocol) && upper->first; n++) {
        const uint8_t *header = view->bytes + upper->offset;
        uint32_t count;

        if (n == IPV6_HEADERS_MAX || !holds(view, upper->offset, 8))
            return false;
        count = extension_bytes(upper->protocol, header[1]);
        if (!holds(view, upper->offset, count))
            return false;
        if (upper->protocol == PROTOCOL_FRAGMENT) {
            upper->fragment = true;
            upper->first = be16(header + 2) >> 3 == 0;
        } else if (upper->protocol == PROTOCOL_ROUTING && header[3] != 0) {
            upper->rerouted = true;
        }
        upper->protocol = header[0];
        upper->offset += count;
    }
    return true;
}

/* UDP, UDP-Lite (RFC 3828: its ports are where UDP's are), or what may be either: behind a later
 * IPv6 fragment's extension headers nobody can see. */
static bool may_be_udp(const struct upper *upper)
{
    return upper->protocol == PROTOCOL_UDP || upper->protocol == PROTOCOL_UDP_LITE ||
           (!upper->first && is_extension(upper->protocol));
}

static void read_ports(const struct view *view, const struct upper *upper, struct rs_datagram *out)
{
    const uint8_t *udp = view->bytes + upper->offset;

    out->ports_known = upper->first && holds(view, upper->offset, 4);
    if (out->ports_known) {
        out->src_port = be16(udp);
        out->dst_port = be16(udp + 2);
    }
}

static enum rs_frame parse_udp(const struct view *view, const struct upper *upper,
                               struct rs_datagram *out)
{
    const uint8_t *udp = view->bytes + upper->offset;

    if (upper->rerouted)
        return RS_FRAME_TRUNCATED;
    if (upper->fragment) {
        read_ports(view, upper, out);
        return RS_FRAME_FRAGMENT;
    }
    if (!holds(view, upper->offset, UDP_BYTES))
        return RS_FRAME_TRUNCATED;
    read_ports(view, upper, out);
    out->l4_offset = (uint16_t)upper->offset;
    out->payload_offset = (uint16_t)(upper->offset + UDP_BYTES);
    out->payload_bytes = (uint16_t)(view->end - out->payload_offset);
    /* UDP-Lite says how far its checksum reaches there. */
    out->length_ok = upper->protocol == PROTOCOL_UDP && be16(udp + 4) == view->end - upper->offset;
    out->checksum_zero = be16(udp + 6) == 0;
    return RS_FRAME_UDP;
}

/* A quoted packet is cut off wherever its sender liked, so its own length says nothing. */
static enum rs_frame parse_quoted(const struct view *view, uint32_t offset, struct rs_datagram *out)
{
    const enum rs_frame unreadable =
        view->end > view->readable ? RS_FRAME_TRUNCATED : RS_FRAME_OTHER;
    struct upper upper;

    memset(&out->src, 0, sizeof(out->src));
    memset(&out->dst, 0, sizeof(out->dst));
    if (out->family == RS_IPV4 && !read_ipv4(view, offset, out, &upper))
        return unreadable;
    if (out->family == RS_IPV6 &&
        (!read_ipv6(view, offset, out, &upper) || !walk_extensions(view, &upper)))
        return unreadable;
    if (!may_be_udp(&upper))
        return RS_FRAME_OTHER;
    if (upper.rerouted)
        return RS_FRAME_TRUNCATED;
    read_ports(view, &upper, out);
    return RS_FRAME_QUOTED;
}

/* RFC 4861 section 4.5: the quoted packet is in an option of type 4. */
static enum rs_frame parse_nd_redirect(const struct view *view, uint32_t offset,
                                       struct rs_datagram *out)
{
    for (unsigned int n = 0; n < ND_OPTIONS_MAX && holds(view, offset, 8); n++) {
        const uint8_t *option = view->bytes + offset;

        if (option[0] == 4)
            return parse_quoted(view, offset + 8, out);
        offset += 8U * option[1];
    }
    return view->end > view->readable ? RS_FRAME_TRUNCATED : RS_FRAME_OTHER;
}

static bool icmp_quotes(uint8_t family, uint8_t type)
{
    if (family == RS_IPV6)
        return type >= 1 && type <= 4; /* RFC 4443 section 3 */
    /* Unreachable, source quench, redirect, time exceeded, parameter problem: RFC 792. */
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static enum rs_frame parse_icmp(const struct view *view, const struct upper *upper,
                                struct rs_datagram *out)
{
    uint8_t type;

    if (!holds(view, upper->offset, ICMP_BYTES))
        return view->end > view->readable ? RS_FRAME_TRUNCATED : RS_FRAME_OTHER;
    type = view->bytes[upper->offset];
    if (icmp_quotes(out->family, type))
        return parse_quoted(view, upper->offset + ICMP_BYTES, out);
    if (out->family == RS_IPV6 && type == 137)
        return parse_nd_redirect(view, upper->offset + ND_REDIRECT_BYTES, out);
    return RS_FRAME_OTHER;
}

static enum rs_frame parse_upper(const struct view *view, const struct upper *upper,
                                 struct rs_datagram *out)
{
    const uint8_t icmp = out->family == RS_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;

    if (may_be_udp(upper))
        return parse_udp(view, upper, out);
    if (upper->protocol == icmp && upper->first)
        return parse_icmp(view, upper, out);
    return RS_FRAME_OTHER;
}

enum rs_frame rs_packet_parse_any(const struct rte_mbuf *mbuf, struct rs_datagram *out)
{
    struct view view = {rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->data_len, mbuf->pkt_len};
    struct upper upper;
    uint16_t type;
    bool readable;

    memset(out, 0, sizeof(*out));
    if (!read_ethernet(&view, out, &type))
        return RS_FRAME_TRUNCATED;
    if (type == 0x0800)
        readable = read_ipv4(&view, out->l3_offset, out, &upper);
    else if (type == 0x86dd)
        readable = read_ipv6(&view, out->l3_offset, out, &upper);
    else
        return RS_FRAME_OTHER;
    if (!readable || upper.end > view.end)
        return RS_FRAME_TRUNCATED;
    view.end = upper.end; /* what follows is Ethernet's padding */
    if (out->family == RS_IPV6 && !walk_extensions(&view, &upper))
        return RS_FRAME_TRUNCATED;
    return parse_upper(&view, &upper, out);
}
