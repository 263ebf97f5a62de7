/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: finds the stream that names each RTP packet, most specific flow first. What no stream
 * names is dropped; what a session without end-to-end encryption names is passed on.
 */
#include "stages.h"

#include <string.h>

#include "worker.h"

static void make_key(const struct rs_path *path, const struct rs_packet *packet, unsigned int shape,
                     struct rs_flow_key *key)
{
    const struct rs_datagram *datagram = &packet->datagram;

    memset(key, 0, sizeof(*key));
    memcpy(key->src, datagram->src.bytes, sizeof(key->src));
    memcpy(key->dst, datagram->dst.bytes, sizeof(key->dst));
    key->src_port = datagram->src_port;
    key->dst_port = datagram->dst_port;
    key->ssrc = packet->rtp.ssrc;
    key->vlan = datagram->vlan;
    key->link = path->link;
    key->direction = (uint8_t)path->direction;
    key->family = datagram->family;
    rs_flow_key_reduce(key, shape);
}

/* Looks up, by one shape, the live packets that have no stream yet. */
static void find_by_shape(const struct rs_flow_table *flows, struct rs_burst *burst,
                          unsigned int shape)
{
    struct rs_flow_key keys[RS_BURST_MAX];
    const struct rs_flow_key *pointers[RS_BURST_MAX];
    struct rs_stream *found[RS_BURST_MAX];
    uint8_t places[RS_BURST_MAX];
    unsigned int n = 0;

    for (unsigned int i = 0; i < burst->live_count; i++) {
        const uint8_t place = burst->live[i];

        if (burst->streams[place] != NULL)
            continue;
        make_key(burst->path, &burst->packets[place], shape, &keys[n]);
        pointers[n] = &keys[n];
        places[n++] = place;
    }
    if (n == 0)
        return;
    rs_flow_table_find_burst(flows, pointers, n, found);
    for (unsigned int i = 0; i < n; i++)
        burst->streams[places[i]] = found[i];
}

static enum rs_outcome admit(const struct rs_stream *stream)
{
    if (stream == NULL)
        return RS_NO_STREAM;
    if (atomic_load_explicit(&stream->session->protection, memory_order_relaxed) == RS_PROTECT_NONE)
        return RS_PASSED;
    return RS_UNDECIDED;
}

void rs_lookup(struct rs_worker *worker, struct rs_burst *burst)
{
    const struct rs_path *path = burst->path;
    const uint32_t shapes = rs_flow_table_shapes(worker->flows, path->link, path->direction);
    unsigned int kept = 0;

    for (unsigned int shape = RS_SHAPES; shape-- > 0;) {
        if (shapes >> shape & 1)
            find_by_shape(worker->flows, burst, shape);
    }
    for (unsigned int i = 0; i < burst->live_count; i++) {
        const uint8_t place = burst->live[i];

        burst->outcomes[place] = admit(burst->streams[place]);
        burst->live[kept] = place;
        kept += burst->outcomes[place] == RS_UNDECIDED;
    }
    burst->live_count = kept;
}
