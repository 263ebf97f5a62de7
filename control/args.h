/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line and the environment. */
#pragma once

#include "control/config.h"

/* The daemon's exit codes. */
enum rs_exit {
    RS_EXIT_OK = 0,
    RS_EXIT_START_FAILED = 1,
    RS_EXIT_USAGE = 2,
    RS_EXIT_CONFIGURATION = 3,
};

enum rs_task {
    RS_TASK_RUN,
    RS_TASK_CHECK_CONFIG,
    RS_TASK_PRINT_METHODS,
    RS_TASK_PRINT_METRICS,
    RS_TASK_NONE
};

struct rs_args {
    enum rs_task task; /* NONE: help or version was printed */
    const char *config_path;
    struct rs_overrides overrides;
};

/* Returns RS_EXIT_OK, or RS_EXIT_USAGE after saying what is wrong. Borrows from argv and the
 * environment. */
enum rs_exit rs_args_parse(int argc, char **argv, struct rs_args *args);
