/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets of a cell in memory of their own, for benchmarks of cryptography alone: as many and
 * as far apart as a port's buffers are, in hugepages where there are some, so that each is out of
 * the caches when its turn comes. No DPDK.
 */
#pragma once

#include "tests/bench/cells.h"

enum {
    RS_BUFFER_HEADROOM = 128,
    /* What is authenticated in front of a packet's text, on top of it: */
    RS_BUFFER_AAD_BYTES = 17 + 1 + 1, /* SFrame header, T, codec number */
    RS_BUFFER_MESSAGE_BYTES = 3 * 8 + RS_NONCE_BYTES + RS_BUFFER_AAD_BYTES, /* RFC 9605 4.5.1 */
};

struct rs_buffer {
    uint8_t *rtp; /* with RS_BUFFER_HEADROOM bytes before it */
    uint8_t *payload;
    uint32_t rtp_bytes, payload_bytes;
};

struct rs_buffers {
    uint8_t *memory;
    size_t bytes;
    struct rs_buffer buffers[RS_CELL_FRAMES];
};

/* Filled with a cell's packets. Exits where there is no memory. */
struct rs_buffers *rs_buffers_create(unsigned int payload_bytes);
void rs_buffers_destroy(struct rs_buffers *buffers);

/*
 * Calls `run` for as many packets as there are buffers, in order, `burst` at a time, over and over
 * for so many milliseconds. In cycles per packet of one round over all of them.
 */
struct rs_figure rs_buffers_measure(unsigned int burst,
                                    void (*run)(void *context, unsigned int first, unsigned int n),
                                    void *context, unsigned int ms);
