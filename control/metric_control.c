/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metrics of what control itself does: requests, clients, secrets, events.
 */
#include "metric.h"

#include "control/methods.h"
#include "control/server.h"

/* ---- requests and clients ----------------------------------------------------------------- */

/* `ok` always, and each error that there was: a sample for each that there can be would be most of
 * the page. rs_metric_request_errors has every error at 0. */
static void put_method(const struct rs_metric_page *page, const char *name,
                       const uint64_t by_result[RS_REASONS])
{
    for (size_t i = 0; i < RS_REASONS; i++) {
        const char *const values[] = {name, i == RS_E_NONE ? "ok" : rs_reasons[i].name};

        if (i == RS_E_NONE || by_result[i] > 0)
            rs_metric_put_count(page, values, by_result[i]);
    }
}

void rs_metric_requests(const struct rs_metric_page *page)
{
    const struct rs_counts *counts = &page->control->counts;

    for (size_t i = 0; i < rs_rpc_method_count; i++)
        put_method(page, rs_rpc_methods[i].name, counts->requests[i]);
    put_method(page, "none", counts->requests[RS_COUNTED_METHODS - 1]);
}

void rs_metric_request_errors(const struct rs_metric_page *page)
{
    for (size_t i = RS_E_NONE + 1; i < RS_REASONS; i++) {
        const char *const values[] = {rs_reasons[i].name};
        uint64_t sum = 0;

        for (size_t method = 0; method < RS_COUNTED_METHODS; method++)
            sum += page->control->counts.requests[method][i];
        rs_metric_put_count(page, values, sum);
    }
}

void rs_metric_clients(const struct rs_metric_page *page)
{
    for (enum rs_role role = RS_ROLE_VIEWER; role <= RS_ROLE_ADMIN; role++) {
        const char *const values[] = {rs_role_name(role)};

        rs_metric_put_count(page, values, rs_server_clients(page->control->server, role));
    }
}

void rs_metric_http(const struct rs_metric_page *page)
{
    for (unsigned int i = 0; i < RS_RESOURCES; i++) {
        for (size_t status = 0; status < RS_COUNTED_STATUSES; status++) {
            const char *const values[] = {rs_resource_path((enum rs_resource)i),
                                          rs_counted_status(status)};

            rs_metric_put_count(page, values, page->control->counts.http[i][status]);
        }
    }
}

/* ---- one sample for each of a few words --------------------------------------------------- */

typedef const char *name_fn(unsigned int i);

static void put_each(const struct rs_metric_page *page, const uint64_t *counts, unsigned int count,
                     name_fn *name)
{
    for (unsigned int i = 0; i < count; i++) {
        const char *const values[] = {name(i)};

        rs_metric_put_count(page, values, counts[i]);
    }
}

static const char *connection_name(unsigned int i)
{
    return rs_connection_name((enum rs_connection)i);
}

static const char *secret_change_name(unsigned int i)
{
    return rs_secret_change_name((enum rs_secret_change)i);
}

static const char *derivation_name(unsigned int i)
{
    return rs_derivation_name((enum rs_derivation)i);
}

static const char *event_name(unsigned int i)
{
    return rs_event_rows[i].name;
}

void rs_metric_connections(const struct rs_metric_page *page)
{
    put_each(page, page->control->counts.connections, RS_CONNECTIONS, connection_name);
}

void rs_metric_secret_changes(const struct rs_metric_page *page)
{
    put_each(page, page->control->counts.secret_changes, RS_SECRET_CHANGES, secret_change_name);
}

void rs_metric_derivations(const struct rs_metric_page *page)
{
    put_each(page, page->control->counts.derivations, RS_DERIVATIONS, derivation_name);
}

void rs_metric_events(const struct rs_metric_page *page)
{
    put_each(page, page->control->counts.events, RS_EVENT_TYPES, event_name);
}

/* ---- the rest ----------------------------------------------------------------------------- */

void rs_metric_events_lost(const struct rs_metric_page *page)
{
    rs_metric_put_count(page, NULL, page->control->counts.events_lost);
}

void rs_metric_timing(const struct rs_metric_page *page)
{
    rs_metric_put_histogram(page, NULL, &page->control->counts.timings[page->metric->at]);
}
