/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line, parsed: its words, its options, and the method's params that these make. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "secret_input.h"

#define RS_DEFAULT_SOCKET "/run/rtpseal/control.sock"

enum { RS_WORDS_MAX = 4, RS_OPTIONS_MAX = 160 };

/* Whether a change of secret is waited for until it is done; what is usual depends on --json. */
enum rs_wait { RS_WAIT_AS_USUAL, RS_WAIT_YES, RS_WAIT_NO };

struct rs_args {
    const char *words[RS_WORDS_MAX]; /* noun, verb and what follows; borrowed from argv */
    int word_count;
    const char *options[RS_OPTIONS_MAX]; /* names of those given that not every command takes */
    int option_count;

    const char *socket;
    bool json, help, version;
    bool has_secret_source;
    enum rs_secret_source secret_source;
    const char *secret_path;
    enum rs_wait wait;
    const char *file; /* "-": standard input; NULL: not given */
    bool dry_run;
    uint64_t count; /* events; 0: without end */
    json_t *params; /* owned */
};

/*
 * Parses argv. Returns 0, or -EINVAL after saying on standard error what is wrong. Either way the
 * caller ends it with rs_args_fini.
 */
int rs_args_parse(int argc, char **argv, struct rs_args *args);
void rs_args_fini(struct rs_args *args);

/* Whether "--json" is among the words, before anything else is known of them. */
bool rs_args_ask_for_json(int argc, char *const *argv);
