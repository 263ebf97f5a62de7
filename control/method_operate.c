/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods for whoever runs the daemon: is it well, what would a new configuration change, and its
 * end.
 */
#include "handlers.h"

#include <stdio.h>

#include <event2/event.h>

#include "control/health.h"
#include "control/registry.h"
#include "control/reload.h"
#include "control/session.h"
#include "control/stream.h"

/* Long enough for the reply to leave. */
static const struct timeval shutdown_delay = {0, 50000};

enum rs_reply rs_method_health_get(struct rs_request *request, const void *params)
{
    (void)params;
    request->result = rs_health_json(request->control);
    return RS_REPLY_NOW;
}

static json_t *difference_json(const struct rs_config_difference *difference)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "key", difference->key, "now", difference->one, "file",
                     difference->other, "live", difference->live);
}

enum rs_reply rs_method_config_check(struct rs_request *request, const void *params)
{
    struct rs_config_difference *differences;
    json_t *changes;
    size_t count;

    (void)params;
    if (rs_reload_check(request->control->reload, &differences, &count, &request->error) != 0)
        return RS_REPLY_NOW;
    changes = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(changes, difference_json(&differences[i]));
    rs_config_differences_free(differences, count);
    request->result = json_pack("{s:s, s:o}", "path", rs_reload_path(request->control->reload),
                                "changes", changes);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_config_reload(struct rs_request *request, const void *params)
{
    struct rs_config_difference *differences;
    json_t *applied, *waiting;
    size_t count;

    (void)params;
    if (rs_reload_run(request->control->reload, &differences, &count, &request->error) != 0)
        return RS_REPLY_NOW;
    applied = json_array();
    waiting = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(differences[i].live ? applied : waiting,
                              difference_json(&differences[i]));
    rs_config_differences_free(differences, count);
    snprintf(request->detail, sizeof(request->detail), " applied=%zu needs_restart=%zu",
             json_array_size(applied), json_array_size(waiting));
    request->result = json_pack("{s:s, s:o, s:o}", "path", rs_reload_path(request->control->reload),
                                "applied", applied, "needs_restart", waiting);
    return RS_REPLY_NOW;
}

static size_t count_active(const struct rs_registry *registry)
{
    const struct rs_stream_record *stream;
    struct rs_stream_rate rate;
    size_t active = 0;

    TAILQ_FOREACH(stream, &registry->streams, entry) {
        rs_stream_get_rate(stream->dataplane, &rate);
        active += rate.packets_per_second > 0;
    }
    return active;
}

enum rs_reply rs_method_drain(struct rs_request *request, const void *params)
{
    const struct rs_drain_params *drain = params;
    struct rs_control *control = request->control;

    rs_health_drain(control,
                    rs_optional_or(drain->cancel, 0) != 0 ? RS_DRAIN_CANCEL : RS_DRAIN_BEGIN);
    request->result = json_pack("{s:b, s:I, s:I, s:I}", "draining", control->draining, "sessions",
                                (json_int_t)control->registry->sessions_by_id.count, "streams",
                                (json_int_t)control->registry->streams_by_id.count,
                                "streams_active", (json_int_t)count_active(control->registry));
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_log_set_level(struct rs_request *request, const void *params)
{
    const struct rs_log_params *log = params;

    rs_log_set_level((enum rs_log_level)(log->level - 1));
    request->result = json_object();
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_shutdown(struct rs_request *request, const void *params)
{
    (void)params;
    event_base_loopexit(request->control->base, &shutdown_delay);
    request->result = json_object();
    return RS_REPLY_NOW;
}
