/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links: their two ports, and which worker polls which queue of them. A queue belongs to one worker
 * for good, so that the packet path needs no lock.
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

/* How many queues carry a direction of a link: as many as workers, ingress and egress allow. */
static uint16_t count_queues(const struct rs_dataplane *dp, const struct rs_link *link,
                             enum rs_direction direction)
{
    uint16_t rx_max, tx_max, ignored, queues = (uint16_t)dp->worker_count;

    rs_port_queue_limits(&link->ports[direction], &rx_max, &ignored);
    rs_port_queue_limits(&link->ports[other(direction)], &ignored, &tx_max);
    queues = RTE_MIN(queues, RTE_MIN(rx_max, tx_max));
    return RTE_MAX(queues, 1);
}

static int open_port(struct rs_link *link, enum rs_direction direction, const char *side,
                     const struct rs_port_config *config)
{
    char name[96];
    int rc;

    snprintf(name, sizeof(name), "%s %s", link->name, side);
    rc = rs_port_open(&link->ports[direction], name, config->pci, config->vdev);
    return rc == 0 && config->mtu != 0 ? rs_port_set_mtu(&link->ports[direction], config->mtu) : rc;
}

static int open_link(struct rs_link *link, unsigned int index, const struct rs_link_config *config)
{
    int rc;

    link->rules = rs_link_rules_create(config->media, config->media_count, config->injected);
    if (link->rules == NULL)
        return -ENOMEM;
    snprintf(link->name, sizeof(link->name), "%s", config->name);
    if (config->icmp_too_big) {
        link->too_big = rs_too_big_create(index, rte_get_tsc_hz());
        if (link->too_big == NULL)
            return -ENOMEM;
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

static int make_mbufs(struct rs_dataplane *dp)
{
    unsigned int queues = 0, count;

    for (unsigned int l = 0; l < dp->link_count; l++)
        queues +=
            count_queues(dp, &dp->links[l], RS_SEAL) + count_queues(dp, &dp->links[l], RS_OPEN);
    count = queues * 2 * DESCRIPTORS + (dp->worker_count + 1) * 2 * MBUF_CACHE;
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
        return -ENOMEM;
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
                     uint16_t queue)
{
    const unsigned int w = (l * RS_DIRECTIONS + direction + queue) % dp->worker_count;
    struct rs_link *link = &dp->links[l];
    const struct rs_port *in = &link->ports[direction], *out = &link->ports[other(direction)];
    struct rs_worker *worker = dp->workers[w];

    worker->paths[worker->path_count++] = (struct rs_path){
        .rx_port = in->id,
        .rx_queue = queue,
        .tx_port = out->id,
        .tx_queue = queue,
        .tx_mtu = out->mtu,
        .tx_frame_max = out->mtu + RTE_ETHER_HDR_LEN + MAX_TAGS * RTE_VLAN_HLEN,
        .tx_offload = out->tx_offload,
        .link = (uint8_t)l,
        .direction = direction,
        .crypt = direction == RS_SEAL ? rs_seal : rs_open,
        .rules = &link->rules,
        .counters = &dp->counters[w][l][direction],
        .too_big = direction == RS_SEAL || queue == 0 ? link->too_big : NULL,
    };
}

int rs_links_start(struct rs_dataplane *dp)
{
    for (unsigned int l = 0; l < dp->link_count; l++) {
        struct rs_link *link = &dp->links[l];
        const uint16_t seal = count_queues(dp, link, RS_SEAL);
        const uint16_t open = count_queues(dp, link, RS_OPEN);
        int rc = rs_port_start(&link->ports[RS_SEAL], seal, open, dp->mbufs);

        if (rc == 0)
            rc = rs_port_start(&link->ports[RS_OPEN], open, seal, dp->mbufs);
        if (rc != 0)
            return rc;
        for (uint16_t q = 0; q < seal; q++)
            add_path(dp, l, RS_SEAL, q);
        for (uint16_t q = 0; q < open; q++)
            add_path(dp, l, RS_OPEN, q);
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
        rs_too_big_destroy(dp->links[l].too_big);
        free(dp->links[l].rules);
    }
    free(dp->links);
    rte_mempool_free(dp->mbufs);
}
