/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages of a long list: rows in the order of their serial numbers, cut before they are too long. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "control/error.h"

enum { RS_PAGE_LIMIT = 100 };
enum rs_page_rest { RS_PAGE_LAST, RS_PAGE_MORE };

struct rs_page {
    uint64_t first; /* the smallest serial that belongs on it */
    uint64_t last;  /* the greatest one on it */
    uint64_t limit; /* rows */
    size_t bytes;
    json_t *rows;
};

/* `cursor` may be NULL. Returns 0, or -1 with *error set. */
int rs_page_begin(struct rs_page *page, const char *cursor, uint64_t limit, struct rs_error *error);

bool rs_page_is_full(const struct rs_page *page);

/* Steals `row`. */
void rs_page_add(struct rs_page *page, uint64_t serial, json_t *row);

/* A new object: the rows under `name`, and a cursor where there is more. */
json_t *rs_page_end(struct rs_page *page, const char *name, enum rs_page_rest rest);
