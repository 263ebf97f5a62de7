/* SPDX-License-Identifier: BSD-3-Clause */
/* All lines, one below the other, and no terminal's codes. */
#include "top_text.h"

#include "top_lines.h"

enum { TEXT_WIDTH = 120 };

static void print_pane(FILE *out, const struct rs_top_model *model, enum rs_top_pane pane)
{
    const size_t count = rs_top_pane_lines(model, pane);
    struct rs_top_line line;

    if (count == 0)
        return;
    rs_top_pane_heading(pane, TEXT_WIDTH, &line);
    fprintf(out, "%s\n", line.text);
    for (size_t i = 0; i < count; i++) {
        rs_top_pane_line(model, pane, i, TEXT_WIDTH, &line);
        fprintf(out, "%s\n", line.text);
    }
}

void rs_top_print_text(FILE *out, const struct rs_top_model *model)
{
    struct rs_top_line line;

    for (int i = 0; i < RS_TOP_HEAD_LINES; i++) {
        rs_top_head_line(model, i, TEXT_WIDTH, &line);
        fprintf(out, "%s\n", line.text);
    }
    for (int pane = 0; pane < RS_TOP_PANES; pane++)
        print_pane(out, model, (enum rs_top_pane)pane);
    fputc('\n', out);
}
