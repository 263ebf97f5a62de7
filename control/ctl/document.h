/* SPDX-License-Identifier: BSD-3-Clause */
/* A document in YAML or JSON, as JSON. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct rs_document_error {
    size_t line, column; /* from 1 */
    char text[160];
};

/*
 * Makes JSON of one YAML document, which JSON is too. Scalars that stand without quotes are null
 * (~, null or nothing), true, false, or whole numbers (decimal, 0x or 0o) where the YAML core
 * schema says so; all else is a string, fractions too. A mapping's keys are strings as they stand.
 * Not taken: a key twice in one mapping, aliases, tags, a second document, nesting deeper than 32.
 * Returns 0 with *document set, the caller's, or -EINVAL with *error set. Reads nothing.
 */
int rs_document_parse(const char *text, size_t bytes, json_t **document,
                      struct rs_document_error *error);
