/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker would cost that does nothing: the same ports as a link's, opened and started by the
 * dataplane's own code, and a loop that sends each burst on as it came.
 */
#pragma once

#include <stdint.h>

#include "dataplane/dataplane.h"

struct rs_rig_io;

/* Starts EAL, the first link's ports and the loop, on the first CPU. Exits where that fails. */
struct rs_rig_io *rs_rig_io_start(const struct rs_dataplane_config *config);
void rs_rig_io_stop(struct rs_rig_io *io);

/* Forwarded so far, of packets that came in where `direction` enters. Main thread. */
uint64_t rs_rig_io_packets(const struct rs_rig_io *io, enum rs_direction direction);

/* TSC, of turns that found packets and that found none. Main thread. */
void rs_rig_io_cycles(const struct rs_rig_io *io, uint64_t *busy, uint64_t *idle);
