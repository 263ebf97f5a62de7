/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints what apply_commit answers. */
#include "apply_print.h"

#include <stdbool.h>
#include <string.h>

/* Of those that wait, so many by name. */
enum { NAMED_MAX = 10 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "-";
}

static const char *sign_of(const char *change)
{
    static const char *const signs[][2] = {
        {"create", "+"}, {"change", "~"}, {"replace", "-/+"}, {"delete", "-"}};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (strcmp(signs[i][0], change) == 0)
            return signs[i][1];
    }
    return "?";
}

static void print_names(FILE *out, const json_t *names, size_t most)
{
    json_t *name;
    size_t index;

    json_array_foreach(names, index, name) {
        if (index == most) {
            fprintf(out, " and %zu more", json_array_size(names) - most);
            break;
        }
        fprintf(out, "%s%s", index > 0 ? ", " : "", json_string_value(name));
    }
}

void rs_apply_print_differences(FILE *out, const json_t *result)
{
    json_t *row;
    size_t index;

    json_array_foreach(json_object_get(result, "differences"), index, row) {
        const json_t *fields = json_object_get(row, "fields");
        const char *change = text_of(row, "change");
        const bool named = strcmp(change, "change") == 0 || strcmp(change, "replace") == 0;

        fprintf(out, "%s %s %s", sign_of(change), text_of(row, "kind"), text_of(row, "id"));
        if (named && json_array_size(fields) > 0) {
            fputs(" (", out);
            print_names(out, fields, json_array_size(fields));
            fputc(')', out);
        }
        fputc('\n', out);
    }
}

static void print_sum(FILE *out, const char *kind, const json_t *sums)
{
    static const char *const names[] = {"created", "changed", "replaced", "deleted", "unchanged"};

    fprintf(out, "%-9s", kind);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        fprintf(out, "%s%lld %s", i > 0 ? ", " : "",
                (long long)json_integer_value(json_object_get(sums, names[i])), names[i]);
    fputc('\n', out);
}

void rs_apply_print_sums(FILE *out, const json_t *result)
{
    print_sum(out, "sessions", json_object_get(result, "sessions"));
    print_sum(out, "streams", json_object_get(result, "streams"));
    if (json_is_true(json_object_get(result, "dry_run")))
        fputs("nothing was changed: this was a dry run\n", out);
}

static void print_group(FILE *out, const json_t *names, const char *what)
{
    if (json_array_size(names) == 0)
        return;
    fprintf(out, "%zu %s: ", json_array_size(names), what);
    print_names(out, names, NAMED_MAX);
    fputc('\n', out);
}

void rs_apply_print_waiting(FILE *out, const json_t *for_secret, const json_t *for_connect)
{
    print_group(out, for_secret, "waiting for a secret (rtpsealctl session connect ID)");
    print_group(out, for_connect, "waiting to be connected (rtpsealctl session connect ID)");
}
