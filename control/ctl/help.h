/* SPDX-License-Identifier: BSD-3-Clause */
/* Help: what the tables of commands and options say, and what a running daemon adds to it. */
#pragma once

#include "commands.h"

/* "--name VALUE"; static memory, valid until the next call; NULL where there is no such option. */
const char *rs_help_option_form(const char *name);

/* All commands, and the exit codes. */
void rs_help_print_overview(void);

/* One command's usage. */
void rs_help_print_command(const struct rs_command *command);

/* What rpc_get_methods' result says of the command's method, each param with what sets it here;
 * nothing where it does not know the method. */
void rs_help_print_method(const struct rs_command *command, const json_t *methods);
