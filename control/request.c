/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a request: found in the table, its role checked, made to wait for its turn, decoded,
 * handled, logged, answered. What a method does is in the method_*.c files.
 */
#include "request.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/memory.h"
#include "control/methods.h"
#include "control/rate.h"
#include "control/registry.h"
#include "control/session.h"
#include "control/stream.h"

enum { PARAMS_MAX_BYTES = 512 };

const char *rs_role_name(enum rs_role role)
{
    static const char *const names[] = {"none", "viewer", "operator", "admin"};

    return names[role];
}

enum rs_reply rs_request_fail(struct rs_request *request, enum rs_reason reason, const char *param,
                              const char *message)
{
    rs_error_set(&request->error, reason, param, "%s", message);
    return RS_REPLY_NOW;
}

struct rs_session_record *rs_request_session(struct rs_request *request, const char *id)
{
    struct rs_session_record *session = rs_registry_find_session(request->control->registry, id);

    if (session == NULL)
        rs_request_fail(request, RS_E_UNKNOWN_SESSION, "session_id", "there is no such session");
    return session;
}

struct rs_stream_record *rs_request_stream(struct rs_request *request, const char *id)
{
    struct rs_stream_record *stream = rs_registry_find_stream(request->control->registry, id);

    if (stream == NULL)
        rs_request_fail(request, RS_E_UNKNOWN_STREAM, "stream_id", "there is no such stream");
    return stream;
}

static const char *valid_id(const struct rs_request *request, const char *name)
{
    const json_t *value = json_object_get(request->call.params, name);
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) != json_string_length(value) || !rs_id_valid(text))
        return NULL;
    return text;
}

/* Notes what the request is about, and finds the session whose changes it must queue with. */
static struct rs_session_record *find_subject(struct rs_request *request)
{
    const struct rs_registry *registry = request->control->registry;
    const char *session_id = valid_id(request, "session_id");
    const char *stream_id = valid_id(request, "stream_id");
    struct rs_stream_record *stream;

    if (session_id != NULL)
        snprintf(request->session_id, sizeof(request->session_id), "%s", session_id);
    if (stream_id != NULL)
        snprintf(request->stream_id, sizeof(request->stream_id), "%s", stream_id);
    if (request->method->subject == RS_SUBJECT_SESSION && session_id != NULL)
        return rs_registry_find_session(registry, session_id);
    if (request->method->subject == RS_SUBJECT_STREAM && stream_id != NULL) {
        stream = rs_registry_find_stream(registry, stream_id);
        return stream != NULL ? stream->session : NULL;
    }
    return NULL;
}

void rs_request_free(struct rs_request *request)
{
    json_decref(request->result);
    rs_jsonrpc_end(&request->call);
    free(request);
}

static void log_change(const struct rs_request *request)
{
    const struct rs_reason_row *row = &rs_reasons[request->error.reason];

    rs_log(RS_LOG_INFO, "audit: method=%s session=%s stream=%s uid=%u pid=%d%s result=%s",
           request->method->name, request->session_id[0] != '\0' ? request->session_id : "-",
           request->stream_id[0] != '\0' ? request->stream_id : "-",
           (unsigned int)request->peer.uid, (int)request->peer.pid, request->detail,
           request->error.reason == RS_E_NONE ? "ok" : row->name);
}

void rs_request_finish(struct rs_request *request)
{
    rs_counts_request(&request->control->counts, rs_method_index(request->method),
                      request->error.reason);
    if (request->method != NULL && request->method->role >= RS_ROLE_OPERATOR)
        log_change(request);
    if (request->error.reason == RS_E_NONE &&
        (request->result == NULL || rs_memory_failures() != request->memory_failures))
        rs_error_set(&request->error, RS_E_INTERNAL_ERROR, NULL,
                     "it is done, but there is no memory to tell the result");
    if (request->client != NULL)
        request->done(request);
    else
        rs_request_free(request);
}

static void handle(struct rs_request *request)
{
    const struct rs_rpc_method *method = request->method;
    alignas(max_align_t) unsigned char params[PARAMS_MAX_BYTES] = {0};

    if (rs_params_decode(method->params, method->param_count, request->call.params, params,
                         &request->error) == 0 &&
        method->handler(request, params) == RS_REPLY_LATER)
        return;
    rs_request_finish(request);
}

enum rs_reply rs_request_park(struct rs_request *request, struct rs_session_record *session)
{
    TAILQ_INSERT_TAIL(&session->parked, request, parked);
    return RS_REPLY_LATER;
}

static void handle_or_park(struct rs_request *request)
{
    struct rs_session_record *session = find_subject(request);

    if (session != NULL && session->busy)
        rs_request_park(request, session);
    else
        handle(request);
}

static void deny(struct rs_request *request)
{
    find_subject(request); /* which the audit line names */
    rs_error_set(&request->error, RS_E_DENIED, NULL, "this method needs the role %s",
                 rs_role_name(request->method->role));
}

/* Sets request->error where the method may not be called, by this client or now. */
static void admit(struct rs_request *request)
{
    const struct rs_rpc_method *method = rs_method_find(request->call.method);

    request->method = method;
    if (method == NULL)
        rs_request_fail(request, RS_E_METHOD_NOT_FOUND, NULL,
                        "no such method: rpc_get_methods names them all");
    else if (request->peer.role < method->role)
        deny(request);
    else if (method->adds && request->control->draining)
        rs_request_fail(request, RS_E_DRAINING, NULL,
                        "the daemon drains and takes nothing new: ask another host");
}

void rs_request_run(struct rs_request *request)
{
    request->memory_failures = rs_memory_failures();
    if (request->error.reason == RS_E_NONE &&
        !rs_rate_allows(request->control->rate, request->peer.uid))
        rs_error_set(&request->error, RS_E_RATE_LIMITED, NULL,
                     "more than %u requests a second (control.requests_per_second)",
                     request->control->config->requests_per_second);
    if (request->error.reason == RS_E_NONE)
        admit(request);
    if (request->error.reason == RS_E_NONE)
        handle_or_park(request);
    else
        rs_request_finish(request);
}

/* Each finds its session anew: one before it may have deleted it, or made it busy again. */
void rs_requests_release(struct rs_session_record *session)
{
    struct rs_request_list turn = TAILQ_HEAD_INITIALIZER(turn);
    struct rs_request *request;

    session->busy = false;
    TAILQ_CONCAT(&turn, &session->parked, parked);
    while ((request = TAILQ_FIRST(&turn)) != NULL) {
        TAILQ_REMOVE(&turn, request, parked);
        handle_or_park(request);
    }
}
