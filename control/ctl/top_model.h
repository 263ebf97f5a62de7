/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `top` shows: figures, made of one sample of a daemon or of the difference of two. Knows no
 * screen and asks no daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top_sample.h"

enum {
    RS_TOP_PORTS_MAX = 128,
    RS_TOP_WORKERS_MAX = 64,
    RS_TOP_DROPS_MAX = 128,
    RS_TOP_STREAMS_MAX = 100,
    RS_TOP_KEYS_MAX = 200,
    RS_TOP_EVENTS_MAX = 200,
    RS_TOP_NAME_MAX = 132, /* bytes of a name with its end */
};

/* All rates are per second, and NAN where there are no two samples to compare. */
struct rs_top_flow {
    double packets_in, bits_in, packets_out, bits_out, drops;
};

struct rs_top_port {
    char link[RS_TOP_NAME_MAX];
    const char *side; /* "plain" or "sealed" */
    bool up;
    double rx_packets, rx_bits, tx_packets, tx_bits;
    double missed; /* packets since the start; rate below */
    double missed_rate;
};

struct rs_top_worker {
    int worker, cpu;
    double busy_percent; /* NAN where it made no turn */
    double seal_packets, open_packets;
    double senders;
    double stalled_ms; /* 0: it polls */
};

struct rs_top_drop {
    const char *direction; /* "seal" or "open" */
    char reason[RS_TOP_NAME_MAX];
    double rate, total;
};

struct rs_top_stream {
    char stream[RS_TOP_NAME_MAX], session[RS_TOP_NAME_MAX], link[RS_TOP_NAME_MAX];
    const char *direction;
    double packets, bits;
};

struct rs_top_key {
    char session[RS_TOP_NAME_MAX];
    double epoch;
    bool has_active, has_staged;
    int previous;  /* keys in their grace */
    bool has_keys; /* the three above are known */
    double age_ms; /* of the active key; NAN: not said */
};

/* Owner: the thread that shows it. */
struct rs_top_model {
    bool filled; /* one sample has come */
    char version[32], isa[32], instance[40];
    double uptime_ms, sessions, streams, seconds;
    bool has_health, ready, draining;
    char reasons[256]; /* why it is not ready */
    struct rs_top_flow seal, open;

    struct rs_top_port ports[RS_TOP_PORTS_MAX];
    size_t port_count;
    struct rs_top_worker workers[RS_TOP_WORKERS_MAX];
    size_t worker_count;
    struct rs_top_drop drops[RS_TOP_DROPS_MAX]; /* not 0; largest first: rate, then total */
    size_t drop_count;
    bool has_busiest;
    struct rs_top_stream busiest[RS_TOP_STREAMS_MAX]; /* as the daemon orders them */
    size_t busiest_count;
    struct rs_top_key keys[RS_TOP_KEYS_MAX]; /* of sessions with e2ee; oldest active key first */
    size_t key_count;
    json_t *events; /* list; newest last, RS_TOP_EVENTS_MAX at most. Owned */
};

/* An empty model, or NULL without memory. */
struct rs_top_model *rs_top_model_create(void);
void rs_top_model_destroy(struct rs_top_model *model);

/*
 * Fills all but the events from `now`; rates from what has changed since `before`, which may be
 * NULL. Where the two are of different instances there are no rates. Both are borrowed.
 */
void rs_top_model_update(struct rs_top_model *model, const struct rs_top_sample *before,
                         const struct rs_top_sample *now);

/* Appends a list of events, borrowed; the oldest go where there are too many. */
void rs_top_model_add_events(struct rs_top_model *model, const json_t *events);
