/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of a running daemon's control plane are; made and owned by main. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/counts.h"

struct event_base;
struct rs_config;
struct rs_dataplane;
struct rs_capturer;
struct rs_events;
struct rs_http;
struct rs_kdf;
struct rs_rate;
struct rs_registry;
struct rs_reload;
struct rs_server;

/* All fields but `draining` and `counts` are set once, before the first request. Main thread alone.
 */
struct rs_control {
    struct event_base *base;
    const struct rs_config *config; /* in use; reload.c changes what can change */
    struct rs_reload *reload;
    struct rs_rate *rate;
    struct rs_server *server;
    struct rs_http *http;
    struct rs_dataplane *dataplane;
    struct rs_events *events;
    struct rs_kdf *kdf;
    struct rs_registry *registry;
    struct rs_capturer *capturer;
    const char *instance; /* random, for each start */
    uint64_t started_ms;  /* CLOCK_MONOTONIC */
    bool draining;        /* takes nothing new */
    struct rs_counts counts;
};

/* CLOCK_MONOTONIC in milliseconds. */
uint64_t rs_control_now_ms(void);

/* Writes `bytes` random bytes as hex digits and a NUL to `out`. */
void rs_control_random_hex(char *out, unsigned int bytes);
