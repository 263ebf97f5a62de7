/* SPDX-License-Identifier: BSD-3-Clause */
/* All options of all commands in one table. Which command takes which is said in commands.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "values.h"

/* What an option does with its value: a param of the method, or something of our own. */
enum rs_option_role {
    RS_OPTION_PARAM,
    RS_OPTION_SOCKET,
    RS_OPTION_JSON,
    RS_OPTION_HELP,
    RS_OPTION_VERSION,
    RS_OPTION_COUNT,
    RS_OPTION_SECRET_ON_COMMAND_LINE,
    RS_OPTION_SECRET_STDIN,
    RS_OPTION_SECRET_FILE,
    RS_OPTION_BASE_KEY_FILE,
    RS_OPTION_WAIT,
    RS_OPTION_NO_WAIT,
    RS_OPTION_FILE,
    RS_OPTION_DRY_RUN,
};

struct rs_option {
    const char *name;
    const char *value; /* what stands for the value in help; NULL: takes none */
    enum rs_option_role role;
    rs_value_fn *set;  /* RS_OPTION_PARAM: how */
    const char *param; /* the param that it sets, itself or by what is read; NULL: none */
    /* What completes the value: words after spaces, or "@" and what is asked for (complete.c). */
    const char *completes;
    const char *help; /* NULL: never shown */
};

extern const struct rs_option rs_options[];
extern const size_t rs_option_count;

/* NULL where there is none of that name. */
const struct rs_option *rs_option_find(const char *name);

/* Whether it goes with every command. */
bool rs_option_is_global(const struct rs_option *option);
