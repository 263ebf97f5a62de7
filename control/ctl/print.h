/* SPDX-License-Identifier: BSD-3-Clause */
/* How results look: as JSON for scripts, as lines and tables for people. */
#pragma once

#include <jansson.h>
#include <stdio.h>

enum rs_zeros { RS_ZEROS_SHOWN, RS_ZEROS_HIDDEN };

/* The document on one line, members in the order in which they came. */
void rs_print_json(FILE *out, const json_t *value);

/* Members as "name value" lines, lists of objects as tables. */
void rs_print_result(FILE *out, const json_t *result, enum rs_zeros zeros);

/* One line: time, type, and what else it says. */
void rs_print_event(FILE *out, const json_t *event);

/* A JSON-RPC error that `method` was answered with: its words, reason and parameter. */
void rs_print_error(FILE *out, const char *method, const json_t *error);

/* What rpc_get_methods' result says: a line for each method, event and error. */
void rs_print_methods(FILE *out, const json_t *result);
