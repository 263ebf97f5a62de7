/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain counters, each changed from the one place where what it counts happens. How they are told
 * is in metrics.c.
 */
#include "counts.h"

#include <time.h>

/* A derivation takes a third of a second, more where threads share a CPU. */
static const double derivation_s[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10};

/* What workers do between two bursts: microseconds, and seconds where one stalls. */
static const double worker_s[] = {0.00001, 0.000025, 0.0001, 0.00025, 0.001, 0.0025, 0.01,
                                  0.025,   0.1,      0.25,   1,       2.5,   10};

/* A minute to three months. */
static const double use_s[] = {60,    300,    900,    3600,    14400,   43200,
                               86400, 172800, 604800, 1209600, 2592000, 7776000};

#define BOUNDS(of)                                                                                 \
    {                                                                                              \
        of, sizeof(of) / sizeof((of)[0])                                                           \
    }

static const struct {
    const double *bounds;
    size_t count;
} timing_bounds[RS_TIMINGS] = {
    [RS_TIMING_DERIVATION] = BOUNDS(derivation_s), [RS_TIMING_ACTIVATION] = BOUNDS(worker_s),
    [RS_TIMING_GRACE] = BOUNDS(worker_s),          [RS_TIMING_WIPE] = BOUNDS(worker_s),
    [RS_TIMING_KEY_USE] = BOUNDS(use_s),
};

void rs_counts_init(struct rs_counts *counts)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    *counts = (struct rs_counts){.started_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9};
    for (size_t i = 0; i < RS_TIMINGS; i++)
        rs_histogram_init(&counts->timings[i], timing_bounds[i].bounds, timing_bounds[i].count);
}

void rs_counts_request(struct rs_counts *counts, size_t method, enum rs_reason result)
{
    counts->requests[method < RS_COUNTED_METHODS ? method : RS_COUNTED_METHODS - 1][result]++;
}

void rs_counts_secret_change(struct rs_counts *counts, enum rs_secret_change change)
{
    counts->secret_changes[change]++;
}

void rs_counts_derivation(struct rs_counts *counts, enum rs_derivation derivation)
{
    counts->derivations[derivation]++;
}

void rs_counts_connection(struct rs_counts *counts, enum rs_connection connection)
{
    counts->connections[connection]++;
}

/* The last row is of all other statuses. */
static const struct {
    int status;
    const char *text;
} statuses[RS_COUNTED_STATUSES] = {
    {200, "200"}, {400, "400"}, {403, "403"}, {404, "404"}, {405, "405"}, {409, "409"},
    {415, "415"}, {429, "429"}, {500, "500"}, {501, "501"}, {503, "503"}, {0, "other"},
};

void rs_counts_http(struct rs_counts *counts, enum rs_resource resource, int status)
{
    size_t i = 0;

    while (i < RS_COUNTED_STATUSES - 1 && statuses[i].status != status)
        i++;
    counts->http[resource][i]++;
}

void rs_counts_event(struct rs_counts *counts, enum rs_event_type type)
{
    counts->events[type]++;
}

void rs_counts_events_lost(struct rs_counts *counts, uint64_t lost)
{
    counts->events_lost += lost;
}

void rs_counts_time(struct rs_counts *counts, enum rs_timing timing, double seconds)
{
    rs_histogram_add(&counts->timings[timing], seconds);
}

const char *rs_secret_change_name(enum rs_secret_change change)
{
    static const char *const names[RS_SECRET_CHANGES] = {
        "staged", "moved", "unchanged", "conflict", "invalid", "no_capacity", "failed", "refused"};

    return names[change];
}

const char *rs_derivation_name(enum rs_derivation derivation)
{
    static const char *const names[RS_DERIVATIONS] = {"ok", "failed", "refused"};

    return names[derivation];
}

const char *rs_connection_name(enum rs_connection connection)
{
    static const char *const names[RS_CONNECTIONS] = {"accepted", "denied", "no_capacity"};

    return names[connection];
}

const char *rs_resource_path(enum rs_resource resource)
{
    static const char *const paths[RS_RESOURCES] = {"/metrics",        "/healthz",     "/readyz",
                                                    "/session/create", "/v2/project/", "other"};

    return paths[resource];
}

const char *rs_counted_status(size_t status)
{
    return statuses[status].text;
}
