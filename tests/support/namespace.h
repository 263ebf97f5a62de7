/* SPDX-License-Identifier: BSD-3-Clause */
/* A network namespace of the test's own, for interfaces that nobody else sees. */
#pragma once

#include <stdbool.h>

/* Enters one, as `unshare -rn` does for an ordinary user. Before EAL makes threads, which would
 * stay behind. False where the host allows none. */
bool rs_test_enter_namespace(void);

/* Runs a command; its exit code, or -1. */
int rs_test_run(const char *command);
