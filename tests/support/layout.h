/* SPDX-License-Identifier: BSD-3-Clause */
/* Layouts of payloads, as tests look at them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/format.h"

enum { RS_LAYOUT_TEXT_BYTES = 512 };

/*
 * Lays out a copy of the body in memory of exactly its size, with no run to spare, so that a
 * sanitizer sees a step beyond either. Returns whether it parsed; in both cases the caller frees
 * out->runs. Ends the program where memory cannot be had.
 */
bool rs_layout_exact(struct rs_format format, const uint8_t *body, size_t bytes, size_t grown_by,
                     struct rs_layout *out);

/* Writes "free|clear+sealed clear+sealed @offset" to `text`, RS_LAYOUT_TEXT_BYTES long; the offset
 * is that of the last unit's size, if there is one. Long lists of runs are cut. */
void rs_layout_print(const struct rs_layout *layout, char *text);
