/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call of the daemon per command, errors to exit codes, and events as they come. How a result
 * looks is print.c's matter, where a secret comes from secret_input.c's.
 */
#include "run.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/client.h"
#include "exit_code.h"
#include "print.h"
#include "wipe.h"

static int say_unreachable(const struct rs_args *args, int error)
{
    const char *why = error == -EPIPE    ? "the daemon closed the connection"
                      : error == -EPROTO ? "what answers there does not speak JSON-RPC"
                                         : strerror(-error);

    fprintf(stderr, "rtpsealctl: %s: %s\n", args->socket, why);
    return RS_EXIT_UNREACHABLE;
}

static int say_refused(const struct rs_args *args, const char *method, const json_t *error)
{
    if (args->json)
        rs_print_json(stderr, error);
    else
        rs_print_error(stderr, method, error);
    return RS_EXIT_REFUSED;
}

/* Calls on an open client; 0 with *result set, or an exit code after saying why. */
static int ask(struct rs_client *client, const struct rs_args *args, const char *method,
               json_t *params, json_t **result)
{
    struct rs_client_reply reply;
    const int error = rs_client_call(client, method, params, &reply);

    if (error != 0)
        return say_unreachable(args, error);
    if (reply.error != NULL) {
        const int code = say_refused(args, method, reply.error);

        json_decref(reply.error);
        return code;
    }
    *result = reply.result;
    return RS_EXIT_OK;
}

/* Connects, calls and prints. */
static int ask_and_print(const struct rs_args *args, const char *method, json_t *params,
                         enum rs_zeros zeros)
{
    struct rs_client *client;
    json_t *result;
    int code = rs_client_open(args->socket, &client);

    if (code != 0)
        return say_unreachable(args, code);
    code = ask(client, args, method, params, &result);
    rs_client_close(client);
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

/* ---- secrets ------------------------------------------------------------------------------ */

/* Whether the session needs a secret to be connected; without a daemon's answer, it does. */
static int session_is_e2ee(const struct rs_args *args, bool *e2ee)
{
    struct rs_client *client;
    json_t *params, *result;
    int code = rs_client_open(args->socket, &client);

    if (code != 0)
        return say_unreachable(args, code);
    params = json_pack("{s:O}", "session_id", json_object_get(args->params, "session_id"));
    code = ask(client, args, "session_get", params, &result);
    json_decref(params);
    rs_client_close(client);
    if (code != RS_EXIT_OK)
        return code;
    *e2ee = json_is_true(json_object_get(result, "e2ee"));
    json_decref(result);
    return RS_EXIT_OK;
}

static int add_secret(struct rs_args *args)
{
    const char *name = args->secret_source == RS_SECRET_BASE_KEY ? "base_key" : "encryption_secret";
    char *secret = rs_secret_read(args->secret_source, args->secret_path);
    int error;

    if (secret == NULL)
        return RS_EXIT_USAGE;
    error = json_object_set_new(args->params, name, json_string(secret));
    rs_wipe_free(secret);
    if (error == 0)
        return RS_EXIT_OK;
    fputs("rtpsealctl: the secret is not valid UTF-8; nothing was sent\n", stderr);
    return RS_EXIT_USAGE;
}

int rs_run_method_with_secret(const struct rs_command *command, struct rs_args *args)
{
    bool wanted = true;
    int code = RS_EXIT_OK;

    if (!args->has_secret_source)
        code = session_is_e2ee(args, &wanted);
    if (code == RS_EXIT_OK && wanted)
        code = add_secret(args);
    return code == RS_EXIT_OK ? rs_run_method(command, args) : code;
}

/* ---- call and events ---------------------------------------------------------------------- */

/* A secret in a call's JSON would stand on the command line. */
static bool holds_secret(const json_t *params)
{
    return json_object_get(params, "encryption_secret") != NULL ||
           json_object_get(params, "base_key") != NULL;
}

int rs_run_call(const struct rs_command *command, struct rs_args *args)
{
    json_error_t where;
    json_t *params = NULL;
    int code;

    (void)command;
    if (args->word_count == 3)
        params = json_loads(args->words[2], 0, &where);
    if (args->word_count == 3 && !json_is_object(params)) {
        fprintf(stderr, "rtpsealctl: the params are no JSON object%s%s\n",
                params == NULL ? ": " : "", params == NULL ? where.text : "");
        json_decref(params);
        return RS_EXIT_USAGE;
    }
    if (holds_secret(params)) {
        fputs("rtpsealctl: a secret is never taken from the command line: use session connect or "
              "session set-secret\n",
              stderr);
        json_decref(params);
        return RS_EXIT_USAGE;
    }
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
            return say_unreachable(args, error);
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
    int code = rs_client_open(args->socket, &client);

    if (code != 0)
        return say_unreachable(args, code);
    code = ask(client, args, command->method, args->params, &result);
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

    if (command->method == NULL || rs_client_open(args->socket, &client) != 0)
        return;
    if (rs_client_call(client, "rpc_get_methods", NULL, &reply) == 0 && reply.result != NULL)
        rs_print_method(stdout, reply.result, command->method);
    json_decref(reply.result);
    json_decref(reply.error);
    rs_client_close(client);
}
