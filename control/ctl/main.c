/* SPDX-License-Identifier: BSD-3-Clause */
/* rtpsealctl: parses, finds the command, runs it. */
#include <stdio.h>

#include "args.h"
#include "commands.h"
#include "exit_code.h"
#include "run.h"
#include "wipe.h"

static int print_help(const struct rs_command *command, const struct rs_args *args)
{
    rs_command_print_usage(command);
    rs_run_print_method_help(command, args);
    return RS_EXIT_OK;
}

static int run(struct rs_args *args)
{
    const struct rs_command *command;

    if (args->version) {
        puts("rtpsealctl " RTPSEAL_VERSION);
        return RS_EXIT_OK;
    }
    if (args->word_count == 0) {
        rs_command_print_overview();
        return args->help ? RS_EXIT_OK : RS_EXIT_USAGE;
    }
    command = rs_command_find(args);
    if (command == NULL)
        return RS_EXIT_USAGE;
    return args->help ? print_help(command, args) : command->run(command, args);
}

int main(int argc, char **argv)
{
    struct rs_args args;
    int code;

    rs_wipe_init();
    code = rs_args_parse(argc, argv, &args) == 0 ? run(&args) : RS_EXIT_USAGE;
    rs_args_fini(&args);
    return code;
}
