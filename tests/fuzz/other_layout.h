/* SPDX-License-Identifier: BSD-3-Clause */
/* The other edge's reading of payloads: other_edge.c's alone. */
#pragma once

#include "other_edge.h"

enum { OTHER_FREE = 'f', OTHER_CLEAR = 'c', OTHER_SEALED = 's' };

/* A sealed body, or a plain one with `grown` 0. */
struct other_body {
    const uint8_t *bytes;
    size_t count;
    size_t grown;     /* by how much its last unit's size has grown */
    char *kinds;      /* one for each byte */
    size_t last_size; /* where that size is; 0: there is none */
};

/* Marks each byte; a retransmission begins with a free sequence number (RFC 4588 section 4).
 * Returns whether the body can be read. */
bool other_mark(const struct other_edge *edge, bool whole, struct other_body *body);
