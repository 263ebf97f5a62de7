/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: finds the stream that names each RTP packet, most specific flow first: in what the worker
 * has found before, else in the flow table. What no stream names is dropped; what a session without
 * end-to-end encryption names is passed on.
 */
#include "stages.h"

#include <string.h>

#include <rte_prefetch.h>

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

/* Finds what the worker has found before. Returns how many of the live packets it has not. */
static unsigned int find_cached(struct rs_flow_cache *cache, struct rs_burst *burst, uint64_t state)
{
    unsigned int missed = 0;

    for (unsigned int i = 0; i < burst->live_count; i++) {
        const uint8_t place = burst->live[i];
        const struct rs_packet *packet = &burst->packets[place];
        struct rs_cached_flow flow;

        if (rs_cached_flow_make(&packet->datagram, packet->rtp.ssrc, &flow))
            burst->streams[place] = rs_flow_cache_find(cache, state, &flow);
        missed += burst->streams[place] == NULL;
    }
    return missed;
}

/* Finds the rest in the table, and remembers it. */
static void find_missed(struct rs_worker *worker, struct rs_burst *burst, uint64_t state)
{
    const struct rs_path *path = burst->path;
    const uint32_t shapes = rs_flow_table_shapes(worker->flows, path->link, path->direction);
    uint8_t missed[RS_BURST_MAX];
    unsigned int count = 0;

    for (unsigned int i = 0; i < burst->live_count; i++) {
        missed[count] = burst->live[i];
        count += burst->streams[burst->live[i]] == NULL;
    }
    for (unsigned int shape = RS_SHAPES; shape-- > 0;) {
        if (shapes >> shape & 1)
            find_by_shape(worker->flows, burst, shape);
    }
    for (unsigned int i = 0; i < count; i++) {
        const struct rs_packet *packet = &burst->packets[missed[i]];
        struct rs_stream *stream = burst->streams[missed[i]];
        struct rs_cached_flow flow;

        if (stream == NULL)
            continue;
        rte_prefetch0(stream);
        rte_prefetch0(&stream->slots[worker->index]);
        if (rs_cached_flow_make(&packet->datagram, packet->rtp.ssrc, &flow))
            rs_flow_cache_put(&worker->flow_cache, state, &flow, stream);
    }
}

static inline enum rs_outcome admit(const struct rs_stream *stream)
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
    const uint64_t state =
        rs_flow_cache_state(path->link, path->direction, rs_flow_table_version(worker->flows));
    unsigned int kept = 0;

    burst->cold_count = find_cached(&worker->flow_cache, burst, state);
    if (burst->cold_count > 0)
        find_missed(worker, burst, state);
    for (unsigned int i = 0; i < burst->live_count; i++) {
        const uint8_t place = burst->live[i];

        burst->outcomes[place] = admit(burst->streams[place]);
        burst->live[kept] = place;
        kept += burst->outcomes[place] == RS_UNDECIDED;
    }
    burst->live_count = kept;
}
