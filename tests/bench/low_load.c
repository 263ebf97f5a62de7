/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Few packets at a time, the next only when those have come out: the worker's cycles per packet,
 * and how long after they were there the last of them was sent. On in-memory ports. low_load [--ms
 * N]      for each cell
 */
#include <stdio.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "tests/bench/bench.h"
#include "tests/bench/cells.h"
#include "tests/bench/rig.h"

enum { ROUNDS_MAX = 4096, WARM_UP = 64 };

static const uint16_t suites[] = {0xf001, 0x0006, 0x0005};
static const unsigned int payloads[] = {160, 1200};
static const unsigned int bursts[] = {1, 2, 4, 8, 32};

typedef double round_fn(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *frames,
                        unsigned int n);

/* Rounds for so long; the values are sorted. */
static size_t repeat(round_fn *round, struct rs_rig *rig, enum rs_direction direction,
                     struct rs_frames *frames, unsigned int n, unsigned int ms, double *values)
{
    uint64_t until;
    size_t count = 0;

    for (unsigned int i = 0; i < WARM_UP; i++)
        round(rig, direction, frames, n);
    until = rs_bench_now_ms() + ms;
    do {
        values[count++] = round(rig, direction, frames, n);
    } while (rs_bench_now_ms() < until && count < ROUNDS_MAX);
    return count;
}

static double to_us(double tsc)
{
    return tsc * 1e6 / (double)rte_get_tsc_hz();
}

static void measure(struct rs_rig *rig, const struct rs_suite *suite, enum rs_direction direction,
                    unsigned int payload_bytes, struct rs_frames *frames, unsigned int ms)
{
    static double values[ROUNDS_MAX];

    for (unsigned int b = 0; b < RTE_DIM(bursts); b++) {
        const unsigned int n = bursts[b];
        size_t count = repeat(rs_rig_round, rig, direction, frames, n, ms, values);
        const struct rs_figure cycles = rs_figure_of(values, count);

        count = repeat(rs_rig_delay, rig, direction, frames, n, ms, values);
        printf("{\"suite\": \"0x%04X\", \"direction\": \"%s\", \"bytes\": %u, \"burst\": %u, "
               "\"cycles\": %.1f, \"best\": %.1f, \"p50_us\": %.3f, \"p99_us\": %.3f}\n",
               suite->number, direction == RS_SEAL ? "seal" : "open", payload_bytes, n,
               cycles.median, cycles.best, to_us(rs_bench_median(values, count)),
               to_us(rs_bench_quantile(values, count, 0.99)));
    }
}

int main(int argc, char **argv)
{
    const struct rs_rig_config config = {.kind = RS_RIG_MEMORY};
    const unsigned int ms = rs_bench_number(argc, argv, "--ms", 10);
    struct rs_rig *rig = rs_rig_start(&config);

    for (unsigned int s = 0; s < RTE_DIM(suites); s++) {
        const struct rs_suite *suite = rs_suite_find_number(suites[s]);
        const uint16_t port = (uint16_t)(RS_RIG_PORT + s);
        struct rs_session *session = rs_rig_session(rig, s);

        rs_rig_stream(session, RS_SEAL, suite, port, 0);
        rs_rig_stream(session, RS_OPEN, suite, port, 0);
        for (unsigned int p = 0; p < RTE_DIM(payloads); p++) {
            struct rs_frames *plain = rs_cell_frames(payloads[p], port, false);
            struct rs_frames *sealed = rs_rig_convert(rig, RS_SEAL, plain);

            measure(rig, suite, RS_SEAL, payloads[p], plain, ms);
            measure(rig, suite, RS_OPEN, payloads[p], sealed, ms);
            rs_frames_destroy(plain);
            rs_frames_destroy(sealed);
        }
    }
    rs_rig_stop(rig);
    return 0;
}
