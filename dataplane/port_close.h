/* SPDX-License-Identifier: BSD-3-Clause */
/* Stops and closes DPDK ports. Cold. */
#pragma once

#include <stdint.h>

/* By the port's id and the name of its driver, NULL where that is not known. Main thread; waits. */
void rs_port_close_device(uint16_t id, const char *driver_name);
