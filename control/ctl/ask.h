/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of the daemon whose failures become exit codes, said on standard error. */
#pragma once

#include <jansson.h>

#include "args.h"
#include "control/client.h"

/* Connects. Returns 0 with *client set, or an exit code after saying why not. */
int rs_ask_open(const struct rs_args *args, struct rs_client **client);

/* Calls a method; params are borrowed. Returns 0 with *result set, the caller's, or an exit code
 * after saying why. */
int rs_ask(struct rs_client *client, const struct rs_args *args, const char *method, json_t *params,
           json_t **result);

/* The same on a connection of its own. */
int rs_ask_once(const struct rs_args *args, const char *method, json_t *params, json_t **result);

/* Says that the connection broke, or could not be made. Returns the exit code. */
int rs_ask_say_unreachable(const struct rs_args *args, int error);

/* Says that the daemon refused. Returns the exit code. */
int rs_ask_say_refused(const char *method, const json_t *error);
