/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is left of the kernel to a running daemon, whoever should come to run code in it: the system
 * calls that it makes (seccomp), and the directories where it makes files (landlock). Cold; main
 * thread, last before the first client.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rs_config;

struct rs_sandbox {
    bool filtered; /* system calls, on every thread */
    bool confined; /* files, on the main thread; the kernel must have landlock */
};

/*
 * From here on, for all threads: a system call that is not on the list fails with EPERM, and one
 * that only an intruder makes (another program, another process's memory, mounts, modules) ends the
 * process. For the main thread and those that it makes: nothing is written, made or removed but in
 * the directories of the configuration's sockets and DPDK's. no_new_privs must be set. Returns 0,
 * or -errno after logging it. Not in builds with sanitizers, which need more: 0, and nothing is.
 */
int rs_sandbox_enter(const struct rs_config *config, struct rs_sandbox *entered);
