/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters, by scope. What a counter means is the dataplane's matter.
 */
#include "handlers.h"

#include "control/config.h"
#include "control/registry.h"
#include "control/session.h"
#include "control/stream.h"

enum scope { SCOPE_NONE, SCOPE_DAEMON, SCOPE_PORT, SCOPE_WORKER, SCOPE_SESSION, SCOPE_STREAM };

json_t *rs_stats_counters(const struct rs_counters *counters)
{
    json_t *passes = json_object(), *drops = json_object();

    for (int i = 0; i < RS_OUTCOMES; i++)
        json_object_set_new(rs_outcome_is_drop(i) ? drops : passes, rs_outcome_name(i),
                            json_integer((json_int_t)counters->outcomes[i]));
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "packets_in",
                     (json_int_t)counters->packets_in, "bytes_in", (json_int_t)counters->bytes_in,
                     "packets_out", (json_int_t)counters->packets_out, "bytes_out",
                     (json_int_t)counters->bytes_out, "passes", passes, "drops", drops);
}

static json_t *some_counters(const struct rs_control *control, int worker, int link,
                             enum rs_direction direction)
{
    struct rs_counters sum = {0};

    rs_dataplane_get_counters(control->dataplane, worker, link, direction, &sum);
    return rs_stats_counters(&sum);
}

static json_t *daemon_json(const struct rs_control *control)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "scope", "daemon", "instance",
                     control->instance, "uptime_ms",
                     (json_int_t)(rs_control_now_ms() - control->started_ms), "sessions",
                     (json_int_t)control->registry->sessions_by_id.count, "streams",
                     (json_int_t)control->registry->streams_by_id.count, "seal",
                     some_counters(control, RS_ALL, RS_ALL, RS_SEAL), "open",
                     some_counters(control, RS_ALL, RS_ALL, RS_OPEN));
}

/* One port with the direction that enters there. */
static json_t *port_json(const struct rs_control *control, unsigned int link,
                         enum rs_direction side)
{
    struct rs_port_info info = {0};
    json_t *port;

    rs_dataplane_get_port(control->dataplane, link, side, &info);
    port = json_pack("{s:s, s:s, s:s, s:s?, s:b, s:i, s:i, s:i}", "link",
                     control->config->dataplane.links[link].name, "side",
                     side == RS_SEAL ? "plain" : "sealed", "device", info.device, "driver",
                     info.driver, "up", info.up, "mtu", (int)info.mtu, "rx_queues",
                     (int)info.rx_queues, "tx_queues", (int)info.tx_queues);
    json_object_update_new(
        port,
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rx_packets",
                  (json_int_t)info.rx_packets, "tx_packets", (json_int_t)info.tx_packets,
                  "rx_missed", (json_int_t)info.rx_missed, "rx_errors", (json_int_t)info.rx_errors,
                  "rx_no_mbuf", (json_int_t)info.rx_no_mbuf, "tx_errors",
                  (json_int_t)info.tx_errors, "icmp_too_big", (json_int_t)info.icmp_too_big,
                  "fragments_joined", (json_int_t)info.fragments_joined));
    json_object_set_new(port, side == RS_SEAL ? "seal" : "open",
                        some_counters(control, RS_ALL, (int)link, side));
    return port;
}

static json_t *ports_json(const struct rs_control *control)
{
    json_t *ports = json_array();

    for (unsigned int i = 0; i < control->config->dataplane.link_count; i++) {
        json_array_append_new(ports, port_json(control, i, RS_SEAL));
        json_array_append_new(ports, port_json(control, i, RS_OPEN));
    }
    return json_pack("{s:s, s:o}", "scope", "port", "ports", ports);
}

static json_t *workers_json(const struct rs_control *control)
{
    json_t *workers = json_array();

    for (unsigned int i = 0; i < rs_dataplane_worker_count(control->dataplane); i++) {
        struct rs_worker_info info = {0};

        rs_dataplane_get_worker(control->dataplane, i, &info);
        json_array_append_new(
            workers,
            json_pack("{s:i, s:i, s:I, s:I, s:I, s:o, s:o}", "worker", (int)i, "cpu", (int)info.cpu,
                      "busy_cycles", (json_int_t)info.busy_cycles, "idle_cycles",
                      (json_int_t)info.idle_cycles, "senders", (json_int_t)info.senders, "seal",
                      some_counters(control, (int)i, RS_ALL, RS_SEAL), "open",
                      some_counters(control, (int)i, RS_ALL, RS_OPEN)));
    }
    return json_pack("{s:s, s:o}", "scope", "worker", "workers", workers);
}

static json_t *session_stats(const struct rs_session_record *session)
{
    struct rs_counters seal = {0}, open = {0};

    rs_session_get_counters(session->dataplane, RS_SEAL, &seal);
    rs_session_get_counters(session->dataplane, RS_OPEN, &open);
    return json_pack("{s:s, s:s, s:o, s:o}", "scope", "session", "session_id", session->id, "seal",
                     rs_stats_counters(&seal), "open", rs_stats_counters(&open));
}

static json_t *stream_stats(const struct rs_stream_record *stream)
{
    struct rs_counters counters = {0};

    rs_stream_get_counters(stream->dataplane, &counters);
    return json_pack("{s:s, s:s, s:s, s:o}", "scope", "stream", "stream_id", stream->id,
                     "session_id", stream->session->id, rs_direction_name(stream->direction),
                     rs_stats_counters(&counters));
}

/* An id belongs to its own scope, and that scope needs it. */
static int check_id(struct rs_request *request, enum scope scope, enum scope owner, const char *id,
                    const char *name)
{
    if (scope == owner && id == NULL)
        return rs_error_set(&request->error, RS_E_INVALID_PARAMS, name,
                            "\"%s\" is missing: this scope needs it", name);
    if (scope != owner && id != NULL)
        return rs_error_set(&request->error, RS_E_INVALID_PARAMS, name,
                            "\"%s\" does not go with this scope", name);
    return 0;
}

enum rs_reply rs_method_stats_get(struct rs_request *request, const void *params)
{
    const struct rs_stats_params *stats = params;
    const enum scope scope = stats->scope != 0 ? stats->scope : SCOPE_DAEMON;
    const struct rs_session_record *session;
    const struct rs_stream_record *stream;

    if (check_id(request, scope, SCOPE_SESSION, stats->session_id, "session_id") != 0 ||
        check_id(request, scope, SCOPE_STREAM, stats->stream_id, "stream_id") != 0)
        return RS_REPLY_NOW;
    if (scope == SCOPE_DAEMON)
        request->result = daemon_json(request->control);
    else if (scope == SCOPE_PORT)
        request->result = ports_json(request->control);
    else if (scope == SCOPE_WORKER)
        request->result = workers_json(request->control);
    else if (scope == SCOPE_SESSION &&
             (session = rs_request_session(request, stats->session_id)) != NULL)
        request->result = session_stats(session);
    else if (scope == SCOPE_STREAM &&
             (stream = rs_request_stream(request, stats->stream_id)) != NULL)
        request->result = stream_stats(stream);
    return RS_REPLY_NOW;
}

/* ---- the busiest streams ------------------------------------------------------------------ */

enum { BUSIEST = 10, BUSIEST_MAX = 100 };

struct busy_stream {
    const struct rs_stream_record *stream;
    struct rs_stream_rate rate;
};

/* Keeps the `limit` busiest, busiest first; those that are silent are left out. */
static size_t keep_busiest(struct busy_stream *busiest, size_t count, size_t limit,
                           const struct busy_stream *one)
{
    size_t at = count < limit ? count : limit;

    while (at > 0 && busiest[at - 1].rate.packets_per_second < one->rate.packets_per_second) {
        if (at < limit)
            busiest[at] = busiest[at - 1];
        at--;
    }
    if (at < limit)
        busiest[at] = *one;
    return count < limit ? count + 1 : count;
}

static json_t *busy_json(const struct busy_stream *busy)
{
    const struct rs_stream_record *stream = busy->stream;
    const struct rs_dataplane_config *config = &stream->session->registry->config->dataplane;

    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f}", "stream_id", stream->id, "session_id",
                     stream->session->id, "direction", rs_direction_name(stream->direction), "link",
                     config->links[stream->link].name, "packets_per_second",
                     busy->rate.packets_per_second, "bits_per_second", busy->rate.bits_per_second);
}

enum rs_reply rs_method_stats_busiest(struct rs_request *request, const void *params)
{
    const struct rs_busiest_params *wanted = params;
    const size_t limit = rs_optional_or(wanted->limit, BUSIEST);
    struct busy_stream busiest[BUSIEST_MAX], one;
    json_t *rows = json_array();
    size_t count = 0;

    TAILQ_FOREACH(one.stream, &request->control->registry->streams, entry) {
        rs_stream_get_rate(one.stream->dataplane, &one.rate);
        if (one.rate.packets_per_second > 0)
            count = keep_busiest(busiest, count, limit, &one);
    }
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, busy_json(&busiest[i]));
    request->result = json_pack("{s:o}", "streams", rows);
    return RS_REPLY_NOW;
}
