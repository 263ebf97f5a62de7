/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every pane shown has a heading and a line at least. What is left goes round, a line at a time, to
 * those that want more; and then to the events, which can always use it.
 */
#include "top_layout.h"

#include <string.h>

enum { LEAST = 2 /* a heading and a line */ };

/* Chooses panes and gives each its least; returns the rows that are left. */
static int choose(int rows, enum rs_top_pane selected, enum rs_top_extent extent,
                  struct rs_top_box boxes[RS_TOP_PANES])
{
    const int panes = extent == RS_TOP_ONE_PANE ? 1 : RS_TOP_PANES;

    for (int i = 0; i < panes && rows >= LEAST; i++) {
        boxes[(selected + i) % RS_TOP_PANES].lines = 1;
        rows -= LEAST;
    }
    return rows;
}

/* One more line for each that wants it; returns the rows that are left then. */
static int go_round(int rows, const size_t wanted[RS_TOP_PANES],
                    struct rs_top_box boxes[RS_TOP_PANES])
{
    for (int i = 0; i < RS_TOP_PANES && rows > 0; i++) {
        if (boxes[i].lines == 0 || (size_t)boxes[i].lines >= wanted[i])
            continue;
        boxes[i].lines++;
        rows--;
    }
    return rows;
}

void rs_top_layout(int first, int rows, const size_t wanted[RS_TOP_PANES],
                   enum rs_top_pane selected, enum rs_top_extent extent,
                   struct rs_top_box boxes[RS_TOP_PANES])
{
    int left, before;

    memset(boxes, 0, RS_TOP_PANES * sizeof(boxes[0]));
    left = choose(rows, selected, extent, boxes);
    do {
        before = left;
        left = go_round(left, wanted, boxes);
    } while (left != before);
    if (left > 0 && boxes[RS_TOP_EVENTS].lines > 0)
        boxes[RS_TOP_EVENTS].lines += left;
    for (int i = 0; i < RS_TOP_PANES; i++) {
        boxes[i].top = first;
        first += boxes[i].lines > 0 ? 1 + boxes[i].lines : 0;
    }
}
