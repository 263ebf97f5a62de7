/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of packets on their way through a worker, in a ring of each worker's own. Where a ring is
 * full the copy is not made and counted; the packet goes its way. What control may call is in
 * dataplane.h.
 */
#pragma once

#include "dataplane.h"

struct rs_burst;
struct rs_worker;

/* Worker, after lookup: keeps what packets are like before they are sealed or opened. */
void rs_capture_keep(struct rs_capture *capture, const struct rs_worker *worker,
                     const struct rs_burst *burst);

/* Worker, before tx sends and frees: copies those that are asked for into the ring. */
void rs_capture_take(struct rs_capture *capture, const struct rs_worker *worker,
                     const struct rs_burst *burst);
