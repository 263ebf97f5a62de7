/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments put together: a whole frame is cut as RFC 791 section 3.2 and RFC 8200 section 4.5 say,
 * and has to come back byte for byte; what cannot be put together is counted piece by piece.
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/pieces.h"
#include "tests/support/runner.h"

static struct rs_pieces lab;

/* ---- whole again -------------------------------------------------------------------------- */

static const uint16_t vlans[] = {0x6064, 8};
static const uint8_t ipv4_options[] = {0x94, 4, 0, 0, 1, 1, 1, 0};
static const uint8_t ipv6_options[] = {17, 0, 1, 4, 0, 0, 0, 0};

/* `order`: the pieces as they come, each named by its place in the datagram. */
static const struct {
    const char *name;
    struct rs_test_frame frame;
    size_t piece_bytes;
    const char *order;
} rows[] = {
    {"in order", {.payload_bytes = 600}, 208, "012"},
    {"the last first", {.payload_bytes = 600}, 208, "210"},
    {"the middle last", {.payload_bytes = 600}, 208, "021"},
    {"two", {.payload_bytes = 1400}, 1024, "01"},
    {"eight, as many as can be", {.payload_bytes = 1000}, 128, "70615243"},
    {"a last piece shorter than a frame", {.payload_bytes = 600}, 600, "01"},
    {"the same first", {.payload_bytes = 600}, 600, "10"},
    {"a tag", {.payload_bytes = 600, .vlans = vlans, .vlan_count = 1}, 208, "120"},
    {"two tags", {.payload_bytes = 600, .vlans = vlans, .vlan_count = 2}, 208, "012"},
    {"options", {.payload_bytes = 600, .options = ipv4_options, .option_bytes = 8}, 208, "102"},
    {"no checksum", {.payload_bytes = 600, .without_checksum = true}, 208, "012"},
    {"not a port of the range", {.payload_bytes = 600, .dst_port = 9}, 208, "012"},
    {"from the range",
     {.payload_bytes = 600, .src = "198.51.100.9", .dst = "192.0.2.1"},
     208,
     "201"},
    {"longer than an MTU of 1500", {.payload_bytes = 7000}, 1480, "01234"},
    {"IPv6", {.family = 6, .payload_bytes = 600}, 208, "012"},
    {"IPv6, the last first", {.family = 6, .payload_bytes = 600}, 208, "210"},
    {"IPv6, a short last piece", {.family = 6, .payload_bytes = 600}, 600, "01"},
    {"IPv6, a tag",
     {.family = 6, .payload_bytes = 600, .vlans = vlans, .vlan_count = 1},
     208,
     "021"},
    {"IPv6, headers behind",
     {.family = 6,
      .payload_bytes = 600,
      .options = ipv6_options,
      .option_bytes = 8,
      .first_header = 60},
     208,
     "012"},
};

static void every_datagram_comes_back_byte_for_byte(void)
{
    for (size_t r = 0; r < RTE_DIM(rows); r++) {
        const size_t pieces = strlen(rows[r].order);
        bool right;

        rs_pieces_set_up(&lab);
        right = rs_pieces_give_all(&lab, &rows[r].frame, rows[r].piece_bytes, rows[r].order) == 1 &&
                rs_pieces_take_whole(&lab) && rs_pieces_dropped(&lab) == 0 &&
                rs_reassembly_joined(lab.path.reassembly) == pieces - 1;
        CU_ASSERT(right);
        if (!right)
            printf("  %s\n", rows[r].name);
        rs_pieces_tear_down(&lab);
    }
}

/* ---- never whole -------------------------------------------------------------------------- */

/* `order` as above; `at_once`: how many pieces are given up before it is too late for the others.
 */
static const struct {
    const char *name;
    struct rs_test_frame frame;
    size_t piece_bytes;
    const char *order;
    unsigned int at_once;
} bad_rows[] = {
    {"a gap", {.payload_bytes = 600}, 208, "02", 0},
    {"no last piece", {.payload_bytes = 600}, 208, "01", 0},
    {"no first piece", {.payload_bytes = 600}, 208, "12", 0},
    {"the first twice", {.payload_bytes = 600}, 208, "00", 2},
    {"the last twice", {.payload_bytes = 600}, 208, "22", 2},
    {"the middle twice", {.payload_bytes = 600}, 208, "0112", 4},
    {"nine pieces", {.payload_bytes = 1000}, 112, "012345678", 8},
    {"IPv6, a gap", {.family = 6, .payload_bytes = 600}, 208, "02", 0},
    {"IPv6, the middle twice", {.family = 6, .payload_bytes = 600}, 208, "0112", 4},
};

static void what_is_never_whole_is_counted_piece_by_piece(void)
{
    for (size_t r = 0; r < RTE_DIM(bad_rows); r++) {
        const size_t pieces = strlen(bad_rows[r].order);
        bool right;

        rs_pieces_set_up(&lab);
        right = rs_pieces_give_all(&lab, &bad_rows[r].frame, bad_rows[r].piece_bytes,
                                   bad_rows[r].order) == 0 &&
                rs_pieces_dropped(&lab) == bad_rows[r].at_once;
        rs_pieces_wait(&lab, RS_PIECES_TIMEOUT_TSC);
        right = right && rs_pieces_dropped(&lab) == bad_rows[r].at_once;
        rs_pieces_wait(&lab, 1);
        right = right && rs_pieces_dropped(&lab) == pieces &&
                rs_reassembly_joined(lab.path.reassembly) == 0;
        CU_ASSERT(right);
        if (!right)
            printf("  %s\n", bad_rows[r].name);
        rs_pieces_tear_down(&lab);
    }
}

/* RFC 5722; the same number of bytes as without overlap and gap. */
static void what_overlaps_is_not_put_together(void)
{
    for (unsigned int family = 4; family <= 6; family += 2) {
        size_t total;

        rs_pieces_set_up(&lab);
        rs_pieces_write_whole(&lab, &(struct rs_test_frame){.family = family,
                                                            .payload = lab.payload,
                                                            .payload_bytes = 600});
        total = lab.whole.count - rs_pieces_fixed_bytes(&lab.whole);
        rs_pieces_cut(&lab, 0, 208, total);
        CU_ASSERT_EQUAL(rs_pieces_give(&lab), 0);
        rs_pieces_cut(&lab, 200, 400, total);
        CU_ASSERT_EQUAL(rs_pieces_give(&lab), 0);
        rs_pieces_cut(&lab, 408, total, total);
        CU_ASSERT_EQUAL(rs_pieces_give(&lab), 0);
        rs_pieces_wait(&lab, RS_PIECES_TIMEOUT_TSC + 1);
        CU_ASSERT_EQUAL(rs_pieces_dropped(&lab), 3);
        rs_pieces_tear_down(&lab);
    }
}

static void pieces_of_two_networks_are_not_mixed(void)
{
    const uint16_t other[] = {0x6065};

    rs_pieces_set_up(&lab);
    CU_ASSERT_EQUAL(
        rs_pieces_give_all(
            &lab, &(struct rs_test_frame){.payload_bytes = 600, .vlans = vlans, .vlan_count = 1},
            208, "01"),
        0);
    CU_ASSERT_EQUAL(
        rs_pieces_give_all(
            &lab, &(struct rs_test_frame){.payload_bytes = 600, .vlans = other, .vlan_count = 1},
            208, "2"),
        0);
    CU_ASSERT_EQUAL(rs_pieces_dropped(&lab), 3);
    rs_pieces_tear_down(&lab);
}

/* RFC 3168 section 5.3: marks of one piece are the datagram's, unless another can have none. */
static void congestion_that_a_piece_has_met_is_not_forgotten(void)
{
    static const struct {
        uint8_t ecn[2], together; /* 0xff: not put together */
    } ecn_rows[] = {{{1, 1}, 1}, {{2, 2}, 2},    {{2, 3}, 3},   {{3, 1}, 3},
                    {{0, 0}, 0}, {{0, 3}, 0xff}, {{3, 0}, 0xff}};

    for (unsigned int family = 4; family <= 6; family += 2) {
        for (size_t r = 0; r < RTE_DIM(ecn_rows); r++) {
            const unsigned int shift = family == 4 ? 0 : 4;
            size_t total;
            unsigned int left = 0;

            rs_pieces_set_up(&lab);
            rs_pieces_write_whole(&lab, &(struct rs_test_frame){.family = family,
                                                                .payload = lab.payload,
                                                                .payload_bytes = 600});
            total = lab.whole.count - rs_pieces_fixed_bytes(&lab.whole);
            for (size_t i = 0; i < 2; i++) {
                lab.whole.bytes[15] = (uint8_t)(ecn_rows[r].ecn[i] << shift);
                rs_pieces_cut(&lab, i * 304, i == 0 ? 304 : total, total);
                left = rs_pieces_give(&lab);
            }
            CU_ASSERT_EQUAL(left, ecn_rows[r].together != 0xff);
            if (left == 1) {
                const uint8_t *frame = rte_pktmbuf_mtod(lab.burst.mbufs[0], const uint8_t *);

                CU_ASSERT_EQUAL(frame[15] >> shift & 3, ecn_rows[r].together);
                CU_ASSERT(rs_test_frame_is_right(frame, lab.burst.mbufs[0]->pkt_len, 14,
                                                 rs_pieces_fixed_bytes(&lab.whole)));
                rte_pktmbuf_free(lab.burst.mbufs[0]);
            }
            CU_ASSERT_EQUAL(rs_pieces_dropped(&lab), left == 1 ? 0 : 2);
            rs_pieces_tear_down(&lab);
        }
    }
}

/* Eight pieces can say that they are more than IP's length can. */
static void what_is_longer_than_ip_can_say_is_dropped(void)
{
    enum { EACH = 9200, TOTAL = 8 * EACH };
    unsigned int left = 0;

    rs_pieces_set_up(&lab);
    rs_pieces_write_whole(&lab,
                          &(struct rs_test_frame){.payload = lab.payload, .payload_bytes = 8});
    memset(lab.whole.bytes + lab.whole.count, 1, RS_PIECES_FRAME_MAX - lab.whole.count);
    for (size_t begin = 0; begin + EACH <= RS_PIECES_FRAME_MAX - 100; begin += EACH) {
        rs_pieces_cut(&lab, begin, begin + EACH, TOTAL);
        left += rs_pieces_give(&lab);
    }
    rs_pieces_cut(&lab, 7 * EACH, 7 * EACH + 5000, 7 * EACH + 5000);
    left += rs_pieces_give(&lab);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT_EQUAL(rs_pieces_dropped(&lab), 8);
    rs_pieces_tear_down(&lab);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"every_datagram_comes_back_byte_for_byte", every_datagram_comes_back_byte_for_byte},
        {"what_is_never_whole_is_counted_piece_by_piece",
         what_is_never_whole_is_counted_piece_by_piece},
        {"what_overlaps_is_not_put_together", what_overlaps_is_not_put_together},
        {"pieces_of_two_networks_are_not_mixed", pieces_of_two_networks_are_not_mixed},
        {"congestion_that_a_piece_has_met_is_not_forgotten",
         congestion_that_a_piece_has_met_is_not_forgotten},
        {"what_is_longer_than_ip_can_say_is_dropped", what_is_longer_than_ip_can_say_is_dropped},
    };

    rs_test_eal();
    lab.pool = rs_test_pool("reassemble", RS_PIECES_MBUFS, RS_PIECES_ROOM);
    return rs_test_main("reassemble", tests, RTE_DIM(tests));
}
