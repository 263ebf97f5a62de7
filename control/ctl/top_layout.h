/* SPDX-License-Identifier: BSD-3-Clause */
/* Which pane stands where on a screen of so many rows. Pure. */
#pragma once

#include <stddef.h>

enum rs_top_pane {
    RS_TOP_LINKS,
    RS_TOP_LOAD, /* of workers */
    RS_TOP_DROPS,
    RS_TOP_STREAMS,
    RS_TOP_KEYS,
    RS_TOP_EVENTS,
    RS_TOP_PANES
};

/* What a pane has of the screen: its heading's row, and then so many lines. */
struct rs_top_box {
    int top;
    int lines; /* 0: it is not shown */
};

enum rs_top_extent {
    RS_TOP_ALL_PANES,
    RS_TOP_ONE_PANE /* the selected one alone */
};

/*
 * Shares `rows` rows, from row `first` on, among the panes, which have `wanted` lines each. Where
 * they are too few for all, the selected pane and those behind it are shown, as many as have room.
 */
void rs_top_layout(int first, int rows, const size_t wanted[RS_TOP_PANES],
                   enum rs_top_pane selected, enum rs_top_extent extent,
                   struct rs_top_box boxes[RS_TOP_PANES]);
