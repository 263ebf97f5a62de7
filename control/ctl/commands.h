/* SPDX-License-Identifier: BSD-3-Clause */
/* What rtpsealctl can do: one row per command. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "args.h"
#include "values.h"

struct rs_command;

/* Runs a command whose words and options have been checked. Returns an enum rs_exit_code. */
typedef int rs_run_fn(const struct rs_command *command, struct rs_args *args);

struct rs_command {
    const char *noun;
    const char *verb;   /* NULL: the noun is the whole command */
    const char *method; /* of the daemon, whose help is shown; NULL: none in particular */
    /* What the next word is, a name of rs_word_find; "?name": may be left out; NULL: takes none. */
    const char *word;
    /* Names of options, each after a space; "!name": must be given. */
    const char *options;
    rs_run_fn *run;
    const char *help;
};

extern const struct rs_command rs_commands[];
extern const size_t rs_command_count;

/* A word behind a command's own. */
struct rs_word {
    const char *name;      /* the param it sets */
    const char *form;      /* in help */
    rs_value_fn *set;      /* NULL: the command looks at it itself, and at one more */
    const char *completes; /* as in rs_options */
};

/* The row's word, or NULL where it takes none. *optional, if not NULL: whether it may be left out.
 */
const struct rs_word *rs_command_word(const struct rs_command *command, bool *optional);

/* The command that the words name, as far as they go; NULL where there is none. */
const struct rs_command *rs_command_match(const char *const *words, int count);

/* How many words name it. */
int rs_command_words(const struct rs_command *command);

/* "session create", or "stats". */
void rs_command_print_name(FILE *out, const struct rs_command *command);

/* Copies the next option's name of a row's list; moves *list behind it. False at the end. */
enum { RS_OPTION_NAME_MAX = 32 };
bool rs_command_next_option(const char **list, char name[RS_OPTION_NAME_MAX], bool *required);

/*
 * Finds the command that the words name and checks words and options against it; words that go
 * with the command become params. Returns it, or NULL after saying what is wrong.
 */
const struct rs_command *rs_command_find(struct rs_args *args);
