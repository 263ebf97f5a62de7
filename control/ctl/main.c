/* SPDX-License-Identifier: BSD-3-Clause */
/* rtpsealctl: parses, finds the command, runs it. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "commands.h"
#include "complete.h"
#include "exit_code.h"
#include "help.h"
#include "run.h"
#include "say.h"
#include "wipe.h"

static int print_help(const struct rs_command *command, const struct rs_args *args)
{
    rs_help_print_command(command);
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
    if (args->word_count == 0 && !args->help && args->json)
        return rs_say(RS_EXIT_USAGE, "no command; see rtpsealctl --help");
    if (args->word_count == 0) {
        rs_help_print_overview();
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
    if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
        rs_complete(argc - 2, argv + 2);
        return RS_EXIT_OK;
    }
    rs_say_init(rs_args_ask_for_json(argc, argv) ? RS_SAY_JSON : RS_SAY_TEXT);
    code = rs_args_parse(argc, argv, &args) == 0 ? run(&args) : RS_EXIT_USAGE;
    rs_args_fini(&args);
    return code;
}
