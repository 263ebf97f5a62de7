/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the daemon's control socket: calls, replies and events, one connection each. Knows
 * JSON-RPC and nothing of the methods. One thread per client at a time.
 */
#pragma once

#include <jansson.h>

struct rs_client;

/* Exactly one of the two is set; both belong to the caller. */
struct rs_reply {
    json_t *result;
    json_t *error; /* the JSON-RPC error object */
};

/* Connects to the socket at `path`. Blocks. Returns 0 with *client set, or -errno. */
int rs_client_open(const char *path, struct rs_client **client);
void rs_client_close(struct rs_client *client);

/*
 * Calls a method and waits for its reply. `params` is an object, borrowed, may be NULL. What was
 * sent is wiped. Returns 0 with *reply set, or -errno: -EPIPE where the daemon closed the
 * connection, -EPROTO where it answered with something that is no JSON-RPC.
 */
int rs_client_call(struct rs_client *client, const char *method, json_t *params,
                   struct rs_reply *reply);

/*
 * Waits for the next event after a call of events_subscribe; those that came in between are kept.
 * Returns 0 with *event set to the notification's params, the caller's; or -errno as above.
 */
int rs_client_next_event(struct rs_client *client, json_t **event);
