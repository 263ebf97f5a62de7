/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands in each pane: its columns, a row of a const table, and the function that fills one
 * line of it. How cells become a line is in top_cells.c.
 */
#include "top_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct rs_top_column columns[RS_TOP_PANES][RS_TOP_COLUMNS_MAX + 1] = {
    [RS_TOP_LINKS] = {{"LINK", 12, RS_TOP_NAMES},
                      {"side", 6, RS_TOP_LEFT},
                      {"state", 5, RS_TOP_LEFT},
                      {"in pkt/s", 8, RS_TOP_RIGHT},
                      {"in bit/s", 8, RS_TOP_RIGHT},
                      {"out pkt/s", 9, RS_TOP_RIGHT},
                      {"out bit/s", 9, RS_TOP_RIGHT},
                      {"missed", 8, RS_TOP_RIGHT}},
    [RS_TOP_LOAD] = {{"WORKER", 12, RS_TOP_NAMES},
                     {"cpu", 3, RS_TOP_RIGHT},
                     {"busy", 6, RS_TOP_RIGHT},
                     {"seal pkt/s", 10, RS_TOP_RIGHT},
                     {"open pkt/s", 10, RS_TOP_RIGHT},
                     {"senders", 9, RS_TOP_RIGHT},
                     {"state", 17, RS_TOP_LEFT}},
    [RS_TOP_DROPS] = {{"DROPPED AS", 23, RS_TOP_NAMES},
                      {"way", 4, RS_TOP_LEFT},
                      {"pkt/s", 9, RS_TOP_RIGHT},
                      {"total", 14, RS_TOP_RIGHT}},
    [RS_TOP_STREAMS] = {{"BUSIEST STREAM", 16, RS_TOP_NAMES},
                        {"session", 14, RS_TOP_NAMES},
                        {"link", 8, RS_TOP_NAMES},
                        {"way", 4, RS_TOP_LEFT},
                        {"pkt/s", 9, RS_TOP_RIGHT},
                        {"bit/s", 9, RS_TOP_RIGHT}},
    [RS_TOP_KEYS] = {{"KEY OF SESSION", 21, RS_TOP_NAMES},
                     {"epoch", 6, RS_TOP_RIGHT},
                     {"age", 9, RS_TOP_RIGHT},
                     {"state", 31, RS_TOP_LEFT}},
    [RS_TOP_EVENTS] = {{"EVENT AT", 8, RS_TOP_LEFT}, {"what", 60, RS_TOP_NAMES}},
};

/* ---- the head ----------------------------------------------------------------------------- */

static void write_daemon(const struct rs_top_model *model, struct rs_top_line *line)
{
    const char *state = !model->has_health ? ""
                        : model->draining  ? "draining"
                        : model->ready     ? "ready"
                                           : "not ready";
    char age[RS_TOP_NUMBER_MAX];
    int used;

    rs_top_write_age(model->uptime_ms, age);
    used = snprintf(line->text, sizeof(line->text),
                    "rtpseald %s  %s  up %s  sessions %.0f  streams %.0f  %s", model->version,
                    model->isa, age, model->sessions, model->streams, state);
    if (model->reasons[0] != '\0' && used < RS_TOP_WIDTH_MAX)
        snprintf(line->text + used, sizeof(line->text) - (size_t)used, ": %.200s", model->reasons);
    if (model->has_health)
        line->tone = model->draining ? RS_TOP_WARNING : model->ready ? RS_TOP_GOOD : RS_TOP_BAD;
}

static void write_flow(const char *name, const struct rs_top_flow *flow, struct rs_top_line *line)
{
    const double values[] = {flow->packets_in, flow->bits_in, flow->packets_out, flow->bits_out,
                             flow->drops};
    char texts[sizeof(values) / sizeof(values[0])][RS_TOP_NUMBER_MAX];

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        rs_top_write_number(values[i], texts[i]);
    snprintf(line->text, sizeof(line->text),
             "%s  in %6s pkt/s %6s bit/s  out %6s pkt/s %6s bit/s  drops %s/s", name, texts[0],
             texts[1], texts[2], texts[3], texts[4]);
    if (flow->drops > 0)
        line->tone = RS_TOP_WARNING;
}

void rs_top_head_line(const struct rs_top_model *model, int number, int width,
                      struct rs_top_line *line)
{
    line->tone = RS_TOP_NORMAL;
    if (number == 0)
        write_daemon(model, line);
    else
        write_flow(number == 1 ? "seal" : "open", number == 1 ? &model->seal : &model->open, line);
    rs_top_line_finish(line, width);
}

/* ---- one line of each pane ---------------------------------------------------------------- */

typedef enum rs_top_tone fill_fn(const struct rs_top_model *model, size_t index,
                                 struct rs_top_cells *cells);

static enum rs_top_tone fill_port(const struct rs_top_model *model, size_t index,
                                  struct rs_top_cells *cells)
{
    const struct rs_top_port *port = &model->ports[index];

    rs_top_cell_add(cells, "%s", port->link);
    rs_top_cell_add(cells, "%s", port->side);
    rs_top_cell_add(cells, port->up ? "up" : "down");
    rs_top_cell_add_number(cells, port->rx_packets);
    rs_top_cell_add_number(cells, port->rx_bits);
    rs_top_cell_add_number(cells, port->tx_packets);
    rs_top_cell_add_number(cells, port->tx_bits);
    rs_top_cell_add_number(cells, port->missed);
    if (!port->up)
        return RS_TOP_BAD;
    return port->missed_rate > 0 ? RS_TOP_WARNING : RS_TOP_NORMAL;
}

static enum rs_top_tone fill_worker(const struct rs_top_model *model, size_t index,
                                    struct rs_top_cells *cells)
{
    const struct rs_top_worker *worker = &model->workers[index];
    char stalled[RS_TOP_NUMBER_MAX];

    rs_top_cell_add(cells, "%d", worker->worker);
    rs_top_cell_add(cells, "%d", worker->cpu);
    if (isnan(worker->busy_percent))
        rs_top_cell_add(cells, "-");
    else
        rs_top_cell_add(cells, "%.1f%%", worker->busy_percent);
    rs_top_cell_add_number(cells, worker->seal_packets);
    rs_top_cell_add_number(cells, worker->open_packets);
    rs_top_cell_add_number(cells, worker->senders);
    if (worker->stalled_ms > 0) {
        rs_top_write_age(worker->stalled_ms, stalled);
        rs_top_cell_add(cells, "stalled %s", stalled);
        return RS_TOP_BAD;
    }
    return worker->busy_percent > 90 ? RS_TOP_WARNING : RS_TOP_NORMAL;
}

static enum rs_top_tone fill_drop(const struct rs_top_model *model, size_t index,
                                  struct rs_top_cells *cells)
{
    const struct rs_top_drop *drop = &model->drops[index];

    rs_top_cell_add(cells, "%s", drop->reason);
    rs_top_cell_add(cells, "%s", drop->direction);
    rs_top_cell_add_number(cells, drop->rate);
    rs_top_cell_add(cells, "%.0f", drop->total);
    return drop->rate > 0 ? RS_TOP_WARNING : RS_TOP_NORMAL;
}

static enum rs_top_tone fill_stream(const struct rs_top_model *model, size_t index,
                                    struct rs_top_cells *cells)
{
    const struct rs_top_stream *stream = &model->busiest[index];

    rs_top_cell_add(cells, "%s", stream->stream);
    rs_top_cell_add(cells, "%s", stream->session);
    rs_top_cell_add(cells, "%s", stream->link);
    rs_top_cell_add(cells, "%s", stream->direction);
    rs_top_cell_add_number(cells, stream->packets);
    rs_top_cell_add_number(cells, stream->bits);
    return RS_TOP_NORMAL;
}

static enum rs_top_tone fill_key(const struct rs_top_model *model, size_t index,
                                 struct rs_top_cells *cells)
{
    const struct rs_top_key *key = &model->keys[index];
    char age[RS_TOP_NUMBER_MAX];

    rs_top_write_age(key->age_ms, age);
    rs_top_cell_add(cells, "%s", key->session);
    rs_top_cell_add(cells, "%.0f", key->epoch);
    rs_top_cell_add(cells, "%s", age);
    if (!key->has_keys)
        return RS_TOP_NORMAL;
    if (key->previous > 0)
        rs_top_cell_add(cells, "%s%s, %d previous", key->has_active ? "active" : "no key",
                        key->has_staged ? ", next staged" : "", key->previous);
    else
        rs_top_cell_add(cells, "%s%s", key->has_active ? "active" : "no key",
                        key->has_staged ? ", next staged" : "");
    return key->has_active ? RS_TOP_NORMAL : RS_TOP_WARNING;
}

/* "12:34:56" of "2026-11-25T12:34:56.123456789Z". */
static void add_time(struct rs_top_cells *cells, const char *time)
{
    const char *clock = strchr(time, 'T');

    rs_top_cell_add(cells, "%.8s", clock != NULL ? clock + 1 : time);
}

/* A member's value at the end of a text; returns the bytes that it takes, as snprintf does. */
static size_t append_value(const json_t *value, char *text, size_t size)
{
    size_t bytes;

    if (json_is_string(value))
        return (size_t)snprintf(text, size, "%s", json_string_value(value));
    bytes = json_dumpb(value, text, size - 1, JSON_ENCODE_ANY | JSON_COMPACT);
    text[bytes < size ? bytes : size - 1] = '\0';
    return bytes;
}

/* Members as name=value, but for those that every event has. */
static void write_members(const json_t *event, char *text, size_t size)
{
    static const char *const said[] = {"instance", "seq", "time", "type"};
    size_t used = (size_t)snprintf(text, size, "%s", rs_top_text(event, "type", "-"));
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)event, name, value) {
        bool skip = false;

        for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
            skip = skip || strcmp(name, said[i]) == 0;
        if (skip || used + 1 >= size)
            continue;
        used += (size_t)snprintf(text + used, size - used, " %s=", name);
        if (used + 1 < size)
            used += append_value(value, text + used, size - used);
    }
}

static enum rs_top_tone tone_of(const char *type)
{
    static const char *const bad[] = {"_mismatch",         "_blocked", "_limit",
                                      "no_capacity",       "_down",    "_stalled",
                                      "auth_failure_rate", "gap"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (strstr(type, bad[i]) != NULL)
            return RS_TOP_WARNING;
    }
    return RS_TOP_NORMAL;
}

static enum rs_top_tone fill_event(const struct rs_top_model *model, size_t index,
                                   struct rs_top_cells *cells)
{
    const json_t *event = json_array_get(model->events, index);
    char text[RS_TOP_CELL_MAX];

    add_time(cells, rs_top_text(event, "time", "-"));
    write_members(event, text, sizeof(text));
    rs_top_cell_add(cells, "%s", text);
    return tone_of(rs_top_text(event, "type", ""));
}

static fill_fn *const fills[RS_TOP_PANES] = {
    [RS_TOP_LINKS] = fill_port,     [RS_TOP_LOAD] = fill_worker, [RS_TOP_DROPS] = fill_drop,
    [RS_TOP_STREAMS] = fill_stream, [RS_TOP_KEYS] = fill_key,    [RS_TOP_EVENTS] = fill_event,
};

size_t rs_top_pane_lines(const struct rs_top_model *model, enum rs_top_pane pane)
{
    const size_t counts[RS_TOP_PANES] = {
        [RS_TOP_LINKS] = model->port_count, [RS_TOP_LOAD] = model->worker_count,
        [RS_TOP_DROPS] = model->drop_count, [RS_TOP_STREAMS] = model->busiest_count,
        [RS_TOP_KEYS] = model->key_count,   [RS_TOP_EVENTS] = json_array_size(model->events),
    };

    return counts[pane];
}

void rs_top_pane_heading(enum rs_top_pane pane, int width, struct rs_top_line *line)
{
    rs_top_headings_join(columns[pane], width, line);
}

void rs_top_pane_line(const struct rs_top_model *model, enum rs_top_pane pane, size_t index,
                      int width, struct rs_top_line *line)
{
    struct rs_top_cells cells = {.count = 0};

    line->text[0] = '\0';
    line->tone = RS_TOP_NORMAL;
    if (index >= rs_top_pane_lines(model, pane))
        return;
    line->tone = fills[pane](model, index, &cells);
    rs_top_cells_join(columns[pane], &cells, width, line);
}
