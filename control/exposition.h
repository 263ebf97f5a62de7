/* SPDX-License-Identifier: BSD-3-Clause */
/* Prometheus' text format, version 0.0.4: how one metric is written. Needs no more than a buffer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct rs_histogram;

/* What goes to HTTP as the type of such a page. */
#define RS_EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What stands before the braces' end: names and values of labels, `count` of each; values may hold
 * any UTF-8. */
struct rs_labels {
    const char *const *names;
    const char *const *values;
    size_t count;
};

/* The two lines before a metric's samples. `type` is "counter", "gauge" or "histogram". */
void rs_exposition_head(struct evbuffer *out, const char *name, const char *type, const char *help);

/* A sample. */
void rs_exposition_count(struct evbuffer *out, const char *name, const struct rs_labels *labels,
                         uint64_t value);
void rs_exposition_real(struct evbuffer *out, const char *name, const struct rs_labels *labels,
                        double value);

/* All samples of a histogram: buckets, +Inf last, sum and count. */
void rs_exposition_histogram(struct evbuffer *out, const char *name, const struct rs_labels *labels,
                             const struct rs_histogram *histogram);
