/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams as control sees them: dataplane.h's functions on top of table and flow table. Many at
 * once, and the making of one, are batch.c's.
 */
#include <errno.h>

#include "dataplane_internal.h"

int rs_stream_create(struct rs_session *session, const struct rs_stream_config *config,
                     struct rs_stream **stream)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(session->dataplane);
    struct rs_stream *made = NULL;
    int rc;

    if (batch == NULL)
        return -ENOMEM;
    rc = rs_stream_batch_add(batch, session, config, &made);
    if (rc != 0) {
        rs_stream_batch_abort(batch);
        return rc;
    }
    rc = rs_stream_batch_commit(batch, NULL);
    if (rc == 0)
        *stream = made;
    return rc;
}

void rs_stream_destroy(struct rs_stream *stream)
{
    struct rs_dataplane *dp = stream->session->dataplane;

    rs_alarm_forget(&dp->alarm, stream);
    rs_shortages_forget(&dp->sweep.shortages, stream);
    rs_table_remove(stream->table, stream);
}

void rs_stream_set_formats(struct rs_stream *stream,
                           const struct rs_format formats[RS_PAYLOAD_TYPES])
{
    uint8_t map[RS_FORMAT_MAP_BYTES];

    rs_format_map_write(formats, map);
    for (unsigned int i = 0; i < RS_FORMAT_MAP_BYTES; i++)
        atomic_store_explicit(&stream->formats[i], map[i], memory_order_relaxed);
}

void *rs_stream_find(const struct rs_dataplane *dp, unsigned int link, enum rs_direction direction,
                     const struct rs_flow *flow, uint32_t ssrc)
{
    const struct rs_stream *stream;
    struct rs_flow_key key;

    rs_flow_key_make(&key, link, direction, flow, ssrc, RS_SHAPE_SOURCE | RS_SHAPE_SSRC);
    stream = rs_flow_table_find(rs_table_flows(dp->table), &key);
    return stream != NULL ? stream->owner : NULL;
}

void rs_stream_get_rate(const struct rs_stream *stream, struct rs_stream_rate *rate)
{
    *rate = stream->activity.rate;
}

void rs_stream_get_counters(const struct rs_stream *stream, struct rs_counters *sum)
{
    const struct rs_dataplane *dp = stream->session->dataplane;

    *sum = (struct rs_counters){0};
    for (unsigned int w = 0; w < dp->worker_count; w++)
        rs_counters_add_stream(sum, &stream->slots[w].counters);
}
