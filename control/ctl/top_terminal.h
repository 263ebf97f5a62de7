/* SPDX-License-Identifier: BSD-3-Clause */
/* What kind of terminal this is. */
#pragma once

enum rs_top_terminal {
    RS_TOP_TERMINAL_NONE, /* of no known kind, or its cursor cannot be moved */
    RS_TOP_TERMINAL_SCREEN,
};

/* Of the one that TERM names. Main thread, before ncurses has a screen. */
enum rs_top_terminal rs_top_terminal_find(void);
