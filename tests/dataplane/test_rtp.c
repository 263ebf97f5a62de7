/* SPDX-License-Identifier: BSD-3-Clause */
/* The RTP header by tables written from RFC 3550 section 5.1. */
#include "dataplane/rtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/hex.h"
#include "tests/support/runner.h"

#define FIXED "1234 89abcdef cafebabe" /* sequence, timestamp, SSRC */

struct row {
    const char *name;
    const char *packet;
    int offset; /* -1: refused */
    int payload, padding, type;
};

static const struct row rows[] = {
    {"no payload", "8000" FIXED, 12, 0, 0, 0},
    {"payload", "8060" FIXED "010203", 12, 3, 0, 96},
    {"marker is not of the type", "80e0" FIXED "010203", 12, 3, 0, 96},
    {"type 127", "80ff" FIXED "01", 12, 1, 0, 127},
    {"two CSRCs", "8260" FIXED "11111111 22222222 aa", 20, 1, 0, 96},
    {"15 CSRCs and nothing else",
     "8f60" FIXED "01010101 02020202 03030303 04040404 05050505 06060606 07070707 08080808"
     "09090909 0a0a0a0a 0b0b0b0b 0c0c0c0c 0d0d0d0d 0e0e0e0e 0f0f0f0f",
     72, 0, 0, 96},
    {"extension of one word", "9060" FIXED "bede0001 10aa0000 0102", 20, 2, 0, 96},
    {"empty extension", "9060" FIXED "bede0000 0102", 16, 2, 0, 96},
    {"CSRC and extension", "9160" FIXED "11111111 bede0001 10aa0000 01", 24, 1, 0, 96},
    {"padding", "a060" FIXED "0102 000003", 12, 2, 3, 96},
    {"padding of one byte", "a060" FIXED "0102 01", 12, 2, 1, 96},
    {"padding alone", "a060" FIXED "00000004", 12, 0, 4, 96},
    {"extension and padding", "b060" FIXED "bede0001 10aa0000 77 0002", 20, 1, 2, 96},
    {"nothing", "", -1, 0, 0, 0},
    {"11 bytes", "8060 1234 89abcdef cafeba", -1, 0, 0, 0},
    {"version 0", "0060" FIXED "01", -1, 0, 0, 0},
    {"version 1", "4060" FIXED "01", -1, 0, 0, 0},
    {"version 3", "c060" FIXED "01", -1, 0, 0, 0},
    {"CSRC runs past the end", "8160" FIXED "111111", -1, 0, 0, 0},
    {"15 CSRCs missing", "8f60" FIXED, -1, 0, 0, 0},
    {"extension header missing", "9060" FIXED, -1, 0, 0, 0},
    {"extension header cut", "9060" FIXED "bede00", -1, 0, 0, 0},
    {"extension runs past the end", "9060" FIXED "bede0001 10aa00", -1, 0, 0, 0},
    {"extension of 65535 words", "9060" FIXED "bedeffff 10aa0000", -1, 0, 0, 0},
    {"extension behind missing CSRCs", "9160" FIXED "bede0000", -1, 0, 0, 0},
    {"padding of 0", "a060" FIXED "010200", -1, 0, 0, 0},
    {"padding without a byte for it", "a060" FIXED, -1, 0, 0, 0},
    {"padding into the header", "a060" FIXED "0103", -1, 0, 0, 0},
    {"padding of 255", "a060" FIXED "01ff", -1, 0, 0, 0},
    {"padding into the extension", "b060" FIXED "bede0001 10aa0000 02", -1, 0, 0, 0},
    {"padding count in the extension", "b060" FIXED "bede0001 10aa0001", -1, 0, 0, 0},
};

/* Parses from memory of exactly that size, so that a sanitizer sees a step beyond it. */
static bool parse_exact(const uint8_t *packet, size_t bytes, struct rs_rtp *rtp)
{
    uint8_t *copy = malloc(bytes > 0 ? bytes : 1);
    bool parsed;

    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, packet, bytes);
    parsed = rs_rtp_parse(copy, bytes, rtp);
    free(copy);
    return parsed;
}

static void check_row(const struct row *row)
{
    uint8_t packet[256];
    const size_t bytes = rs_hex_decode(row->packet, packet, sizeof(packet));
    struct rs_rtp before, rtp;
    bool parsed;

    CU_ASSERT_NOT_EQUAL_FATAL(bytes, SIZE_MAX);
    memset(&before, 0x5a, sizeof(before));
    rtp = before;
    parsed = parse_exact(packet, bytes, &rtp);
    if (parsed != (row->offset >= 0))
        printf("  %s\n", row->name);
    CU_ASSERT_EQUAL(parsed, row->offset >= 0);
    if (!parsed) {
        CU_ASSERT_EQUAL(memcmp(&rtp, &before, sizeof(rtp)), 0);
        return;
    }
    CU_ASSERT_EQUAL(rtp.payload_offset, row->offset);
    CU_ASSERT_EQUAL(rtp.payload_bytes, row->payload);
    CU_ASSERT_EQUAL(rtp.padding_bytes, row->padding);
    CU_ASSERT_EQUAL(rtp.payload_type, row->type);
    CU_ASSERT_EQUAL(rtp.ssrc, 0xcafebabe);
}

static void packets_parse_as_the_rfc_says(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

static void a_packet_longer_than_udp_can_carry_is_refused(void)
{
    uint8_t *packet = calloc(1, 65536);
    struct rs_rtp rtp;

    CU_ASSERT_PTR_NOT_NULL_FATAL(packet);
    packet[0] = 0x80;
    CU_ASSERT_FALSE(rs_rtp_parse(packet, 65536, &rtp));
    CU_ASSERT(rs_rtp_parse(packet, 65535, &rtp));
    CU_ASSERT_EQUAL(rtp.payload_bytes, 65535 - 12);
    free(packet);
}

static void parts_of_random_packets_always_add_up_to_the_whole(void)
{
    int parsed = 0, refused = 0;

    srand(3550);
    for (int i = 0; i < 200000; i++) {
        uint8_t packet[128];
        const size_t bytes = (size_t)rand() % sizeof(packet);
        struct rs_rtp rtp;

        for (size_t k = 0; k < bytes; k++)
            packet[k] = (uint8_t)(rand() >> 8);
        if (bytes > 0)
            packet[0] = (uint8_t)(0x80 | (packet[0] & 0x33));
        if (bytes > 15)
            packet[14] = 0; /* else extensions are hardly ever short enough */
        if (!parse_exact(packet, bytes, &rtp)) {
            refused++;
            continue;
        }
        parsed++;
        if ((size_t)rtp.payload_offset + rtp.payload_bytes + rtp.padding_bytes != bytes)
            CU_FAIL("the parts do not add up");
    }
    CU_ASSERT(parsed > 1000);
    CU_ASSERT(refused > 1000);
}

static const struct rs_test tests[] = {
    {"packets_parse_as_the_rfc_says", packets_parse_as_the_rfc_says},
    {"a_packet_longer_than_udp_can_carry_is_refused",
     a_packet_longer_than_udp_can_carry_is_refused},
    {"parts_of_random_packets_always_add_up_to_the_whole",
     parts_of_random_packets_always_add_up_to_the_whole},
};

int main(void)
{
    return rs_test_main("rtp", tests, sizeof(tests) / sizeof(tests[0]));
}
