/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Line by line: HELP, TYPE, the samples of that family, the next HELP. What concerns several
 * samples is looked at when a family ends.
 */
#include "tests/control/page_reader.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct page *page, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(page->error, sizeof(page->error), format, args);
    va_end(args);
    return false;
}

/* Takes [a-zA-Z_][a-zA-Z0-9_]* and, in names of metrics, colons. Returns its length. */
static size_t name_length(const char *text, const char *also)
{
    size_t length = 0;

    while (text[length] != '\0' &&
           (isalnum((unsigned char)text[length]) || strchr(also, text[length]) != NULL))
        length++;
    return isdigit((unsigned char)text[0]) ? 0 : length;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* ---- a family ----------------------------------------------------------------------------- */

/* +Inf, sum and count, of the labels that `bucket` has, which is the last of them. */
static bool check_histogram_end(struct page *page, const struct page_family *family,
                                const struct page_sample *bucket)
{
    char name[PAGE_NAME + 8];

    if (!isinf(bucket->bound))
        return fail(page, "%s: the last bucket is not +Inf", family->name);
    snprintf(name, sizeof(name), "%s_count", family->name);
    if (page_value(page, name, bucket->labels) != bucket->value)
        return fail(page, "%s: +Inf is not the count", family->name);
    snprintf(name, sizeof(name), "%s_sum", family->name);
    if (page_value(page, name, bucket->labels) < 0)
        return fail(page, "%s: no sum", family->name);
    return true;
}

static bool check_bucket(struct page *page, const struct page_family *family,
                         const struct page_sample *bucket, const struct page_sample *before)
{
    if (!bucket->has_bound)
        return fail(page, "%s: a bucket without le", family->name);
    if (before == NULL)
        return true;
    if (strcmp(before->labels, bucket->labels) != 0)
        return check_histogram_end(page, family, before);
    return (bucket->bound > before->bound && bucket->value >= before->value) ||
           fail(page, "%s: buckets are not cumulative at %g", family->name, bucket->bound);
}

static bool check_histogram(struct page *page, const struct page_family *family)
{
    const struct page_sample *before = NULL;

    for (size_t i = family->first; i < family->first + family->count; i++) {
        const struct page_sample *sample = &page->samples[i];

        if (!ends_with(sample->name, "_bucket"))
            continue;
        if (!check_bucket(page, family, sample, before))
            return false;
        before = sample;
    }
    return before != NULL ? check_histogram_end(page, family, before)
                          : fail(page, "%s: no buckets", family->name);
}

static bool same_sample(const struct page_sample *one, const struct page_sample *other)
{
    return strcmp(one->name, other->name) == 0 && strcmp(one->labels, other->labels) == 0 &&
           one->has_bound == other->has_bound && (!one->has_bound || one->bound == other->bound);
}

static bool end_family(struct page *page)
{
    struct page_family *family;

    if (page->family_count == 0)
        return true;
    family = &page->families[page->family_count - 1];
    family->count = page->sample_count - family->first;
    if (family->type[0] == '\0')
        return fail(page, "%s: HELP without TYPE", family->name);
    if (family->count == 0)
        return fail(page, "%s: no samples", family->name);
    for (size_t i = family->first; i < page->sample_count; i++) {
        for (size_t j = family->first; j < i; j++) {
            if (same_sample(&page->samples[i], &page->samples[j]))
                return fail(page, "%s{%s}: twice", page->samples[i].name, page->samples[i].labels);
        }
    }
    return strcmp(family->type, "histogram") != 0 || check_histogram(page, family);
}

static bool start_family(struct page *page, const char *line)
{
    const size_t length = name_length(line, "_:");
    struct page_family *family;

    if (!end_family(page))
        return false;
    if (length == 0 || length >= PAGE_NAME || line[length] != ' ' || line[length + 1] == '\0')
        return fail(page, "HELP: no name or no text: %s", line);
    for (const char *c = line + length; *c != '\0'; c++) {
        if (*c == '\\' && *++c != '\\' && *c != 'n')
            return fail(page, "HELP: a bad escape: %s", line);
    }
    if (page->family_count == PAGE_FAMILIES)
        return fail(page, "too many metrics");
    family = &page->families[page->family_count++];
    *family = (struct page_family){.first = page->sample_count};
    memcpy(family->name, line, length);
    for (size_t i = 0; i + 1 < page->family_count; i++) {
        if (strcmp(page->families[i].name, family->name) == 0)
            return fail(page, "%s: told twice", family->name);
    }
    return true;
}

static bool take_type(struct page *page, const char *line)
{
    struct page_family *family =
        page->family_count > 0 ? &page->families[page->family_count - 1] : NULL;
    const size_t length = family != NULL ? strlen(family->name) : 0;

    if (family == NULL || strncmp(line, family->name, length) != 0 || line[length] != ' ')
        return fail(page, "TYPE of what HELP did not name: %s", line);
    if (family->type[0] != '\0' || page->sample_count != family->first)
        return fail(page, "%s: TYPE twice, or behind samples", family->name);
    snprintf(family->type, sizeof(family->type), "%s", line + length + 1);
    if (strcmp(family->type, "counter") != 0 && strcmp(family->type, "gauge") != 0 &&
        strcmp(family->type, "histogram") != 0)
        return fail(page, "%s: no such type", family->name);
    if ((strcmp(family->type, "counter") == 0) != ends_with(family->name, "_total"))
        return fail(page, "%s: counters, and nothing else, end in _total", family->name);
    return true;
}

/* ---- a sample ----------------------------------------------------------------------------- */

/* Takes a value in quotes, `*at` behind the first. */
static bool take_label_value(struct page *page, const char **at)
{
    for (; **at != '"'; (*at)++) {
        if (**at == '\0')
            return fail(page, "a label's value does not end");
        if (**at == '\\' && strchr("\\\"n", *++*at) == NULL)
            return fail(page, "a bad escape in a label's value");
    }
    (*at)++;
    return true;
}

static bool take_bound(struct page *page, struct page_sample *sample, const char *value)
{
    char *end;

    sample->has_bound = true;
    sample->bound = strtod(value, &end);
    return (end != value && *end == '"') || fail(page, "a bad le");
}

/* Takes one pair, and adds it to sample->labels or takes it as the bound. */
static bool take_label(struct page *page, struct page_sample *sample, const char **at)
{
    const size_t length = name_length(*at, "_"), used = strlen(sample->labels);
    const char *pair = *at, *value;
    char again[PAGE_LABELS];

    if (length == 0 || strncmp(pair, "__", 2) == 0 || strncmp(pair + length, "=\"", 2) != 0)
        return fail(page, "a bad label: %s", pair);
    value = *at = pair + length + 2;
    if (!take_label_value(page, at))
        return false;
    if (length == 2 && memcmp(pair, "le", 2) == 0)
        return take_bound(page, sample, value);
    snprintf(again, sizeof(again), "%.*s=\"", (int)length, pair);
    if (strncmp(sample->labels, again, strlen(again)) == 0 ||
        (snprintf(again, sizeof(again), ",%.*s=\"", (int)length, pair) > 0 &&
         strstr(sample->labels, again) != NULL))
        return fail(page, "a label twice: %s", pair);
    snprintf(sample->labels + used, PAGE_LABELS - used, "%s%.*s", used > 0 ? "," : "",
             (int)(*at - pair), pair);
    return true;
}

static bool take_labels(struct page *page, struct page_sample *sample, const char **at)
{
    if (**at != '{')
        return true;
    do {
        (*at)++;
        if (!take_label(page, sample, at))
            return false;
    } while (**at == ',');
    return *(*at)++ == '}' || fail(page, "labels do not end");
}

static bool belongs(const struct page_family *family, const char *name)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    const size_t length = strlen(family->name);

    if (strcmp(family->type, "histogram") != 0)
        return strcmp(family->name, name) == 0;
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(name, family->name, length) == 0 && strcmp(name + length, suffixes[i]) == 0)
            return true;
    }
    return false;
}

static bool take_sample(struct page *page, const char *line)
{
    const struct page_family *family =
        page->family_count > 0 ? &page->families[page->family_count - 1] : NULL;
    struct page_sample *sample = &page->samples[page->sample_count];
    const size_t length = name_length(line, "_:");
    const char *at = line + length;
    char *end;

    if (family == NULL || family->type[0] == '\0')
        return fail(page, "a sample before HELP and TYPE: %s", line);
    if (length == 0 || length >= PAGE_NAME || page->sample_count == PAGE_SAMPLES)
        return fail(page, "no name, or too many samples: %s", line);
    *sample = (struct page_sample){0};
    memcpy(sample->name, line, length);
    if (!belongs(family, sample->name))
        return fail(page, "%s among the samples of %s", sample->name, family->name);
    if (!take_labels(page, sample, &at))
        return false;
    if (*at != ' ')
        return fail(page, "no blank before the value: %s", line);
    sample->value = strtod(at + 1, &end);
    if (end == at + 1 || *end != '\0' || isspace((unsigned char)at[1]) || !isfinite(sample->value))
        return fail(page, "a bad value: %s", line);
    if (strcmp(family->type, "gauge") != 0 && sample->value < 0)
        return fail(page, "%s is below 0", sample->name);
    page->sample_count++;
    return true;
}

static bool take_line(struct page *page, const char *line)
{
    if (strncmp(line, "# HELP ", 7) == 0)
        return start_family(page, line + 7);
    if (strncmp(line, "# TYPE ", 7) == 0)
        return take_type(page, line + 7);
    return take_sample(page, line);
}

bool page_read(struct page *page, const char *text)
{
    static char line[4096];

    *page = (struct page){0};
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        const size_t length = end != NULL ? (size_t)(end - text) : 0;

        if (end == NULL || length >= sizeof(line))
            return fail(page, "a line that does not end, or is too long");
        memcpy(line, text, length);
        line[length] = '\0';
        if (!take_line(page, line))
            return false;
        text = end + 1;
    }
    return page->family_count > 0 ? end_family(page) : fail(page, "nothing");
}

double page_value(const struct page *page, const char *name, const char *labels)
{
    for (size_t i = 0; i < page->sample_count; i++) {
        const struct page_sample *sample = &page->samples[i];

        if (!sample->has_bound && strcmp(sample->name, name) == 0 &&
            strcmp(sample->labels, labels) == 0)
            return sample->value;
    }
    return -1;
}

double page_bucket(const struct page *page, const char *name, const char *labels, double bound)
{
    const size_t length = strlen(name);

    for (size_t i = 0; i < page->sample_count; i++) {
        const struct page_sample *sample = &page->samples[i];

        if (sample->has_bound && sample->bound == bound && strcmp(sample->labels, labels) == 0 &&
            strncmp(sample->name, name, length) == 0 &&
            strcmp(sample->name + length, "_bucket") == 0)
            return sample->value;
    }
    return -1;
}

const char *page_type(const struct page *page, const char *name)
{
    for (size_t i = 0; i < page->family_count; i++) {
        if (strcmp(page->families[i].name, name) == 0)
            return page->families[i].type;
    }
    return NULL;
}
