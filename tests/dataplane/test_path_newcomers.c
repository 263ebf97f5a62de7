/* SPDX-License-Identifier: BSD-3-Clause */
/* Senders as a large conference brings them: thousands, late packets, and forged ones among them.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { SENDERS = 3000, FRAMES_MAX = 8300, FRAME_BYTES = 256, AT_ONCE = 500 };

struct sealed_frame {
    size_t bytes;
    uint8_t frame[FRAME_BYTES];
};

static struct rs_host *host;
static struct sealed_frame frames[FRAMES_MAX];

/* Seals `count` packets on the stream of the default flow, in order. */
static void seal_frames(struct sealed_frame *sealed, unsigned int count)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];

    for (unsigned int done = 0; done < count;) {
        const unsigned int n = count - done < AT_ONCE ? count - done : AT_ONCE;

        for (unsigned int i = 0; i < n; i++) {
            const struct rs_leg_packet packet = rs_leg_vp8(done + i);

            rs_host_inject(host, 0, RS_SEAL, 0, frame, rs_leg_write(&packet, frame, sizeof(frame)));
        }
        rs_host_settle(host);
        for (unsigned int i = 0; i < n; i++, done++) {
            sealed[done].bytes =
                rs_host_take(host, 0, RS_SEAL, sealed[done].frame, sizeof(sealed[done].frame));
            CU_ASSERT_FATAL(sealed[done].bytes > 0);
        }
    }
}

static void put_in(const struct sealed_frame *sealed)
{
    rs_host_inject(host, 1, RS_OPEN, 0, sealed->frame, sealed->bytes);
}

/* What was put in is through; returns how often the stream has counted the outcome. */
static uint64_t settled_count(const struct rs_stream *stream, enum rs_outcome outcome)
{
    rs_host_settle(host);
    rs_host_discard(host, 1, RS_OPEN);
    return rs_host_stream_count(stream, outcome);
}

/* ---- late packets ------------------------------------------------------------------------- */

static void a_window_of_each_width_opens_what_is_within_and_nothing_older(void)
{
    enum { OLDER = 50 };

    for (uint32_t width = 64; width <= 8192; width *= 2) {
        struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
        const unsigned int count = width + OLDER;
        struct rs_legs legs;

        config.replay_window = width;
        legs = rs_legs_make(host, &config);
        seal_frames(frames, count);
        put_in(&frames[count - 1]);
        CU_ASSERT_EQUAL(settled_count(legs.open, RS_OPENED), 1);
        put_in(&frames[count - 1 - width]);
        CU_ASSERT_EQUAL(settled_count(legs.open, RS_REPLAY), 1);
        put_in(&frames[count - width]);
        CU_ASSERT_EQUAL(settled_count(legs.open, RS_OPENED), 2);
        for (unsigned int i = 0; i < count; i++) {
            put_in(&frames[i]);
            if (i % AT_ONCE == AT_ONCE - 1)
                settled_count(legs.open, RS_OPENED);
        }
        CU_ASSERT_EQUAL(settled_count(legs.open, RS_OPENED), width);
        CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_REPLAY), OLDER + 3);
        rs_legs_end(&legs);
    }
}

static void retransmissions_2500_packets_late_open_once(void)
{
    enum { LATE = 2500, ALL = LATE + 500, EACH = 50 };
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs;
    uint64_t late = 0;

    config.replay_window = 4096;
    legs = rs_legs_make(host, &config);
    seal_frames(frames, ALL);
    for (unsigned int i = 0; i < ALL; i++) {
        if (i % EACH != 0)
            put_in(&frames[i]);
        if (i >= LATE && (i - LATE) % EACH == 0) {
            late++;
            put_in(&frames[i - LATE]);
        }
        if (i % AT_ONCE == 0)
            settled_count(legs.open, RS_OPENED);
    }
    CU_ASSERT_EQUAL(settled_count(legs.open, RS_OPENED), ALL - ALL / EACH + late);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_REPLAY), 0);
    for (unsigned int i = 0; i < ALL - LATE; i += EACH)
        put_in(&frames[i]);
    CU_ASSERT_EQUAL(settled_count(legs.open, RS_REPLAY), late);
    rs_legs_end(&legs);
}

/* ---- thousands ---------------------------------------------------------------------------- */

/* `each` packets of each of `count` senders, from frames[sender * each] on. */
static void seal_by_senders(struct rs_legs *legs, unsigned int count, unsigned int each)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    for (unsigned int s = 0; s < count; s++) {
        seal_frames(&frames[s * each], each);
        rs_stream_destroy(legs->seal);
        legs->seal = rs_host_stream(legs->session, &config);
    }
}

static void three_thousand_senders_open_from_their_first_packet_for_two_subscribers(void)
{
    const struct rs_test_frame to_other = {.dst_port = 5006};
    struct rs_stream_config config = rs_host_stream_config(RS_OPEN, 1);
    struct rs_legs legs = rs_legs_make(host, NULL);
    struct rs_leg_packet copy = {.payload_type = 96, .ssrc = 0x1234, .frame = &to_other};
    struct rs_stream *other;

    config.flow.dst_port = 5006;
    other = rs_host_stream(legs.session, &config);
    seal_by_senders(&legs, SENDERS, 1);
    for (unsigned int round = 1; round <= 2; round++) {
        for (unsigned int s = 0; s < SENDERS; s++) {
            copy.bytes = frames[s].bytes - RS_LEGS_PAYLOAD;
            memcpy(copy.payload, frames[s].frame + RS_LEGS_PAYLOAD, copy.bytes);
            put_in(&frames[s]);
            rs_leg_inject(host, &copy);
            if (s % AT_ONCE == 0)
                settled_count(legs.open, RS_OPENED);
        }
        CU_ASSERT_EQUAL(settled_count(legs.open, RS_OPENED), SENDERS);
        CU_ASSERT_EQUAL(settled_count(other, RS_OPENED), SENDERS);
        CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_REPLAY), (round - 1) * SENDERS);
        CU_ASSERT_EQUAL(rs_host_stream_count(other, RS_REPLAY), (round - 1) * SENDERS);
    }
    rs_host_check_sums(host);
    rs_stream_destroy(other);
    rs_legs_end(&legs);
}

/* ---- forged ones -------------------------------------------------------------------------- */

static void put_in_forged(const struct rs_leg_packet *like, unsigned int count)
{
    static uint32_t n;

    while (count-- > 0) {
        struct rs_leg_packet forged = rs_leg_forged(like, ++n);

        forged.ssrc = n;
        rs_leg_inject(host, &forged);
    }
}

static void newcomers_join_while_thirty_forged_kids_come_with_each_of_their_packets(void)
{
    enum { NEWCOMERS = 40, EACH = 5, FORGED = 30 };
    static uint8_t owner;
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs;
    struct rs_leg_packet known;
    uint64_t opened, limited;

    config.owner = &owner;
    legs = rs_legs_make(host, &config);
    known = rs_leg_sealed(host, legs.seal, 1);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &known), RS_OPENED);
    seal_by_senders(&legs, NEWCOMERS, EACH);
    rs_host_wait_events(host, RS_HOST_TROUBLE, &owner, 1);
    rs_host_forget_events(host);
    put_in_forged(&known, 1000);
    for (unsigned int i = 0; i < NEWCOMERS * EACH; i++) {
        put_in_forged(&known, FORGED);
        put_in(&frames[i]);
        if (i % EACH == EACH - 1)
            settled_count(legs.open, RS_OPENED);
    }
    opened = settled_count(legs.open, RS_OPENED) - 1;
    limited = rs_host_stream_count(legs.open, RS_SENDER_LIMIT);
    /* Each loses its first packet, and one in ten another. */
    CU_ASSERT(opened >= NEWCOMERS * (EACH - 1) - NEWCOMERS / 10);
    CU_ASSERT_EQUAL(limited + opened + rs_host_stream_count(legs.open, RS_AUTH_FAILED),
                    1000 + NEWCOMERS * EACH * (FORGED + 1));
    /* Nor does the spray make the stream's troubles known by the hundred. */
    rs_host_poll(host, 20);
    CU_ASSERT(rs_host_count_events(host, RS_HOST_TROUBLE, &owner) <= 8);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_window_of_each_width_opens_what_is_within_and_nothing_older",
         a_window_of_each_width_opens_what_is_within_and_nothing_older},
        {"retransmissions_2500_packets_late_open_once",
         retransmissions_2500_packets_late_open_once},
        {"three_thousand_senders_open_from_their_first_packet_for_two_subscribers",
         three_thousand_senders_open_from_their_first_packet_for_two_subscribers},
        {"newcomers_join_while_thirty_forged_kids_come_with_each_of_their_packets",
         newcomers_join_while_thirty_forged_kids_come_with_each_of_their_packets},
    };
    const struct rs_host_config config = {.worker_count = 1, .max_senders = 3 * SENDERS};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_newcomers", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
