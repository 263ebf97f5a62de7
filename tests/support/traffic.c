/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The body of a packet follows from its SSRC and sequence number, so what comes out is compared
 * with what is made anew, not with a copy.
 */
#include "tests/support/traffic.h"

#include <string.h>
#include <time.h>

#include <CUnit/CUnit.h>

#include "tests/support/frame.h"

enum {
    PAYLOAD_OFFSET = 14 + 20 + 8, /* of UDP over IPv4 without options */
    SEQUENCE_OFFSET = PAYLOAD_OFFSET + 2,
    SSRC_OFFSET = PAYLOAD_OFFSET + 8,
    TRAILER_BYTES = 18,
    WHOLE_BIT = 0x20, /* of the last byte */
    BODY_BYTES = 90,
    WAIT_S = 30,
};

static uint64_t read_be(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint32_t rs_traffic_ssrc(unsigned int stream)
{
    return RS_TRAFFIC_SSRC + stream;
}

static size_t make_frame(unsigned int stream, uint16_t sequence, uint8_t *out, size_t max)
{
    uint8_t body[BODY_BYTES] = {0x10, 0x01}, rtp[BODY_BYTES + 12];
    const struct rs_test_rtp header = {.payload_type = 96,
                                       .ssrc = rs_traffic_ssrc(stream),
                                       .sequence = sequence,
                                       .timestamp = 3000u * sequence,
                                       .body = body,
                                       .body_bytes = sizeof(body)};
    struct rs_test_frame frame = {.payload = rtp};
    uint32_t state = stream * 65536 + sequence + 1;

    for (size_t i = 2; i < sizeof(body); i++) {
        state = state * 1664525 + 1013904223;
        body[i] = (uint8_t)(state >> 24);
    }
    frame.payload_bytes = rs_test_rtp_write(&header, rtp, sizeof(rtp));
    return rs_test_frame_write(&frame, out, max);
}

void rs_traffic_send(struct rs_traffic *traffic, unsigned int stream, uint16_t queue)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];
    const size_t bytes = make_frame(stream, traffic->next_sent[stream]++, frame, sizeof(frame));

    rs_host_inject(traffic->host, 0, RS_SEAL, queue, frame, bytes);
    traffic->sent++;
}

static unsigned int stream_of(const uint8_t *frame)
{
    const unsigned int stream =
        (unsigned int)read_be(frame + SSRC_OFFSET, 4) - (unsigned int)RS_TRAFFIC_SSRC;

    CU_ASSERT_FATAL(stream < RS_TRAFFIC_STREAMS_MAX);
    return stream;
}

static void carry(struct rs_traffic *traffic)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];
    size_t bytes;

    while ((bytes = rs_host_take(traffic->host, 0, RS_SEAL, frame, sizeof(frame))) > 0) {
        const uint8_t *trailer = frame + bytes - TRAILER_BYTES;
        struct rs_traffic_header header = {.kid = read_be(trailer + 1, 8),
                                           .ctr = read_be(trailer + 9, 8),
                                           .stream = stream_of(frame)};

        CU_ASSERT_EQUAL(trailer[0], 0xff);
        header.key_tag = (uint16_t)header.kid;
        header.whole = (trailer[TRAILER_BYTES - 1] & WHOLE_BIT) != 0;
        traffic->sealed++;
        if (traffic->see != NULL)
            traffic->see(traffic->context, &header);
        rs_host_inject(traffic->host, 1, RS_OPEN,
                       (uint16_t)(header.stream % traffic->host->worker_count), frame, bytes);
    }
}

static void compare(struct rs_traffic *traffic)
{
    uint8_t frame[RS_HOST_FRAME_BYTES], expected[RS_HOST_FRAME_BYTES];
    size_t bytes;

    while ((bytes = rs_host_take(traffic->host, 1, RS_OPEN, frame, sizeof(frame))) > 0) {
        const unsigned int stream = stream_of(frame);
        const uint16_t sequence = traffic->next_opened[stream]++;

        traffic->opened++;
        if (make_frame(stream, sequence, expected, sizeof(expected)) != bytes ||
            memcmp(frame, expected, bytes) != 0)
            traffic->garbled++;
    }
}

void rs_traffic_move(struct rs_traffic *traffic)
{
    rs_dataplane_poll(traffic->host->dataplane);
    carry(traffic);
    compare(traffic);
}

static bool all_opened(const struct rs_traffic *traffic, unsigned int first, unsigned int streams,
                       uint16_t sequence)
{
    for (unsigned int s = first; s < first + streams; s++) {
        if ((int16_t)(uint16_t)(traffic->next_opened[s] - sequence) < 0)
            return false;
    }
    return true;
}

void rs_traffic_wait(struct rs_traffic *traffic, unsigned int first, unsigned int streams,
                     uint16_t sequence)
{
    const time_t until = time(NULL) + WAIT_S;
    const struct timespec pause = {.tv_nsec = 20000};

    rs_traffic_move(traffic);
    while (!all_opened(traffic, first, streams, sequence) && traffic->garbled == 0 &&
           time(NULL) <= until) {
        nanosleep(&pause, NULL);
        rs_traffic_move(traffic);
    }
    CU_ASSERT_EQUAL_FATAL(traffic->garbled, 0);
    CU_ASSERT_FATAL(all_opened(traffic, first, streams, sequence));
}

void rs_traffic_rekey(struct rs_session *sealer, struct rs_session *opener, uint32_t seed,
                      uint32_t epoch)
{
    uint32_t replaced;

    rs_host_stage(opener, seed, epoch);
    rs_host_stage(sealer, seed, epoch);
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(sealer, &replaced), 0);
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(opener, &replaced), 0);
}
