/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The generator's end of a port of the dataplane, of either kind:
 *   memory  a net_null port that receives mbufs from rings; what it sends, it frees
 *   memif   a net_memif client in this process, whose server is the dataplane's port
 * Owner: the main thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/frames.h"

enum rs_rig_kind { RS_RIG_MEMORY, RS_RIG_MEMIF };

struct rs_rig_port;

/* The vdev that the dataplane opens as port n; memif sockets go to `directory`. */
void rs_rig_port_vdev(enum rs_rig_kind kind, unsigned int n, const char *directory, char *vdev,
                      size_t room);

/* Connects to the running port n. Exits where that fails. */
struct rs_rig_port *rs_rig_port_attach(enum rs_rig_kind kind, unsigned int n, const char *directory,
                                       uint16_t queues);

/* Before the dataplane is destroyed. The port is then freed with free(): rings and pool go with
 * EAL. */
void rs_rig_port_disconnect(struct rs_rig_port *port);

/* How many packets can be published at once, and be on their way until they are drained. */
unsigned int rs_rig_port_room(enum rs_rig_kind kind);

/* Puts the next n of the frames into the queue, so that the worker sees none of them or all.
 * Returns the TSC right before. */
uint64_t rs_rig_port_publish(struct rs_rig_port *port, uint16_t queue, struct rs_frames *frames,
                             unsigned int n);

/* Takes what the dataplane has sent there by now, adds it to `kept` or, if NULL, frees it. Returns
 * how many. A memory port has something to take only while it keeps. */
unsigned int rs_rig_port_drain(struct rs_rig_port *port, struct rs_frames *kept);

/* What a memory port does with what is sent there: it keeps it until it is drained; or it notes
 * when the last burst came; or, as at first, it forgets it. */
void rs_rig_port_keep(struct rs_rig_port *port);
void rs_rig_port_time(struct rs_rig_port *port);
void rs_rig_port_forget(struct rs_rig_port *port);

/* The TSC when the last burst was sent that was noted. */
uint64_t rs_rig_port_sent_tsc(const struct rs_rig_port *port);
