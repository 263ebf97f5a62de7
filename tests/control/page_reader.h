/* SPDX-License-Identifier: BSD-3-Clause */
/* A strict reader of Prometheus' text format, written from its description and not from what
 * control writes. It takes less than the format allows: no blank lines, no timestamps, HELP and
 * TYPE for all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { PAGE_SAMPLES = 4096, PAGE_FAMILIES = 128, PAGE_NAME = 96, PAGE_LABELS = 256 };

struct page_family {
    char name[PAGE_NAME], type[16];
    size_t first, count; /* of its samples */
};

struct page_sample {
    char name[PAGE_NAME];
    char labels[PAGE_LABELS]; /* as on the page, without braces, `le` taken out */
    bool has_bound;
    double bound; /* of `le` */
    double value;
};

struct page {
    char error[160]; /* empty: none */
    size_t family_count, sample_count;
    struct page_family families[PAGE_FAMILIES];
    struct page_sample samples[PAGE_SAMPLES];
};

/* Reads a whole page. Returns whether it is one; page->error says what is wrong and in which line.
 */
bool page_read(struct page *page, const char *text);

/* The value of `name` with exactly these labels, written as on the page, in its order, and `le`
 * left out; -1: there is none. */
double page_value(const struct page *page, const char *name, const char *labels);

/* The value of its bucket with this bound; -1: there is none. */
double page_bucket(const struct page *page, const char *name, const char *labels, double bound);

/* Its type, or NULL. */
const char *page_type(const struct page *page, const char *name);
