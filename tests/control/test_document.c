/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML and JSON as JSON: rows of a text and what it is by the YAML core schema, or why it is not.
 */
#include "control/ctl/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/runner.h"

struct row {
    const char *text, *expected; /* as compact JSON; of what is refused "line:column: text" */
};

static void check(const struct row *row)
{
    struct rs_document_error error = {0};
    json_t *document = NULL;
    char *got = NULL;

    if (rs_document_parse(row->text, strlen(row->text), &document, &error) == 0)
        got = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
    else if (asprintf(&got, "%zu:%zu: %s", error.line, error.column, error.text) < 0)
        got = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    if (strncmp(got, row->expected, strlen(row->expected)) != 0 ||
        (document != NULL && strlen(got) != strlen(row->expected)))
        printf("%s\n  is %s\n  and not %s\n", row->text, got, row->expected);
    CU_ASSERT_EQUAL(strncmp(got, row->expected, strlen(row->expected)), 0);
    CU_ASSERT_TRUE(document == NULL || strlen(got) == strlen(row->expected));
    free(got);
    json_decref(document);
}

#define CHECK_ALL(rows)                                                                            \
    for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                                  \
    check(&(rows)[i])

/* YAML 1.2.2, 10.3.2: the core schema; fractions stay text here. */
static void scalars_are_what_the_core_schema_says(void)
{
    static const struct row rows[] = {
        {"a: true", "{\"a\":true}"},
        {"a: FALSE", "{\"a\":false}"},
        {"a: True", "{\"a\":true}"},
        {"a: yes", "{\"a\":\"yes\"}"},
        {"a: on", "{\"a\":\"on\"}"},
        {"a: tRue", "{\"a\":\"tRue\"}"},
        {"a: null", "{\"a\":null}"},
        {"a: ~", "{\"a\":null}"},
        {"a:", "{\"a\":null}"},
        {"a: 17", "{\"a\":17}"},
        {"a: -12", "{\"a\":-12}"},
        {"a: +5", "{\"a\":5}"},
        {"a: 007", "{\"a\":7}"},
        {"a: 0x1F", "{\"a\":31}"},
        {"a: 0o17", "{\"a\":15}"},
        {"a: 0o18", "{\"a\":\"0o18\"}"},
        {"a: 0xfg", "{\"a\":\"0xfg\"}"},
        {"a: 0x", "{\"a\":\"0x\"}"},
        {"a: -0x1f", "{\"a\":\"-0x1f\"}"},
        {"a: --1", "{\"a\":\"--1\"}"},
        {"a: 1_000", "{\"a\":\"1_000\"}"},
        {"a: 12:30", "{\"a\":\"12:30\"}"},
        {"a: 1.5", "{\"a\":\"1.5\"}"},
        {"a: 2026-01-01", "{\"a\":\"2026-01-01\"}"},
        {"a: 9223372036854775807", "{\"a\":9223372036854775807}"},
        {"a: 9223372036854775808", "{\"a\":\"9223372036854775808\"}"},
        {"a: '17'", "{\"a\":\"17\"}"},
        {"a: \"true\"", "{\"a\":\"true\"}"},
        {"a: 'null'", "{\"a\":\"null\"}"},
        {"a: ''", "{\"a\":\"\"}"},
        {"a: |\n  17\n", "{\"a\":\"17\\n\"}"},
        {"a: \"\\u00e4\"", "{\"a\":\"\xc3\xa4\"}"},
        {"a: 198.51.100.1", "{\"a\":\"198.51.100.1\"}"},
    };

    CHECK_ALL(rows);
}

static void keys_are_text_as_it_stands(void)
{
    static const struct row rows[] = {
        {"96: {codec: VP8}", "{\"96\":{\"codec\":\"VP8\"}}"},
        {"0x10: 1", "{\"0x10\":1}"},
        {"true: 1", "{\"true\":1}"},
        {"'a b': 1", "{\"a b\":1}"},
        {"? a\n: 1", "{\"a\":1}"},
    };

    CHECK_ALL(rows);
}

static void lists_and_mappings_nest(void)
{
    static const struct row rows[] = {
        {"- a\n- [1, 2]\n- {b: []}\n- - 3\n", "[\"a\",[1,2],{\"b\":[]},[3]]"},
        {"a:\n- b: 1\n  c: {}\n- d: [{e: 1}, 2]\nf: 3\n",
         "{\"a\":[{\"b\":1,\"c\":{}},{\"d\":[{\"e\":1},2]}],\"f\":3}"},
        {"# a comment\n---\na: 1 # another\n...\n", "{\"a\":1}"},
        {"a", "\"a\""},
    };

    CHECK_ALL(rows);
}

static void json_is_taken_as_it_is(void)
{
    static const struct row rows[] = {
        {"{\"a\": [1, -2, true, null, \"x\"]}", "{\"a\":[1,-2,true,null,\"x\"]}"},
        {"{\n\t\"a\":\t1\n}\n", "{\"a\":1}"},
        {"{\"a\": \"\\/ \\ud83d\\ude00\"}", "{\"a\":\"/ \xf0\x9f\x98\x80\"}"},
        {" {}", "{}"},
    };

    CHECK_ALL(rows);
}

static void what_is_not_taken_is_refused_with_its_place(void)
{
    static const struct row rows[] = {
        {"", "1:1: there is nothing in it"},
        {"# nothing\n", "2:1: there is nothing in it"},
        {"a: 1\nb: 2\na: 3\n", "3:1: this key is there already"},
        {"{\"a\": 1, \"a\": 2}", "1:10: this key is there already"},
        {"a: &x 1\nb: *x\n", "1:4: anchors"},
        {"a: &x [1]\n", "1:4: anchors"},
        {"&x a: 1\n", "1:1: anchors"},
        {"a: *x\n", "1:4: aliases"},
        {"a: !!str 5\n", "1:4: anchors (&name) and tags"},
        {"a: !!map {}\n", "1:4: anchors (&name) and tags"},
        {"a: !secret x\n", "1:4: anchors (&name) and tags"},
        {"[a]: 1\n", "1:1: a key is a plain text"},
        {"{a: 1}: 1\n", "1:1: a key is a plain text"},
        {"a: 1\n---\nb: 2\n", "2:1: a second document begins here"},
        {"a: [1, 2\n", "2:1: did not find expected"},
        {"a: \"x\n", "2:1: found unexpected end of stream"},
        {"a: 1\n b: 2\n", "2:3: mapping values are not allowed"},
        {"{\"a\" 1}", "1:6: did not find expected ',' or '}'"},
        {"{\"a\": 1", "2:1: did not find expected ',' or '}'"},
        {"a: \"\\0\"", "1:4: a NUL is not taken"},
        {"\"a\\0b\": 1", "1:1: a NUL is not taken"},
        {"a: \xff\n", "1:1: invalid leading UTF-8 octet"},
        {"a: @x\n", "1:4: found character that cannot start any token"},
    };

    CHECK_ALL(rows);
}

static void nesting_has_an_end(void)
{
    char text[128];
    struct rs_document_error error;
    json_t *document = NULL;

    for (int depth = 31; depth <= 34; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        if (depth <= 32) {
            CU_ASSERT_EQUAL(rs_document_parse(text, 2 * (size_t)depth, &document, &error), 0);
            json_decref(document);
        } else {
            CU_ASSERT_EQUAL(rs_document_parse(text, 2 * (size_t)depth, &document, &error), -22);
            CU_ASSERT_STRING_EQUAL(error.text, "nested too deep");
        }
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"scalars_are_what_the_core_schema_says", scalars_are_what_the_core_schema_says},
        {"keys_are_text_as_it_stands", keys_are_text_as_it_stands},
        {"lists_and_mappings_nest", lists_and_mappings_nest},
        {"json_is_taken_as_it_is", json_is_taken_as_it_is},
        {"what_is_not_taken_is_refused_with_its_place",
         what_is_not_taken_is_refused_with_its_place},
        {"nesting_has_an_end", nesting_has_an_end},
    };

    return rs_test_main("document", tests, sizeof(tests) / sizeof(tests[0]));
}
