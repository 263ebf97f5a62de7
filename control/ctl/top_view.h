/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminal: what is drawn on it and which keys come from it. One thread. */
#pragma once

#include "top_model.h"
#include "top_state.h"

/* Takes the terminal on standard input and output. Returns 0, or -ENOTTY where it is of no kind
 * that can be drawn on. */
int rs_top_view_open(void);

/* Gives the terminal back as it was. */
void rs_top_view_close(void);

/* The next key that was pressed, or RS_TOP_KEY_NONE. Never blocks. */
enum rs_top_key_press rs_top_view_key(void);

/* Draws everything anew, for the size that the terminal has now. `notice` stands in the last row
 * in place of the keys' names; NULL: none. Mends the state's scrolls and sets its page. */
void rs_top_view_draw(const struct rs_top_model *model, struct rs_top_state *state,
                      const char *notice);
