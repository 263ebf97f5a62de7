/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A direction of a link on more workers than its ports have queues. Workers with a queue hand the
 * others their share of flows, by hash, and send what those hand back: over rings, each with one
 * thread at either end. Where ports have a queue for each worker there is none of this.
 */
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

struct rs_burst;
struct rs_path;
struct rs_spread;

/* Packets that a ring holds. */
enum { RS_SPREAD_RING = 1024 };

/*
 * For `link` and `direction`, `workers` paths, of which the first `rx_queues` have an ingress queue
 * and the first `tx_queues` an egress queue; each of these is at least 1. Main, before the workers
 * run. NULL: no memory.
 */
struct rs_spread *rs_spread_create(unsigned int link, unsigned int direction, unsigned int workers,
                                   unsigned int rx_queues, unsigned int tx_queues);

/* Frees what was handed over and not fetched, too. NULL: nothing. Main, after the workers. */
void rs_spread_destroy(struct rs_spread *spread);

/*
 * Which of `count` a frame belongs to: by addresses and ports of its UDP datagram, whatever tags
 * and headers lie around them. 0 for all else, fragments too, so that what belongs together stays
 * together. Worker; pure.
 */
unsigned int rs_spread_pick(const struct rte_mbuf *mbuf, unsigned int count);

/*
 * Fills burst->mbufs with what is the path's own: from its queue, after handing others theirs, or
 * from the ring of the one that has the queue. What a full ring refused lies last, counted in
 * burst->refused. Returns how many there are. The path's worker.
 */
unsigned int rs_spread_receive(const struct rs_path *path, struct rs_burst *burst);

/* Sends, or hands over to be sent, the first of `count` packets. Returns how many. The path's
 * worker. */
unsigned int rs_spread_transmit(const struct rs_path *path, struct rte_mbuf **mbufs,
                                unsigned int count);

/* Sends what others have handed over, where the path has an egress queue; what the port refuses
 * waits for the next time. The path's worker. */
void rs_spread_flush(const struct rs_path *path);
