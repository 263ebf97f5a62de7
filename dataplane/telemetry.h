/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DPDK's own tools can ask of the dataplane, over DPDK's telemetry socket: sums, no session
 * and no stream. /rtpseal/stats    for each direction, what came in, what went out, and as what
 *     /rtpseal/drops    for each direction, what was dropped, by name
 *     /rtpseal/workers  for each worker, its CPU, cycles, turns and senders
 */
#pragma once

struct rs_dataplane;

/* Lets the dataplane be asked about: it and its workers must stay until rs_telemetry_hide, which
 * returns once no answer is being made. Without memory for it, nothing can be asked; logged. */
void rs_telemetry_show(const struct rs_dataplane *dataplane);
void rs_telemetry_hide(void);
