/* SPDX-License-Identifier: BSD-3-Clause */
/* The system calls that are left to a running daemon. */
#pragma once

/*
 * From here on, for all threads: a system call that is not on the list fails with EPERM, and one
 * that only an intruder makes ends the process. `loads`: one more that is on it, or NULL first:
 * what takes programs out of the kernel. no_new_privs must be set. Cold. Returns 0 or -errno.
 */
int rs_sandbox_filter_calls(const char *const *loads);
