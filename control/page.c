/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One page of a list. The cursor is the next serial number, which stays valid while rows come and
 * go; what the rows are is the caller's.
 */
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Rows stop before a reply of 1 MiB would be passed, the longest row included. */
enum { BYTES_MAX = 900 * 1024 };

int rs_page_begin(struct rs_page *page, const char *cursor, uint64_t limit, struct rs_error *error)
{
    char *end = NULL;

    *page = (struct rs_page){.limit = limit};
    if (cursor != NULL) {
        errno = 0;
        page->first = strtoull(cursor, &end, 10);
        if (cursor[0] < '0' || cursor[0] > '9' || *end != '\0' || errno != 0)
            return rs_error_set(error, RS_E_INVALID_PARAMS, "cursor",
                                "\"cursor\" is what the page before gave");
    }
    page->rows = json_array();
    return 0;
}

bool rs_page_is_full(const struct rs_page *page)
{
    return json_array_size(page->rows) >= page->limit || page->bytes >= BYTES_MAX;
}

void rs_page_add(struct rs_page *page, uint64_t serial, json_t *row)
{
    page->bytes += json_dumpb(row, NULL, 0, JSON_COMPACT) + 1;
    page->last = serial;
    json_array_append_new(page->rows, row);
}

json_t *rs_page_end(struct rs_page *page, const char *name, enum rs_page_rest rest)
{
    json_t *result = json_pack("{s:o}", name, page->rows);
    char cursor[24];

    if (rest == RS_PAGE_MORE) {
        snprintf(cursor, sizeof(cursor), "%" PRIu64, page->last + 1);
        json_object_set_new(result, "cursor", json_string(cursor));
    }
    return result;
}
