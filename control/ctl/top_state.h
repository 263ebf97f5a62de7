/* SPDX-License-Identifier: BSD-3-Clause */
/* What the person at the screen has chosen, and what a key changes of it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "top_layout.h"

enum rs_top_key_press {
    RS_TOP_KEY_NONE,
    RS_TOP_KEY_OTHER,
    RS_TOP_KEY_QUIT,
    RS_TOP_KEY_NEXT_PANE,
    RS_TOP_KEY_PREVIOUS_PANE,
    RS_TOP_KEY_UP,
    RS_TOP_KEY_DOWN,
    RS_TOP_KEY_PAGE_UP,
    RS_TOP_KEY_PAGE_DOWN,
    RS_TOP_KEY_HOME,
    RS_TOP_KEY_END,
    RS_TOP_KEY_PAUSE,
    RS_TOP_KEY_ZOOM,
    RS_TOP_KEY_HELP,
};

struct rs_top_state {
    enum rs_top_pane selected;
    enum rs_top_extent extent;
    bool paused, help, quit;
    size_t page; /* how many lines the selected pane shows, as last drawn */
    /* Lines scrolled past: from the first, but of the events from the newest, at their end. */
    size_t scrolled[RS_TOP_PANES];
};

/* Takes a key. Any ends the help, and does nothing else then. */
void rs_top_state_press(struct rs_top_state *state, enum rs_top_key_press key);

/* The first of a pane's `count` lines to show where `shown` fit; mends a scroll that is too far. */
size_t rs_top_state_first(struct rs_top_state *state, enum rs_top_pane pane, size_t count,
                          size_t shown);
