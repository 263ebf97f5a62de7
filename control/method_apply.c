/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods for a whole desired state: what is asked for in pieces, and what came of it. Comparing is
 * in apply_plan.c, carrying out in apply_commit.c.
 */
#include "handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/apply.h"
#include "control/apply_plan.h"
#include "control/options.h"
#include "control/page.h"

/* Rows of a reply, where the caller names no limit. */
enum { DIFFERENCES = 1000 };

enum rs_reply rs_method_apply_begin(struct rs_request *request, const void *params)
{
    const struct rs_apply_begin_params *begin = params;
    struct rs_apply *apply;

    if (request->apply == NULL ||
        rs_apply_begin(request->control->registry, request->apply, &request->error) != 0)
        return RS_REPLY_NOW;
    apply = *request->apply;
    apply->dry_run = rs_optional_or(begin->dry_run, 0) != 0;
    request->result = json_pack("{s:s, s:b, s:i}", "txn", apply->txn, "dry_run", apply->dry_run,
                                "expires_ms", RS_APPLY_IDLE_MS);
    return RS_REPLY_NOW;
}

static struct rs_apply *find(struct rs_request *request, const char *txn)
{
    struct rs_apply *apply = request->apply != NULL ? *request->apply : NULL;

    if (apply != NULL && strcmp(apply->txn, txn) == 0)
        return apply;
    rs_request_fail(request, RS_E_INVALID_PARAMS, "txn",
                    "no such transaction on this connection: it has ended, or was not begun here");
    return NULL;
}

/* ---- entries ------------------------------------------------------------------------------ */

/* What is wrong with entry `index`: "flow.dst_port" becomes "streams[3].flow.dst_port". */
static int blame_entry(struct rs_error *error, const char *list, size_t index)
{
    char param[2 * sizeof(error->param)] = ""; /* longer, so that gcc sees it fit */

    if (error->param[0] == '\0')
        snprintf(param, sizeof(param), "%s[%zu]", list, index);
    else
        snprintf(param, sizeof(param), "%s[%zu].%.40s", list, index, error->param);
    memcpy(error->param, param, sizeof(error->param) - 1);
    return -1;
}

static int decode(const char *method, json_t *entry, const char *id_name, void *params,
                  struct rs_error *error)
{
    const struct rs_rpc_method *row = rs_method_find(method);

    if (!json_is_object(entry))
        return rs_error_set(error, RS_E_INVALID_PARAMS, NULL, "an entry is an object");
    if (json_object_get(entry, id_name) == NULL)
        return rs_error_set(error, RS_E_INVALID_PARAMS, id_name,
                            "\"%s\" is missing: what is to be is named", id_name);
    return rs_params_decode(row->params, row->param_count, entry, params, error);
}

static int add_session(struct rs_request *request, json_t *entry, struct rs_apply_part *part)
{
    struct rs_create_params params = {0};
    struct rs_session_options options;
    struct rs_wanted_session *wanted;

    if (decode("session_create", entry, "session_id", &params, &request->error) != 0 ||
        rs_session_options_read(request->control->config, &params, &options, &request->error) !=
            0 ||
        rs_session_check_options(request->control->registry, &options, &request->error) != 0)
        return -1;
    wanted = calloc(1, sizeof(*wanted));
    if (wanted == NULL)
        return rs_error_set(&request->error, RS_E_NO_CAPACITY, NULL, "no memory");
    snprintf(wanted->id, sizeof(wanted->id), "%s", params.session_id);
    wanted->options = options;
    TAILQ_INSERT_TAIL(&part->sessions, wanted, entry);
    return 0;
}

/* Takes the direction out of the entry, which then is what stream_publish takes. */
static int take_direction(json_t *entry, enum rs_direction *direction, struct rs_error *error)
{
    const char *text = json_string_value(json_object_get(entry, "direction"));

    if (text == NULL || (strcmp(text, "seal") != 0 && strcmp(text, "open") != 0))
        return rs_error_set(error, RS_E_INVALID_PARAMS, "direction",
                            "\"direction\" is seal or open");
    *direction = strcmp(text, "seal") == 0 ? RS_SEAL : RS_OPEN;
    json_object_del(entry, "direction");
    return 0;
}

static int keep_stream(const struct rs_stream_params *params,
                       const struct rs_stream_options *options, struct rs_apply_part *part)
{
    struct rs_wanted_stream *wanted = calloc(1, sizeof(*wanted));

    if (wanted == NULL)
        return -1;
    snprintf(wanted->id, sizeof(wanted->id), "%s", params->stream_id);
    snprintf(wanted->session_id, sizeof(wanted->session_id), "%s", params->session_id);
    snprintf(wanted->link, sizeof(wanted->link), "%s", params->link);
    wanted->options = *options;
    wanted->options.id = wanted->id;
    wanted->options.link = wanted->link;
    TAILQ_INSERT_TAIL(&part->streams, wanted, entry);
    return 0;
}

static int add_stream(struct rs_request *request, json_t *entry, struct rs_apply_part *part)
{
    struct rs_stream_params params = {0};
    struct rs_stream_options options = {0};
    struct rs_error *error = &request->error;
    unsigned int link;

    if (take_direction(entry, &options.direction, error) != 0 ||
        decode("stream_publish", entry, "stream_id", &params, error) != 0 ||
        rs_stream_options_read(&params, &options, error) != 0 ||
        rs_stream_check_link(request->control->registry, &options, &link, error) != 0)
        return -1;
    if (keep_stream(&params, &options, part) != 0)
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "no memory");
    return 0;
}

/* Reads the request's entries; what is read before one that is wrong is in the part. */
static int read_part(struct rs_request *request, const struct rs_apply_add_params *add,
                     struct rs_apply_part *part)
{
    json_t *entry;
    size_t i;

    TAILQ_INIT(&part->sessions);
    TAILQ_INIT(&part->streams);
    json_array_foreach(add->sessions, i, entry) {
        if (add_session(request, entry, part) != 0)
            return blame_entry(&request->error, "sessions", i);
    }
    json_array_foreach(add->streams, i, entry) {
        if (add_stream(request, entry, part) != 0)
            return blame_entry(&request->error, "streams", i);
    }
    return 0;
}

enum rs_reply rs_method_apply_add(struct rs_request *request, const void *params)
{
    const struct rs_apply_add_params *add = params;
    struct rs_apply *apply = find(request, add->txn);
    struct rs_apply_part part;

    if (apply == NULL)
        return RS_REPLY_NOW;
    rs_apply_touch(apply);
    if (read_part(request, add, &part) == 0 && rs_apply_add(apply, &part, &request->error) == 0)
        request->result = json_pack("{s:s, s:I, s:I}", "txn", apply->txn, "sessions",
                                    (json_int_t)apply->sessions_by_id.count, "streams",
                                    (json_int_t)apply->streams_by_id.count);
    rs_apply_part_clear(&part);
    return RS_REPLY_NOW;
}

/* ---- differences -------------------------------------------------------------------------- */

static json_t *difference(const char *kind, const char *id, enum rs_change_kind change,
                          uint32_t fields)
{
    json_t *names = json_array();

    for (int i = 0; i < RS_FIELDS; i++) {
        if (fields >> i & 1)
            json_array_append_new(names, json_string(rs_field_name(i)));
    }
    return json_pack("{s:s, s:s, s:s, s:o}", "kind", kind, "id", id, "change",
                     rs_change_name(change), "fields", names);
}

static json_t *session_row(const struct rs_session_change *change)
{
    return difference("session", change->wanted != NULL ? change->wanted->id : change->present->id,
                      change->kind, change->fields);
}

static json_t *stream_row(const struct rs_stream_change *change)
{
    return difference("stream", change->wanted != NULL ? change->wanted->id : change->present->id,
                      change->kind, change->fields);
}

/* Row n of all differences has the serial n + 1. */
static void add_rows(struct rs_page *page, const struct rs_plan *plan)
{
    const size_t count = plan->session_count + plan->stream_count;

    for (size_t n = page->first > 0 ? page->first - 1 : 0; n < count && !rs_page_is_full(page); n++)
        rs_page_add(page, n + 1,
                    n < plan->session_count ? session_row(&plan->sessions[n])
                                            : stream_row(&plan->streams[n - plan->session_count]));
}

static json_t *kinds_json(const size_t kinds[RS_CHANGES])
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "created", (json_int_t)kinds[RS_CHANGE_CREATE],
                     "changed", (json_int_t)kinds[RS_CHANGE_CHANGE], "replaced",
                     (json_int_t)kinds[RS_CHANGE_REPLACE], "deleted",
                     (json_int_t)kinds[RS_CHANGE_DELETE], "unchanged",
                     (json_int_t)kinds[RS_CHANGE_NONE]);
}

/* Sessions that wait for session_connect once all is done. */
static size_t count_unconnected(const struct rs_apply *apply)
{
    const struct rs_wanted_session *wanted;
    size_t count = 0;

    TAILQ_FOREACH(wanted, &apply->sessions, entry)
        count += wanted->record == NULL || wanted->record->state != RS_SESSION_CONNECTED;
    return count;
}

/* Written before the plan is carried out: it borrows what that may free. */
static json_t *plan_json(const struct rs_apply *apply, const struct rs_plan *plan,
                         struct rs_page *page, bool dry_run)
{
    const size_t count = plan->session_count + plan->stream_count;
    json_t *result;

    add_rows(page, plan);
    result = rs_page_end(page, "differences",
                         dry_run && page->last < count ? RS_PAGE_MORE : RS_PAGE_LAST);
    json_object_update_new(result, json_pack("{s:s, s:b, s:o, s:o}", "txn", apply->txn, "dry_run",
                                             dry_run, "sessions", kinds_json(plan->session_kinds),
                                             "streams", kinds_json(plan->stream_kinds)));
    json_object_set_new(result, "unconnected", json_integer((json_int_t)count_unconnected(apply)));
    return result;
}

/* For the log, which has one line for all of it. */
static void note_changes(struct rs_request *request, const struct rs_plan *plan)
{
    const size_t *sessions = plan->session_kinds, *streams = plan->stream_kinds;

    snprintf(request->detail, sizeof(request->detail),
             " sessions=+%zu~%zu-%zu streams=+%zu~%zu-%zu",
             sessions[RS_CHANGE_CREATE] + sessions[RS_CHANGE_REPLACE], sessions[RS_CHANGE_CHANGE],
             sessions[RS_CHANGE_DELETE] + sessions[RS_CHANGE_REPLACE], streams[RS_CHANGE_CREATE],
             streams[RS_CHANGE_CHANGE], streams[RS_CHANGE_DELETE]);
}

/* Steals `result`, which tells of the plan. */
static void carry_out(struct rs_request *request, struct rs_plan *plan, json_t *result)
{
    note_changes(request, plan);
    if (rs_plan_carry_out(plan, &request->error) == 0) {
        request->result = result;
        rs_apply_end(request->apply);
    } else {
        json_decref(result);
    }
}

static enum rs_reply commit(struct rs_request *request, struct rs_apply *apply,
                            const struct rs_apply_commit_params *wanted, bool dry_run)
{
    struct rs_session_record *busy;
    struct rs_plan plan;
    struct rs_page page;
    json_t *result;

    if (rs_plan_make(apply, &plan, &request->error) != 0)
        return RS_REPLY_NOW;
    busy = dry_run ? NULL : rs_plan_busy_session(&plan);
    if (busy == NULL &&
        rs_page_begin(&page, wanted->cursor, rs_optional_or(wanted->limit, DIFFERENCES),
                      &request->error) == 0) {
        result = plan_json(apply, &plan, &page, dry_run);
        if (dry_run)
            request->result = result;
        else
            carry_out(request, &plan, result);
    }
    rs_plan_free(&plan);
    return busy != NULL ? rs_request_park(request, busy) : RS_REPLY_NOW;
}

enum rs_reply rs_method_apply_commit(struct rs_request *request, const void *params)
{
    const struct rs_apply_commit_params *wanted = params;
    struct rs_apply *apply = find(request, wanted->txn);
    bool dry_run;

    if (apply == NULL)
        return RS_REPLY_NOW;
    rs_apply_touch(apply);
    dry_run = apply->dry_run || rs_optional_or(wanted->dry_run, 0) != 0;
    if (wanted->cursor != NULL && !dry_run)
        return rs_request_fail(request, RS_E_INVALID_PARAMS, "cursor",
                               "\"cursor\" goes with dry_run only");
    return commit(request, apply, wanted, dry_run);
}
