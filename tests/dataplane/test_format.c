/* SPDX-License-Identifier: BSD-3-Clause */
/* Retransmissions (RFC 4588): the original sequence number in front of each codec's rule; that no
 * layout depends on what it seals; and the ways in which formats are kept. */
#include "dataplane/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/format.h"
#include "tests/support/hex.h"
#include "tests/support/layout.h"
#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { OVERHEAD = 28 };

/* A payload of the bytes written, then `fill` bytes ee. Expected is "free|clear+sealed ...", with
 * "@n" where the last unit's size lies at offset n, or "-" where the payload does not parse. */
struct row {
    const char *format, *start;
    size_t fill;
    const char *expected;
    size_t grown_by;
};

static const struct row rows[] = {
    {"rtx:VP8", "1234 10 51", 20, "3|1+20", 0},
    {"rtx:VP8", "1234 00 50", 20, "3|0+21", 0},
    {"rtx:VP8", "1234 10 500100 9d012a 8002e001", 20, "3|10+20", 0},
    {"rtx:VP8", "1234 90 f0 80 00 ff ff 50", 30, "8|10+21", 0},
    {"rtx:VP8", "1234 10", 0, "3|", 0},
    {"rtx:VP8", "9080 10 51", 0, "3|1+0", 0}, /* the number looks like a descriptor cut short */
    {"rtx:VP8", "1010 90 f0 80", 0, "-", 0},  /* looks like a descriptor, and the real one is cut */
    {"rtx:VP8", "1234 90", 0, "-", 0},
    {"rtx:VP8", "1234 90 80", 0, "-", 0},
    {"rtx:VP8", "1234", 0, "-", 0},
    {"rtx:VP8", "12", 0, "-", 0},
    {"rtx:VP9", "1234 08 86", 4, "3|1+4", 0},
    {"rtx:VP9", "1234 0a 10 0140 00f0 86", 4, "8|1+4", 0},
    {"rtx:VP9", "1234 88", 0, "-", 0},
    {"rtx:VP9", "1234 d8 01 03 03 03 02 86", 4, "-", 0},
    {"rtx:VP9", "1234", 0, "-", 0},
    {"rtx:H264", "1234 65 88", 60, "2|1+61", 0},
    {"rtx:H264", "1234 67 42c01f", 10, "2|14+0", 0},
    {"rtx:H264", "1234 67", 255, "2|256+0", 0},
    {"rtx:H264", "1234 67", 256, "2|1+256", 0},
    {"rtx:H264", "1234 7c 85", 60, "2|2+60", 0},
    {"rtx:H264", "7800 65 88", 0, "2|1+1", 0}, /* the number looks like a STAP-A */
    {"rtx:H264", "1234 78 0004 65aaaaaa 0002 68ce", 0, "2|4+3 4+0 @9", 0},
    {"rtx:H264", "1234 78 0026 41", 9, "2|4+9 @3", OVERHEAD},
    {"rtx:H264", "1234 78", 0, "2|1+0", 0},
    {"rtx:H264", "1234 78 00", 0, "-", 0},
    {"rtx:H264", "1234 78 0004 674200", 0, "-", 0},
    {"rtx:H264", "1234 78 0005 674200", 0, "-", 0}, /* the sequence number is not of the unit */
    {"rtx:H264", "1234 78 000a 41", 9, "-", OVERHEAD},
    {"rtx:H264", "1234 78 0028 41", 9, "-", OVERHEAD},
    {"rtx:H264", "1234", 0, "-", 0},
    {"rtx:H264", "1234", 0, "-", OVERHEAD},
    {"rtx:H264", "12", 0, "-", 0},
    {"rtx:H265", "1234 2601 88", 60, "2|2+61", 0},
    {"rtx:H265", "1234 26", 0, "2|1+0", 0},
    {"rtx:H265", "1234 4001", 254, "2|256+0", 0},
    {"rtx:H265", "1234 6001 0004 0201aaaa 0003 0201bb", 0, "2|6+2 4+1 @10", 0},
    {"rtx:H265", "1234 6001 0027 0201", 9, "2|6+9 @4", OVERHEAD},
    {"rtx:H265", "1234 6001 00", 0, "-", 0},
    {"rtx:H265", "1234 6001 0001 02", 0, "-", 0},
    {"rtx:H265", "1234", 0, "-", 0},
    {"rtx:AV1", "1234 10 0a0b", 40, "2|1+42", 0},
    {"rtx:AV1", "1234 10", 0, "2|1+0", 0},
    {"rtx:AV1", "1234", 0, "-", 0},
    {"rtx:opus", "1234 78", 100, "2|1+100", 0},
    {"rtx:opus", "12", 0, "-", 0},
    {"rtx:other", "1234 aa", 20, "-", 0},
    {"rtx:red", "1234 aa", 20, "-", 0},
    {"other", "aa", 20, "-", 0},
    {"telephone-event", "0180 00a0", 0, "-", 0},
    {"(unnamed)", "aa", 20, "-", 0},
};

static void the_codecs_rule_begins_behind_the_original_sequence_number(void)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rs_format format = rs_test_format(rows[i].format);
        uint8_t payload[512];
        const size_t start = rs_hex_decode(rows[i].start, payload, sizeof(payload));
        char text[RS_LAYOUT_TEXT_BYTES] = "-";
        struct rs_layout layout;

        CU_ASSERT_FATAL(start >= 1 && start + rows[i].fill <= sizeof(payload));
        memset(payload + start, 0xee, rows[i].fill);
        if (rs_layout_exact(format, payload, start + rows[i].fill, rows[i].grown_by, &layout))
            rs_layout_print(&layout, text);
        free(layout.runs);
        if (strcmp(text, rows[i].expected) != 0)
            printf("  %s, %s: %s\n", rows[i].format, rows[i].start, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].expected);
    }
}

static void a_payload_sealed_whole_shows_its_sequence_number_as_far_as_it_goes(void)
{
    static const struct {
        const char *format;
        size_t bytes;
        const char *expected;
    } whole[] = {
        {"rtx:VP8", 1, "1|"},          {"rtx:VP8", 2, "2|"},        {"rtx:VP8", 3, "2|0+1"},
        {"rtx:other", 1, "1|"},        {"rtx:other", 2, "2|"},      {"rtx:other", 100, "2|0+98"},
        {"VP8", 1, "0|0+1"},           {"VP8", 65535, "0|0+65535"}, {"other", 2, "0|0+2"},
        {"(unnamed)", 160, "0|0+160"},
    };

    for (size_t i = 0; i < COUNT(whole); i++) {
        struct rs_run run;
        struct rs_layout layout = {.runs = &run};
        char text[RS_LAYOUT_TEXT_BYTES];

        rs_format_layout_whole(rs_test_format(whole[i].format), whole[i].bytes, &layout);
        rs_layout_print(&layout, text);
        CU_ASSERT_STRING_EQUAL(text, whole[i].expected);
    }
}

static void formats_are_what_they_were_after_being_packed(void)
{
    bool taken[256] = {false};

    CU_ASSERT_EQUAL(rs_format_pack((struct rs_format){0}), 0);
    CU_ASSERT_PTR_NULL(rs_format_unpack(0).codec);
    CU_ASSERT_FALSE(rs_format_unpack(0).is_rtx);
    taken[0] = true;
    for (size_t k = 0; k < 2 * rs_codec_count; k++) {
        const struct rs_format format = {&rs_codecs[k / 2], k % 2 == 1};
        const uint8_t packed = rs_format_pack(format);

        CU_ASSERT_FALSE(taken[packed]);
        taken[packed] = true;
        CU_ASSERT_PTR_EQUAL(rs_format_unpack(packed).codec, format.codec);
        CU_ASSERT_EQUAL(rs_format_unpack(packed).is_rtx, format.is_rtx);
    }
}

/* As an opener finds it: other bytes where it was sealed, and the last unit's size grown. */
static void scramble(const struct rs_layout *layout, uint8_t *payload)
{
    uint8_t *at = payload + layout->free;

    for (unsigned int i = 0; i < layout->run_count; i++) {
        at += layout->runs[i].clear;
        for (unsigned int k = 0; k < layout->runs[i].sealed; k++)
            *at++ = (uint8_t)(rand() >> 8);
    }
    if (layout->last_size_offset != 0) {
        uint8_t *size = payload + layout->last_size_offset;
        const int grown = (size[0] << 8 | size[1]) + OVERHEAD;

        size[0] = (uint8_t)(grown >> 8);
        size[1] = (uint8_t)grown;
    }
}

/* Units of random types and lengths behind their sizes, the last to the end. */
static size_t draw_aggregate(uint8_t *payload, size_t start, size_t header)
{
    size_t bytes = start;

    for (int units = 1 + (rand() >> 8) % 4; units > 0; units--) {
        const size_t unit = header + (size_t)(rand() >> 8) % 12;

        payload[bytes] = 0;
        payload[bytes + 1] = (uint8_t)unit;
        bytes += 2 + unit;
    }
    return bytes;
}

/* Noise behind a first byte that means something to one codec or the other. */
static size_t draw_payload(struct rs_format format, uint8_t *payload, size_t max)
{
    static const uint8_t first[] = {0x10, 0x90, 0x7c, 0xfe, 0x0a, 0xd8, 0x67, 0x42, 0x62};
    const size_t osn = format.is_rtx ? 2 : 0;
    const size_t bytes = osn + 1 + (size_t)(rand() >> 8) % (max - osn - 1);

    for (size_t i = 0; i < max; i++)
        payload[i] = (uint8_t)(rand() >> 8);
    payload[osn] = first[(size_t)(rand() >> 8) % sizeof(first)];
    if (rand() % 2 == 0 && format.codec->number == RS_CODEC_H264) {
        payload[osn] = 0x78;
        return draw_aggregate(payload, osn + 1, 1);
    }
    if (rand() % 2 == 0 && format.codec->number == RS_CODEC_H265) {
        payload[osn] = 0x60;
        return draw_aggregate(payload, osn + 2, 2);
    }
    return bytes;
}

static void an_opener_lays_out_what_a_sealer_did_whatever_was_sealed(void)
{
    unsigned int parsed = 0, aggregates = 0, differing = 0;

    srand(4588);
    for (int i = 0; i < 60000; i++) {
        const struct rs_format format = {&rs_codecs[(size_t)i % rs_codec_count], i % 3 == 0};
        char sealing[RS_LAYOUT_TEXT_BYTES], opening[RS_LAYOUT_TEXT_BYTES] = "-";
        struct rs_layout layout, again;
        uint8_t payload[96];
        const size_t bytes = draw_payload(format, payload, sizeof(payload));

        if (rs_layout_exact(format, payload, bytes, 0, &layout)) {
            parsed++;
            aggregates += layout.last_size_offset != 0;
            rs_layout_print(&layout, sealing);
            scramble(&layout, payload);
            if (rs_layout_exact(format, payload, bytes, OVERHEAD, &again))
                rs_layout_print(&again, opening);
            free(again.runs);
            differing += strcmp(sealing, opening) != 0;
        }
        free(layout.runs);
    }
    CU_ASSERT_EQUAL(differing, 0);
    CU_ASSERT(parsed > 10000);
    CU_ASSERT(aggregates > 1000);
}

/* 64 to 95 would be RTCP's, and have no format. */
static void a_map_keeps_what_each_payload_type_needs_for_sealing(void)
{
    struct rs_format formats[128] = {0};
    uint8_t map[RS_FORMAT_MAP_BYTES];

    for (size_t turn = 0; turn <= 2 * rs_codec_count; turn++) {
        for (size_t pt = 0; pt < COUNT(formats); pt++) {
            const size_t row = (turn + 7 * pt) % (2 * rs_codec_count + 1);

            formats[pt] = row == 0 ? (struct rs_format){0}
                                   : (struct rs_format){&rs_codecs[(row - 1) / 2], row % 2 == 0};
        }
        rs_format_map_write(formats, map);
        for (uint8_t pt = 0; pt < COUNT(formats); pt++) {
            const struct rs_format kept = formats[pt].codec == NULL || (pt >= 64 && pt < 96)
                                              ? (struct rs_format){0}
                                              : formats[pt];
            const unsigned int place = rs_format_map_place(pt);
            const struct rs_format read = place < RS_FORMAT_MAP_BYTES
                                              ? rs_format_map_read(map[place], pt)
                                              : (struct rs_format){0};

            CU_ASSERT_EQUAL(read.codec == NULL, kept.codec == NULL);
            CU_ASSERT_EQUAL(read.is_rtx, kept.is_rtx);
            CU_ASSERT_EQUAL(rs_format_has_rule(read), rs_format_has_rule(kept));
            if (rs_format_has_rule(kept))
                CU_ASSERT_PTR_EQUAL(read.codec, kept.codec);
        }
    }
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(the_codecs_rule_begins_behind_the_original_sequence_number),
        TEST(a_payload_sealed_whole_shows_its_sequence_number_as_far_as_it_goes),
        TEST(formats_are_what_they_were_after_being_packed),
        TEST(a_map_keeps_what_each_payload_type_needs_for_sealing),
        TEST(an_opener_lays_out_what_a_sealer_did_whatever_was_sealed),
    };

    return rs_test_main("format", tests, COUNT(tests));
}
