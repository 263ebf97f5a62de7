/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets between the edge that seals and the edge that opens; no code of the dataplane reads or
 * writes them here. */
#include "tests/support/legs.h"

#include <string.h>

#include <CUnit/CUnit.h>

enum { TRAILER_BYTES = 18, FRAME_MAX = RS_HOST_FRAME_BYTES };

static uint64_t read_be64(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (unsigned int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

struct rs_leg_packet rs_leg_plain(uint8_t payload_type, const void *start, size_t start_count,
                                  size_t bytes)
{
    struct rs_leg_packet packet = {.payload_type = payload_type, .ssrc = 0x1234, .bytes = bytes};

    for (size_t i = 0; i < bytes; i++)
        packet.payload[i] = (uint8_t)(i * 5 + 1);
    memcpy(packet.payload, start, start_count);
    return packet;
}

struct rs_leg_packet rs_leg_vp8(uint32_t mark)
{
    struct rs_leg_packet packet = rs_leg_plain(96, "\x10\x51", 2, 100);

    memcpy(packet.payload + 20, &mark, sizeof(mark));
    return packet;
}

size_t rs_leg_write(const struct rs_leg_packet *packet, uint8_t *frame, size_t max)
{
    static const struct rs_test_frame plainest;
    const struct rs_test_rtp rtp = {.payload_type = packet->payload_type,
                                    .ssrc = packet->ssrc,
                                    .body = packet->payload,
                                    .body_bytes = packet->bytes};

    return rs_test_media_write(packet->frame != NULL ? packet->frame : &plainest, &rtp, frame, max);
}

enum rs_outcome rs_leg_run(struct rs_host *host, unsigned int link, enum rs_direction direction,
                           const struct rs_stream *stream, const struct rs_leg_packet *packet,
                           struct rs_leg_packet *out)
{
    uint8_t frame[FRAME_MAX];
    struct rs_host_trip trip = {
        .link = link, .direction = direction, .stream = stream, .frame = frame};
    enum rs_outcome outcome;

    trip.bytes = rs_leg_write(packet, frame, sizeof(frame));
    CU_ASSERT_FATAL(trip.bytes > 0);
    outcome = rs_host_run(host, &trip);
    if (out == NULL || trip.out_bytes < RS_LEGS_PAYLOAD)
        return outcome;
    if (out != packet)
        *out = *packet;
    out->bytes = trip.out_bytes - RS_LEGS_PAYLOAD;
    memcpy(out->payload, trip.out + RS_LEGS_PAYLOAD, out->bytes);
    return outcome;
}

void rs_leg_seal(struct rs_host *host, const struct rs_stream *stream, struct rs_leg_packet *packet)
{
    CU_ASSERT_EQUAL_FATAL(rs_leg_run(host, 0, RS_SEAL, stream, packet, packet), RS_SEALED);
}

enum rs_outcome rs_leg_open(struct rs_host *host, const struct rs_stream *stream,
                            const struct rs_leg_packet *packet)
{
    return rs_leg_run(host, 1, RS_OPEN, stream, packet, NULL);
}

void rs_leg_inject(struct rs_host *host, const struct rs_leg_packet *packet)
{
    uint8_t frame[FRAME_MAX];
    const size_t bytes = rs_leg_write(packet, frame, sizeof(frame));

    CU_ASSERT_FATAL(bytes > 0);
    rs_host_inject(host, 1, RS_OPEN, 0, frame, bytes);
}

uint8_t *rs_leg_trailer(struct rs_leg_packet *packet)
{
    CU_ASSERT_FATAL(packet->bytes >= TRAILER_BYTES);
    return packet->payload + packet->bytes - TRAILER_BYTES;
}

uint64_t rs_leg_kid(const struct rs_leg_packet *packet)
{
    return read_be64(packet->payload + packet->bytes - TRAILER_BYTES + 1);
}

uint64_t rs_leg_ctr(const struct rs_leg_packet *packet)
{
    return read_be64(packet->payload + packet->bytes - TRAILER_BYTES + 9);
}

struct rs_legs rs_legs_make(struct rs_host *host, const struct rs_stream_config *like)
{
    struct rs_stream_config config = like != NULL ? *like : rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs = {.session = rs_host_session(host, host, 1)};

    config.direction = RS_SEAL;
    config.link = 0;
    legs.seal = rs_host_stream(legs.session, &config);
    config.direction = RS_OPEN;
    config.link = 1;
    legs.open = rs_host_stream(legs.session, &config);
    return legs;
}

void rs_legs_end(const struct rs_legs *legs)
{
    rs_stream_destroy(legs->seal);
    rs_stream_destroy(legs->open);
    rs_session_destroy(legs->session);
}

struct rs_leg_packet rs_leg_sealed(struct rs_host *host, const struct rs_stream *stream,
                                   uint32_t mark)
{
    struct rs_leg_packet packet = rs_leg_vp8(mark);

    rs_leg_seal(host, stream, &packet);
    return packet;
}

struct rs_leg_packet rs_leg_forged(const struct rs_leg_packet *real, uint32_t n)
{
    struct rs_leg_packet forged = *real;
    uint8_t *sender_id = rs_leg_trailer(&forged) + 2;

    for (unsigned int i = 0; i < 4; i++)
        sender_id[i] ^= (uint8_t)(n >> 8 * i);
    return forged;
}

void rs_leg_hold(struct rs_host *host)
{
    rs_wire_port_stall(host->ports[1][RS_OPEN], 0, 10);
    rs_host_poll(host, 2);
}

bool rs_leg_next_is(struct rs_host *host, const struct rs_leg_packet *plain)
{
    uint8_t frame[FRAME_MAX];
    const size_t bytes = rs_host_take(host, 1, RS_OPEN, frame, sizeof(frame));

    return bytes == RS_LEGS_PAYLOAD + plain->bytes &&
           rs_test_frame_is_right(frame, bytes, 14, 34) &&
           memcmp(frame + RS_LEGS_PAYLOAD, plain->payload, plain->bytes) == 0;
}
