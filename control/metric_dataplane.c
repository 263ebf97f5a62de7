/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metrics of packets, ports, workers and memory, and those that are a single figure.
 */
#include "metric.h"

#include <stdio.h>
#include <string.h>

#include "control/config.h"

static uint64_t count_at(const void *base, size_t at)
{
    uint64_t value;

    memcpy(&value, (const char *)base + at, sizeof(value));
    return value;
}

void rs_metric_build(const struct rs_metric_page *page)
{
    const char *const values[] = {RTPSEAL_VERSION, page->host.dpdk_version,
                                  page->host.ipsec_mb_version, page->host.isa};

    rs_metric_put_count(page, values, 1);
}

void rs_metric_figure(const struct rs_metric_page *page)
{
    double value;

    memcpy(&value, (const char *)&page->figures + page->metric->at, sizeof(value));
    rs_metric_put_real(page, NULL, value);
}

/* ---- by link ------------------------------------------------------------------------------ */

static const char *link_name(const struct rs_metric_page *page, size_t i)
{
    return page->control->config->dataplane.links[i / RS_DIRECTIONS].name;
}

static const char *direction_name(size_t i)
{
    return i % RS_DIRECTIONS == RS_SEAL ? "seal" : "open";
}

static const char *side_name(size_t i)
{
    return i % RS_DIRECTIONS == RS_SEAL ? "plain" : "sealed";
}

/* How many rows `traffic` and `ports` have: each link has one for each direction. */
static size_t row_count(const struct rs_metric_page *page)
{
    return page->control->config->dataplane.link_count * RS_DIRECTIONS;
}

void rs_metric_traffic(const struct rs_metric_page *page)
{
    for (size_t i = 0; i < row_count(page); i++) {
        const char *const values[] = {link_name(page, i), direction_name(i)};

        rs_metric_put_count(page, values, count_at(&page->traffic[i], page->metric->at));
    }
}

enum kind { PASSES, DROPS };

static void put_outcomes(const struct rs_metric_page *page, enum kind kind)
{
    for (size_t i = 0; i < row_count(page); i++) {
        for (int outcome = 0; outcome < RS_OUTCOMES; outcome++) {
            const char *const values[] = {link_name(page, i), direction_name(i),
                                          rs_outcome_name(outcome)};

            if (rs_outcome_is_drop(outcome) == (kind == DROPS))
                rs_metric_put_count(page, values, page->traffic[i].outcomes[outcome]);
        }
    }
}

void rs_metric_passes(const struct rs_metric_page *page)
{
    put_outcomes(page, PASSES);
}

void rs_metric_drops(const struct rs_metric_page *page)
{
    put_outcomes(page, DROPS);
}

void rs_metric_port_up(const struct rs_metric_page *page)
{
    for (size_t i = 0; i < row_count(page); i++) {
        const char *const values[] = {link_name(page, i), side_name(i)};

        rs_metric_put_count(page, values, page->ports[i].up);
    }
}

void rs_metric_port(const struct rs_metric_page *page)
{
    for (size_t i = 0; i < row_count(page); i++) {
        const char *const values[] = {link_name(page, i), side_name(i)};

        rs_metric_put_count(page, values, count_at(&page->ports[i], page->metric->at));
    }
}

/* ---- by worker ---------------------------------------------------------------------------- */

/* The values of the labels worker and cpu. */
struct worker_labels {
    char worker[12], cpu[12];
    const char *values[2];
};

static void name_worker(const struct rs_metric_page *page, unsigned int worker,
                        struct worker_labels *labels)
{
    snprintf(labels->worker, sizeof(labels->worker), "%u", worker);
    snprintf(labels->cpu, sizeof(labels->cpu), "%u", page->workers[worker].cpu);
    labels->values[0] = labels->worker;
    labels->values[1] = labels->cpu;
}

void rs_metric_worker(const struct rs_metric_page *page)
{
    struct worker_labels labels;

    for (unsigned int i = 0; i < page->worker_count; i++) {
        name_worker(page, i, &labels);
        rs_metric_put_count(page, labels.values, count_at(&page->workers[i], page->metric->at));
    }
}

void rs_metric_worker_stalled(const struct rs_metric_page *page)
{
    struct worker_labels labels;

    for (unsigned int i = 0; i < page->worker_count; i++) {
        name_worker(page, i, &labels);
        rs_metric_put_real(page, labels.values, (double)page->workers[i].stalled_ms / 1e3);
    }
}

/* The sum is of the packets that the worker has counted, and so may be a burst behind. */
void rs_metric_bursts(const struct rs_metric_page *page)
{
    static const double bounds[RS_BURST_SIZES] = {1, 2, 4, 8, 16, 32};
    struct worker_labels labels;
    struct rs_histogram histogram;

    for (unsigned int i = 0; i < page->worker_count; i++) {
        rs_histogram_init(&histogram, bounds, RS_BURST_SIZES);
        memcpy(histogram.counts, page->workers[i].bursts, sizeof(page->workers[i].bursts));
        histogram.sum = (double)page->worker_packets[i];
        name_worker(page, i, &labels);
        rs_metric_put_histogram(page, labels.values, &histogram);
    }
}
