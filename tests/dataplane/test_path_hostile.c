/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many who send what is not theirs to a stream that opens, twenty times as much as its own sender:
 * each real packet is opened, in order, each other one dropped by its name, and nothing is kept.
 */
#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { ROUNDS = 60, HOSTILE = 19 /* with the real one at most a burst */ };

static struct rs_host *host;

/* Writes the n-th hostile frame, made from `real`; returns its bytes. */
typedef size_t (*hostile_fn)(const struct rs_leg_packet *real, uint32_t n, uint8_t *frame,
                             size_t max);

static size_t forged_tag(const struct rs_leg_packet *real, uint32_t n, uint8_t *frame, size_t max)
{
    struct rs_leg_packet packet = *real;

    packet.payload[20 + n % 40] ^= (uint8_t)(1 + n % 255);
    return rs_leg_write(&packet, frame, max);
}

/* Another sender in each packet, of the same key. */
static size_t kid_spray(const struct rs_leg_packet *real, uint32_t n, uint8_t *frame, size_t max)
{
    const struct rs_leg_packet packet = rs_leg_forged(real, n + 1);

    return rs_leg_write(&packet, frame, max);
}

static size_t key_tag_spray(const struct rs_leg_packet *real, uint32_t n, uint8_t *frame,
                            size_t max)
{
    struct rs_leg_packet packet = *real;

    rs_leg_trailer(&packet)[8] ^= (uint8_t)(1 + n % 255);
    return rs_leg_write(&packet, frame, max);
}

/* A header that is as long as headers get, in front of a forged payload. */
static size_t header_bomb(const struct rs_leg_packet *real, uint32_t n, uint8_t *frame, size_t max)
{
    static const uint32_t csrcs[15];
    static const uint8_t extension[1200];
    struct rs_leg_packet packet = *real;
    const struct rs_test_frame around = {.without_checksum = true};
    const struct rs_test_rtp rtp = {.payload_type = real->payload_type,
                                    .sequence = (uint16_t)n,
                                    .ssrc = real->ssrc,
                                    .csrcs = csrcs,
                                    .csrc_count = 15,
                                    .extension = extension,
                                    .extension_bytes = sizeof(extension),
                                    .body = packet.payload,
                                    .body_bytes = packet.bytes,
                                    .padding_bytes = 255};

    packet.payload[50] ^= 1;
    return rs_test_media_write(&around, &rtp, frame, max);
}

/* The same, whose extension says that it is longer than all datagrams are. */
static size_t header_lie(const struct rs_leg_packet *real, uint32_t n, uint8_t *frame, size_t max)
{
    enum { EXTENSION_LENGTH = 42 + 12 + 15 * 4 + 2 };
    const size_t bytes = header_bomb(real, n, frame, max);

    frame[EXTENSION_LENGTH] = 0xff;
    frame[EXTENSION_LENGTH + 1] = 0xff;
    return bytes;
}

/* `or`: what it may be as well, where a burst brings more senders that are not known than are
 * tried. */
static const struct {
    hostile_fn write;
    enum rs_outcome outcome, or ;
} kinds[] = {
    {forged_tag, RS_AUTH_FAILED, RS_AUTH_FAILED},
    {kid_spray, RS_AUTH_FAILED, RS_SENDER_LIMIT},
    {key_tag_spray, RS_SECRET_MISMATCH, RS_SECRET_MISMATCH},
    {header_bomb, RS_AUTH_FAILED, RS_AUTH_FAILED},
    {header_lie, RS_OPAQUE, RS_OPAQUE}, /* no RTP, and nothing else that is known */
};

/* How many packets were dropped as the kind is. */
static uint64_t dropped_as(size_t kind)
{
    const enum rs_outcome one = kinds[kind].outcome, other = kinds[kind].or ;
    const uint64_t count = rs_host_path_count(host, 1, RS_OPEN, one);

    return one == other ? count : count + rs_host_path_count(host, 1, RS_OPEN, other);
}

static uint32_t senders_of_opener(void)
{
    struct rs_worker_info info;

    rs_dataplane_get_worker(host->dataplane, 0, &info);
    return info.senders;
}

static void inject_hostile(hostile_fn write, const struct rs_leg_packet *real, uint32_t n)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];
    const size_t bytes = write(real, n, frame, sizeof(frame));

    CU_ASSERT_FATAL(bytes > 0);
    rs_host_inject(host, 1, RS_OPEN, 0, frame, bytes);
}

/* A burst of one real packet amid hostile ones, and what came out of it. */
static void run_round(const struct rs_legs *legs, hostile_fn write, uint32_t round)
{
    const struct rs_leg_packet plain = rs_leg_vp8(round);
    const struct rs_leg_packet real = rs_leg_sealed(host, legs->seal, round);

    rs_leg_hold(host);
    for (uint32_t i = 0; i < HOSTILE; i++) {
        if (i == round % HOSTILE)
            rs_leg_inject(host, &real);
        inject_hostile(write, &real, round * HOSTILE + i);
    }
    rs_host_settle(host);
    CU_ASSERT(rs_leg_next_is(host, &plain));
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), 0);
}

static void amid_hostile_packets_each_real_one_is_opened_and_nothing_is_kept(void)
{
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct rs_legs legs = rs_legs_make(host, NULL);
        const uint64_t dropped = dropped_as(k);

        for (uint32_t round = 0; round < ROUNDS; round++)
            run_round(&legs, kinds[k].write, round);
        CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_OPENED), ROUNDS);
        CU_ASSERT_EQUAL(dropped_as(k) - dropped, (uint64_t)ROUNDS * HOSTILE);
        CU_ASSERT_EQUAL(senders_of_opener(), 2); /* one that seals, one that is opened */
        rs_host_check_sums(host);
        rs_legs_end(&legs);
    }
}

static void a_recording_played_again_twenty_times_opens_nothing(void)
{
    static struct rs_leg_packet heard[ROUNDS];
    const struct rs_legs legs = rs_legs_make(host, NULL);

    for (uint32_t i = 0; i < ROUNDS; i++) {
        heard[i] = rs_leg_sealed(host, legs.seal, i);
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &heard[i]), RS_OPENED);
    }
    rs_host_discard(host, 1, RS_OPEN);
    for (unsigned int again = 0; again < HOSTILE; again++) {
        for (uint32_t i = 0; i < ROUNDS; i++)
            rs_leg_inject(host, &heard[i]);
        rs_host_settle(host);
    }
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), 0);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_REPLAY), (uint64_t)ROUNDS * HOSTILE);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const struct rs_leg_packet next = rs_leg_sealed(host, legs.seal, i);

        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &next), RS_OPENED);
    }
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"amid_hostile_packets_each_real_one_is_opened_and_nothing_is_kept",
         amid_hostile_packets_each_real_one_is_opened_and_nothing_is_kept},
        {"a_recording_played_again_twenty_times_opens_nothing",
         a_recording_played_again_twenty_times_opens_nothing},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_hostile", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
