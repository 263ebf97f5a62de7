/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is put together lies amid what is not: that is left alone and in its order, and a flood of
 * pieces takes no more than there is for it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/pieces.h"
#include "tests/support/runner.h"

static struct rs_pieces lab;

/* ---- left alone --------------------------------------------------------------------------- */

static void check_left_alone(void)
{
    CU_ASSERT_EQUAL_FATAL(rs_pieces_give(&lab), 1);
    CU_ASSERT(rs_pieces_is(lab.burst.mbufs[0], &lab.piece));
    rte_pktmbuf_free(lab.burst.mbufs[0]);
    CU_ASSERT_EQUAL(lab.burst.set_aside, 0);
}

/* They would be right afterwards (the first), or can not be put together by DPDK. */
static void what_the_table_cannot_take_is_left_to_classify(void)
{
    const struct rs_test_frame four = {.payload = lab.payload, .payload_bytes = 600};
    const struct rs_test_frame six = {.family = 6, .payload = lab.payload, .payload_bytes = 600};

    rs_pieces_set_up(&lab);
    rs_pieces_write_whole(&lab, &four);
    rs_pieces_cut(&lab, 0, 208, 608);
    lab.piece.bytes[24] ^= 1; /* IPv4's checksum */
    check_left_alone();
    lab.whole.bytes[23] = 136; /* UDP-Lite */
    rs_pieces_cut(&lab, 0, 208, 608);
    check_left_alone();
    rs_pieces_write_whole(&lab, &six);
    rs_pieces_cut(&lab, 0, 608, 608); /* RFC 6946 */
    check_left_alone();
    rs_pieces_cut(&lab, 0, 208, 608);
    memmove(lab.piece.bytes + 62, lab.piece.bytes + 54,
            lab.piece.count - 54); /* a header in front of it */
    lab.piece.count += 8;
    memcpy(lab.piece.bytes + 54, (uint8_t[]){44, 0, 1, 4, 0, 0, 0, 0}, 8);
    lab.piece.bytes[20] = 0;
    lab.piece.bytes[19] = (uint8_t)(lab.piece.bytes[19] + 8);
    check_left_alone();
    rs_pieces_tear_down(&lab);
}

static void what_is_no_fragment_or_none_of_a_range_is_left_alone(void)
{
    rs_pieces_set_up(&lab);
    rs_pieces_write_whole(&lab,
                          &(struct rs_test_frame){.payload = lab.payload, .payload_bytes = 600});
    lab.piece = lab.whole;
    check_left_alone();
    rs_pieces_write_whole(&lab, &(struct rs_test_frame){.dst = "203.0.113.1",
                                                        .payload = lab.payload,
                                                        .payload_bytes = 600});
    rs_pieces_cut(&lab, 0, 208, 608);
    check_left_alone();
    lab.whole.bytes[23] = 6; /* TCP */
    rs_pieces_cut(&lab, 0, 208, 608);
    check_left_alone();
    rs_pieces_tear_down(&lab);
}

/* ---- many --------------------------------------------------------------------------------- */

/* A frame's IPv4 identification. */
static void identify(uint16_t id)
{
    lab.whole.bytes[18] = (uint8_t)(id >> 8);
    lab.whole.bytes[19] = (uint8_t)id;
}

static void a_burst_keeps_its_order(void)
{
    rs_pieces_set_up(&lab);
    rs_pieces_write_whole(&lab,
                          &(struct rs_test_frame){.payload = lab.payload, .payload_bytes = 600});
    lab.burst.mbufs[0] = rs_test_mbuf(lab.pool, lab.whole.bytes, lab.whole.count);
    for (unsigned int i = 0; i < 3; i++) {
        identify(7);
        rs_pieces_cut(&lab, i * 208, i == 2 ? 608 : (i + 1) * 208, 608);
        lab.burst.mbufs[1 + 2 * i] = rs_test_mbuf(lab.pool, lab.piece.bytes, lab.piece.count);
        lab.burst.mbufs[2 + 2 * i] = rs_test_mbuf(lab.pool, lab.whole.bytes, 60 + i);
    }
    CU_ASSERT_EQUAL_FATAL(rs_reassemble(&lab.path, &lab.burst, 7), 5);
    CU_ASSERT_EQUAL(lab.burst.set_aside, 2);
    CU_ASSERT_EQUAL(lab.burst.mbufs[1]->pkt_len, 60);
    CU_ASSERT_EQUAL(lab.burst.mbufs[2]->pkt_len, 61);
    CU_ASSERT_EQUAL(lab.burst.mbufs[3]->pkt_len, lab.whole.count);
    CU_ASSERT_EQUAL(lab.burst.mbufs[4]->pkt_len, 62);
    rte_pktmbuf_free_bulk(lab.burst.mbufs, 5);
    rs_pieces_tear_down(&lab);
}

/* First pieces of datagrams whose rest never comes: no more than the table holds are kept, each is
 * counted, and there is room again once they are too old. */
static void a_flood_of_pieces_takes_no_more_than_the_table_holds(void)
{
    enum { FLOOD = 4 * RS_REASSEMBLY_DATAGRAMS };

    rs_pieces_set_up(&lab);
    rs_pieces_write_whole(&lab,
                          &(struct rs_test_frame){.payload = lab.payload, .payload_bytes = 600});
    for (uint16_t id = 0; id < FLOOD; id++) {
        identify(id);
        rs_pieces_cut(&lab, 0, 208, 608);
        CU_ASSERT_EQUAL(rs_pieces_give(&lab), 0);
        CU_ASSERT(RS_PIECES_MBUFS - rte_mempool_avail_count(lab.pool) <= RS_REASSEMBLY_DATAGRAMS);
    }
    CU_ASSERT_EQUAL(rs_pieces_dropped(&lab),
                    FLOOD - (RS_PIECES_MBUFS - rte_mempool_avail_count(lab.pool)));
    lab.burst.now_tsc += RS_PIECES_TIMEOUT_TSC + 1;
    CU_ASSERT_EQUAL(
        rs_pieces_give_all(&lab, &(struct rs_test_frame){.payload_bytes = 600}, 208, "012"), 1);
    CU_ASSERT(rs_pieces_take_whole(&lab));
    rs_pieces_wait(&lab, 1);
    CU_ASSERT_EQUAL(rs_pieces_dropped(&lab), FLOOD);
    rs_pieces_tear_down(&lab);
}

static void what_still_waits_at_the_end_is_freed(void)
{
    rs_pieces_set_up(&lab);
    CU_ASSERT_EQUAL(
        rs_pieces_give_all(&lab, &(struct rs_test_frame){.payload_bytes = 600}, 208, "01"), 0);
    rs_pieces_tear_down(&lab);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"what_the_table_cannot_take_is_left_to_classify",
         what_the_table_cannot_take_is_left_to_classify},
        {"what_is_no_fragment_or_none_of_a_range_is_left_alone",
         what_is_no_fragment_or_none_of_a_range_is_left_alone},
        {"a_burst_keeps_its_order", a_burst_keeps_its_order},
        {"a_flood_of_pieces_takes_no_more_than_the_table_holds",
         a_flood_of_pieces_takes_no_more_than_the_table_holds},
        {"what_still_waits_at_the_end_is_freed", what_still_waits_at_the_end_is_freed},
    };

    rs_test_eal();
    lab.pool = rs_test_pool("reassemble_amid", RS_PIECES_MBUFS, RS_PIECES_ROOM);
    return rs_test_main("reassemble_amid", tests, RTE_DIM(tests));
}
