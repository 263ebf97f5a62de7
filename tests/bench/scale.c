/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What many streams cost: cycles per packet with packets spread over all of them in a random order,
 * in turn with rounds of the same number of packets of one stream alone. Main's round over all
 * streams goes on meanwhile, as in the daemon.
 *   scale [--streams N] [--suite 0x0006|0x0005] [--direction seal|open] [--ms N]
 * Or the memory of the process, in KiB, once there are so many streams, and so many senders in use:
 *   scale --memory nothing|streams|senders [--streams N] ... [--window N]
 * Of `nothing` there is as little as can be: what it has is not of streams.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "tests/bench/bench.h"
#include "tests/bench/crowd.h"

enum { STREAMS_PER_SESSION = 1000, PAYLOAD_BYTES = 500, ROUNDS_MAX = 4096 };

struct run {
    struct rs_crowd_config crowd;
    unsigned int ms;
    const char *memory; /* NULL: cycles are measured */
};

static void print_begin(const char *what, const struct run *run)
{
    printf("{\"what\": \"%s\", \"suite\": \"0x%04X\", \"direction\": \"%s\", \"bytes\": %d, "
           "\"streams\": %u, ",
           what, run->crowd.suite->number, run->crowd.direction == RS_SEAL ? "seal" : "open",
           PAYLOAD_BYTES, run->crowd.streams);
}

/* ---- cycles ------------------------------------------------------------------------------- */

static void measure(const struct run *run, struct rs_rig *rig, struct rs_crowd *crowd)
{
    static double all[ROUNDS_MAX], one[ROUNDS_MAX];
    const unsigned int n = rs_rig_room(rig);
    const enum rs_direction direction = run->crowd.direction;
    struct rs_figure of_all, of_one;
    uint64_t until;
    size_t rounds = 0;

    rs_crowd_warm_up(crowd);
    until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * run->ms;
    do {
        one[rounds] = rs_rig_round(rig, direction, rs_crowd_draw(crowd, 0, 1, n), n);
        all[rounds] =
            rs_rig_round(rig, direction, rs_crowd_draw(crowd, 0, run->crowd.streams, n), n);
        rounds++;
    } while (rte_rdtsc() < until && rounds < ROUNDS_MAX);
    of_all = rs_figure_of(all, rounds);
    of_one = rs_figure_of(one, rounds);
    print_begin("scale", run);
    printf("\"cycles\": %.1f, \"best\": %.1f, \"one\": %.1f, \"one_best\": %.1f}\n", of_all.median,
           of_all.best, of_one.median, of_one.best);
}

/* ---- memory ------------------------------------------------------------------------------- */

/* Of a line "name: 123 kB" of /proc/self/status. */
static unsigned long read_status(const char *name)
{
    FILE *file = fopen("/proc/self/status", "re");
    unsigned long kib = 0;
    char line[256];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), ": %lu", &kib);
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

/* EAL takes its memory as a whole, at start: what nobody has asked it for is not in use. */
static unsigned long free_in_eal(void)
{
    unsigned long kib = 0;

    for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++) {
        struct rte_malloc_socket_stats stats;

        if (rte_malloc_get_socket_stats(socket, &stats) == 0)
            kib += stats.heap_freesz_bytes / 1024;
    }
    return kib;
}

static void print_memory(const struct run *run)
{
    print_begin("memory", run);
    printf("\"of\": \"%s\", \"window\": %u, \"kib\": %lu, \"locked_kib\": %lu}\n", run->memory,
           run->crowd.replay_window,
           read_status("VmRSS") + read_status("HugetlbPages") - free_in_eal(),
           read_status("VmLck"));
}

/* ---- the program -------------------------------------------------------------------------- */

static struct run read_arguments(int argc, char **argv)
{
    const char *suite = rs_bench_option(argc, argv, "--suite");
    struct run run = {.ms = rs_bench_number(argc, argv, "--ms", 200),
                      .memory = rs_bench_option(argc, argv, "--memory")};

    run.crowd.streams = rs_bench_number(argc, argv, "--streams", 1000);
    run.crowd.sessions = (run.crowd.streams + STREAMS_PER_SESSION - 1) / STREAMS_PER_SESSION;
    run.crowd.payload_bytes = PAYLOAD_BYTES;
    run.crowd.direction = rs_bench_is(argc, argv, "--direction", "open") ? RS_OPEN : RS_SEAL;
    run.crowd.suite =
        rs_suite_find_number((uint16_t)strtoul(suite != NULL ? suite : "0x0006", NULL, 0));
    run.crowd.replay_window = rs_bench_number(argc, argv, "--window", 0);
    if (run.crowd.suite == NULL || run.crowd.streams == 0)
        rs_bench_fail("no such suite, or no streams");
    return run;
}

int main(int argc, char **argv)
{
    const struct run run = read_arguments(argc, argv);
    struct rs_rig_config config = {.kind = RS_RIG_MEMORY};
    struct rs_crowd *crowd = NULL;
    struct rs_rig *rig;

    rs_crowd_limits(&run.crowd, &config);
    if (run.memory != NULL && strcmp(run.memory, "nothing") == 0)
        config.max_streams = config.max_senders = 1;
    else if (run.memory != NULL && strcmp(run.memory, "streams") == 0)
        config.max_senders = 2 * run.crowd.sessions; /* what makes packets to open */
    rig = rs_rig_start(&config);
    if (run.memory == NULL || strcmp(run.memory, "nothing") != 0)
        crowd = rs_crowd_create(rig, &run.crowd);
    if (run.memory == NULL) {
        measure(&run, rig, crowd);
    } else {
        if (strcmp(run.memory, "senders") == 0)
            rs_crowd_warm_up(crowd);
        print_memory(&run);
    }
    if (crowd != NULL)
        rs_crowd_destroy(crowd);
    rs_rig_stop(rig);
    return 0;
}
