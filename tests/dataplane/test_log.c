/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines as they come out on standard error. */
#include "dataplane/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/runner.h"

enum { OUTPUT_BYTES = 4096 };

/* Logs one message and returns what standard error got of it, in `output`. */
static void capture(enum rs_log_level level, const char *message, char *output)
{
    const int saved = dup(STDERR_FILENO);
    int ends[2];
    ssize_t bytes;

    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_NONBLOCK), 0);
    CU_ASSERT_FATAL(saved >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    rs_log(level, "%s", message);
    dup2(saved, STDERR_FILENO);
    bytes = read(ends[0], output, OUTPUT_BYTES - 1);
    output[bytes > 0 ? bytes : 0] = '\0';
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

static void a_message_is_one_line_with_its_level(void)
{
    char output[OUTPUT_BYTES];

    rs_log_set_level(RS_LOG_INFO);
    capture(RS_LOG_WARNING, "port is down", output);
    CU_ASSERT_STRING_EQUAL(output, "warning: port is down\n");
}

static void messages_above_the_level_are_not_printed(void)
{
    char output[OUTPUT_BYTES];

    rs_log_set_level(RS_LOG_WARNING);
    capture(RS_LOG_INFO, "started", output);
    CU_ASSERT_STRING_EQUAL(output, "");
    capture(RS_LOG_ERROR, "failed", output);
    CU_ASSERT_STRING_EQUAL(output, "error: failed\n");
    rs_log_set_level(RS_LOG_DEBUG);
    capture(RS_LOG_DEBUG, "details", output);
    CU_ASSERT_STRING_EQUAL(output, "debug: details\n");
}

static void a_message_cannot_forge_a_line(void)
{
    char output[OUTPUT_BYTES];

    rs_log_set_level(RS_LOG_INFO);
    capture(RS_LOG_INFO, "session a\nerror: b\r\x1b[2J", output);
    CU_ASSERT_STRING_EQUAL(output, "info: session a?error: b??[2J\n");
}

static void a_long_message_is_cut_and_still_one_line(void)
{
    char message[2000], output[OUTPUT_BYTES];
    size_t bytes;

    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    rs_log_set_level(RS_LOG_INFO);
    capture(RS_LOG_INFO, message, output);
    bytes = strlen(output);
    CU_ASSERT(bytes > 500 && bytes < sizeof(message));
    CU_ASSERT_EQUAL(strncmp(output, "info: xxxx", 10), 0);
    CU_ASSERT_EQUAL(strchr(output, '\n') - output, (long)bytes - 1);
}

static void levels_are_found_by_exact_name(void)
{
    static const char *const wrong[] = {"", "warn", "Error", "info ", "3", "trace"};
    enum rs_log_level level = RS_LOG_DEBUG;

    CU_ASSERT(rs_log_parse_level("error", &level) == 0 && level == RS_LOG_ERROR);
    CU_ASSERT(rs_log_parse_level("warning", &level) == 0 && level == RS_LOG_WARNING);
    CU_ASSERT(rs_log_parse_level("debug", &level) == 0 && level == RS_LOG_DEBUG);
    CU_ASSERT(rs_log_parse_level("info", &level) == 0 && level == RS_LOG_INFO);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_EQUAL(rs_log_parse_level(wrong[i], &level), -EINVAL);
    CU_ASSERT_EQUAL(level, RS_LOG_INFO);
}

static const struct rs_test tests[] = {
    {"a_message_is_one_line_with_its_level", a_message_is_one_line_with_its_level},
    {"messages_above_the_level_are_not_printed", messages_above_the_level_are_not_printed},
    {"a_message_cannot_forge_a_line", a_message_cannot_forge_a_line},
    {"a_long_message_is_cut_and_still_one_line", a_long_message_is_cut_and_still_one_line},
    {"levels_are_found_by_exact_name", levels_are_found_by_exact_name},
};

int main(void)
{
    return rs_test_main("log", tests, sizeof(tests) / sizeof(tests[0]));
}
