/* SPDX-License-Identifier: BSD-3-Clause */
/* Which plain frames are known, byte for byte, and for which codec. */
#include "dataplane/injected.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/hex.h"
#include "tests/support/runner.h"

#define SILENCE "f8fffe"
#define VP8_KEY                                                                                    \
    "1002009d012a08000800004708858588858488020200"                                                 \
    "0c0d6000feffab5080"
#define SPS                                                                                        \
    "6742c01f0fd91f8888840000030004000003"                                                         \
    "00c83c60c920"
#define PPS "6887cb83cb20"
#define IDR "6588840af2628000a7be"
#define STAP_A                                                                                     \
    "18"                                                                                           \
    "0018" SPS "0006" PPS "000a" IDR

struct row {
    const char *name, *codec, *payload;
};

static const struct row known[] = {
    {"silence", "opus", SILENCE},
    {"one byte of descriptor", "VP8", "10" VP8_KEY},
    {"a descriptor with an empty extension", "VP8", "9000" VP8_KEY},
    {"a picture id of 7 bits", "VP8", "908011" VP8_KEY},
    {"a picture id of 15 bits", "VP8", "90809234" VP8_KEY},
    {"all that a descriptor can have", "VP8", "90f0923405e1" VP8_KEY},
    {"all units in one", "H264", STAP_A},
    {"SPS", "H264", SPS},
    {"PPS", "H264", PPS},
    {"IDR slice", "H264", IDR},
};

static const struct row unknown[] = {
    {"silence, cut", "opus", "f8ff"},
    {"silence and a byte", "opus", SILENCE "00"},
    {"another TOC", "opus", "f9fffe"},
    {"a frame of Opus", "opus", "fc0102030405060708"},
    {"its TOC alone", "opus", "f8"},
    {"VP8 without a descriptor", "VP8", VP8_KEY},
    {"a descriptor alone", "VP8", "90809234"},
    {"a descriptor past the end", "VP8", "9080"},
    {"VP8, a byte more", "VP8", "10" VP8_KEY "00"},
    {"VP8, another size of picture", "VP8",
     "10"
     "1002009d012a10001000004708858588858488020200"
     "0c0d6000feffab5080"},
    {"VP8, an inter frame", "VP8",
     "10"
     "1102009d012a08000800004708858588858488020200"
     "0c0d6000feffab5080"},
    {"STAP-A without its last unit", "H264",
     "18"
     "0018" SPS "0006" PPS},
    {"STAP-A in another order", "H264",
     "18"
     "0006" PPS "0018" SPS "000a" IDR},
    {"STAP-A of which a bit differs", "H264",
     "18"
     "0018" SPS "0006" PPS "000a"
     "6588840af2628000a7bf"},
    {"STAP-A with another NRI", "H264",
     "78"
     "0018" SPS "0006" PPS "000a" IDR},
    {"a size past the end", "H264",
     "18"
     "0019" SPS "0006" PPS "000a" IDR},
    {"SPS, a byte more", "H264", SPS "00"},
    {"another PPS", "H264", "6887cb83cb21"},
    {"IDR slice, cut", "H264", "6588840af2628000a7"},
    {"silence as VP8", "VP8", SILENCE},
    {"silence as H264", "H264", SILENCE},
    {"silence as G.711", "PCMU", SILENCE},
    {"silence as RED", "red", "6f" SILENCE},
    {"blank VP8 as VP9", "VP9", "10" VP8_KEY},
    {"blank VP8 as opus", "opus", "10" VP8_KEY},
    {"blank H264 as H265", "H265", STAP_A},
    {"blank H264 as AV1", "AV1", STAP_A},
    {"silence as an unnamed codec", "other", SILENCE},
};

/* In memory of exactly its size, so that a sanitizer sees a step beyond. */
static bool has(const struct rs_injected_set *set, struct rs_format format, const struct row *row)
{
    const size_t bytes = strlen(row->payload) / 2;
    uint8_t *payload = malloc(bytes);
    bool found;

    CU_ASSERT_EQUAL_FATAL(rs_hex_decode(row->payload, payload, bytes), bytes);
    found = rs_injected_has(set, format, payload, bytes);
    free(payload);
    return found;
}

static struct rs_format format_of(const struct row *row)
{
    return (struct rs_format){.codec = rs_codec_find(row->codec)};
}

static void check(const struct row *rows, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++) {
        if (has(&rs_injected_known, format_of(&rows[i]), &rows[i]) != expected)
            printf("row %s\n", rows[i].name);
        CU_ASSERT_EQUAL(has(&rs_injected_known, format_of(&rows[i]), &rows[i]), expected);
        CU_ASSERT(!has(&rs_injected_none, format_of(&rows[i]), &rows[i]));
    }
}

static void known_frames_are_known_for_their_codec(void)
{
    check(known, sizeof(known) / sizeof(known[0]), true);
}

static void nothing_else_is_known(void)
{
    check(unknown, sizeof(unknown) / sizeof(unknown[0]), false);
}

static void a_frame_in_a_retransmission_is_not_known(void)
{
    static const struct row row = {"RTX", "opus", "1234" SILENCE};

    CU_ASSERT(!has(&rs_injected_known, (struct rs_format){rs_codec_find("opus"), true}, &row));
    CU_ASSERT(!has(&rs_injected_known, (struct rs_format){rs_codec_find("opus"), true}, &known[0]));
}

static void a_payload_type_without_a_name_has_no_known_frame(void)
{
    CU_ASSERT(!has(&rs_injected_known, (struct rs_format){NULL, false}, &known[0]));
}

static void every_bit_counts(void)
{
    uint8_t payload[64];
    const size_t bytes = rs_hex_decode(STAP_A, payload, sizeof(payload));
    const struct rs_format format = {.codec = rs_codec_find("H264")};

    CU_ASSERT(rs_injected_has(&rs_injected_known, format, payload, bytes));
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CU_ASSERT(!rs_injected_has(&rs_injected_known, format, payload, bytes));
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"known_frames_are_known_for_their_codec", known_frames_are_known_for_their_codec},
        {"nothing_else_is_known", nothing_else_is_known},
        {"a_frame_in_a_retransmission_is_not_known", a_frame_in_a_retransmission_is_not_known},
        {"a_payload_type_without_a_name_has_no_known_frame",
         a_payload_type_without_a_name_has_no_known_frame},
        {"every_bit_counts", every_bit_counts},
    };

    return rs_test_main("injected", tests, sizeof(tests) / sizeof(tests[0]));
}
