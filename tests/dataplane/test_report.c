/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of workers and of memory, against what a test put in. */
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { ATTEMPTS = 100, TOGETHER = 20, ALONE = 10, HELD = 7 };

static struct rs_host *host;

static void get_bursts(uint64_t bursts[RS_BURST_SIZES])
{
    struct rs_worker_info info = {0};

    rs_dataplane_get_worker(host->dataplane, 0, &info);
    memcpy(bursts, info.bursts, sizeof(info.bursts));
}

static void inject(unsigned int count)
{
    const struct rs_leg_packet packet = rs_leg_vp8(1);
    uint8_t frame[RS_HOST_FRAME_BYTES];
    const size_t bytes = rs_leg_write(&packet, frame, sizeof(frame));

    for (unsigned int i = 0; i < count; i++)
        rs_host_inject(host, 0, RS_SEAL, 0, frame, bytes);
}

static void packets_that_come_alone_are_bursts_of_one(void)
{
    uint64_t before[RS_BURST_SIZES], after[RS_BURST_SIZES];

    get_bursts(before);
    for (unsigned int i = 0; i < ALONE; i++) {
        inject(1);
        rs_host_settle(host);
    }
    get_bursts(after);
    CU_ASSERT_EQUAL(after[0] - before[0], ALONE);
    for (unsigned int i = 1; i < RS_BURST_SIZES; i++)
        CU_ASSERT_EQUAL(after[i], before[i]);
}

/* What the sizes say of the packets: each burst had at least this many, and at most that. */
static void check_packets(const uint64_t before[RS_BURST_SIZES],
                          const uint64_t after[RS_BURST_SIZES], uint64_t packets)
{
    uint64_t least = 0, most = 0;

    for (unsigned int i = 0; i < RS_BURST_SIZES; i++) {
        least += (after[i] - before[i]) * (i == 0 ? 1 : (1u << (i - 1)) + 1);
        most += (after[i] - before[i]) << i;
    }
    CU_ASSERT(least <= packets);
    CU_ASSERT(packets <= most);
}

static uint64_t sum(const uint64_t bursts[RS_BURST_SIZES])
{
    uint64_t all = 0;

    for (unsigned int i = 0; i < RS_BURST_SIZES; i++)
        all += bursts[i];
    return all;
}

/* The worker sleeps while they come in; where it is not yet asleep, they come in several bursts,
 * and it is tried again. */
static void packets_that_come_together_are_a_larger_burst(void)
{
    uint64_t before[RS_BURST_SIZES], after[RS_BURST_SIZES] = {0};
    unsigned int attempts = 0;

    do {
        get_bursts(before);
        rs_wire_port_stall(host->ports[0][RS_SEAL], 0, 30);
        usleep(10000);
        inject(TOGETHER);
        rs_host_settle(host);
        get_bursts(after);
        check_packets(before, after, TOGETHER);
    } while (sum(after) != sum(before) + 1 && ++attempts < ATTEMPTS);
    CU_ASSERT(attempts < ATTEMPTS);
    CU_ASSERT_EQUAL(after[5] - before[5], 1);
}

static void buffers_in_use_are_those_that_are_not_free(void)
{
    struct rte_mempool *pool = rte_mempool_lookup("rs_mbufs");
    struct rs_buffer_info before, held, after;
    struct rte_mbuf *mbufs[HELD];

    CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
    rs_dataplane_get_buffers(host->dataplane, &before);
    CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(pool, mbufs, HELD), 0);
    rs_dataplane_get_buffers(host->dataplane, &held);
    rte_pktmbuf_free_bulk(mbufs, HELD);
    rs_dataplane_get_buffers(host->dataplane, &after);
    CU_ASSERT_EQUAL(held.in_use - before.in_use, HELD);
    CU_ASSERT_EQUAL(after.in_use, before.in_use);
    CU_ASSERT_EQUAL(held.total, before.total);
    CU_ASSERT(held.in_use <= held.total);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"packets_that_come_alone_are_bursts_of_one", packets_that_come_alone_are_bursts_of_one},
        {"packets_that_come_together_are_a_larger_burst",
         packets_that_come_together_are_a_larger_burst},
        {"buffers_in_use_are_those_that_are_not_free", buffers_in_use_are_those_that_are_not_free},
    };
    int rc;

    host = rs_host_start(NULL);
    rc = rs_test_main("report", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
