/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a packet takes from the port where it comes in to the one where it goes out, at shares
 * of the rate that one worker carries without a drop. Packets come one by one at even distances;
 * each carries the time at which it was put into the port, in the place of its RTP timestamp.
 *   latency [--suite 0x0006] [--direction seal|open] [--bytes N] [--ms N]
 * Beside it: how often the worker was kept from its CPU (its turns' distance, and what the kernel
 * counted), and the same figures without the packets that had to wait for that.
 */
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "tests/bench/bench.h"
#include "tests/bench/crowd.h"

enum {
    STAMP_OFFSET = 14 + 20 + 8 + 4, /* RTP's timestamp over UDP over IPv4 */
    BIN_TSC = 16,
    BINS = 1 << 17, /* up to 2 million cycles, then all in the last one */
    GAP_US = 50,    /* between two turns: longer than any takes by itself */
    AFTERMATH = 20, /* times the gap: for so long packets may have waited because of it */
    BURST_MAX = 32, /* what the generator makes up for when it was late; the rest is never sent */
    IN_FLIGHT_MAX = 2048,
    STREAMS = 64,
};

/* Written by the worker while `counting`, read once it no longer is. */
static struct {
    uint32_t bins[BINS];
    uint64_t count, max_tsc;
} all, undisturbed;
static struct {
    uint64_t count, sum_tsc, max_tsc;
} gaps;
static uint64_t turn_tsc, disturbed_until_tsc, gap_tsc;
static _Atomic bool counting;

/* ---- on the worker ------------------------------------------------------------------------ */

static uint16_t on_receive(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                           uint16_t max, void *context)
{
    const uint64_t now = rte_rdtsc(), gap = now - turn_tsc;

    (void)id, (void)queue, (void)mbufs, (void)max, (void)context;
    if (turn_tsc != 0 && gap > gap_tsc) {
        disturbed_until_tsc = now + AFTERMATH * gap;
        if (atomic_load_explicit(&counting, memory_order_acquire)) {
            gaps.count++;
            gaps.sum_tsc += gap;
            gaps.max_tsc = RTE_MAX(gaps.max_tsc, gap);
        }
    }
    turn_tsc = now;
    return n;
}

static uint16_t on_send(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                        void *context)
{
    const uint64_t now = rte_rdtsc();

    (void)id, (void)queue, (void)context;
    if (!atomic_load_explicit(&counting, memory_order_acquire))
        return n;
    for (uint16_t i = 0; i < n; i++) {
        uint32_t stamp, took, bin;

        memcpy(&stamp, rte_pktmbuf_mtod_offset(mbufs[i], uint8_t *, STAMP_OFFSET), sizeof(stamp));
        took = (uint32_t)now - stamp;
        bin = RTE_MIN(took / BIN_TSC, (uint32_t)BINS - 1);
        all.bins[bin]++;
        all.count++;
        all.max_tsc = RTE_MAX(all.max_tsc, took);
        if (now - took < disturbed_until_tsc || now - turn_tsc > gap_tsc)
            continue;
        undisturbed.bins[bin]++;
        undisturbed.count++;
        undisturbed.max_tsc = RTE_MAX(undisturbed.max_tsc, took);
    }
    return n;
}

static void watch_ports(enum rs_direction direction)
{
    uint16_t ports[RS_DIRECTIONS];

    gap_tsc = rte_get_tsc_hz() / 1000000 * GAP_US;
    if (rte_eth_dev_get_port_by_name("net_null0", &ports[RS_SEAL]) != 0 ||
        rte_eth_dev_get_port_by_name("net_null1", &ports[RS_OPEN]) != 0 ||
        rte_eth_add_rx_callback(ports[direction], 0, on_receive, NULL) == NULL ||
        rte_eth_add_tx_callback(ports[!direction], 0, on_send, NULL) == NULL)
        rs_bench_fail("the ports take no callback");
}

/* ---- what the kernel counts --------------------------------------------------------------- */

/* How often it took the CPU from the worker, by the thread's name. */
static unsigned long count_switches(void)
{
    static const char *const field = "nonvoluntary_ctxt_switches:";
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned long count = 0;

    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        char path[300], line[256];
        bool is_worker = false;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        file = fopen(path, "re");
        while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            is_worker = is_worker || strncmp(line, "Name:\trte-worker", 16) == 0;
            if (is_worker && strncmp(line, field, strlen(field)) == 0)
                count += strtoul(line + strlen(field), NULL, 10);
        }
        if (file != NULL)
            fclose(file);
    }
    if (tasks != NULL)
        closedir(tasks);
    return count;
}

/* ---- on this thread ----------------------------------------------------------------------- */

struct run {
    struct rs_rig *rig;
    struct rs_crowd *crowd;
    struct rs_crowd_config config;
    struct rs_frames *frames;
    unsigned int ms;
    uint64_t late; /* packets that this thread was kept from putting into the port at their time */
};

static uint64_t packets_in(const struct run *run)
{
    struct rs_counters counters;

    rs_dataplane_get_counters(rs_rig_dataplane(run->rig), RS_ALL, RS_ALL, run->config.direction,
                              &counters);
    return counters.packets_in;
}

static void send_one(struct run *run)
{
    struct rs_frame *frame = &run->frames->frames[run->frames->next];
    const uint32_t stamp = (uint32_t)rte_rdtsc();

    memcpy(frame->data + STAMP_OFFSET, &stamp, sizeof(stamp));
    rs_rig_publish(run->rig, run->config.direction, 0, run->frames, 1);
    run->late += (uint32_t)rte_rdtsc() - stamp > gap_tsc;
}

/* Sends for so long, one packet every `distance` cycles. Returns how many were due and never sent,
 * since this thread was kept from its own CPU or the worker did not keep up. */
static uint64_t send_at(struct run *run, double distance, uint64_t cycles)
{
    const uint64_t began = rte_rdtsc(), in_before = packets_in(run);
    uint64_t sent = 0, skipped = 0, elapsed;

    while ((elapsed = rte_rdtsc() - began) < cycles) {
        const uint64_t due = (uint64_t)((double)elapsed / distance);

        if (due - sent - skipped > BURST_MAX)
            skipped = due - sent - 1;
        if (sent + skipped == due)
            continue;
        if (sent % BURST_MAX == 0 && sent - (packets_in(run) - in_before) > IN_FLIGHT_MAX)
            skipped++;
        else {
            send_one(run);
            sent++;
        }
    }
    return skipped;
}

/* The smallest time that so much of the packets did not exceed, in microseconds. */
static double quantile(const uint32_t *bins, uint64_t count, uint64_t max_tsc, double part)
{
    uint64_t seen = 0;

    for (unsigned int b = 0; b < BINS - 1; b++) {
        seen += bins[b];
        if ((double)seen >= (double)count * part)
            return (b + 1) * (double)BIN_TSC * 1e6 / (double)rte_get_tsc_hz();
    }
    return (double)max_tsc * 1e6 / (double)rte_get_tsc_hz();
}

static void print_times(const char *name, const uint32_t *bins, uint64_t count, uint64_t max_tsc)
{
    printf(", \"%s_us\": {\"count\": %lu, \"p50\": %.2f, \"p99\": %.2f, \"p99.9\": %.2f, "
           "\"max\": %.2f}",
           name, (unsigned long)count, quantile(bins, count, max_tsc, 0.5),
           quantile(bins, count, max_tsc, 0.99), quantile(bins, count, max_tsc, 0.999),
           (double)max_tsc * 1e6 / (double)rte_get_tsc_hz());
}

static void measure(struct run *run, unsigned int percent, double cycles_per_packet)
{
    const double hz = (double)rte_get_tsc_hz(), distance = cycles_per_packet * 100 / percent;
    unsigned long switches;
    uint64_t skipped;

    send_at(run, distance, rte_get_tsc_hz() / 20);
    rs_rig_settle(run->rig);
    memset(&all, 0, sizeof(all));
    memset(&undisturbed, 0, sizeof(undisturbed));
    memset(&gaps, 0, sizeof(gaps));
    run->late = 0;
    switches = count_switches();
    atomic_store_explicit(&counting, true, memory_order_release);
    skipped = send_at(run, distance, rte_get_tsc_hz() / 1000 * run->ms);
    rs_rig_settle(run->rig);
    atomic_store_explicit(&counting, false, memory_order_release);
    rs_rig_settle(run->rig);
    printf("{\"what\": \"latency\", \"suite\": \"0x%04X\", \"direction\": \"%s\", \"bytes\": %u, "
           "\"percent\": %u, \"rate\": %.0f, \"skipped\": %lu, \"late\": %lu, \"gaps\": %lu, "
           "\"gaps_us\": %.0f, "
           "\"longest_gap_us\": %.1f, \"switches\": %lu, \"ms\": %u",
           run->config.suite->number, run->config.direction == RS_SEAL ? "seal" : "open",
           run->config.payload_bytes, percent, hz / distance, (unsigned long)skipped,
           (unsigned long)run->late, (unsigned long)gaps.count, (double)gaps.sum_tsc * 1e6 / hz,
           (double)gaps.max_tsc * 1e6 / hz, count_switches() - switches, run->ms);
    print_times("all", all.bins, all.count, all.max_tsc);
    print_times("undisturbed", undisturbed.bins, undisturbed.count, undisturbed.max_tsc);
    printf("}\n");
}

int main(int argc, char **argv)
{
    static const unsigned int percents[] = {10, 50, 90};
    const char *suite = rs_bench_option(argc, argv, "--suite");
    struct rs_rig_config config = {.kind = RS_RIG_MEMORY};
    struct run run = {.ms = rs_bench_number(argc, argv, "--ms", 1000)};
    struct rs_figure figure;

    run.config = (struct rs_crowd_config){
        .direction = rs_bench_is(argc, argv, "--direction", "open") ? RS_OPEN : RS_SEAL,
        .suite = rs_suite_find_number((uint16_t)strtoul(suite != NULL ? suite : "0x0006", NULL, 0)),
        .streams = STREAMS,
        .sessions = 1,
        .payload_bytes = rs_bench_number(argc, argv, "--bytes", 500)};
    if (run.config.suite == NULL)
        rs_bench_fail("no such suite: %s", suite);
    rs_crowd_limits(&run.config, &config);
    run.rig = rs_rig_start(&config);
    run.crowd = rs_crowd_create(run.rig, &run.config);
    run.frames = rs_crowd_draw(run.crowd, 0, STREAMS, rs_rig_room(run.rig));
    figure =
        rs_rig_measure(run.rig, run.config.direction, run.frames, rs_rig_room(run.rig), run.ms / 4);
    watch_ports(run.config.direction);
    for (size_t i = 0; i < RTE_DIM(percents); i++)
        measure(&run, percents[i], figure.median);
    rs_crowd_destroy(run.crowd);
    rs_rig_stop(run.rig);
    return 0;
}
