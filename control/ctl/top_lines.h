/* SPDX-License-Identifier: BSD-3-Clause */
/* The model as lines of text, for a screen of any width or for a file. Knows no terminal. */
#pragma once

#include <stddef.h>

#include "top_cells.h"
#include "top_layout.h"
#include "top_model.h"

enum { RS_TOP_HEAD_LINES = 3 };

/* Line 0: the daemon; 1 and 2: the two directions. */
void rs_top_head_line(const struct rs_top_model *model, int number, int width,
                      struct rs_top_line *line);

/* How many lines a pane has below its heading; the heading; and one of the lines. */
size_t rs_top_pane_lines(const struct rs_top_model *model, enum rs_top_pane pane);
void rs_top_pane_heading(enum rs_top_pane pane, int width, struct rs_top_line *line);
void rs_top_pane_line(const struct rs_top_model *model, enum rs_top_pane pane, size_t index,
                      int width, struct rs_top_line *line);
