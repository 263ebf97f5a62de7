/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Forms by table: what is read, and what is refused.
 */
#include "control/form.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/runner.h"

#define LONG_64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_128 LONG_64 LONG_64

/* The text may hold NULs: its size comes with it. */
#define TEXT(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t bytes;
    const char *a, *b; /* the values of "a" and "b.c"; NULL: not given */
} good[] = {
    {TEXT(""), NULL, NULL},
    {TEXT("a=1"), "1", NULL},
    {TEXT("a="), "", NULL},
    {TEXT("a=1&b.c=2"), "1", "2"},
    {TEXT("b.c=2&x=&a=1&y=z"), "1", "2"},
    {TEXT("%61=%31&b%2Ec=%7e"), "1", "~"},
    {TEXT("%61=%31&b%2ec=%7E"), "1", "~"},
    {TEXT("a=one+two%2Bthree"), "one two+three", NULL},
    {TEXT("a=1=2=3"), "1=2=3", NULL},
    {TEXT("a=%26%3D%25"), "&=%", NULL},
    {TEXT("a=%E2%82%AC"), "\xe2\x82\xac", NULL},
    {TEXT("A=1&B.c=2"), NULL, NULL},
    {TEXT("x=1&x=2"), NULL, NULL},
    {TEXT("a=" LONG_128), LONG_128, NULL},
};

static const struct {
    const char *text;
    size_t bytes;
    const char *param, *message;
} bad[] = {
    {TEXT("a"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("=1"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("="), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("&"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("&a=1"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("a=1&"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("a=1&&b.c=2"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("a=1&x"), "", "the form has a field that is not NAME=VALUE"},
    {TEXT("a=1&a=1"), "a", "the form has a field twice"},
    {TEXT("a=1&x=2&%61=3"), "a", "the form has a field twice"},
    {TEXT("b.c=&b.c="), "b.c", "the form has a field twice"},
    {TEXT("a=%"), "", "the form has a % without two hex digits"},
    {TEXT("a=%4"), "", "the form has a % without two hex digits"},
    {TEXT("a=%4&b.c=1"), "", "the form has a % without two hex digits"},
    {TEXT("a=%zz"), "", "the form has a % without two hex digits"},
    {TEXT("a=%4g"), "", "the form has a % without two hex digits"},
    {TEXT("a=%%41"), "", "the form has a % without two hex digits"},
    {TEXT("a=%u0041"), "", "the form has a % without two hex digits"},
    {TEXT("a=% 41"), "", "the form has a % without two hex digits"},
    {TEXT("a=%+1"), "", "the form has a % without two hex digits"},
    {TEXT("a=%4\0"), "", "the form has a % without two hex digits"},
    {TEXT("%=1"), "", "the form has a % without two hex digits"},
    {TEXT("x=%fg"), "", "the form has a % without two hex digits"},
    {TEXT("a=1 2"), "", "the form has a character that must be percent-encoded"},
    {TEXT("a=1\n"), "", "the form has a character that must be percent-encoded"},
    {TEXT("a=1\r\nb.c=2"), "", "the form has a character that must be percent-encoded"},
    {TEXT("a=1\0"), "", "the form has a character that must be percent-encoded"},
    {TEXT("\0a=1"), "", "the form has a character that must be percent-encoded"},
    {TEXT("a=\xe2\x82\xac"), "", "the form has a character that must be percent-encoded"},
    {TEXT("x\x7f=1"), "", "the form has a character that must be percent-encoded"},
    {TEXT("a=%00"), "", "the form has a control character"},
    {TEXT("a=1%00&b.c=2"), "", "the form has a control character"},
    {TEXT("a%00=1"), "", "the form has a control character"},
    {TEXT("x=%0d%0a"), "", "the form has a control character"},
    {TEXT("x=%7F"), "", "the form has a control character"},
    {TEXT("a=%80"), "", "the form is not UTF-8"},
    {TEXT("a=%ff%fe"), "", "the form is not UTF-8"},
    {TEXT("a=%c0%af"), "", "the form is not UTF-8"},
    {TEXT("a=%ed%a0%80"), "", "the form is not UTF-8"},
    {TEXT("a=%f5%80%80%80"), "", "the form is not UTF-8"},
    {TEXT("a=%e2%82"), "", "the form is not UTF-8"},
    {TEXT("%ff=1"), "", "the form is not UTF-8"},
    {TEXT("x=%ff"), "", "the form is not UTF-8"},
    {TEXT("a=" LONG_128 "x"), "a", "the form has a value that is too long"},
};

enum { A, B, FIELDS };

static bool is_value(const struct rs_form_field *field, const char *expected)
{
    return expected == NULL ? !field->given : field->given && strcmp(field->value, expected) == 0;
}

static void each_good_form_gives_its_values(void)
{
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct rs_form_field fields[FIELDS] = {{.name = "a", .given = true}, {.name = "b.c"}};
        struct rs_error error = {0};
        const int result = rs_form_read(good[i].text, good[i].bytes, fields, FIELDS, &error);
        const bool right =
            result == 0 && is_value(&fields[A], good[i].a) && is_value(&fields[B], good[i].b);

        if (!right)
            printf("    row %zu: %s\n", i, error.message);
        CU_ASSERT(right);
    }
}

static void each_bad_form_is_refused_with_what_is_wrong(void)
{
    CU_ASSERT(sizeof(bad) / sizeof(bad[0]) > sizeof(good) / sizeof(good[0]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rs_form_field fields[FIELDS] = {{.name = "a"}, {.name = "b.c"}};
        struct rs_error error = {0};
        const int result = rs_form_read(bad[i].text, bad[i].bytes, fields, FIELDS, &error);
        const bool right = result == -1 && error.reason == RS_E_INVALID_PARAMS &&
                           strcmp(error.param, bad[i].param) == 0 &&
                           strcmp(error.message, bad[i].message) == 0;

        if (!right)
            printf("    row %zu: %d %s\n", i, result, error.message);
        CU_ASSERT(right);
    }
}

static const struct rs_test tests[] = {
    {"each_good_form_gives_its_values", each_good_form_gives_its_values},
    {"each_bad_form_is_refused_with_what_is_wrong", each_bad_form_is_refused_with_what_is_wrong},
};

int main(void)
{
    return rs_test_main("form", tests, sizeof(tests) / sizeof(tests[0]));
}
