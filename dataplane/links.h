/* SPDX-License-Identifier: BSD-3-Clause */
/* Links: their two ports, and which worker polls which queue of them. Cold; main. */
#pragma once

#include "dataplane.h"

/* Opens both ports of every link and makes their packet memory. Returns 0 or -errno, logged. */
int rs_links_open(struct rs_dataplane *dataplane, const struct rs_dataplane_config *config);

/* Hands the queues out to the workers and starts the ports. Returns 0 or -errno, logged. */
int rs_links_start(struct rs_dataplane *dataplane);

/* Closes what was opened. */
void rs_links_close(struct rs_dataplane *dataplane);
