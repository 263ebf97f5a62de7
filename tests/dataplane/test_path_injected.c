/* SPDX-License-Identifier: BSD-3-Clause */
/* Plain frames that routers make up, on a link that lets known ones through. */
#include <string.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { RUN = 8, OPUS = 111 };

static struct rs_host *host;
static uint8_t owner;

static struct rs_leg_packet silence(void)
{
    return rs_leg_plain(OPUS, "\xf8\xff\xfe", 3, 3);
}

static struct rs_legs start(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs;
    struct rs_leg_packet packet;

    config.owner = &owner;
    rs_host_forget_events(host);
    legs = rs_legs_make(host, &config);
    packet = rs_leg_sealed(host, legs.seal, 1);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    CU_ASSERT_EQUAL_FATAL(rs_host_wait_events(host, RS_HOST_TROUBLE, &owner, 1), 1);
    return legs;
}

static size_t reports(void)
{
    rs_host_poll(host, 3);
    return rs_host_count_events(host, RS_HOST_TROUBLE, &owner);
}

static void send(const struct rs_legs *legs, const struct rs_leg_packet *packet, unsigned int times,
                 enum rs_outcome expected)
{
    for (unsigned int i = 0; i < times; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, legs->open, packet), expected);
}

static void a_known_frame_passes_unchanged_and_is_counted(void)
{
    const struct rs_legs legs = start();
    const struct rs_leg_packet known = silence();
    struct rs_leg_packet out = known;

    CU_ASSERT_EQUAL(rs_leg_run(host, 1, RS_OPEN, legs.open, &known, &out), RS_INJECTED);
    CU_ASSERT_EQUAL(out.bytes, 3);
    CU_ASSERT_EQUAL(memcmp(out.payload, known.payload, 3), 0);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_INJECTED), 1);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

static void all_else_that_is_plain_is_dropped(void)
{
    const struct rs_legs legs = start();
    struct rs_leg_packet packet = silence();

    packet.payload[2] ^= 1;
    send(&legs, &packet, 1, RS_NOT_SEALED);
    packet = silence();
    packet.payload_type = 96;
    send(&legs, &packet, 1, RS_NOT_SEALED);
    packet.payload_type = 97; /* a payload type that the stream does not name */
    send(&legs, &packet, 1, RS_NOT_SEALED);
    packet = rs_leg_vp8(1);
    send(&legs, &packet, 1, RS_NOT_SEALED);
    rs_legs_end(&legs);
}

static void without_a_key_a_known_frame_is_dropped_too(void)
{
    const struct rs_legs legs = start();
    const struct rs_leg_packet known = silence();

    CU_ASSERT_EQUAL(rs_session_retire_all_keys(legs.session), 0);
    send(&legs, &known, 1, RS_NO_KEY);
    rs_legs_end(&legs);
}

static void a_known_frame_is_sealed_like_any_on_its_way_there(void)
{
    const struct rs_legs legs = start();
    struct rs_leg_packet packet = silence();

    rs_leg_seal(host, legs.seal, &packet);
    CU_ASSERT_EQUAL(packet.bytes, 3 + 28);
    send(&legs, &packet, 1, RS_OPENED);
    rs_legs_end(&legs);
}

static void known_frames_are_no_trouble_and_end_none(void)
{
    const struct rs_legs legs = start();
    const struct rs_leg_packet known = silence();
    const struct rs_leg_packet plain = rs_leg_vp8(1);
    struct rs_leg_packet good;

    send(&legs, &known, 3 * RUN, RS_INJECTED);
    CU_ASSERT_EQUAL(reports(), 1);
    for (unsigned int i = 0; i < RUN; i++) {
        CU_ASSERT_EQUAL(reports(), 1);
        send(&legs, &plain, 1, RS_NOT_SEALED);
        send(&legs, &known, 1, RS_INJECTED);
    }
    CU_ASSERT_EQUAL(reports(), 2);
    send(&legs, &known, 3, RS_INJECTED);
    send(&legs, &plain, 3, RS_NOT_SEALED);
    CU_ASSERT_EQUAL(reports(), 2);
    good = rs_leg_sealed(host, legs.seal, 2);
    send(&legs, &good, 1, RS_OPENED);
    CU_ASSERT_EQUAL(reports(), 3);
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_known_frame_passes_unchanged_and_is_counted",
         a_known_frame_passes_unchanged_and_is_counted},
        {"all_else_that_is_plain_is_dropped", all_else_that_is_plain_is_dropped},
        {"without_a_key_a_known_frame_is_dropped_too", without_a_key_a_known_frame_is_dropped_too},
        {"a_known_frame_is_sealed_like_any_on_its_way_there",
         a_known_frame_is_sealed_like_any_on_its_way_there},
        {"known_frames_are_no_trouble_and_end_none", known_frames_are_no_trouble_and_end_none},
    };
    const struct rs_host_config config = {.worker_count = 1, .injected = RS_INJECTED_PASS_KNOWN};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_injected", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
