/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads all that a page of metrics tells, once, and has each row of the table written. Which rows
 * there are is in metric_table.c, how their samples come about in metric_control.c and
 * metric_dataplane.c.
 */
#include "metrics.h"

#include <stdlib.h>

#include "control/config.h"
#include "control/health.h"
#include "control/keys.h"
#include "control/metric.h"
#include "control/registry.h"
#include "control/server.h"

static struct rs_labels labels_of(const struct rs_metric *metric, const char *const *values)
{
    struct rs_labels labels = {metric->labels, values, 0};

    while (metric->labels[labels.count] != NULL)
        labels.count++;
    return labels;
}

void rs_metric_put_count(const struct rs_metric_page *page, const char *const *values,
                         uint64_t value)
{
    const struct rs_labels labels = labels_of(page->metric, values);

    rs_exposition_count(page->out, page->metric->name, &labels, value);
}

void rs_metric_put_real(const struct rs_metric_page *page, const char *const *values, double value)
{
    const struct rs_labels labels = labels_of(page->metric, values);

    rs_exposition_real(page->out, page->metric->name, &labels, value);
}

void rs_metric_put_histogram(const struct rs_metric_page *page, const char *const *values,
                             const struct rs_histogram *histogram)
{
    const struct rs_labels labels = labels_of(page->metric, values);

    rs_exposition_histogram(page->out, page->metric->name, &labels, histogram);
}

static double ask_ready(const struct rs_control *control)
{
    json_t *health = rs_health_json(control);
    const double ready = json_is_true(json_object_get(health, "ready"));

    json_decref(health);
    return ready;
}

static void read_workers(struct rs_metric_page *page)
{
    const struct rs_dataplane *dataplane = page->control->dataplane;

    page->worker_count = rs_dataplane_worker_count(dataplane);
    for (unsigned int i = 0; i < page->worker_count; i++) {
        struct rs_counters seal = {0}, open = {0};

        rs_dataplane_get_worker(dataplane, i, &page->workers[i]);
        rs_dataplane_get_counters(dataplane, (int)i, RS_ALL, RS_SEAL, &seal);
        rs_dataplane_get_counters(dataplane, (int)i, RS_ALL, RS_OPEN, &open);
        page->worker_packets[i] = seal.packets_in + open.packets_in;
        page->figures.senders += page->workers[i].senders;
    }
}

static void read_links(struct rs_metric_page *page)
{
    const struct rs_dataplane *dataplane = page->control->dataplane;
    const size_t rows = page->control->config->dataplane.link_count * RS_DIRECTIONS;

    for (size_t i = 0; i < rows; i++) {
        const unsigned int link = (unsigned int)i / RS_DIRECTIONS;
        const enum rs_direction direction = i % RS_DIRECTIONS;

        rs_dataplane_get_counters(dataplane, RS_ALL, (int)link, direction, &page->traffic[i]);
        rs_dataplane_get_port(dataplane, link, direction, &page->ports[i]);
    }
}

static void read_figures(struct rs_metric_page *page)
{
    const struct rs_control *control = page->control;
    const struct rs_dataplane_config *config = &control->config->dataplane;
    struct rs_buffer_info buffers = {0};
    struct rs_key_ages ages;

    rs_dataplane_get_buffers(control->dataplane, &buffers);
    rs_keys_get_ages(control->registry, &ages);
    page->figures = (struct rs_metric_figures){
        .started_s = control->counts.started_s,
        .ready = ask_ready(control),
        .draining = control->draining,
        .sessions = (double)control->registry->sessions_by_id.count,
        .sessions_limit = config->max_sessions,
        .streams = (double)control->registry->streams_by_id.count,
        .streams_limit = config->max_streams,
        .senders_limit = config->max_senders,
        .active_keys = (double)ages.count,
        .key_age_oldest_s = ages.oldest_s,
        .key_age_average_s = ages.average_s,
        .clients_limit = RS_CLIENTS_MAX,
        .buffers = buffers.total,
        .buffers_in_use = buffers.in_use,
    };
}

void rs_metrics_write(const struct rs_control *control, struct evbuffer *out)
{
    struct rs_metric_page *page = calloc(1, sizeof(*page));

    if (page == NULL)
        return;
    page->control = control;
    page->out = out;
    rs_dataplane_get_host(control->dataplane, &page->host);
    read_figures(page);
    read_workers(page);
    read_links(page);
    for (size_t i = 0; i < rs_metric_count; i++) {
        page->metric = &rs_metric_rows[i];
        rs_exposition_head(out, rs_metric_rows[i].name, rs_metric_rows[i].type,
                           rs_metric_rows[i].help);
        rs_metric_rows[i].write(page);
    }
    free(page);
}
