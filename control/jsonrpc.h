/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON-RPC 2.0 envelope: a line to a call, a result or an error to a line. */
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "control/error.h"

/*
 * Makes jansson work in memory that is locked and wiped, since requests hold secrets. Once, before
 * any other use of jansson. Returns 0, or -EPERM or -ENOMEM where that memory is not locked.
 */
int rs_jsonrpc_init(void);

enum { RS_DEPTH_MAX = 16 /* of arrays and objects in a request */ };

/* One call. `root` is owned, the rest borrowed from it. */
struct rs_call {
    json_t *root;
    json_t *id; /* NULL: a notification, which gets no reply */
    const char *method;
    json_t *params; /* an object, or NULL */
};

/*
 * Parses one line without its newline. On an error *call holds what is known, its id at most, and
 * must be ended too. The line may be overwritten; the caller wipes it. Returns 0, or -1 with *error
 * set. Never says what the line holds.
 */
int rs_jsonrpc_parse(char *line, size_t bytes, struct rs_call *call, struct rs_error *error);

/* Frees a call and wipes it. */
void rs_jsonrpc_end(struct rs_call *call);

/*
 * Makes a reply line with its newline; `id` NULL stands for null. The caller frees it by
 * rs_jsonrpc_free. Returns NULL without memory.
 */
char *rs_jsonrpc_result(json_t *id, json_t *result, size_t *bytes);
char *rs_jsonrpc_error(json_t *id, const struct rs_error *error, size_t *bytes);

/* The same for a notification; steals `params`. */
char *rs_jsonrpc_notification(const char *method, json_t *params, size_t *bytes);
void rs_jsonrpc_free(char *text);
