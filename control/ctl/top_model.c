/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From two samples to figures: a rate is a counter's difference over the time between the two
 * replies. How figures are written is in top_lines.c and top_json.c.
 */
#include "top_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The same part, or the same row of it, of two samples. */
struct pair {
    const json_t *before, *now; /* before is NULL: no rates */
    double seconds;             /* between the two */
};

struct rs_top_model *rs_top_model_create(void)
{
    struct rs_top_model *model = calloc(1, sizeof(*model));

    if (model != NULL)
        model->events = json_array();
    return model;
}

void rs_top_model_destroy(struct rs_top_model *model)
{
    if (model == NULL)
        return;
    json_decref(model->events);
    free(model);
}

static void copy_text(char *out, size_t size, const json_t *object, const char *name)
{
    snprintf(out, size, "%s", rs_top_text(object, name, "-"));
}

/* ---- rates -------------------------------------------------------------------------------- */

static struct pair pair_of(const struct rs_top_sample *before, const struct rs_top_sample *now,
                           enum rs_top_part part)
{
    struct pair pair = {.now = now->parts[part]};

    if (before == NULL || before->parts[part] == NULL ||
        now->taken_ns[part] <= before->taken_ns[part])
        return pair;
    pair.before = before->parts[part];
    pair.seconds = (double)(now->taken_ns[part] - before->taken_ns[part]) / 1e9;
    return pair;
}

static struct pair member_of(struct pair pair, const char *name)
{
    return (struct pair){json_object_get(pair.before, name), json_object_get(pair.now, name),
                         pair.seconds};
}

/* By how much a counter has grown; NAN where that cannot be said. */
static double growth(struct pair pair, const char *counter)
{
    const double before = rs_top_number(pair.before, counter, NAN);
    const double now = rs_top_number(pair.now, counter, NAN);

    return now >= before ? now - before : NAN;
}

static double rate(struct pair pair, const char *counter)
{
    return growth(pair, counter) / pair.seconds;
}

static double drop_rate(struct pair direction)
{
    const struct pair drops = member_of(direction, "drops");
    const char *name;
    json_t *value;
    double sum = drops.before != NULL ? 0 : NAN;

    json_object_foreach((json_t *)(uintptr_t)drops.now, name, value)
        sum += rate(drops, name);
    return sum;
}

static struct rs_top_flow flow_of(struct pair direction)
{
    return (struct rs_top_flow){
        .packets_in = rate(direction, "packets_in"),
        .bits_in = 8 * rate(direction, "bytes_in"),
        .packets_out = rate(direction, "packets_out"),
        .bits_out = 8 * rate(direction, "bytes_out"),
        .drops = drop_rate(direction),
    };
}

/* ---- parts -------------------------------------------------------------------------------- */

static void fill_head(struct rs_top_model *model, const struct rs_top_sample *before,
                      const struct rs_top_sample *now)
{
    const struct pair daemon = pair_of(before, now, RS_TOP_DAEMON);
    const json_t *version = now->parts[RS_TOP_VERSION];

    copy_text(model->version, sizeof(model->version), version, "version");
    copy_text(model->isa, sizeof(model->isa), version, "isa");
    copy_text(model->instance, sizeof(model->instance), daemon.now, "instance");
    model->uptime_ms = rs_top_number(daemon.now, "uptime_ms", 0);
    model->sessions = rs_top_number(daemon.now, "sessions", 0);
    model->streams = rs_top_number(daemon.now, "streams", 0);
    model->seconds = daemon.before != NULL ? daemon.seconds : NAN;
    model->seal = flow_of(member_of(daemon, "seal"));
    model->open = flow_of(member_of(daemon, "open"));
}

static void fill_health(struct rs_top_model *model, const json_t *health)
{
    size_t used = 0, i;
    const json_t *reason;

    model->has_health = health != NULL;
    model->ready = json_is_true(json_object_get(health, "ready"));
    model->draining = json_is_true(json_object_get(health, "draining"));
    model->reasons[0] = '\0';
    json_array_foreach(json_object_get(health, "reasons"), i, reason) {
        if (json_is_string(reason) && used < sizeof(model->reasons))
            used += (size_t)snprintf(model->reasons + used, sizeof(model->reasons) - used, "%s%s",
                                     used != 0 ? "; " : "", json_string_value(reason));
    }
}

/* What goes out of a port is what came through from the other side of its link. */
static const char *entering(const json_t *port)
{
    return strcmp(rs_top_text(port, "side", ""), "plain") == 0 ? "seal" : "open";
}

static bool same_port(const json_t *a, const json_t *b)
{
    return strcmp(rs_top_text(a, "link", ""), rs_top_text(b, "link", "")) == 0 &&
           strcmp(entering(a), entering(b)) == 0;
}

static size_t find_other_side(const json_t *ports, const json_t *port)
{
    const json_t *other;
    size_t i;

    json_array_foreach(ports, i, other) {
        if (strcmp(rs_top_text(other, "link", ""), rs_top_text(port, "link", "")) == 0 &&
            strcmp(entering(other), entering(port)) != 0)
            return i;
    }
    return json_array_size(ports);
}

/* Ports are in the configuration's order, which no running daemon changes. */
static struct pair port_at(struct pair ports, size_t i)
{
    struct pair port = {json_array_get(ports.before, i), json_array_get(ports.now, i),
                        ports.seconds};

    if (port.before != NULL && !same_port(port.before, port.now))
        port.before = NULL;
    return port;
}

static void fill_ports(struct rs_top_model *model, struct pair ports)
{
    model->port_count = 0;
    for (size_t i = 0; i < json_array_size(ports.now) && i < RS_TOP_PORTS_MAX; i++) {
        struct rs_top_port *row = &model->ports[model->port_count++];
        const struct pair port = port_at(ports, i);
        const struct pair other = port_at(ports, find_other_side(ports.now, port.now));
        const char *in = entering(port.now);
        const bool plain = strcmp(in, "seal") == 0;
        const struct pair rx = member_of(port, in);
        const struct pair tx = member_of(other, plain ? "open" : "seal");

        copy_text(row->link, sizeof(row->link), port.now, "link");
        row->side = plain ? "plain" : "sealed";
        row->up = json_is_true(json_object_get(port.now, "up"));
        row->rx_packets = rate(rx, "packets_in");
        row->rx_bits = 8 * rate(rx, "bytes_in");
        row->tx_packets = rate(tx, "packets_out");
        row->tx_bits = 8 * rate(tx, "bytes_out");
        row->missed = rs_top_number(port.now, "rx_missed", 0);
        row->missed_rate = rate(port, "rx_missed");
    }
}

static double stalled_ms(const json_t *health, int worker)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(health, "workers"), i, row) {
        if (rs_top_number(row, "worker", -1) == worker &&
            strcmp(rs_top_text(row, "state", ""), "stalled") == 0)
            return rs_top_number(row, "stalled_ms", 1);
    }
    return 0;
}

static void fill_workers(struct rs_top_model *model, struct pair workers, const json_t *health)
{
    model->worker_count = 0;
    for (size_t i = 0; i < json_array_size(workers.now) && i < RS_TOP_WORKERS_MAX; i++) {
        struct rs_top_worker *row = &model->workers[model->worker_count++];
        const struct pair worker = {json_array_get(workers.before, i),
                                    json_array_get(workers.now, i), workers.seconds};
        const double busy = growth(worker, "busy_cycles"), idle = growth(worker, "idle_cycles");

        row->worker = (int)rs_top_number(worker.now, "worker", (double)i);
        row->cpu = (int)rs_top_number(worker.now, "cpu", -1);
        row->busy_percent = busy + idle > 0 ? 100 * busy / (busy + idle) : NAN;
        row->seal_packets = rate(member_of(worker, "seal"), "packets_in");
        row->open_packets = rate(member_of(worker, "open"), "packets_in");
        row->senders = rs_top_number(worker.now, "senders", 0);
        row->stalled_ms = stalled_ms(health, row->worker);
    }
}

/* ---- drops -------------------------------------------------------------------------------- */

/* qsort's: the larger first; what is not known last. */
static int larger_first(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a < b) - (a > b);
}

static int compare_drops(const void *left, const void *right)
{
    const struct rs_top_drop *a = left, *b = right;
    const int by_rate = larger_first(a->rate, b->rate);

    if (by_rate != 0)
        return by_rate;
    if (a->total != b->total)
        return larger_first(a->total, b->total);
    return strcmp(a->reason, b->reason);
}

static void add_drops(struct rs_top_model *model, struct pair drops, const char *direction)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)drops.now, name, value) {
        struct rs_top_drop *row = &model->drops[model->drop_count];

        if (json_number_value(value) <= 0 || model->drop_count == RS_TOP_DROPS_MAX)
            continue;
        row->direction = direction;
        snprintf(row->reason, sizeof(row->reason), "%s", name);
        row->total = json_number_value(value);
        row->rate = rate(drops, name);
        model->drop_count++;
    }
}

static void fill_drops(struct rs_top_model *model, struct pair daemon)
{
    model->drop_count = 0;
    add_drops(model, member_of(member_of(daemon, "seal"), "drops"), "seal");
    add_drops(model, member_of(member_of(daemon, "open"), "drops"), "open");
    qsort(model->drops, model->drop_count, sizeof(model->drops[0]), compare_drops);
}

/* ---- streams and keys --------------------------------------------------------------------- */

static void fill_busiest(struct rs_top_model *model, const json_t *streams)
{
    model->has_busiest = streams != NULL;
    model->busiest_count = 0;
    for (size_t i = 0; i < json_array_size(streams) && i < RS_TOP_STREAMS_MAX; i++) {
        struct rs_top_stream *row = &model->busiest[model->busiest_count++];
        const json_t *stream = json_array_get(streams, i);

        copy_text(row->stream, sizeof(row->stream), stream, "stream_id");
        copy_text(row->session, sizeof(row->session), stream, "session_id");
        copy_text(row->link, sizeof(row->link), stream, "link");
        row->direction =
            strcmp(rs_top_text(stream, "direction", ""), "open") == 0 ? "open" : "seal";
        row->packets = rs_top_number(stream, "packets_per_second", NAN);
        row->bits = rs_top_number(stream, "bits_per_second", NAN);
    }
}

static void read_keys(struct rs_top_key *row, const json_t *keys)
{
    const json_t *key;
    size_t i;

    row->has_keys = json_is_array(keys);
    json_array_foreach(keys, i, key) {
        const char *state = rs_top_text(key, "state", "");

        if (strcmp(state, "active") == 0) {
            row->has_active = true;
            row->age_ms = rs_top_number(key, "age_ms", row->age_ms);
        }
        row->has_staged = row->has_staged || strcmp(state, "staged") == 0;
        row->previous += strcmp(state, "previous") == 0;
    }
}

static int compare_keys(const void *left, const void *right)
{
    const struct rs_top_key *a = left, *b = right;
    const int by_age = larger_first(a->age_ms, b->age_ms);

    return by_age != 0 ? by_age : strcmp(a->session, b->session);
}

static void fill_keys(struct rs_top_model *model, const json_t *sessions)
{
    const json_t *session;
    size_t i;

    model->key_count = 0;
    json_array_foreach(sessions, i, session) {
        struct rs_top_key *row = &model->keys[model->key_count];

        if (!json_is_true(json_object_get(session, "e2ee")) || model->key_count == RS_TOP_KEYS_MAX)
            continue;
        *row = (struct rs_top_key){.epoch = rs_top_number(session, "epoch", 0),
                                   .age_ms = rs_top_number(session, "age_ms", NAN)};
        copy_text(row->session, sizeof(row->session), session, "session_id");
        read_keys(row, json_object_get(session, "keys"));
        model->key_count++;
    }
    qsort(model->keys, model->key_count, sizeof(model->keys[0]), compare_keys);
}

void rs_top_model_update(struct rs_top_model *model, const struct rs_top_sample *before,
                         const struct rs_top_sample *now)
{
    const json_t *health = now->parts[RS_TOP_HEALTH];

    if (before != NULL && strcmp(rs_top_text(before->parts[RS_TOP_DAEMON], "instance", ""),
                                 rs_top_text(now->parts[RS_TOP_DAEMON], "instance", "")) != 0)
        before = NULL;
    model->filled = true;
    fill_head(model, before, now);
    fill_health(model, health);
    fill_ports(model, pair_of(before, now, RS_TOP_PORTS));
    fill_workers(model, pair_of(before, now, RS_TOP_WORKERS), health);
    fill_drops(model, pair_of(before, now, RS_TOP_DAEMON));
    fill_busiest(model, now->parts[RS_TOP_BUSIEST]);
    fill_keys(model, now->parts[RS_TOP_SESSIONS]);
}

void rs_top_model_add_events(struct rs_top_model *model, const json_t *events)
{
    json_array_extend(model->events, (json_t *)(uintptr_t)events);
    while (json_array_size(model->events) > RS_TOP_EVENTS_MAX)
        json_array_remove(model->events, 0);
}
