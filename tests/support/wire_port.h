/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports that a test feeds and reads: a net_null port that receives what the test injects and hands
 * over a copy of what it sends, through DPDK's receive and transmit callbacks. Everything else on
 * the way is the dataplane's own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The vdev to configure for it. `n` 0 to 7. */
#define RS_WIRE_VDEV(n) "net_null" #n ",no-rx=1"

struct rs_wire_port;

/* Takes over the running port "net_null<n>" with its queues. NULL: no such port. */
struct rs_wire_port *rs_wire_port_attach(unsigned int n);
void rs_wire_port_detach(struct rs_wire_port *port);

/* Hands a frame to a receive queue, in a buffer with the pool's tailroom. Returns 0, or -ENOBUFS
 * where the queue's 4,096 places are full. */
int rs_wire_port_inject(struct rs_wire_port *port, uint16_t queue, const uint8_t *frame,
                        size_t bytes);

/* The same, in chained buffers of at most `segment_bytes` each. */
int rs_wire_port_inject_segmented(struct rs_wire_port *port, uint16_t queue, const uint8_t *frame,
                                  size_t bytes, size_t segment_bytes);

/* The same, with `tailroom` bytes of room left behind the frame. */
int rs_wire_port_inject_tight(struct rs_wire_port *port, uint16_t queue, const uint8_t *frame,
                              size_t bytes, size_t tailroom);

/* Takes the oldest frame that was sent, from any queue. Returns its bytes, 0 where there is none.
 */
size_t rs_wire_port_take(struct rs_wire_port *port, uint8_t *frame, size_t max);

/* From now on `queue` sends no more than so many packets of each burst. At first UINT16_MAX. */
void rs_wire_port_set_room(struct rs_wire_port *port, uint16_t queue, uint16_t packets);

/* Lets the worker that polls `queue` next sleep in its receive call for so long, once. */
void rs_wire_port_stall(struct rs_wire_port *port, uint16_t queue, unsigned int ms);
