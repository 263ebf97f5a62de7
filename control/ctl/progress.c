/* SPDX-License-Identifier: BSD-3-Clause */
/* The progress line. What it says is its callers' matter. */
#include "progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "say.h"

enum { LINE_BYTES = 256, COLUMNS_OTHERWISE = 80, BAR_CELLS = 20 };

#define CLEAR_LINE "\r\033[K"

static bool shown;

static bool can_show(void)
{
    return rs_say_form() == RS_SAY_TEXT && isatty(STDERR_FILENO);
}

/* One less than there are: the last column would move the cursor to the next line. */
static int columns(void)
{
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return COLUMNS_OTHERWISE - 1;
    return size.ws_col - 1;
}

void rs_progress_show(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list values;

    if (!can_show())
        return;
    va_start(values, format);
    vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    fprintf(stderr, CLEAR_LINE "%.*s", columns(), line);
    fflush(stderr);
    shown = true;
}

void rs_progress_end(void)
{
    if (!shown)
        return;
    fputs(CLEAR_LINE, stderr);
    fflush(stderr);
    shown = false;
}

const char *rs_progress_bar(unsigned long done, unsigned long all)
{
    static char bar[BAR_CELLS + 3];
    const unsigned long cells = all > 0 ? done * BAR_CELLS / all : BAR_CELLS;

    bar[0] = '[';
    for (unsigned long i = 0; i < BAR_CELLS; i++)
        bar[1 + i] = i < cells ? '#' : '.';
    memcpy(bar + 1 + BAR_CELLS, "]", 2);
    return bar;
}
