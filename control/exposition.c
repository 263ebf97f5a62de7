/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text format's syntax and escapes. Which metrics there are is in metrics.c. Where memory runs
 * out a page is cut short, which its reader sees: the last line is then incomplete or missing.
 */
#include "exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "control/histogram.h"

static void add(struct evbuffer *out, const char *text)
{
    evbuffer_add(out, text, strlen(text));
}

/* A label's value escapes what `special` lists; a help text's quotes stay as they are. */
static void add_escaped(struct evbuffer *out, const char *text, const char *special)
{
    for (size_t plain; *text != '\0'; text += plain) {
        plain = strcspn(text, special);
        evbuffer_add(out, text, plain);
        if (text[plain] == '\0')
            return;
        add(out, text[plain] == '\n' ? "\\n" : text[plain] == '"' ? "\\\"" : "\\\\");
        plain++;
    }
}

/* `bound` is a bucket's, or NULL. */
static void add_labels(struct evbuffer *out, const struct rs_labels *labels, const char *bound)
{
    const char *before = "{";

    for (size_t i = 0; i < labels->count; i++) {
        evbuffer_add_printf(out, "%s%s=\"", before, labels->names[i]);
        add_escaped(out, labels->values[i], "\\\"\n");
        add(out, "\"");
        before = ",";
    }
    if (bound != NULL)
        evbuffer_add_printf(out, "%sle=\"%s\"", before, bound);
    if (bound != NULL || labels->count > 0)
        add(out, "}");
}

void rs_exposition_head(struct evbuffer *out, const char *name, const char *type, const char *help)
{
    evbuffer_add_printf(out, "# HELP %s ", name);
    add_escaped(out, help, "\\\n");
    evbuffer_add_printf(out, "\n# TYPE %s %s\n", name, type);
}

static void add_count(struct evbuffer *out, const char *name, const char *suffix,
                      const struct rs_labels *labels, const char *bound, uint64_t value)
{
    evbuffer_add_printf(out, "%s%s", name, suffix);
    add_labels(out, labels, bound);
    evbuffer_add_printf(out, " %" PRIu64 "\n", value);
}

static void add_real(struct evbuffer *out, const char *name, const char *suffix,
                     const struct rs_labels *labels, double value)
{
    evbuffer_add_printf(out, "%s%s", name, suffix);
    add_labels(out, labels, NULL);
    evbuffer_add_printf(out, " %.15g\n", value);
}

void rs_exposition_count(struct evbuffer *out, const char *name, const struct rs_labels *labels,
                         uint64_t value)
{
    add_count(out, name, "", labels, NULL, value);
}

void rs_exposition_real(struct evbuffer *out, const char *name, const struct rs_labels *labels,
                        double value)
{
    add_real(out, name, "", labels, value);
}

void rs_exposition_histogram(struct evbuffer *out, const char *name, const struct rs_labels *labels,
                             const struct rs_histogram *histogram)
{
    const uint64_t all = rs_histogram_at_most(histogram, histogram->bound_count);
    char bound[32];

    for (size_t i = 0; i < histogram->bound_count; i++) {
        snprintf(bound, sizeof(bound), "%g", histogram->bounds[i]);
        add_count(out, name, "_bucket", labels, bound, rs_histogram_at_most(histogram, i));
    }
    add_count(out, name, "_bucket", labels, "+Inf", all);
    add_real(out, name, "_sum", labels, histogram->sum);
    add_count(out, name, "_count", labels, NULL, all);
}
