/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator's end of a port. Nothing here measures. */
#include "tests/bench/rig_port.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "tests/bench/bench.h"

enum {
    QUEUES_MAX = 8,
    MEMORY_ROOM = 4096,
    MEMIF_RING_LOG2 = 10, /* net_memif's own default: 2 MiB of buffers each way */
    MEMIF_ROOM = 1024,
    BUFFERS = 5119, /* of a queue; packets rotate over them, in their order */
    CACHE = 256,
    CLIENT = 8, /* the client of server n is net_memif<8 + n> */
    PATIENCE_MS = 5000,
    SETTLE_US = 20000, /* until the server has seen its client go */
};

/* What a memory port does with what the dataplane sends. */
enum what_is_sent { FREED, KEPT, TIMED };

struct rs_rig_port {
    enum rs_rig_kind kind;
    uint16_t id; /* memory: the dataplane's own; memif: the client */
    uint16_t queues;
    struct rte_mempool *pool;
    struct rte_ring *in[QUEUES_MAX]; /* memory */
    struct rte_ring *out;
    _Atomic enum what_is_sent sent; /* main: w, worker: r */
    _Atomic uint64_t sent_tsc;      /* worker: w, main: r */
};

void rs_rig_port_vdev(enum rs_rig_kind kind, unsigned int n, const char *directory, char *vdev,
                      size_t room)
{
    if (kind == RS_RIG_MEMORY)
        snprintf(vdev, room, "net_null%u,no-rx=1", n);
    else
        snprintf(vdev, room, "net_memif%u,role=server,id=%u,socket=%s/%u,socket-abstract=no", n, n,
                 directory, n);
}

unsigned int rs_rig_port_room(enum rs_rig_kind kind)
{
    return kind == RS_RIG_MEMORY ? MEMORY_ROOM : MEMIF_ROOM;
}

/* ---- memory ------------------------------------------------------------------------------- */

static uint16_t receive(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                        uint16_t max, void *context)
{
    struct rs_rig_port *port = context;

    (void)id;
    return (uint16_t)(n + rte_ring_sc_dequeue_burst(port->in[queue], (void **)&mbufs[n], max - n,
                                                    NULL));
}

/* The driver then frees them: what is kept has one more reference. */
static uint16_t transmit(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                         void *context)
{
    struct rs_rig_port *port = context;

    (void)id, (void)queue;
    switch (atomic_load_explicit(&port->sent, memory_order_relaxed)) {
    case FREED:
        break;
    case KEPT:
        for (uint16_t i = 0; i < n; i++)
            rte_mbuf_refcnt_update(mbufs[i], 1);
        rte_ring_enqueue_bulk(port->out, (void **)mbufs, n, NULL);
        break;
    case TIMED:
        atomic_store_explicit(&port->sent_tsc, rte_rdtsc(), memory_order_relaxed);
        break;
    }
    return n;
}

static struct rte_ring *make_ring(const struct rs_rig_port *port, const char *name, unsigned int n,
                                  unsigned int flags)
{
    char full[RTE_RING_NAMESIZE];
    struct rte_ring *ring;

    snprintf(full, sizeof(full), "rig_%s_%u_%u", name, port->id, n);
    ring = rte_ring_create(full, 2 * MEMORY_ROOM, SOCKET_ID_ANY, flags);
    if (ring == NULL)
        rs_bench_fail("no memory for a ring of packets");
    return ring;
}

static void attach_memory(struct rs_rig_port *port, unsigned int n)
{
    char name[RTE_ETH_NAME_MAX_LEN];

    snprintf(name, sizeof(name), "net_null%u", n);
    if (rte_eth_dev_get_port_by_name(name, &port->id) != 0)
        rs_bench_fail("there is no port %s", name);
    port->out = make_ring(port, "out", 0, RING_F_SC_DEQ);
    for (uint16_t q = 0; q < port->queues; q++) {
        port->in[q] = make_ring(port, "in", q, RING_F_SP_ENQ | RING_F_SC_DEQ);
        if (rte_eth_add_rx_callback(port->id, q, receive, port) == NULL ||
            rte_eth_add_tx_callback(port->id, q, transmit, port) == NULL)
            rs_bench_fail("%s takes no callback", name);
    }
}

void rs_rig_port_keep(struct rs_rig_port *port)
{
    atomic_store_explicit(&port->sent, KEPT, memory_order_relaxed);
}

void rs_rig_port_time(struct rs_rig_port *port)
{
    atomic_store_explicit(&port->sent, TIMED, memory_order_relaxed);
}

void rs_rig_port_forget(struct rs_rig_port *port)
{
    atomic_store_explicit(&port->sent, FREED, memory_order_relaxed);
}

uint64_t rs_rig_port_sent_tsc(const struct rs_rig_port *port)
{
    return atomic_load_explicit(&port->sent_tsc, memory_order_relaxed);
}

/* ---- memif -------------------------------------------------------------------------------- */

static void wait_for_link(const struct rs_rig_port *port, const char *name)
{
    for (unsigned int ms = 0; ms < PATIENCE_MS; ms++) {
        struct rte_eth_link link = {0};

        if (rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP)
            return;
        rte_delay_us_sleep(1000);
    }
    rs_bench_fail("%s does not connect", name);
}

static void start_client(struct rs_rig_port *port, const char *name)
{
    const struct rte_eth_conf conf = {.rxmode.mtu = 0};
    int rc = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);

    for (uint16_t q = 0; rc == 0 && q < port->queues; q++) {
        rc = rte_eth_rx_queue_setup(port->id, q, 1 << MEMIF_RING_LOG2, 0, NULL, port->pool);
        if (rc == 0)
            rc = rte_eth_tx_queue_setup(port->id, q, 1 << MEMIF_RING_LOG2, 0, NULL);
    }
    if (rc == 0)
        rc = rte_eth_dev_start(port->id);
    if (rc != 0)
        rs_bench_fail("%s cannot be started: %s", name, rte_strerror(-rc));
}

/* One process may not have both roles on one socket, by its path: the client spells it otherwise.
 */
static void attach_memif(struct rs_rig_port *port, unsigned int n, const char *directory)
{
    char name[RTE_ETH_NAME_MAX_LEN], vdev[256];

    snprintf(name, sizeof(name), "net_memif%u", CLIENT + n);
    snprintf(vdev, sizeof(vdev), "%s,role=client,id=%u,socket=%s/./%u,socket-abstract=no,rsize=%d",
             name, n, directory, n, MEMIF_RING_LOG2);
    if (rte_dev_probe(vdev) != 0 || rte_eth_dev_get_port_by_name(name, &port->id) != 0)
        rs_bench_fail("%s cannot be made", vdev);
    start_client(port, name);
    wait_for_link(port, name);
}

/* ---- either ------------------------------------------------------------------------------- */

struct rs_rig_port *rs_rig_port_attach(enum rs_rig_kind kind, unsigned int n, const char *directory,
                                       uint16_t queues)
{
    struct rs_rig_port *port = calloc(1, sizeof(*port));
    char name[RTE_MEMPOOL_NAMESIZE];

    if (port == NULL || queues > QUEUES_MAX)
        rs_bench_fail("no port of %u queues", queues);
    port->kind = kind;
    port->queues = queues;
    snprintf(name, sizeof(name), "rig_%u", n);
    port->pool = rte_pktmbuf_pool_create(name, BUFFERS * queues, CACHE, 0,
                                         RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (port->pool == NULL)
        rs_bench_fail("no memory for %d packets", BUFFERS);
    if (kind == RS_RIG_MEMORY)
        attach_memory(port, n);
    else
        attach_memif(port, n, directory);
    return port;
}

/* A client that outlives the server's device would make EAL's interrupt thread read freed memory.
 */
void rs_rig_port_disconnect(struct rs_rig_port *port)
{
    struct rte_eth_dev_info info;

    if (port->kind == RS_RIG_MEMIF && rte_eth_dev_info_get(port->id, &info) == 0) {
        rte_eth_dev_stop(port->id);
        rte_eth_dev_close(port->id);
        rte_dev_remove(info.device);
        rte_delay_us_sleep(SETTLE_US);
    }
}

static void fill(struct rte_mbuf *mbuf, const struct rs_frame *frame)
{
    memcpy(rte_pktmbuf_append(mbuf, frame->bytes), frame->data, frame->bytes);
}

static unsigned int put(struct rs_rig_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                        unsigned int n)
{
    if (port->kind == RS_RIG_MEMIF)
        return rte_eth_tx_burst(port->id, queue, mbufs, (uint16_t)n);
    return rte_ring_sp_enqueue_bulk(port->in[queue], (void **)mbufs, n, NULL);
}

uint64_t rs_rig_port_publish(struct rs_rig_port *port, uint16_t queue, struct rs_frames *frames,
                             unsigned int n)
{
    struct rte_mbuf *mbufs[MEMORY_ROOM];
    unsigned int sent;
    uint64_t now;

    if (n > rs_rig_port_room(port->kind) || rte_pktmbuf_alloc_bulk(port->pool, mbufs, n) != 0)
        rs_bench_fail("%u packets are more than the port has room for", n);
    for (unsigned int i = 0; i < n; i++) {
        fill(mbufs[i], &frames->frames[frames->next]);
        frames->next = frames->next + 1 == frames->count ? 0 : frames->next + 1;
    }
    now = rte_rdtsc();
    sent = put(port, queue, mbufs, n);
    if (sent != n)
        rs_bench_fail("of %u packets the port took %u", n, sent);
    return now;
}

static unsigned int take(struct rs_rig_port *port, uint16_t queue, struct rte_mbuf **mbufs,
                         unsigned int max)
{
    if (port->kind == RS_RIG_MEMIF)
        return rte_eth_rx_burst(port->id, queue, mbufs, (uint16_t)max);
    return queue > 0 ? 0 : rte_ring_sc_dequeue_burst(port->out, (void **)mbufs, max, NULL);
}

unsigned int rs_rig_port_drain(struct rs_rig_port *port, struct rs_frames *kept)
{
    struct rte_mbuf *mbufs[32];
    unsigned int total = 0, n;

    for (uint16_t q = 0; q < port->queues; q++) {
        while ((n = take(port, q, mbufs, RTE_DIM(mbufs))) > 0) {
            for (unsigned int i = 0; kept != NULL && i < n; i++)
                rs_frames_add(kept, rte_pktmbuf_mtod(mbufs[i], uint8_t *), mbufs[i]->pkt_len);
            rte_pktmbuf_free_bulk(mbufs, n);
            total += n;
        }
    }
    return total;
}
