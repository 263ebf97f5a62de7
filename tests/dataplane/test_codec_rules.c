/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bytes stay clear, codec by codec: tables written by hand from the RFCs of each. */
#include "dataplane/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/format.h"
#include "tests/support/hex.h"
#include "tests/support/layout.h"
#include "tests/support/runner.h"

/* A body of the bytes written, then `fill` bytes ee. Expected is "free|clear+sealed ...", with
 * "@n" where the last unit's size lies at offset n, or "-" where the body does not parse. */
struct row {
    const char *name;
    const char *start;
    size_t fill;
    const char *expected;
    size_t grown_by;
};

static const struct row vp8_rows[] = {
    {"key frame, shortest descriptor", "10 500100 9d012a 8002e001", 20, "1|10+20", 0},
    {"key frame of 10 bytes", "10 500100 9d012a 8002e001", 0, "1|10+0", 0},
    {"key frame cut short", "10 500100 9d012a", 0, "1|6+0", 0},
    {"inter frame", "10 51", 20, "1|1+20", 0},
    {"inter frame of one byte", "10 51", 0, "1|1+0", 0},
    {"non-reference inter frame", "30 51", 5, "1|1+5", 0},
    {"continuation", "00 50", 20, "1|0+21", 0},
    {"start of partition 1", "11 50", 20, "1|0+21", 0},
    {"start of partition 4", "14 50", 20, "1|0+21", 0},
    {"reserved bit beside the partition", "18 50", 20, "1|10+11", 0},
    {"extension without fields", "90 00 51", 4, "2|1+4", 0},
    {"7-bit picture id", "90 80 7f 51", 4, "3|1+4", 0},
    {"15-bit picture id", "90 80 ffff 51", 4, "4|1+4", 0},
    {"TL0PICIDX", "90 40 ff 51", 4, "3|1+4", 0},
    {"TID", "90 20 ff 51", 4, "3|1+4", 0},
    {"KEYIDX", "90 10 ff 51", 4, "3|1+4", 0},
    {"TID and KEYIDX share a byte", "90 30 ff 51", 4, "3|1+4", 0},
    {"all fields, short picture id", "90 f0 7f ff ff 51", 4, "5|1+4", 0},
    {"all fields, long picture id", "90 f0 80 00 ff ff 50", 30, "6|10+21", 0},
    {"descriptor alone", "10", 0, "1|", 0},
    {"long descriptor alone", "90 f0 80 00 ff ff", 0, "6|", 0},
    {"extension byte missing", "90", 0, "-", 0},
    {"picture id missing", "90 80", 0, "-", 0},
    {"second byte of the picture id missing", "90 80 80", 0, "-", 0},
    {"TL0PICIDX missing", "90 40", 0, "-", 0},
    {"TID missing", "90 20", 0, "-", 0},
    {"KEYIDX missing", "90 10", 0, "-", 0},
    {"last of all fields missing", "90 f0 80 00 ff", 0, "-", 0},
};

static const struct row vp9_rows[] = {
    {"begin, no fields", "08 86", 4, "1|1+4", 0},
    {"not begin, no fields", "00 86", 4, "1|0+5", 0},
    {"end of frame is not begin", "04 86", 4, "1|0+5", 0},
    {"7-bit picture id", "88 7f 86", 4, "2|1+4", 0},
    {"15-bit picture id", "88 ffff 86", 4, "3|1+4", 0},
    {"layer indices and TL0PICIDX", "28 11 22 86", 4, "3|1+4", 0},
    {"layer indices, flexible", "38 11 86", 4, "2|1+4", 0},
    {"flexible, no reference", "98 01 86", 4, "2|1+4", 0},
    {"inter picture, not flexible", "c8 01 86", 4, "2|1+4", 0},
    {"one reference", "d8 01 02 86", 4, "3|1+4", 0},
    {"three references", "d8 01 03 03 02 86", 4, "5|1+4", 0},
    {"scalability structure without content", "0a 00 86", 4, "2|1+4", 0},
    {"reserved bits of the structure", "0a 07 86", 4, "2|1+4", 0},
    {"one resolution", "0a 10 0140 00f0 86", 4, "6|1+4", 0},
    {"three resolutions", "0a 50 0140 00f0 0280 01e0 0500 02d0 86", 4, "14|1+4", 0},
    {"eight layers without resolutions", "0a e0 86", 4, "2|1+4", 0},
    {"empty picture group", "0a 08 00 86", 4, "3|1+4", 0},
    {"picture group of 4", "0a 08 04 04 01 48 01 02 50 0c 01 02 03 86", 4, "13|1+4", 0},
    {"resolution and picture group", "0a 18 0140 00f0 01 04 01 86", 4, "9|1+4", 0},
    {"all fields", "fe ffff 11 03 03 02 18 0140 00f0 01 04 01", 4, "15|1+3", 0},
    {"descriptor alone", "88 7f", 0, "2|", 0},
    {"descriptor alone, not begin", "80 7f", 0, "2|", 0},
    {"fourth reference", "d8 01 03 03 03 02 86", 4, "-", 0},
    {"fourth reference, nothing behind", "d8 01 03 03 03", 0, "-", 0},
    {"picture id missing", "88", 0, "-", 0},
    {"second byte of the picture id missing", "88 80", 0, "-", 0},
    {"layer indices missing", "28", 0, "-", 0},
    {"TL0PICIDX missing", "28 11", 0, "-", 0},
    {"reference missing", "d8 01", 0, "-", 0},
    {"second reference missing", "d8 01 03", 0, "-", 0},
    {"scalability structure missing", "0a", 0, "-", 0},
    {"resolution cut", "0a 10 0140 00", 0, "-", 0},
    {"second of two resolutions missing", "0a 30 0140 00f0", 0, "-", 0},
    {"picture group missing", "0a 08", 0, "-", 0},
    {"picture of the group missing", "0a 08 02 00", 0, "-", 0},
    {"reference of the group missing", "0a 08 01 0c 01 02", 0, "-", 0},
    {"picture group of 255 missing", "0a 08 ff", 20, "-", 0},
};

static const struct row h264_rows[] = {
    {"IDR slice", "65 88", 60, "0|1+61", 0},
    {"slice", "41 9a", 60, "0|1+61", 0},
    {"SEI", "06 05", 60, "0|1+61", 0},
    {"header alone", "65", 0, "0|1+0", 0},
    {"SPS", "67 42c01f", 10, "0|14+0", 0},
    {"PPS", "68 ce3c80", 0, "0|4+0", 0},
    {"PPS of nal_ref_idc 1", "28 ce3c80", 0, "0|4+0", 0},
    {"SPS of 256 bytes", "67", 255, "0|256+0", 0},
    {"SPS of 257 bytes", "67", 256, "0|1+256", 0},
    {"SPS of nal_ref_idc 0", "07 42c01f", 10, "0|1+13", 0},
    {"PPS of nal_ref_idc 0", "08 ce3c80", 0, "0|1+3", 0},
    {"SPS with the forbidden bit", "e7 42c01f", 10, "0|1+13", 0},
    {"SPS extension", "6d 42c01f", 10, "0|1+13", 0},
    {"subset SPS", "6f 42c01f", 10, "0|1+13", 0},
    {"FU-A start", "7c 85", 60, "0|2+60", 0},
    {"FU-A of an SPS", "7c 87", 60, "0|2+60", 0},
    {"FU-A header alone", "7c 85", 0, "0|2+0", 0},
    {"FU-A indicator alone", "7c", 0, "0|1+0", 0},
    {"FU-B", "7d 85 0001", 60, "0|4+60", 0},
    {"FU-B cut", "7d 85 00", 0, "0|3+0", 0},
    {"STAP-B", "79 0001 0003 674200", 5, "0|1+12", 0},
    {"MTAP16", "7a 0001 0006 00 0000 674200", 5, "0|1+15", 0},
    {"MTAP24", "7b 0001 0006 00 000000 674200", 5, "0|1+16", 0},
    {"type 0", "60 11", 5, "0|1+6", 0},
    {"type 30", "7e 11", 5, "0|1+6", 0},
    {"type 31", "7f 11", 5, "0|1+6", 0},
};

static const struct row stap_rows[] = {
    {"SPS and PPS", "78 0004 67420000 0003 68ce3c", 0, "0|12+0 @7", 0},
    {"SPS, PPS, IDR", "78 0003 674200 0002 68ce 0005 65", 4, "0|13+4 @10", 0},
    {"SPS, IDR, slice", "78 0002 6742 0004 65aaaaaa 0003 41bbbb", 0, "0|8+3 3+2 @11", 0},
    {"IDR, PPS", "78 0004 65aaaaaa 0002 68ce", 0, "0|4+3 4+0 @7", 0},
    {"one slice", "78 0010 41", 15, "0|4+15 @1", 0},
    {"units of one byte", "78 0001 41 0001 41 0001 41", 0, "0|10+0 @7", 0},
    {"long units", "78 0101 67", 256, "0|4+256 @1", 0},
    {"SPS of 256 bytes", "78 0100 67", 255, "0|259+0 @1", 0},
    {"SPS of nal_ref_idc 0", "78 0003 074200", 0, "0|4+2 @1", 0},
    {"SPS with the forbidden bit", "78 0003 e74200", 0, "0|4+2 @1", 0},
    {"a STAP-A as a unit is a unit like any", "78 0004 78000167", 0, "0|4+3 @1", 0},
    {"without a unit", "78", 0, "0|1+0", 0},
    {"last unit grown by 28", "78 0003 674200 001f 41bbbb", 0, "0|9+2 @6", 28},
    {"only unit grown by 28", "78 0026 41", 9, "0|4+9 @1", 28},
    {"SPS grown by 28 is still one", "78 001f 674200", 0, "0|6+0 @1", 28},
    {"SPS of 256 bytes grown by 28 is still one", "78 011c 67", 255, "0|259+0 @1", 28},
    {"SPS of 257 bytes grown by 28 is none", "78 011d 67", 256, "0|4+256 @1", 28},
    {"without a unit, grown", "78", 0, "0|1+0", 28},
    {"size cut", "78 00", 0, "-", 0},
    {"size without a unit", "78 0001", 0, "-", 0},
    {"size of 0", "78 0000 0001 41", 0, "-", 0},
    {"size of 0 at the end", "78 0001 41 0000", 0, "-", 0},
    {"unit runs past the end by one", "78 0004 674200", 0, "-", 0},
    {"unit ends before the end by one", "78 0002 674200", 0, "-", 0},
    {"unit ends before the end by two", "78 0001 674200", 0, "-", 0},
    {"second unit runs past the end", "78 0001 41 0005 41aabbcc", 0, "-", 0},
    {"size of 65535", "78 ffff 41", 20, "-", 0},
    {"last unit not grown", "78 0003 674200 0003 41bbbb", 0, "-", 28},
    {"last unit grown by less", "78 0003 674200 001e 41bbbb", 0, "-", 28},
    {"last unit grown by more", "78 0003 674200 0020 41bbbb", 0, "-", 28},
    {"first unit grown instead", "78 001f 674200 0003 41bbbb", 0, "-", 28},
    {"grown, but not meant to be", "78 0003 674200 001f 41bbbb", 0, "-", 0},
};

static const struct row h265_rows[] = {
    {"IDR slice", "2601 88", 60, "0|2+61", 0},
    {"slice", "0201 d0", 60, "0|2+61", 0},
    {"SEI", "4e01 05", 60, "0|2+61", 0},
    {"header alone", "2601", 0, "0|2+0", 0},
    {"half a header", "26", 0, "0|1+0", 0},
    {"VPS", "4001 0c01", 10, "0|14+0", 0},
    {"SPS", "4201 0101", 10, "0|14+0", 0},
    {"PPS", "4401 c1", 10, "0|13+0", 0},
    {"SPS of layer 1", "4209 01", 5, "0|8+0", 0},
    {"SPS of layer 32", "4301 01", 5, "0|8+0", 0},
    {"half an SPS's header", "42", 0, "0|1+0", 0},
    {"VPS of 256 bytes", "4001", 254, "0|256+0", 0},
    {"VPS of 257 bytes", "4001", 255, "0|2+255", 0},
    {"SPS of 257 bytes", "4201", 255, "0|2+255", 0},
    {"PPS of 257 bytes", "4401", 255, "0|2+255", 0},
    {"VPS with the forbidden bit", "c001 0c01", 10, "0|2+12", 0},
    {"SPS with the forbidden bit", "c201 0101", 10, "0|2+12", 0},
    {"PPS with the forbidden bit", "c401 c1", 10, "0|2+11", 0},
    {"the type before VPS", "3e01 0c01", 10, "0|2+12", 0},
    {"the type behind PPS", "4601 50", 10, "0|2+11", 0},
    {"the type before AP", "5e01 0003 420101", 0, "0|2+5", 0},
    {"PACI", "6401 4000", 10, "0|2+12", 0},
    {"type 63", "7e01 11", 10, "0|2+11", 0},
    {"FU start", "6201 93", 60, "0|3+60", 0},
    {"FU of a VPS", "6201 a0", 60, "0|3+60", 0},
    {"FU with the forbidden bit", "e201 93", 60, "0|3+60", 0},
    {"FU headers alone", "6201 93", 0, "0|3+0", 0},
    {"FU header missing", "6201", 0, "0|2+0", 0},
    {"FU of one byte", "62", 0, "0|1+0", 0},
};

static const struct row ap_rows[] = {
    {"VPS and SPS", "6001 0004 40010c01 0003 420101", 0, "0|13+0 @8", 0},
    {"VPS, SPS, PPS, IDR", "6001 0003 40010c 0003 420101 0003 4401c1 0006 2601", 4, "0|21+4 @17",
     0},
    {"IDR, PPS", "6001 0005 2601aaaaaa 0003 4401c1", 0, "0|6+3 5+0 @9", 0},
    {"two slices", "6001 0004 0201aaaa 0003 0201bb", 0, "0|6+2 4+1 @8", 0},
    {"one slice", "6001 0010 0201", 14, "0|6+14 @2", 0},
    {"units of a header each", "6001 0002 0201 0002 0201", 0, "0|10+0 @6", 0},
    {"long unit", "6001 0102 0201", 256, "0|6+256 @2", 0},
    {"VPS of 256 bytes", "6001 0100 4001", 254, "0|260+0 @2", 0},
    {"SPS with the forbidden bit", "6001 0003 c20101", 0, "0|6+1 @2", 0},
    {"an AP as a unit is a unit like any", "6001 0005 6001000142", 0, "0|6+3 @2", 0},
    {"an FU as a unit is a unit like any", "6001 0004 6201a0aa", 0, "0|6+2 @2", 0},
    {"AP with the forbidden bit", "e001 0003 420101", 0, "0|7+0 @2", 0},
    {"without a unit", "6001", 0, "0|2+0", 0},
    {"half a header", "60", 0, "0|1+0", 0},
    {"last unit grown by 28", "6001 0003 420101 001f 0201bb", 0, "0|11+1 @7", 28},
    {"only unit grown by 28", "6001 0027 0201", 9, "0|6+9 @2", 28},
    {"VPS of 256 bytes grown by 28 is still one", "6001 011c 4001", 254, "0|260+0 @2", 28},
    {"VPS of 257 bytes grown by 28 is none", "6001 011d 4001", 255, "0|6+255 @2", 28},
    {"without a unit, grown", "6001", 0, "0|2+0", 28},
    {"size cut", "6001 00", 0, "-", 0},
    {"size without a unit", "6001 0002", 0, "-", 0},
    {"size and half a header", "6001 0002 02", 0, "-", 0},
    {"size of 0", "6001 0000 0002 0201", 0, "-", 0},
    {"size of 1", "6001 0001 02 0002 0201", 0, "-", 0},
    {"size of 0 at the end", "6001 0002 0201 0000", 0, "-", 0},
    {"size of 1 at the end", "6001 0002 0201 0001 02", 0, "-", 0},
    {"one byte behind the last unit", "6001 0002 0201 02", 0, "-", 0},
    {"two bytes behind the last unit", "6001 0002 0201 0002", 0, "-", 0},
    {"unit runs past the end by one", "6001 0004 420101", 0, "-", 0},
    {"unit ends before the end by one", "6001 0002 420101", 0, "-", 0},
    {"unit ends before the end by two", "6001 0002 42010101", 0, "-", 0},
    {"second unit runs past the end", "6001 0002 0201 0006 0201aabbcc", 0, "-", 0},
    {"size of 65535", "6001 ffff 0201", 20, "-", 0},
    {"a decoding order number in front", "6001 0000 0003 420101", 0, "-", 0},
    {"last unit not grown", "6001 0003 420101 0003 0201bb", 0, "-", 28},
    {"last unit grown by less", "6001 0003 420101 001e 0201bb", 0, "-", 28},
    {"last unit grown by more", "6001 0003 420101 0020 0201bb", 0, "-", 28},
    {"first unit grown", "6001 001f 420101 0003 0201bb", 0, "-", 28},
    {"unit of one byte grown", "6001 001d 02", 0, "-", 28},
};

static const struct row av1_rows[] = {
    {"one element", "10 0a0b", 40, "0|1+42", 0},
    {"first of a coded video sequence", "18 0a0b", 40, "0|1+42", 0},
    {"goes on and will", "c0 aa", 40, "0|1+41", 0},
    {"element size past the end", "00 ff", 3, "0|1+4", 0},
    {"reserved bits", "17 aa", 3, "0|1+4", 0},
    {"header alone", "10", 0, "0|1+0", 0},
};

static const struct row opus_rows[] = {
    {"20 ms", "78 9551", 77, "0|1+79", 0},
    {"silence", "f8 fffe", 0, "0|1+2", 0},
    {"TOC alone", "78", 0, "0|1+0", 0},
};

static void check_rows(const char *name, const struct row *rows, size_t n)
{
    const struct rs_format format = rs_test_format(name);

    CU_ASSERT_FATAL(rs_format_has_rule(format));
    for (size_t i = 0; i < n; i++) {
        uint8_t body[512];
        const size_t start = rs_hex_decode(rows[i].start, body, sizeof(body));
        char text[RS_LAYOUT_TEXT_BYTES] = "-";
        struct rs_layout layout;

        CU_ASSERT_FATAL(start >= 1 && start + rows[i].fill <= sizeof(body));
        memset(body + start, 0xee, rows[i].fill);
        if (rs_layout_exact(format, body, start + rows[i].fill, rows[i].grown_by, &layout))
            rs_layout_print(&layout, text);
        free(layout.runs);
        if (strcmp(text, rows[i].expected) != 0)
            printf("  %s, %s: %s, not %s\n", name, rows[i].name, text, rows[i].expected);
        CU_ASSERT_STRING_EQUAL(text, rows[i].expected);
    }
}

#define CHECK_ROWS(codec, rows) check_rows(codec, rows, sizeof(rows) / sizeof((rows)[0]))

static void vp8_shows_what_routers_read_of_a_frame(void)
{
    CHECK_ROWS("VP8", vp8_rows);
}

static void vp9_shows_its_descriptor_and_the_first_byte_of_a_frame(void)
{
    CHECK_ROWS("VP9", vp9_rows);
}

static void h264_shows_unit_headers_and_parameter_sets(void)
{
    CHECK_ROWS("H264", h264_rows);
}

static void h264_aggregates_show_sizes_headers_and_parameter_sets(void)
{
    CHECK_ROWS("H264", stap_rows);
}

static void h265_shows_unit_headers_and_parameter_sets(void)
{
    CHECK_ROWS("H265", h265_rows);
}

static void h265_aggregates_show_sizes_headers_and_parameter_sets(void)
{
    CHECK_ROWS("H265", ap_rows);
}

static void av1_shows_its_aggregation_header(void)
{
    CHECK_ROWS("AV1", av1_rows);
}

static void opus_shows_its_toc(void)
{
    CHECK_ROWS("opus", opus_rows);
}

static const struct rs_test tests[] = {
    {"vp8_shows_what_routers_read_of_a_frame", vp8_shows_what_routers_read_of_a_frame},
    {"vp9_shows_its_descriptor_and_the_first_byte_of_a_frame",
     vp9_shows_its_descriptor_and_the_first_byte_of_a_frame},
    {"h264_shows_unit_headers_and_parameter_sets", h264_shows_unit_headers_and_parameter_sets},
    {"h264_aggregates_show_sizes_headers_and_parameter_sets",
     h264_aggregates_show_sizes_headers_and_parameter_sets},
    {"h265_shows_unit_headers_and_parameter_sets", h265_shows_unit_headers_and_parameter_sets},
    {"h265_aggregates_show_sizes_headers_and_parameter_sets",
     h265_aggregates_show_sizes_headers_and_parameter_sets},
    {"av1_shows_its_aggregation_header", av1_shows_its_aggregation_header},
    {"opus_shows_its_toc", opus_shows_its_toc},
};

int main(void)
{
    return rs_test_main("codec_rules", tests, sizeof(tests) / sizeof(tests[0]));
}
