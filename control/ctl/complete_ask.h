/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that only a running daemon knows, for completion. */
#pragma once

#include <jansson.h>

/*
 * The names of `what` ("session", "stream", "link", "event" or "method") there are: a new array,
 * empty where the daemon does not answer at once. Waits for at most about a second.
 */
json_t *rs_complete_ask(const char *socket, const char *what);
