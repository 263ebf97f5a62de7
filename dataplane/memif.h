/* SPDX-License-Identifier: BSD-3-Clause */
/* What net_memif of DPDK 22.11 needs done around it, so that a peer may come and go. Cold. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a port is memif's, by the name of its driver. */
bool rs_memif_is(const char *driver_name);

/* Whether a device's arguments make it the one that waits to be called. */
bool rs_memif_is_server(const char *vdev);
