/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal's description, looked at before a screen is opened on it. Apart from top_view.c,
 * since term.h takes many ordinary words for itself.
 */
#include "top_terminal.h"

#include <stddef.h>
#include <unistd.h>

#include <curses.h>

#include <term.h>

enum rs_top_terminal rs_top_terminal_find(void)
{
    enum rs_top_terminal kind;
    int status;

    if (setupterm(NULL, STDOUT_FILENO, &status) != OK)
        return RS_TOP_TERMINAL_NONE;
    kind = tigetstr("cup") != NULL ? RS_TOP_TERMINAL_SCREEN : RS_TOP_TERMINAL_NONE;
    del_curterm(cur_term);
    return kind;
}
