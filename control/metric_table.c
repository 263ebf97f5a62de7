/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of metrics: the page, and rtpseal-metrics(7), are made of it. A name is an interface:
 * operators' queries hang on it, so none changes its meaning.
 */
#include "metrics.h"

#include <string.h>

#include "control/metric.h"

#define COUNTER   "counter"
#define GAUGE     "gauge"
#define HISTOGRAM "histogram"

static const char *const none[] = {NULL};
static const char *const of_build[] = {"version", "dpdk", "ipsec_mb", "isa", NULL};
static const char *const of_direction[] = {"link", "direction", NULL};
static const char *const of_pass[] = {"link", "direction", "outcome", NULL};
static const char *const of_drop[] = {"link", "direction", "reason", NULL};
static const char *const of_port[] = {"link", "side", NULL};
static const char *const of_worker[] = {"worker", "cpu", NULL};
static const char *const of_request[] = {"method", "result", NULL};
static const char *const of_error[] = {"error", NULL};
static const char *const of_http[] = {"path", "code", NULL};
static const char *const of_role[] = {"role", NULL};
static const char *const of_result[] = {"result", NULL};
static const char *const of_type[] = {"type", NULL};

#define FIGURE(field)  rs_metric_figure, none, offsetof(struct rs_metric_figures, field)
#define TRAFFIC(field) rs_metric_traffic, of_direction, offsetof(struct rs_counters, field)
#define PORT(field)    rs_metric_port, of_port, offsetof(struct rs_port_info, field)
#define WORKER(field)  rs_metric_worker, of_worker, offsetof(struct rs_worker_info, field)
#define TIMING(timing) rs_metric_timing, none, timing

const struct rs_metric rs_metric_rows[] = {
    {"rtpseal_build_info", GAUGE,
     "Always 1: the versions that run, and the code of IPsec-MB in use.", rs_metric_build, of_build,
     0},
    {"rtpseal_start_time_seconds", GAUGE, "When the daemon started, in seconds since 1970.",
     FIGURE(started_s)},
    {"rtpseal_ready", GAUGE,
     "1 if the daemon does its work and takes new sessions, as health_get and /readyz say.",
     FIGURE(ready)},
    {"rtpseal_draining", GAUGE, "1 if it takes nothing new.", FIGURE(draining)},

    {"rtpseal_in_packets_total", COUNTER, "Packets received.", TRAFFIC(packets_in)},
    {"rtpseal_in_bytes_total", COUNTER, "Bytes received, whole frames.", TRAFFIC(bytes_in)},
    {"rtpseal_out_packets_total", COUNTER, "Packets handed to the other port.",
     TRAFFIC(packets_out)},
    {"rtpseal_out_bytes_total", COUNTER, "Bytes handed to the other port, whole frames.",
     TRAFFIC(bytes_out)},
    {"rtpseal_passes_total", COUNTER,
     "Packets handed to the other port, by what was done with them.", rs_metric_passes, of_pass, 0},
    {"rtpseal_drops_total", COUNTER,
     "Packets dropped, by why. What came in is what went out and the drops.", rs_metric_drops,
     of_drop, 0},

    {"rtpseal_port_up", GAUGE, "1 if the port's link is up.", rs_metric_port_up, of_port, 0},
    {"rtpseal_port_rx_packets_total", COUNTER,
     "Packets that the port has received, as it counts them.", PORT(rx_packets)},
    {"rtpseal_port_tx_packets_total", COUNTER, "Packets that the port has sent, as it counts them.",
     PORT(tx_packets)},
    {"rtpseal_port_rx_missed_total", COUNTER,
     "Packets that the port lost since no worker took them in time.", PORT(rx_missed)},
    {"rtpseal_port_rx_no_mbuf_total", COUNTER,
     "Packets that the port lost since there was no free buffer.", PORT(rx_no_mbuf)},
    {"rtpseal_port_rx_errors_total", COUNTER, "Packets that the port received broken.",
     PORT(rx_errors)},
    {"rtpseal_port_tx_errors_total", COUNTER, "Packets that the port failed to send.",
     PORT(tx_errors)},
    {"rtpseal_port_fragments_joined_total", COUNTER,
     "By how much put together datagrams are fewer than their fragments.", PORT(fragments_joined)},

    {"rtpseal_worker_busy_cycles_total", COUNTER,
     "Cycles of the CPU's time stamp counter in turns of the worker that found packets.",
     WORKER(busy_cycles)},
    {"rtpseal_worker_idle_cycles_total", COUNTER, "Such cycles in turns that found none.",
     WORKER(idle_cycles)},
    {"rtpseal_worker_stalled_seconds", GAUGE,
     "For how long the worker has not moved; 0 while it does.", rs_metric_worker_stalled, of_worker,
     0},
    {"rtpseal_burst_packets", HISTOGRAM, "Packets that a worker took off a queue at once.",
     rs_metric_bursts, of_worker, 0},
    {"rtpseal_packet_buffers", GAUGE, "Buffers for packets, which all ports share.",
     FIGURE(buffers)},
    {"rtpseal_packet_buffers_in_use", GAUGE,
     "Of these, those that hold a packet or wait for one in a receive queue.",
     FIGURE(buffers_in_use)},

    {"rtpseal_sessions", GAUGE, "Sessions.", FIGURE(sessions)},
    {"rtpseal_sessions_limit", GAUGE, "Sessions that there can be: limits.sessions.",
     FIGURE(sessions_limit)},
    {"rtpseal_streams", GAUGE, "Streams.", FIGURE(streams)},
    {"rtpseal_streams_limit", GAUGE, "Streams that there can be: limits.streams.",
     FIGURE(streams_limit)},
    {"rtpseal_senders", GAUGE, "Senders in use, for sealing and for opening.", FIGURE(senders)},
    {"rtpseal_senders_limit", GAUGE, "Senders that there can be: limits.senders.",
     FIGURE(senders_limit)},

    {"rtpseal_secret_changes_total", COUNTER,
     "Secrets given for a session, by what became of them.", rs_metric_secret_changes, of_result,
     0},
    {"rtpseal_key_derivations_total", COUNTER, "Derivations of a key from a secret.",
     rs_metric_derivations, of_result, 0},
    {"rtpseal_key_derivation_seconds", HISTOGRAM,
     "How long a derivation took, without the wait for a thread.", TIMING(RS_TIMING_DERIVATION)},
    {"rtpseal_key_activation_seconds", HISTOGRAM,
     "From the publication of a newly active key until the last worker had seen it.",
     TIMING(RS_TIMING_ACTIVATION)},
    {"rtpseal_rcu_grace_seconds", HISTOGRAM,
     "From the retirement of a key until no worker could use it any more.",
     TIMING(RS_TIMING_GRACE)},
    {"rtpseal_key_wipe_seconds", HISTOGRAM,
     "From the retirement of a key until it was wiped everywhere.", TIMING(RS_TIMING_WIPE)},
    {"rtpseal_active_keys", GAUGE,
     "Keys that seal: one for each connected session with end-to-end encryption.",
     FIGURE(active_keys)},
    {"rtpseal_key_age_oldest_seconds", GAUGE,
     "For how long the oldest active key has been active; 0 without any.",
     FIGURE(key_age_oldest_s)},
    {"rtpseal_key_age_average_seconds", GAUGE,
     "For how long active keys have been active, on average; 0 without any.",
     FIGURE(key_age_average_s)},
    {"rtpseal_key_use_seconds", HISTOGRAM,
     "For how long a key had been the active one when another replaced it or its session ended.",
     TIMING(RS_TIMING_KEY_USE)},

    {"rtpseal_requests_total", COUNTER,
     "Requests on the control socket. An error that there was none of is left out.",
     rs_metric_requests, of_request, 0},
    {"rtpseal_request_errors_total", COUNTER,
     "Requests on the control socket that were refused or failed.", rs_metric_request_errors,
     of_error, 0},
    {"rtpseal_clients", GAUGE, "Clients connected to the control socket.", rs_metric_clients,
     of_role, 0},
    {"rtpseal_clients_limit", GAUGE, "Clients that can be connected to the control socket.",
     FIGURE(clients_limit)},
    {"rtpseal_connections_total", COUNTER, "Clients that came to the control socket.",
     rs_metric_connections, of_result, 0},
    {"rtpseal_http_requests_total", COUNTER,
     "HTTP requests that were answered; this one is not among them yet.", rs_metric_http, of_http,
     0},
    {"rtpseal_events_total", COUNTER, "Events, by type.", rs_metric_events, of_type, 0},
    {"rtpseal_events_lost_total", COUNTER,
     "Events that a subscriber did not get, since it read too slowly.", rs_metric_events_lost, none,
     0},
};

const size_t rs_metric_count = sizeof(rs_metric_rows) / sizeof(rs_metric_rows[0]);

/* ---- its description ---------------------------------------------------------------------- */

static const struct {
    const char *name, *help;
} labels[] = {
    {"link", "the configuration's name of it"},
    {"direction", "seal: from the plain to the sealed side; open: the other way"},
    {"side", "plain or sealed: which port of the link"},
    {"outcome", "what was done with packets that passed"},
    {"reason", "why packets were dropped"},
    {"worker", "its number, from 0"},
    {"cpu", "the CPU that it runs on"},
    {"method", "of the control socket; none: a request that names none of them"},
    {"result",
     "of a request: ok, or the error's data.reason. Of a secret: staged (a new one), moved (one "
     "that was still in its grace), unchanged (the active one), conflict (one is staged already, "
     "too many are in their grace, or not the epoch expected), invalid (too short, too long, or "
     "none), no_capacity, failed (its derivation), refused (the session takes none). Of a "
     "derivation: ok, failed, refused (too many were waiting). Of a client: accepted, denied (it "
     "has no role), no_capacity (too many are there)"},
    {"error", "the error's data.reason, as rtpseal-rpc(7) lists them"},
    {"path", "of an HTTP request: the resource that answers; other: none"},
    {"code", "the HTTP status; other: one that is not listed"},
    {"role", "viewer, operator or admin"},
    {"type", "of an event, as rtpseal-rpc(7) lists them"},
    {"version", "of rtpseal"},
    {"dpdk", "DPDK's version"},
    {"ipsec_mb", "IPsec-MB's version"},
    {"isa", "which of IPsec-MB's implementations is in use"},
};

static json_t *metric_json(const struct rs_metric *metric)
{
    json_t *names = json_array();

    for (size_t i = 0; metric->labels[i] != NULL; i++)
        json_array_append_new(names, json_string(metric->labels[i]));
    return json_pack("{s:s, s:s, s:s, s:o}", "name", metric->name, "type", metric->type, "help",
                     metric->help, "labels", names);
}

static json_t *label_json(const char *name, const char *help)
{
    json_t *label = json_pack("{s:s, s:s}", "name", name, "help", help);
    const bool drops = strcmp(name, "reason") == 0;
    json_t *values = json_array();

    if (drops || strcmp(name, "outcome") == 0) {
        for (int i = 0; i < RS_OUTCOMES; i++) {
            if (rs_outcome_is_drop(i) == drops)
                json_array_append_new(values, json_string(rs_outcome_name(i)));
        }
        json_object_set(label, "values", values);
    }
    json_decref(values);
    return label;
}

json_t *rs_metrics_json(void)
{
    json_t *rows = json_array(), *label_rows = json_array();

    for (size_t i = 0; i < rs_metric_count; i++)
        json_array_append_new(rows, metric_json(&rs_metric_rows[i]));
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        json_array_append_new(label_rows, label_json(labels[i].name, labels[i].help));
    return json_pack("{s:o, s:o}", "metrics", rows, "labels", label_rows);
}
