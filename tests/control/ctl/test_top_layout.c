/* SPDX-License-Identifier: BSD-3-Clause */
/* Panes on screens of every height: none overlaps another, none leaves the screen. */
#include "control/ctl/top_layout.h"

#include "tests/support/runner.h"

enum { FIRST = 3 };

static const size_t few[RS_TOP_PANES] = {2, 1, 0, 0, 3, 2};
static const size_t many[RS_TOP_PANES] = {128, 64, 60, 100, 200, 200};

/* Rows that are taken; fails where a pane does not begin where the one before it ends. */
static int rows_of(const struct rs_top_box boxes[RS_TOP_PANES])
{
    int row = FIRST;

    for (int i = 0; i < RS_TOP_PANES; i++) {
        if (boxes[i].lines == 0)
            continue;
        CU_ASSERT_EQUAL(boxes[i].top, row);
        CU_ASSERT(boxes[i].lines > 0);
        row += 1 + boxes[i].lines;
    }
    return row - FIRST;
}

static void every_height_is_used_and_none_exceeded(void)
{
    struct rs_top_box boxes[RS_TOP_PANES];

    for (int rows = -3; rows < 300; rows++) {
        for (int selected = 0; selected < RS_TOP_PANES; selected++) {
            for (int extent = RS_TOP_ALL_PANES; extent <= RS_TOP_ONE_PANE; extent++) {
                rs_top_layout(FIRST, rows, many, (enum rs_top_pane)selected,
                              (enum rs_top_extent)extent, boxes);
                CU_ASSERT(rows_of(boxes) <= (rows > 0 ? rows : 0));
                CU_ASSERT_EQUAL(boxes[selected].lines > 0, rows >= 2);
                if (rows >= 2 && rows <= 60)
                    CU_ASSERT_EQUAL(rows_of(boxes), rows);
            }
        }
    }
}

static void all_panes_are_there_from_twelve_rows_on(void)
{
    struct rs_top_box boxes[RS_TOP_PANES];

    for (int rows = 12; rows < 60; rows++) {
        rs_top_layout(FIRST, rows, few, RS_TOP_LINKS, RS_TOP_ALL_PANES, boxes);
        for (int i = 0; i < RS_TOP_PANES; i++)
            CU_ASSERT(boxes[i].lines >= 1);
    }
    rs_top_layout(FIRST, 11, few, RS_TOP_KEYS, RS_TOP_ALL_PANES, boxes);
    CU_ASSERT(boxes[RS_TOP_KEYS].lines > 0 && boxes[RS_TOP_EVENTS].lines > 0);
    CU_ASSERT_EQUAL(boxes[RS_TOP_STREAMS].lines, 0);
}

static void a_pane_gets_what_it_wants_before_another_gets_more(void)
{
    struct rs_top_box boxes[RS_TOP_PANES];

    rs_top_layout(FIRST, 20, few, RS_TOP_LINKS, RS_TOP_ALL_PANES, boxes);
    CU_ASSERT_EQUAL(boxes[RS_TOP_LINKS].lines, 2);
    CU_ASSERT_EQUAL(boxes[RS_TOP_LOAD].lines, 1);
    CU_ASSERT_EQUAL(boxes[RS_TOP_DROPS].lines, 1);
    CU_ASSERT_EQUAL(boxes[RS_TOP_STREAMS].lines, 1);
    CU_ASSERT_EQUAL(boxes[RS_TOP_KEYS].lines, 3);
    CU_ASSERT_EQUAL(boxes[RS_TOP_EVENTS].lines, 6); /* what was left, too */
}

static void one_pane_has_the_screen_for_itself(void)
{
    struct rs_top_box boxes[RS_TOP_PANES];

    rs_top_layout(FIRST, 20, many, RS_TOP_DROPS, RS_TOP_ONE_PANE, boxes);
    CU_ASSERT_EQUAL(boxes[RS_TOP_DROPS].top, FIRST);
    CU_ASSERT_EQUAL(boxes[RS_TOP_DROPS].lines, 19);
    for (int i = 0; i < RS_TOP_PANES; i++)
        CU_ASSERT_EQUAL(boxes[i].lines > 0, i == RS_TOP_DROPS);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(every_height_is_used_and_none_exceeded),
    TEST(all_panes_are_there_from_twelve_rows_on),
    TEST(a_pane_gets_what_it_wants_before_another_gets_more),
    TEST(one_pane_has_the_screen_for_itself),
};

int main(void)
{
    return rs_test_main("ctl_top_layout", tests, sizeof(tests) / sizeof(tests[0]));
}
