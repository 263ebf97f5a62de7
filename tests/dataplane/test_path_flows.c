/* SPDX-License-Identifier: BSD-3-Clause */
/* Which stream a packet belongs to, and what its session then lets happen to it. */
#include <errno.h>
#include <string.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

static struct rs_host *host;

/* What the wire says: default addresses and ports, by the fields of the flow under test. */
static const struct rs_flow with_source = {.family = 4,
                                           .has_source = true,
                                           .src = {192, 0, 2, 10},
                                           .src_port = 40000,
                                           .dst = {198, 51, 100, 20},
                                           .dst_port = 5004};

static enum rs_outcome seal_vp8(unsigned int link, const struct rs_stream *stream, uint32_t ssrc,
                                const struct rs_test_frame *frame)
{
    struct rs_leg_packet packet = rs_leg_vp8(1);

    packet.ssrc = ssrc;
    packet.frame = frame;
    return rs_leg_run(host, link, RS_SEAL, stream, &packet, NULL);
}

static void a_session_without_e2ee_passes_media_unchanged(void)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_NONE, &host);
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 0);
    struct rs_stream *there = rs_host_stream(session, &seal);
    struct rs_stream *back = rs_host_stream(session, &open);
    const struct rs_leg_packet packet = rs_leg_vp8(1);
    uint8_t frame[400];
    struct rs_host_trip trip = {
        .frame = frame, .bytes = rs_leg_write(&packet, frame, sizeof(frame)), .stream = there};

    frame[trip.bytes - 1] ^= 1; /* a wrong checksum is carried through */
    CU_ASSERT_EQUAL(rs_host_run(host, &trip), RS_PASSED);
    CU_ASSERT(trip.out_bytes == trip.bytes && memcmp(trip.out, frame, trip.bytes) == 0);
    trip.direction = RS_OPEN;
    trip.stream = back;
    CU_ASSERT_EQUAL(rs_host_run(host, &trip), RS_PASSED);
    CU_ASSERT(trip.out_bytes == trip.bytes && memcmp(trip.out, frame, trip.bytes) == 0);
    rs_stream_destroy(there);
    rs_stream_destroy(back);
    rs_session_destroy(session);
}

static void a_session_without_e2ee_can_be_blocked_until_it_is_let_through(void)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, &host);
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct rs_stream *there = rs_host_stream(session, &seal);
    struct rs_stream *back = rs_host_stream(session, &open);
    const struct rs_leg_packet packet = rs_leg_vp8(1);

    for (unsigned int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, there, &packet, NULL), RS_NO_KEY);
        CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_NO_KEY);
        rs_session_set_protection(session, RS_PROTECT_NONE);
        CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, there, &packet, NULL), RS_PASSED);
        CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_PASSED);
        rs_session_set_protection(session, RS_PROTECT_E2EE);
    }
    rs_stream_destroy(there);
    rs_stream_destroy(back);
    rs_session_destroy(session);
}

static void without_a_key_nothing_passes_in_either_direction(void)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, &host);
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct rs_stream *there = rs_host_stream(session, &seal);
    struct rs_stream *back = rs_host_stream(session, &open);
    struct rs_leg_packet packet = rs_leg_vp8(1);
    const struct rs_leg_packet empty = {.payload_type = 96};

    CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, there, &packet, NULL), RS_NO_KEY);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_NO_KEY);
    CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, there, &empty, NULL), RS_NO_KEY);
    rs_host_stage(session, 1, 1);
    CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, there, &packet, NULL), RS_NO_KEY);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_NOT_SEALED);
    CU_ASSERT_EQUAL(rs_session_activate_key(session, &(uint32_t){0}), 0);
    rs_leg_seal(host, there, &packet);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_OPENED);
    CU_ASSERT_EQUAL(rs_session_retire_all_keys(session), 0);
    CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, there, &packet, NULL), RS_NO_KEY);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_NO_KEY);
    rs_stream_destroy(there);
    rs_stream_destroy(back);
    rs_session_destroy(session);
}

static void a_staged_key_opens_before_it_is_active(void)
{
    struct rs_session *ahead = rs_host_session(host, &host, 7);
    struct rs_session *behind = rs_host_session(host, &host, 1);
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct rs_stream *there = rs_host_stream(ahead, &seal);
    struct rs_stream *back = rs_host_stream(behind, &open);
    struct rs_leg_packet packet = rs_leg_vp8(1);

    rs_leg_seal(host, there, &packet);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_SECRET_MISMATCH);
    rs_host_stage(behind, 7, 2);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packet), RS_OPENED);
    rs_stream_destroy(there);
    rs_stream_destroy(back);
    rs_session_destroy(ahead);
    rs_session_destroy(behind);
}

static void the_most_specific_flow_wins(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    const uint32_t ssrcs[] = {0x1234, 0x5678};
    const struct rs_test_frame from_elsewhere = {.src_port = 41000};
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream *any, *by_ssrc, *by_source, *by_both;

    any = rs_host_stream(session, &config);
    config.ssrcs = ssrcs;
    config.ssrc_count = 2;
    by_ssrc = rs_host_stream(session, &config);
    config.flow = with_source;
    by_both = rs_host_stream(session, &config);
    config.ssrc_count = 0;
    by_source = rs_host_stream(session, &config);
    CU_ASSERT_EQUAL(seal_vp8(0, by_both, 0x1234, NULL), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, by_both, 0x5678, NULL), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, by_source, 0x9abc, NULL), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, by_ssrc, 0x5678, &from_elsewhere), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, any, 0x9abc, &from_elsewhere), RS_SEALED);
    rs_stream_destroy(by_both);
    CU_ASSERT_EQUAL(seal_vp8(0, by_source, 0x1234, NULL), RS_SEALED);
    rs_stream_destroy(by_source);
    CU_ASSERT_EQUAL(seal_vp8(0, by_ssrc, 0x1234, NULL), RS_SEALED);
    rs_stream_destroy(by_ssrc);
    CU_ASSERT_EQUAL(seal_vp8(0, any, 0x1234, NULL), RS_SEALED);
    rs_stream_destroy(any);
    CU_ASSERT_EQUAL(seal_vp8(0, NULL, 0x1234, NULL), RS_NO_STREAM);
    rs_session_destroy(session);
}

static void a_flow_is_taken_once_per_link_direction_and_tag(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream *streams[5], *none = NULL;
    unsigned int count = 0;

    streams[count++] = rs_host_stream(session, &config);
    CU_ASSERT_EQUAL(rs_stream_create(session, &config, &none), -EEXIST);
    config.link = 1;
    streams[count++] = rs_host_stream(session, &config);
    config.direction = RS_OPEN;
    streams[count++] = rs_host_stream(session, &config);
    config.flow.vlan = 7;
    streams[count++] = rs_host_stream(session, &config);
    CU_ASSERT_EQUAL(rs_stream_create(session, &config, &none), -EEXIST);
    config.flow.family = 6; /* the same bytes are another address */
    streams[count++] = rs_host_stream(session, &config);
    CU_ASSERT_PTR_NULL(none);
    while (count > 0)
        rs_stream_destroy(streams[--count]);
    rs_session_destroy(session);
}

static void a_stream_whose_second_ssrc_is_taken_names_none(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    const uint32_t taken[] = {2}, wanted[] = {1, 2}, twice[] = {5, 5};
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream *stream, *none = NULL;

    config.ssrcs = taken;
    config.ssrc_count = 1;
    stream = rs_host_stream(session, &config);
    config.ssrcs = wanted;
    config.ssrc_count = 2;
    CU_ASSERT_EQUAL(rs_stream_create(session, &config, &none), -EEXIST);
    CU_ASSERT_EQUAL(seal_vp8(0, NULL, 1, NULL), RS_NO_STREAM);
    CU_ASSERT_EQUAL(seal_vp8(0, stream, 2, NULL), RS_SEALED);
    config.ssrcs = twice;
    CU_ASSERT_EQUAL(rs_stream_create(session, &config, &none), -EEXIST);
    CU_ASSERT_EQUAL(seal_vp8(0, NULL, 5, NULL), RS_NO_STREAM);
    CU_ASSERT_PTR_NULL(none);
    rs_stream_destroy(stream);
    rs_session_destroy(session);
}

static void a_tag_is_part_of_the_flow(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    const uint16_t seven = 0xa007, eight = 8, priority = 0xe000;
    const struct rs_test_frame tagged7 = {.vlans = &seven, .vlan_count = 1};
    const struct rs_test_frame tagged8 = {.vlans = &eight, .vlan_count = 1};
    const struct rs_test_frame tagged0 = {.vlans = &priority, .vlan_count = 1};
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream *untagged = rs_host_stream(session, &config), *tagged;

    CU_ASSERT_EQUAL(seal_vp8(0, NULL, 1, &tagged7), RS_NO_STREAM);
    config.flow.vlan = 7;
    tagged = rs_host_stream(session, &config);
    CU_ASSERT_EQUAL(seal_vp8(0, tagged, 1, &tagged7), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, untagged, 1, NULL), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, untagged, 1, &tagged0), RS_SEALED);
    CU_ASSERT_EQUAL(seal_vp8(0, NULL, 1, &tagged8), RS_NO_STREAM);
    rs_stream_destroy(untagged);
    rs_stream_destroy(tagged);
    rs_session_destroy(session);
}

static void the_same_ssrc_on_two_links_is_two_streams(void)
{
    struct rs_session *sessions[] = {rs_host_session(host, &host, 1),
                                     rs_host_session(host, &host, 2)};
    struct rs_leg_packet packets[] = {rs_leg_vp8(1), rs_leg_vp8(1)};
    struct rs_stream *seals[2], *opens[2];

    for (unsigned int l = 0; l < 2; l++) {
        const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, l);
        const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, l);

        seals[l] = rs_host_stream(sessions[l], &seal);
        opens[l] = rs_host_stream(sessions[l], &open);
        CU_ASSERT_EQUAL(rs_leg_run(host, l, RS_SEAL, seals[l], &packets[l], &packets[l]),
                        RS_SEALED);
    }
    for (unsigned int l = 0; l < 2; l++) {
        CU_ASSERT_EQUAL(rs_leg_run(host, l, RS_OPEN, opens[l], &packets[1 - l], NULL),
                        RS_SECRET_MISMATCH);
        CU_ASSERT_EQUAL(rs_leg_run(host, l, RS_OPEN, opens[l], &packets[l], NULL), RS_OPENED);
    }
    for (unsigned int l = 0; l < 2; l++) {
        rs_stream_destroy(seals[l]);
        rs_stream_destroy(opens[l]);
        rs_session_destroy(sessions[l]);
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_session_without_e2ee_passes_media_unchanged",
         a_session_without_e2ee_passes_media_unchanged},
        {"a_session_without_e2ee_can_be_blocked_until_it_is_let_through",
         a_session_without_e2ee_can_be_blocked_until_it_is_let_through},
        {"without_a_key_nothing_passes_in_either_direction",
         without_a_key_nothing_passes_in_either_direction},
        {"a_staged_key_opens_before_it_is_active", a_staged_key_opens_before_it_is_active},
        {"the_most_specific_flow_wins", the_most_specific_flow_wins},
        {"a_flow_is_taken_once_per_link_direction_and_tag",
         a_flow_is_taken_once_per_link_direction_and_tag},
        {"a_stream_whose_second_ssrc_is_taken_names_none",
         a_stream_whose_second_ssrc_is_taken_names_none},
        {"a_tag_is_part_of_the_flow", a_tag_is_part_of_the_flow},
        {"the_same_ssrc_on_two_links_is_two_streams", the_same_ssrc_on_two_links_is_two_streams},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_flows", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
