/* SPDX-License-Identifier: BSD-3-Clause */
/* From where a secret is read into the params of a call. What becomes of it is rekey.c's matter. */
#include "secret.h"

#include "ask.h"
#include "rekey.h"
#include "run.h"
#include "say.h"
#include "wipe.h"

/* Whether the session needs a secret to be connected. */
static int session_is_e2ee(const struct rs_args *args, bool *e2ee)
{
    json_t *params = json_pack("{s:O}", "session_id", json_object_get(args->params, "session_id"));
    json_t *result;
    const int code = rs_ask_once(args, "session_get", params, &result);

    json_decref(params);
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
    return rs_say(RS_EXIT_USAGE, "the secret is not valid UTF-8; nothing was sent");
}

/* Asks for a secret where none is named and the session has e2ee; without it the daemon says no. */
static int find_secret(struct rs_args *args)
{
    bool wanted = true;
    int code = RS_EXIT_OK;

    if (!args->has_secret_source)
        code = session_is_e2ee(args, &wanted);
    return code == RS_EXIT_OK && wanted ? add_secret(args) : code;
}

int rs_run_connect(const struct rs_command *command, struct rs_args *args)
{
    const int code = find_secret(args);

    return code == RS_EXIT_OK ? rs_run_method(command, args) : code;
}

int rs_run_set_secret(const struct rs_command *command, struct rs_args *args)
{
    const int code = find_secret(args);

    if (code != RS_EXIT_OK)
        return code;
    if (args->json && args->wait != RS_WAIT_YES)
        return rs_run_method(command, args);
    return rs_rekey(command->method, args);
}
