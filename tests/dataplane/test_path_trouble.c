/* SPDX-License-Identifier: BSD-3-Clause */
/* What the observer hears of packets that cannot be opened: once when it begins, once when it
 * ends, and about the right SSRC. */

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { RUN = 8 /* packets in a row that make a report */ };

static struct rs_host *host;
static uint8_t owner;
static uint16_t good_tag; /* of what opens */

/* Legs whose opening stream is `owner`'s, through with the report of its first packet. */
static struct rs_legs start(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs;
    struct rs_leg_packet packet;

    config.owner = &owner;
    legs = rs_legs_make(host, &config);
    packet = rs_leg_sealed(host, legs.seal, 0);
    good_tag = (uint16_t)rs_leg_kid(&packet);
    rs_host_forget_events(host);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    CU_ASSERT_EQUAL_FATAL(rs_host_wait_events(host, RS_HOST_TROUBLE, &owner, 1), 1);
    return legs;
}

static size_t reports(void)
{
    rs_host_poll(host, 3);
    return rs_host_count_events(host, RS_HOST_TROUBLE, &owner);
}

static const struct rs_trouble_report *last_report(void)
{
    static const struct rs_trouble_report none = {.trouble = (enum rs_trouble)99};
    const size_t count = rs_host_count_events(host, RS_HOST_TROUBLE, &owner);

    return count == 0 ? &none : &rs_host_event(host, RS_HOST_TROUBLE, &owner, count - 1)->trouble;
}

static void send(const struct rs_legs *legs, const struct rs_leg_packet *packet, unsigned int times,
                 enum rs_outcome expected)
{
    for (unsigned int i = 0; i < times; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, legs->open, packet), expected);
}

static void send_good(const struct rs_legs *legs, uint32_t ssrc)
{
    struct rs_leg_packet packet = rs_leg_sealed(host, legs->seal, 1);

    packet.ssrc = ssrc;
    send(legs, &packet, 1, RS_OPENED);
}

static struct rs_leg_packet plain_of(uint32_t ssrc)
{
    struct rs_leg_packet packet = rs_leg_vp8(1);

    packet.ssrc = ssrc;
    return packet;
}

static void the_first_packet_opened_is_told_once(void)
{
    const struct rs_legs legs = start();
    const struct rs_trouble_report *report = last_report();

    CU_ASSERT_EQUAL(report->trouble, RS_TROUBLE_NONE);
    CU_ASSERT_EQUAL(report->previous, RS_TROUBLE_NONE);
    CU_ASSERT_EQUAL(report->ssrc, 0x1234);
    CU_ASSERT_EQUAL(report->key_tag, good_tag);
    send_good(&legs, 0x1234);
    send_good(&legs, 0x9999);
    CU_ASSERT_EQUAL(reports(), 1);
    rs_legs_end(&legs);
}

/* What each trouble looks like, from a packet that would open. */
static void unknown_key_tag(struct rs_leg_packet *packet)
{
    rs_leg_trailer(packet)[8] ^= 1;
}

static void wrong_tag(struct rs_leg_packet *packet)
{
    packet->payload[50] ^= 1;
}

static void plain_media(struct rs_leg_packet *packet)
{
    packet->bytes -= 1;
}

static void newer_version(struct rs_leg_packet *packet)
{
    rs_leg_trailer(packet)[17] ^= 0xc0;
}

static void other_suite(struct rs_leg_packet *packet)
{
    rs_leg_trailer(packet)[6] ^= 3;
}

static const struct {
    void (*change)(struct rs_leg_packet *packet);
    enum rs_outcome outcome;
    enum rs_trouble trouble;
} troubles[] = {
    {unknown_key_tag, RS_SECRET_MISMATCH, RS_TROUBLE_UNKNOWN_TAG},
    {wrong_tag, RS_AUTH_FAILED, RS_TROUBLE_WRONG_TAG},
    {plain_media, RS_NOT_SEALED, RS_TROUBLE_NOT_SEALED},
    {newer_version, RS_BAD_VERSION, RS_TROUBLE_BAD_VERSION},
    {other_suite, RS_SUITE_MISMATCH, RS_TROUBLE_SUITE_MISMATCH},
};

static void each_trouble_is_told_when_it_begins_and_when_it_ends(void)
{
    for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
        const struct rs_legs legs = start();
        struct rs_leg_packet packet = rs_leg_sealed(host, legs.seal, 1);
        uint16_t tag;

        troubles[i].change(&packet);
        tag = (uint16_t)rs_leg_kid(&packet);
        send(&legs, &packet, RUN - 1, troubles[i].outcome);
        CU_ASSERT_EQUAL(reports(), 1);
        send(&legs, &packet, 1, troubles[i].outcome);
        CU_ASSERT_EQUAL(reports(), 2);
        CU_ASSERT_EQUAL(last_report()->trouble, troubles[i].trouble);
        CU_ASSERT_EQUAL(last_report()->previous, RS_TROUBLE_NONE);
        CU_ASSERT_EQUAL(last_report()->ssrc, 0x1234);
        CU_ASSERT_EQUAL(last_report()->packets, RUN);
        if (troubles[i].trouble == RS_TROUBLE_UNKNOWN_TAG)
            CU_ASSERT_EQUAL(last_report()->key_tag, tag);
        send(&legs, &packet, 3 * RUN, troubles[i].outcome);
        CU_ASSERT_EQUAL(reports(), 2);
        send_good(&legs, 0x1234);
        CU_ASSERT_EQUAL(reports(), 3);
        CU_ASSERT_EQUAL(last_report()->trouble, RS_TROUBLE_NONE);
        CU_ASSERT_EQUAL(last_report()->previous, troubles[i].trouble);
        CU_ASSERT_EQUAL(last_report()->packets, 4 * RUN);
        CU_ASSERT_EQUAL(last_report()->key_tag, good_tag);
        send_good(&legs, 0x1234);
        CU_ASSERT_EQUAL(reports(), 3);
        rs_legs_end(&legs);
    }
}

static void one_trouble_may_become_another(void)
{
    const struct rs_legs legs = start();
    struct rs_leg_packet unknown = rs_leg_sealed(host, legs.seal, 1), wrong = unknown;

    unknown_key_tag(&unknown);
    wrong_tag(&wrong);
    send(&legs, &unknown, RUN, RS_SECRET_MISMATCH);
    CU_ASSERT_EQUAL(reports(), 2);
    send(&legs, &wrong, RUN, RS_AUTH_FAILED);
    CU_ASSERT_EQUAL(reports(), 3);
    CU_ASSERT_EQUAL(last_report()->trouble, RS_TROUBLE_WRONG_TAG);
    CU_ASSERT_EQUAL(last_report()->previous, RS_TROUBLE_UNKNOWN_TAG);
    rs_legs_end(&legs);
}

static void a_packet_that_opens_ends_the_row(void)
{
    const struct rs_legs legs = start();
    const struct rs_leg_packet plain = plain_of(0x1234);

    for (unsigned int i = 0; i < 3; i++) {
        send(&legs, &plain, RUN - 1, RS_NOT_SEALED);
        send_good(&legs, 0x1234);
    }
    CU_ASSERT_EQUAL(reports(), 1);
    rs_legs_end(&legs);
}

static void what_says_nothing_of_the_secret_is_no_trouble(void)
{
    const struct rs_legs legs = start();
    struct rs_leg_packet packet = rs_leg_sealed(host, legs.seal, 1);

    send(&legs, &packet, 1, RS_OPENED);
    send(&legs, &packet, 2 * RUN, RS_REPLAY);
    packet = rs_leg_sealed(host, legs.seal, 1);
    packet.payload_type = 97;
    send(&legs, &packet, 2 * RUN, RS_UNKNOWN_PAYLOAD_TYPE);
    CU_ASSERT_EQUAL(reports(), 1);
    rs_legs_end(&legs);
}

static void a_good_ssrc_between_does_not_hide_a_bad_one(void)
{
    const struct rs_legs legs = start();
    const struct rs_leg_packet plain = plain_of(0xbad);

    for (unsigned int i = 0; i < RUN; i++) {
        CU_ASSERT_EQUAL(reports(), 1);
        send(&legs, &plain, 1, RS_NOT_SEALED);
        send_good(&legs, 0x1234);
    }
    CU_ASSERT_EQUAL(reports(), 2);
    CU_ASSERT_EQUAL(last_report()->ssrc, 0xbad);
    CU_ASSERT_EQUAL(last_report()->trouble, RS_TROUBLE_NOT_SEALED);
    send_good(&legs, 0x1234);
    CU_ASSERT_EQUAL(reports(), 2);
    send_good(&legs, 0xbad);
    CU_ASSERT_EQUAL(reports(), 3);
    CU_ASSERT_EQUAL(last_report()->ssrc, 0xbad);
    CU_ASSERT_EQUAL(last_report()->trouble, RS_TROUBLE_NONE);
    rs_legs_end(&legs);
}

static void stray_ssrcs_do_not_keep_a_bad_one_from_being_told(void)
{
    const struct rs_legs legs = start();

    for (uint32_t i = 0; i < 100; i++) {
        const struct rs_leg_packet stray = plain_of(0x10000 + i);

        send(&legs, &stray, 1, RS_NOT_SEALED);
    }
    CU_ASSERT_EQUAL(reports(), 1);
    for (unsigned int i = 0; i < RUN; i++) {
        const struct rs_leg_packet plain = plain_of(0xbad), stray = plain_of(0x20000 + i);

        send(&legs, &plain, 1, RS_NOT_SEALED);
        send(&legs, &stray, 1, RS_NOT_SEALED);
    }
    CU_ASSERT_EQUAL(reports(), 2);
    CU_ASSERT_EQUAL(last_report()->ssrc, 0xbad);
    rs_legs_end(&legs);
}

static void eight_ssrcs_in_trouble_are_told_apart(void)
{
    const struct rs_legs legs = start();

    for (uint32_t s = 0; s < 8; s++) {
        const struct rs_leg_packet plain = plain_of(s);

        send(&legs, &plain, RUN, RS_NOT_SEALED);
        CU_ASSERT_EQUAL(reports(), 2 + s);
        CU_ASSERT_EQUAL(last_report()->ssrc, s);
    }
    for (uint32_t s = 0; s < 8; s++) {
        send_good(&legs, s);
        CU_ASSERT_EQUAL(reports(), 10 + s);
        CU_ASSERT_EQUAL(last_report()->ssrc, s);
        CU_ASSERT_EQUAL(last_report()->trouble, RS_TROUBLE_NONE);
    }
    rs_legs_end(&legs);
}

static void plain_packets_mixed_into_a_good_stream_do_not_flood_with_reports(void)
{
    enum { ROUNDS = 60, AT_ONCE = 16 };
    const struct rs_legs legs = start();
    const struct rs_leg_packet plain = plain_of(0x1234);
    static struct rs_leg_packet good[ROUNDS];
    size_t told;

    for (unsigned int i = 0; i < ROUNDS; i++)
        good[i] = rs_leg_sealed(host, legs.seal, i);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        for (unsigned int p = 0; p < RUN; p++)
            rs_leg_inject(host, &plain);
        rs_leg_inject(host, &good[i]);
        rs_host_poll(host, 0);
    }
    rs_host_settle(host);
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), ROUNDS);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_NOT_SEALED), ROUNDS * RUN);
    /* Its first packet; then a beginning and an end of each, and few more while that took. */
    told = reports();
    CU_ASSERT(told >= 3 && told <= 1 + 2 * (AT_ONCE + 3));
    /* What goes on is told, and then no more. */
    for (unsigned int i = 0; i < 150 && last_report()->trouble == RS_TROUBLE_NONE; i++) {
        send(&legs, &plain, 1, RS_NOT_SEALED);
        rs_host_poll(host, 10);
    }
    CU_ASSERT_EQUAL(last_report()->trouble, RS_TROUBLE_NOT_SEALED);
    told = reports();
    send(&legs, &plain, 5 * RUN, RS_NOT_SEALED);
    CU_ASSERT_EQUAL(reports(), told);
    rs_legs_end(&legs);
}

static void a_stream_that_is_gone_is_not_told_of(void)
{
    const struct rs_legs legs = start();
    const struct rs_leg_packet plain = plain_of(0x1234);

    for (unsigned int i = 0; i < RUN; i++)
        rs_leg_inject(host, &plain);
    rs_legs_end(&legs);
    rs_host_forget_events(host);
    rs_host_settle(host);
    CU_ASSERT_EQUAL(reports(), 0);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"the_first_packet_opened_is_told_once", the_first_packet_opened_is_told_once},
        {"each_trouble_is_told_when_it_begins_and_when_it_ends",
         each_trouble_is_told_when_it_begins_and_when_it_ends},
        {"one_trouble_may_become_another", one_trouble_may_become_another},
        {"a_packet_that_opens_ends_the_row", a_packet_that_opens_ends_the_row},
        {"what_says_nothing_of_the_secret_is_no_trouble",
         what_says_nothing_of_the_secret_is_no_trouble},
        {"a_good_ssrc_between_does_not_hide_a_bad_one",
         a_good_ssrc_between_does_not_hide_a_bad_one},
        {"stray_ssrcs_do_not_keep_a_bad_one_from_being_told",
         stray_ssrcs_do_not_keep_a_bad_one_from_being_told},
        {"eight_ssrcs_in_trouble_are_told_apart", eight_ssrcs_in_trouble_are_told_apart},
        {"plain_packets_mixed_into_a_good_stream_do_not_flood_with_reports",
         plain_packets_mixed_into_a_good_stream_do_not_flood_with_reports},
        {"a_stream_that_is_gone_is_not_told_of", a_stream_that_is_gone_is_not_told_of},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_trouble", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
