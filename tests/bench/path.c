/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of the dataplane's worker, rx to tx, or of the same ports forwarded untouched,
 * for the cells that standard input asks for (cells.h).
 *   path [--port memory|memif] [--worker rtpseal|io] [--checksum yes] [--window N]
 * UDP's checksum is 0, none, without --checksum. Opening is measured without replay window, since
 * the same packets come again and again; with --window, which may be 0, each is opened only once.
 */
#include <string.h>

#include <rte_cycles.h>

#include "tests/bench/bench.h"
#include "tests/bench/cells.h"
#include "tests/bench/rig.h"

enum {
    PASSES_MAX = 256,
    SUITES_MAX = 16,
    ROUND = 1024, /* packets at once, as many as a NIC's queue holds for the daemon */
};

struct run {
    struct rs_rig *rig;
    bool with_checksum, once;
    uint32_t window;
    uint16_t ports[SUITES_MAX]; /* by suite code; 0: no stream yet */
    struct rs_cell cell;        /* the last one, and its packets */
    struct rs_frames *frames;
};

/* The UDP port of the suite's streams, which are made when they are first asked for. */
static uint16_t find_port(struct run *run, const struct rs_suite *suite)
{
    uint16_t *port = &run->ports[suite->code % SUITES_MAX];
    struct rs_session *session;

    if (*port != 0)
        return *port;
    *port = (uint16_t)(RS_RIG_PORT + suite->code);
    if (rs_rig_dataplane(run->rig) == NULL)
        return *port;
    session = rs_rig_session(run->rig, suite->code);
    rs_rig_stream(session, RS_SEAL, suite, *port, 0);
    rs_rig_stream(session, RS_OPEN, suite, *port, run->window);
    return *port;
}

/* Opens packets that were sealed just now and never opened, pass for pass. */
static struct rs_figure measure_once(struct run *run, struct rs_frames *plain, unsigned int ms)
{
    const uint64_t until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;
    double passes[PASSES_MAX];
    size_t count = 0;

    do {
        struct rs_frames *sealed = rs_rig_convert(run->rig, RS_SEAL, plain);

        for (unsigned int done = 0; done < sealed->count && count < PASSES_MAX; done += ROUND)
            passes[count++] = rs_rig_round(run->rig, RS_OPEN, sealed, ROUND);
        rs_frames_destroy(sealed);
    } while (rte_rdtsc() < until && count < PASSES_MAX);
    return rs_figure_of(passes, count);
}

/* The packets that the cell sends in, kept from the last time where it was the same. io forwards
 * the plain packets both ways, though an opener's come in longer. */
static struct rs_frames *find_frames(struct run *run, const struct rs_cell *cell)
{
    const uint16_t port = find_port(run, cell->suite);
    struct rs_frames *plain;

    if (rs_cell_same(&run->cell, cell))
        return run->frames;
    rs_frames_destroy(run->frames);
    plain = rs_cell_frames(cell->payload_bytes, port, run->with_checksum);
    run->frames = plain;
    run->cell = *cell;
    if (cell->direction == RS_OPEN && !run->once && rs_rig_dataplane(run->rig) != NULL) {
        run->frames = rs_rig_convert(run->rig, RS_SEAL, plain);
        rs_frames_destroy(plain);
    }
    return run->frames;
}

static struct rs_figure measure(void *context, const struct rs_cell *cell, const char **how)
{
    struct run *run = context;
    struct rs_frames *frames = find_frames(run, cell);

    (void)how;
    if (run->once && cell->direction == RS_OPEN)
        return measure_once(run, frames, cell->ms);
    return rs_rig_measure(run->rig, cell->direction, frames, ROUND, cell->ms);
}

int main(int argc, char **argv)
{
    const bool memif = rs_bench_is(argc, argv, "--port", "memif");
    const bool io = rs_bench_is(argc, argv, "--worker", "io");
    const struct rs_rig_config config = {.kind = memif ? RS_RIG_MEMIF : RS_RIG_MEMORY,
                                         .worker = io ? RS_RIG_IO : RS_RIG_RTPSEAL};
    struct run run = {.rig = rs_rig_start(&config),
                      .with_checksum = rs_bench_is(argc, argv, "--checksum", "yes"),
                      .once = rs_bench_option(argc, argv, "--window") != NULL,
                      .window = rs_bench_number(argc, argv, "--window", 0)};
    const struct rs_cell_program program = {io ? "io" : "rtpseal", measure, &run};

    rs_cells_serve(&program);
    rs_rig_stop(run.rig);
    return 0;
}
