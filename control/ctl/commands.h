/* SPDX-License-Identifier: BSD-3-Clause */
/* What rtpsealctl can do: one row per command. */
#pragma once

#include <stddef.h>

#include "args.h"

struct rs_command;

/* Runs a command whose words and options have been checked. Returns an enum rs_exit_code. */
typedef int rs_run_fn(const struct rs_command *command, struct rs_args *args);

struct rs_command {
    const char *noun;
    const char *verb;   /* NULL: the noun is the whole command */
    const char *method; /* of the daemon; NULL where it is the first word */
    /* The param that the next word sets; "?name": may be left out; NULL: takes none. */
    const char *word;
    /* Names of options, each after a space; "!name": must be given. */
    const char *options;
    rs_run_fn *run;
    const char *help;
};

extern const struct rs_command rs_commands[];
extern const size_t rs_command_count;

/*
 * Finds the command that the words name and checks words and options against it; words that go
 * with the command become params. Returns it, or NULL after saying what is wrong.
 */
const struct rs_command *rs_command_find(struct rs_args *args);

/* Prints all commands, and the exit codes; or one command's usage. */
void rs_command_print_overview(void);
void rs_command_print_usage(const struct rs_command *command);
