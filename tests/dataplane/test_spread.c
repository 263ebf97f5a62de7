/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows spread over workers in software: whose a frame is, and that nothing is lost, doubled or out
 * of order on the way from one path to another. Ports are rings that bring back what they are sent.
 */
#include "dataplane/spread.h"

#include <string.h>

#include <rte_ethdev.h>

#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "tests/support/frame.h"
#include "tests/support/mbuf.h"
#include "tests/support/runner.h"

enum { FRAME_MAX = 256, MBUFS = 8191, FLOWS = 1000, PORT_MTU = 1500 };

static const uint16_t vlans[] = {0x6064, 8};
static const uint8_t ipv4_options[] = {0x94, 4, 0, 0, 1, 1, 1, 0};
static const uint8_t ipv6_options[] = {17, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t payloads[2][40] = {{1}, {2, 3}};

static struct rte_mempool *pool;
static struct rs_port port;
static struct rs_spread *spread;
static struct rs_path paths[2];
static struct rs_burst burst;

static struct rte_mbuf *make(const struct rs_test_frame *frame)
{
    uint8_t bytes[FRAME_MAX];
    const size_t count = rs_test_frame_write(frame, bytes, sizeof(bytes));

    CU_ASSERT_NOT_EQUAL_FATAL(count, 0);
    return rs_test_mbuf(pool, bytes, count);
}

static unsigned int pick(const struct rs_test_frame *frame, unsigned int count)
{
    struct rte_mbuf *mbuf = make(frame);
    const unsigned int picked = rs_spread_pick(mbuf, count);

    rte_pktmbuf_free(mbuf);
    return picked;
}

static void a_flow_is_one_workers_whatever_lies_around_it(void)
{
    const struct rs_test_frame around[] = {
        {.payload = payloads[1], .payload_bytes = 40},
        {.vlans = vlans, .vlan_count = 1},
        {.vlans = vlans, .vlan_count = 2},
        {.options = ipv4_options, .option_bytes = 8},
        {.without_checksum = true},
        {.padding_bytes = 18},
    };

    for (uint16_t flow = 0; flow < 100; flow++) {
        const uint16_t src_port = (uint16_t)(40000 + flow);
        const struct rs_test_frame bare = {
            .src_port = src_port, .payload = payloads[0], .payload_bytes = 40};
        const struct rs_test_frame six = {.family = 6, .src_port = src_port};
        const struct rs_test_frame six_with = {
            .family = 6, .src_port = src_port, .options = ipv6_options, .option_bytes = 8};
        const unsigned int picked = pick(&bare, RS_MAX_WORKERS);

        CU_ASSERT(picked < RS_MAX_WORKERS);
        for (size_t i = 0; i < RTE_DIM(around); i++) {
            struct rs_test_frame frame = around[i];

            frame.src_port = src_port;
            CU_ASSERT_EQUAL(pick(&frame, RS_MAX_WORKERS), picked);
        }
        CU_ASSERT_EQUAL(pick(&six, RS_MAX_WORKERS), pick(&six_with, RS_MAX_WORKERS));
    }
}

/* Of a fair draw among four, a quarter of the mean is 4.5 standard deviations. */
static void check_even(const unsigned int *counts, unsigned int workers)
{
    for (unsigned int w = 0; w < workers; w++) {
        CU_ASSERT(counts[w] > FLOWS / workers * 3 / 4);
        CU_ASSERT(counts[w] < FLOWS / workers * 5 / 4 + 1);
    }
}

static void a_thousand_flows_that_differ_in_a_port_are_spread_evenly(void)
{
    for (unsigned int workers = 2; workers <= 4; workers++) {
        unsigned int by_source[4] = {0}, by_destination[4] = {0}, six[4] = {0};

        for (uint16_t flow = 0; flow < FLOWS; flow++) {
            const uint16_t udp_port = (uint16_t)(10000 + 2 * flow);

            by_source[pick(&(struct rs_test_frame){.src_port = udp_port}, workers)]++;
            by_destination[pick(&(struct rs_test_frame){.dst_port = udp_port}, workers)]++;
            six[pick(&(struct rs_test_frame){.family = 6, .src_port = udp_port}, workers)]++;
        }
        check_even(by_source, workers);
        check_even(by_destination, workers);
        check_even(six, workers);
    }
}

static void what_is_not_a_whole_datagram_stays_with_who_received_it(void)
{
    const struct rs_test_frame whole = {.payload = payloads[0], .payload_bytes = 40};
    uint8_t bytes[FRAME_MAX];
    const size_t count = rs_test_frame_write(&whole, bytes, sizeof(bytes));

    for (uint16_t flow = 0; flow < 64; flow++) {
        struct rte_mbuf *mbuf;

        bytes[35] = (uint8_t)flow; /* the source port's low byte, whatever the sums say */
        for (size_t cut = 14; cut < 42; cut++) {
            mbuf = rs_test_mbuf(pool, bytes, cut);
            CU_ASSERT_EQUAL(rs_spread_pick(mbuf, RS_MAX_WORKERS), 0);
            rte_pktmbuf_free(mbuf);
        }
        for (unsigned int more = 0; more < 2; more++) { /* the last fragment, and the first */
            mbuf = rs_test_mbuf(pool, bytes, count);
            rte_pktmbuf_mtod(mbuf, uint8_t *)[20] = more ? 0x20 : 0;
            rte_pktmbuf_mtod(mbuf, uint8_t *)[21] = more ? 0 : 0x10;
            CU_ASSERT_EQUAL(rs_spread_pick(mbuf, RS_MAX_WORKERS), 0);
            rte_pktmbuf_free(mbuf);
        }
    }
}

/* ---- two paths on one queue --------------------------------------------------------------- */

static void set_up(void)
{
    spread = rs_spread_create(0, 0, 2, 1, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(spread);
    for (unsigned int p = 0; p < 2; p++)
        paths[p] =
            (struct rs_path){.rx_port = port.id, .tx_port = port.id, .spread = spread, .place = p};
}

static void tear_down(void)
{
    struct rte_mbuf *mbufs[RS_BURST_MAX];
    uint16_t count;

    rs_spread_destroy(spread);
    while ((count = rte_eth_rx_burst(port.id, 0, mbufs, RS_BURST_MAX)) > 0)
        rte_pktmbuf_free_bulk(mbufs, count);
    CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), MBUFS);
}

/* A source port whose flow is that path's. */
static uint16_t port_of(unsigned int place)
{
    for (uint16_t src_port = 40000;; src_port++) {
        if (pick(&(struct rs_test_frame){.src_port = src_port}, 2) == place)
            return src_port;
    }
}

/* A packet that says its number. */
static struct rte_mbuf *numbered(uint16_t src_port, uint32_t number)
{
    const struct rs_test_frame frame = {
        .src_port = src_port, .payload = (const uint8_t *)&number, .payload_bytes = sizeof(number)};

    return make(&frame);
}

static uint32_t number_of(const struct rte_mbuf *mbuf)
{
    uint32_t number;

    memcpy(&number, rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, 42), sizeof(number));
    return number;
}

static unsigned int receive(unsigned int place)
{
    burst.refused = burst.set_aside = 0;
    return rs_spread_receive(&paths[place], &burst);
}

static void each_path_gets_its_flows_in_order(void)
{
    const uint16_t ports[] = {port_of(0), port_of(1)};

    set_up();
    for (uint32_t n = 0; n < RS_BURST_MAX; n++) {
        struct rte_mbuf *mbuf = numbered(ports[n / 3 % 2], n);

        CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(port.id, 0, &mbuf, 1), 1);
    }
    for (unsigned int place = 0; place < 2; place++) {
        const unsigned int count = receive(place);
        unsigned int expected = 0;

        CU_ASSERT_EQUAL(burst.refused, 0);
        CU_ASSERT_EQUAL(burst.set_aside, place == 0 ? RS_BURST_MAX - count : 0);
        for (uint32_t n = 0; n < RS_BURST_MAX; n++) {
            if (n / 3 % 2 != place)
                continue;
            CU_ASSERT_FATAL(expected < count);
            CU_ASSERT_EQUAL(number_of(burst.mbufs[expected]), n);
            expected++;
        }
        CU_ASSERT_EQUAL(expected, count);
        rte_pktmbuf_free_bulk(burst.mbufs, count);
    }
    tear_down();
}

static void what_a_full_ring_refuses_comes_back_to_be_dropped(void)
{
    const uint16_t theirs = port_of(1);
    unsigned int handed = 0, refused = 0;

    set_up();
    for (uint32_t n = 0; n < RS_SPREAD_RING + 2 * RS_BURST_MAX; n++) {
        struct rte_mbuf *mbuf = numbered(theirs, n);

        CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(port.id, 0, &mbuf, 1), 1);
        if (n % RS_BURST_MAX != RS_BURST_MAX - 1)
            continue;
        CU_ASSERT_EQUAL(receive(0), burst.refused);
        for (unsigned int i = 0; i < burst.refused; i++)
            CU_ASSERT_EQUAL(number_of(burst.mbufs[i]), RS_SPREAD_RING + refused + i);
        rte_pktmbuf_free_bulk(burst.mbufs, burst.refused);
        handed += burst.set_aside;
        refused += burst.refused;
    }
    CU_ASSERT_EQUAL(handed, RS_SPREAD_RING);
    CU_ASSERT_EQUAL(refused, 2 * RS_BURST_MAX);
    tear_down();
}

static void what_a_port_refuses_waits_and_goes_out_in_order(void)
{
    enum { PACKETS = 1800 }; /* more than the port's ring of 1,023 holds */
    const uint16_t ours = port_of(0);
    uint32_t handed = 0, came = 0;

    set_up();
    while (came < PACKETS) {
        struct rte_mbuf *mbuf = numbered(ours, handed);
        unsigned int count;

        while (handed < PACKETS && rs_spread_transmit(&paths[1], &mbuf, 1) == 1)
            mbuf = numbered(ours, ++handed);
        rte_pktmbuf_free(mbuf);
        for (unsigned int turn = 0; turn < 16; turn++)
            rs_spread_flush(&paths[0]);
        rs_spread_flush(&paths[1]); /* has no queue: nothing */
        count = receive(0);
        CU_ASSERT_FATAL(count > 0);
        for (unsigned int i = 0; i < count; i++, came++)
            CU_ASSERT_EQUAL(number_of(burst.mbufs[i]), came);
        rte_pktmbuf_free_bulk(burst.mbufs, count);
    }
    CU_ASSERT_EQUAL(came, PACKETS);
    tear_down();
}

static void what_nobody_fetched_is_freed(void)
{
    const uint16_t theirs = port_of(1);
    struct rte_mbuf *mbuf = numbered(theirs, 0);

    set_up();
    CU_ASSERT_EQUAL_FATAL(rte_eth_tx_burst(port.id, 0, &mbuf, 1), 1);
    CU_ASSERT_EQUAL(receive(0), 0);
    CU_ASSERT_EQUAL(burst.set_aside, 1);
    mbuf = numbered(theirs, 1);
    CU_ASSERT_EQUAL(rs_spread_transmit(&paths[1], &mbuf, 1), 1);
    tear_down();
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_flow_is_one_workers_whatever_lies_around_it",
         a_flow_is_one_workers_whatever_lies_around_it},
        {"a_thousand_flows_that_differ_in_a_port_are_spread_evenly",
         a_thousand_flows_that_differ_in_a_port_are_spread_evenly},
        {"what_is_not_a_whole_datagram_stays_with_who_received_it",
         what_is_not_a_whole_datagram_stays_with_who_received_it},
        {"each_path_gets_its_flows_in_order", each_path_gets_its_flows_in_order},
        {"what_a_full_ring_refuses_comes_back_to_be_dropped",
         what_a_full_ring_refuses_comes_back_to_be_dropped},
        {"what_a_port_refuses_waits_and_goes_out_in_order",
         what_a_port_refuses_waits_and_goes_out_in_order},
        {"what_nobody_fetched_is_freed", what_nobody_fetched_is_freed},
    };
    int failed;

    rs_test_eal();
    pool = rs_test_pool("spread", MBUFS, 512);
    if (rs_port_open(&port, "test", NULL, "net_ring0") != 0 ||
        rs_port_start(&port, 1, 1, pool) != 0)
        return 2;
    failed = rs_test_main("spread", tests, RTE_DIM(tests));
    rs_port_close(&port);
    return failed;
}
