/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sealed payloads in a test's hands: sealed on link 0 of a host, perhaps changed, opened on link 1.
 * The flow is the default one unless a frame says otherwise.
 */
#pragma once

#include "tests/support/frame.h"
#include "tests/support/host.h"

enum {
    RS_LEGS_PAYLOAD = 54 /* where an untagged IPv4 frame's RTP payload begins, without CSRCs */
};

/* An RTP payload and what its header said. */
struct rs_leg_packet {
    uint8_t payload_type;
    uint32_t ssrc;
    uint8_t payload[RS_HOST_FRAME_BYTES];
    size_t bytes;
    const struct rs_test_frame *frame; /* NULL: the default one */
};

/* A plain packet whose body of `bytes` bytes begins with the `start_count` of `start`. */
struct rs_leg_packet rs_leg_plain(uint8_t payload_type, const void *start, size_t start_count,
                                  size_t bytes);

/* A plain VP8 packet of 100 bytes with `mark` in it. */
struct rs_leg_packet rs_leg_vp8(uint32_t mark);

/* The packet as a frame; returns its bytes. */
size_t rs_leg_write(const struct rs_leg_packet *packet, uint8_t *frame, size_t max);

/* Sends the packet into a link, alone. *out is set to what left; it may be `packet`, or NULL. */
enum rs_outcome rs_leg_run(struct rs_host *host, unsigned int link, enum rs_direction direction,
                           const struct rs_stream *stream, const struct rs_leg_packet *packet,
                           struct rs_leg_packet *out);

/* Seals in place on link 0, asserting that it is; and opens a copy on link 1. */
void rs_leg_seal(struct rs_host *host, const struct rs_stream *stream,
                 struct rs_leg_packet *packet);
enum rs_outcome rs_leg_open(struct rs_host *host, const struct rs_stream *stream,
                            const struct rs_leg_packet *packet);

/* Puts a copy into link 1, to be opened, without waiting for it. */
void rs_leg_inject(struct rs_host *host, const struct rs_leg_packet *packet);

/* The fields at a sealed payload's end, by the drawing of the wire format. */
uint64_t rs_leg_kid(const struct rs_leg_packet *packet);
uint64_t rs_leg_ctr(const struct rs_leg_packet *packet);
uint8_t *rs_leg_trailer(struct rs_leg_packet *packet); /* its last 18 bytes */

/* A session with the key of seed 1, and its two streams. */
struct rs_legs {
    struct rs_session *session;
    struct rs_stream *seal, *open;
};

/* Streams like `like`, sealing on link 0 and opening on link 1; NULL: the default one. */
struct rs_legs rs_legs_make(struct rs_host *host, const struct rs_stream_config *like);
void rs_legs_end(const struct rs_legs *legs);

/* rs_leg_vp8(mark), sealed. */
struct rs_leg_packet rs_leg_sealed(struct rs_host *host, const struct rs_stream *stream,
                                   uint32_t mark);

/* The packet under another sender's KID, of the same suite and key tag; `n` 1 to 2^32 - 1. */
struct rs_leg_packet rs_leg_forged(const struct rs_leg_packet *real, uint32_t n);

/* Keeps link 1's worker from its queue for a while: what is put in next comes as one burst. */
void rs_leg_hold(struct rs_host *host);

/* Whether the oldest frame that left link 1 holds this body, in order on the outside too. */
bool rs_leg_next_is(struct rs_host *host, const struct rs_leg_packet *plain);
