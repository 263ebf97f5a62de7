/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transaction: begin, add in pieces, commit, on one connection, whose end is the end of what
 * has not been committed.
 */
#include "apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply_file.h"
#include "apply_print.h"
#include "ask.h"
#include "print.h"
#include "progress.h"
#include "say.h"

enum { PAGE_ENTRIES = 1000 };

struct apply {
    const struct rs_args *args;
    struct rs_client *client;
    struct rs_apply_file file;
    json_t *txn; /* what apply_begin gave it as */
};

/* ---- errors in the file's own terms --------------------------------------------------------- */

/* Replaces what the message has of `param`. A new string, or NULL where it has none of it. */
static char *message_with(const char *message, const char *param, const char *place)
{
    const char *found = message != NULL ? strstr(message, param) : NULL;
    char *text;

    if (found == NULL || asprintf(&text, "%.*s%s%s", (int)(found - message), message, place,
                                  found + strlen(param)) < 0)
        return NULL;
    return text;
}

/* The error blames an entry of one request: makes it blame that of the file. */
static void place_in_file(json_t *error, enum rs_apply_kind kind, size_t first)
{
    json_t *data = json_object_get(error, "data");
    const char *param = json_string_value(json_object_get(data, "param"));
    char *place = rs_apply_file_place(kind, first, param), *message;

    if (place == NULL)
        return;
    message = message_with(json_string_value(json_object_get(error, "message")), param, place);
    if (message != NULL)
        json_object_set_new(error, "message", json_string(message));
    json_object_set_new(data, "param", json_string(place));
    free(message);
    free(place);
}

/* ---- the pieces --------------------------------------------------------------------------- */

/* Adds entries that begin at `first` of the file's list. The array is taken over. */
static int add_chunk(struct apply *apply, enum rs_apply_kind kind, size_t first, json_t *chunk)
{
    json_t *params = json_pack("{s:O, s:o}", "txn", apply->txn, rs_apply_kind_name(kind), chunk);
    struct rs_client_reply reply;
    const int error = rs_client_call(apply->client, "apply_add", params, &reply);
    int code = RS_EXIT_OK;

    json_decref(params);
    if (error != 0)
        return rs_ask_say_unreachable(apply->args, error);
    if (reply.error != NULL) {
        place_in_file(reply.error, kind, first);
        code = rs_ask_say_refused("apply_add", reply.error);
    }
    json_decref(reply.error);
    json_decref(reply.result);
    return code;
}

static int add_all(struct apply *apply)
{
    const size_t all = rs_apply_file_count(&apply->file, RS_APPLY_SESSIONS) +
                       rs_apply_file_count(&apply->file, RS_APPLY_STREAMS);
    int code = RS_EXIT_OK;
    size_t sent = 0;

    for (int kind = 0; kind < RS_APPLY_KINDS && code == RS_EXIT_OK; kind++) {
        size_t next = 0, first = 0;
        json_t *chunk;

        while (code == RS_EXIT_OK &&
               (chunk = rs_apply_file_chunk(&apply->file, kind, &next)) != NULL) {
            rs_progress_show("%s %zu of %zu sessions and streams sent", rs_progress_bar(sent, all),
                             sent, all);
            code = add_chunk(apply, kind, first, chunk);
            sent += next - first;
            first = next;
        }
    }
    return code;
}

/* ---- begin and commit ----------------------------------------------------------------------- */

static int begin(struct apply *apply)
{
    json_t *params = apply->args->dry_run ? json_pack("{s:b}", "dry_run", 1) : json_object();
    json_t *result;
    int code = rs_ask(apply->client, apply->args, "apply_begin", params, &result);

    json_decref(params);
    if (code != RS_EXIT_OK)
        return code;
    apply->txn = json_incref(json_object_get(result, "txn"));
    json_decref(result);
    if (apply->txn == NULL)
        code = rs_ask_say_unreachable(apply->args, -EPROTO);
    return code;
}

/* One page of a dry run, or the commit; the differences are added to those of *whole. */
static int commit_page(struct apply *apply, const json_t *cursor, json_t **whole)
{
    json_t *params = json_pack("{s:O}", "txn", apply->txn), *page;
    int code;

    if (apply->args->dry_run)
        json_object_update_new(params,
                               json_pack("{s:b, s:i}", "dry_run", 1, "limit", PAGE_ENTRIES));
    if (cursor != NULL)
        json_object_set(params, "cursor", (json_t *)(uintptr_t)cursor);
    code = rs_ask(apply->client, apply->args, "apply_commit", params, &page);
    json_decref(params);
    if (code != RS_EXIT_OK)
        return code;
    if (*whole == NULL) {
        *whole = page;
        return RS_EXIT_OK;
    }
    json_array_extend(json_object_get(*whole, "differences"), json_object_get(page, "differences"));
    json_object_del(*whole, "cursor");
    if (json_object_get(page, "cursor") != NULL)
        json_object_set(*whole, "cursor", json_object_get(page, "cursor"));
    json_decref(page);
    return RS_EXIT_OK;
}

static int commit(struct apply *apply, json_t **whole)
{
    int code;

    rs_progress_show(apply->args->dry_run ? "comparing" : "making the change");
    code = commit_page(apply, NULL, whole);
    while (code == RS_EXIT_OK && apply->args->dry_run &&
           json_object_get(*whole, "cursor") != NULL) {
        json_t *cursor = json_incref(json_object_get(*whole, "cursor"));

        rs_progress_show("comparing: %zu differences",
                         json_array_size(json_object_get(*whole, "differences")));
        code = commit_page(apply, cursor, whole);
        json_decref(cursor);
    }
    return code;
}

/* ---- what waits ---------------------------------------------------------------------------- */

static void sort_waiting(const json_t *sessions, json_t *for_secret, json_t *for_connect)
{
    json_t *session;
    size_t index;

    json_array_foreach(sessions, index, session) {
        const char *state = json_string_value(json_object_get(session, "state"));
        const bool e2ee = json_is_true(json_object_get(session, "e2ee"));

        if (state != NULL && strcmp(state, "connected") != 0)
            json_array_append(e2ee ? for_secret : for_connect,
                              json_object_get(session, "session_id"));
    }
}

/* Which sessions are not connected, all pages of them. */
static int find_waiting(struct apply *apply, json_t *for_secret, json_t *for_connect)
{
    json_t *cursor = NULL;
    int code;

    do {
        json_t *params = json_pack("{s:i, s:o*}", "limit", PAGE_ENTRIES, "cursor", cursor), *page;

        code = rs_ask(apply->client, apply->args, "session_list", params, &page);
        json_decref(params);
        if (code != RS_EXIT_OK)
            return code;
        sort_waiting(json_object_get(page, "sessions"), for_secret, for_connect);
        cursor = json_incref(json_object_get(page, "cursor"));
        json_decref(page);
    } while (cursor != NULL);
    return code;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* Prints the result; what waits is told only of what has been done. Takes over all three. */
static void print(const struct apply *apply, json_t *result, json_t *for_secret,
                  json_t *for_connect)
{
    rs_progress_end();
    if (apply->args->json) {
        json_object_del(result, "txn"); /* it has ended */
        json_object_del(result, "cursor");
        if (!apply->args->dry_run)
            json_object_update_new(result, json_pack("{s:O, s:O}", "wait_for_secret", for_secret,
                                                     "wait_for_connect", for_connect));
        rs_print_json(stdout, result);
    } else {
        if (apply->args->dry_run)
            rs_apply_print_differences(stdout, result);
        rs_apply_print_sums(stdout, result);
        rs_apply_print_waiting(stdout, for_secret, for_connect);
    }
    json_decref(result);
    json_decref(for_secret);
    json_decref(for_connect);
}

static int apply_file(struct apply *apply)
{
    json_t *for_secret, *for_connect, *result = NULL;
    int code = begin(apply);

    if (code == RS_EXIT_OK)
        code = add_all(apply);
    if (code == RS_EXIT_OK)
        code = commit(apply, &result);
    if (code != RS_EXIT_OK) {
        json_decref(result);
        return code;
    }
    for_secret = json_array();
    for_connect = json_array();
    if (!apply->args->dry_run && json_integer_value(json_object_get(result, "unconnected")) > 0)
        code = find_waiting(apply, for_secret, for_connect);
    print(apply, result, for_secret, for_connect);
    return code;
}

int rs_run_apply(const struct rs_command *command, struct rs_args *args)
{
    struct apply apply = {.args = args};
    int code = rs_apply_file_read(args->file, &apply.file);

    (void)command;
    if (code == RS_EXIT_OK)
        code = rs_ask_open(args, &apply.client);
    if (code == RS_EXIT_OK)
        code = apply_file(&apply);
    rs_progress_end();
    json_decref(apply.txn);
    rs_client_close(apply.client);
    rs_apply_file_fini(&apply.file);
    return code;
}
