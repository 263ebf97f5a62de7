/* SPDX-License-Identifier: BSD-3-Clause */
/* One HTTP request and its one answer, as the handlers of routes see them. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <event2/http.h>

#include "control/counts.h"
#include "control/error.h"

struct rs_control;
struct rs_projects;

/* Those that are answered with; evhttp has names for some of them only. */
enum rs_http_status {
    RS_HTTP_OK = 200,
    RS_HTTP_BAD_REQUEST = 400,
    RS_HTTP_FORBIDDEN = 403,
    RS_HTTP_NOT_FOUND = 404,
    RS_HTTP_BAD_METHOD = 405,
    RS_HTTP_CONFLICT = 409,
    RS_HTTP_BAD_TYPE = 415,
    RS_HTTP_TOO_MANY = 429,
    RS_HTTP_INTERNAL = 500,
    RS_HTTP_NOT_IMPLEMENTED = 501,
    RS_HTTP_UNAVAILABLE = 503,
};

/* Requests that no token speaks for, for the log: one line a second at most. Owner: the listener.
 */
struct rs_denials {
    uint64_t count;   /* not said yet */
    uint64_t said_ms; /* when last */
};

/* For the time of the handler, which answers exactly once before it returns. All is borrowed. */
struct rs_exchange {
    struct rs_control *control;
    const struct rs_projects *projects;
    struct rs_denials *denials;
    struct evhttp_request *request;
    enum rs_resource resource; /* as it is counted */
    const char *path;          /* as sent, never NULL */
    const char *query;         /* what follows a question mark, or NULL */
    const char *body;
    size_t body_bytes;
};

typedef void rs_exchange_fn(struct rs_exchange *exchange);

/* How many headers of that name there are; *value is that of the last, unless there is none. */
unsigned int rs_exchange_count_headers(const struct rs_exchange *exchange, const char *name,
                                       const char **value);

/* The header's value; NULL where it is not there, or there more than once. */
const char *rs_exchange_header(const struct rs_exchange *exchange, const char *name);

/* Whether the header Content-Type names this type, with or without parameters. */
bool rs_exchange_is_type(const struct rs_exchange *exchange, const char *type);

/* Answers with JSON, which is stolen. */
void rs_exchange_reply(struct rs_exchange *exchange, enum rs_http_status status, json_t *body);

/* Answers with text of that type; drains `body`. */
void rs_exchange_reply_text(struct rs_exchange *exchange, enum rs_http_status status,
                            const char *type, struct evbuffer *body);

/* Answers {"code", "message", "reason"}: of an error that the control socket knows too. */
void rs_exchange_fail(struct rs_exchange *exchange, enum rs_http_status status,
                      const struct rs_error *error);

/* Likewise for what only HTTP knows: BAD_REQUEST, NOT_FOUND, BAD_METHOD, BAD_TYPE, INTERNAL and
 * NOT_IMPLEMENTED. The code is the status. */
void rs_exchange_refuse(struct rs_exchange *exchange, enum rs_http_status status,
                        const char *message);
