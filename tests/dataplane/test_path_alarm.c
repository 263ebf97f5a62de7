/* SPDX-License-Identifier: BSD-3-Clause */
/* The alarm for guessed tags (RFC 9605 section 7.5): said when a stream's wrong tags pass the limit
 * and when that has ended, and not otherwise. */
#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { LIMIT = 5, WINDOW_MS = 1000, LOOK_MS = 150 };

static struct rs_host *host;
static uint8_t owner;

static struct rs_legs start(const char *suite)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    config.owner = &owner;
    config.suite = rs_suite_find(suite);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config.suite);
    rs_host_forget_events(host);
    return rs_legs_make(host, &config);
}

/* A sealed packet of which a bit is changed behind the descriptor and the clear byte. */
static struct rs_leg_packet damaged(const struct rs_legs *legs)
{
    struct rs_leg_packet packet = rs_leg_sealed(host, legs->seal, 1);

    packet.payload[50] ^= 1;
    return packet;
}

static void put(const struct rs_leg_packet *packet, uint16_t queue)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];

    rs_host_inject(host, 1, RS_OPEN, queue, frame, rs_leg_write(packet, frame, sizeof(frame)));
}

static void inject(const struct rs_leg_packet *packet, uint16_t queue, unsigned int times)
{
    for (unsigned int i = 0; i < times; i++)
        put(packet, queue);
    rs_host_settle(host);
}

static size_t alarms(unsigned int ms)
{
    rs_host_poll(host, ms);
    return rs_host_count_events(host, RS_HOST_ALARM, &owner);
}

static const struct rs_auth_alarm_report *alarm(size_t nth)
{
    static const struct rs_auth_alarm_report none = {.state = (enum rs_alarm_state)99};
    const struct rs_host_event *event = rs_host_event(host, RS_HOST_ALARM, &owner, nth);

    return event != NULL ? &event->alarm : &none;
}

static void it_is_said_when_it_begins_and_again_only_after_it_has_ended(void)
{
    const struct rs_legs legs = start("AES_256_CTR_HMAC_SHA512_32");
    const struct rs_leg_packet bad = damaged(&legs);

    inject(&bad, 0, LIMIT + 1);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_ALARM, &owner, 2), 2);
    CU_ASSERT_EQUAL(alarm(0)->state, RS_ALARM_BEGUN);
    CU_ASSERT_EQUAL(alarm(0)->wrong_tags, LIMIT + 1);
    CU_ASSERT_EQUAL(alarm(1)->state, RS_ALARM_ENDED);
    CU_ASSERT_EQUAL(alarm(1)->wrong_tags, LIMIT + 1);
    CU_ASSERT(alarm(1)->lasted_ms >= WINDOW_MS - LOOK_MS);
    CU_ASSERT_EQUAL(alarms(2 * WINDOW_MS + LOOK_MS), 2);
    inject(&bad, 0, LIMIT + 2);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_ALARM, &owner, 3), 3);
    CU_ASSERT_EQUAL(alarm(2)->state, RS_ALARM_BEGUN);
    CU_ASSERT_EQUAL(alarm(2)->wrong_tags, LIMIT + 2);
    rs_legs_end(&legs);
}

static void as_many_as_allowed_each_second_are_never_said(void)
{
    const struct rs_legs legs = start("AES_128_CTR_HMAC_SHA256_64");
    const struct rs_leg_packet bad = damaged(&legs);

    inject(&bad, 0, LIMIT);
    CU_ASSERT_EQUAL(alarms(2 * WINDOW_MS + LOOK_MS), 0);
    inject(&bad, 0, LIMIT);
    CU_ASSERT_EQUAL(alarms(2 * WINDOW_MS + LOOK_MS), 0);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_AUTH_FAILED), 2 * LIMIT);
    rs_legs_end(&legs);
}

static void workers_and_ssrcs_of_a_stream_count_together(void)
{
    const struct rs_legs legs = start("AES_256_CTR_HMAC_SHA512_64");
    struct rs_leg_packet bad = damaged(&legs);

    for (uint16_t i = 0; i < LIMIT + 1; i++) {
        bad.ssrc = 0x100u + i;
        put(&bad, i % 2);
    }
    rs_host_settle(host);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_ALARM, &owner, 1), 1);
    CU_ASSERT_EQUAL(alarm(0)->wrong_tags, LIMIT + 1);
    rs_legs_end(&legs);
}

static void every_suite_with_a_tag_has_it_and_real_packets_still_open(void)
{
    for (size_t s = 0; s < rs_suite_count; s++) {
        const struct rs_legs legs = start(rs_suites[s].name);
        const struct rs_leg_packet bad = damaged(&legs);
        const struct rs_leg_packet good = rs_leg_sealed(host, legs.seal, 2);

        inject(&bad, 0, 2 * LIMIT);
        CU_ASSERT_EQUAL(rs_suites[s].nt > 0 ? rs_host_wait_events(host, RS_HOST_ALARM, &owner, 1)
                                            : alarms(LOOK_MS),
                        rs_suites[s].nt > 0 ? 1 : 0);
        CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), rs_suites[s].nt > 0 ? 0 : 2 * LIMIT);
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &good), RS_OPENED);
        rs_legs_end(&legs);
    }
}

static void other_drops_are_not_guesses(void)
{
    const struct rs_legs legs = start("AES_256_CTR_HMAC_SHA512_32");
    struct rs_leg_packet packet = rs_leg_sealed(host, legs.seal, 1);

    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    inject(&packet, 0, 4 * LIMIT);
    rs_leg_trailer(&packet)[8] ^= 1;
    inject(&packet, 0, 4 * LIMIT);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_REPLAY), 4 * LIMIT);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_SECRET_MISMATCH), 4 * LIMIT);
    CU_ASSERT_EQUAL(alarms(LOOK_MS), 0);
    rs_legs_end(&legs);
}

static void nobody_hears_of_a_stream_that_is_gone(void)
{
    const struct rs_legs legs = start("AES_256_CTR_HMAC_SHA512_32");
    const struct rs_leg_packet bad = damaged(&legs);

    inject(&bad, 0, LIMIT + 1);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_ALARM, &owner, 1), 1);
    rs_legs_end(&legs);
    CU_ASSERT_EQUAL(alarms(2 * WINDOW_MS + LOOK_MS), 1);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"it_is_said_when_it_begins_and_again_only_after_it_has_ended",
         it_is_said_when_it_begins_and_again_only_after_it_has_ended},
        {"as_many_as_allowed_each_second_are_never_said",
         as_many_as_allowed_each_second_are_never_said},
        {"workers_and_ssrcs_of_a_stream_count_together",
         workers_and_ssrcs_of_a_stream_count_together},
        {"every_suite_with_a_tag_has_it_and_real_packets_still_open",
         every_suite_with_a_tag_has_it_and_real_packets_still_open},
        {"other_drops_are_not_guesses", other_drops_are_not_guesses},
        {"nobody_hears_of_a_stream_that_is_gone", nobody_hears_of_a_stream_that_is_gone},
    };
    const struct rs_host_config config = {.auth_failure_alarm = LIMIT};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_alarm", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
