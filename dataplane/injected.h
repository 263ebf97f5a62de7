/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain frames that media routers make up themselves and send on any stream: silence and blank
 * pictures. They say nothing of what is in the session. No DPDK.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"

/* A table of frames, const. */
struct rs_injected_set;

extern const struct rs_injected_set rs_injected_none;  /* no frame at all */
extern const struct rs_injected_set rs_injected_known; /* those of injected.c */

/*
 * Whether a payload is, byte for byte, a frame of the set for the format's codec; in VP8 behind any
 * payload descriptor. Never one of RTX. Any thread; pure.
 */
bool rs_injected_has(const struct rs_injected_set *set, struct rs_format format,
                     const uint8_t *payload, size_t bytes);
