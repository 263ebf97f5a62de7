/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one worker last found in the flow table, for the frames that most media comes in: untagged
 * IPv4. Answers as the table does, in a tenth of the time; an entry is good as long as the table
 * has not changed since. Inline, for it is asked once for each packet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dataplane.h"
#include "packet.h"

struct rs_stream;

enum { RS_FLOW_CACHE_BITS = 11, RS_FLOW_CACHE_ENTRIES = 1 << RS_FLOW_CACHE_BITS };

/* What a packet says of its flow; compared as a whole. */
struct rs_cached_flow {
    uint64_t addresses; /* source | destination, in network order */
    uint32_t ports;
    uint32_t ssrc;
};

struct rs_flow_cache_entry {
    struct rs_cached_flow flow;
    struct rs_stream *stream; /* NULL: none */
    uint64_t state;
};

_Static_assert(sizeof(struct rs_flow_cache_entry) == 32, "two entries on a cache line");

/* Owner: one worker. All zero is empty. */
struct rs_flow_cache {
    struct rs_flow_cache_entry entries[RS_FLOW_CACHE_ENTRIES];
};

/* What an entry is of and good for: a link, a direction, and a state of the flow table. */
static inline uint64_t rs_flow_cache_state(uint8_t link, enum rs_direction direction,
                                           uint64_t version)
{
    return version << 9 | (uint64_t)direction << 8 | link;
}

/* Whether a datagram's flow can be in a cache; *flow is then set. */
static inline bool rs_cached_flow_make(const struct rs_datagram *datagram, uint32_t ssrc,
                                       struct rs_cached_flow *flow)
{
    uint32_t src, dst;

    if (datagram->family != RS_IPV4 || datagram->vlan != 0)
        return false;
    memcpy(&src, datagram->src.bytes, sizeof(src));
    memcpy(&dst, datagram->dst.bytes, sizeof(dst));
    flow->addresses = (uint64_t)dst << 32 | src;
    memcpy(&flow->ports, &datagram->src_port, sizeof(flow->ports)); /* both */
    flow->ssrc = ssrc;
    return true;
}

static inline struct rs_flow_cache_entry *rs_flow_cache_place(struct rs_flow_cache *cache,
                                                              const struct rs_cached_flow *flow)
{
    /* Two odd constants, so that each bit of a flow moves the upper bits of the product. */
    const uint64_t first = flow->addresses * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t second =
        (first ^ ((uint64_t)flow->ssrc << 32 | flow->ports)) * UINT64_C(0xc2b2ae3d27d4eb4f);

    return &cache->entries[second >> (64 - RS_FLOW_CACHE_BITS)];
}

/* The stream that the table has for the flow; NULL: it is not known. */
static inline struct rs_stream *rs_flow_cache_find(struct rs_flow_cache *cache, uint64_t state,
                                                   const struct rs_cached_flow *flow)
{
    const struct rs_flow_cache_entry *entry = rs_flow_cache_place(cache, flow);
    const bool same = entry->flow.addresses == flow->addresses &&
                      entry->flow.ports == flow->ports && entry->flow.ssrc == flow->ssrc &&
                      entry->state == state;

    return same ? entry->stream : NULL;
}

/* Remembers what the table has, asked after its version was read. */
static inline void rs_flow_cache_put(struct rs_flow_cache *cache, uint64_t state,
                                     const struct rs_cached_flow *flow, struct rs_stream *stream)
{
    *rs_flow_cache_place(cache, flow) =
        (struct rs_flow_cache_entry){.flow = *flow, .stream = stream, .state = state};
}
