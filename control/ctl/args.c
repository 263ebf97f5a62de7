/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All options of all commands in one table, and the only user of getopt_long. Which command takes
 * which of them is said in commands.c.
 */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

#define DEFAULT_SOCKET "/run/rtpseal/control.sock"

/* What a row does with its value: a param of the method, or something of our own. */
enum role {
    ROLE_PARAM,
    ROLE_SOCKET,
    ROLE_JSON,
    ROLE_HELP,
    ROLE_VERSION,
    ROLE_COUNT,
    ROLE_SECRET_ON_COMMAND_LINE,
    ROLE_SECRET_STDIN,
    ROLE_SECRET_FILE,
    ROLE_BASE_KEY_FILE,
};

struct row {
    const char *name;
    const char *value; /* what stands for the value in help; NULL: takes none */
    enum role role;
    rs_value_fn *set;
    const char *param;
    const char *help;
};

/* clang-format off */
static const struct row rows[] = {
    {"socket", "PATH", ROLE_SOCKET, NULL, NULL, "the control socket (or $RTPSEAL_SOCKET)"},
    {"json", NULL, ROLE_JSON, NULL, NULL, "print the daemon's result as it is"},
    {"help", NULL, ROLE_HELP, NULL, NULL, "how to use it"},
    {"version", NULL, ROLE_VERSION, NULL, NULL, "of rtpsealctl"},
    {"count", "N", ROLE_COUNT, NULL, NULL, "stop after N events"},
    {"secret", "", ROLE_SECRET_ON_COMMAND_LINE, NULL, NULL, NULL},
    {"encryption-secret", "", ROLE_SECRET_ON_COMMAND_LINE, NULL, NULL, NULL},
    {"base-key", "", ROLE_SECRET_ON_COMMAND_LINE, NULL, NULL, NULL},
    {"secret-stdin", NULL, ROLE_SECRET_STDIN, NULL, NULL, "the secret is standard input's first line"},
    {"secret-file", "FILE", ROLE_SECRET_FILE, NULL, NULL, "the secret is the file's first line"},
    {"base-key-file", "FILE", ROLE_BASE_KEY_FILE, NULL, NULL, "a base key instead: 64 to 128 hex digits"},
    {"media-mode", "MODE", ROLE_PARAM, rs_value_string, "media_mode", "routed or relayed"},
    {"e2ee", NULL, ROLE_PARAM, rs_value_true, "e2ee", "media is end-to-end encrypted"},
    {"archive-mode", "MODE", ROLE_PARAM, rs_value_string, "archive_mode", "manual or always"},
    {"suite", "NAME", ROLE_PARAM, rs_value_string, "suite", "the cipher suite"},
    {"grace-ms", "MS", ROLE_PARAM, rs_value_number, "grace_ms", "how long an old secret still opens"},
    {"activate-after-ms", "MS", ROLE_PARAM, rs_value_number, "activate_after_ms", "when a new secret starts to seal"},
    {"replay-window", "N", ROLE_PARAM, rs_value_number, "replay_window", "packets: 64 to 8192, or 0 for none"},
    {"expect-epoch", "N", ROLE_PARAM, rs_value_number, "expect_epoch", "refuse if another secret came in between"},
    {"session", "ID", ROLE_PARAM, rs_value_string, "session_id", "the session"},
    {"stream", "ID", ROLE_PARAM, rs_value_string, "stream_id", "the stream"},
    {"id", "ID", ROLE_PARAM, rs_value_string, "stream_id", "the new stream's name"},
    {"link", "NAME", ROLE_PARAM, rs_value_string, "link", "the link, as in the configuration"},
    {"dst", "IP:PORT", ROLE_PARAM, rs_value_flow_dst, "flow", "where its packets go; [IPv6]:PORT"},
    {"src", "IP:PORT", ROLE_PARAM, rs_value_flow_src, "flow", "where they come from; any if left out"},
    {"vlan", "N", ROLE_PARAM, rs_value_flow_vlan, "flow", "their VLAN; untagged if left out"},
    {"ssrc", "N,...", ROLE_PARAM, rs_value_numbers, "ssrc", "their SSRCs; any if left out"},
    {"pt", "N=CODEC", ROLE_PARAM, rs_value_payload_type, "payload_types", "a payload type: 96=VP8 or 97=rtx:96; as often as needed"},
    {"scope", "SCOPE", ROLE_PARAM, rs_value_string, "scope", "daemon, port, worker, session or stream"},
    {"types", "TYPE,...", ROLE_PARAM, rs_value_strings, "types", "only these events"},
    {"from-seq", "N", ROLE_PARAM, rs_value_number, "from_seq", "those kept since number N first"},
    {"cursor", "CURSOR", ROLE_PARAM, rs_value_string, "cursor", "go on where the last page ended"},
    {"limit", "N", ROLE_PARAM, rs_value_number, "limit", "entries in a page"},
};
/* clang-format on */

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

static int bad_value(const struct row *row, const char *value)
{
    fprintf(stderr, "rtpsealctl: --%s: bad value: %s\n", row->name, value);
    return -EINVAL;
}

static bool is_global(const struct row *row)
{
    return row->role == ROLE_SOCKET || row->role == ROLE_JSON || row->role == ROLE_HELP ||
           row->role == ROLE_VERSION;
}

static int remember(struct rs_args *args, const struct row *row)
{
    if (args->option_count == RS_OPTIONS_MAX) {
        fputs("rtpsealctl: too many options\n", stderr);
        return -E2BIG;
    }
    args->options[args->option_count++] = row->name;
    return 0;
}

static int take_secret_source(struct rs_args *args, enum rs_secret_source source, const char *path)
{
    if (args->has_secret_source) {
        fputs("rtpsealctl: a secret comes from one place only\n", stderr);
        return -EINVAL;
    }
    args->has_secret_source = true;
    args->secret_source = source;
    args->secret_path = path;
    return 0;
}

static int refuse_secret(const char *option)
{
    fprintf(stderr,
            "rtpsealctl: --%s: a secret is never taken from the command line, where other users, "
            "logs and the shell's history see it.\n"
            "Change that secret if it was a real one. Use --secret-stdin, --secret-file FILE, "
            "--base-key-file FILE, or the prompt.\n",
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

static int take_option(struct rs_args *args, const struct row *row, const char *value)
{
    switch (row->role) {
    case ROLE_PARAM:
        return row->set(args->params, row->param, value) == 0 ? 0 : bad_value(row, value);
    case ROLE_SOCKET:
        args->socket = value;
        return 0;
    case ROLE_JSON:
        args->json = true;
        return 0;
    case ROLE_HELP:
        args->help = true;
        return 0;
    case ROLE_VERSION:
        args->version = true;
        return 0;
    case ROLE_COUNT:
        return take_count(args, value) == 0 ? 0 : bad_value(row, value);
    case ROLE_SECRET_ON_COMMAND_LINE:
        return refuse_secret(row->name);
    case ROLE_SECRET_STDIN:
        return take_secret_source(args, RS_SECRET_STDIN, NULL);
    case ROLE_SECRET_FILE:
        return take_secret_source(args, RS_SECRET_FILE, value);
    case ROLE_BASE_KEY_FILE:
        return take_secret_source(args, RS_SECRET_BASE_KEY, value);
    }
    return -EINVAL;
}

static void fill_long_options(struct option options[ROWS + 1])
{
    for (int i = 0; i < ROWS; i++) {
        const bool bare = rows[i].role == ROLE_SECRET_ON_COMMAND_LINE;

        options[i] = (struct option){
            .name = rows[i].name,
            .has_arg = bare                    ? optional_argument
                       : rows[i].value != NULL ? required_argument
                                               : no_argument,
            .val = i + 1,
        };
    }
    options[ROWS] = (struct option){0};
}

static int parse_options(int argc, char **argv, struct rs_args *args)
{
    struct option options[ROWS + 1];
    int number;

    fill_long_options(options);
    while ((number = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        const struct row *row = number == 'h' ? find_row("help") : &rows[number - 1];

        if (number == '?')
            return -EINVAL;
        if (!is_global(row) && remember(args, row) != 0)
            return -E2BIG;
        if (take_option(args, row, optarg) != 0)
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
        fputs("rtpsealctl: too many words\n", stderr);
        return -EINVAL;
    }
    while (optind < argc)
        args->words[args->word_count++] = argv[optind++];
    if (args->socket == NULL)
        args->socket = getenv("RTPSEAL_SOCKET");
    if (args->socket == NULL)
        args->socket = DEFAULT_SOCKET;
    return 0;
}

void rs_args_fini(struct rs_args *args)
{
    json_decref(args->params);
}

const char *rs_args_option_form(const char *name)
{
    static char form[64];
    const struct row *row = find_row(name);

    if (row == NULL)
        return NULL;
    snprintf(form, sizeof(form), "--%s%s%s", row->name, row->value != NULL ? " " : "",
             row->value != NULL ? row->value : "");
    return form;
}

const char *rs_args_option_help(const char *name)
{
    const struct row *row = find_row(name);

    return row != NULL ? row->help : NULL;
}
