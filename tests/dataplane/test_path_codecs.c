/* SPDX-License-Identifier: BSD-3-Clause */
/* H.265, AV1, retransmissions and what has no rule, through the whole path and back; and the
 * retransmissions that a router makes of sealed packets. */
#include <stdio.h>
#include <string.h>

#include "tests/support/hex.h"
#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { OVERHEAD = 28, WHOLE = 0x71, BY_RULE = 0x51 };

/* A body is what `hex` says, filled up to `bytes`. */
static const struct row {
    const char *name;
    uint8_t payload_type;
    const char *hex;
    size_t bytes;
    size_t clear; /* bytes at the front that the router may see */
    uint8_t last; /* byte of the sealed payload */
} rows[] = {
    {"H265 slice", 104, "2601", 200, 2, BY_RULE},
    {"H265 parameter set", 104, "4001", 30, 30, BY_RULE},
    {"H265 parameter set of 257 bytes", 104, "4201", 257, 2, BY_RULE},
    {"H265 FU", 104, "6201 93", 200, 3, BY_RULE},
    {"H265 of one byte", 104, "26", 1, 1, BY_RULE},
    {"H265 AP without a unit", 104, "6001", 2, 2, BY_RULE},
    {"H265 AP whose size lies", 104, "6001 0200 2601", 200, 0, WHOLE},
    {"AV1", 45, "10 0a0b", 200, 1, BY_RULE},
    {"AV1 header alone", 45, "10", 1, 1, BY_RULE},
    {"RTX of a VP8 key frame", 122, "1234 10 500100 9d012a 8002e001", 200, 13, BY_RULE},
    {"RTX of a VP8 descriptor cut short", 122, "1234 90", 3, 2, WHOLE},
    {"RTX of VP9", 123, "1234 88 2a 86", 200, 5, BY_RULE},
    {"RTX of an H264 parameter set", 124, "1234 67", 30, 30, BY_RULE},
    {"RTX of an H264 STAP-A whose size lies", 124, "1234 78 0200 65", 200, 2, WHOLE},
    {"RTX of an H265 FU", 125, "1234 6201 93", 200, 5, BY_RULE},
    {"RTX of AV1", 121, "1234 10", 200, 3, BY_RULE},
    {"RTX of opus", 126, "1234 78", 100, 3, BY_RULE},
    {"RTX of what has no rule", 120, "1234", 162, 2, WHOLE},
    {"RTX without a packet", 122, "1234", 2, 2, WHOLE},
    {"RTX of one byte", 122, "12", 1, 1, WHOLE},
};

static struct rs_host *host;

static struct rs_leg_packet plain_of(const struct row *row)
{
    uint8_t start[32];

    return rs_leg_plain(row->payload_type, start, rs_hex_decode(row->hex, start, sizeof(start)),
                        row->bytes);
}

/* Sealed and back, as it came. Returns it sealed. */
static struct rs_leg_packet go_round(const struct rs_legs *legs, const struct rs_leg_packet *plain)
{
    struct rs_leg_packet sealed = *plain, opened;

    rs_leg_seal(host, legs->seal, &sealed);
    CU_ASSERT_EQUAL(sealed.bytes, plain->bytes + OVERHEAD);
    CU_ASSERT_EQUAL(rs_leg_run(host, 1, RS_OPEN, legs->open, &sealed, &opened), RS_OPENED);
    CU_ASSERT_EQUAL(opened.bytes, plain->bytes);
    CU_ASSERT(memcmp(opened.payload, plain->payload, plain->bytes) == 0);
    return sealed;
}

static void each_shows_what_a_router_reads_and_comes_back_as_it_was(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned int failed = CU_get_number_of_failures();
        const struct rs_leg_packet plain = plain_of(&rows[i]);
        const struct rs_leg_packet sealed = go_round(&legs, &plain);
        const size_t clear = rows[i].clear;

        CU_ASSERT(memcmp(sealed.payload, plain.payload, clear) == 0);
        if (rows[i].bytes - clear >= 8)
            CU_ASSERT(memcmp(sealed.payload + clear, plain.payload + clear, 8) != 0);
        CU_ASSERT_EQUAL(sealed.payload[sealed.bytes - 1], rows[i].last);
        if (CU_get_number_of_failures() != failed)
            printf("%s\n", rows[i].name);
    }
    rs_legs_end(&legs);
}

/* RFC 7798 section 4.4.2: a VPS of 3 bytes and a slice of 9; behind a sequence number, too. */
static void the_last_unit_of_an_ap_grows_with_the_packet(void)
{
    static const uint8_t body[] = {0x60, 1, 0,    3, 0x40, 1, 12, 0, 9,
                                   0x26, 1, 0x55, 2, 3,    4, 5,  6, 7};
    static const uint8_t again[] = {0x12, 0x34, 0x60, 1,    0, 3, 0x40, 1, 12, 0,
                                    9,    0x26, 1,    0x55, 2, 3, 4,    5, 6,  7};
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet first = rs_leg_plain(104, body, sizeof(body), sizeof(body));
    const struct rs_leg_packet second = rs_leg_plain(125, again, sizeof(again), sizeof(again));
    const struct rs_leg_packet sealed[] = {go_round(&legs, &first), go_round(&legs, &second)};

    for (unsigned int i = 0; i < 2; i++) {
        const uint8_t *ap = sealed[i].payload + 2 * i;

        CU_ASSERT(memcmp(ap, body, 7) == 0);
        CU_ASSERT_EQUAL(ap[7] << 8 | ap[8], 9 + OVERHEAD);
        CU_ASSERT(memcmp(ap + 9, body + 9, 2) == 0);
        CU_ASSERT(memcmp(ap + 11, body + 11, 7) != 0);
    }
    rs_legs_end(&legs);
}

/* What a router with a cache does: the sealed payload behind a sequence number of its own. */
static struct rs_leg_packet retransmit(const struct rs_leg_packet *sealed, uint8_t payload_type)
{
    struct rs_leg_packet rtx = *sealed;

    rtx.payload_type = payload_type;
    rtx.ssrc = 0x5678;
    memcpy(rtx.payload, "\xab\xcd", 2);
    memcpy(rtx.payload + 2, sealed->payload, sealed->bytes);
    rtx.bytes += 2;
    return rtx;
}

static void a_routers_own_retransmission_of_a_sealed_packet_opens(void)
{
    static const uint8_t of[RS_PAYLOAD_TYPES] = {
        [0] = 120, [45] = 121, [96] = 122, [98] = 123, [102] = 124, [104] = 125, [111] = 126};
    static const struct row lost[] = {
        {"VP8 key frame", 96, "10 500100 9d012a 8002e001", 200, 11, BY_RULE},
        {"VP8 descriptor past the end", 96, "90 e0 81", 3, 0, WHOLE},
        {"VP9", 98, "88 2a 86", 200, 3, BY_RULE},
        {"H264 STAP-A", 102, "78 0003 674200 0004 65aaaaaa", 12, 0, BY_RULE},
        {"H265 AP", 104, "6001 0003 400102 0004 2601aaaa", 13, 0, BY_RULE},
        {"AV1", 45, "10", 100, 1, BY_RULE},
        {"opus", 111, "78", 100, 1, BY_RULE},
        {"G.711", 0, "ff", 160, 0, WHOLE},
    };
    const struct rs_legs legs = rs_legs_make(host, NULL);

    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        const struct rs_leg_packet plain = plain_of(&lost[i]);
        struct rs_leg_packet sealed = plain, rtx, opened;

        rs_leg_seal(host, legs.seal, &sealed);
        rtx = retransmit(&sealed, of[lost[i].payload_type]);
        CU_ASSERT_EQUAL(rs_leg_run(host, 1, RS_OPEN, legs.open, &rtx, &opened), RS_OPENED);
        CU_ASSERT_EQUAL_FATAL(opened.bytes, plain.bytes + 2);
        CU_ASSERT(memcmp(opened.payload, "\xab\xcd", 2) == 0);
        CU_ASSERT(memcmp(opened.payload + 2, plain.payload, plain.bytes) == 0);
        /* The original comes late, and was not lost after all. */
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &sealed), RS_REPLAY);
    }
    rs_legs_end(&legs);
}

static void a_publishers_retransmission_under_another_number_opens(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    struct rs_leg_packet packet = rs_leg_plain(122, "\x12\x34\x10\x51", 4, 100);

    rs_leg_seal(host, legs.seal, &packet);
    packet.payload[0] ^= 0xff;
    packet.payload[1] ^= 0xff;
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    rs_legs_end(&legs);
}

/* Where the two sides do not name a payload type alike. */
static void a_retransmission_is_not_taken_for_something_else(void)
{
    static const struct {
        const char *hex;
        uint8_t sealed_as, opened_as;
        enum rs_outcome outcome;
    } mistaken[] = {
        {"1234 10 51", 122, 96, RS_AUTH_FAILED},
        {"1234 10 51", 122, 97, RS_UNKNOWN_PAYLOAD_TYPE},
        {"1234 10 51", 122, 120, RS_UNKNOWN_PAYLOAD_TYPE},
        {"1234 10 51", 122, 124, RS_AUTH_FAILED},
        {"10 51", 96, 122, RS_AUTH_FAILED},
        {"1234", 120, 0, RS_AUTH_FAILED},
        {"1234", 120, 97, RS_AUTH_FAILED},
        {"ff", 0, 120, RS_AUTH_FAILED},
        {"2601", 104, 45, RS_AUTH_FAILED},
        {"10", 45, 111, RS_AUTH_FAILED},
    };
    const struct rs_legs legs = rs_legs_make(host, NULL);

    for (size_t i = 0; i < sizeof(mistaken) / sizeof(mistaken[0]); i++) {
        const struct row row = {
            .payload_type = mistaken[i].sealed_as, .hex = mistaken[i].hex, .bytes = 100};
        struct rs_leg_packet packet = plain_of(&row);
        enum rs_outcome outcome;

        rs_leg_seal(host, legs.seal, &packet);
        packet.payload_type = mistaken[i].opened_as;
        outcome = rs_leg_open(host, legs.open, &packet);
        if (outcome != mistaken[i].outcome)
            printf("row %zu: %s\n", i, rs_outcome_name(outcome));
        CU_ASSERT_EQUAL(outcome, mistaken[i].outcome);
    }
    rs_legs_end(&legs);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"each_shows_what_a_router_reads_and_comes_back_as_it_was",
         each_shows_what_a_router_reads_and_comes_back_as_it_was},
        {"the_last_unit_of_an_ap_grows_with_the_packet",
         the_last_unit_of_an_ap_grows_with_the_packet},
        {"a_routers_own_retransmission_of_a_sealed_packet_opens",
         a_routers_own_retransmission_of_a_sealed_packet_opens},
        {"a_publishers_retransmission_under_another_number_opens",
         a_publishers_retransmission_under_another_number_opens},
        {"a_retransmission_is_not_taken_for_something_else",
         a_retransmission_is_not_taken_for_something_else},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_codecs", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
