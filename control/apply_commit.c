/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plan carried out. Everything that can fail comes first and is undone if something does; after
 * the dataplane has taken the streams, all at once, nothing can fail any more.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/apply_plan.h"
#include "control/registry.h"

static bool is_made(const struct rs_session_change *change)
{
    return change->kind == RS_CHANGE_CREATE || change->kind == RS_CHANGE_REPLACE;
}

/* Only payload types: the stream goes on, with its senders. */
static bool is_update(const struct rs_stream_change *change)
{
    return change->kind == RS_CHANGE_CHANGE && change->fields == 1u << RS_FIELD_PAYLOAD_TYPES;
}

static int make_sessions(struct rs_plan *plan, struct rs_error *error)
{
    for (size_t i = 0; i < plan->session_count; i++) {
        struct rs_session_change *change = &plan->sessions[i];

        if (!is_made(change))
            continue;
        if (rs_session_record_make(plan->registry, change->wanted->id, &change->wanted->options,
                                   &change->made, error) != 0)
            return -1;
        change->wanted->record = change->made;
    }
    return 0;
}

/* What the streams will be, and what goes: nothing of it is seen yet. */
static int fill_batch(struct rs_plan *plan, struct rs_stream_batch *batch)
{
    for (size_t i = 0; i < plan->stream_count; i++) {
        struct rs_stream_change *change = &plan->streams[i];
        struct rs_stream_config config;

        if (is_update(change))
            continue;
        if (change->present != NULL &&
            rs_stream_batch_remove(batch, change->present->dataplane) != 0)
            return -ENOMEM;
        if (change->wanted == NULL)
            continue;
        change->made = rs_stream_record_make(change->wanted->session->record,
                                             &change->wanted->options, change->link);
        if (change->made == NULL)
            return -ENOMEM;
        rs_stream_record_describe(change->made, &config);
        if (rs_stream_batch_add(batch, change->made->session->dataplane, &config,
                                &change->made->dataplane) != 0)
            return -ENOMEM;
    }
    return 0;
}

static int move_streams(struct rs_plan *plan, struct rs_error *error)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(plan->registry->dataplane);
    const struct rs_stream_record *stream;
    void *blamed = NULL;
    int result;

    if (batch == NULL)
        return rs_stream_fail(-ENOMEM, error);
    if (fill_batch(plan, batch) != 0) {
        rs_stream_batch_abort(batch);
        return rs_stream_fail(-ENOMEM, error);
    }
    result = rs_stream_batch_commit(batch, &blamed);
    if (result == 0)
        return 0;
    rs_stream_fail(result, error);
    stream = blamed;
    return stream != NULL ? rs_error_about(error, "stream", stream->id) : -1;
}

/* Nothing was seen of it. */
static void undo(struct rs_plan *plan)
{
    for (size_t i = 0; i < plan->stream_count; i++)
        free(plan->streams[i].made);
    for (size_t i = 0; i < plan->session_count; i++) {
        if (plan->sessions[i].made != NULL)
            rs_session_record_free(plan->sessions[i].made);
    }
}

static void forget_streams(struct rs_plan *plan)
{
    for (size_t i = 0; i < plan->stream_count; i++) {
        const struct rs_stream_change *change = &plan->streams[i];

        if (change->present != NULL && !is_update(change))
            rs_stream_record_forget(change->present);
    }
}

static void enter_streams(struct rs_plan *plan)
{
    for (size_t i = 0; i < plan->stream_count; i++) {
        const struct rs_stream_change *change = &plan->streams[i];

        if (change->made != NULL)
            rs_stream_record_enter(change->made);
        else if (is_update(change))
            rs_stream_record_set_payload_types(change->present,
                                               &change->wanted->options.payload_types);
    }
}

static void change_sessions(struct rs_plan *plan)
{
    for (size_t i = 0; i < plan->session_count; i++) {
        struct rs_session_change *change = &plan->sessions[i];

        if (change->kind == RS_CHANGE_CHANGE)
            change->present->options = change->wanted->options;
        if (change->kind == RS_CHANGE_DELETE || change->kind == RS_CHANGE_REPLACE)
            rs_session_record_delete(change->present);
        if (is_made(change))
            rs_session_record_enter(change->made);
    }
}

int rs_plan_carry_out(struct rs_plan *plan, struct rs_error *error)
{
    if (make_sessions(plan, error) != 0 || move_streams(plan, error) != 0) {
        undo(plan);
        return -1;
    }
    forget_streams(plan);
    change_sessions(plan);
    enter_streams(plan);
    return 0;
}
