/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of commands, and the checks that follow from it. A command is added by a row; only what
 * is not call-and-print needs a function of its own.
 */
#include "commands.h"

#include <errno.h>
#include <string.h>

#include "apply.h"
#include "bundle.h"
#include "doctor.h"
#include "help.h"
#include "options.h"
#include "run.h"
#include "say.h"
#include "secret.h"
#include "top.h"
#include "why.h"

#define SECRET " secret-stdin secret-file base-key-file"
#define STREAM " !session !link !dst src vlan ssrc !pt suite replay-window id"
#define PAGE   " cursor limit"

/* clang-format off */
const struct rs_command rs_commands[] = {
    {"session", "create", "session_create", "?session_id",
     " media-mode e2ee archive-mode suite grace-ms activate-after-ms replay-window", rs_run_method,
     "make a session"},
    {"session", "connect", "session_connect", "session_id", SECRET, rs_run_connect,
     "join it, with its secret where it is e2ee"},
    {"session", "set-secret", "session_set_encryption_secret", "session_id",
     SECRET " activate-after-ms grace-ms expect-epoch wait no-wait", rs_run_set_secret,
     "change its secret while media flows, and see it through"},
    {"session", "get", "session_get", "session_id", "", rs_run_method, "its state, keys' tags and counters"},
    {"session", "list", "session_list", NULL, PAGE, rs_run_method, "all sessions"},
    {"session", "disconnect", "session_disconnect", "session_id", "", rs_run_method, "leave it: its keys are wiped"},
    {"session", "delete", "session_delete", "session_id", "", rs_run_method, "leave and forget it"},
    {"stream", "publish", "stream_publish", NULL, STREAM, rs_run_method, "seal a flow, from plain to sealed"},
    {"stream", "subscribe", "stream_subscribe", NULL, STREAM, rs_run_method, "open a flow, from sealed to plain"},
    {"stream", "update", "stream_update", "stream_id", " !pt", rs_run_method, "change its payload types while media flows"},
    {"stream", "get", "stream_get", "stream_id", "", rs_run_method, "its flow and counters"},
    {"stream", "list", "stream_list", NULL, " session" PAGE, rs_run_method, "all streams, or a session's"},
    {"stream", "delete", "stream_delete", "stream_id", "", rs_run_method, "its packets are dropped from now on"},
    {"apply", NULL, "apply_begin", NULL, " !file dry-run", rs_run_apply, "make sessions and streams what a file says"},
    {"stats", "busiest", "stats_busiest", NULL, " limit", rs_run_method, "the streams with most packets a second"},
    {"stats", NULL, "stats_get", NULL, " scope session stream", rs_run_stats, "packets and what became of them"},
    {"why", NULL, "flow_explain", "flow", " src vlan ssrc payload-type link direction", rs_run_why,
     "what happens to a packet of a flow, and why"},
    {"capture", "start", "capture_start", NULL, " stream drop direction when snap-bytes max-bytes max-packets max-seconds",
     rs_run_method, "write packets into a file of the daemon's"},
    {"capture", "stop", "capture_stop", NULL, "", rs_run_method, "end that, and say what is in the file"},
    {"capture", "status", "capture_get", NULL, "", rs_run_method, "how it stands"},
    {"events", NULL, "events_subscribe", NULL, " types from-seq instance count", rs_run_events, "follow what happens"},
    {"top", NULL, "stats_get", NULL, " interval count", rs_run_top, "what goes on, live"},
    {"doctor", NULL, NULL, NULL, " config root", rs_run_doctor,
     "what stops or slows the daemon on this host, and what mends it"},
    {"support-bundle", NULL, NULL, NULL, " output scrub-addresses config", rs_run_bundle,
     "all that helps to see what is wrong, in one document"},
    {"health", NULL, "health_get", NULL, "", rs_run_method, "whether it is ready, and what is wrong"},
    {"version", NULL, "get_version", NULL, "", rs_run_method, "the daemon's, and of what it is built on"},
    {"support", NULL, "has_end_to_end_encryption_support", NULL, "", rs_run_method, "whether this host can seal and open"},
    {"methods", NULL, "rpc_get_methods", NULL, "", rs_run_methods, "what the daemon's control socket takes"},
    {"config", "check", "config_check", NULL, "", rs_run_method, "how its configuration file differs from what runs"},
    {"reload", NULL, "config_reload", NULL, "", rs_run_method, "take from the file what can change live"},
    {"drain", NULL, "drain", NULL, " cancel", rs_run_method, "take no new sessions and streams"},
    {"log-level", NULL, "log_set_level", "level", "", rs_run_method, "how much it logs"},
    {"shutdown", NULL, "shutdown", NULL, "", rs_run_method, "end the daemon in order"},
    {"call", NULL, NULL, "method", "", rs_run_call, "any METHOD, with its params as JSON"},
};
/* clang-format on */

const size_t rs_command_count = sizeof(rs_commands) / sizeof(rs_commands[0]);

static const struct rs_word words[] = {
    {"session_id", "ID", rs_value_string, "@session"},
    {"stream_id", "ID", rs_value_string, "@stream"},
    {"level", "LEVEL", rs_value_string, "error warning info debug"},
    {"flow", "[SRC_IP:PORT>]DST_IP:PORT", rs_value_flow, NULL},
    {"method", "METHOD [JSON]", NULL, "@method"},
};

/* ---- rows --------------------------------------------------------------------------------- */

const struct rs_word *rs_command_word(const struct rs_command *command, bool *optional)
{
    const char *name = command->word;
    const bool may_lack = name != NULL && name[0] == '?';

    if (optional != NULL)
        *optional = may_lack;
    for (size_t i = 0; name != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].name, name + (may_lack ? 1 : 0)) == 0)
            return &words[i];
    }
    return NULL;
}

int rs_command_words(const struct rs_command *command)
{
    return command->verb != NULL ? 2 : 1;
}

const struct rs_command *rs_command_match(const char *const *given, int count)
{
    for (size_t i = 0; i < rs_command_count; i++) {
        const struct rs_command *command = &rs_commands[i];

        if (count >= rs_command_words(command) && strcmp(given[0], command->noun) == 0 &&
            (command->verb == NULL || strcmp(given[1], command->verb) == 0))
            return command;
    }
    return NULL;
}

void rs_command_print_name(FILE *out, const struct rs_command *command)
{
    fprintf(out, "%s%s%s", command->noun, command->verb != NULL ? " " : "",
            command->verb != NULL ? command->verb : "");
}

bool rs_command_next_option(const char **list, char name[RS_OPTION_NAME_MAX], bool *required)
{
    size_t bytes;

    *list += strspn(*list, " ");
    *required = **list == '!';
    *list += *required ? 1 : 0;
    bytes = strcspn(*list, " ");
    if (bytes == 0 || bytes >= RS_OPTION_NAME_MAX)
        return false;
    memcpy(name, *list, bytes);
    name[bytes] = '\0';
    *list += bytes;
    return true;
}

/* ---- checks ------------------------------------------------------------------------------- */

static bool takes_option(const struct rs_command *command, const char *wanted)
{
    const char *list = command->options;
    char name[RS_OPTION_NAME_MAX];
    bool required;

    while (rs_command_next_option(&list, name, &required)) {
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

static int check_options(const struct rs_command *command, const struct rs_args *args)
{
    const char *list = command->options;
    char name[RS_OPTION_NAME_MAX];
    bool required;

    for (int i = 0; i < args->option_count; i++) {
        if (!takes_option(command, args->options[i])) {
            rs_say(RS_EXIT_USAGE, "--%s does not go with \"%s%s%s\"", args->options[i],
                   command->noun, command->verb != NULL ? " " : "",
                   command->verb != NULL ? command->verb : "");
            return -EINVAL;
        }
    }
    while (rs_command_next_option(&list, name, &required)) {
        if (required && !was_given(args, name)) {
            rs_say(RS_EXIT_USAGE, "%s is missing", rs_help_option_form(name));
            return -EINVAL;
        }
    }
    return 0;
}

/* What comes behind the command's own words. A word too many is not repeated: it may be a secret.
 */
static int check_words(const struct rs_command *command, struct rs_args *args)
{
    const int behind = args->word_count - rs_command_words(command);
    bool optional;
    const struct rs_word *word = rs_command_word(command, &optional);
    const int most = word == NULL ? 0 : word->set == NULL ? 2 : 1;

    if (behind > most) {
        rs_say(RS_EXIT_USAGE, "one word too many behind %s",
               most == 0 ? "the command" : word->form);
        return -EINVAL;
    }
    if (behind == 0 && word != NULL && !optional) {
        rs_say(RS_EXIT_USAGE, "%s is missing", word->form);
        return -EINVAL;
    }
    if (behind == 0 || word->set == NULL)
        return 0;
    if (word->set(args->params, word->name, args->words[rs_command_words(command)]) != 0) {
        rs_say(RS_EXIT_USAGE, "what is given as %s is not of that form", word->form);
        return -EINVAL;
    }
    return 0;
}

const struct rs_command *rs_command_find(struct rs_args *args)
{
    const struct rs_command *command = rs_command_match(args->words, args->word_count);

    if (command == NULL) {
        rs_say(RS_EXIT_USAGE, "no such command: %s%s%s; see rtpsealctl --help", args->words[0],
               args->word_count > 1 ? " " : "", args->word_count > 1 ? args->words[1] : "");
        return NULL;
    }
    if (args->help)
        return command;
    if (check_words(command, args) != 0 || check_options(command, args) != 0)
        return NULL;
    return command;
}
