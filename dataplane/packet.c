/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes a parsed UDP datagram longer or shorter, and keeps its lengths and checksums right. Finding
 * the datagram is packet_parse.c's; what is in it is nobody's business here.
 */
#include "packet.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_udp.h>

enum { IPV6_FIXED_BYTES = 40, UDP_BYTES = 8, IPV4_MAX_BYTES = 60 };

static struct rte_udp_hdr *udp_of(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    return rte_pktmbuf_mtod_offset(mbuf, struct rte_udp_hdr *, datagram->l4_offset);
}

/* Adds 16-bit words in one's complement (RFC 1071 section 1). */
static uint16_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/*
 * RFC 768, RFC 8200 section 8.1. Not DPDK's own, which takes the length and protocol from IPv6's
 * fixed header, where extension headers make them another's.
 */
static uint16_t pseudo_header_sum(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    const bool v4 = datagram->family == RS_IPV4;
    const uint8_t *addresses =
        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, datagram->l3_offset + (v4 ? 12 : 8));
    const uint16_t udp_bytes = (uint16_t)(datagram->payload_bytes + UDP_BYTES);

    return fold((uint32_t)rte_raw_cksum(addresses, v4 ? 8 : 32) + rte_cpu_to_be_16(udp_bytes) +
                rte_cpu_to_be_16(IPPROTO_UDP));
}

/* The sum over pseudo header and datagram, as its checksum field is now: 0xffff if that is right.
 */
static uint16_t datagram_sum(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    uint16_t sum = 0;

    if (rte_raw_cksum_mbuf(mbuf, datagram->l4_offset, datagram->payload_bytes + UDP_BYTES, &sum) <
        0)
        return 0;
    return fold((uint32_t)sum + pseudo_header_sum(mbuf, datagram));
}

bool rs_packet_checksum_ok(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    const uint64_t verdict = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

    if (datagram->checksum_zero)
        return datagram->family == RS_IPV4;
    if (verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
        return true;
    if (verdict == RTE_MBUF_F_RX_L4_CKSUM_BAD)
        return false;
    /* Unknown; or "none", a host that left the sum to its NIC: it would go out wrong. */
    return datagram_sum(mbuf, datagram) == 0xffff;
}

enum rs_grow rs_packet_can_grow(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram,
                                uint16_t bytes, uint16_t mtu)
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
static void set_ipv4_length(struct rte_ipv4_hdr *ip, uint16_t total_bytes)
{
    const rte_be16_t total_be = rte_cpu_to_be_16(total_bytes);
    const uint32_t sum =
        (uint32_t)(uint16_t)~ip->hdr_checksum + (uint32_t)(uint16_t)~ip->total_length + total_be;

    ip->hdr_checksum = (uint16_t)~fold(sum);
    ip->total_length = total_be;
}

void rs_packet_resize(struct rte_mbuf *mbuf, struct rs_datagram *datagram, int grow_by)
{
    const uint16_t payload_bytes = (uint16_t)(datagram->payload_bytes + grow_by);
    const uint16_t end = (uint16_t)(datagram->payload_offset + payload_bytes);
    const uint16_t ip_bytes = (uint16_t)(end - datagram->l3_offset);
    void *ip = rte_pktmbuf_mtod_offset(mbuf, void *, datagram->l3_offset);

    if (datagram->family == RS_IPV4)
        set_ipv4_length(ip, ip_bytes);
    else
        ((struct rte_ipv6_hdr *)ip)->payload_len =
            rte_cpu_to_be_16((uint16_t)(ip_bytes - IPV6_FIXED_BYTES));
    udp_of(mbuf, datagram)->dgram_len = rte_cpu_to_be_16((uint16_t)(payload_bytes + UDP_BYTES));
    datagram->payload_bytes = payload_bytes;
    mbuf->data_len = end;
    mbuf->pkt_len = end;
}

/* NICs count in header lengths that IPv4 and bare IPv6 have; what is longer is summed here. */
static bool nic_takes(const struct rs_datagram *datagram, uint64_t tx_offload)
{
    const unsigned int l3_bytes = datagram->l4_offset - datagram->l3_offset;

    if ((tx_offload & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) == 0)
        return false;
    return datagram->family == RS_IPV4 ? l3_bytes <= IPV4_MAX_BYTES : l3_bytes == IPV6_FIXED_BYTES;
}

void rs_packet_checksum_set(struct rte_mbuf *mbuf, const struct rs_datagram *datagram,
                            uint64_t tx_offload)
{
    struct rte_udp_hdr *udp = udp_of(mbuf, datagram);
    uint16_t checksum;

    if (datagram->checksum_zero && datagram->family == RS_IPV4)
        return;
    if (nic_takes(datagram, tx_offload)) {
        mbuf->tx_offload = 0;
        mbuf->l2_len = datagram->l3_offset;
        mbuf->l3_len = datagram->l4_offset - datagram->l3_offset;
        mbuf->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
        mbuf->ol_flags |= datagram->family == RS_IPV4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
        udp->dgram_cksum = pseudo_header_sum(mbuf, datagram);
        return;
    }
    udp->dgram_cksum = 0;
    checksum = (uint16_t)~datagram_sum(mbuf, datagram);
    udp->dgram_cksum = checksum == 0 ? 0xffff : checksum; /* 0 would say that there is none */
}
