/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbered RTP of several streams through a host: in at link a's plain side, sealed, carried over
 * to link b's sealed side, opened, and compared byte for byte. Each stream has an SSRC of its own
 * and one ingress queue, so it comes out in the order it went in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/host.h"

enum { RS_TRAFFIC_STREAMS_MAX = 10240, RS_TRAFFIC_SSRC = 0x10000 };

/* What the last 18 bytes of a sealed packet say, read by hand from the wire format. */
struct rs_traffic_header {
    uint64_t kid, ctr;
    unsigned int stream;
    uint16_t key_tag;
    bool whole; /* sealed whole */
};

struct rs_traffic {
    struct rs_host *host;
    uint64_t sent, sealed, opened;
    uint64_t garbled; /* came out changed, twice, or out of order */
    uint16_t next_sent[RS_TRAFFIC_STREAMS_MAX];
    uint16_t next_opened[RS_TRAFFIC_STREAMS_MAX];
    void (*see)(void *context, const struct rs_traffic_header *header); /* each sealed packet */
    void *context;
};

/* The SSRC of a stream. */
uint32_t rs_traffic_ssrc(unsigned int stream);

/* Sends the stream's next packet into link a, by the ingress queue. Does not wait. */
void rs_traffic_send(struct rs_traffic *traffic, unsigned int stream, uint16_t queue);

/* Polls, takes what was sealed over to link b, by the ingress queue that `stream % workers` gives,
 * and compares what was opened. Does not wait. */
void rs_traffic_move(struct rs_traffic *traffic);

/* Moves until each of so many streams, from the first named on, has brought out every packet before
 * that sequence number, for at most 30 seconds; asserts that it did, and nothing garbled. */
void rs_traffic_wait(struct rs_traffic *traffic, unsigned int first, unsigned int streams,
                     uint16_t sequence);

/* A key on both sides, the opener first: staged there, staged here, active here, active there. */
void rs_traffic_rekey(struct rs_session *sealer, struct rs_session *opener, uint32_t seed,
                      uint32_t epoch);
