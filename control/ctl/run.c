/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call of the daemon per command, and events as they come. How a result looks is print.c's
 * matter; commands that do more have files of their own.
 */
#include "run.h"

#include "ask.h"
#include "help.h"
#include "print.h"
#include "say.h"

/* How long help waits for what the daemon has to add. */
enum { HELP_TIMEOUT_MS = 1000 };

/* Calls and prints. */
static int ask_and_print(const struct rs_args *args, const char *method, json_t *params,
                         enum rs_zeros zeros)
{
    json_t *result;
    const int code = rs_ask_once(args, method, params, &result);

    if (code != RS_EXIT_OK)
        return code;
    if (args->json)
        rs_print_json(stdout, result);
    else
        rs_print_result(stdout, result, zeros);
    json_decref(result);
    return code;
}

int rs_run_method(const struct rs_command *command, struct rs_args *args)
{
    return ask_and_print(args, command->method, args->params, RS_ZEROS_SHOWN);
}

int rs_run_stats(const struct rs_command *command, struct rs_args *args)
{
    return ask_and_print(args, command->method, args->params, RS_ZEROS_HIDDEN);
}

int rs_run_methods(const struct rs_command *command, struct rs_args *args)
{
    json_t *result;
    const int code = rs_ask_once(args, command->method, args->params, &result);

    if (code != RS_EXIT_OK)
        return code;
    if (args->json)
        rs_print_json(stdout, result);
    else
        rs_print_methods(stdout, result);
    json_decref(result);
    return code;
}

/* ---- call and events ---------------------------------------------------------------------- */

int rs_run_call(const struct rs_command *command, struct rs_args *args)
{
    json_error_t where;
    json_t *params = NULL;
    int code;

    (void)command;
    if (args->word_count == 3)
        params = json_loads(args->words[2], 0, &where);
    if (args->word_count == 3 && !json_is_object(params)) {
        code = params == NULL
                   ? rs_say(RS_EXIT_USAGE, "the params are no JSON object: %s", where.text)
                   : rs_say(RS_EXIT_USAGE, "the params are no JSON object");
        json_decref(params);
        return code;
    }
    /* A secret in a call's JSON would stand on the command line. */
    if (json_object_get(params, "encryption_secret") != NULL ||
        json_object_get(params, "base_key") != NULL)
        code = rs_say(RS_EXIT_USAGE, "a secret is never taken from the command line: use session "
                                     "connect or session set-secret");
    else
        code = ask_and_print(args, args->words[1], params, RS_ZEROS_SHOWN);
    json_decref(params);
    return code;
}

static int follow(struct rs_client *client, const struct rs_args *args)
{
    for (uint64_t seen = 0; args->count == 0 || seen < args->count; seen++) {
        json_t *event;
        const int error = rs_client_next_event(client, &event);

        if (error != 0)
            return rs_ask_say_unreachable(args, error);
        if (args->json)
            rs_print_json(stdout, event);
        else
            rs_print_event(stdout, event);
        json_decref(event);
        if (fflush(stdout) != 0)
            return RS_EXIT_OK; /* nobody reads on */
    }
    return RS_EXIT_OK;
}

int rs_run_events(const struct rs_command *command, struct rs_args *args)
{
    struct rs_client *client;
    json_t *result;
    int code = rs_ask_open(args, &client);

    if (code != RS_EXIT_OK)
        return code;
    code = rs_ask(client, args, command->method, args->params, &result);
    if (code == RS_EXIT_OK) {
        json_decref(result);
        code = follow(client, args);
    }
    rs_client_close(client);
    return code;
}

void rs_run_print_method_help(const struct rs_command *command, const struct rs_args *args)
{
    struct rs_client *client;
    struct rs_client_reply reply = {0};

    if (command->method == NULL ||
        rs_client_open_within(args->socket, HELP_TIMEOUT_MS, &client) != 0)
        return;
    if (rs_client_call_within(client, "rpc_get_methods", NULL, HELP_TIMEOUT_MS, &reply) == 0)
        rs_help_print_method(command, reply.result);
    json_decref(reply.result);
    json_decref(reply.error);
    rs_client_close(client);
}
