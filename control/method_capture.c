/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods that write packets into a file. What only shows what the sealed side's wire shows is for
 * operators; whatever may show plain media is for admins, and the audit log has both.
 */
#include "handlers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/capture.h"
#include "control/stream.h"

enum { SNAP = 2048, BYTES = 16 << 20, PACKETS = 100000, SECONDS = 60 };

/* The drop of that name, or -1. What tx itself decides cannot be seen before it has. */
static int find_drop(const char *name)
{
    for (int o = 0; o < RS_OUTCOMES; o++) {
        if (rs_outcome_is_drop((enum rs_outcome)o) && o != RS_TX_FULL &&
            strcmp(rs_outcome_name((enum rs_outcome)o), name) == 0)
            return o;
    }
    return -1;
}

/* Sealed media as it leaves, or as it comes: a stream's alone. */
static bool shows_the_sealed_wire(const struct rs_capture_config *config,
                                  const struct rs_stream_record *stream)
{
    if (stream == NULL || config->outcome >= 0)
        return false;
    return (config->direction == RS_SEAL) == (config->when == RS_CAPTURE_AFTER);
}

/* Fills *config from what is asked for. Returns false with request->error set. */
static bool choose(struct rs_request *request, const struct rs_capture_params *params,
                   struct rs_capture_config *config, const struct rs_stream_record **stream)
{
    *config = (struct rs_capture_config){
        .outcome = -1,
        .direction = (int)params->direction - 1,
        .when = params->when == 1 ? RS_CAPTURE_BEFORE : RS_CAPTURE_AFTER,
        .snap_bytes = (uint32_t)rs_optional_or(params->snap_bytes, SNAP),
    };
    *stream = NULL;
    if (params->stream_id == NULL && params->drop == NULL) {
        rs_request_fail(request, RS_E_INVALID_PARAMS, "stream_id",
                        "a stream_id, a drop, or both say what is captured");
        return false;
    }
    if (params->stream_id != NULL) {
        *stream = rs_request_stream(request, params->stream_id);
        if (*stream == NULL)
            return false;
        config->stream = (*stream)->dataplane;
        config->direction = (int)(*stream)->direction;
    }
    if (params->drop != NULL) {
        config->outcome = find_drop(params->drop);
        if (config->outcome < 0) {
            rs_request_fail(request, RS_E_INVALID_PARAMS, "drop",
                            "drop is the name of a drop as stats_get has it, but tx_full");
            return false;
        }
    }
    return true;
}

static enum rs_reply explain(struct rs_request *request, int rc)
{
    if (rc == -EBUSY)
        return rs_request_fail(request, RS_E_NO_CAPACITY, NULL,
                               "a capture runs already: capture_stop ends it");
    if (rc == -ENOENT)
        return rs_request_fail(request, RS_E_INVALID_CONFIG, NULL,
                               "capture.directory is not configured, or is not there");
    rs_error_set(&request->error, RS_E_INTERNAL_ERROR, NULL, "the file cannot be made: %s",
                 strerror(-rc));
    return RS_REPLY_NOW;
}

static json_t *state_json(const struct rs_capturer *capturer)
{
    struct rs_capture_state state;

    rs_capturer_get(capturer, &state);
    return json_pack("{s:b, s:s?, s:s?, s:I, s:I, s:I}", "running", state.running, "file",
                     state.path[0] != '\0' ? state.path : NULL, "ended", state.ended, "packets",
                     (json_int_t)state.packets, "bytes", (json_int_t)state.bytes, "not_captured",
                     (json_int_t)state.not_captured);
}

enum rs_reply rs_method_capture_start(struct rs_request *request, const void *given)
{
    const struct rs_capture_params *params = given;
    struct rs_capturer *capturer = request->control->capturer;
    const struct rs_capture_limits limits = {
        .bytes = rs_optional_or(params->max_bytes, BYTES),
        .packets = rs_optional_or(params->max_packets, PACKETS),
        .seconds = rs_optional_or(params->max_seconds, SECONDS),
    };
    const struct rs_stream_record *stream;
    struct rs_capture_config config;
    int rc;

    if (!choose(request, params, &config, &stream))
        return RS_REPLY_NOW;
    snprintf(request->detail, sizeof(request->detail), " when=%s drop=%s shows=%s",
             config.when == RS_CAPTURE_BEFORE ? "before" : "after",
             params->drop != NULL ? rs_outcome_name((enum rs_outcome)config.outcome) : "-",
             shows_the_sealed_wire(&config, stream) ? "sealed" : "plain");
    if (!shows_the_sealed_wire(&config, stream) && request->peer.role < RS_ROLE_ADMIN)
        return rs_request_fail(request, RS_E_DENIED, NULL,
                               "this may show plain media, which is for admins: of a stream, what "
                               "the sealed side's wire shows is for operators");
    rc = rs_capturer_start(capturer, &config, &limits);
    if (rc != 0)
        return explain(request, rc);
    request->result = state_json(capturer);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_capture_stop(struct rs_request *request, const void *params)
{
    (void)params;
    rs_capturer_stop(request->control->capturer, "stopped");
    request->result = state_json(request->control->capturer);
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_capture_get(struct rs_request *request, const void *params)
{
    (void)params;
    request->result = state_json(request->control->capturer);
    return RS_REPLY_NOW;
}
