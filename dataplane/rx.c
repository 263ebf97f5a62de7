/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage: takes a burst off the ingress queue. Nothing is looked at yet. */
#include "stages.h"

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "worker.h"

void rs_rx(struct rs_worker *worker, struct rs_burst *burst)
{
    const struct rs_path *path = burst->path;

    (void)worker;
    burst->received = rte_eth_rx_burst(path->rx_port, path->rx_queue, burst->mbufs, RS_BURST_MAX);
    burst->live_count = burst->received;
    for (unsigned int i = 0; i < burst->received; i++) {
        rte_prefetch0(rte_pktmbuf_mtod(burst->mbufs[i], void *));
        burst->live[i] = (uint8_t)i;
        burst->outcomes[i] = RS_UNDECIDED;
        burst->bytes_in[i] = burst->mbufs[i]->pkt_len;
        burst->streams[i] = NULL;
    }
}
