/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spreads flows over workers in software. Path p of a direction has ingress queue p, or gets its
 * packets from path p % rx_queues; egress likewise. So each ring has one producer and one consumer,
 * a flow has one way, and its packets stay in order.
 */
#include "spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_jhash.h>
#include <rte_prefetch.h>
#include <rte_ring.h>
#include <rte_ring_peek.h>

#include "worker.h"

enum { FLUSH_BURSTS = 4 }; /* of one ring in one turn */

/* Written before the workers run. */
struct rs_spread {
    unsigned int workers, rx_queues, tx_queues;
    struct rte_ring *in[RS_MAX_WORKERS];  /* to path p: NULL where it has a queue */
    struct rte_ring *out[RS_MAX_WORKERS]; /* from path p: the same */
};

/* ---- made and freed ----------------------------------------------------------------------- */

static struct rte_ring *make_ring(const char *name, unsigned int link, unsigned int direction,
                                  unsigned int place)
{
    char full[RTE_RING_NAMESIZE];

    snprintf(full, sizeof(full), "rs_%s_%u_%u_%u", name, link, direction, place);
    return rte_ring_create(full, RS_SPREAD_RING, SOCKET_ID_ANY,
                           RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

struct rs_spread *rs_spread_create(unsigned int link, unsigned int direction, unsigned int workers,
                                   unsigned int rx_queues, unsigned int tx_queues)
{
    struct rs_spread *spread = rs_lines_alloc(sizeof(*spread));

    if (spread == NULL)
        return NULL;
    spread->workers = workers;
    spread->rx_queues = rx_queues;
    spread->tx_queues = tx_queues;
    for (unsigned int p = 0; p < workers; p++) {
        if (p >= rx_queues)
            spread->in[p] = make_ring("in", link, direction, p);
        if (p >= tx_queues)
            spread->out[p] = make_ring("out", link, direction, p);
        if ((p >= rx_queues && spread->in[p] == NULL) ||
            (p >= tx_queues && spread->out[p] == NULL)) {
            rs_spread_destroy(spread);
            return NULL;
        }
    }
    return spread;
}

static void free_ring(struct rte_ring *ring)
{
    void *mbuf;

    if (ring == NULL)
        return;
    while (rte_ring_dequeue(ring, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    rte_ring_free(ring);
}

void rs_spread_destroy(struct rs_spread *spread)
{
    if (spread == NULL)
        return;
    for (unsigned int p = 0; p < spread->workers; p++) {
        free_ring(spread->in[p]);
        free_ring(spread->out[p]);
    }
    free(spread);
}

/* ---- in ----------------------------------------------------------------------------------- */

unsigned int rs_spread_pick(const struct rte_mbuf *mbuf, unsigned int count)
{
    struct rs_datagram datagram;
    uint32_t words[2 * sizeof(struct rs_address) / sizeof(uint32_t) + 1];

    if (rs_packet_parse(mbuf, &datagram) != RS_FRAME_UDP)
        return 0;
    memcpy(words, &datagram.src, sizeof(datagram.src));
    memcpy(words + 4, &datagram.dst, sizeof(datagram.dst));
    words[8] = (uint32_t)datagram.src_port << 16 | datagram.dst_port;
    return (unsigned int)((uint64_t)rte_jhash_32b(words, RTE_DIM(words), 0) * count >> 32);
}

/* Puts the packets in the order of whose they are: begins[m] is where those of m begin. */
static void sort(struct rte_mbuf *const *mbufs, unsigned int count, unsigned int members,
                 struct rte_mbuf **sorted, uint8_t *begins)
{
    uint8_t picks[RS_BURST_MAX], next[RS_MAX_WORKERS];

    memset(begins, 0, members + 1);
    for (unsigned int i = 0; i < count; i++)
        rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const uint8_t *));
    for (unsigned int i = 0; i < count; i++) {
        picks[i] = (uint8_t)rs_spread_pick(mbufs[i], members);
        begins[picks[i] + 1]++;
    }
    for (unsigned int m = 0; m < members; m++) {
        next[m] = begins[m];
        begins[m + 1] = (uint8_t)(begins[m + 1] + begins[m]);
    }
    for (unsigned int i = 0; i < count; i++)
        sorted[next[picks[i]]++] = mbufs[i];
}

/* Hands the others of the path's queue what is theirs. Returns what is left in burst->mbufs. */
static unsigned int hand_out(const struct rs_path *path, struct rs_burst *burst, unsigned int count)
{
    const struct rs_spread *spread = path->spread;
    const unsigned int step = spread->rx_queues;
    const unsigned int members = (spread->workers - path->place + step - 1) / step;
    struct rte_mbuf *sorted[RS_BURST_MAX];
    uint8_t begins[RS_MAX_WORKERS + 1];
    unsigned int kept;

    if (count == 0 || members == 1)
        return count;
    sort(burst->mbufs, count, members, sorted, begins);
    kept = begins[1];
    memcpy(burst->mbufs, sorted, kept * sizeof(sorted[0]));
    for (unsigned int m = 1; m < members; m++) {
        struct rte_ring *ring = spread->in[path->place + m * step];
        const unsigned int share = begins[m + 1] - begins[m];
        const unsigned int taken =
            rte_ring_enqueue_burst(ring, (void *const *)(sorted + begins[m]), share, NULL);

        burst->set_aside += taken;
        for (unsigned int i = taken; i < share; i++)
            burst->mbufs[kept + burst->refused++] = sorted[begins[m] + i];
    }
    return kept + burst->refused;
}

unsigned int rs_spread_receive(const struct rs_path *path, struct rs_burst *burst)
{
    const struct rs_spread *spread = path->spread;

    if (path->place >= spread->rx_queues)
        return rte_ring_dequeue_burst(spread->in[path->place], (void **)burst->mbufs, RS_BURST_MAX,
                                      NULL);
    return hand_out(path, burst, rs_rx_queue(path, burst));
}

/* ---- out ---------------------------------------------------------------------------------- */

unsigned int rs_spread_transmit(const struct rs_path *path, struct rte_mbuf **mbufs,
                                unsigned int count)
{
    const struct rs_spread *spread = path->spread;

    if (path->place < spread->tx_queues)
        return rte_eth_tx_burst(path->tx_port, path->tx_queue, mbufs, (uint16_t)count);
    return rte_ring_enqueue_burst(spread->out[path->place], (void *const *)mbufs, count, NULL);
}

/* Until there is no more, the port takes no more, or others have waited for long enough. */
static void flush(const struct rs_path *path, struct rte_ring *ring)
{
    struct rte_mbuf *mbufs[RS_BURST_MAX];

    for (unsigned int burst = 0; burst < FLUSH_BURSTS; burst++) {
        const unsigned int count =
            rte_ring_dequeue_burst_start(ring, (void **)mbufs, RS_BURST_MAX, NULL);
        uint16_t sent;

        if (count == 0)
            return;
        sent = rte_eth_tx_burst(path->tx_port, path->tx_queue, mbufs, (uint16_t)count);
        rte_ring_dequeue_finish(ring, sent);
        if (sent < count)
            return;
    }
}

void rs_spread_flush(const struct rs_path *path)
{
    const struct rs_spread *spread = path->spread;

    if (path->place >= spread->tx_queues)
        return;
    for (unsigned int p = path->place + spread->tx_queues; p < spread->workers;
         p += spread->tx_queues)
        flush(path, spread->out[p]);
}
