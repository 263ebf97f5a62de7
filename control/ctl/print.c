/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints JSON for people without knowing what it is about: objects as aligned lines, lists of
 * objects as tables, deeper ones further to the right. Nothing is called or read here.
 */
#include "print.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 256, COLUMNS_MAX = 24, INDENT = 2 };

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* A list of plain values, with commas. */
static bool is_flat_list(const json_t *value)
{
    json_t *entry;
    size_t index;

    json_array_foreach(value, index, entry) {
        if (json_is_object(entry) || json_is_array(entry))
            return false;
    }
    return json_is_array(value);
}

/* Text without quotes, rates with one decimal, what has parts as JSON. */
static void print_scalar(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        fputs(json_string_value(value), out);
    else if (is_empty(value))
        fputc('-', out);
    else if (json_is_real(value))
        fprintf(out, "%.1f", json_real_value(value));
    else
        json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void print_value(FILE *out, const json_t *value)
{
    json_t *entry;
    size_t index;

    if (is_empty(value) || !is_flat_list(value)) {
        print_scalar(out, value);
        return;
    }
    json_array_foreach(value, index, entry) {
        fputs(index > 0 ? ", " : "", out);
        print_scalar(out, entry);
    }
}

/* The same in the space of a cell. */
static void format_value(const json_t *value, char text[TEXT_BYTES])
{
    char *whole = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&whole, &bytes);

    if (stream == NULL)
        abort();
    print_value(stream, value);
    fclose(stream);
    snprintf(text, TEXT_BYTES, "%s", whole);
    if (bytes >= TEXT_BYTES)
        memcpy(text + TEXT_BYTES - 4, "...", 4);
    free(whole);
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
            fprintf(out, "%*s%-*s  ", indent, "", width, name);
            print_value(out, value);
            fputc('\n', out);
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
    if (is_table(result)) {
        print_table(out, result, 0);
    } else if (json_is_object(result) && !is_empty(result)) {
        print_object(out, result, zeros, 0);
    } else if (json_is_true(result) || is_empty(result)) {
        fputs("done\n", out);
    } else {
        print_value(out, result);
        fputc('\n', out);
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

/* A new object with some of another's members. */
static json_t *only(const json_t *object, const char *const *names)
{
    json_t *some = json_object();

    for (; *names != NULL; names++)
        json_object_set(some, *names, json_object_get(object, *names));
    return some;
}

void rs_print_event(FILE *out, const json_t *event)
{
    static const char *const said[] = {"instance", "seq", "time", "type", NULL};
    const char *name;
    json_t *value;

    fprintf(out, "%s  %s", text_of(event, "time", "-"), text_of(event, "type", "-"));
    json_object_foreach((json_t *)(uintptr_t)event, name, value) {
        if (is_one_of(name, said))
            continue;
        fprintf(out, " %s=", name);
        print_value(out, value);
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

void rs_print_methods(FILE *out, const json_t *result)
{
    static const char *const of_a_method[] = {"name", "role", "help", NULL};
    const char *name;
    json_t *list, *row;
    size_t index;

    json_object_foreach((json_t *)(uintptr_t)result, name, list) {
        json_t *rows = json_array();

        json_array_foreach(list, index, row)
            json_array_append_new(rows, strcmp(name, "methods") == 0 ? only(row, of_a_method)
                                                                     : json_incref(row));
        fprintf(out, "%s\n", name);
        if (is_table(rows))
            print_table(out, rows, INDENT);
        json_decref(rows);
    }
}
