/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker remembers of the flow table: only what it was told, only of that state of it. */
#include "dataplane/flow_cache.h"

#include <CUnit/CUnit.h>

#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct rs_flow_cache cache;
static int stream_a, stream_b;

static struct rs_stream *as_stream(int *place)
{
    return (struct rs_stream *)(void *)place;
}

static struct rs_datagram make_datagram(void)
{
    return (struct rs_datagram){.family = RS_IPV4,
                                .src = {{192, 0, 2, 10}},
                                .dst = {{198, 51, 100, 20}},
                                .src_port = 40000,
                                .dst_port = 5004};
}

static struct rs_cached_flow make_flow(const struct rs_datagram *datagram, uint32_t ssrc)
{
    struct rs_cached_flow flow = {0};

    CU_ASSERT_TRUE_FATAL(rs_cached_flow_make(datagram, ssrc, &flow));
    return flow;
}

static void finds_what_was_put_in_that_state_of_the_table_alone(void)
{
    const struct rs_datagram datagram = make_datagram();
    const struct rs_cached_flow flow = make_flow(&datagram, 7);
    const uint64_t state = rs_flow_cache_state(3, RS_SEAL, 41);

    memset(&cache, 0, sizeof(cache));
    CU_ASSERT_PTR_NULL(rs_flow_cache_find(&cache, state, &flow));
    rs_flow_cache_put(&cache, state, &flow, as_stream(&stream_a));
    CU_ASSERT_PTR_EQUAL(rs_flow_cache_find(&cache, state, &flow), as_stream(&stream_a));
    CU_ASSERT_PTR_NULL(rs_flow_cache_find(&cache, rs_flow_cache_state(3, RS_SEAL, 42), &flow));
    CU_ASSERT_PTR_NULL(rs_flow_cache_find(&cache, rs_flow_cache_state(3, RS_OPEN, 41), &flow));
    CU_ASSERT_PTR_NULL(rs_flow_cache_find(&cache, rs_flow_cache_state(2, RS_SEAL, 41), &flow));
    rs_flow_cache_put(&cache, rs_flow_cache_state(3, RS_SEAL, 42), &flow, as_stream(&stream_b));
    CU_ASSERT_PTR_EQUAL(rs_flow_cache_find(&cache, rs_flow_cache_state(3, RS_SEAL, 42), &flow),
                        as_stream(&stream_b));
    CU_ASSERT_PTR_NULL(rs_flow_cache_find(&cache, state, &flow));
}

static void no_two_states_are_the_same(void)
{
    const uint64_t versions[] = {0, 1, UINT64_C(1) << 32, (UINT64_C(1) << 55) - 1};
    uint64_t states[COUNT(versions) * RS_DIRECTIONS * 2];
    size_t n = 0;

    for (size_t v = 0; v < COUNT(versions); v++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            states[n++] = rs_flow_cache_state(0, (enum rs_direction)d, versions[v]);
            states[n++] = rs_flow_cache_state(RS_MAX_LINKS - 1, (enum rs_direction)d, versions[v]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(states[i], states[j]);
    }
}

/* Each field of a packet that a stream may be named by makes another flow of it. */
static void packets_that_differ_anywhere_are_other_flows(void)
{
    const struct rs_datagram datagram = make_datagram();
    const uint64_t state = rs_flow_cache_state(0, RS_OPEN, 1);
    const struct rs_cached_flow flow = make_flow(&datagram, 7);
    struct rs_datagram others[6];
    struct rs_cached_flow other;

    for (size_t i = 0; i < COUNT(others); i++)
        others[i] = datagram;
    others[0].src.bytes[3]++;
    others[1].dst.bytes[0]++;
    others[2].src_port++;
    others[3].dst_port++;
    others[4].src_port = datagram.dst_port;
    others[4].dst_port = datagram.src_port;
    others[5].src = datagram.dst;
    others[5].dst = datagram.src;
    for (size_t i = 0; i <= COUNT(others); i++) {
        other = i < COUNT(others) ? make_flow(&others[i], 7) : make_flow(&datagram, 8);
        /* Wherever it would lie, put it where the first one is looked for. */
        memset(&cache, 0, sizeof(cache));
        *rs_flow_cache_place(&cache, &flow) = (struct rs_flow_cache_entry){
            .flow = other, .stream = as_stream(&stream_a), .state = state};
        CU_ASSERT_PTR_NULL(rs_flow_cache_find(&cache, state, &flow));
    }
}

static void what_is_tagged_or_ipv6_is_left_to_the_table(void)
{
    struct rs_datagram datagram = make_datagram();
    struct rs_cached_flow flow;

    datagram.vlan = 5;
    CU_ASSERT_FALSE(rs_cached_flow_make(&datagram, 7, &flow));
    datagram.vlan = RS_VLAN_STACKED;
    CU_ASSERT_FALSE(rs_cached_flow_make(&datagram, 7, &flow));
    datagram.vlan = 0;
    datagram.family = RS_IPV6;
    CU_ASSERT_FALSE(rs_cached_flow_make(&datagram, 7, &flow));
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"finds_what_was_put_in_that_state_of_the_table_alone",
         finds_what_was_put_in_that_state_of_the_table_alone},
        {"no_two_states_are_the_same", no_two_states_are_the_same},
        {"packets_that_differ_anywhere_are_other_flows",
         packets_that_differ_anywhere_are_other_flows},
        {"what_is_tagged_or_ipv6_is_left_to_the_table",
         what_is_tagged_or_ipv6_is_left_to_the_table},
    };

    return rs_test_main("flow_cache", tests, COUNT(tests));
}
