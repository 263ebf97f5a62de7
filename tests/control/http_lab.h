/* SPDX-License-Identifier: BSD-3-Clause */
/* A lab with an HTTP listener at a unix socket, and two projects: "100", and "all", whose sessions
 * are always end-to-end encrypted. */
#pragma once

#include <jansson.h>

#include "tests/control/lab.h"

/* Opens the one lab, with more lines of configuration. Aborts on failure. */
struct rs_control *http_lab_open(const char *more);
void http_lab_close(void);

/* The path of its socket. Borrowed. */
const char *http_lab_path(void);

/* A non-blocking connection, which the caller closes. */
int http_lab_dial(void);

/* Sends, lets the listener work until the answer is whole or the connection closed, and returns the
 * answer: "" for none. Valid until the next call. */
const char *http_lab_ask(int fd, const char *bytes, size_t count);

/* The status of an answer; 0: it is none. */
int http_lab_status(const char *answer);

/* The JSON of an answer's body; the caller ends the reference. */
json_t *http_lab_json(const char *answer);

/* A token of the project by OpenSSL, from `issued` seconds from now on for `lifetime` seconds.
 * Valid until the next call. */
const char *http_lab_token(const char *project, int issued, int lifetime);

/* Sends a request with a token on a connection of its own; returns the answer. `type` and `body`
 * NULL: no body. */
const char *http_lab_send(const char *method, const char *path, const char *project,
                          const char *type, const char *body);
