/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From cells to lines: columns that hold names share what is left of the width. What stands in the
 * cells is top_lines.c's.
 */
#include "top_cells.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void rs_top_write_number(double value, char text[RS_TOP_NUMBER_MAX])
{
    static const char units[] = "kMGTP";
    int unit = -1;

    if (isnan(value)) {
        snprintf(text, RS_TOP_NUMBER_MAX, "-");
        return;
    }
    if (value < 99999.5) {
        snprintf(text, RS_TOP_NUMBER_MAX, value > 0 && value < 9.95 ? "%.1f" : "%.0f", value);
        return;
    }
    while (value >= 999.5 && unit < (int)sizeof(units) - 2) {
        value /= 1000;
        unit++;
    }
    snprintf(text, RS_TOP_NUMBER_MAX, "%.*f %c",
             value < 9.995   ? 2
             : value < 99.95 ? 1
                             : 0,
             value, units[unit]);
}

void rs_top_write_age(double ms, char text[RS_TOP_NUMBER_MAX])
{
    const unsigned int seconds = ms > 0 ? (unsigned int)fmin(ms / 1000, 4e9) : 0;

    if (isnan(ms))
        snprintf(text, RS_TOP_NUMBER_MAX, "-");
    else if (seconds < 60)
        snprintf(text, RS_TOP_NUMBER_MAX, "%u s", seconds);
    else if (seconds < 3600)
        snprintf(text, RS_TOP_NUMBER_MAX, "%u m %02u s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        snprintf(text, RS_TOP_NUMBER_MAX, "%u h %02u m", seconds / 3600, seconds / 60 % 60);
    else
        snprintf(text, RS_TOP_NUMBER_MAX, "%u d %02u h", seconds / 86400, seconds / 3600 % 24);
}

void rs_top_cell_add(struct rs_top_cells *cells, const char *format, ...)
{
    va_list list;

    if (cells->count == RS_TOP_COLUMNS_MAX)
        return;
    va_start(list, format);
    vsnprintf(cells->text[cells->count++], RS_TOP_CELL_MAX, format, list);
    va_end(list);
}

void rs_top_cell_add_number(struct rs_top_cells *cells, double value)
{
    char text[RS_TOP_NUMBER_MAX];

    rs_top_write_number(value, text);
    rs_top_cell_add(cells, "%s", text);
}

void rs_top_line_finish(struct rs_top_line *line, int width)
{
    size_t bytes;

    if (width < RS_TOP_WIDTH_MAX)
        line->text[width > 0 ? width : 0] = '\0';
    bytes = strlen(line->text);
    while (bytes > 0 && line->text[bytes - 1] == ' ')
        line->text[--bytes] = '\0';
    for (size_t i = 0; i < bytes; i++) {
        if (line->text[i] < ' ' || line->text[i] > '~')
            line->text[i] = '?';
    }
}

/* How much wider than its least each column of names can be. */
static int spare_width(const struct rs_top_column *columns, int width)
{
    int least = 0, names = 0;

    for (int i = 0; i < RS_TOP_COLUMNS_MAX && columns[i].heading != NULL; i++) {
        least += columns[i].width + (i > 0 ? 1 : 0);
        names += columns[i].align == RS_TOP_NAMES;
    }
    return width > least && names > 0 ? (width - least) / names : 0;
}

static size_t write_cell(const struct rs_top_column *column, int width, const char *text, char *out,
                         size_t size)
{
    const bool cut = column->align == RS_TOP_NAMES && strlen(text) > (size_t)width;

    if (cut)
        return (size_t)snprintf(out, size, "%.*s~", width - 1, text);
    return (size_t)snprintf(out, size, column->align == RS_TOP_RIGHT ? "%*s" : "%-*s", width, text);
}

void rs_top_cells_join(const struct rs_top_column *columns, const struct rs_top_cells *cells,
                       int width, struct rs_top_line *line)
{
    const int spare = spare_width(columns, width);
    const size_t size = sizeof(line->text);
    size_t used = 0;

    line->text[0] = '\0';
    for (int i = 0; i < cells->count && used + 1 < size; i++) {
        const int wide = columns[i].width + (columns[i].align == RS_TOP_NAMES ? spare : 0);

        if (i > 0)
            line->text[used++] = ' ';
        used += write_cell(&columns[i], wide, cells->text[i], line->text + used, size - used);
    }
    rs_top_line_finish(line, width);
}

void rs_top_headings_join(const struct rs_top_column *columns, int width, struct rs_top_line *line)
{
    struct rs_top_cells cells = {.count = 0};

    for (int i = 0; i < RS_TOP_COLUMNS_MAX && columns[i].heading != NULL; i++)
        rs_top_cell_add(&cells, "%s", columns[i].heading);
    line->tone = RS_TOP_NORMAL;
    rs_top_cells_join(columns, &cells, width, line);
}
