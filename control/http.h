/* SPDX-License-Identifier: BSD-3-Clause */
/* The HTTP listener: which request goes where. Main thread alone. */
#pragma once

struct rs_control;
struct rs_http;

/*
 * Listens where the configuration says so, if it does; reads the projects' secrets. Returns NULL
 * with errno set, after logging why.
 */
struct rs_http *rs_http_create(struct rs_control *control);

/* Closes all connections; a unix socket is unlinked. */
void rs_http_destroy(struct rs_http *http);
