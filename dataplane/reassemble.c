/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's table finds the pieces of a datagram and chains them; here is what it leaves to its user:
 * which pieces may go in, which do not belong together, and a header that is a whole datagram's.
 */
#define ALLOW_EXPERIMENTAL_API /* expired entries are taken out by a function that is one */

#include "reassemble.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <rte_ip_frag.h>
#include <rte_jhash.h>
#include <rte_prefetch.h>

#include "cache_line.h"
#include "link_rules.h"
#include "range.h"
#include "rcu.h"
#include "worker.h"

enum {
    BUCKETS = 64,
    BUCKET_ENTRIES = 8,
    ETHERNET_TYPE = 12, /* where tags begin */
    IPV4_DONT_FRAGMENT = 0x4000,
    ECN_BITS = 2,
    ECN_MASK = 3,
    ECN_CE = 3
};

struct rs_reassembly {
    struct rte_ip_frag_tbl *table;
    struct rte_ip_frag_death_row dead;
    _Atomic uint64_t joined; /* worker: w, main: r */
};

_Static_assert((int)RS_REASSEMBLY_PIECES == RTE_LIBRTE_IP_FRAG_MAX_FRAG, "as documented");

/* ---- made and freed ----------------------------------------------------------------------- */

struct rs_reassembly *rs_reassembly_create(uint64_t tsc_hz)
{
    struct rs_reassembly *reassembly = rs_lines_alloc(sizeof(*reassembly));

    if (reassembly == NULL)
        return NULL;
    reassembly->table = rte_ip_frag_table_create(BUCKETS, BUCKET_ENTRIES, RS_REASSEMBLY_DATAGRAMS,
                                                 tsc_hz / 1000 * RS_REASSEMBLY_MS, SOCKET_ID_ANY);
    if (reassembly->table != NULL)
        return reassembly;
    free(reassembly);
    return NULL;
}

void rs_reassembly_destroy(struct rs_reassembly *reassembly)
{
    if (reassembly == NULL)
        return;
    rte_ip_frag_table_destroy(reassembly->table);
    free(reassembly);
}

uint64_t rs_reassembly_joined(const struct rs_reassembly *reassembly)
{
    return atomic_load_explicit(&reassembly->joined, memory_order_relaxed);
}

/* ---- which pieces go in ------------------------------------------------------------------- */

static uint32_t ipv4_header_bytes(const struct rte_ipv4_hdr *ip)
{
    return rte_ipv4_hdr_len(ip);
}

/* The whole datagram gets a header checksum of its own, so that a wrong one would become right. The
 * table tells datagrams apart by addresses and identification, but not by protocol. */
static bool is_ipv4_piece(const struct rte_ipv4_hdr *ip)
{
    return ip->next_proto_id == IPPROTO_UDP && rte_raw_cksum(ip, ipv4_header_bytes(ip)) == 0xffff;
}

/* The table looks for the fragment header right behind IPv6's own, and would wait for the rest of
 * what is whole (RFC 6946). */
static bool is_ipv6_piece(const struct rte_ipv6_hdr *ip)
{
    const struct rte_ipv6_fragment_ext *extension = (const struct rte_ipv6_fragment_ext *)(ip + 1);

    return ip->proto == IPPROTO_FRAGMENT &&
           (extension->frag_data & rte_cpu_to_be_16(RTE_IPV6_EHDR_FO_MASK | RTE_IPV6_EHDR_MF_MASK));
}

static bool is_piece(const struct rs_link_rules *rules, const struct rte_mbuf *mbuf,
                     struct rs_datagram *datagram)
{
    const void *ip;

    if (rs_packet_parse(mbuf, datagram) != RS_FRAME_FRAGMENT || mbuf->nb_segs != 1)
        return false;
    if (!rs_range_holds_address(rules->media, rules->media_count, datagram->family,
                                datagram->src.bytes) &&
        !rs_range_holds_address(rules->media, rules->media_count, datagram->family,
                                datagram->dst.bytes))
        return false;
    ip = rte_pktmbuf_mtod_offset(mbuf, const void *, datagram->l3_offset);
    return datagram->family == RS_IPV4 ? is_ipv4_piece(ip) : is_ipv6_piece(ip);
}

/* ---- what is made of them ----------------------------------------------------------------- */

static uint8_t ecn_of(const void *ip, uint8_t family)
{
    const uint8_t *bytes = ip;

    return family == RS_IPV4 ? bytes[1] & ECN_MASK : bytes[1] >> 4 & ECN_MASK;
}

/* What all pieces of a datagram have to have in common besides what the table looks at, and their
 * ECN: they are in front of a piece, out of sight once it is chained. */
static void mark(struct rte_mbuf *mbuf, const struct rs_datagram *datagram)
{
    const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    const uint32_t tags =
        rte_jhash(frame + ETHERNET_TYPE, datagram->l3_offset - (uint32_t)ETHERNET_TYPE, 0);

    mbuf->hash.usr = tags << ECN_BITS | ecn_of(frame + datagram->l3_offset, datagram->family);
}

/* Whether the chain's pieces had the same tags, and what ECN says of them all (RFC 3168 section
 * 5.3). */
static bool agree(const struct rte_mbuf *chain, uint8_t *ecn)
{
    bool marked = false, incapable = false;

    for (const struct rte_mbuf *piece = chain; piece != NULL; piece = piece->next) {
        if (piece->hash.usr >> ECN_BITS != chain->hash.usr >> ECN_BITS)
            return false;
        marked |= (piece->hash.usr & ECN_MASK) == ECN_CE;
        incapable |= (piece->hash.usr & ECN_MASK) == 0;
    }
    *ecn = marked ? ECN_CE : chain->hash.usr & ECN_MASK;
    return !(marked && incapable);
}

static void write_ipv4(struct rte_ipv4_hdr *ip, uint32_t bytes, uint8_t ecn)
{
    ip->type_of_service |= ecn;
    ip->total_length = rte_cpu_to_be_16((uint16_t)bytes);
    ip->fragment_offset &= rte_cpu_to_be_16(IPV4_DONT_FRAGMENT);
    ip->hdr_checksum = 0;
    ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, ipv4_header_bytes(ip));
}

static void write_ipv6(struct rte_ipv6_hdr *ip, uint32_t bytes, uint8_t ecn)
{
    ip->vtc_flow |= rte_cpu_to_be_32((uint32_t)ecn << 20);
    ip->payload_len = rte_cpu_to_be_16((uint16_t)(bytes - sizeof(*ip)));
}

/* Gives the chain the header of a whole datagram, and one buffer where one has room for it. Returns
 * false for what is none. */
static bool finish(struct rte_mbuf *chain, const struct rs_datagram *datagram)
{
    const uint32_t bytes = chain->pkt_len - datagram->l3_offset;
    void *ip = rte_pktmbuf_mtod_offset(chain, void *, datagram->l3_offset);
    uint8_t ecn;

    if (bytes > UINT16_MAX || !agree(chain, &ecn))
        return false;
    if (datagram->family == RS_IPV4)
        write_ipv4(ip, bytes, ecn);
    else
        write_ipv6(ip, bytes, ecn);
    /* What a NIC has said was of a piece; the table asks for a checksum that is there already. */
    chain->ol_flags &=
        ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_TX_IP_CKSUM);
    rte_pktmbuf_linearize(chain); /* longer than a buffer: classify drops it */
    return true;
}

/* ---- in the packet path ------------------------------------------------------------------- */

/* Gives the piece to the table. Returns the chain that it was the last piece of, or NULL. */
static struct rte_mbuf *put(struct rs_reassembly *reassembly, struct rte_mbuf *mbuf,
                            const struct rs_datagram *datagram, uint64_t now_tsc)
{
    struct rte_ipv4_hdr *ip4 =
        rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, datagram->l3_offset);
    struct rte_ipv6_hdr *ip6 = (struct rte_ipv6_hdr *)ip4;
    struct rte_ipv6_fragment_ext *extension = (struct rte_ipv6_fragment_ext *)(ip6 + 1);

    mark(mbuf, datagram);
    mbuf->l2_len = datagram->l3_offset & 0x7f; /* at most four tags */
    if (datagram->family == RS_IPV4) {
        mbuf->l3_len = ipv4_header_bytes(ip4) & 0x1ff;
        return rte_ipv4_frag_reassemble_packet(reassembly->table, &reassembly->dead, mbuf, now_tsc,
                                               ip4);
    }
    mbuf->l3_len = sizeof(*ip6) + sizeof(*extension);
    return rte_ipv6_frag_reassemble_packet(reassembly->table, &reassembly->dead, mbuf, now_tsc, ip6,
                                           extension);
}

/* Counts and frees the pieces that the table has given up. */
static void drop(const struct rs_path *path)
{
    struct rte_ip_frag_death_row *dead = &path->reassembly->dead;
    uint64_t bytes = 0;

    if (likely(dead->cnt == 0))
        return;
    for (uint32_t i = 0; i < dead->cnt; i++)
        bytes += dead->row[i]->pkt_len;
    rs_tx_count_drops(path, RS_FRAGMENT, dead->cnt, bytes);
    rte_ip_frag_free_death_row(dead, 0);
}

/* Returns the datagram that is whole with this piece, or NULL. */
static struct rte_mbuf *add(const struct rs_path *path, struct rte_mbuf *mbuf,
                            const struct rs_datagram *datagram, uint64_t now_tsc)
{
    struct rs_reassembly *reassembly = path->reassembly;
    struct rte_mbuf *chain = put(reassembly, mbuf, datagram, now_tsc);
    unsigned int pieces;

    drop(path);
    if (chain == NULL)
        return NULL;
    pieces = chain->nb_segs;
    if (!finish(chain, datagram)) {
        rs_tx_count_drops(path, RS_FRAGMENT, pieces, chain->pkt_len);
        rte_pktmbuf_free(chain);
        return NULL;
    }
    atomic_store_explicit(&reassembly->joined, rs_reassembly_joined(reassembly) + pieces - 1,
                          memory_order_relaxed);
    return chain;
}

unsigned int rs_reassemble(const struct rs_path *path, struct rs_burst *burst, unsigned int count)
{
    struct rs_reassembly *reassembly = path->reassembly;
    const struct rs_link_rules *rules = rs_rcu_read(*path->rules);
    unsigned int kept = 0;

    for (unsigned int i = 0; i < count; i++)
        rte_prefetch0(rte_pktmbuf_mtod(burst->mbufs[i], const uint8_t *));
    for (unsigned int i = 0; i < count; i++) {
        struct rte_mbuf *mbuf = burst->mbufs[i];
        struct rs_datagram datagram;

        if (unlikely(is_piece(rules, mbuf, &datagram)))
            mbuf = add(path, mbuf, &datagram, burst->now_tsc);
        if (mbuf != NULL)
            burst->mbufs[kept++] = mbuf;
    }
    rte_ip_frag_table_del_expired_entries(reassembly->table, &reassembly->dead, burst->now_tsc);
    drop(path);
    burst->set_aside += count - kept;
    return kept;
}
