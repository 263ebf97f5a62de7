/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments of what may be media, put together before anything else looks at a packet: RFC 791
 * section 3.2, RFC 8200 section 4.5. One of it for each ingress queue of a link that asks for it.
 */
#pragma once

#include <stdint.h>

struct rs_burst;
struct rs_path;
struct rs_reassembly;

enum {
    RS_REASSEMBLY_DATAGRAMS = 256, /* that can wait for their pieces at once */
    RS_REASSEMBLY_PIECES = 8,      /* of a datagram, at most: DPDK's limit */
    RS_REASSEMBLY_MS = 100         /* between the first of them to come and the last */
};

/* Main, before the workers run. NULL: no memory. */
struct rs_reassembly *rs_reassembly_create(uint64_t tsc_hz);

/* Frees the pieces that wait, too. NULL: nothing. Main, after the workers. */
void rs_reassembly_destroy(struct rs_reassembly *reassembly);

/*
 * Takes the pieces of datagrams from or to an address of a media range out of the first `count` of
 * burst->mbufs, and puts each datagram where the last of its pieces was. Pieces are counted as
 * dropped (`fragment`) once it is certain that nothing comes of them: others are late, too many, or
 * overlap. What DPDK cannot put together is left, for classify to drop. To be called in every turn,
 * also with a count of 0, so that time passes. Returns how many mbufs there are now. The worker of
 * a path with a `reassembly`.
 */
unsigned int rs_reassemble(const struct rs_path *path, struct rs_burst *burst, unsigned int count);

/* By how much put together datagrams are fewer than their pieces. Any thread. */
uint64_t rs_reassembly_joined(const struct rs_reassembly *reassembly);
