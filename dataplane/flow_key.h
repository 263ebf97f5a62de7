/* SPDX-License-Identifier: BSD-3-Clause */
/* What a stream is found by, and in which order packets are looked up. */
#pragma once

#include <stdint.h>
#include <string.h>

#include "dataplane.h"

/* Which optional parts a flow names. Packets are looked up by falling number: the most specific
 * shape first. */
enum rs_shape { RS_SHAPE_SSRC = 1, RS_SHAPE_SOURCE = 2, RS_SHAPES = 4 };

/* Compared as bytes: padding-free, zero where the shape names nothing. */
struct rs_flow_key {
    uint8_t src[16], dst[16];
    uint16_t src_port, dst_port;
    uint32_t ssrc;
    uint16_t vlan;
    uint8_t link;
    uint8_t shape; /* enum rs_shape bits */
    uint8_t direction;
    uint8_t family;
    uint16_t zero;
};

_Static_assert(sizeof(struct rs_flow_key) == 48, "compared as bytes: no padding");

/* Of a key with all that a packet says, leaves what a flow of this shape names. Any thread. */
static inline void rs_flow_key_reduce(struct rs_flow_key *key, unsigned int shape)
{
    if (!(shape & RS_SHAPE_SOURCE)) {
        memset(key->src, 0, sizeof(key->src));
        key->src_port = 0;
    }
    if (!(shape & RS_SHAPE_SSRC))
        key->ssrc = 0;
    key->shape = (uint8_t)shape;
}

/* The key of that shape for packets of a flow and an SSRC. Any thread. */
static inline void rs_flow_key_make(struct rs_flow_key *key, unsigned int link,
                                    enum rs_direction direction, const struct rs_flow *flow,
                                    uint32_t ssrc, unsigned int shape)
{
    memset(key, 0, sizeof(*key));
    memcpy(key->src, flow->src, sizeof(key->src));
    memcpy(key->dst, flow->dst, sizeof(key->dst));
    key->src_port = flow->src_port;
    key->dst_port = flow->dst_port;
    key->ssrc = ssrc;
    key->vlan = flow->vlan;
    key->link = (uint8_t)link;
    key->direction = (uint8_t)direction;
    key->family = flow->family;
    rs_flow_key_reduce(key, shape);
}
