/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a codec's rule in tight memory and shows what came out. Expects nothing: tests do. */
#include "tests/support/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rs_layout_exact(struct rs_format format, const uint8_t *body, size_t bytes, size_t grown_by,
                     struct rs_layout *out)
{
    uint8_t *copy = malloc(bytes);
    bool parsed;

    out->runs = malloc(RS_LAYOUT_MAX_RUNS(bytes) * sizeof(*out->runs));
    if (copy == NULL || out->runs == NULL)
        abort();
    memcpy(copy, body, bytes);
    parsed = rs_format_layout(format, copy, bytes, grown_by, out);
    free(copy);
    return parsed;
}

void rs_layout_print(const struct rs_layout *layout, char *text)
{
    int n = sprintf(text, "%u|", layout->free);

    for (unsigned int i = 0; i < layout->run_count && n < RS_LAYOUT_TEXT_BYTES - 40; i++)
        n += sprintf(text + n, "%s%u+%u", i > 0 ? " " : "", layout->runs[i].clear,
                     layout->runs[i].sealed);
    if (layout->last_size_offset != 0)
        sprintf(text + n, " @%u", layout->last_size_offset);
}
