/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: takes a burst off the ingress queue, or the path's share of one (spread.c). Nothing is
 * looked at yet but, where a link asks for it, fragments (reassemble.c); all of it is asked for: a
 * NIC, or another core, has written it, and to wait for it line by line costs more than to seal.
 */
#include "stages.h"

#include <string.h>

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "worker.h"

/* The frame, and where a tag and a trailer will be written behind it. */
static void prefetch(const struct rte_mbuf *mbuf)
{
    const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    const unsigned int bytes = mbuf->data_len + RS_PAYLOAD_OVERHEAD_MAX;

    for (unsigned int at = 0; at < bytes; at += RTE_CACHE_LINE_SIZE)
        rte_prefetch0(frame + at);
}

unsigned int rs_rx_queue(const struct rs_path *path, struct rs_burst *burst)
{
    const unsigned int count =
        rte_eth_rx_burst(path->rx_port, path->rx_queue, burst->mbufs, RS_BURST_MAX);

    return likely(path->reassembly == NULL) ? count : rs_reassemble(path, burst, count);
}

void rs_rx(struct rs_worker *worker, struct rs_burst *burst)
{
    const struct rs_path *path = burst->path;

    (void)worker;
    burst->refused = 0;
    burst->set_aside = 0;
    if (unlikely(path->spread != NULL))
        burst->received = rs_spread_receive(path, burst);
    else
        burst->received = rs_rx_queue(path, burst);
    if (burst->received == 0)
        return;
    burst->live_count = burst->received - burst->refused;
    memset(burst->outcomes, RS_UNDECIDED, sizeof(burst->outcomes));
    memset(burst->outcomes + burst->live_count, RS_WORKER_FULL, burst->refused);
    memset(burst->streams, 0, sizeof(burst->streams));
    for (unsigned int i = 0; i < RS_BURST_MAX; i++)
        burst->live[i] = (uint8_t)i;
    for (unsigned int i = 0; i < burst->received; i++) {
        prefetch(burst->mbufs[i]);
        burst->bytes_in[i] = burst->mbufs[i]->pkt_len;
    }
}
