/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of a running daemon's control plane are; made and owned by main. */
#pragma once

#include <stdint.h>

struct event_base;
struct rs_config;
struct rs_dataplane;
struct rs_events;
struct rs_kdf;
struct rs_registry;

/* All fields are set once, before the first request. Main thread alone. */
struct rs_control {
    struct event_base *base;
    const struct rs_config *config;
    struct rs_dataplane *dataplane;
    struct rs_events *events;
    struct rs_kdf *kdf;
    struct rs_registry *registry;
    const char *instance; /* random, for each start */
    uint64_t started_ms;  /* CLOCK_MONOTONIC */
};

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t rs_control_now_ms(void);

/* Writes `bytes` random bytes as hex digits and a NUL to `out`. */
void rs_control_random_hex(char *out, unsigned int bytes);
