/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys to choices. Which code of a terminal is which key is in top_view.c. */
#include "top_state.h"

#include <stdint.h>

/* Towards a pane's first line (down: away from it); for events everything stands on its head. */
static void scroll(struct rs_top_state *state, enum rs_top_key_press key)
{
    const bool from_end = state->selected == RS_TOP_EVENTS;
    size_t *scrolled = &state->scrolled[state->selected];
    size_t by = key == RS_TOP_KEY_UP || key == RS_TOP_KEY_DOWN ? 1 : state->page;
    bool away = key == RS_TOP_KEY_DOWN || key == RS_TOP_KEY_PAGE_DOWN || key == RS_TOP_KEY_END;

    if (key == RS_TOP_KEY_HOME || key == RS_TOP_KEY_END)
        by = SIZE_MAX;
    away = away != from_end;
    if (away)
        *scrolled = by > SIZE_MAX - *scrolled ? SIZE_MAX : *scrolled + by;
    else
        *scrolled = by > *scrolled ? 0 : *scrolled - by;
}

void rs_top_state_press(struct rs_top_state *state, enum rs_top_key_press key)
{
    if (state->help && key != RS_TOP_KEY_QUIT && key != RS_TOP_KEY_NONE) {
        state->help = false;
        return;
    }
    switch (key) {
    case RS_TOP_KEY_NONE:
    case RS_TOP_KEY_OTHER:
        return;
    case RS_TOP_KEY_QUIT:
        state->quit = true;
        return;
    case RS_TOP_KEY_NEXT_PANE:
        state->selected = (state->selected + 1) % RS_TOP_PANES;
        return;
    case RS_TOP_KEY_PREVIOUS_PANE:
        state->selected = (state->selected + RS_TOP_PANES - 1) % RS_TOP_PANES;
        return;
    case RS_TOP_KEY_PAUSE:
        state->paused = !state->paused;
        return;
    case RS_TOP_KEY_ZOOM:
        state->extent = state->extent == RS_TOP_ALL_PANES ? RS_TOP_ONE_PANE : RS_TOP_ALL_PANES;
        return;
    case RS_TOP_KEY_HELP:
        state->help = true;
        return;
    default:
        scroll(state, key);
    }
}

size_t rs_top_state_first(struct rs_top_state *state, enum rs_top_pane pane, size_t count,
                          size_t shown)
{
    const size_t most = count > shown ? count - shown : 0;
    size_t *scrolled = &state->scrolled[pane];

    if (*scrolled > most)
        *scrolled = most;
    return pane == RS_TOP_EVENTS ? most - *scrolled : *scrolled;
}
