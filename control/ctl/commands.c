/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of commands, and the help and the checks that follow from it. A command is added by a
 * row; only what is not call-and-print needs a function of its own.
 */
#include "commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

#define SECRET " secret-stdin secret-file base-key-file"
#define STREAM " !session !link !dst src vlan ssrc !pt suite replay-window id"
#define PAGE   " cursor limit"

/* clang-format off */
const struct rs_command rs_commands[] = {
    {"session", "create", "session_create", "?session_id",
     " media-mode e2ee archive-mode suite grace-ms activate-after-ms replay-window", rs_run_method,
     "make a session"},
    {"session", "connect", "session_connect", "session_id", SECRET, rs_run_method_with_secret,
     "join it, with its secret where it is e2ee"},
    {"session", "set-secret", "session_set_encryption_secret", "session_id",
     SECRET " activate-after-ms grace-ms expect-epoch", rs_run_method_with_secret,
     "change its secret while media flows"},
    {"session", "get", "session_get", "session_id", "", rs_run_method, "its state, keys' tags and counters"},
    {"session", "list", "session_list", NULL, PAGE, rs_run_method, "all sessions"},
    {"session", "disconnect", "session_disconnect", "session_id", "", rs_run_method, "leave it: its keys are wiped"},
    {"session", "delete", "session_delete", "session_id", "", rs_run_method, "leave and forget it"},
    {"stream", "publish", "stream_publish", NULL, STREAM, rs_run_method, "seal a flow, from plain to sealed"},
    {"stream", "subscribe", "stream_subscribe", NULL, STREAM, rs_run_method, "open a flow, from sealed to plain"},
    {"stream", "get", "stream_get", "stream_id", "", rs_run_method, "its flow and counters"},
    {"stream", "list", "stream_list", NULL, " session" PAGE, rs_run_method, "all streams, or a session's"},
    {"stream", "delete", "stream_delete", "stream_id", "", rs_run_method, "its packets are dropped from now on"},
    {"stats", NULL, "stats_get", NULL, " scope session stream", rs_run_stats, "packets and what became of them"},
    {"events", NULL, "events_subscribe", NULL, " types from-seq count", rs_run_events, "follow what happens"},
    {"version", NULL, "get_version", NULL, "", rs_run_method, "the daemon's, and of what it is built on"},
    {"support", NULL, "has_end_to_end_encryption_support", NULL, "", rs_run_method, "whether this host can seal and open"},
    {"methods", NULL, "rpc_get_methods", NULL, "", rs_run_method, "what the daemon's control socket takes"},
    {"call", NULL, NULL, "method", "", rs_run_call, "any METHOD, with its params as JSON"},
};
/* clang-format on */

const size_t rs_command_count = sizeof(rs_commands) / sizeof(rs_commands[0]);

/* ---- options of a command ----------------------------------------------------------------- */

enum { NAME_MAX_BYTES = 32 };

/* Copies the next option's name of a row's list; moves *list behind it. False at the end. */
static bool next_option(const char **list, char name[NAME_MAX_BYTES], bool *required)
{
    size_t bytes;

    *list += strspn(*list, " ");
    *required = **list == '!';
    *list += *required ? 1 : 0;
    bytes = strcspn(*list, " ");
    if (bytes == 0 || bytes >= NAME_MAX_BYTES)
        return false;
    memcpy(name, *list, bytes);
    name[bytes] = '\0';
    *list += bytes;
    return true;
}

static bool takes_option(const struct rs_command *command, const char *wanted)
{
    const char *list = command->options;
    char name[NAME_MAX_BYTES];
    bool required;

    while (next_option(&list, name, &required)) {
        if (strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static bool was_given(const struct rs_args *args, const char *name)
{
    for (int i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i], name) == 0)
            return true;
    }
    return false;
}

static void print_name(FILE *out, const struct rs_command *command)
{
    fprintf(out, "%s%s%s", command->noun, command->verb != NULL ? " " : "",
            command->verb != NULL ? command->verb : "");
}

static int check_options(const struct rs_command *command, const struct rs_args *args)
{
    const char *list = command->options;
    char name[NAME_MAX_BYTES];
    bool required;

    for (int i = 0; i < args->option_count; i++) {
        if (!takes_option(command, args->options[i])) {
            fprintf(stderr, "rtpsealctl: --%s does not go with \"", args->options[i]);
            print_name(stderr, command);
            fputs("\"\n", stderr);
            return -EINVAL;
        }
    }
    while (next_option(&list, name, &required)) {
        if (required && !was_given(args, name)) {
            fprintf(stderr, "rtpsealctl: %s is missing\n", rs_args_option_form(name));
            return -EINVAL;
        }
    }
    return 0;
}

/* ---- words of a command ------------------------------------------------------------------- */

static int words_of(const struct rs_command *command)
{
    return command->verb != NULL ? 2 : 1;
}

static bool is_named(const struct rs_command *command, const struct rs_args *args)
{
    return args->word_count >= words_of(command) && strcmp(args->words[0], command->noun) == 0 &&
           (command->verb == NULL || strcmp(args->words[1], command->verb) == 0);
}

/* What comes behind the command's own words; "call" checks its JSON itself. */
static int check_words(const struct rs_command *command, struct rs_args *args)
{
    const int behind = args->word_count - words_of(command);
    const char *word = command->word;
    const bool optional = word != NULL && word[0] == '?';
    const int most = command->method == NULL ? 2 : word != NULL ? 1 : 0;

    if (behind > most) {
        fprintf(stderr, "rtpsealctl: %s: one word too many\n", args->words[args->word_count - 1]);
        return -EINVAL;
    }
    if (behind == 0 && word != NULL && !optional) {
        fprintf(stderr, "rtpsealctl: which %s?\n", word);
        return -EINVAL;
    }
    if (behind == 0 || command->method == NULL)
        return 0;
    if (json_object_set_new(args->params, word + (optional ? 1 : 0),
                            json_string(args->words[words_of(command)])) != 0) {
        fputs("rtpsealctl: the name is not valid UTF-8\n", stderr);
        return -EINVAL;
    }
    return 0;
}

const struct rs_command *rs_command_find(struct rs_args *args)
{
    for (size_t i = 0; i < rs_command_count; i++) {
        const struct rs_command *command = &rs_commands[i];

        if (!is_named(command, args))
            continue;
        if (args->help)
            return command;
        if (check_words(command, args) != 0 || check_options(command, args) != 0)
            return NULL;
        return command;
    }
    fprintf(stderr, "rtpsealctl: no such command: %s%s%s; see rtpsealctl --help\n", args->words[0],
            args->word_count > 1 ? " " : "", args->word_count > 1 ? args->words[1] : "");
    return NULL;
}

/* ---- help --------------------------------------------------------------------------------- */

/* "session_id" is written ID, "method" METHOD JSON. */
static void print_word(const struct rs_command *command)
{
    const char *word = command->word;

    if (word == NULL)
        return;
    if (command->method == NULL)
        printf(" METHOD [JSON]");
    else
        printf(word[0] == '?' ? " [ID]" : " ID");
}

static void print_options(const char *list)
{
    char name[NAME_MAX_BYTES];
    bool required;

    while (next_option(&list, name, &required))
        printf("  %-28s %s%s\n", rs_args_option_form(name), rs_args_option_help(name),
               required ? " (required)" : "");
}

void rs_command_print_usage(const struct rs_command *command)
{
    printf("usage: rtpsealctl ");
    print_name(stdout, command);
    print_word(command);
    printf(" [OPTION...]\n\n%s\n\n", command->help);
    print_options(command->options);
    print_options(" socket json");
}

void rs_command_print_overview(void)
{
    puts("usage: rtpsealctl COMMAND [OPTION...]\n\nAsks a running rtpseald.\n");
    for (size_t i = 0; i < rs_command_count; i++) {
        const struct rs_command *command = &rs_commands[i];

        printf("  %-8s %-11s %s\n", command->noun, command->verb != NULL ? command->verb : "",
               command->help);
    }
    puts("");
    print_options(" socket json help version");
    puts("\nrtpsealctl COMMAND --help tells a command's options; secrets are read from a prompt,\n"
         "a file or standard input, never from the command line.\n\n"
         "exit codes:\n"
         "  0  done\n"
         "  1  the daemon refused; its reason is printed\n"
         "  2  the command line, or what the secret was to be read from, is wrong\n"
         "  3  no daemon answers on the socket, or the connection broke");
}
