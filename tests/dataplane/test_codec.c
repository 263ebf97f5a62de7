/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of codecs, and all rules at once: against payloads that an independent model sealed,
 * and on noise. */
#include "dataplane/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/support/format.h"
#include "tests/support/hex.h"
#include "tests/support/layout.h"
#include "tests/support/runner.h"

enum { BODY_MAX_BYTES = 65535 };

static void codecs_are_found_by_name_without_case(void)
{
    CU_ASSERT_EQUAL(rs_codec_find("VP8")->number, 1);
    CU_ASSERT_EQUAL(rs_codec_find("vp9")->number, 2);
    CU_ASSERT_EQUAL(rs_codec_find("h264")->number, 3);
    CU_ASSERT_EQUAL(rs_codec_find("h265")->number, 4);
    CU_ASSERT_EQUAL(rs_codec_find("av1")->number, 5);
    CU_ASSERT_EQUAL(rs_codec_find("Opus")->number, 6);
    CU_ASSERT_EQUAL(rs_codec_find("other")->number, 0);
    CU_ASSERT_PTR_NULL(rs_codec_find(""));
    CU_ASSERT_PTR_NULL(rs_codec_find("VP"));
    CU_ASSERT_PTR_NULL(rs_codec_find("VP80"));
    CU_ASSERT_PTR_NULL(rs_codec_find("H.264"));
    CU_ASSERT_PTR_NULL(rs_codec_find("HEVC"));
    CU_ASSERT_PTR_NULL(rs_codec_find("rtx"));
}

static void a_codec_without_a_rule_has_number_0_and_only_such_a_one(void)
{
    static const char *const names[] = {
        "PCMU", "PCMA",   "G711",    "G722",       "CN",   "telephone-event",
        "red",  "ulpfec", "flexfec", "flexfec-03", "other"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct rs_codec *codec = rs_codec_find(names[i]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(codec);
        CU_ASSERT_PTR_NULL(codec->layout);
    }
    CU_ASSERT_PTR_NOT_NULL(rs_codec_find("other"));
    for (size_t i = 0; i < rs_codec_count; i++)
        CU_ASSERT_EQUAL(rs_codecs[i].layout == NULL, rs_codecs[i].number == RS_CODEC_OTHER);
}

/* Whether each byte that the layout calls free or clear is the same in both, and each run sealed
 * differs. A sealed run of under 4 bytes may be the same by chance. */
static bool agrees_with_sealed(const struct rs_layout *layout, const uint8_t *plain,
                               const uint8_t *sealed)
{
    size_t at = layout->free;

    if (memcmp(plain, sealed, at) != 0)
        return false;
    for (unsigned int i = 0; i < layout->run_count; i++) {
        const struct rs_run *run = &layout->runs[i];

        for (size_t end = at + run->clear; at < end; at++) {
            const bool grows =
                layout->last_size_offset != 0 &&
                (at == layout->last_size_offset || at == layout->last_size_offset + 1u);

            if (plain[at] != sealed[at] && !grows)
                return false;
        }
        if (run->sealed >= 4 && memcmp(plain + at, sealed + at, run->sealed) == 0)
            return false;
        at += run->sealed;
    }
    return true;
}

static size_t decode(json_t *packet, const char *key, uint8_t *out, size_t max)
{
    const char *text = json_string_value(json_object_get(packet, key));

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    return rs_hex_decode(text, out, max);
}

/* One packet that the model sealed: O says whether it parsed, and the bytes that did not change
 * are those that stay clear. The sealed body must lay out as the plain one did. */
static void check_model_packet(struct rs_format format, json_t *packet)
{
    uint8_t plain[2048], sealed[2048];
    const size_t bytes = decode(packet, "plain", plain, sizeof(plain));
    const size_t sealed_bytes = decode(packet, "sealed", sealed, sizeof(sealed));
    char text[RS_LAYOUT_TEXT_BYTES], sealed_text[RS_LAYOUT_TEXT_BYTES] = "-";
    struct rs_layout layout, again;
    bool whole, parsed;

    CU_ASSERT_FATAL(bytes >= 1 && bytes <= sizeof(plain) && sealed_bytes <= sizeof(sealed) &&
                    sealed_bytes > bytes);
    whole = (sealed[sealed_bytes - 1] & 0x20) != 0;
    parsed = rs_layout_exact(format, plain, bytes, 0, &layout);
    CU_ASSERT_EQUAL(parsed, !whole);
    if (parsed && !whole) {
        CU_ASSERT(agrees_with_sealed(&layout, plain, sealed));
        rs_layout_print(&layout, text);
        if (rs_layout_exact(format, sealed, bytes, sealed_bytes - bytes, &again))
            rs_layout_print(&again, sealed_text);
        free(again.runs);
        CU_ASSERT_STRING_EQUAL(text, sealed_text);
    }
    free(layout.runs);
}

static void layouts_agree_with_what_an_independent_model_sealed(void)
{
    json_t *root = json_load_file(RS_VECTORS "/sealed-payloads.json", 0, NULL);
    json_t *group, *packet;
    size_t i, k, checked = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    json_array_foreach(root, i, group) {
        json_array_foreach(json_object_get(group, "packets"), k, packet) {
            const char *name = json_string_value(json_object_get(packet, "codec"));

            CU_ASSERT_PTR_NOT_NULL_FATAL(name);
            check_model_packet(rs_test_format(name), packet);
            checked++;
        }
    }
    CU_ASSERT(checked >= 300);
    json_decref(root);
}

/* The parts of a layout are the body, no more and no less; each run but the last has sealed bytes,
 * each but the first has clear ones. */
static bool is_well_formed(const struct rs_layout *layout, size_t bytes)
{
    size_t sum = layout->free;

    for (unsigned int i = 0; i < layout->run_count; i++) {
        const struct rs_run *run = &layout->runs[i];

        if ((run->sealed == 0 && i + 1u < layout->run_count) || (run->clear == 0 && i > 0) ||
            run->clear + run->sealed == 0)
            return false;
        sum += (size_t)run->clear + run->sealed;
    }
    if (layout->run_count == 0 && layout->free != bytes)
        return false;
    return sum == bytes && layout->run_count <= RS_LAYOUT_MAX_RUNS(bytes) &&
           (layout->last_size_offset == 0 || layout->last_size_offset + 2u < bytes);
}

/* Noise of few distinct values, so that sizes and flags come out meaningful often enough. */
static size_t draw_body(uint8_t *body, size_t max)
{
    static const uint8_t first[] = {0x10, 0x90, 0x78, 0x7c, 0xfe, 0x0a,
                                    0xd8, 0x67, 0x60, 0x62, 0x42};
    const size_t bytes = 1 + (size_t)rand() % max;

    for (size_t i = 0; i < bytes; i++)
        body[i] = (uint8_t)(rand() % 2 == 0 ? (rand() >> 8) % 4 : rand() >> 8);
    if (rand() % 2 == 0)
        body[0] = first[(size_t)rand() % sizeof(first)];
    return bytes;
}

static void parts_of_random_bodies_always_add_up_to_the_whole(void)
{
    unsigned int parsed = 0, refused = 0, broken = 0;

    srand(6184);
    for (int i = 0; i < 60000; i++) {
        uint8_t body[64];
        const size_t bytes = draw_body(body, sizeof(body));
        const size_t grown_by = i % 2 == 0 ? 0 : 28;

        for (size_t k = 0; k < 2 * rs_codec_count; k++) {
            const struct rs_format format = {&rs_codecs[k / 2], k % 2 == 1};
            struct rs_layout layout;

            if (rs_layout_exact(format, body, bytes, grown_by, &layout)) {
                parsed++;
                broken += !is_well_formed(&layout, bytes);
            } else {
                refused++;
            }
            free(layout.runs);
        }
    }
    CU_ASSERT_EQUAL(broken, 0);
    CU_ASSERT(parsed > 10000);
    CU_ASSERT(refused > 10000);
}

/* The longest body of the smallest units: as many runs as there can be. */
static void the_longest_aggregate_fits_into_the_runs_a_caller_provides(void)
{
    const struct rs_format format = rs_test_format("H264");
    uint8_t *body = calloc(1, BODY_MAX_BYTES);
    struct rs_layout layout;
    size_t bytes = 1;

    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    body[0] = 0x78;
    for (; bytes + 4 <= 65535; bytes += 4) {
        body[bytes + 1] = 2;
        body[bytes + 2] = 0x41;
    }
    CU_ASSERT(rs_layout_exact(format, body, bytes, 0, &layout));
    CU_ASSERT(is_well_formed(&layout, bytes));
    CU_ASSERT_EQUAL(layout.run_count, (bytes - 1) / 4);
    CU_ASSERT_EQUAL(layout.last_size_offset, bytes - 4);
    free(layout.runs);
    free(body);
}

static const struct rs_test tests[] = {
    {"codecs_are_found_by_name_without_case", codecs_are_found_by_name_without_case},
    {"a_codec_without_a_rule_has_number_0_and_only_such_a_one",
     a_codec_without_a_rule_has_number_0_and_only_such_a_one},
    {"layouts_agree_with_what_an_independent_model_sealed",
     layouts_agree_with_what_an_independent_model_sealed},
    {"parts_of_random_bodies_always_add_up_to_the_whole",
     parts_of_random_bodies_always_add_up_to_the_whole},
    {"the_longest_aggregate_fits_into_the_runs_a_caller_provides",
     the_longest_aggregate_fits_into_the_runs_a_caller_provides},
};

int main(void)
{
    return rs_test_main("codec", tests, sizeof(tests) / sizeof(tests[0]));
}
