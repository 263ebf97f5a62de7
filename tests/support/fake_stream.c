/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams of the dataplane without packets, one by one and many at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fake_state.h"

static struct rs_stream *last_stream;

struct rs_stream *rs_fake_last_stream(void)
{
    return last_stream;
}

struct rs_format rs_fake_last_format(unsigned int payload_type)
{
    return last_stream->config.formats[payload_type];
}

/* Every SSRC is an entry of its own in the flow table; none is one that takes any. */
static bool share_ssrc(const struct rs_stream_config *a, const struct rs_stream_config *b)
{
    for (size_t i = 0; i < a->ssrc_count; i++) {
        for (size_t j = 0; j < b->ssrc_count; j++) {
            if (a->ssrcs[i] == b->ssrcs[j])
                return true;
        }
    }
    return a->ssrc_count == 0 && b->ssrc_count == 0;
}

static bool same_flow(const struct rs_stream_config *a, const struct rs_stream_config *b)
{
    return a->direction == b->direction && a->link == b->link &&
           memcmp(&a->flow, &b->flow, sizeof(a->flow)) == 0 && share_ssrc(a, b);
}

bool fake_flow_taken(const struct rs_dataplane *dataplane, const struct rs_stream_config *config,
                     spared_fn *spared, void *arg)
{
    const struct rs_stream *stream;

    LIST_FOREACH(stream, &dataplane->streams, entry) {
        if (same_flow(&stream->config, config) && (spared == NULL || !spared(stream, arg)))
            return true;
    }
    return false;
}

struct rs_stream *fake_make_stream(struct rs_session *session,
                                   const struct rs_stream_config *config)
{
    struct rs_stream *made = calloc(1, sizeof(*made));

    if (config->ssrc_count > 64)
        abort();
    if (made == NULL)
        return NULL;
    made->session = session;
    made->config = *config;
    made->owner = config->owner;
    if (config->ssrc_count > 0)
        memcpy(made->ssrcs, config->ssrcs, config->ssrc_count * sizeof(made->ssrcs[0]));
    made->config.ssrcs = made->ssrcs;
    return made;
}

void fake_enter_stream(struct rs_stream *stream)
{
    struct rs_dataplane *dataplane = stream->session->dataplane;

    dataplane->stream_count++;
    LIST_INSERT_HEAD(&dataplane->streams, stream, entry);
    last_stream = stream;
}

int rs_stream_create(struct rs_session *session, const struct rs_stream_config *config,
                     struct rs_stream **stream)
{
    struct rs_dataplane *dataplane = session->dataplane;

    if (fake_failure() != 0)
        return -fake_failure();
    if (fake_flow_taken(dataplane, config, NULL, NULL))
        return -EEXIST;
    if (dataplane->stream_count == dataplane->max_streams)
        return -ENOSPC;
    *stream = fake_make_stream(session, config);
    if (*stream == NULL)
        return -ENOMEM;
    fake_enter_stream(*stream);
    return 0;
}

void rs_stream_destroy(struct rs_stream *stream)
{
    fake_forget(stream->session->dataplane, NULL, stream);
    stream->session->dataplane->stream_count--;
    LIST_REMOVE(stream, entry);
    free(stream);
}

void rs_stream_get_counters(const struct rs_stream *stream, struct rs_counters *sum)
{
    (void)stream;
    (void)sum;
}

void rs_stream_set_formats(struct rs_stream *stream,
                           const struct rs_format formats[RS_PAYLOAD_TYPES])
{
    memcpy(stream->config.formats, formats, sizeof(stream->config.formats));
}

void rs_stream_get_rate(const struct rs_stream *stream, struct rs_stream_rate *rate)
{
    (void)stream;
    *rate = (struct rs_stream_rate){0};
}

/* One that names any SSRC, or this one; with the source, or without. */
void *rs_stream_find(const struct rs_dataplane *dataplane, unsigned int link,
                     enum rs_direction direction, const struct rs_flow *flow, uint32_t ssrc)
{
    struct rs_stream_config config = {
        .direction = direction, .link = link, .flow = *flow, .ssrcs = &ssrc, .ssrc_count = 1};
    const struct rs_stream *stream;

    for (unsigned int shape = 0; shape < 4; shape++) {
        config.ssrc_count = shape & 1 ? 0 : 1;
        if (shape & 2) {
            config.flow.has_source = false;
            memset(config.flow.src, 0, sizeof(config.flow.src));
            config.flow.src_port = 0;
        }
        LIST_FOREACH(stream, &dataplane->streams, entry) {
            if (same_flow(&stream->config, &config))
                return stream->owner;
        }
    }
    return NULL;
}

/* ---- many at once ------------------------------------------------------------------------- */

struct rs_stream_batch {
    struct rs_dataplane *dataplane;
    LIST_HEAD(, rs_stream) added;
    struct rs_stream **removed;
    size_t added_count, removed_count;
};

struct rs_stream_batch *rs_stream_batch_create(struct rs_dataplane *dataplane)
{
    struct rs_stream_batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL)
        return NULL;
    batch->dataplane = dataplane;
    LIST_INIT(&batch->added);
    return batch;
}

int rs_stream_batch_add(struct rs_stream_batch *batch, struct rs_session *session,
                        const struct rs_stream_config *config, struct rs_stream **stream)
{
    if (fake_failure() == ENOMEM)
        return -ENOMEM;
    *stream = fake_make_stream(session, config);
    if (*stream == NULL)
        return -ENOMEM;
    LIST_INSERT_HEAD(&batch->added, *stream, entry);
    batch->added_count++;
    return 0;
}

int rs_stream_batch_remove(struct rs_stream_batch *batch, struct rs_stream *stream)
{
    struct rs_stream **longer =
        realloc(batch->removed, (batch->removed_count + 1) * sizeof(stream));

    if (longer == NULL)
        return -ENOMEM;
    batch->removed = longer;
    batch->removed[batch->removed_count++] = stream;
    return 0;
}

static bool goes(const struct rs_stream *stream, void *arg)
{
    const struct rs_stream_batch *batch = arg;

    for (size_t i = 0; i < batch->removed_count; i++) {
        if (batch->removed[i] == stream)
            return true;
    }
    return false;
}

/* -EEXIST or -ENOSPC, with who is to blame, or 0. */
static int check_batch(struct rs_stream_batch *batch, void **blamed)
{
    const struct rs_stream *stream, *other;
    int result = fake_failure() != 0 ? -fake_failure() : 0;

    LIST_FOREACH(stream, &batch->added, entry) {
        if (fake_flow_taken(batch->dataplane, &stream->config, goes, batch))
            result = -EEXIST;
        LIST_FOREACH(other, &batch->added, entry) {
            if (other != stream && same_flow(&other->config, &stream->config))
                result = -EEXIST;
        }
        if (result != 0) {
            *blamed = stream->owner;
            return result;
        }
    }
    return batch->dataplane->stream_count + batch->added_count - batch->removed_count >
                   batch->dataplane->max_streams
               ? -ENOSPC
               : 0;
}

void rs_stream_batch_abort(struct rs_stream_batch *batch)
{
    struct rs_stream *stream;

    while ((stream = LIST_FIRST(&batch->added)) != NULL) {
        LIST_REMOVE(stream, entry);
        free(stream);
    }
    free(batch->removed);
    free(batch);
}

int rs_stream_batch_commit(struct rs_stream_batch *batch, void **blamed)
{
    const int result = check_batch(batch, blamed);
    struct rs_stream *stream;

    if (result == 0) {
        for (size_t i = 0; i < batch->removed_count; i++)
            rs_stream_destroy(batch->removed[i]);
        while ((stream = LIST_FIRST(&batch->added)) != NULL) {
            LIST_REMOVE(stream, entry);
            fake_enter_stream(stream);
        }
    }
    rs_stream_batch_abort(batch);
    return result;
}
