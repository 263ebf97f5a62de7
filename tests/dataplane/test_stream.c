/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be changed of a stream, and asked about it, while its packets flow. */
#include <string.h>

#include "tests/support/format.h"
#include "tests/support/legs.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum { WHOLE = 0x71, BY_RULE = 0x51, VP8 = 96, FLIPS = 3000, IN_FLIGHT = 500 };

static struct rs_host *host;
static char owners[4];

/* The formats of tests' streams, with another codec's name on VP8's payload type; "": none. */
static struct rs_stream_config with_format(const char *name)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    config.formats[VP8] = rs_test_format(name);
    return config;
}

static uint8_t last_byte(struct rs_leg_packet packet)
{
    return packet.payload[packet.bytes - 1];
}

static void the_next_packet_is_read_by_the_new_formats(void)
{
    const struct rs_stream_config vp8 = with_format("VP8"), other = with_format("other"),
                                  none = with_format("");
    const struct rs_legs legs = rs_legs_make(host, &vp8);
    const struct rs_leg_packet plain = rs_leg_vp8(1);
    struct rs_leg_packet by_rule = rs_leg_sealed(host, legs.seal, 1), whole, opened;

    CU_ASSERT_EQUAL(last_byte(by_rule), BY_RULE);
    rs_stream_set_formats(legs.seal, other.formats);
    whole = rs_leg_sealed(host, legs.seal, 1);
    CU_ASSERT_EQUAL(last_byte(whole), WHOLE);
    rs_stream_set_formats(legs.open, none.formats);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &by_rule), RS_UNKNOWN_PAYLOAD_TYPE);
    CU_ASSERT_EQUAL(rs_leg_run(host, 1, RS_OPEN, legs.open, &whole, &opened), RS_OPENED);
    CU_ASSERT(opened.bytes == plain.bytes &&
              memcmp(opened.payload, plain.payload, plain.bytes) == 0);
    rs_stream_set_formats(legs.open, vp8.formats);
    CU_ASSERT_EQUAL(rs_leg_run(host, 1, RS_OPEN, legs.open, &by_rule, &opened), RS_OPENED);
    CU_ASSERT(opened.bytes == plain.bytes &&
              memcmp(opened.payload, plain.payload, plain.bytes) == 0);
    rs_stream_set_formats(legs.seal, vp8.formats);
    by_rule = rs_leg_sealed(host, legs.seal, 1);
    CU_ASSERT_EQUAL(last_byte(by_rule), BY_RULE);
    rs_legs_end(&legs);
}

static uint64_t seen[2];

static void count_whole(void *context, const struct rs_traffic_header *header)
{
    (void)context;
    seen[header->whole]++;
}

static void formats_change_under_traffic_and_every_packet_opens_as_it_was(void)
{
    static struct rs_traffic traffic;
    const struct rs_stream_config vp8 = with_format("VP8"), other = with_format("other");
    const struct rs_legs legs = rs_legs_make(host, &vp8);

    traffic.host = host;
    traffic.see = count_whole;
    for (unsigned int i = 0; i < FLIPS; i++) {
        rs_stream_set_formats(legs.seal, i % 2 == 0 ? other.formats : vp8.formats);
        rs_traffic_send(&traffic, 0, 0);
        if (i % IN_FLIGHT == 0)
            rs_traffic_wait(&traffic, 0, 1, traffic.next_sent[0]);
    }
    rs_traffic_wait(&traffic, 0, 1, traffic.next_sent[0]);
    CU_ASSERT_EQUAL(traffic.opened, FLIPS);
    CU_ASSERT_EQUAL(traffic.garbled, 0);
    CU_ASSERT_EQUAL(seen[0] + seen[1], FLIPS);
    CU_ASSERT(seen[0] > 0 && seen[1] > 0);
    rs_legs_end(&legs);
}

static struct rs_stream *shaped(struct rs_session *session, unsigned int n, const uint8_t *source,
                                uint32_t ssrc)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    config.owner = &owners[n];
    config.flow.has_source = source != NULL;
    config.flow.src_port = 40000;
    if (source != NULL)
        memcpy(config.flow.src, source, 4);
    config.ssrcs = &ssrc;
    config.ssrc_count = ssrc != 0 ? 1 : 0;
    return rs_host_stream(session, &config);
}

static void a_flow_is_found_as_a_packet_of_it_would_be(void)
{
    static const uint8_t source[] = {192, 0, 2, 10};
    struct rs_session *session = rs_host_session(host, NULL, 1);
    struct rs_flow flow = rs_host_stream_config(RS_SEAL, 0).flow;
    struct rs_stream *streams[4];

    flow.has_source = true;
    memcpy(flow.src, source, sizeof(source));
    flow.src_port = 40000;
    CU_ASSERT_PTR_NULL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1));
    streams[0] = shaped(session, 0, NULL, 0);
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1), &owners[0]);
    streams[1] = shaped(session, 1, NULL, 1);
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1), &owners[1]);
    streams[2] = shaped(session, 2, source, 0);
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1), &owners[2]);
    streams[3] = shaped(session, 3, source, 1);
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1), &owners[3]);
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 2), &owners[2]);
    flow.src_port++;
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1), &owners[1]);
    CU_ASSERT_PTR_EQUAL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 2), &owners[0]);
    CU_ASSERT_PTR_NULL(rs_stream_find(host->dataplane, 1, RS_SEAL, &flow, 1));
    CU_ASSERT_PTR_NULL(rs_stream_find(host->dataplane, 0, RS_OPEN, &flow, 1));
    flow.vlan = 7;
    CU_ASSERT_PTR_NULL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1));
    flow.vlan = 0;
    for (unsigned int i = 0; i < 4; i++)
        rs_stream_destroy(streams[i]);
    CU_ASSERT_PTR_NULL(rs_stream_find(host->dataplane, 0, RS_SEAL, &flow, 1));
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"the_next_packet_is_read_by_the_new_formats", the_next_packet_is_read_by_the_new_formats},
        {"formats_change_under_traffic_and_every_packet_opens_as_it_was",
         formats_change_under_traffic_and_every_packet_opens_as_it_was},
        {"a_flow_is_found_as_a_packet_of_it_would_be", a_flow_is_found_as_a_packet_of_it_would_be},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("stream", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
