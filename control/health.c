/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the dataplane tells of workers and ports, and all of it at once as one answer.
 */
#include "health.h"

#include "control/config.h"
#include "control/control.h"
#include "control/events.h"
#include "control/registry.h"

static const char *side_name(enum rs_direction side)
{
    return side == RS_SEAL ? "plain" : "sealed";
}

void rs_health_worker_stalled(void *owner, const struct rs_stall_report *report)
{
    const struct rs_registry *registry = owner;
    const bool begun = report->state == RS_ALARM_BEGUN;

    rs_log(RS_LOG_WARNING, "worker %u on CPU %u %s %llu ms", report->worker, report->cpu,
           begun ? "has not moved for" : "moves again, after",
           (unsigned long long)report->stalled_ms);
    rs_events_say(registry->events, RS_EVENT_WORKER_STALLED,
                  json_pack("{s:s, s:I, s:I, s:I}", "state", begun ? "begun" : "ended", "worker",
                            (json_int_t)report->worker, "cpu", (json_int_t)report->cpu,
                            "stalled_ms", (json_int_t)report->stalled_ms));
}

void rs_health_port_changed(void *owner, const struct rs_port_report *report)
{
    const struct rs_registry *registry = owner;
    const char *link = registry->config->dataplane.links[report->link].name;

    rs_log(RS_LOG_WARNING, "the %s port of link %s is %s", side_name(report->side), link,
           report->up ? "up" : "down");
    rs_events_say(registry->events, report->up ? RS_EVENT_LINK_UP : RS_EVENT_LINK_DOWN,
                  json_pack("{s:s, s:s}", "link", link, "side", side_name(report->side)));
}

void rs_health_drain(struct rs_control *control, enum rs_drain drain)
{
    const bool begin = drain == RS_DRAIN_BEGIN;

    if (control->draining == begin)
        return;
    control->draining = begin;
    rs_events_say(control->events, RS_EVENT_DRAINING, json_pack("{s:b}", "draining", begin));
}

static void add_reason(json_t *reasons, const char *format, const char *name, const char *what)
{
    json_array_append_new(reasons, json_sprintf(format, name, what));
}

static json_t *workers_json(const struct rs_control *control, json_t *reasons)
{
    json_t *workers = json_array();

    for (unsigned int i = 0; i < rs_dataplane_worker_count(control->dataplane); i++) {
        struct rs_worker_info info = {0};

        rs_dataplane_get_worker(control->dataplane, i, &info);
        json_array_append_new(workers, json_pack("{s:i, s:i, s:s, s:I}", "worker", (int)i, "cpu",
                                                 (int)info.cpu, "state",
                                                 info.stalled_ms > 0 ? "stalled" : "polling",
                                                 "stalled_ms", (json_int_t)info.stalled_ms));
        if (info.stalled_ms > 0)
            json_array_append_new(reasons, json_sprintf("worker %u does not move", i));
    }
    return workers;
}

static json_t *ports_json(const struct rs_control *control, json_t *reasons)
{
    const struct rs_dataplane_config *config = &control->config->dataplane;
    json_t *ports = json_array();

    for (unsigned int i = 0; i < 2 * config->link_count; i++) {
        const enum rs_direction side = i % 2 == 0 ? RS_SEAL : RS_OPEN;
        const char *link = config->links[i / 2].name;
        struct rs_port_info info = {0};

        rs_dataplane_get_port(control->dataplane, i / 2, side, &info);
        json_array_append_new(ports, json_pack("{s:s, s:s, s:b}", "link", link, "side",
                                               side_name(side), "up", info.up));
        if (!info.up)
            add_reason(reasons, "link %s: the %s port is down", link, side_name(side));
    }
    return ports;
}

json_t *rs_health_json(const struct rs_control *control)
{
    json_t *reasons = json_array();
    json_t *workers = workers_json(control, reasons), *ports = ports_json(control, reasons);

    if (rs_dataplane_test_suite(control->dataplane, control->config->e2ee.suite) != 0)
        add_reason(reasons, "the self-test of %s fails%s", control->config->e2ee.suite->name, "");
    if (control->draining)
        json_array_append_new(reasons, json_string("the daemon drains"));
    return json_pack("{s:b, s:b, s:b, s:o, s:o, s:o}", "alive", 1, "ready",
                     json_array_size(reasons) == 0, "draining", control->draining, "reasons",
                     reasons, "workers", workers, "ports", ports);
}
