/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a device would not open, in words a person can act on. Cold. */
#pragma once

#include <stddef.h>

/*
 * Writes to `why` what keeps `pci` or `vdev` (the other NULL) from being probed: looks at what DPDK
 * does not report, and falls back to the error `rc` that DPDK gave. Main thread.
 */
void rs_port_explain(const char *pci, const char *vdev, int rc, char *why, size_t bytes);

/* The number behind `key`= in a vdev's arguments, or `otherwise`. Pure. */
unsigned int rs_port_argument(const char *vdev, const char *key, unsigned int otherwise);
