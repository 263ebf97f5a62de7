/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints JSON for people without knowing what it is about: objects as aligned lines, lists of
 * objects as tables, deeper ones further to the right. Nothing is called or read here.
 */
#include "print.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { TEXT_BYTES = 256, COLUMNS_MAX = 24, INDENT = 2 };

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* A value in the space of a cell: text without quotes, lists with commas, objects as JSON. */
static void format_value(const json_t *value, char text[TEXT_BYTES])
{
    size_t bytes;

    if (json_is_string(value)) {
        snprintf(text, TEXT_BYTES, "%s", json_string_value(value));
    } else if (is_empty(value)) {
        snprintf(text, TEXT_BYTES, "-");
    } else {
        bytes = json_dumpb(value, text, TEXT_BYTES - 1, JSON_COMPACT | JSON_ENCODE_ANY);
        if (bytes >= TEXT_BYTES)
            memcpy(text + TEXT_BYTES - 4, "...", 3);
        text[bytes < TEXT_BYTES ? bytes : TEXT_BYTES - 1] = '\0';
    }
}

static bool is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static bool is_hidden(const json_t *value, enum rs_zeros zeros)
{
    return zeros == RS_ZEROS_HIDDEN && json_is_integer(value) && json_integer_value(value) == 0;
}

/* ---- tables ------------------------------------------------------------------------------- */

struct column {
    const char *name;
    int width;
};

static int width_of(const char *text)
{
    return (int)strlen(text);
}

/* The columns are the first row's members. */
static size_t measure(const json_t *rows, struct column columns[COLUMNS_MAX])
{
    char text[TEXT_BYTES];
    size_t count = 0, index;
    const char *name;
    json_t *value, *row;

    json_object_foreach(json_array_get(rows, 0), name, value) {
        if (count < COLUMNS_MAX)
            columns[count++] = (struct column){.name = name, .width = width_of(name)};
    }
    json_array_foreach(rows, index, row) {
        for (size_t c = 0; c < count; c++) {
            format_value(json_object_get(row, columns[c].name), text);
            if (width_of(text) > columns[c].width)
                columns[c].width = width_of(text);
        }
    }
    return count;
}

static void print_cell(FILE *out, const struct column *column, const char *text, bool last)
{
    if (last)
        fprintf(out, "%s\n", text);
    else
        fprintf(out, "%-*s  ", column->width, text);
}

static void print_table(FILE *out, const json_t *rows, int indent)
{
    struct column columns[COLUMNS_MAX];
    const size_t count = measure(rows, columns);
    char text[TEXT_BYTES];
    size_t index;
    json_t *row;

    fprintf(out, "%*s", indent, "");
    for (size_t c = 0; c < count; c++)
        print_cell(out, &columns[c], columns[c].name, c + 1 == count);
    json_array_foreach(rows, index, row) {
        fprintf(out, "%*s", indent, "");
        for (size_t c = 0; c < count; c++) {
            format_value(json_object_get(row, columns[c].name), text);
            print_cell(out, &columns[c], text, c + 1 == count);
        }
    }
}

/* ---- objects ------------------------------------------------------------------------------ */

static int widest_name(const json_t *object, enum rs_zeros zeros)
{
    const char *name;
    json_t *value;
    int width = 0;

    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        const bool counts = !json_is_object(value) && !is_table(value) && !is_hidden(value, zeros);

        if (counts && width_of(name) > width)
            width = width_of(name);
    }
    return width;
}

static void print_object(FILE *out, const json_t *object, enum rs_zeros zeros, int indent)
{
    const int width = widest_name(object, zeros);
    char text[TEXT_BYTES];
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        if (is_hidden(value, zeros))
            continue;
        if (is_table(value)) {
            fprintf(out, "%*s%s\n", indent, "", name);
            print_table(out, value, indent + INDENT);
        } else if (json_is_object(value) && !is_empty(value)) {
            fprintf(out, "%*s%s\n", indent, "", name);
            print_object(out, value, zeros, indent + INDENT);
        } else {
            format_value(value, text);
            fprintf(out, "%*s%-*s  %s\n", indent, "", width, name, text);
        }
    }
}

void rs_print_json(FILE *out, const json_t *value)
{
    json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
    fputc('\n', out);
}

void rs_print_result(FILE *out, const json_t *result, enum rs_zeros zeros)
{
    char text[TEXT_BYTES];

    if (is_table(result)) {
        print_table(out, result, 0);
    } else if (json_is_object(result) && !is_empty(result)) {
        print_object(out, result, zeros, 0);
    } else if (json_is_true(result) || is_empty(result)) {
        fputs("done\n", out);
    } else {
        format_value(result, text);
        fprintf(out, "%s\n", text);
    }
}

/* ---- events, errors, methods --------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

static const char *text_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : otherwise;
}

void rs_print_event(FILE *out, const json_t *event)
{
    static const char *const said[] = {"instance", "seq", "time", "type", NULL};
    char text[TEXT_BYTES];
    const char *name;
    json_t *value;

    fprintf(out, "%s  %s", text_of(event, "time", "-"), text_of(event, "type", "-"));
    json_object_foreach((json_t *)(uintptr_t)event, name, value) {
        if (is_one_of(name, said))
            continue;
        format_value(value, text);
        fprintf(out, " %s=%s", name, text);
    }
    fputc('\n', out);
}

void rs_print_error(FILE *out, const char *method, const json_t *error)
{
    const json_t *data = json_object_get(error, "data");
    const char *param = text_of(data, "param", NULL);

    fprintf(out, "rtpsealctl: %s was refused: %s\n", method, text_of(error, "message", "-"));
    fprintf(out, "  reason %s (%lld)%s\n", text_of(data, "reason", "-"),
            (long long)json_integer_value(json_object_get(error, "code")),
            json_is_true(json_object_get(data, "retryable")) ? ", may be tried again" : "");
    if (param != NULL)
        fprintf(out, "  parameter %s\n", param);
}

void rs_print_method(FILE *out, const json_t *methods, const char *method)
{
    const json_t *list = json_is_array(methods) ? methods : json_object_get(methods, "methods");
    size_t index;
    json_t *row;

    json_array_foreach(list, index, row) {
        const json_t *params = json_object_get(row, "params");

        if (strcmp(text_of(row, "name", ""), method) != 0)
            continue;
        fprintf(out, "\nThe daemon's method %s: %s\n", method, text_of(row, "help", ""));
        if (is_table(params))
            print_table(out, params, INDENT);
    }
}
