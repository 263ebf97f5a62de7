/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/wire_port.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

enum { QUEUES_MAX = 8, PLACES = 4096, BUFFERS = 8191 };

struct queue {
    struct rte_ring *in;
    atomic_uint stall_ms, room;
    const struct rte_eth_rxtx_callback *rx, *tx;
};

struct rs_wire_port {
    uint16_t id, queue_count;
    struct rte_mempool *pool;
    struct rte_ring *out;
    struct queue queues[QUEUES_MAX];
};

static uint16_t receive(uint16_t id, uint16_t queue_id, struct rte_mbuf *mbufs[], uint16_t n,
                        uint16_t max, void *context)
{
    struct rs_wire_port *port = context;
    struct queue *queue = &port->queues[queue_id];
    const unsigned int stall_ms = atomic_exchange(&queue->stall_ms, 0);

    (void)id;
    if (stall_ms > 0)
        usleep(stall_ms * 1000);
    return (uint16_t)(n + rte_ring_dequeue_burst(queue->in, (void **)&mbufs[n], max - n, NULL));
}

static uint16_t transmit(uint16_t id, uint16_t queue_id, struct rte_mbuf *mbufs[], uint16_t n,
                         void *context)
{
    struct rs_wire_port *port = context;
    const uint16_t sent = (uint16_t)RTE_MIN(n, atomic_load(&port->queues[queue_id].room));

    (void)id;
    for (uint16_t i = 0; i < sent; i++) {
        struct rte_mbuf *copy = rte_pktmbuf_copy(mbufs[i], port->pool, 0, UINT32_MAX);

        if (copy != NULL && rte_ring_enqueue(port->out, copy) != 0)
            rte_pktmbuf_free(copy);
    }
    return sent;
}

static int attach_queue(struct rs_wire_port *port, uint16_t q)
{
    struct queue *queue = &port->queues[q];
    char name[64];

    snprintf(name, sizeof(name), "wire_in_%u_%u", port->id, q);
    atomic_store(&queue->room, UINT16_MAX);
    queue->in = rte_ring_create(name, PLACES, SOCKET_ID_ANY, 0);
    queue->rx = rte_eth_add_rx_callback(port->id, q, receive, port);
    queue->tx = rte_eth_add_tx_callback(port->id, q, transmit, port);
    return queue->in == NULL || queue->rx == NULL || queue->tx == NULL ? -ENOMEM : 0;
}

struct rs_wire_port *rs_wire_port_attach(unsigned int n)
{
    struct rs_wire_port *port = calloc(1, sizeof(*port));
    struct rte_eth_dev_info info;
    char name[64];

    snprintf(name, sizeof(name), "net_null%u", n);
    if (port == NULL || rte_eth_dev_get_port_by_name(name, &port->id) != 0 ||
        rte_eth_dev_info_get(port->id, &info) != 0) {
        free(port);
        return NULL;
    }
    port->queue_count =
        info.nb_rx_queues > info.nb_tx_queues ? info.nb_rx_queues : info.nb_tx_queues;
    snprintf(name, sizeof(name), "wire_pool_%u", n);
    port->pool =
        rte_pktmbuf_pool_create(name, BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    snprintf(name, sizeof(name), "wire_out_%u", n);
    port->out = rte_ring_create(name, PLACES, SOCKET_ID_ANY, 0);
    for (uint16_t q = 0; q < port->queue_count; q++) {
        if (port->pool == NULL || port->out == NULL || attach_queue(port, q) != 0)
            abort();
    }
    return port;
}

void rs_wire_port_detach(struct rs_wire_port *port)
{
    if (port == NULL)
        return;
    for (uint16_t q = 0; q < port->queue_count; q++) {
        rte_eth_remove_rx_callback(port->id, q, port->queues[q].rx);
        rte_eth_remove_tx_callback(port->id, q, port->queues[q].tx);
    }
    free(port); /* rings and pool go with EAL: a worker may be in a callback still */
}

static int put(struct rs_wire_port *port, uint16_t queue, struct rte_mbuf *mbuf)
{
    if (mbuf == NULL)
        return -ENOBUFS;
    if (rte_ring_enqueue(port->queues[queue].in, mbuf) == 0)
        return 0;
    rte_pktmbuf_free(mbuf);
    return -ENOBUFS;
}

static struct rte_mbuf *make(struct rs_wire_port *port, const uint8_t *bytes, size_t count)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);
    char *room = mbuf == NULL ? NULL : rte_pktmbuf_append(mbuf, (uint16_t)count);

    if (room == NULL) {
        rte_pktmbuf_free(mbuf);
        return NULL;
    }
    memcpy(room, bytes, count);
    return mbuf;
}

int rs_wire_port_inject(struct rs_wire_port *port, uint16_t queue, const uint8_t *frame,
                        size_t bytes)
{
    return put(port, queue, make(port, frame, bytes));
}

int rs_wire_port_inject_segmented(struct rs_wire_port *port, uint16_t queue, const uint8_t *frame,
                                  size_t bytes, size_t segment_bytes)
{
    struct rte_mbuf *head = NULL;

    for (size_t at = 0; at < bytes; at += segment_bytes) {
        struct rte_mbuf *next = make(port, frame + at, RTE_MIN(segment_bytes, bytes - at));

        if (next == NULL || (head != NULL && rte_pktmbuf_chain(head, next) != 0)) {
            rte_pktmbuf_free(next);
            rte_pktmbuf_free(head);
            return -ENOBUFS;
        }
        head = head == NULL ? next : head;
    }
    return put(port, queue, head);
}

int rs_wire_port_inject_tight(struct rs_wire_port *port, uint16_t queue, const uint8_t *frame,
                              size_t bytes, size_t tailroom)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->pool);

    if (mbuf == NULL || bytes + tailroom > mbuf->buf_len) {
        rte_pktmbuf_free(mbuf);
        return -ENOBUFS;
    }
    mbuf->data_off = (uint16_t)(mbuf->buf_len - bytes - tailroom);
    memcpy(rte_pktmbuf_append(mbuf, (uint16_t)bytes), frame, bytes);
    return put(port, queue, mbuf);
}

size_t rs_wire_port_take(struct rs_wire_port *port, uint8_t *frame, size_t max)
{
    struct rte_mbuf *mbuf;
    size_t bytes;

    if (rte_ring_dequeue(port->out, (void **)&mbuf) != 0)
        return 0;
    bytes = RTE_MIN(mbuf->pkt_len, max);
    memcpy(frame, rte_pktmbuf_mtod(mbuf, void *), RTE_MIN(bytes, mbuf->data_len));
    rte_pktmbuf_free(mbuf);
    return bytes;
}

void rs_wire_port_set_room(struct rs_wire_port *port, uint16_t queue, uint16_t packets)
{
    atomic_store(&port->queues[queue].room, packets);
}

void rs_wire_port_stall(struct rs_wire_port *port, uint16_t queue, unsigned int ms)
{
    atomic_store(&port->queues[queue].stall_ms, ms);
}
