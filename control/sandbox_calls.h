/* SPDX-License-Identifier: BSD-3-Clause */
/* The system calls that are left to a running daemon. */
#pragma once

#include <stdbool.h>

/*
 * From here on, for all threads: a system call that is not on the list fails with EPERM, and one
 * that only an intruder makes ends the process. `unloads`: there are programs in the kernel to be
 * taken out at the end. no_new_privs must be set. Cold; allocates nothing. Returns 0 or -errno.
 */
int rs_sandbox_filter_calls(bool unloads);
