/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a second worker adds. Two workers, on CPUs 1 and 0, each with streams and queues of its own;
 * each of them alone has packets for a round, then both have. A round's packets are all there
 * before its clock starts, and this thread, which shares CPU 0, sleeps while they are worked on.
 *   workers [--suite 0x0006] [--direction seal|open] [--bytes N] [--ms N]
 * A worker's rate is that of its packets between the first one received and the last one sent, in
 * packets a second; "efficiency" is the rate of both over the sum of each alone, round by round.
 * What the two share is the third level of cache, memory, and the pool their packets come from.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "dataplane/cache_line.h"
#include "tests/bench/bench.h"
#include "tests/bench/crowd.h"

enum {
    WORKERS = 2,
    STREAMS_EACH = 64,
    ROUNDS_MAX = 1024,
    SLEEP_US = 20000, /* some times what a round takes */
};

/* Of a queue's packets in this round. Its worker: w, main: resets it while there are none. */
static struct clock {
    _Atomic uint64_t began_tsc RS_OWN_LINE;
    _Atomic uint64_t ended_tsc;
} clocks[WORKERS];

/* ---- on the workers ----------------------------------------------------------------------- */

static uint16_t on_receive(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                           uint16_t max, void *context)
{
    struct clock *clock = &clocks[queue];

    (void)id, (void)mbufs, (void)max, (void)context;
    if (n > 0 && atomic_load_explicit(&clock->began_tsc, memory_order_relaxed) == 0)
        atomic_store_explicit(&clock->began_tsc, rte_rdtsc(), memory_order_relaxed);
    return n;
}

static uint16_t on_send(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                        void *context)
{
    (void)id, (void)mbufs, (void)context;
    atomic_store_explicit(&clocks[queue].ended_tsc, rte_rdtsc(), memory_order_relaxed);
    return n;
}

static void watch_ports(enum rs_direction direction)
{
    uint16_t ports[RS_DIRECTIONS];

    for (uint16_t q = 0; q < WORKERS; q++) {
        if (rte_eth_dev_get_port_by_name("net_null0", &ports[RS_SEAL]) != 0 ||
            rte_eth_dev_get_port_by_name("net_null1", &ports[RS_OPEN]) != 0 ||
            rte_eth_add_rx_callback(ports[direction], q, on_receive, NULL) == NULL ||
            rte_eth_add_tx_callback(ports[!direction], q, on_send, NULL) == NULL)
            rs_bench_fail("the ports take no callback");
    }
}

/* ---- on this thread ----------------------------------------------------------------------- */

struct run {
    struct rs_crowd_config crowd;
    unsigned int ms;
};

/* Packets a second of all queues in `mask` together, each over its own time. */
static double run_round(const struct run *run, struct rs_rig *rig, struct rs_crowd *crowd,
                        unsigned int mask)
{
    const unsigned int n = rs_rig_room(rig);
    double rate = 0;

    for (uint16_t q = 0; q < WORKERS; q++)
        atomic_store_explicit(&clocks[q].began_tsc, 0, memory_order_relaxed);
    for (uint16_t q = 0; q < WORKERS; q++) {
        if (mask >> q & 1)
            rs_rig_publish(rig, run->crowd.direction, q,
                           rs_crowd_draw(crowd, q * STREAMS_EACH, STREAMS_EACH, n), n);
    }
    usleep(SLEEP_US);
    rs_rig_settle(rig);
    rs_rig_drain(rig, run->crowd.direction, NULL);
    for (uint16_t q = 0; q < WORKERS; q++) {
        const uint64_t began = atomic_load_explicit(&clocks[q].began_tsc, memory_order_relaxed);
        const uint64_t ended = atomic_load_explicit(&clocks[q].ended_tsc, memory_order_relaxed);

        if (mask >> q & 1)
            rate += n * (double)rte_get_tsc_hz() / (double)(ended - began);
    }
    return rate;
}

static void measure(const struct run *run, struct rs_rig *rig, struct rs_crowd *crowd)
{
    static double first[ROUNDS_MAX], second[ROUNDS_MAX], both[ROUNDS_MAX], share[ROUNDS_MAX];
    size_t rounds = 0;
    uint64_t until;

    run_round(run, rig, crowd, 3);
    until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * run->ms;
    do {
        first[rounds] = run_round(run, rig, crowd, 1);
        second[rounds] = run_round(run, rig, crowd, 2);
        both[rounds] = run_round(run, rig, crowd, 3);
        share[rounds] = both[rounds] / (first[rounds] + second[rounds]);
        rounds++;
    } while (rte_rdtsc() < until && rounds < ROUNDS_MAX);
    printf("{\"what\": \"workers\", \"suite\": \"0x%04X\", \"direction\": \"%s\", \"bytes\": %u, "
           "\"first\": %.0f, \"second\": %.0f, \"both\": %.0f, \"efficiency\": %.3f, "
           "\"rounds\": %zu}\n",
           run->crowd.suite->number, run->crowd.direction == RS_SEAL ? "seal" : "open",
           run->crowd.payload_bytes, rs_bench_median(first, rounds),
           rs_bench_median(second, rounds), rs_bench_median(both, rounds),
           rs_bench_median(share, rounds), rounds);
}

int main(int argc, char **argv)
{
    const char *suite = rs_bench_option(argc, argv, "--suite");
    struct rs_rig_config config = {.kind = RS_RIG_MEMORY, .worker_count = WORKERS};
    struct run run = {.ms = rs_bench_number(argc, argv, "--ms", 500)};
    struct rs_crowd *crowd;
    struct rs_rig *rig;

    run.crowd = (struct rs_crowd_config){
        .direction = rs_bench_is(argc, argv, "--direction", "open") ? RS_OPEN : RS_SEAL,
        .suite = rs_suite_find_number((uint16_t)strtoul(suite != NULL ? suite : "0x0006", NULL, 0)),
        .streams = WORKERS * STREAMS_EACH,
        .sessions = 1,
        .payload_bytes = rs_bench_number(argc, argv, "--bytes", 500)};
    if (run.crowd.suite == NULL)
        rs_bench_fail("no such suite: %s", suite);
    rs_crowd_limits(&run.crowd, &config);
    rig = rs_rig_start(&config);
    crowd = rs_crowd_create(rig, &run.crowd);
    watch_ports(run.crowd.direction);
    measure(&run, rig, crowd);
    rs_crowd_destroy(crowd);
    rs_rig_stop(rig);
    return 0;
}
