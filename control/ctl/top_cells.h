/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of a table made of cells, and how figures are written in them. Pure. */
#pragma once

enum {
    RS_TOP_WIDTH_MAX = 255,
    RS_TOP_NUMBER_MAX = 16,
    RS_TOP_COLUMNS_MAX = 8,
    RS_TOP_CELL_MAX = 256
};

/* What a line is worth: how a view may colour it. */
enum rs_top_tone { RS_TOP_NORMAL, RS_TOP_GOOD, RS_TOP_WARNING, RS_TOP_BAD };

/* Printable ASCII alone. */
struct rs_top_line {
    char text[RS_TOP_WIDTH_MAX + 1];
    enum rs_top_tone tone;
};

enum rs_top_align {
    RS_TOP_LEFT,
    RS_TOP_RIGHT,
    RS_TOP_NAMES /* left, wider where there is room, and cut with a ~ where there is not */
};

struct rs_top_column {
    const char *heading; /* NULL ends a table of columns */
    int width;
    enum rs_top_align align;
};

/* One line's cells, added from the left. */
struct rs_top_cells {
    char text[RS_TOP_COLUMNS_MAX][RS_TOP_CELL_MAX];
    int count;
};

void rs_top_cell_add(struct rs_top_cells *cells, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rs_top_cell_add_number(struct rs_top_cells *cells, double value);

/* Writes cells, or the columns' headings, as a line of at most `width` characters. */
void rs_top_cells_join(const struct rs_top_column *columns, const struct rs_top_cells *cells,
                       int width, struct rs_top_line *line);
void rs_top_headings_join(const struct rs_top_column *columns, int width, struct rs_top_line *line);

/* Cuts a line to `width` and takes out what a terminal would act upon. */
void rs_top_line_finish(struct rs_top_line *line, int width);

/* "0.2", "12", "12345", "123 k", "98.7 M"; "-" for NAN. */
void rs_top_write_number(double value, char text[RS_TOP_NUMBER_MAX]);

/* "42 s", "3 m 07 s", "5 h 12 m", "3 d 04 h"; "-" for NAN. */
void rs_top_write_age(double ms, char text[RS_TOP_NUMBER_MAX]);
