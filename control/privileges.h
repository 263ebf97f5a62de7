/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the process may do once everything is open: another user, no capabilities. Cold; main
 * thread, after all that needs rights and before the first client.
 */
#pragma once

#include <stdbool.h>

/* What a line of log, or a person, is told of it. */
struct rs_privileges {
    bool switched;   /* to the configured user */
    bool may_lock;   /* CAP_IPC_LOCK was kept: RLIMIT_MEMLOCK is not unlimited */
    bool may_unload; /* so were CAP_NET_ADMIN and CAP_BPF, on the main thread */
};

struct rs_config;

/* Whether a port has a program of its own in the kernel (AF_XDP), which has to be unloaded at the
 * end. */
bool rs_privileges_has_program(const struct rs_config *config);

/* The signal by which threads are told: one that blocks all others leaves it open. */
int rs_privileges_signal(void);

/*
 * Becomes the configured user with its groups, on every thread (none: stays who it is), takes every
 * capability from every thread, out of the bounding set too, and forbids to gain any
 * (no_new_privs). Raises RLIMIT_MEMLOCK before, where it may; where not, CAP_IPC_LOCK is kept, and
 * on the main thread what unloads programs where there are any. Returns 0, or -errno after logging
 * what could not be done: nothing must be served then.
 */
int rs_privileges_drop(const struct rs_config *config, struct rs_privileges *dropped);
