/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only user of ncurses: lines to the screen, codes of keys to keys. What the lines say is in
 * top_lines.c, where they stand in top_layout.c.
 */
#include "top_view.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curses.h>

#include "top_lines.h"
#include "top_terminal.h"

enum { LEAST_ROWS = 6, LEAST_COLUMNS = 20, ESCAPE_DELAY_MS = 50 };

static const char keys_help[] = "q quit  Tab pane  arrows scroll  z zoom  p pause  ? help";

static const char *const help_lines[] = {
    "q            quit",
    "Tab, right   the next pane; left, Shift-Tab: the one before",
    "up, down     scroll the selected pane; also Page Up, Page Down, Home, End",
    "z, Enter     the selected pane alone, and all of them again",
    "p, space     pause: what is shown stays as it is",
    "?            this",
    "",
    "Figures are per second, over the last interval. seal: from plain to sealed; open: back.",
    "missed: packets that a port took in and nobody fetched in time, since the start.",
    "busy: the share of a worker's time in turns that found packets.",
    "age: since the key that seals now was given.",
    "",
    "Any key goes back.",
};

static SCREEN *screen;

void rs_top_view_close(void)
{
    endwin();
    delscreen(screen);
}

int rs_top_view_open(void)
{
    setlocale(LC_CTYPE, "");
    screen = rs_top_terminal_find() != RS_TOP_TERMINAL_NONE ? newterm(NULL, stdout, stdin) : NULL;
    if (screen == NULL)
        return -ENOTTY;
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    curs_set(0);
    if (has_colors() && getenv("NO_COLOR") == NULL) {
        start_color();
        use_default_colors();
        init_pair(RS_TOP_GOOD, COLOR_GREEN, -1);
        init_pair(RS_TOP_WARNING, COLOR_YELLOW, -1);
        init_pair(RS_TOP_BAD, COLOR_RED, -1);
    }
    return 0;
}

enum rs_top_key_press rs_top_view_key(void)
{
    static const struct {
        int code;
        enum rs_top_key_press key;
    } keys[] = {
        {ERR, RS_TOP_KEY_NONE},
        {'q', RS_TOP_KEY_QUIT},
        {'Q', RS_TOP_KEY_QUIT},
        {'\t', RS_TOP_KEY_NEXT_PANE},
        {KEY_RIGHT, RS_TOP_KEY_NEXT_PANE},
        {KEY_BTAB, RS_TOP_KEY_PREVIOUS_PANE},
        {KEY_LEFT, RS_TOP_KEY_PREVIOUS_PANE},
        {KEY_UP, RS_TOP_KEY_UP},
        {'k', RS_TOP_KEY_UP},
        {KEY_DOWN, RS_TOP_KEY_DOWN},
        {'j', RS_TOP_KEY_DOWN},
        {KEY_PPAGE, RS_TOP_KEY_PAGE_UP},
        {KEY_NPAGE, RS_TOP_KEY_PAGE_DOWN},
        {KEY_HOME, RS_TOP_KEY_HOME},
        {KEY_END, RS_TOP_KEY_END},
        {'p', RS_TOP_KEY_PAUSE},
        {' ', RS_TOP_KEY_PAUSE},
        {'z', RS_TOP_KEY_ZOOM},
        {'\r', RS_TOP_KEY_ZOOM},
        {KEY_ENTER, RS_TOP_KEY_ZOOM},
        {'?', RS_TOP_KEY_HELP},
        {'h', RS_TOP_KEY_HELP},
    };
    int code = getch();

    while (code == KEY_RESIZE) /* what is drawn next has the new size */
        code = getch();
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].code == code)
            return keys[i].key;
    }
    return RS_TOP_KEY_OTHER;
}

/* ---- drawing ------------------------------------------------------------------------------ */

/* Without colours what is bad is bold, and what is very bad reversed. */
static attr_t look_of(enum rs_top_tone tone)
{
    static const attr_t plain[] = {A_NORMAL, A_NORMAL, A_BOLD, A_BOLD | A_REVERSE};

    if (!has_colors() || getenv("NO_COLOR") != NULL)
        return plain[tone];
    return tone == RS_TOP_NORMAL ? A_NORMAL : (attr_t)COLOR_PAIR(tone);
}

static void put(int row, const char *text, attr_t look)
{
    attrset(look);
    mvaddnstr(row, 0, text, COLS);
    attrset(A_NORMAL);
}

static void draw_heading(const struct rs_top_box *box, enum rs_top_pane pane, size_t first,
                         size_t count, const struct rs_top_state *state)
{
    const attr_t look = state->selected == pane ? A_REVERSE | A_BOLD : A_BOLD | A_UNDERLINE;
    struct rs_top_line line;
    char where[64];

    rs_top_pane_heading(pane, COLS, &line);
    attrset(look);
    mvhline(box->top, 0, ' ', COLS);
    mvaddnstr(box->top, 0, line.text, COLS);
    if (count > (size_t)box->lines) {
        snprintf(where, sizeof(where), " %zu-%zu of %zu", first + 1, first + (size_t)box->lines,
                 count);
        mvaddstr(box->top, COLS > (int)strlen(where) ? COLS - (int)strlen(where) : 0, where);
    }
    attrset(A_NORMAL);
}

static void draw_pane(const struct rs_top_model *model, const struct rs_top_box *box,
                      enum rs_top_pane pane, struct rs_top_state *state)
{
    const size_t count = rs_top_pane_lines(model, pane);
    const size_t first = rs_top_state_first(state, pane, count, (size_t)box->lines);
    struct rs_top_line line;

    draw_heading(box, pane, first, count, state);
    for (int i = 0; i < box->lines; i++) {
        rs_top_pane_line(model, pane, first + (size_t)i, COLS, &line);
        put(box->top + 1 + i, line.text, look_of(line.tone));
    }
}

static void draw_panes(const struct rs_top_model *model, struct rs_top_state *state)
{
    struct rs_top_box boxes[RS_TOP_PANES];
    size_t wanted[RS_TOP_PANES];

    for (int pane = 0; pane < RS_TOP_PANES; pane++)
        wanted[pane] = rs_top_pane_lines(model, (enum rs_top_pane)pane);
    rs_top_layout(RS_TOP_HEAD_LINES, LINES - RS_TOP_HEAD_LINES - 1, wanted, state->selected,
                  state->extent, boxes);
    state->page = boxes[state->selected].lines > 0 ? (size_t)boxes[state->selected].lines : 1;
    for (int pane = 0; pane < RS_TOP_PANES; pane++) {
        if (boxes[pane].lines > 0)
            draw_pane(model, &boxes[pane], (enum rs_top_pane)pane, state);
    }
}

static void draw_help(void)
{
    for (size_t i = 0; i < sizeof(help_lines) / sizeof(help_lines[0]); i++)
        put((int)i, help_lines[i], A_NORMAL);
}

static void draw_all(const struct rs_top_model *model, struct rs_top_state *state,
                     const char *notice)
{
    struct rs_top_line line;

    for (int i = 0; i < RS_TOP_HEAD_LINES; i++) {
        rs_top_head_line(model, i, COLS, &line);
        put(i, line.text, look_of(line.tone));
    }
    draw_panes(model, state);
    put(LINES - 1, notice != NULL ? notice : keys_help,
        notice != NULL ? look_of(RS_TOP_BAD) : A_DIM);
}

void rs_top_view_draw(const struct rs_top_model *model, struct rs_top_state *state,
                      const char *notice)
{
    erase();
    if (LINES < LEAST_ROWS || COLS < LEAST_COLUMNS)
        put(0, "too small", A_NORMAL);
    else if (state->help)
        draw_help();
    else
        draw_all(model, state, notice);
    refresh();
}
