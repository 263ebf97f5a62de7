/* SPDX-License-Identifier: BSD-3-Clause */
/* What the table of metrics and the writers of its rows share. */
#pragma once

#include "control/control.h"
#include "control/exposition.h"
#include "dataplane/dataplane.h"

/* What a metric without labels tells. */
struct rs_metric_figures {
    double started_s, ready, draining;
    double sessions, sessions_limit, streams, streams_limit, senders, senders_limit;
    double active_keys, key_age_oldest_s, key_age_average_s;
    double clients_limit;
    double buffers, buffers_in_use;
};

/* All that is read for one page, once, so that its metrics agree; and where it is written to. */
struct rs_metric_page {
    const struct rs_control *control;
    struct evbuffer *out;
    const struct rs_metric *metric; /* being written */
    struct rs_host_info host;
    struct rs_metric_figures figures;
    unsigned int worker_count;
    struct rs_worker_info workers[RS_MAX_WORKERS];
    uint64_t worker_packets[RS_MAX_WORKERS];
    struct rs_counters traffic[RS_MAX_LINKS * RS_DIRECTIONS]; /* a link has one of each direction */
    struct rs_port_info ports[RS_MAX_LINKS * RS_DIRECTIONS];
};

/* Writes all samples of page->metric. */
typedef void rs_metric_writer_fn(const struct rs_metric_page *page);

struct rs_metric {
    const char *name, *type, *help;
    rs_metric_writer_fn *write;
    const char *const *labels; /* NULL after the last */
    size_t at;                 /* for the writer: where its value is in what it reads */
};

extern const struct rs_metric rs_metric_rows[];
extern const size_t rs_metric_count;

/* For a writer: one sample, `values` being those of the metric's labels. */
void rs_metric_put_count(const struct rs_metric_page *page, const char *const *values,
                         uint64_t value);
void rs_metric_put_real(const struct rs_metric_page *page, const char *const *values, double value);
void rs_metric_put_histogram(const struct rs_metric_page *page, const char *const *values,
                             const struct rs_histogram *histogram);

/* metric_dataplane.c. `at` is in rs_metric_figures (a double), rs_counters, rs_port_info or
 * rs_worker_info (a uint64_t). */
rs_metric_writer_fn rs_metric_build, rs_metric_figure, rs_metric_traffic, rs_metric_passes,
    rs_metric_drops, rs_metric_port_up, rs_metric_port, rs_metric_worker, rs_metric_worker_stalled,
    rs_metric_bursts;

/* metric_control.c. `at` is an enum rs_timing. */
rs_metric_writer_fn rs_metric_requests, rs_metric_request_errors, rs_metric_clients,
    rs_metric_connections, rs_metric_http, rs_metric_secret_changes, rs_metric_derivations,
    rs_metric_timing, rs_metric_events, rs_metric_events_lost;
