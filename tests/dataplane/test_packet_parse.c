/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a frame is taken for. Frames are written by hand from the RFCs and lie in heap blocks of
 * exactly their size, so that ASan sees any read past the segment. No EAL.
 */
#include "dataplane/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet_rows.h"
#include "tests/support/hex.h"
#include "tests/support/runner.h"

enum { ROWS = sizeof(rows) / sizeof(rows[0]), FRAME_MAX = 512 };

/* Parses a copy of `bytes` bytes in a block of its own, as the first segment of `pkt_len` bytes. */
static enum rs_frame parse(const uint8_t *frame, uint16_t bytes, uint32_t pkt_len,
                           struct rs_datagram *out)
{
    uint8_t *block = malloc(bytes > 0 ? bytes : 1);
    struct rte_mbuf mbuf = {.buf_addr = block};
    enum rs_frame result;

    memcpy(block, frame, bytes);
    mbuf.data_len = bytes;
    mbuf.buf_len = bytes;
    mbuf.pkt_len = pkt_len;
    mbuf.nb_segs = pkt_len > bytes ? 2 : 1;
    result = rs_packet_parse(&mbuf, out);
    free(block);
    return result;
}

static void check(bool holds, const struct row *row, const char *what)
{
    if (holds)
        return;
    printf("row \"%s\" (%s)\n", row->name, row->hex);
    CU_assertImplementation(CU_FALSE, __LINE__, what, __FILE__, "", CU_FALSE);
}

static bool is_address(const struct rs_address *address, const char *hex)
{
    uint8_t expected[16] = {0};

    rs_hex_decode(hex, expected, sizeof(expected));
    return memcmp(address->bytes, expected, 16) == 0;
}

static void check_addresses(const struct row *row, const struct rs_datagram *out)
{
    const bool v4 = out->family == RS_IPV4;

    check(v4 || out->family == RS_IPV6, row, "family");
    if (row->frame == RS_FRAME_QUOTED) {
        check(is_address(&out->src, v4 ? "cb007105" : "20010db8 00020000 00000000 00000005"), row,
              "quoted source");
        check(is_address(&out->dst, v4 ? "c0000263" : "20010db8 00000000 00000000 00000063"), row,
              "quoted destination");
        return;
    }
    check(is_address(&out->src, v4 ? SRC4 : SRC6), row, "source");
    check(is_address(&out->dst, v4 ? DST4 : DST6), row, "destination");
}

static void check_ports(const struct row *row, const struct rs_datagram *out)
{
    const bool quoted = row->frame == RS_FRAME_QUOTED;

    check(out->ports_known == (row->ports || row->frame == RS_FRAME_UDP), row, "ports known");
    if (!out->ports_known)
        return;
    check(out->src_port == (quoted ? 6000 : 40000), row, "source port");
    check(out->dst_port == (quoted ? 7000 : 5004), row, "destination port");
}

static void check_udp(const struct row *row, const struct rs_datagram *out)
{
    check(out->l3_offset + (out->family == RS_IPV4 ? 20 : 40) <= out->l4_offset, row, "l3");
    check(out->l4_offset == row->l4, row, "l4");
    check(out->payload_offset == row->l4 + 8, row, "payload offset");
    check(out->payload_bytes == row->payload, row, "payload bytes");
    check(out->length_ok == !row->bad_length, row, "length ok");
    check(out->checksum_zero == row->zero, row, "checksum zero");
}

static void every_frame_is_what_the_table_says(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t frame[FRAME_MAX];
        const size_t bytes = rs_hex_decode(rows[i].hex, frame, sizeof(frame));
        struct rs_datagram out;

        check(bytes != SIZE_MAX, &rows[i], "hex");
        check(parse(frame, (uint16_t)bytes, (uint32_t)bytes + rows[i].beyond, &out) ==
                  rows[i].frame,
              &rows[i], "frame");
        if (rows[i].frame == RS_FRAME_OTHER || rows[i].frame == RS_FRAME_TRUNCATED)
            continue;
        check(out.vlan == rows[i].vlan, &rows[i], "vlan");
        check_addresses(&rows[i], &out);
        check_ports(&rows[i], &out);
        if (rows[i].frame == RS_FRAME_UDP)
            check_udp(&rows[i], &out);
    }
}

/* A frame that ends early never becomes something harmless, nor a shorter datagram. */
static void a_cut_frame_is_truncated(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t frame[FRAME_MAX];
        const size_t bytes = rs_hex_decode(rows[i].hex, frame, sizeof(frame));
        struct rs_datagram out;

        for (size_t n = 0; n < bytes; n++) {
            const enum rs_frame cut = parse(frame, (uint16_t)n, (uint32_t)n, &out);
            const bool whole =
                rows[i].frame == RS_FRAME_UDP && n >= rows[i].l4 + 8U + rows[i].payload;

            if (rows[i].frame == RS_FRAME_UDP)
                check(cut == (whole ? RS_FRAME_UDP : RS_FRAME_TRUNCATED), &rows[i], "cut");
            else if (rows[i].frame == RS_FRAME_QUOTED)
                check(cut == RS_FRAME_TRUNCATED, &rows[i], "cut");
            else
                check(cut != RS_FRAME_UDP && cut != RS_FRAME_QUOTED, &rows[i], "cut");
        }
    }
}

static void headers_in_a_second_segment_are_truncated(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t frame[FRAME_MAX];
        const size_t bytes = rs_hex_decode(rows[i].hex, frame, sizeof(frame));
        struct rs_datagram out;

        for (size_t n = 0; n < bytes; n++) {
            const enum rs_frame cut =
                parse(frame, (uint16_t)n, (uint32_t)bytes + rows[i].beyond, &out);

            if (rows[i].frame == RS_FRAME_UDP && n >= rows[i].l4 + 8U) {
                check(cut == RS_FRAME_UDP, &rows[i], "segment");
                check_udp(&rows[i], &out);
            } else if (rows[i].frame == RS_FRAME_UDP) {
                check(cut == RS_FRAME_TRUNCATED, &rows[i], "segment");
            } else if (rows[i].frame == RS_FRAME_QUOTED || rows[i].frame == RS_FRAME_FRAGMENT) {
                check(cut == RS_FRAME_TRUNCATED || cut == rows[i].frame, &rows[i], "segment");
            } else {
                check(cut != RS_FRAME_UDP, &rows[i], "segment");
            }
        }
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void damaged_frames_stay_within_their_bounds(void)
{
    uint64_t random = 0x9e3779b97f4a7c15;

    for (size_t n = 0; n < 300000; n++) {
        const struct row *row = &rows[next_random(&random) % ROWS];
        uint8_t frame[FRAME_MAX];
        size_t bytes = rs_hex_decode(row->hex, frame, sizeof(frame));
        uint32_t pkt_len;
        struct rs_datagram out;

        for (unsigned int flips = next_random(&random) % 6; flips > 0 && bytes > 12; flips--)
            frame[12 + next_random(&random) % (bytes - 12)] = (uint8_t)next_random(&random);
        if (next_random(&random) % 2 == 0)
            bytes = next_random(&random) % (bytes + 1);
        pkt_len =
            (uint32_t)(bytes + (next_random(&random) % 4 == 0 ? next_random(&random) % 2000 : 0));
        if (parse(frame, (uint16_t)bytes, pkt_len, &out) != RS_FRAME_UDP)
            continue;
        check(out.payload_offset <= bytes, row, "headers inside the segment");
        check((uint32_t)out.payload_offset + out.payload_bytes <= pkt_len, row, "inside the frame");
        check(out.l3_offset + 20U <= out.l4_offset, row, "l3 before l4");
        check(out.l4_offset + 8U == out.payload_offset, row, "l4 before the payload");
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"every_frame_is_what_the_table_says", every_frame_is_what_the_table_says},
        {"a_cut_frame_is_truncated", a_cut_frame_is_truncated},
        {"headers_in_a_second_segment_are_truncated", headers_in_a_second_segment_are_truncated},
        {"damaged_frames_stay_within_their_bounds", damaged_frames_stay_within_their_bounds},
    };

    return rs_test_main("packet_parse", tests, sizeof(tests) / sizeof(tests[0]));
}
