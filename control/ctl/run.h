/* SPDX-License-Identifier: BSD-3-Clause */
/* What commands do: ask the daemon, print what it says. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_method;             /* call and print */
rs_run_fn rs_run_method_with_secret; /* likewise, a secret or base key among the params */
rs_run_fn rs_run_stats;              /* leaves out what is zero, unless --json */
rs_run_fn rs_run_call;               /* any method, with JSON from the command line */
rs_run_fn rs_run_events;             /* prints events as they come */

/* Prints what the daemon, where one is reachable, says of the command's method. */
void rs_run_print_method_help(const struct rs_command *command, const struct rs_args *args);
