/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages are written by the worker that drops the packet, and sent by the one that owns the plain
 * port's queue, a ring between them. A bump in the wire has no address: they come from where the
 * packet was going to. They quote the packet as it came from that very host, so nothing of the
 * sealed side's and nothing that was opened.
 */
#include "too_big.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ring.h>

#include "cache_line.h"

enum {
    WAITING_MAX = 64, /* messages in the ring */
    SENT_AT_ONCE = 8,
    /* What messages quote: so much that the longest are of 576 bytes (RFC 1812 section 4.3.2.3) and
     * of IPv6's smallest MTU. */
    QUOTE4_MAX = 576 - 20 - 8,
    QUOTE6_MAX = 1280 - 40 - 8,
    IPV6_MTU_MIN = 1280, /* no host goes below: RFC 8201 section 4 */
    IPV4_DONT_FRAGMENT = 0x40,
    ICMP4_UNREACHABLE = 3,
    ICMP4_FRAGMENTATION_NEEDED = 4,
    ICMP6_PACKET_TOO_BIG = 2,
    HOPS = 64
};

struct rs_too_big {
    struct rte_ring *waiting; /* worker that seals: w, worker that opens: r */
    uint64_t gap_tsc;
    _Atomic uint64_t next_tsc RS_OWN_LINE; /* nothing is said before. Workers that seal: rw */
    _Atomic uint64_t sent RS_OWN_LINE;     /* worker that opens: w, main: r */
};

/* What follows IP's header: both kinds have it alike. */
struct icmp {
    uint8_t type, code;
    rte_be16_t checksum;
    rte_be32_t mtu; /* of ICMP, only the lower half: RFC 1191 section 4 */
} __rte_packed;

struct rs_too_big *rs_too_big_create(unsigned int link, uint64_t tsc_hz)
{
    struct rs_too_big *teller = rs_lines_alloc(sizeof(*teller));
    char name[RTE_RING_NAMESIZE];

    if (teller == NULL)
        return NULL;
    snprintf(name, sizeof(name), "rs_too_big_%u", link);
    teller->gap_tsc = tsc_hz / RS_TOO_BIG_PER_SECOND;
    teller->waiting = rte_ring_create(name, WAITING_MAX, SOCKET_ID_ANY, RING_F_SC_DEQ);
    if (teller->waiting != NULL)
        return teller;
    free(teller);
    return NULL;
}

void rs_too_big_destroy(struct rs_too_big *teller)
{
    void *mbuf;

    if (teller == NULL)
        return;
    while (rte_ring_dequeue(teller->waiting, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    rte_ring_free(teller->waiting);
    free(teller);
}

/* Senders of a burst ask together: two workers may both be let through, which does no harm. */
static bool may_tell(struct rs_too_big *teller, uint64_t now_tsc)
{
    if (now_tsc < atomic_load_explicit(&teller->next_tsc, memory_order_relaxed))
        return false;
    atomic_store_explicit(&teller->next_tsc, now_tsc + teller->gap_tsc, memory_order_relaxed);
    return true;
}

/* Only what one host has sent to one other, and what a smaller MTU would help. */
static bool is_worth_telling(const struct rte_mbuf *mbuf, const struct rs_datagram *datagram,
                             uint32_t mtu)
{
    const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    const uint8_t *ip = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, datagram->l3_offset);
    const uint32_t end = (uint32_t)datagram->payload_offset + datagram->payload_bytes;
    const uint8_t src = datagram->src.bytes[0], dst = datagram->dst.bytes[0];

    if (end - datagram->l3_offset <= mtu || !rte_is_unicast_ether_addr(&ethernet->src_addr) ||
        !rte_is_unicast_ether_addr(&ethernet->dst_addr))
        return false;
    if (datagram->family == RS_IPV6)
        return mtu >= IPV6_MTU_MIN && src != 0xff && dst != 0xff;
    return (ip[6] & IPV4_DONT_FRAGMENT) != 0 && src != 0 && src < 224 && dst != 0 && dst < 224;
}

/* The frame's own Ethernet header and tags, the other way round. */
static void write_ethernet(struct rte_ether_hdr *to, const struct rte_mbuf *mbuf,
                           const struct rs_datagram *datagram)
{
    const struct rte_ether_hdr *from = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);

    memcpy(to, from, datagram->l3_offset);
    to->dst_addr = from->src_addr;
    to->src_addr = from->dst_addr;
}

static void write_ipv4(uint8_t *at, const struct rs_datagram *datagram, uint32_t mtu,
                       uint32_t quoted)
{
    struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;
    struct icmp *icmp = (struct icmp *)(ip + 1);

    *ip = (struct rte_ipv4_hdr){
        .version_ihl = RTE_IPV4_VHL_DEF,
        .type_of_service = 0xc0, /* RFC 1812 section 4.3.2.5 */
        .total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(*icmp) + quoted)),
        .time_to_live = HOPS,
        .next_proto_id = IPPROTO_ICMP};
    memcpy(&ip->src_addr, datagram->dst.bytes, 4);
    memcpy(&ip->dst_addr, datagram->src.bytes, 4);
    ip->hdr_checksum = rte_ipv4_cksum(ip);
    *icmp = (struct icmp){.type = ICMP4_UNREACHABLE,
                          .code = ICMP4_FRAGMENTATION_NEEDED,
                          .mtu = rte_cpu_to_be_32(mtu)};
    icmp->checksum = (uint16_t)~rte_raw_cksum(icmp, sizeof(*icmp) + quoted);
}

static void write_ipv6(uint8_t *at, const struct rs_datagram *datagram, uint32_t mtu,
                       uint32_t quoted)
{
    struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;
    struct icmp *icmp = (struct icmp *)(ip + 1);
    uint32_t sum;

    *ip = (struct rte_ipv6_hdr){.vtc_flow = rte_cpu_to_be_32(6U << 28),
                                .payload_len = rte_cpu_to_be_16((uint16_t)(sizeof(*icmp) + quoted)),
                                .proto = IPPROTO_ICMPV6,
                                .hop_limits = HOPS};
    memcpy(ip->src_addr, datagram->dst.bytes, 16);
    memcpy(ip->dst_addr, datagram->src.bytes, 16);
    *icmp = (struct icmp){.type = ICMP6_PACKET_TOO_BIG, .mtu = rte_cpu_to_be_32(mtu)};
    sum = (uint32_t)rte_ipv6_phdr_cksum(ip, 0) + rte_raw_cksum(icmp, sizeof(*icmp) + quoted);
    icmp->checksum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* Returns false where the buffer has no room. */
static bool write_message(struct rte_mbuf *message, const struct rte_mbuf *mbuf,
                          const struct rs_datagram *datagram, uint32_t mtu)
{
    const bool ipv4 = datagram->family == RS_IPV4;
    const uint32_t headers =
        (ipv4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr)) + sizeof(struct icmp);
    const uint32_t end = (uint32_t)datagram->payload_offset + datagram->payload_bytes;
    const uint32_t quoted =
        RTE_MIN(end - datagram->l3_offset, (uint32_t)(ipv4 ? QUOTE4_MAX : QUOTE6_MAX));
    uint8_t *frame =
        (uint8_t *)rte_pktmbuf_append(message, (uint16_t)(datagram->l3_offset + headers + quoted));
    uint8_t *ip, *quote;
    const void *from;

    if (frame == NULL)
        return false;
    ip = frame + datagram->l3_offset;
    quote = ip + headers;
    from = rte_pktmbuf_read(mbuf, datagram->l3_offset, quoted, quote);
    if (from == NULL)
        return false;
    if (from != quote)
        memcpy(quote, from, quoted);
    write_ethernet((struct rte_ether_hdr *)frame, mbuf, datagram);
    if (ipv4)
        write_ipv4(ip, datagram, mtu, quoted);
    else
        write_ipv6(ip, datagram, mtu, quoted);
    return true;
}

void rs_too_big_tell(struct rs_too_big *teller, const struct rte_mbuf *mbuf,
                     const struct rs_datagram *datagram, uint32_t mtu, uint64_t now_tsc)
{
    struct rte_mbuf *message;

    if (!is_worth_telling(mbuf, datagram, mtu) || !may_tell(teller, now_tsc))
        return;
    message = rte_pktmbuf_alloc(mbuf->pool);
    if (message == NULL)
        return;
    if (!write_message(message, mbuf, datagram, mtu) ||
        rte_ring_enqueue(teller->waiting, message) != 0)
        rte_pktmbuf_free(message);
}

void rs_too_big_send(struct rs_too_big *teller, uint16_t port, uint16_t queue)
{
    struct rte_mbuf *messages[SENT_AT_ONCE];
    const unsigned int count =
        rte_ring_sc_dequeue_burst(teller->waiting, (void **)messages, SENT_AT_ONCE, NULL);
    unsigned int sent;

    if (likely(count == 0))
        return;
    sent = rte_eth_tx_burst(port, queue, messages, (uint16_t)count);
    rte_pktmbuf_free_bulk(messages + sent, count - sent);
    atomic_store_explicit(&teller->sent,
                          atomic_load_explicit(&teller->sent, memory_order_relaxed) + sent,
                          memory_order_relaxed);
}

uint64_t rs_too_big_sent(const struct rs_too_big *teller)
{
    return atomic_load_explicit(&teller->sent, memory_order_relaxed);
}
