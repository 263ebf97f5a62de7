/* SPDX-License-Identifier: BSD-3-Clause */
/* A control plane in the test's own process, on the dataplane without packets. */
#pragma once

#include <jansson.h>

#include "control/control.h"
#include "control/request.h"

/* Opens the one lab with link "edge0" (198.51.100.0/24, ports 10000 to 59999) and at most 4
 * sessions and 3 streams; its socket is at the returned control's config->socket_path. Aborts on
 * failure. */
struct rs_control *lab_open(void);

/* The same with more lines of configuration. */
struct rs_control *lab_open_with(const char *more);
void lab_close(void);

/* Runs the event loop for about `ms` milliseconds. */
void lab_run_ms(int ms);

/* A request as an admin that rs_request_run can be given; the caller frees it. */
struct rs_request *lab_prepare(const char *method, const char *params);

/* Starts a request as an admin; its reply is kept. `params` is JSON with ' for ". */
struct rs_request *lab_start(const char *method, const char *params);

/* Whether it has been answered. */
bool lab_is_done(const struct rs_request *request);

/* Runs a request to its end. Returns "ok" or the reason; valid until the next call. */
const char *lab_call(const char *method, const char *params);

/* The result or error of the last lab_call. Borrowed. */
const json_t *lab_result(void);
const struct rs_error *lab_error(void);

/* How many events of this type there were since the lab was opened, and the last one's params. */
unsigned int lab_event_count(const char *type);
const json_t *lab_last_event(const char *type);
