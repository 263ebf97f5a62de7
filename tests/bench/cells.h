/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cells of the main table, the same for every program that fills one of its columns: suites,
 * payloads, directions; the packets of a cell; and how its result is printed. No DPDK.
 */
#pragma once

#include "dataplane/suite.h"
#include "tests/bench/bench.h"
#include "tests/bench/frames.h"

enum {
    RS_CELL_SUITES = 3,
    RS_CELL_PAYLOADS = 4,
    RS_CELL_MIX = 0,       /* instead of bytes: recordings of VP8 and Opus, as in a video call */
    RS_CELL_FRAMES = 4096, /* more of them than caches hold */
};

extern const uint16_t rs_cell_suites[RS_CELL_SUITES];
extern const unsigned int rs_cell_payloads[RS_CELL_PAYLOADS];

/* Packets with payloads of that size, or of the mix, to that UDP port. */
struct rs_frames *rs_cell_frames(unsigned int payload_bytes, uint16_t port, bool with_checksum);

/* Where a frame's RTP packet, and where its RTP payload lies, and how long that is. */
struct rs_cell_place {
    unsigned int rtp_offset, offset, bytes;
};
struct rs_cell_place rs_cell_find(const struct rs_frame *frame);

/* A line of JSON. `how`, if not NULL, says what was used. */
void rs_cell_print(const char *what, const struct rs_suite *suite, enum rs_direction direction,
                   unsigned int payload_bytes, const struct rs_figure *figure, const char *how);
