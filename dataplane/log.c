/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines on standard error, each by one write so that threads do not mix theirs. What a peer
 * sent may be in a message: control characters are replaced, so that it cannot forge lines.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

static const char *const level_names[] = {
    [RS_LOG_ERROR] = "error",
    [RS_LOG_WARNING] = "warning",
    [RS_LOG_INFO] = "info",
    [RS_LOG_DEBUG] = "debug",
};

/* main: rw, every thread that logs: ro */
static int highest_level = RS_LOG_INFO;
static rs_log_sink_fn *log_sink;

void rs_log_set_sink(rs_log_sink_fn *sink)
{
    log_sink = sink;
}

void rs_log_set_level(enum rs_log_level level)
{
    __atomic_store_n(&highest_level, (int)level, __ATOMIC_RELAXED);
}

int rs_log_parse_level(const char *name, enum rs_log_level *level)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(level_names[i], name) == 0) {
            *level = (enum rs_log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

static void replace_control_characters(char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == 0x7f)
            text[i] = '?';
    }
}

static void print(char *line, size_t bytes)
{
    ssize_t written;

    line[bytes++] = '\n';
    /* There is nobody to tell that telling failed. */
    written = write(STDERR_FILENO, line, bytes);
    (void)written;
}

void rs_log(enum rs_log_level level, const char *format, ...)
{
    const int saved_errno = errno;
    char line[LINE_MAX_BYTES];
    size_t bytes, begin, room;
    va_list arguments;
    int wanted;

    if ((int)level > __atomic_load_n(&highest_level, __ATOMIC_RELAXED))
        return;
    bytes = (size_t)snprintf(line, sizeof(line), "%s: ", level_names[level]);
    begin = bytes;
    room = sizeof(line) - bytes - 1; /* one byte for the line's end */
    va_start(arguments, format);
    wanted = vsnprintf(line + bytes, room, format, arguments);
    va_end(arguments);
    if (wanted > 0)
        bytes += (size_t)wanted < room ? (size_t)wanted : room - 1;
    replace_control_characters(line, bytes);
    if (log_sink != NULL)
        log_sink(level, line + begin);
    else
        print(line, bytes);
    errno = saved_errno;
}
