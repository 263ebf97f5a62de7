/* SPDX-License-Identifier: BSD-3-Clause */
/* A host whose pool of senders is small, and what happens when it is empty. */
#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { SENDERS = 8 };

static struct rs_host *host;

static const struct rs_test_frame *to_port(uint16_t port)
{
    static struct rs_test_frame frame;

    frame.dst_port = port;
    return &frame;
}

static struct rs_stream *stream_on(struct rs_session *session, enum rs_direction direction,
                                   uint16_t port)
{
    struct rs_stream_config config = rs_host_stream_config(direction, direction == RS_SEAL ? 0 : 1);

    config.flow.dst_port = port;
    return rs_host_stream(session, &config);
}

static void wait_for_senders(uint32_t count)
{
    struct rs_worker_info info;

    for (unsigned int i = 0; i < 2000; i++) {
        rs_dataplane_get_worker(host->dataplane, 0, &info);
        if (info.senders == count)
            break;
        rs_host_poll(host, 1);
    }
    CU_ASSERT_EQUAL(info.senders, count);
}

static void sealing_streams_beyond_the_pool_are_refused_by_name(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream *streams[SENDERS + 2];
    struct rs_leg_packet packet = rs_leg_vp8(1);

    for (uint16_t i = 0; i < SENDERS + 2; i++) {
        streams[i] = stream_on(session, RS_SEAL, (uint16_t)(5100 + i));
        packet.frame = to_port((uint16_t)(5100 + i));
        CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, streams[i], &packet, NULL),
                        i < SENDERS ? RS_SEALED : RS_NO_CAPACITY);
    }
    packet.frame = to_port(5100);
    CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, streams[0], &packet, NULL), RS_SEALED);
    wait_for_senders(SENDERS);
    rs_stream_destroy(streams[0]);
    wait_for_senders(SENDERS - 1);
    packet.frame = to_port(5100 + SENDERS);
    CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, streams[SENDERS], &packet, NULL), RS_SEALED);
    for (unsigned int i = 1; i < SENDERS + 2; i++)
        rs_stream_destroy(streams[i]);
    rs_session_destroy(session);
    wait_for_senders(0);
}

static void a_full_pool_does_not_stop_a_change_of_key(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream *streams[SENDERS];
    struct rs_leg_packet packet = rs_leg_vp8(1);

    for (unsigned int round = 0; round < 3; round++) {
        for (uint16_t i = 0; i < SENDERS; i++) {
            if (round == 0)
                streams[i] = stream_on(session, RS_SEAL, (uint16_t)(5100 + i));
            packet.frame = to_port((uint16_t)(5100 + i));
            CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, streams[i], &packet, NULL), RS_SEALED);
        }
        wait_for_senders(SENDERS);
        rs_host_set_key(session, 10 + round, 2 + round);
    }
    for (unsigned int i = 0; i < SENDERS; i++)
        rs_stream_destroy(streams[i]);
    rs_session_destroy(session);
    wait_for_senders(0);
}

/* Two packets of each of so many senders; a sealing stream needs a sender itself, so it ends before
 * anything is opened. */
static void seal_by_senders(struct rs_session *session, struct rs_leg_packet (*packets)[2],
                            unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        struct rs_stream *seal = stream_on(session, RS_SEAL, 5004);

        packets[i][0] = rs_leg_sealed(host, seal, i);
        packets[i][1] = rs_leg_sealed(host, seal, i);
        rs_stream_destroy(seal);
        wait_for_senders(0);
    }
}

static void senders_beyond_the_pool_make_room_and_open_nothing_twice(void)
{
    enum { MANY = 20 * SENDERS };
    static struct rs_leg_packet packets[MANY][2];
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream *open = stream_on(session, RS_OPEN, 5004);

    seal_by_senders(session, packets, MANY);
    for (unsigned int half = 0; half < 2; half++) {
        for (unsigned int i = 0; i < MANY; i++)
            CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[i][half]), RS_OPENED);
        for (unsigned int i = 0; i < MANY; i++)
            CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[i][half]), RS_REPLAY);
        for (unsigned int i = 0; i < MANY; i++)
            CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[i][0]), RS_REPLAY);
        wait_for_senders(SENDERS);
    }
    /* With the key go its records: under the same key again, all is new. */
    rs_host_set_key(session, 2, 2);
    CU_ASSERT_EQUAL(rs_session_retire_key(session, 1), 0);
    wait_for_senders(0);
    rs_host_set_key(session, 1, 3);
    for (unsigned int i = 0; i < MANY; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[i][0]), RS_OPENED);
    rs_stream_destroy(open);
    rs_session_destroy(session);
    wait_for_senders(0);
}

static void senders_make_room_within_a_burst_and_every_packet_opens_right(void)
{
    enum { HALF = SENDERS / 2, BURSTS = 30 };
    static struct rs_leg_packet packets[HALF * BURSTS][2];
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream *open = stream_on(session, RS_OPEN, 5004);

    seal_by_senders(session, packets, HALF * BURSTS);
    for (unsigned int burst = 1; burst < BURSTS; burst++) {
        /* Second packets of the senders before, between first ones of as many that are new. */
        rs_leg_hold(host);
        for (unsigned int i = HALF * burst; i < HALF * (burst + 1); i++) {
            rs_leg_inject(host, &packets[i][0]);
            rs_leg_inject(host, &packets[i - HALF][1]);
        }
        rs_host_settle(host);
        for (unsigned int i = HALF * burst; i < HALF * (burst + 1); i++) {
            const struct rs_leg_packet first = rs_leg_vp8(i), second = rs_leg_vp8(i - HALF);

            CU_ASSERT(rs_leg_next_is(host, &first));
            CU_ASSERT(rs_leg_next_is(host, &second));
        }
    }
    CU_ASSERT_EQUAL(rs_host_stream_count(open, RS_OPENED), 2 * HALF * (BURSTS - 1));
    rs_stream_destroy(open);
    rs_session_destroy(session);
    wait_for_senders(0);
}

static void a_forged_packet_of_a_sender_that_made_room_changes_nothing(void)
{
    static struct rs_leg_packet packets[SENDERS + 1][2];
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream *open = stream_on(session, RS_OPEN, 5004);
    struct rs_leg_packet forged;

    seal_by_senders(session, packets, SENDERS + 1);
    for (unsigned int i = 0; i <= SENDERS; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[i][0]), RS_OPENED);
    forged = packets[0][1];
    forged.payload[50] ^= 1;
    CU_ASSERT_EQUAL(rs_leg_open(host, open, &forged), RS_AUTH_FAILED);
    CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[0][0]), RS_REPLAY);
    CU_ASSERT_EQUAL(rs_leg_open(host, open, &packets[0][1]), RS_OPENED);
    rs_stream_destroy(open);
    rs_session_destroy(session);
    wait_for_senders(0);
}

static uint64_t seal_on_port(struct rs_stream *stream, uint16_t port)
{
    struct rs_leg_packet packet = rs_leg_vp8(1);

    packet.frame = to_port(port);
    rs_leg_seal(host, stream, &packet);
    return rs_leg_kid(&packet);
}

static void a_stream_idle_for_a_second_makes_room_and_goes_on_as_another_sender(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream *open = stream_on(session, RS_OPEN, 5004), *streams[SENDERS];
    struct rs_leg_packet packet = rs_leg_vp8(1);
    uint64_t kids[SENDERS];

    streams[0] = stream_on(session, RS_SEAL, 5004);
    rs_leg_seal(host, streams[0], &packet);
    kids[0] = rs_leg_kid(&packet);
    for (uint16_t i = 1; i < SENDERS; i++) {
        streams[i] = stream_on(session, RS_SEAL, (uint16_t)(5100 + i));
        kids[i] = seal_on_port(streams[i], (uint16_t)(5100 + i));
    }
    CU_ASSERT_EQUAL(rs_leg_open(host, open, &packet), RS_NO_CAPACITY);
    rs_host_poll(host, 1100);
    CU_ASSERT_EQUAL(rs_leg_open(host, open, &packet), RS_OPENED);
    for (uint16_t i = 1; i < SENDERS; i++)
        CU_ASSERT_EQUAL(seal_on_port(streams[i], (uint16_t)(5100 + i)), kids[i]);
    CU_ASSERT_NOT_EQUAL(seal_on_port(streams[0], 5004), kids[0]);
    wait_for_senders(SENDERS);
    for (unsigned int i = 0; i < SENDERS; i++)
        rs_stream_destroy(streams[i]);
    rs_stream_destroy(open);
    rs_session_destroy(session);
    wait_for_senders(0);
}

static void forged_senders_leave_none_behind(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet real = rs_leg_sealed(host, legs.seal, 1);

    for (uint32_t i = 1; i < 60; i++) {
        const struct rs_leg_packet forged = rs_leg_forged(&real, i);

        rs_leg_inject(host, &forged);
    }
    rs_host_settle(host);
    wait_for_senders(1);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &real), RS_OPENED);
    CU_ASSERT(rs_host_stream_count(legs.open, RS_AUTH_FAILED) > 0);
    rs_legs_end(&legs);
    wait_for_senders(0);
    rs_host_check_sums(host);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"sealing_streams_beyond_the_pool_are_refused_by_name",
         sealing_streams_beyond_the_pool_are_refused_by_name},
        {"a_full_pool_does_not_stop_a_change_of_key", a_full_pool_does_not_stop_a_change_of_key},
        {"senders_beyond_the_pool_make_room_and_open_nothing_twice",
         senders_beyond_the_pool_make_room_and_open_nothing_twice},
        {"senders_make_room_within_a_burst_and_every_packet_opens_right",
         senders_make_room_within_a_burst_and_every_packet_opens_right},
        {"a_forged_packet_of_a_sender_that_made_room_changes_nothing",
         a_forged_packet_of_a_sender_that_made_room_changes_nothing},
        {"a_stream_idle_for_a_second_makes_room_and_goes_on_as_another_sender",
         a_stream_idle_for_a_second_makes_room_and_goes_on_as_another_sender},
        {"forged_senders_leave_none_behind", forged_senders_leave_none_behind},
    };
    const struct rs_host_config config = {.worker_count = 1, .max_senders = SENDERS};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_capacity", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
