/* SPDX-License-Identifier: BSD-3-Clause */
/* SFrame headers against RFC 9605's vectors; the trailer by bytes written by hand. */
#include "dataplane/wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/support/hex.h"
#include "tests/support/runner.h"

/* The file as a string with every number in quotes: jansson's integers end at 2^63. */
static char *read_with_quoted_numbers(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0, n = 0;
    int c, previous = 0;
    bool in_string = false;

    if (file == NULL)
        return NULL;
    while ((c = fgetc(file)) != EOF) {
        if (n + 4 > size) {
            size = 2 * size + 4096;
            text = realloc(text, size);
            if (text == NULL)
                break;
        }
        in_string ^= c == '"';
        if (!in_string && (isdigit(c) != 0) != (isdigit(previous) != 0))
            text[n++] = '"';
        text[n++] = (char)c;
        previous = in_string ? 0 : c;
        text[n] = '\0';
    }
    fclose(file);
    return text;
}

static json_t *load_header_vectors(void)
{
    char *text = read_with_quoted_numbers(RS_VECTORS "/sframe-rfc9605.json");
    json_error_t error;
    json_t *root;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    root = json_loads(text, 0, &error);
    if (root == NULL)
        printf("  line %d: %s\n", error.line, error.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    free(text);
    return root;
}

static void check_header_vector(uint64_t kid, uint64_t ctr, const char *encoded)
{
    uint8_t expected[32], written[RS_WIRE_HEADER_BYTES];
    const size_t bytes = rs_hex_decode(encoded, expected, sizeof(expected));
    uint64_t read_kid = ~kid, read_ctr = ~ctr;

    CU_ASSERT_FATAL(bytes >= 1 && bytes <= RS_WIRE_HEADER_BYTES);
    CU_ASSERT_EQUAL_FATAL(rs_sframe_header_write(kid, ctr, written), bytes);
    CU_ASSERT_EQUAL(memcmp(written, expected, bytes), 0);
    for (size_t cut = 0; cut < bytes; cut++)
        CU_ASSERT_EQUAL(rs_sframe_header_parse(expected, cut, &read_kid, &read_ctr), 0);
    CU_ASSERT(read_kid == ~kid && read_ctr == ~ctr);
    CU_ASSERT_EQUAL(rs_sframe_header_parse(expected, bytes, &read_kid, &read_ctr), bytes);
    CU_ASSERT_EQUAL(read_kid, kid);
    CU_ASSERT_EQUAL(read_ctr, ctr);
    /* What follows the header is not its business. */
    CU_ASSERT_EQUAL(rs_sframe_header_parse(expected, sizeof(expected), &read_kid, &read_ctr),
                    bytes);
}

static void headers_are_written_and_read_as_the_rfc_has_them(void)
{
    json_t *root = load_header_vectors();
    json_t *header, *vector;
    size_t i;

    header = json_object_get(root, "header");
    CU_ASSERT_EQUAL(json_array_size(header), 289);
    json_array_foreach(header, i, vector) {
        const char *kid = json_string_value(json_object_get(vector, "kid"));
        const char *ctr = json_string_value(json_object_get(vector, "ctr"));
        const char *encoded = json_string_value(json_object_get(vector, "encoded"));

        CU_ASSERT_FATAL(kid != NULL && ctr != NULL && encoded != NULL);
        check_header_vector(strtoull(kid, NULL, 10), strtoull(ctr, NULL, 10), encoded);
    }
    json_decref(root);
}

#define KID   "c11dde63f0761940"
#define CTR   "b5deb51e00000007"
#define LOW_K "411dde63f0761940" /* the same without the top bit */
#define LOW_C "35deb51e00000007"

struct row {
    const char *name;
    const char *payload;
    enum rs_wire_status status;
    bool whole;
};

static const struct row rows[] = {
    {"trailer alone", "ff" KID CTR "51", RS_WIRE_OK, false},
    {"trailer alone, whole", "ff" KID CTR "71", RS_WIRE_OK, true},
    {"behind a body and a tag", "0102030405060708090a0b0c ff" KID CTR "51", RS_WIRE_OK, false},
    {"nothing", "", RS_WIRE_NOT_SEALED, false},
    {"T alone", "51", RS_WIRE_NOT_SEALED, false},
    {"17 bytes", KID CTR "51", RS_WIRE_NOT_SEALED, false},
    {"header length 16", "ff" KID CTR "50", RS_WIRE_NOT_SEALED, false},
    {"header length 18", "ff" KID CTR "52", RS_WIRE_NOT_SEALED, false},
    {"header length 0", "ff" KID CTR "40", RS_WIRE_NOT_SEALED, false},
    {"config byte of 7-byte KID", "ef" KID CTR "51", RS_WIRE_NOT_SEALED, false},
    {"config byte of 7-byte CTR", "fe" KID CTR "51", RS_WIRE_NOT_SEALED, false},
    {"config byte without X", "7f" KID CTR "51", RS_WIRE_NOT_SEALED, false},
    {"config byte without Y", "f7" KID CTR "51", RS_WIRE_NOT_SEALED, false},
    {"top bit of KID is 0", "ff" LOW_K CTR "51", RS_WIRE_NOT_SEALED, false},
    {"top bit of CTR is 0", "ff" KID LOW_C "51", RS_WIRE_NOT_SEALED, false},
    {"both top bits are 0", "ff" LOW_K LOW_C "51", RS_WIRE_NOT_SEALED, false},
    {"trailer not at the end", "ff" KID CTR "5100", RS_WIRE_NOT_SEALED, false},
    {"version 0", "ff" KID CTR "11", RS_WIRE_BAD_VERSION, false},
    {"version 2", "ff" KID CTR "91", RS_WIRE_BAD_VERSION, false},
    {"version 3, whole", "ff" KID CTR "f1", RS_WIRE_BAD_VERSION, false},
    {"version 2 and header length 16", "ff" KID CTR "90", RS_WIRE_NOT_SEALED, false},
    {"version 2 and no config byte", "00" KID CTR "91", RS_WIRE_NOT_SEALED, false},
    {"version 2 and a top bit 0", "ff" LOW_K CTR "91", RS_WIRE_NOT_SEALED, false},
};

static void check_row(const struct row *row)
{
    uint8_t payload[64], *copy;
    const size_t bytes = rs_hex_decode(row->payload, payload, sizeof(payload));
    struct rs_trailer trailer = {.kid = 1, .ctr = 2, .whole = !row->whole};
    enum rs_wire_status status;

    CU_ASSERT_NOT_EQUAL_FATAL(bytes, SIZE_MAX);
    copy = malloc(bytes > 0 ? bytes : 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, payload, bytes);
    status = rs_wire_parse(copy, bytes, &trailer);
    free(copy);
    if (status != row->status)
        printf("  %s: %d\n", row->name, (int)status);
    CU_ASSERT_EQUAL(status, row->status);
    if (row->status != RS_WIRE_OK) {
        CU_ASSERT(trailer.kid == 1 && trailer.ctr == 2 && trailer.whole == !row->whole);
        return;
    }
    CU_ASSERT_EQUAL(trailer.kid, UINT64_C(0xc11dde63f0761940));
    CU_ASSERT_EQUAL(trailer.ctr, UINT64_C(0xb5deb51e00000007));
    CU_ASSERT_EQUAL(trailer.whole, row->whole);
}

static void trailers_are_read_from_the_end_or_refused_by_name(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i]);
}

static void trailers_are_written_as_specified(void)
{
    struct rs_trailer trailer = {UINT64_C(0xc11dde63f0761940), UINT64_C(0xb5deb51e00000007), false};
    uint8_t written[RS_WIRE_TRAILER_BYTES];
    char hex[2 * RS_WIRE_TRAILER_BYTES + 1];

    rs_wire_write(&trailer, written);
    rs_hex_encode(written, sizeof(written), hex);
    CU_ASSERT_STRING_EQUAL(hex, "ff" KID CTR "51");
    trailer.whole = true;
    rs_wire_write(&trailer, written);
    rs_hex_encode(written, sizeof(written), hex);
    CU_ASSERT_STRING_EQUAL(hex, "ff" KID CTR "71");
}

/* 1 | sender id (43) | suite code (4) | key tag (16);  1 | prefix (31) | count (32) */
static void kid_and_ctr_are_put_together_as_specified(void)
{
    CU_ASSERT_EQUAL(rs_kid_make(UINT64_C(0x411dde63f07), 6, 0x1940), UINT64_C(0xc11dde63f0761940));
    CU_ASSERT_EQUAL(rs_ctr_make(0x35deb51e, 7), UINT64_C(0xb5deb51e00000007));
    CU_ASSERT_EQUAL(rs_kid_make(0, 0, 0), UINT64_C(0x8000000000000000));
    CU_ASSERT_EQUAL(rs_kid_make(UINT64_C(0x7ffffffffff), 15, 0xffff), UINT64_MAX);
    CU_ASSERT_EQUAL(rs_ctr_make(0, 0), UINT64_C(0x8000000000000000));
    CU_ASSERT_EQUAL(rs_ctr_make(0x7fffffff, UINT32_MAX), UINT64_MAX);
}

static void excess_bits_do_not_spill_into_other_fields(void)
{
    CU_ASSERT_EQUAL(rs_kid_make(UINT64_C(1) << 43, 0, 0), UINT64_C(0x8000000000000000));
    CU_ASSERT_EQUAL(rs_kid_make(UINT64_MAX, 0, 0), UINT64_C(0xfffffffffff00000));
    CU_ASSERT_EQUAL(rs_kid_make(0, 0xf6, 0), UINT64_C(0x8000000000060000));
    CU_ASSERT_EQUAL(rs_ctr_make(UINT32_MAX, 0), UINT64_C(0xffffffff00000000));
}

static void kid_and_ctr_come_apart_again(void)
{
    CU_ASSERT_EQUAL(rs_kid_suite_code(UINT64_C(0xc11dde63f0761940)), 6);
    CU_ASSERT_EQUAL(rs_kid_key_tag(UINT64_C(0xc11dde63f0761940)), 0x1940);
    CU_ASSERT_EQUAL(rs_ctr_count(UINT64_C(0xb5deb51e00000007)), 7);
    CU_ASSERT_EQUAL(rs_kid_suite_code(UINT64_C(0xfffffffffff0ffff)), 0);
    CU_ASSERT_EQUAL(rs_kid_suite_code(UINT64_C(0x80000000000f0000)), 15);
    CU_ASSERT_EQUAL(rs_kid_key_tag(UINT64_C(0xffffffffffff0000)), 0);
    CU_ASSERT_EQUAL(rs_ctr_count(UINT64_MAX), UINT32_MAX);
    CU_ASSERT_EQUAL(rs_ctr_count(UINT64_C(0xffffffff00000000)), 0);
}

static const struct rs_test tests[] = {
    {"headers_are_written_and_read_as_the_rfc_has_them",
     headers_are_written_and_read_as_the_rfc_has_them},
    {"trailers_are_read_from_the_end_or_refused_by_name",
     trailers_are_read_from_the_end_or_refused_by_name},
    {"trailers_are_written_as_specified", trailers_are_written_as_specified},
    {"kid_and_ctr_are_put_together_as_specified", kid_and_ctr_are_put_together_as_specified},
    {"excess_bits_do_not_spill_into_other_fields", excess_bits_do_not_spill_into_other_fields},
    {"kid_and_ctr_come_apart_again", kid_and_ctr_come_apart_again},
};

int main(void)
{
    return rs_test_main("wire", tests, sizeof(tests) / sizeof(tests[0]));
}
