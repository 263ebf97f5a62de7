/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of rtpseald's control socket: calls, their replies, and events, over one connection.
 * It speaks JSON-RPC 2.0 as the daemon does and knows nothing of the methods: rtpseal-rpc(7) has
 * them.
 *
 *     struct rs_client *client;
 *     struct rs_client_reply reply;
 *     int error = rs_client_open("/run/rtpseal/control.sock", &client);
 *
 *     if (error == 0)
 *         error = rs_client_call(client, "get_version", NULL, &reply);
 *
 * Functions return 0 or a negative errno value, and set what they return only with 0:
 *   -ETIMEDOUT  nothing came in time; the connection goes on
 *   -EINVAL, -ENOMEM  nothing was sent, or nothing taken; the connection goes on
 *   -EPIPE      the daemon has closed the connection
 *   -EPROTO     what came is no JSON-RPC of the daemon's
 *   others      as connect(2), send(2) and recv(2) have them
 * After any but the first three the client is good for rs_client_close alone, and says the same
 * again. A client is for one thread at a time; different clients have nothing in common.
 *
 * Timeouts are in milliseconds; RS_CLIENT_FOREVER waits as long as it takes, 0 not at all.
 *
 * Secrets: what a call sends is wiped as soon as it is sent. The params are the caller's: with
 * json_set_alloc_funcs, jansson's own memory can be wiped as well. No reply holds a secret.
 */
#pragma once

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RS_CLIENT_FOREVER (-1)

struct rs_client;

/* Exactly one of the two is set; both belong to the caller, who ends them with json_decref. */
struct rs_client_reply {
    json_t *result; /* what the method answered */
    json_t *error;  /* a JSON-RPC error: "code", "message", "data" with "reason", "retryable" and,
                       where one parameter is to blame, "param" */
};

/*
 * Connects to the socket at `path`. Waits where too many others connect at the same time.
 * -ENAMETOOLONG: no socket can have that path. The caller ends *client with rs_client_close.
 */
int rs_client_open(const char *path, struct rs_client **client);
int rs_client_open_within(const char *path, int timeout_ms, struct rs_client **client);

/* Ends the connection, and with it a subscription and a transaction that has not been committed;
 * everything else that was asked for stands. NULL is nothing to close. */
void rs_client_close(struct rs_client *client);

/*
 * Calls a method and waits for its reply. `params` is an object, borrowed; NULL: none. Events that
 * arrive before the reply are kept for rs_client_next_event, without limit. After -ETIMEDOUT the
 * daemon may still do what it was asked; its reply is then thrown away. -EPIPE also where the
 * time was over while the request was only half sent.
 */
int rs_client_call(struct rs_client *client, const char *method, json_t *params,
                   struct rs_client_reply *reply);
int rs_client_call_within(struct rs_client *client, const char *method, json_t *params,
                          int timeout_ms, struct rs_client_reply *reply);

/*
 * Waits for the next event, in the daemon's order, after a call of events_subscribe. *event is the
 * notification's params, "type" among them; the caller's to json_decref.
 */
int rs_client_next_event(struct rs_client *client, json_t **event);
int rs_client_next_event_within(struct rs_client *client, int timeout_ms, json_t **event);

/*
 * The connection's descriptor, for poll(2) and event loops: to wait on until it is readable,
 * nothing else. When it is, and also after every call, take events by rs_client_next_event_within
 * with a timeout of 0 until it says -ETIMEDOUT: several may have come at once, or with a reply.
 */
int rs_client_fd(const struct rs_client *client);

/* What an error of these functions means, in words. Static memory. */
const char *rs_client_error_text(int error);

#ifdef __cplusplus
}
#endif
