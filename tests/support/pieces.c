/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/link_rules.h"
#include "tests/support/mbuf.h"
#include "tests/support/runner.h"

enum { TSC_HZ = 1000000, IPV6_BYTES = 40, FRAGMENT_HEADER_BYTES = 8 };

/* ---- cutting ------------------------------------------------------------------------------ */

static size_t l3_of(const struct rs_pieces_frame *frame)
{
    size_t at = 12;

    while (frame->bytes[at] == 0x81 || frame->bytes[at] == 0x88)
        at += 4;
    return at + 2;
}

static bool is_ipv4(const struct rs_pieces_frame *frame)
{
    return frame->bytes[l3_of(frame)] >> 4 == 4;
}

/* Bytes of the frame in front of what is cut: IPv6's extension headers are cut too. */
size_t rs_pieces_fixed_bytes(const struct rs_pieces_frame *frame)
{
    const size_t l3 = l3_of(frame);

    return l3 + (is_ipv4(frame) ? 4U * (frame->bytes[l3] & 15) : (unsigned int)IPV6_BYTES);
}

static void write16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Writes the piece that holds bytes `begin` to `end` of what is cut, of `total`. */
void rs_pieces_cut(struct rs_pieces *lab, size_t begin, size_t end, size_t total)
{
    const size_t l3 = l3_of(&lab->whole), fixed = rs_pieces_fixed_bytes(&lab->whole);
    const bool more = end < total;
    uint8_t *ip = lab->piece.bytes + l3;

    memcpy(lab->piece.bytes, lab->whole.bytes, fixed);
    lab->piece.count = fixed;
    if (is_ipv4(&lab->whole)) {
        write16(ip + 2, fixed - l3 + end - begin);
        write16(ip + 6, (size_t)(ip[6] & 0x40) << 8 | begin / 8 | (more ? 0x2000 : 0));
        write16(ip + 10, 0);
        write16(ip + 10, (uint16_t)~rs_test_sum(ip, fixed - l3, 0));
    } else {
        write16(ip + 4, FRAGMENT_HEADER_BYTES + end - begin);
        lab->piece.bytes[fixed] = ip[6];
        lab->piece.bytes[fixed + 1] = 0;
        write16(lab->piece.bytes + fixed + 2, begin | more);
        memcpy(lab->piece.bytes + fixed + 4, (uint8_t[]){1, 2, 3, 4}, 4); /* identification */
        ip[6] = 44;
        lab->piece.count += FRAGMENT_HEADER_BYTES;
    }
    memcpy(lab->piece.bytes + lab->piece.count, lab->whole.bytes + fixed + begin, end - begin);
    lab->piece.count += end - begin;
    while (lab->piece.count < 60)
        lab->piece.bytes[lab->piece.count++] = 0xee; /* Ethernet's shortest frame */
}

/* ---- in the dataplane --------------------------------------------------------------------- */

void rs_pieces_set_up(struct rs_pieces *lab)
{
    const struct rs_range media[] = {
        {.family = RS_IPV4,
         .prefix_bits = 24,
         .address = {198, 51, 100},
         .port_first = 5004,
         .port_last = 5004},
        {.family = RS_IPV6,
         .prefix_bits = 32,
         .address = {0x20, 1, 0x0d, 0xb8},
         .port_first = 5004,
         .port_last = 5004},
    };

    lab->rules = rs_link_rules_create(media, RTE_DIM(media), RS_INJECTED_DROP);
    lab->path.reassembly = rs_reassembly_create(TSC_HZ);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lab->rules);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lab->path.reassembly);
    lab->counters = (struct rs_counters){0};
    lab->path.rules = &lab->rules;
    lab->path.counters = &lab->counters;
    lab->burst = (struct rs_burst){.now_tsc = 1000 * TSC_HZ};
    for (size_t i = 0; i < sizeof(lab->payload); i++)
        lab->payload[i] = (uint8_t)(i % 251 + 1);
}

void rs_pieces_tear_down(struct rs_pieces *lab)
{
    rs_reassembly_destroy(lab->path.reassembly);
    free(lab->rules);
    CU_ASSERT_EQUAL(rte_mempool_avail_count(lab->pool), RS_PIECES_MBUFS);
}

void rs_pieces_write_whole(struct rs_pieces *lab, const struct rs_test_frame *frame)
{
    lab->whole.count = rs_test_frame_write(frame, lab->whole.bytes, sizeof(lab->whole.bytes));
    CU_ASSERT_NOT_EQUAL_FATAL(lab->whole.count, 0);
}

unsigned int rs_pieces_give(struct rs_pieces *lab)
{
    lab->burst.mbufs[0] = rs_test_mbuf(lab->pool, lab->piece.bytes, lab->piece.count);
    return rs_reassemble(&lab->path, &lab->burst, 1);
}

bool rs_pieces_is(const struct rte_mbuf *mbuf, const struct rs_pieces_frame *frame)
{
    return mbuf->nb_segs == 1 && mbuf->pkt_len == frame->count &&
           memcmp(rte_pktmbuf_mtod(mbuf, const uint8_t *), frame->bytes, frame->count) == 0;
}

bool rs_pieces_take_whole(struct rs_pieces *lab)
{
    const bool same = rs_pieces_is(lab->burst.mbufs[0], &lab->whole);

    rte_pktmbuf_free(lab->burst.mbufs[0]);
    return same;
}

uint64_t rs_pieces_dropped(const struct rs_pieces *lab)
{
    const uint64_t fragments = lab->counters.outcomes[RS_FRAGMENT];

    CU_ASSERT_EQUAL(lab->counters.packets_in, fragments);
    CU_ASSERT_EQUAL(lab->counters.packets_out, 0);
    return fragments;
}

void rs_pieces_wait(struct rs_pieces *lab, uint64_t tsc)
{
    lab->burst.now_tsc += tsc;
    CU_ASSERT_EQUAL(rs_reassemble(&lab->path, &lab->burst, 0), 0);
}

unsigned int rs_pieces_give_all(struct rs_pieces *lab, const struct rs_test_frame *frame,
                                size_t piece_bytes, const char *order)
{
    struct rs_test_frame filled = *frame;
    unsigned int left = 0;
    size_t total;

    filled.payload = lab->payload;
    rs_pieces_write_whole(lab, &filled);
    total = lab->whole.count - rs_pieces_fixed_bytes(&lab->whole);
    for (; *order != '\0'; order++) {
        const size_t begin = (size_t)(*order - '0') * piece_bytes;

        CU_ASSERT_EQUAL(left, 0);
        rs_pieces_cut(lab, begin, RTE_MIN(begin + piece_bytes, total), total);
        left = rs_pieces_give(lab);
    }
    return left;
}
