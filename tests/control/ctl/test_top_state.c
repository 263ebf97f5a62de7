/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys to choices, and scrolling that never leaves what there is. */
#include "control/ctl/top_state.h"

#include "tests/support/runner.h"

static void press(struct rs_top_state *state, enum rs_top_key_press key, int times)
{
    for (int i = 0; i < times; i++)
        rs_top_state_press(state, key);
}

static void panes_are_selected_in_a_circle(void)
{
    struct rs_top_state state = {.page = 5};

    press(&state, RS_TOP_KEY_NEXT_PANE, 1);
    CU_ASSERT_EQUAL(state.selected, RS_TOP_LOAD);
    press(&state, RS_TOP_KEY_NEXT_PANE, RS_TOP_PANES - 1);
    CU_ASSERT_EQUAL(state.selected, RS_TOP_LINKS);
    press(&state, RS_TOP_KEY_PREVIOUS_PANE, 1);
    CU_ASSERT_EQUAL(state.selected, RS_TOP_EVENTS);
}

static void a_pane_scrolls_from_its_first_line_to_its_last(void)
{
    struct rs_top_state state = {.selected = RS_TOP_KEYS, .page = 5};

    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 0);
    press(&state, RS_TOP_KEY_UP, 3);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 0);
    press(&state, RS_TOP_KEY_DOWN, 2);
    press(&state, RS_TOP_KEY_PAGE_DOWN, 1);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 7);
    press(&state, RS_TOP_KEY_PAGE_DOWN, 9);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 15);
    press(&state, RS_TOP_KEY_UP, 1);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 14);
    press(&state, RS_TOP_KEY_END, 2);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 15);
    press(&state, RS_TOP_KEY_HOME, 1);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_KEYS, 20, 5), 0);
}

static void events_stay_at_their_newest_until_scrolled_back(void)
{
    struct rs_top_state state = {.selected = RS_TOP_EVENTS, .page = 5};

    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_EVENTS, 20, 5), 15);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_EVENTS, 30, 5), 25);
    press(&state, RS_TOP_KEY_UP, 1);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_EVENTS, 30, 5), 24);
    press(&state, RS_TOP_KEY_HOME, 1);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_EVENTS, 30, 5), 0);
    press(&state, RS_TOP_KEY_END, 1);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_EVENTS, 30, 5), 25);
}

static void what_shrinks_is_still_shown(void)
{
    struct rs_top_state state = {.selected = RS_TOP_DROPS, .page = 5};

    press(&state, RS_TOP_KEY_DOWN, 10);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_DROPS, 20, 5), 10);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_DROPS, 3, 5), 0);
    CU_ASSERT_EQUAL(rs_top_state_first(&state, RS_TOP_DROPS, 0, 5), 0);
}

static void help_ends_with_any_key_and_quitting_always_quits(void)
{
    struct rs_top_state state = {.page = 5};

    press(&state, RS_TOP_KEY_HELP, 1);
    CU_ASSERT_TRUE(state.help);
    press(&state, RS_TOP_KEY_NONE, 1);
    CU_ASSERT_TRUE(state.help);
    press(&state, RS_TOP_KEY_NEXT_PANE, 1);
    CU_ASSERT_FALSE(state.help);
    CU_ASSERT_EQUAL(state.selected, RS_TOP_LINKS);
    press(&state, RS_TOP_KEY_HELP, 1);
    CU_ASSERT_FALSE(state.quit);
    press(&state, RS_TOP_KEY_QUIT, 1);
    CU_ASSERT_TRUE(state.quit);
}

static void pause_and_zoom_are_switches(void)
{
    struct rs_top_state state = {.page = 5};

    press(&state, RS_TOP_KEY_PAUSE, 1);
    press(&state, RS_TOP_KEY_ZOOM, 1);
    CU_ASSERT_TRUE(state.paused);
    CU_ASSERT_EQUAL(state.extent, RS_TOP_ONE_PANE);
    press(&state, RS_TOP_KEY_PAUSE, 1);
    press(&state, RS_TOP_KEY_ZOOM, 1);
    press(&state, RS_TOP_KEY_OTHER, 1);
    CU_ASSERT_FALSE(state.paused);
    CU_ASSERT_EQUAL(state.extent, RS_TOP_ALL_PANES);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(panes_are_selected_in_a_circle),
    TEST(a_pane_scrolls_from_its_first_line_to_its_last),
    TEST(events_stay_at_their_newest_until_scrolled_back),
    TEST(what_shrinks_is_still_shown),
    TEST(help_ends_with_any_key_and_quitting_always_quits),
    TEST(pause_and_zoom_are_switches),
};

int main(void)
{
    return rs_test_main("ctl_top_state", tests, sizeof(tests) / sizeof(tests[0]));
}
