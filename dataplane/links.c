/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links: their two ports, and which worker polls which queue of them. A queue belongs to one worker
 * for good, so that the packet path needs no lock; workers without one get their share from it.
 */
#include "links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane_internal.h"
#include "payload.h"
#include "worker.h"

enum {
    DESCRIPTORS = 1024, /* of a queue, as port.c asks for */
    MBUF_CACHE = 256,
    MAX_TAGS = 4, /* VLAN tags that packet.h looks through */
    FRAME_EXTRA = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + MAX_TAGS * RTE_VLAN_HLEN
};

static enum rs_direction other(enum rs_direction direction)
{
    return direction == RS_SEAL ? RS_OPEN : RS_SEAL;
}

/* The queues that carry a direction of a link: one for each worker, or as many as there are. */
struct queues {
    uint16_t rx, tx;
};

static struct queues count_queues(const struct rs_dataplane *dp, const struct rs_link *link,
                                  enum rs_direction direction)
{
    const uint16_t workers = (uint16_t)dp->worker_count;
    uint16_t rx_max, tx_max, ignored;

    rs_port_queue_limits(&link->ports[direction], &rx_max, &ignored);
    rs_port_queue_limits(&link->ports[other(direction)], &ignored, &tx_max);
    return (struct queues){.rx = RTE_MAX(RTE_MIN(workers, rx_max), 1),
                           .tx = RTE_MAX(RTE_MIN(workers, tx_max), 1)};
}

static int open_port(struct rs_link *link, enum rs_direction direction, const char *side,
                     const struct rs_port_config *config)
{
    char name[96];
    int rc;

    snprintf(name, sizeof(name), "%s %s", link->name, side);
    rc = rs_port_open(&link->ports[direction], name, config->pci, config->vdev);
    if (rc == 0 && config->queues != 0)
        rs_port_set_queues(&link->ports[direction], config->queues);
    return rc == 0 && config->mtu != 0 ? rs_port_set_mtu(&link->ports[direction], config->mtu) : rc;
}

static int lack_memory(const char *what)
{
    rs_log(RS_LOG_ERROR, "%s: no memory", what);
    return -ENOMEM;
}

static int open_link(struct rs_link *link, unsigned int index, const struct rs_link_config *config)
{
    int rc;

    link->reassemble = config->reassemble;
    link->rules = rs_link_rules_create(config->media, config->media_count, config->injected);
    if (link->rules == NULL)
        return lack_memory(config->name);
    snprintf(link->name, sizeof(link->name), "%s", config->name);
    if (config->icmp_too_big) {
        link->too_big = rs_too_big_create(index, rte_get_tsc_hz());
        if (link->too_big == NULL)
            return lack_memory(config->name);
    }
    rc = open_port(link, RS_SEAL, "plain", &config->plain);
    if (rc != 0)
        return rc;
    return open_port(link, RS_OPEN, "sealed", &config->sealed);
}

/* Room in a buffer for the longest frame and what sealing adds to it. */
static uint16_t data_room(const struct rs_dataplane *dp)
{
    uint32_t mtu = RTE_ETHER_MTU, room;

    for (unsigned int l = 0; l < dp->link_count; l++) {
        mtu = RTE_MAX(mtu, dp->links[l].ports[RS_SEAL].mtu);
        mtu = RTE_MAX(mtu, dp->links[l].ports[RS_OPEN].mtu);
    }
    room = RTE_PKTMBUF_HEADROOM + mtu + FRAME_EXTRA + RS_PAYLOAD_OVERHEAD_MAX;
    return (uint16_t)RTE_MIN(RTE_MAX(room, (uint32_t)RTE_MBUF_DEFAULT_BUF_SIZE), UINT16_MAX);
}

/* Packets that wait for the rest of their datagrams, at most. */
static unsigned int pieces_waiting(const struct rs_dataplane *dp)
{
    unsigned int links = 0;

    for (unsigned int l = 0; l < dp->link_count; l++)
        links += dp->links[l].reassemble;
    return links * RS_DIRECTIONS * dp->worker_count * RS_REASSEMBLY_DATAGRAMS *
           RS_REASSEMBLY_PIECES;
}

static int make_mbufs(struct rs_dataplane *dp)
{
    /* Each path has a queue or a ring at either end. */
    const unsigned int paths = dp->link_count * RS_DIRECTIONS * dp->worker_count;
    const unsigned int count =
        paths * 2 * DESCRIPTORS + pieces_waiting(dp) + (dp->worker_count + 1) * 2 * MBUF_CACHE;

    _Static_assert((int)RS_SPREAD_RING <= (int)DESCRIPTORS, "a ring holds no more than a queue");
    dp->mbufs =
        rte_pktmbuf_pool_create("rs_mbufs", count, MBUF_CACHE, 0, data_room(dp), SOCKET_ID_ANY);
    if (dp->mbufs == NULL) {
        rs_log(RS_LOG_ERROR, "memory.mb: no room for %u packet buffers of %u bytes; raise it",
               count, data_room(dp));
        return -ENOMEM;
    }
    return 0;
}

int rs_links_open(struct rs_dataplane *dp, const struct rs_dataplane_config *config)
{
    dp->links = rs_lines_alloc(config->link_count * sizeof(*dp->links));
    if (dp->links == NULL)
        return lack_memory("links");
    for (size_t l = 0; l < config->link_count; l++) {
        int rc;

        dp->link_count++;
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++)
            dp->links[l].ports[d].id = UINT16_MAX;
        rc = open_link(&dp->links[l], (unsigned int)l, &config->links[l]);
        if (rc != 0)
            return rc;
    }
    return make_mbufs(dp);
}

static void add_path(struct rs_dataplane *dp, unsigned int l, enum rs_direction direction,
                     struct queues queues, unsigned int place)
{
    const unsigned int w = (l * RS_DIRECTIONS + direction + place) % dp->worker_count;
    struct rs_link *link = &dp->links[l];
    const struct rs_port *in = &link->ports[direction], *out = &link->ports[other(direction)];
    struct rs_worker *worker = dp->workers[w];

    worker->paths[worker->path_count++] = (struct rs_path){
        .rx_port = in->id,
        .rx_queue = (uint16_t)(place % queues.rx),
        .tx_port = out->id,
        .tx_queue = (uint16_t)(place % queues.tx),
        .tx_mtu = out->mtu,
        .tx_frame_max = out->mtu + RTE_ETHER_HDR_LEN + MAX_TAGS * RTE_VLAN_HLEN,
        .tx_offload = out->tx_offload,
        .spread = link->spreads[direction],
        .place = place,
        .reassembly = link->reassemblies[direction][place],
        .link = (uint8_t)l,
        .direction = direction,
        .crypt = direction == RS_SEAL ? rs_seal : rs_open,
        .rules = &link->rules,
        .counters = &dp->counters[w][l][direction],
        .too_big = direction == RS_SEAL || place == 0 ? link->too_big : NULL,
    };
}

static int add_paths(struct rs_dataplane *dp, unsigned int l, enum rs_direction direction,
                     struct queues queues)
{
    struct rs_link *link = &dp->links[l];

    if (queues.rx < dp->worker_count || queues.tx < dp->worker_count) {
        link->spreads[direction] =
            rs_spread_create(l, direction, dp->worker_count, queues.rx, queues.tx);
        if (link->spreads[direction] == NULL) {
            rs_log(RS_LOG_ERROR, "%s: no memory to spread its flows over %u workers", link->name,
                   dp->worker_count);
            return -ENOMEM;
        }
        rs_log(RS_LOG_INFO, "%s: %s: %u workers share %u receive and %u transmit queues",
               link->name, direction == RS_SEAL ? "seal" : "open", dp->worker_count, queues.rx,
               queues.tx);
    }
    for (unsigned int place = 0; link->reassemble && place < queues.rx; place++) {
        link->reassemblies[direction][place] = rs_reassembly_create(rte_get_tsc_hz());
        if (link->reassemblies[direction][place] == NULL) {
            rs_log(RS_LOG_ERROR, "memory.mb: no room for the fragments of %s; raise it",
                   link->name);
            return -ENOMEM;
        }
    }
    for (unsigned int place = 0; place < dp->worker_count; place++)
        add_path(dp, l, direction, queues, place);
    return 0;
}

int rs_links_start(struct rs_dataplane *dp)
{
    for (unsigned int l = 0; l < dp->link_count; l++) {
        struct rs_link *link = &dp->links[l];
        const struct queues seal = count_queues(dp, link, RS_SEAL);
        const struct queues open = count_queues(dp, link, RS_OPEN);
        int rc = rs_port_start(&link->ports[RS_SEAL], seal.rx, open.tx, dp->mbufs);

        if (rc == 0)
            rc = rs_port_start(&link->ports[RS_OPEN], open.rx, seal.tx, dp->mbufs);
        if (rc == 0)
            rc = add_paths(dp, l, RS_SEAL, seal);
        if (rc == 0)
            rc = add_paths(dp, l, RS_OPEN, open);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void rs_links_close(struct rs_dataplane *dp)
{
    for (unsigned int l = 0; l < dp->link_count; l++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            if (dp->links[l].ports[d].id != UINT16_MAX)
                rs_port_close(&dp->links[l].ports[d]);
        }
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            rs_spread_destroy(dp->links[l].spreads[d]);
            for (unsigned int q = 0; q < RS_MAX_WORKERS; q++)
                rs_reassembly_destroy(dp->links[l].reassemblies[d][q]);
        }
        rs_too_big_destroy(dp->links[l].too_big);
        free(dp->links[l].rules);
    }
    free(dp->links);
    rte_mempool_free(dp->mbufs);
}
