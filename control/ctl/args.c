/* SPDX-License-Identifier: BSD-3-Clause */
/* The only user of getopt_long. Which options there are is said in options.c. */
#include "args.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "say.h"

/* For all of rs_options and the row that ends them. */
enum { OPTIONS_ROOM = 64 };

static int bad_value(const struct rs_option *option, const char *value)
{
    rs_say(RS_EXIT_USAGE, "--%s: bad value: %s", option->name, value);
    return -EINVAL;
}

static int remember(struct rs_args *args, const struct rs_option *option)
{
    if (args->option_count == RS_OPTIONS_MAX) {
        rs_say(RS_EXIT_USAGE, "too many options");
        return -E2BIG;
    }
    args->options[args->option_count++] = option->name;
    return 0;
}

static int take_secret_source(struct rs_args *args, enum rs_secret_source source, const char *path)
{
    if (args->has_secret_source) {
        rs_say(RS_EXIT_USAGE, "a secret comes from one place only");
        return -EINVAL;
    }
    args->has_secret_source = true;
    args->secret_source = source;
    args->secret_path = path;
    return 0;
}

static int refuse_secret(const char *option)
{
    rs_say(RS_EXIT_USAGE,
           "--%s: a secret is never taken from the command line, where other users, logs and the "
           "shell's history see it.\n"
           "Change that secret if it was a real one. Use --secret-stdin, --secret-file FILE, "
           "--base-key-file FILE, or the prompt.",
           option);
    return -EINVAL;
}

static int take_count(struct rs_args *args, const char *value)
{
    json_t *scratch = json_object();
    const int error = rs_value_number(scratch, "count", value);

    args->count = (uint64_t)json_integer_value(json_object_get(scratch, "count"));
    json_decref(scratch);
    return error;
}

static int take_option(struct rs_args *args, const struct rs_option *option, const char *value)
{
    switch (option->role) {
    case RS_OPTION_PARAM:
        return option->set(args->params, option->param, value) == 0 ? 0 : bad_value(option, value);
    case RS_OPTION_SOCKET:
        args->socket = value;
        return 0;
    case RS_OPTION_JSON:
        args->json = true;
        return 0;
    case RS_OPTION_HELP:
        args->help = true;
        return 0;
    case RS_OPTION_VERSION:
        args->version = true;
        return 0;
    case RS_OPTION_COUNT:
        return take_count(args, value) == 0 ? 0 : bad_value(option, value);
    case RS_OPTION_SECRET_ON_COMMAND_LINE:
        return refuse_secret(option->name);
    case RS_OPTION_SECRET_STDIN:
        return take_secret_source(args, RS_SECRET_STDIN, NULL);
    case RS_OPTION_SECRET_FILE:
        return take_secret_source(args, RS_SECRET_FILE, value);
    case RS_OPTION_BASE_KEY_FILE:
        return take_secret_source(args, RS_SECRET_BASE_KEY, value);
    case RS_OPTION_WAIT:
        args->wait = RS_WAIT_YES;
        return 0;
    case RS_OPTION_NO_WAIT:
        args->wait = RS_WAIT_NO;
        return 0;
    case RS_OPTION_FILE:
        args->file = value;
        return 0;
    case RS_OPTION_DRY_RUN:
        args->dry_run = true;
        return 0;
    }
    return -EINVAL;
}

static void fill_long_options(struct option options[OPTIONS_ROOM])
{
    for (size_t i = 0; i < rs_option_count; i++) {
        const bool bare = rs_options[i].role == RS_OPTION_SECRET_ON_COMMAND_LINE;

        options[i] = (struct option){
            .name = rs_options[i].name,
            .has_arg = bare                          ? optional_argument
                       : rs_options[i].value != NULL ? required_argument
                                                     : no_argument,
            .val = (int)i + 1,
        };
    }
    options[rs_option_count] = (struct option){0};
}

static const struct rs_option *option_of(int number)
{
    if (number == 'h')
        return rs_option_find("help");
    if (number == 'f')
        return rs_option_find("file");
    if (number == 'c')
        return rs_option_find("config");
    return &rs_options[number - 1];
}

/* The first ':' tells getopt to say nothing itself, and to tell a missing value apart. */
static int parse_options(int argc, char **argv, struct rs_args *args)
{
    struct option options[OPTIONS_ROOM];
    int number;

    assert(rs_option_count < OPTIONS_ROOM);
    fill_long_options(options);
    while ((number = getopt_long(argc, argv, ":hf:c:", options, NULL)) != -1) {
        const struct rs_option *option;

        if (number == '?' || number == ':') {
            /* Not what stands behind the '=', which may be a secret. */
            rs_say(RS_EXIT_USAGE, "%.*s: %s", (int)strcspn(argv[optind - 1], "="), argv[optind - 1],
                   number == ':' ? "its value is missing" : "no such option, or not in that form");
            return -EINVAL;
        }
        option = option_of(number);
        if (!rs_option_is_global(option) && remember(args, option) != 0)
            return -E2BIG;
        if (take_option(args, option, optarg) != 0)
            return -EINVAL;
    }
    return 0;
}

int rs_args_parse(int argc, char **argv, struct rs_args *args)
{
    *args = (struct rs_args){.params = json_object()};
    if (parse_options(argc, argv, args) != 0)
        return -EINVAL;
    if (argc - optind > RS_WORDS_MAX) {
        rs_say(RS_EXIT_USAGE, "too many words");
        return -EINVAL;
    }
    while (optind < argc)
        args->words[args->word_count++] = argv[optind++];
    if (args->socket == NULL)
        args->socket = getenv("RTPSEAL_SOCKET");
    if (args->socket == NULL)
        args->socket = RS_DEFAULT_SOCKET;
    return 0;
}

void rs_args_fini(struct rs_args *args)
{
    json_decref(args->params);
}

bool rs_args_ask_for_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}
