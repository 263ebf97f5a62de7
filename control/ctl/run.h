/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that ask the daemon one thing and print what it says. */
#pragma once

#include "commands.h"

rs_run_fn rs_run_method;  /* call and print */
rs_run_fn rs_run_stats;   /* leaves out what is zero, unless --json */
rs_run_fn rs_run_methods; /* a line for each, unless --json */
rs_run_fn rs_run_call;    /* any method, with JSON from the command line */
rs_run_fn rs_run_events;  /* prints events as they come */

/* Prints what the daemon, where one is reachable, says of the command's method. */
void rs_run_print_method_help(const struct rs_command *command, const struct rs_args *args);
