/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cells of the main table, the same for every program that fills one of its columns: suites,
 * payloads, directions; the packets of a cell; and how one is asked for. No DPDK.
 */
#pragma once

#include "dataplane/suite.h"
#include "tests/bench/bench.h"
#include "tests/bench/frames.h"

enum {
    RS_CELL_PAYLOAD_MAX = 1400,
    RS_CELL_MIX = 0,       /* instead of bytes: recordings of VP8 and Opus, as in a video call */
    RS_CELL_FRAMES = 4096, /* more of them than caches hold */
};

/* Packets with payloads of that size, or of the mix, to that UDP port. */
struct rs_frames *rs_cell_frames(unsigned int payload_bytes, uint16_t port, bool with_checksum);

/* Where a frame's RTP packet, and where its RTP payload lies, and how long that is. */
struct rs_cell_place {
    unsigned int rtp_offset, offset, bytes;
};
struct rs_cell_place rs_cell_find(const struct rs_frame *frame);

struct rs_cell {
    const struct rs_suite *suite;
    enum rs_direction direction;
    unsigned int payload_bytes;
    unsigned int ms; /* to measure for */
};

/* Whether the packets are the same. */
bool rs_cell_same(const struct rs_cell *a, const struct rs_cell *b);

/* What a program knows how to measure. `how`, unless left alone, becomes part of the result. */
struct rs_cell_program {
    const char *what;
    struct rs_figure (*measure)(void *context, const struct rs_cell *cell, const char **how);
    void *context;
};

/*
 * Measures what standard input asks for until it ends, a line each, and answers each with a line of
 * JSON:    0x0006 seal 1200 50      suite, direction, bytes of payload (0: the mix), milliseconds
 * So programs that are to be compared can take turns, each stopped while another one measures.
 */
void rs_cells_serve(const struct rs_cell_program *program);
