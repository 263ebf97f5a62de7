/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only user of getopt. Values are only collected here: config.c checks them.
 */
#include "args.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    OPT_CHECK = 256,
    OPT_SOCKET,
    OPT_LOG_LEVEL,
    OPT_CPUS,
    OPT_MEMORY,
    OPT_SANDBOX,
    OPT_METHODS,
    OPT_METRICS,
    OPT_VERSION
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check-config", no_argument, NULL, OPT_CHECK},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"cpus", required_argument, NULL, OPT_CPUS},
    {"memory-mb", required_argument, NULL, OPT_MEMORY},
    {"sandbox", required_argument, NULL, OPT_SANDBOX},
    {"methods", no_argument, NULL, OPT_METHODS},
    {"metrics", no_argument, NULL, OPT_METRICS},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: rtpseald [OPTION]...\n"
    "Seals and opens RTP media between the ports of its links.\n"
    "\n"
    "  -c, --config FILE   the configuration (" RS_CONFIG_PATH ")\n"
    "      --check-config  check the configuration and exit\n"
    "      --socket PATH   the control socket (" RS_SOCKET_PATH ")\n"
    "      --log-level L   error, warning, info or debug (info)\n"
    "      --cpus LIST     CPUs of the workers, such as 1,2\n"
    "      --memory-mb N   memory for packets and tables (512)\n"
    "      --sandbox YES   whether system calls and files are confined: yes or no (yes)\n"
    "      --methods       print what the control socket takes, as JSON, and exit\n"
    "      --metrics       print what metrics there are, as JSON, and exit\n"
    "      --version       print the version and exit\n"
    "  -h, --help          print this and exit\n"
    "\n"
    "Each option with a value can also be given in the environment, as RTPSEAL_CONFIG,\n"
    "RTPSEAL_SOCKET, RTPSEAL_LOG_LEVEL, RTPSEAL_CPUS, RTPSEAL_MEMORY_MB or RTPSEAL_SANDBOX. The\n"
    "command line comes before the environment, the environment before the file.\n"
    "\n"
    "Exit codes: 0 ended in order, 1 could not start, 2 wrong usage, 3 wrong configuration.\n";

static struct rs_override from_environment(const char *name)
{
    return (struct rs_override){getenv(name), name};
}

static enum rs_exit take_option(int option, struct rs_args *args)
{
    switch (option) {
    case 'c':
        args->config_path = optarg;
        return RS_EXIT_OK;
    case OPT_CHECK:
        args->task = RS_TASK_CHECK_CONFIG;
        return RS_EXIT_OK;
    case OPT_METHODS:
        args->task = RS_TASK_PRINT_METHODS;
        return RS_EXIT_OK;
    case OPT_METRICS:
        args->task = RS_TASK_PRINT_METRICS;
        return RS_EXIT_OK;
    case OPT_SOCKET:
        args->overrides.socket = (struct rs_override){optarg, "--socket"};
        return RS_EXIT_OK;
    case OPT_LOG_LEVEL:
        args->overrides.log_level = (struct rs_override){optarg, "--log-level"};
        return RS_EXIT_OK;
    case OPT_CPUS:
        args->overrides.cpus = (struct rs_override){optarg, "--cpus"};
        return RS_EXIT_OK;
    case OPT_SANDBOX:
        args->overrides.sandbox = (struct rs_override){optarg, "--sandbox"};
        return RS_EXIT_OK;
    case OPT_MEMORY:
        args->overrides.memory_mb = (struct rs_override){optarg, "--memory-mb"};
        return RS_EXIT_OK;
    default:
        fputs("Try 'rtpseald --help'.\n", stderr);
        return RS_EXIT_USAGE;
    }
}

enum rs_exit rs_args_parse(int argc, char **argv, struct rs_args *args)
{
    const char *path = getenv("RTPSEAL_CONFIG");
    enum rs_exit result = RS_EXIT_OK;
    int option;

    *args = (struct rs_args){
        .config_path = path != NULL ? path : RS_CONFIG_PATH,
        .overrides = {from_environment("RTPSEAL_SOCKET"), from_environment("RTPSEAL_LOG_LEVEL"),
                      from_environment("RTPSEAL_CPUS"), from_environment("RTPSEAL_MEMORY_MB"),
                      from_environment("RTPSEAL_SANDBOX")},
    };
    while (result == RS_EXIT_OK && (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h' || option == OPT_VERSION) {
            fputs(option == 'h' ? help : "rtpseald " RTPSEAL_VERSION "\n", stdout);
            args->task = RS_TASK_NONE;
            return RS_EXIT_OK;
        }
        result = take_option(option, args);
    }
    if (result == RS_EXIT_OK && optind < argc) {
        fprintf(stderr, "rtpseald: unexpected argument '%s'\n", argv[optind]);
        return RS_EXIT_USAGE;
    }
    return result;
}
