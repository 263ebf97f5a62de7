/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong, said on standard error: in words for people, as JSON for scripts. */
#pragma once

#include "exit_code.h"

enum rs_say_form {
    RS_SAY_TEXT, /* "rtpsealctl: what is wrong" */
    RS_SAY_JSON, /* {"message": what is wrong, "data": {"reason", "retryable"}} on one line */
};

/* Once, first thing in main: how all of this is said. Text without it. */
void rs_say_init(enum rs_say_form form);
enum rs_say_form rs_say_form(void);

/* Says what is wrong, printf-style and without a newline. Returns `code`, so that a caller can
 * end with it; as JSON its reason is one word for each code. */
enum rs_exit_code rs_say(enum rs_exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What is well to know and stops nothing: as JSON {"warning"}. */
void rs_say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
