/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More than there is room for: at the egress, at the ingress, and in the packet buffers. What is
 * lost has a name, what is not lost is right, and afterwards all is as it was.
 */
#include <stdlib.h>

#include <rte_mbuf.h>

#include "dataplane/dataplane_internal.h"
#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { PACKETS = 20 /* at most a burst */, ROOM = 5, PLACES = 4095 /* of a queue */, TIMES = 20 };

static struct rs_host *host;

static void what_the_egress_has_no_room_for_is_counted_and_the_first_go_out(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    struct rs_leg_packet plain[PACKETS], sealed[PACKETS], next;

    for (uint32_t i = 0; i < PACKETS; i++) {
        plain[i] = rs_leg_vp8(i);
        sealed[i] = rs_leg_sealed(host, legs.seal, i);
    }
    rs_wire_port_set_room(host->ports[1][RS_SEAL], 0, ROOM);
    rs_leg_hold(host);
    for (uint32_t i = 0; i < PACKETS; i++)
        rs_leg_inject(host, &sealed[i]);
    rs_host_settle(host);
    for (uint32_t i = 0; i < ROOM; i++)
        CU_ASSERT(rs_leg_next_is(host, &plain[i]));
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), 0);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_OPENED), ROOM);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_TX_FULL), PACKETS - ROOM);
    rs_wire_port_set_room(host->ports[1][RS_SEAL], 0, UINT16_MAX);
    next = rs_leg_sealed(host, legs.seal, PACKETS);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &next), RS_OPENED);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &sealed[PACKETS - 1]), RS_REPLAY);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

static void counters_of_what_was_sealed_and_not_sent_do_not_come_again(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet before = rs_leg_sealed(host, legs.seal, 0);
    struct rs_leg_packet after;

    rs_wire_port_set_room(host->ports[0][RS_OPEN], 0, 0);
    for (uint32_t i = 0; i < PACKETS; i++) {
        const struct rs_leg_packet plain = rs_leg_vp8(i);

        CU_ASSERT_EQUAL(rs_leg_run(host, 0, RS_SEAL, legs.seal, &plain, NULL), RS_TX_FULL);
    }
    rs_wire_port_set_room(host->ports[0][RS_OPEN], 0, UINT16_MAX);
    after = rs_leg_sealed(host, legs.seal, 1);
    CU_ASSERT_EQUAL(rs_leg_kid(&after), rs_leg_kid(&before));
    CU_ASSERT_EQUAL(rs_leg_ctr(&after), rs_leg_ctr(&before) + PACKETS + 1);
    rs_legs_end(&legs);
}

/* Offers so many frames while the worker is kept waiting. Returns how many there was room for. */
static unsigned int offer(const uint8_t *frame, size_t bytes, unsigned int count)
{
    unsigned int taken = 0;

    rs_wire_port_stall(host->ports[0][RS_SEAL], 0, 300);
    for (unsigned int i = 0; i < count; i++)
        taken += rs_wire_port_inject(host->ports[0][RS_SEAL], 0, frame, bytes) == 0;
    rs_host_injected(host, 0, RS_SEAL, taken);
    return taken;
}

/* Three times: buffers that were not given back would be missing the third time. */
static void of_twenty_times_what_the_ingress_holds_all_that_it_held_is_sealed(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet plain = rs_leg_vp8(1);
    uint8_t frame[RS_HOST_FRAME_BYTES];
    const size_t bytes = rs_leg_write(&plain, frame, sizeof(frame));

    for (unsigned int round = 0; round < 3; round++) {
        const uint64_t sealed = rs_host_stream_count(legs.seal, RS_SEALED);
        const unsigned int taken = offer(frame, bytes, TIMES * PLACES);

        rs_host_settle(host);
        /* A burst may be taken while the queue is filled. */
        CU_ASSERT(taken >= PLACES && taken < 2 * PLACES);
        CU_ASSERT_EQUAL(rs_host_stream_count(legs.seal, RS_SEALED) - sealed, taken);
        rs_host_discard(host, 0, RS_SEAL);
        rs_host_check_sums(host);
    }
    rs_legs_end(&legs);
}

static void with_no_packet_buffer_left_what_is_under_way_goes_on(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    struct rte_mempool *pool = host->dataplane->mbufs;
    struct rte_mbuf **taken = calloc(pool->size, sizeof(struct rte_mbuf *));
    struct rs_buffer_info before, after;
    unsigned int count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
    rs_dataplane_get_buffers(host->dataplane, &before);
    while (count < pool->size && (taken[count] = rte_pktmbuf_alloc(pool)) != NULL)
        count++;
    CU_ASSERT_PTR_NULL(rte_pktmbuf_alloc(pool));
    for (uint32_t i = 0; i < PACKETS; i++) {
        const struct rs_leg_packet sealed = rs_leg_sealed(host, legs.seal, i);

        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &sealed), RS_OPENED);
    }
    rte_pktmbuf_free_bulk(taken, count);
    rs_dataplane_get_buffers(host->dataplane, &after);
    CU_ASSERT_EQUAL(after.in_use, before.in_use);
    free(taken);
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"what_the_egress_has_no_room_for_is_counted_and_the_first_go_out",
         what_the_egress_has_no_room_for_is_counted_and_the_first_go_out},
        {"counters_of_what_was_sealed_and_not_sent_do_not_come_again",
         counters_of_what_was_sealed_and_not_sent_do_not_come_again},
        {"of_twenty_times_what_the_ingress_holds_all_that_it_held_is_sealed",
         of_twenty_times_what_the_ingress_holds_all_that_it_held_is_sealed},
        {"with_no_packet_buffer_left_what_is_under_way_goes_on",
         with_no_packet_buffer_left_what_is_under_way_goes_on},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int code;

    host = rs_host_start(&config);
    code = rs_test_main("path_overload", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return code;
}
