/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames cut into IP fragments, by the RFCs and without the dataplane's code, and given to a
 * reassembly one by one, with counters and a clock that are the test's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/worker.h"
#include "tests/support/frame.h"
#include "tests/support/mbuf.h"

enum {
    RS_PIECES_TIMEOUT_TSC = 1000 * RS_REASSEMBLY_MS,
    RS_PIECES_MBUFS = 2047,
    RS_PIECES_ROOM = 9600,
    RS_PIECES_FRAME_MAX = 70000
};

struct rs_pieces_frame {
    uint8_t bytes[RS_PIECES_FRAME_MAX];
    size_t count;
};

/* `pool`, of that many mbufs with that much room, is made by the test. */
struct rs_pieces {
    struct rte_mempool *pool;
    struct rs_link_rules *rules;
    struct rs_counters counters;
    struct rs_path path;
    struct rs_burst burst;
    struct rs_pieces_frame whole, piece;
    uint8_t payload[RS_PIECES_FRAME_MAX];
};

/* Media is what is from or to 198.51.100.0/24 and 2001:db8::/32, port 5004. At the end every mbuf
 * has to be back. */
void rs_pieces_set_up(struct rs_pieces *lab);
void rs_pieces_tear_down(struct rs_pieces *lab);

/* Makes lab->whole. */
void rs_pieces_write_whole(struct rs_pieces *lab, const struct rs_test_frame *frame);

/* Bytes of a frame in front of what is cut: IPv6's extension headers are cut too. */
size_t rs_pieces_fixed_bytes(const struct rs_pieces_frame *frame);

/* Makes lab->piece, which holds bytes `begin` to `end` of what is cut of lab->whole, of `total`
 * (RFC 791 section 3.2, RFC 8200 section 4.5). */
void rs_pieces_cut(struct rs_pieces *lab, size_t begin, size_t end, size_t total);

/* Hands over lab->piece. Returns how many are in the burst then. */
unsigned int rs_pieces_give(struct rs_pieces *lab);

/* Makes a whole one, with a payload of its own, and hands over those of its pieces of `piece_bytes`
 * that `order` names by their places, "021". Returns how many are in the burst after the last. */
unsigned int rs_pieces_give_all(struct rs_pieces *lab, const struct rs_test_frame *frame,
                                size_t piece_bytes, const char *order);

bool rs_pieces_is(const struct rte_mbuf *mbuf, const struct rs_pieces_frame *frame);

/* Whether what is in the burst is lab->whole, in one buffer; frees it. */
bool rs_pieces_take_whole(struct rs_pieces *lab);

/* How many pieces were counted as dropped; nothing else may have been counted. */
uint64_t rs_pieces_dropped(const struct rs_pieces *lab);

/* Time passes, and nothing comes. */
void rs_pieces_wait(struct rs_pieces *lab, uint64_t tsc);
