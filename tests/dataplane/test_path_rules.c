/* SPDX-License-Identifier: BSD-3-Clause */
/* What a link lets through, and how many sessions and wrong tags there may be, changed while
 * packets flow. */
#include <errno.h>
#include <string.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { CHANGES = 20000, BATCH = 64, LIMIT = 3 };

static struct rs_host *host;
static char owner;

static const struct rs_range media = {.port_first = 5000, .port_last = 6000};

static void set_link(unsigned int link, uint16_t first, uint16_t last,
                     enum rs_injected_policy injected)
{
    const struct rs_range range = {.port_first = first, .port_last = last};

    CU_ASSERT_EQUAL(rs_dataplane_set_link(host->dataplane, link, &range, 1, injected), 0);
}

static enum rs_outcome send(unsigned int link, enum rs_direction direction, uint16_t port)
{
    const struct rs_test_frame frame = {.dst_port = port};
    struct rs_leg_packet packet = rs_leg_vp8(1);

    packet.frame = &frame;
    return rs_leg_run(host, link, direction, NULL, &packet, NULL);
}

static void other_ranges_hold_from_the_next_burst_on_for_their_link_alone(void)
{
    const struct rs_range both[] = {{.port_first = 5000, .port_last = 5999},
                                    {.port_first = 7000, .port_last = 7000}};

    CU_ASSERT_EQUAL(send(0, RS_SEAL, 5004), RS_NO_STREAM);
    CU_ASSERT_EQUAL(send(0, RS_SEAL, 7000), RS_BRIDGED);
    set_link(0, 7000, 7001, RS_INJECTED_DROP);
    CU_ASSERT_EQUAL(send(0, RS_SEAL, 5004), RS_BRIDGED);
    CU_ASSERT_EQUAL(send(0, RS_OPEN, 5004), RS_BRIDGED);
    CU_ASSERT_EQUAL(send(0, RS_SEAL, 7000), RS_NO_STREAM);
    CU_ASSERT_EQUAL(send(0, RS_OPEN, 7001), RS_NO_STREAM);
    CU_ASSERT_EQUAL(send(1, RS_SEAL, 5004), RS_NO_STREAM);
    CU_ASSERT_EQUAL(send(1, RS_SEAL, 7000), RS_BRIDGED);
    CU_ASSERT_EQUAL(rs_dataplane_set_link(host->dataplane, 0, both, 2, RS_INJECTED_DROP), 0);
    CU_ASSERT_EQUAL(send(0, RS_SEAL, 5999), RS_NO_STREAM);
    CU_ASSERT_EQUAL(send(0, RS_SEAL, 7000), RS_NO_STREAM);
    CU_ASSERT_EQUAL(send(0, RS_SEAL, 7001), RS_BRIDGED);
    CU_ASSERT_EQUAL(rs_dataplane_set_link(host->dataplane, 0, &media, 1, RS_INJECTED_DROP), 0);
}

static void known_frames_pass_or_not_as_the_link_says_now(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    /* The silence that a router makes up: RFC 6716's TOC of 20 ms, and DTX's two bytes. */
    const struct rs_leg_packet silence = rs_leg_plain(111, "\xf8\xff\xfe", 3, 3);

    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &silence), RS_NOT_SEALED);
    set_link(1, 5000, 6000, RS_INJECTED_PASS_KNOWN);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &silence), RS_INJECTED);
    set_link(1, 5000, 6000, RS_INJECTED_DROP);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &silence), RS_NOT_SEALED);
    rs_legs_end(&legs);
}

static void inject(void)
{
    const struct rs_leg_packet packet = rs_leg_vp8(1);
    uint8_t frame[RS_HOST_FRAME_BYTES];
    const size_t bytes = rs_leg_write(&packet, frame, sizeof(frame));

    rs_host_inject(host, 0, RS_SEAL, 0, frame, bytes);
}

static void every_packet_meets_the_old_rules_or_the_new_ones(void)
{
    const uint64_t dropped = rs_host_path_count(host, 0, RS_SEAL, RS_NO_STREAM);
    const uint64_t bridged = rs_host_path_count(host, 0, RS_SEAL, RS_BRIDGED);
    uint64_t now_dropped, now_bridged;

    for (unsigned int i = 0; i < CHANGES; i++) {
        inject();
        set_link(0, i % 2 == 0 ? 5000 : 8000, 9000, RS_INJECTED_DROP);
        if (i % BATCH == 0) {
            rs_host_settle(host);
            rs_host_discard(host, 0, RS_SEAL);
        }
    }
    rs_host_settle(host);
    rs_host_discard(host, 0, RS_SEAL);
    now_dropped = rs_host_path_count(host, 0, RS_SEAL, RS_NO_STREAM) - dropped;
    now_bridged = rs_host_path_count(host, 0, RS_SEAL, RS_BRIDGED) - bridged;
    CU_ASSERT_EQUAL(now_dropped + now_bridged, CHANGES);
    CU_ASSERT(now_dropped > 0 && now_bridged > 0);
    rs_host_check_sums(host);
    CU_ASSERT_EQUAL(rs_dataplane_set_link(host->dataplane, 0, &media, 1, RS_INJECTED_DROP), 0);
}

static void more_sessions_than_a_new_limit_stay_and_no_other_is_made(void)
{
    struct rs_session *sessions[3];

    for (unsigned int i = 0; i < 3; i++)
        sessions[i] = rs_host_session(host, NULL, i);
    rs_dataplane_set_max_sessions(host->dataplane, 2);
    errno = 0;
    CU_ASSERT_PTR_NULL(rs_session_create(host->dataplane, RS_PROTECT_E2EE, NULL));
    CU_ASSERT_EQUAL(errno, ENOSPC);
    rs_session_destroy(sessions[0]);
    CU_ASSERT_PTR_NULL(rs_session_create(host->dataplane, RS_PROTECT_E2EE, NULL));
    rs_session_destroy(sessions[1]);
    sessions[1] = rs_host_session(host, NULL, 1);
    CU_ASSERT_PTR_NULL(rs_session_create(host->dataplane, RS_PROTECT_E2EE, NULL));
    rs_dataplane_set_max_sessions(host->dataplane, 1024);
    rs_session_destroy(sessions[1]);
    rs_session_destroy(sessions[2]);
}

static void wrong_tags_are_told_once_there_is_a_limit_to_them(void)
{
    struct rs_stream_config like = rs_host_stream_config(RS_SEAL, 0);
    struct rs_leg_packet bad;
    struct rs_legs legs;

    like.owner = &owner;
    legs = rs_legs_make(host, &like);
    bad = rs_leg_sealed(host, legs.seal, 1);
    bad.payload[50] ^= 1;
    for (unsigned int i = 0; i < 2 * LIMIT; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &bad), RS_AUTH_FAILED);
    rs_dataplane_set_auth_failure_alarm(host->dataplane, LIMIT);
    rs_host_poll(host, 1500);
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_ALARM, &owner), 0);
    for (unsigned int i = 0; i < 2 * LIMIT; i++)
        rs_leg_inject(host, &bad);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_ALARM, &owner, 1), 1);
    rs_dataplane_set_auth_failure_alarm(host->dataplane, 0);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_ALARM, &owner, 2), 2);
    CU_ASSERT_EQUAL(rs_host_event(host, RS_HOST_ALARM, &owner, 1)->alarm.state, RS_ALARM_ENDED);
    rs_host_settle(host);
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"other_ranges_hold_from_the_next_burst_on_for_their_link_alone",
         other_ranges_hold_from_the_next_burst_on_for_their_link_alone},
        {"known_frames_pass_or_not_as_the_link_says_now",
         known_frames_pass_or_not_as_the_link_says_now},
        {"every_packet_meets_the_old_rules_or_the_new_ones",
         every_packet_meets_the_old_rules_or_the_new_ones},
        {"more_sessions_than_a_new_limit_stay_and_no_other_is_made",
         more_sessions_than_a_new_limit_stay_and_no_other_is_made},
        {"wrong_tags_are_told_once_there_is_a_limit_to_them",
         wrong_tags_are_told_once_there_is_a_limit_to_them},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_rules", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
