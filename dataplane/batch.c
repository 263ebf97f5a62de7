/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A change of many streams, all or nothing. What it needs is allocated before a worker can see any
 * of it. Then each added stream takes its keys, from a stream that leaves or from nobody; where one
 * cannot, all that was taken is given back, and where none did, what leaves is removed.
 */
#include <errno.h>
#include <stdlib.h>

#include "dataplane_internal.h"

/* A stream to be added. */
struct addition {
    STAILQ_ENTRY(addition) entry;
    struct rs_stream *stream;
    bool put;                      /* a worker may have seen it */
    struct rs_stream *displaced[]; /* by its keys: who loses the flow to it; NULL: nobody */
};

/* Owner: main. */
struct rs_stream_batch {
    struct rs_dataplane *dataplane;
    STAILQ_HEAD(, addition) added;
    STAILQ_HEAD(, rs_stream) removed;
};

/* ---- what is to be done ------------------------------------------------------------------- */

struct rs_stream_batch *rs_stream_batch_create(struct rs_dataplane *dp)
{
    struct rs_stream_batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL)
        return NULL;
    batch->dataplane = dp;
    STAILQ_INIT(&batch->added);
    STAILQ_INIT(&batch->removed);
    return batch;
}

int rs_stream_batch_add(struct rs_stream_batch *batch, struct rs_session *session,
                        const struct rs_stream_config *config, struct rs_stream **stream)
{
    struct addition *addition;
    struct rs_stream *made;

    if (rs_sender_pool_prepare(batch->dataplane->pool, config->suite) != 0)
        return -ENOMEM;
    made = rs_table_make(batch->dataplane->table, session, config);
    if (made == NULL)
        return -ENOMEM;
    addition = calloc(1, sizeof(*addition) + made->key_count * sizeof(addition->displaced[0]));
    if (addition == NULL) {
        rs_table_unmake(made);
        return -ENOMEM;
    }
    addition->stream = made;
    STAILQ_INSERT_TAIL(&batch->added, addition, entry);
    *stream = made;
    return 0;
}

int rs_stream_batch_remove(struct rs_stream_batch *batch, struct rs_stream *stream)
{
    if (stream->leaves_with == batch)
        return 0;
    stream->leaves_with = batch;
    STAILQ_INSERT_TAIL(&batch->removed, stream, batch_entry);
    return 0;
}

/* ---- putting keys ------------------------------------------------------------------------- */

static struct rs_flow_table *flows_of(const struct rs_stream_batch *batch)
{
    return rs_table_flows(batch->dataplane->table);
}

/* Whether a key's holder, or NULL, keeps it. */
static bool stays(const struct rs_stream_batch *batch, const struct rs_stream *holder)
{
    return holder != NULL && holder->leaves_with != batch;
}

/* Before anything is changed: the first stream of which a key is taken, or NULL. */
static const struct addition *find_taken(const struct rs_stream_batch *batch)
{
    const struct addition *addition;

    STAILQ_FOREACH(addition, &batch->added, entry)
    {
        for (size_t i = 0; i < addition->stream->key_count; i++) {
            if (stays(batch, rs_flow_table_get(flows_of(batch), &addition->stream->keys[i])))
                return addition;
        }
    }
    return NULL;
}

/* Puts one stream's keys; where that fails, rs_stream_batch_abort gives them back. */
static int put(const struct rs_stream_batch *batch, struct addition *addition)
{
    struct rs_flow_table *flows = flows_of(batch);
    struct rs_stream *stream = addition->stream;

    addition->put = true;
    rs_table_list(batch->dataplane->table, stream);
    for (size_t i = 0; i < stream->key_count; i++) {
        struct rs_stream *holder = rs_flow_table_get(flows, &stream->keys[i]);

        if (stays(batch, holder))
            return -EEXIST; /* two of this batch have the same */
        if (rs_flow_table_put(flows, &stream->keys[i], stream, &stream->positions[i]) != 0)
            return -ENOSPC;
        addition->displaced[i] = holder;
    }
    return 0;
}

/* ---- undoing ------------------------------------------------------------------------------ */

/* Gives displaced streams their flows back, at the positions that they never lost. What had been
 * nobody's stays the stream's own, which takes it along when it is removed. */
static void give_back(struct rs_flow_table *flows, const struct addition *addition)
{
    struct rs_stream *stream = addition->stream;

    for (size_t i = 0; i < stream->key_count; i++) {
        if (addition->displaced[i] != NULL) {
            rs_flow_table_put(flows, &stream->keys[i], addition->displaced[i],
                              &stream->positions[i]);
            stream->positions[i] = RS_NO_POSITION;
        }
    }
}

void rs_stream_batch_abort(struct rs_stream_batch *batch)
{
    struct addition *addition;
    struct rs_stream *stream;

    STAILQ_FOREACH(stream, &batch->removed, batch_entry)
    {
        stream->leaves_with = NULL;
    }
    while ((addition = STAILQ_FIRST(&batch->added)) != NULL) {
        STAILQ_REMOVE_HEAD(&batch->added, entry);
        if (addition->put) {
            give_back(flows_of(batch), addition);
            rs_table_remove(batch->dataplane->table, addition->stream);
        } else {
            rs_table_unmake(addition->stream);
        }
        free(addition);
    }
    free(batch);
}

/* ---- doing it ----------------------------------------------------------------------------- */

/* The position is no longer the displaced stream's, to take out or to free. */
static void disown(struct rs_stream *displaced, int32_t position)
{
    for (size_t i = 0; i < displaced->key_count; i++) {
        if (displaced->positions[i] == position)
            displaced->positions[i] = RS_NO_POSITION;
    }
}

/* All keys are put: what was done cannot fail any more. */
static void finish(struct rs_stream_batch *batch)
{
    struct addition *addition;
    struct rs_stream *stream;

    while ((addition = STAILQ_FIRST(&batch->added)) != NULL) {
        STAILQ_REMOVE_HEAD(&batch->added, entry);
        for (size_t i = 0; i < addition->stream->key_count; i++) {
            if (addition->displaced[i] != NULL)
                disown(addition->displaced[i], addition->stream->positions[i]);
        }
        free(addition);
    }
    while ((stream = STAILQ_FIRST(&batch->removed)) != NULL) {
        STAILQ_REMOVE_HEAD(&batch->removed, batch_entry);
        rs_stream_destroy(stream);
    }
    free(batch);
}

static int fail(struct rs_stream_batch *batch, const struct addition *failed, int rc, void **blamed)
{
    if (blamed != NULL)
        *blamed = failed->stream->owner;
    rs_stream_batch_abort(batch);
    return rc;
}

int rs_stream_batch_commit(struct rs_stream_batch *batch, void **blamed)
{
    const struct addition *taken = find_taken(batch);
    struct addition *addition;

    if (taken != NULL)
        return fail(batch, taken, -EEXIST, blamed);
    STAILQ_FOREACH(addition, &batch->added, entry)
    {
        const int rc = put(batch, addition);

        if (rc != 0)
            return fail(batch, addition, rc, blamed);
    }
    finish(batch);
    return 0;
}
