/* SPDX-License-Identifier: BSD-3-Clause */
/* Own errors of rtpsealctl. Those that the daemon answers with are printed by print.c. */
#include "say.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "print.h"
#include "progress.h"

enum { TEXT_BYTES = 1024 };

static enum rs_say_form chosen;

void rs_say_init(enum rs_say_form form)
{
    chosen = form;
}

enum rs_say_form rs_say_form(void)
{
    return chosen;
}

static const char *reason_of(enum rs_exit_code code)
{
    switch (code) {
    case RS_EXIT_OK:
        return "ok";
    case RS_EXIT_REFUSED:
        return "refused";
    case RS_EXIT_USAGE:
        return "usage";
    case RS_EXIT_UNREACHABLE:
        return "unreachable";
    }
    return "unknown";
}

/* What is not UTF-8, from the command line or a file's name, is no JSON. */
static json_t *text_json(const char *text)
{
    json_t *json = json_string(text);

    return json != NULL ? json : json_string("what is wrong cannot be written as UTF-8");
}

static void say_json(json_t *document)
{
    rs_print_json(stderr, document);
    json_decref(document);
}

enum rs_exit_code rs_say(enum rs_exit_code code, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    rs_progress_end();
    if (chosen == RS_SAY_JSON)
        say_json(json_pack("{s:o, s:{s:s, s:b}}", "message", text_json(text), "data", "reason",
                           reason_of(code), "retryable", code == RS_EXIT_UNREACHABLE));
    else
        fprintf(stderr, "rtpsealctl: %s\n", text);
    return code;
}

void rs_say_warning(const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    rs_progress_end();
    if (chosen == RS_SAY_JSON)
        say_json(json_pack("{s:o}", "warning", text_json(text)));
    else
        fprintf(stderr, "rtpsealctl: warning: %s\n", text);
}
