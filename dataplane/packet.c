/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP checksums, in software or by the NIC. Finding the datagram is packet_parse.c's, its lengths
 * are packet.h's; what is in it is nobody's business here.
 */
#include "packet.h"

#include <rte_ethdev.h>

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

/* What a packet holds, wherever it begins. */
typedef uint32_t word __attribute__((aligned(1), may_alias));
typedef uint16_t half __attribute__((aligned(1), may_alias));

static uint16_t fold_wide(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    return fold((uint32_t)(sum & 0xffff) + (uint32_t)(sum >> 16 & 0xffff) + (uint32_t)(sum >> 32));
}

/* RFC 1071 section 2 (B): four bytes at a time, and carries later; what the compiler makes of it is
 * several times as fast as DPDK's sum of pairs. */
static uint64_t sum_bytes(const uint8_t *bytes, size_t count)
{
    const size_t whole = count / sizeof(word);
    const uint8_t *rest = bytes + whole * sizeof(word);
    uint64_t sum = 0;

    for (size_t i = 0; i < whole; i++)
        sum += ((const word *)(const void *)bytes)[i];
    if (count & 2) {
        sum += *(const half *)(const void *)rest;
        rest += sizeof(half);
    }
    return count & 1 ? sum + rte_cpu_to_le_16(*rest) : sum;
}

/*
 * RFC 768, RFC 8200 section 8.1. Not DPDK's own, which takes the length and protocol from IPv6's
 * fixed header, where extension headers make them another's.
 */
static uint64_t sum_pseudo_header(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    const bool v4 = datagram->family == RS_IPV4;
    const uint8_t *addresses =
        rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, datagram->l3_offset + (v4 ? 12 : 8));
    const uint16_t udp_bytes = (uint16_t)(datagram->payload_bytes + UDP_BYTES);

    return sum_bytes(addresses, v4 ? 8 : 32) + rte_cpu_to_be_16(udp_bytes) +
           rte_cpu_to_be_16(IPPROTO_UDP);
}

/* The sum over pseudo header and datagram, as its checksum field is now: 0xffff if that is right.
 */
static uint16_t datagram_sum(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    const uint8_t *udp = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, datagram->l4_offset);
    const uint32_t bytes = (uint32_t)datagram->payload_bytes + UDP_BYTES;

    uint16_t chained;

    if (datagram->l4_offset + bytes <= mbuf->data_len)
        return fold_wide(sum_bytes(udp, bytes) + sum_pseudo_header(mbuf, datagram));
    if (rte_raw_cksum_mbuf(mbuf, datagram->l4_offset, bytes, &chained) < 0)
        return 0;
    return fold_wide(chained + sum_pseudo_header(mbuf, datagram));
}

bool rs_packet_checksum_verify(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    const uint64_t verdict = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

    if (verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
        return true;
    if (verdict == RTE_MBUF_F_RX_L4_CKSUM_BAD)
        return false;
    /* Unknown; or "none", a host that left the sum to its NIC: it would go out wrong. */
    return datagram_sum(mbuf, datagram) == 0xffff;
}

/* NICs count in header lengths that IPv4 and bare IPv6 have; what is longer is summed here. */
static bool nic_takes(const struct rs_datagram *datagram, uint64_t tx_offload)
{
    const unsigned int l3_bytes = datagram->l4_offset - datagram->l3_offset;

    if ((tx_offload & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) == 0)
        return false;
    return datagram->family == RS_IPV4 ? l3_bytes <= IPV4_MAX_BYTES : l3_bytes == IPV6_FIXED_BYTES;
}

void rs_packet_checksum_write(struct rte_mbuf *mbuf, const struct rs_datagram *datagram,
                              uint64_t tx_offload)
{
    struct rte_udp_hdr *udp = udp_of(mbuf, datagram);
    uint16_t checksum;

    if (nic_takes(datagram, tx_offload)) {
        mbuf->tx_offload = 0;
        mbuf->l2_len = datagram->l3_offset;
        mbuf->l3_len = datagram->l4_offset - datagram->l3_offset;
        mbuf->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
        mbuf->ol_flags |= datagram->family == RS_IPV4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
        udp->dgram_cksum = fold_wide(sum_pseudo_header(mbuf, datagram));
        return;
    }
    udp->dgram_cksum = 0;
    checksum = (uint16_t)~datagram_sum(mbuf, datagram);
    udp->dgram_cksum = checksum == 0 ? 0xffff : checksum; /* 0 would say that there is none */
}
