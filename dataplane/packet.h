/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One Ethernet frame: finding the UDP datagram in it, and making that datagram longer or shorter
 * with all lengths and checksums right.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

/* What a frame turned out to be. */
enum rs_frame {
    RS_FRAME_OTHER,     /* not UDP: passes */
    RS_FRAME_UDP,       /* UDP or UDP-Lite: addresses, ports and offsets are set */
    RS_FRAME_FRAGMENT,  /* a piece of a UDP datagram: addresses and l3_offset are set, ports where
                           ports_known */
    RS_FRAME_QUOTED,    /* an ICMP or ICMPv6 error that quotes a UDP datagram: the datagram's
                           addresses and ports are set */
    RS_FRAME_TRUNCATED, /* a header runs past the frame's first segment, or IP's length lies */
};

enum rs_family { RS_IPV4 = 4, RS_IPV6 = 6 };

/* An IPv4 address lies in the first 4 bytes; the rest is zero. Network order. */
struct rs_address {
    uint8_t bytes[16];
};

struct rs_datagram {
    struct rs_address src, dst;  /* side by side, as are the ports */
    uint16_t src_port, dst_port; /* host order */
    uint16_t vlan;               /* 0 untagged or priority-tagged; 1 to 4094 one tag;
                                    RS_VLAN_STACKED more than one */
    uint8_t family;              /* enum rs_family */
    bool ports_known;
    bool length_ok;     /* UDP's length is that of the IP payload; never of UDP-Lite */
    bool checksum_zero; /* the UDP checksum field is 0 */
    uint16_t l3_offset; /* bytes from the frame's start */
    uint16_t l4_offset;
    uint16_t payload_offset;
    uint16_t payload_bytes; /* of the UDP payload */
};

enum { RS_VLAN_STACKED = 0xffff };

/* As rs_packet_parse, of any frame. */
enum rs_frame rs_packet_parse_any(const struct rte_mbuf *mbuf, struct rs_datagram *out);

/* Fields of a header by their offset in the frame, in network order on the wire. */
static inline uint16_t rs_packet_be16(const uint8_t *at)
{
    return rte_be_to_cpu_16(*(const unaligned_uint16_t *)at);
}

static inline uint32_t rs_packet_be32(const uint8_t *at)
{
    return rte_be_to_cpu_32(*(const unaligned_uint32_t *)at);
}

/*
 * What nearly all media is: untagged IPv4 without options, UDP in one piece, headers in the first
 * segment. Returns false, and says nothing, of any other frame.
 */
static inline bool rs_packet_parse_common(const struct rte_mbuf *mbuf, struct rs_datagram *out)
{
    enum { L3 = 14, L4 = L3 + 20, PAYLOAD = L4 + 8 };
    const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    uint32_t ip_bytes;

    /* Type and first byte of IP; flags, fragment offset and protocol. */
    if (mbuf->data_len < PAYLOAD || (rs_packet_be32(frame + 12) & 0xffffff00) != 0x08004500 ||
        (rs_packet_be32(frame + L3 + 6) & 0x3fff00ff) != IPPROTO_UDP)
        return false;
    ip_bytes = rs_packet_be16(frame + L3 + 2);
    if (ip_bytes < PAYLOAD - L3 || L3 + ip_bytes > mbuf->pkt_len)
        return false;
    out->src = out->dst = (struct rs_address){{0}};
    memcpy(out->src.bytes, frame + L3 + 12, 4);
    memcpy(out->dst.bytes, frame + L3 + 16, 4);
    out->src_port = rs_packet_be16(frame + L4);
    out->dst_port = rs_packet_be16(frame + L4 + 2);
    out->vlan = 0;
    out->family = RS_IPV4;
    out->ports_known = true;
    out->length_ok = rs_packet_be16(frame + L4 + 4) == ip_bytes - (L4 - L3);
    out->checksum_zero = rs_packet_be16(frame + L4 + 6) == 0;
    out->l3_offset = L3;
    out->l4_offset = L4;
    out->payload_offset = PAYLOAD;
    out->payload_bytes = (uint16_t)(ip_bytes - (PAYLOAD - L3));
    return true;
}

/*
 * Parses the frame in the first segment of `mbuf`: Ethernet, up to four 802.1Q/802.1ad tags, IPv4
 * with options, IPv6 with its extension headers (RFC 8200), UDP. Fields of *out that the result
 * does not name are undefined. Never reads past the segment. Worker; no side effect.
 */
static inline enum rs_frame rs_packet_parse(const struct rte_mbuf *mbuf, struct rs_datagram *out)
{
    return rs_packet_parse_common(mbuf, out) ? RS_FRAME_UDP : rs_packet_parse_any(mbuf, out);
}

/* As rs_packet_checksum_ok and rs_packet_checksum_set, where the checksum field is not 0. */
bool rs_packet_checksum_verify(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram);
void rs_packet_checksum_write(struct rte_mbuf *mbuf, const struct rs_datagram *datagram,
                              uint64_t tx_offload);

/*
 * Whether the UDP checksum is right: from the NIC's verdict where it gave one, else computed. A
 * zero checksum is right over IPv4 and wrong over IPv6. RS_FRAME_UDP with length_ok only. Worker.
 */
static inline bool rs_packet_checksum_ok(const struct rte_mbuf *mbuf,
                                         const struct rs_datagram *datagram)
{
    if (datagram->checksum_zero)
        return datagram->family == RS_IPV4;
    return rs_packet_checksum_verify(mbuf, datagram);
}

/*
 * Sets the UDP checksum of what the datagram now holds: left 0 where it was 0 over IPv4, never 0
 * otherwise. `tx_offload` are the RTE_ETH_TX_OFFLOAD flags that the egress port was started with:
 * where UDP's checksum is among them the NIC is told to do it. Worker.
 */
static inline void rs_packet_checksum_set(struct rte_mbuf *mbuf, const struct rs_datagram *datagram,
                                          uint64_t tx_offload)
{
    if (!datagram->checksum_zero || datagram->family != RS_IPV4)
        rs_packet_checksum_write(mbuf, datagram, tx_offload);
}

enum rs_grow {
    RS_GROW_OK,
    RS_GROW_NO_TAILROOM,
    RS_GROW_TOO_BIG, /* IP's length would pass `mtu` */
};

/*
 * Whether the datagram could grow by `bytes` at its end. Changes nothing. A link's `mtu` is the
 * largest IP packet the egress port takes, in bytes. Worker.
 */
static inline enum rs_grow rs_packet_can_grow(const struct rte_mbuf *mbuf,
                                              const struct rs_datagram *datagram, uint16_t bytes,
                                              uint16_t mtu)
{
    const uint32_t end = (uint32_t)datagram->payload_offset + datagram->payload_bytes + bytes;

    if (end - datagram->l3_offset > mtu)
        return RS_GROW_TOO_BIG;
    /* Ethernet's padding makes room too. */
    if (mbuf->nb_segs != 1 || (uint32_t)mbuf->data_off + end > mbuf->buf_len)
        return RS_GROW_NO_TAILROOM;
    return RS_GROW_OK;
}

/* RFC 1624 equation 3: HC' = ~(~HC + ~m + m'). A checksum that was wrong stays wrong. */
static inline void rs_packet_set_ipv4_length(struct rte_ipv4_hdr *ip, uint16_t total_bytes)
{
    const rte_be16_t total_be = rte_cpu_to_be_16(total_bytes);
    uint32_t sum =
        (uint32_t)(uint16_t)~ip->hdr_checksum + (uint32_t)(uint16_t)~ip->total_length + total_be;

    sum = (sum & 0xffff) + (sum >> 16);
    sum += sum >> 16;
    ip->hdr_checksum = (uint16_t)~sum;
    ip->total_length = total_be;
}

/*
 * Makes the datagram's end fall at payload_bytes + `grow_by` (negative: shorter), drops Ethernet
 * padding behind it, and sets IP's and UDP's lengths and the IPv4 header checksum (RFC 1624). After
 * rs_packet_can_grow said RS_GROW_OK. The UDP checksum is then wrong until rs_packet_checksum_set.
 * Updates *datagram. Worker.
 */
static inline void rs_packet_resize(struct rte_mbuf *mbuf, struct rs_datagram *datagram,
                                    int grow_by)
{
    const uint16_t payload_bytes = (uint16_t)(datagram->payload_bytes + grow_by);
    const uint16_t end = (uint16_t)(datagram->payload_offset + payload_bytes);
    const uint16_t ip_bytes = (uint16_t)(end - datagram->l3_offset);
    void *ip = rte_pktmbuf_mtod_offset(mbuf, void *, datagram->l3_offset);
    struct rte_udp_hdr *udp =
        rte_pktmbuf_mtod_offset(mbuf, struct rte_udp_hdr *, datagram->l4_offset);

    if (datagram->family == RS_IPV4)
        rs_packet_set_ipv4_length(ip, ip_bytes);
    else
        ((struct rte_ipv6_hdr *)ip)->payload_len =
            rte_cpu_to_be_16((uint16_t)(ip_bytes - sizeof(struct rte_ipv6_hdr)));
    udp->dgram_len = rte_cpu_to_be_16((uint16_t)(payload_bytes + sizeof(*udp)));
    datagram->payload_bytes = payload_bytes;
    mbuf->data_len = end;
    mbuf->pkt_len = end;
}
