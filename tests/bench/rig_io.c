/* SPDX-License-Identifier: BSD-3-Clause */
/* A loop of rx and tx alone, with turns and cycles counted as dataplane/worker.c counts them. */
#include "tests/bench/rig_io.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "dataplane/cipher.h"
#include "dataplane/eal.h"
#include "dataplane/port.h"
#include "tests/bench/bench.h"

enum { BUFFERS = 5119, CACHE = 256 }; /* as many as a link of one worker has */

struct rs_rig_io {
    struct rs_port ports[RS_DIRECTIONS];
    _Atomic uint64_t packets[RS_DIRECTIONS]; /* the loop: w, main: r; as the following */
    _Atomic uint64_t busy_cycles, idle_cycles;
    _Atomic int stop; /* main: w */
};

static void add_to(_Atomic uint64_t *counter, uint64_t count)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static unsigned int forward(struct rs_rig_io *io, enum rs_direction direction)
{
    const uint16_t in = io->ports[direction].id;
    const uint16_t out = io->ports[direction == RS_SEAL ? RS_OPEN : RS_SEAL].id;
    struct rte_mbuf *mbufs[RS_BURST_MAX];
    const uint16_t received = rte_eth_rx_burst(in, 0, mbufs, RS_BURST_MAX);
    uint16_t sent;

    if (received == 0)
        return 0;
    sent = rte_eth_tx_burst(out, 0, mbufs, received);
    rte_pktmbuf_free_bulk(&mbufs[sent], received - sent);
    add_to(&io->packets[direction], sent);
    return received;
}

static int run(void *context)
{
    struct rs_rig_io *io = context;
    uint64_t turn_began = rte_rdtsc();

    while (!atomic_load_explicit(&io->stop, memory_order_acquire)) {
        const unsigned int packets = forward(io, RS_SEAL) + forward(io, RS_OPEN);
        const uint64_t now = rte_rdtsc();

        add_to(packets > 0 ? &io->busy_cycles : &io->idle_cycles, now - turn_began);
        turn_began = now;
        if (packets == 0)
            rte_pause();
    }
    return 0;
}

struct rs_rig_io *rs_rig_io_start(const struct rs_dataplane_config *config)
{
    const struct rs_port_config sides[RS_DIRECTIONS] = {
        [RS_SEAL] = config->links[0].plain, [RS_OPEN] = config->links[0].sealed};
    struct rs_rig_io *io = aligned_alloc(64, (sizeof(*io) + 63) / 64 * 64);
    struct rte_mempool *pool;
    bool hugepages;

    if (io == NULL || rs_eal_start(config, &hugepages) != 0)
        rs_bench_fail("DPDK does not start");
    *io = (struct rs_rig_io){.stop = 0};
    pool =
        rte_pktmbuf_pool_create("io", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (pool == NULL)
        rs_bench_fail("no memory for %d packets", BUFFERS);
    for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
        if (rs_port_open(&io->ports[d], "io", sides[d].pci, sides[d].vdev) != 0 ||
            rs_port_start(&io->ports[d], 1, 1, pool) != 0)
            rs_bench_fail("the ports do not start");
    }
    if (rte_eal_remote_launch(run, io, rs_eal_worker_lcore(0)) != 0)
        rs_bench_fail("the loop does not start");
    return io;
}

void rs_rig_io_stop(struct rs_rig_io *io)
{
    atomic_store_explicit(&io->stop, 1, memory_order_release);
    rte_eal_wait_lcore(rs_eal_worker_lcore(0));
    for (unsigned int d = 0; d < RS_DIRECTIONS; d++)
        rs_port_close(&io->ports[d]);
    rs_eal_stop();
    free(io);
}

uint64_t rs_rig_io_packets(const struct rs_rig_io *io, enum rs_direction direction)
{
    return atomic_load_explicit(&io->packets[direction], memory_order_relaxed);
}

void rs_rig_io_cycles(const struct rs_rig_io *io, uint64_t *busy, uint64_t *idle)
{
    *busy = atomic_load_explicit(&io->busy_cycles, memory_order_relaxed);
    *idle = atomic_load_explicit(&io->idle_cycles, memory_order_relaxed);
}
