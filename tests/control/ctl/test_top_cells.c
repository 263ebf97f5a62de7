/* SPDX-License-Identifier: BSD-3-Clause */
/* How figures are written, and cells to lines. */
#include "control/ctl/top_cells.h"

#include <math.h>
#include <string.h>

#include "tests/support/runner.h"

static void numbers_keep_their_digits_up_to_99999_and_three_beyond(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {0.04, "0.0"},
        {0.25, "0.2"},
        {9.94, "9.9"},
        {9.96, "10"},
        {12.5, "12"},
        {999, "999"},
        {99999.4, "99999"},
        {99999.5, "100 k"},
        {123456, "123 k"},
        {999499, "999 k"},
        {999501, "1.00 M"},
        {1.234e6, "1.23 M"},
        {98.76e6, "98.8 M"},
        {9.994e9, "9.99 G"},
        {9.996e9, "10.0 G"},
        {1e12, "1.00 T"},
        {5e15, "5.00 P"},
        {7.5e18, "7500 P"},
        {NAN, "-"},
    };
    char text[RS_TOP_NUMBER_MAX];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rs_top_write_number(rows[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void ages_have_two_units(void)
{
    static const struct {
        double ms;
        const char *text;
    } rows[] = {
        {0, "0 s"},
        {999, "0 s"},
        {59999, "59 s"},
        {60000, "1 m 00 s"},
        {3599999, "59 m 59 s"},
        {3600000, "1 h 00 m"},
        {86399999, "23 h 59 m"},
        {86400000, "1 d 00 h"},
        {400.0 * 86400000 + 5 * 3600000, "400 d 05 h"},
        {-5, "0 s"},
        {NAN, "-"},
    };
    char text[RS_TOP_NUMBER_MAX];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rs_top_write_age(rows[i].ms, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static const struct rs_top_column columns[RS_TOP_COLUMNS_MAX + 1] = {
    {"NAME", 6, RS_TOP_NAMES}, {"way", 4, RS_TOP_LEFT}, {"figure", 6, RS_TOP_RIGHT}};

static void write_row(const char *name, int width, struct rs_top_line *line)
{
    struct rs_top_cells cells = {.count = 0};

    rs_top_cell_add(&cells, "%s", name);
    rs_top_cell_add(&cells, "seal");
    rs_top_cell_add_number(&cells, 7000);
    rs_top_cells_join(columns, &cells, width, line);
}

static void names_are_cut_where_there_is_no_room_and_grow_where_there_is(void)
{
    struct rs_top_line line;

    rs_top_headings_join(columns, 18, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "NAME   way  figure");
    write_row("camera", 18, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "camera seal   7000");
    write_row("cameras", 18, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "camer~ seal   7000");
    write_row("cameras", 20, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "cameras  seal   7000");
    write_row("cameras", 8, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "camer~ s");
    write_row("cameras", 0, &line);
    CU_ASSERT_STRING_EQUAL(line.text, "");
}

static void a_line_is_never_longer_than_asked_for(void)
{
    struct rs_top_line line;
    char name[300];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int width = 0; width < 400; width++) {
        write_row(name, width, &line);
        CU_ASSERT(strlen(line.text) <= (size_t)width);
        CU_ASSERT(strlen(line.text) <= RS_TOP_WIDTH_MAX);
    }
}

static void what_a_terminal_would_act_upon_is_taken_out(void)
{
    struct rs_top_line line;

    write_row("\033[2J\n\302\205", 40, &line);
    CU_ASSERT_PTR_NULL(strpbrk(line.text, "\033\n\302\205"));
    CU_ASSERT_EQUAL(strncmp(line.text, "?[2J???", 7), 0);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(numbers_keep_their_digits_up_to_99999_and_three_beyond),
    TEST(ages_have_two_units),
    TEST(names_are_cut_where_there_is_no_room_and_grow_where_there_is),
    TEST(a_line_is_never_longer_than_asked_for),
    TEST(what_a_terminal_would_act_upon_is_taken_out),
};

int main(void)
{
    return rs_test_main("ctl_top_cells", tests, sizeof(tests) / sizeof(tests[0]));
}
