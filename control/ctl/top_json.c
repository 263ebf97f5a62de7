/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One function per list of the model. Nothing is computed here but the rounding: a tenth of a
 * packet a second is finer than any sample is.
 */
#include "top_json.h"

#include <math.h>

static json_t *tenths(double value)
{
    return isnan(value) ? json_null() : json_real(round(value * 10) / 10);
}

static json_t *whole(double value)
{
    return isnan(value) ? json_null() : json_integer((json_int_t)llround(value));
}

static json_t *flow_json(const struct rs_top_flow *flow)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "packets_in_per_second", tenths(flow->packets_in),
                     "bits_in_per_second", tenths(flow->bits_in), "packets_out_per_second",
                     tenths(flow->packets_out), "bits_out_per_second", tenths(flow->bits_out),
                     "drops_per_second", tenths(flow->drops));
}

static json_t *health_json(const struct rs_top_model *model)
{
    if (!model->has_health)
        return json_null();
    return json_pack("{s:b, s:b, s:s}", "ready", model->ready, "draining", model->draining,
                     "reasons", model->reasons);
}

static json_t *ports_json(const struct rs_top_model *model)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < model->port_count; i++) {
        const struct rs_top_port *port = &model->ports[i];

        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "link", port->link,
                            "side", port->side, "up", port->up, "packets_in_per_second",
                            tenths(port->rx_packets), "bits_in_per_second", tenths(port->rx_bits),
                            "packets_out_per_second", tenths(port->tx_packets),
                            "bits_out_per_second", tenths(port->tx_bits), "missed",
                            whole(port->missed), "missed_per_second", tenths(port->missed_rate)));
    }
    return rows;
}

static json_t *workers_json(const struct rs_top_model *model)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < model->worker_count; i++) {
        const struct rs_top_worker *worker = &model->workers[i];

        json_array_append_new(
            rows, json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "worker", worker->worker, "cpu",
                            worker->cpu, "busy_percent", tenths(worker->busy_percent),
                            "seal_packets_per_second", tenths(worker->seal_packets),
                            "open_packets_per_second", tenths(worker->open_packets), "senders",
                            whole(worker->senders), "stalled_ms", whole(worker->stalled_ms)));
    }
    return rows;
}

static json_t *drops_json(const struct rs_top_model *model)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < model->drop_count; i++) {
        const struct rs_top_drop *drop = &model->drops[i];

        json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:o}", "direction", drop->direction,
                                              "reason", drop->reason, "packets", whole(drop->total),
                                              "packets_per_second", tenths(drop->rate)));
    }
    return rows;
}

static json_t *busiest_json(const struct rs_top_model *model)
{
    json_t *rows = json_array();

    if (!model->has_busiest) {
        json_decref(rows);
        return json_null();
    }
    for (size_t i = 0; i < model->busiest_count; i++) {
        const struct rs_top_stream *stream = &model->busiest[i];

        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "stream_id",
                                              stream->stream, "session_id", stream->session,
                                              "direction", stream->direction, "link", stream->link,
                                              "packets_per_second", tenths(stream->packets),
                                              "bits_per_second", tenths(stream->bits)));
    }
    return rows;
}

static json_t *keys_json(const struct rs_top_model *model)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < model->key_count; i++) {
        const struct rs_top_key *key = &model->keys[i];

        json_array_append_new(
            rows, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "session_id", key->session, "epoch",
                            whole(key->epoch), "age_ms", whole(key->age_ms), "active",
                            key->has_keys ? json_boolean(key->has_active) : json_null(), "staged",
                            key->has_keys ? json_boolean(key->has_staged) : json_null(), "previous",
                            key->has_keys ? json_integer(key->previous) : json_null()));
    }
    return rows;
}

json_t *rs_top_json(const struct rs_top_model *model, json_t *events)
{
    json_t *head =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "version", model->version, "isa",
                  model->isa, "instance", model->instance, "uptime_ms", whole(model->uptime_ms),
                  "interval_ms", whole(1000 * model->seconds), "sessions", whole(model->sessions),
                  "streams", whole(model->streams), "health", health_json(model));
    json_t *rest =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}", "seal", flow_json(&model->seal),
                  "open", flow_json(&model->open), "ports", ports_json(model), "workers",
                  workers_json(model), "drops", drops_json(model), "busiest", busiest_json(model),
                  "keys", keys_json(model), "events", events);

    json_object_update_new(head, rest);
    return head;
}
