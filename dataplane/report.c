/* SPDX-License-Identifier: BSD-3-Clause */
/* What is going on, for control to tell: reads, and disturbs no worker. */
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_version.h>

#include "dataplane_internal.h"

static bool selected(int filter, unsigned int index)
{
    return filter == RS_ALL || (unsigned int)filter == index;
}

void rs_dataplane_get_counters(const struct rs_dataplane *dp, int worker, int link,
                               enum rs_direction direction, struct rs_counters *sum)
{
    *sum = (struct rs_counters){0};
    for (unsigned int w = 0; w < dp->worker_count; w++) {
        for (unsigned int l = 0; l < dp->link_count; l++) {
            if (selected(worker, w) && selected(link, l))
                rs_counters_add(sum, &dp->counters[w][l][direction]);
        }
    }
}

unsigned int rs_dataplane_worker_count(const struct rs_dataplane *dp)
{
    return dp->worker_count;
}

void rs_dataplane_get_worker(const struct rs_dataplane *dp, unsigned int worker,
                             struct rs_worker_info *info)
{
    const struct rs_worker *w = dp->workers[worker];

    info->cpu = dp->cpus[worker];
    info->busy_cycles = atomic_load_explicit(&w->busy_cycles, memory_order_relaxed);
    info->idle_cycles = atomic_load_explicit(&w->idle_cycles, memory_order_relaxed);
    info->senders = rs_senders_in_use(w->senders);
    info->stalled_ms = rs_stall_watch_get_ms(&dp->stall_watch, worker);
    for (unsigned int i = 0; i < RS_BURST_SIZES; i++)
        info->bursts[i] = atomic_load_explicit(&w->bursts[i], memory_order_relaxed);
}

void rs_dataplane_get_buffers(const struct rs_dataplane *dp, struct rs_buffer_info *info)
{
    info->total = dp->mbufs->size;
    info->in_use = rte_mempool_in_use_count(dp->mbufs);
}

static uint64_t count_joined(const struct rs_link *link, enum rs_direction side)
{
    uint64_t joined = 0;

    for (unsigned int q = 0; q < RS_MAX_WORKERS; q++) {
        if (link->reassemblies[side][q] != NULL)
            joined += rs_reassembly_joined(link->reassemblies[side][q]);
    }
    return joined;
}

void rs_dataplane_get_port(const struct rs_dataplane *dp, unsigned int link, enum rs_direction side,
                           struct rs_port_info *info)
{
    const struct rs_port *port = &dp->links[link].ports[side];
    struct rte_eth_dev_info device;
    struct rte_eth_stats stats = {0};

    *info = (struct rs_port_info){
        .mtu = port->mtu, .rx_queues = port->rx_queues, .tx_queues = port->tx_queues};
    if (rte_eth_dev_get_name_by_port(port->id, info->device) != 0)
        snprintf(info->device, sizeof(info->device), "?");
    info->driver = rte_eth_dev_info_get(port->id, &device) == 0 ? device.driver_name : "?";
    info->up = rs_port_is_up(port);
    if (side == RS_SEAL && dp->links[link].too_big != NULL)
        info->icmp_too_big = rs_too_big_sent(dp->links[link].too_big);
    info->fragments_joined = count_joined(&dp->links[link], side);
    if (rte_eth_stats_get(port->id, &stats) != 0)
        return;
    info->rx_packets = stats.ipackets;
    info->tx_packets = stats.opackets;
    info->rx_missed = stats.imissed;
    info->rx_errors = stats.ierrors;
    info->rx_no_mbuf = stats.rx_nombuf;
    info->tx_errors = stats.oerrors;
}

int rs_dataplane_test_suite(struct rs_dataplane *dp, const struct rs_suite *suite)
{
    return rs_cipher_self_test(dp->cipher, suite);
}

void rs_dataplane_get_host(const struct rs_dataplane *dp, struct rs_host_info *info)
{
    *info = (struct rs_host_info){
        .dpdk_version = rte_version(),
        .ipsec_mb_version = rs_cipher_library_version(),
        .isa = rs_cipher_isa_name(dp->cipher),
        .hugepages = dp->hugepages,
        .locked = dp->locked,
    };
}
