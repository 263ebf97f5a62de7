/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of the HTTP listener: how many there may be, and for how long each may keep the
 * daemon waiting. Main thread alone. */
#pragma once

#include <event2/http.h>

struct evconnlistener;
struct rs_http_clients;

enum {
    RS_HTTP_CLIENTS_MAX = 256,
    RS_HTTP_PATIENCE_MS = 10000, /* for a whole request to come, and for a reply to be taken */
};

/*
 * Watches the connections that `http` accepts from `listener`, both borrowed. Where there are as
 * many as there may be, a new one takes the place of the one that has kept the daemon waiting for
 * longest. Returns NULL without memory.
 */
struct rs_http_clients *rs_http_clients_create(struct event_base *base, struct evhttp *http,
                                               struct evconnlistener *listener);

/* Call it after evhttp_free, which closes the connections. */
void rs_http_clients_destroy(struct rs_http_clients *clients);

/* A whole request has come, and is about to be answered. */
void rs_http_clients_note_request(struct rs_http_clients *clients, struct evhttp_request *request);
