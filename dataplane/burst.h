/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a burst carries from stage to stage. Every received packet has a place, 0 to received - 1,
 * and keeps it, so that packets leave in the order they came. `live` lists the places that the next
 * stage still has to look at; a packet leaves it with an outcome, its end as counted by tx.
 */
#pragma once

#include <stdint.h>

#include <rte_mbuf.h>

#include "cipher.h"
#include "packet.h"
#include "rtp.h"
#include "sender.h"
#include "stats.h"
#include "table.h"

/* Not an outcome yet: the packet goes on to the next stage. */
#define RS_UNDECIDED RS_OUTCOMES

struct rs_packet {
    struct rs_datagram datagram;
    struct rs_rtp rtp; /* payload_offset is from the start of the RTP packet */
};

struct rs_burst {
    const struct rs_path *path;
    const struct rs_link_rules *rules; /* of the path's link, for this burst */
    struct rs_capture *capture;        /* NULL: nothing is copied */
    uint64_t now_tsc;
    unsigned int received;
    unsigned int refused;   /* of these, the last: meant for workers that take no more */
    unsigned int set_aside; /* besides these: for other workers, or until others come */
    unsigned int live_count;
    unsigned int cold_count; /* packets whose streams this worker has not seen lately */
    uint8_t live[RS_BURST_MAX];
    uint8_t outcomes[RS_BURST_MAX];
    uint16_t opened_tags[RS_BURST_MAX]; /* of what was opened: the key tag, for people */
    uint32_t bytes_in[RS_BURST_MAX];
    struct rte_mbuf *mbufs[RS_BURST_MAX];
    struct rs_stream *streams[RS_BURST_MAX]; /* NULL: none found */
    struct rs_packet packets[RS_BURST_MAX];
};

/* The RTP payload of the packet in `place`. */
static inline uint8_t *rs_burst_payload(const struct rs_burst *burst, unsigned int place)
{
    const struct rs_packet *packet = &burst->packets[place];

    return rte_pktmbuf_mtod_offset(burst->mbufs[place], uint8_t *,
                                   packet->datagram.payload_offset + packet->rtp.payload_offset);
}

/*
 * Takes out of `live` every packet whose stream has the suite of the first one's; their places go
 * to `group`. Returns how many, 0 at the end.
 */
static inline unsigned int rs_burst_take_suite(struct rs_burst *burst, uint8_t *group)
{
    const struct rs_suite *suite;
    unsigned int taken = 0, kept = 0;

    if (burst->live_count == 0)
        return 0;
    suite = burst->streams[burst->live[0]]->suite;
    for (unsigned int i = 0; i < burst->live_count; i++) {
        const uint8_t place = burst->live[i];

        if (burst->streams[place]->suite == suite)
            group[taken++] = place;
        else
            burst->live[kept++] = place;
    }
    burst->live_count = kept;
    return taken;
}

/* Senders that have not been used lately, and their keys, are far away: a group's are all asked for
 * before the first is waited for. */
static inline void rs_burst_prefetch_senders(const struct rs_burst *burst, unsigned int worker,
                                             const uint8_t *group, unsigned int count)
{
    if (burst->cold_count == 0)
        return;
    for (unsigned int i = 0; i < count; i++)
        rs_sender_prefetch(burst->streams[group[i]]->slots[worker].current);
    for (unsigned int i = 0; i < count; i++)
        rs_sender_prefetch_keys(burst->streams[group[i]]->slots[worker].current,
                                burst->streams[group[i]]->suite);
}
