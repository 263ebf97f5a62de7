/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of one request, from its line to its reply. Main thread alone. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "control/control.h"
#include "control/error.h"
#include "control/events.h"
#include "control/jsonrpc.h"
#include "control/params.h"

struct rs_apply;
struct rs_rpc_method;
struct rs_session_record;
struct rs_stream_record;

/* Each may do what those before it may. */
enum rs_role { RS_ROLE_NONE, RS_ROLE_VIEWER, RS_ROLE_OPERATOR, RS_ROLE_ADMIN };

const char *rs_role_name(enum rs_role role);

struct rs_peer {
    enum rs_role role;
    uid_t uid;
    pid_t pid;
};

/*
 * One request, on the heap. Owner: whoever runs it until `done` is called, then the client. A
 * client that goes away first sets client, subscriber and apply to NULL: the request is then freed
 * when it is done.
 */
struct rs_request {
    struct rs_control *control;
    struct rs_peer peer;
    struct rs_call call;
    const struct rs_rpc_method *method;
    json_t *result;
    uint64_t memory_failures; /* as rs_memory_failures had it when it was begun */
    struct rs_error error;
    void *client;
    struct rs_subscriber *subscriber;
    struct rs_apply **apply; /* the connection's transaction, if it has begun one */
    void (*done)(struct rs_request *request);
    TAILQ_ENTRY(rs_request) parked;
    /* for the log: what it was about; only valid ids, else empty */
    char session_id[RS_ID_MAX + 1], stream_id[RS_ID_MAX + 1];
    char detail[96]; /* likewise: " name=value"s, or empty */
};

/* Whether the handler has answered, or rs_request_finish will be called later. */
enum rs_reply { RS_REPLY_NOW, RS_REPLY_LATER };

/* Runs a request whose call or error is set. `done` may be called before this returns. */
void rs_request_run(struct rs_request *request);

/* Ends a request whose handler had said RS_REPLY_LATER. */
void rs_request_finish(struct rs_request *request);

/* Frees and wipes. */
void rs_request_free(struct rs_request *request);

/* Runs the request's handler anew when the busy session is so no more. Returns RS_REPLY_LATER, for
 * the handler to return. */
enum rs_reply rs_request_park(struct rs_request *request, struct rs_session_record *session);

/* Ends a session's busy time: the requests that wait for it run, in their order. */
void rs_requests_release(struct rs_session_record *session);

/* Sets request->error to an error about one parameter; returns RS_REPLY_NOW. */
enum rs_reply rs_request_fail(struct rs_request *request, enum rs_reason reason, const char *param,
                              const char *message);

/* Finds the session or stream, or sets request->error. */
struct rs_session_record *rs_request_session(struct rs_request *request, const char *id);
struct rs_stream_record *rs_request_stream(struct rs_request *request, const char *id);
