/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the client library and the commands: which error is which exit code, and its words. */
#include "ask.h"

#include <stdio.h>

#include "print.h"
#include "progress.h"
#include "say.h"

int rs_ask_say_unreachable(const struct rs_args *args, int error)
{
    return rs_say(RS_EXIT_UNREACHABLE, "%s: %s", args->socket, rs_client_error_text(error));
}

int rs_ask_say_refused(const char *method, const json_t *error)
{
    rs_progress_end();
    if (rs_say_form() == RS_SAY_JSON)
        rs_print_json(stderr, error);
    else
        rs_print_error(stderr, method, error);
    return RS_EXIT_REFUSED;
}

int rs_ask_open(const struct rs_args *args, struct rs_client **client)
{
    const int error = rs_client_open(args->socket, client);

    return error == 0 ? RS_EXIT_OK : rs_ask_say_unreachable(args, error);
}

int rs_ask(struct rs_client *client, const struct rs_args *args, const char *method, json_t *params,
           json_t **result)
{
    struct rs_client_reply reply;
    const int error = rs_client_call(client, method, params, &reply);
    int code;

    if (error != 0)
        return rs_ask_say_unreachable(args, error);
    if (reply.error == NULL) {
        *result = reply.result;
        return RS_EXIT_OK;
    }
    code = rs_ask_say_refused(method, reply.error);
    json_decref(reply.error);
    return code;
}

int rs_ask_once(const struct rs_args *args, const char *method, json_t *params, json_t **result)
{
    struct rs_client *client;
    int code = rs_ask_open(args, &client);

    if (code != RS_EXIT_OK)
        return code;
    code = rs_ask(client, args, method, params, result);
    rs_client_close(client);
    return code;
}
