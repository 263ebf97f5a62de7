/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of the dataplane's worker, rx to tx, or of the same ports forwarded untouched.
 *   path [--port memory|memif] [--worker rtpseal|io] [--checksum yes] [--ms N]
 * Opening is measured without replay window, since the same packets come again and again;
 * window.c has what the window costs. Without --checksum, UDP's is 0 over IPv4: none.
 */
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/cells.h"
#include "tests/bench/rig.h"

struct run {
    struct rs_rig *rig;
    const char *what; /* in the results */
    bool with_checksum;
    unsigned int ms;
};

static void measure(const struct run *run, const struct rs_suite *suite,
                    enum rs_direction direction, unsigned int payload_bytes,
                    struct rs_frames *frames)
{
    const struct rs_figure figure =
        rs_rig_measure(run->rig, direction, frames, rs_rig_room(run->rig), run->ms);

    rs_cell_print(run->what, suite, direction, payload_bytes, &figure, NULL);
}

static void run_suite(const struct run *run, unsigned int s)
{
    const struct rs_suite *suite = rs_suite_find_number(rs_cell_suites[s]);
    const uint16_t port = (uint16_t)(RS_RIG_PORT + s);
    struct rs_session *session = rs_rig_session(run->rig, s);

    rs_rig_stream(session, RS_SEAL, suite, port, 0);
    rs_rig_stream(session, RS_OPEN, suite, port, 0);
    for (unsigned int p = 0; p < RS_CELL_PAYLOADS; p++) {
        const unsigned int bytes = rs_cell_payloads[p];
        struct rs_frames *plain = rs_cell_frames(bytes, port, run->with_checksum);
        struct rs_frames *sealed = rs_rig_convert(run->rig, RS_SEAL, plain);

        measure(run, suite, RS_SEAL, bytes, plain);
        measure(run, suite, RS_OPEN, bytes, sealed);
        rs_frames_destroy(plain);
        rs_frames_destroy(sealed);
    }
}

/* Of the plain packets' size both ways, though an opener's come in longer. */
static void run_io(const struct run *run)
{
    for (unsigned int p = 0; p < RS_CELL_PAYLOADS; p++) {
        struct rs_frames *frames = rs_cell_frames(rs_cell_payloads[p], RS_RIG_PORT, false);

        measure(run, NULL, RS_SEAL, rs_cell_payloads[p], frames);
        measure(run, NULL, RS_OPEN, rs_cell_payloads[p], frames);
        rs_frames_destroy(frames);
    }
}

int main(int argc, char **argv)
{
    const bool memif = rs_bench_is(argc, argv, "--port", "memif");
    const bool io = rs_bench_is(argc, argv, "--worker", "io");
    const bool with_checksum = rs_bench_is(argc, argv, "--checksum", "yes");
    const struct rs_rig_config config = {.kind = memif ? RS_RIG_MEMIF : RS_RIG_MEMORY,
                                         .worker = io ? RS_RIG_IO : RS_RIG_RTPSEAL};
    const struct run run = {.rig = rs_rig_start(&config),
                            .what = io              ? "io"
                                    : with_checksum ? "checksum"
                                                    : "rtpseal",
                            .with_checksum = with_checksum,
                            .ms = rs_bench_number(argc, argv, "--ms", 50)};

    if (io)
        run_io(&run);
    for (unsigned int s = 0; !io && s < RS_CELL_SUITES; s++)
        run_suite(&run, s);
    rs_rig_stop(run.rig);
    return 0;
}
