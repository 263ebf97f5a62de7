/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters of a method: a const table, and a zeroed struct that it fills. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "control/error.h"

enum { RS_ID_MAX = 128 };

/* What the struct holds for each type; all of it is zero where the parameter is not given. */
enum rs_param_type {
    RS_PARAM_ID,           /* const char *: a session's or stream's id */
    RS_PARAM_STRING,       /* const char *: without a NUL inside */
    RS_PARAM_SECRET,       /* struct rs_text: any characters; never repeated anywhere */
    RS_PARAM_BOOL,         /* struct rs_optional, value 0 or 1 */
    RS_PARAM_UINT,         /* struct rs_optional, min to max */
    RS_PARAM_UINT_OR_ZERO, /* struct rs_optional, 0 or min to max */
    RS_PARAM_WORD,         /* unsigned int: 0, or 1 + the index in `words` */
    RS_PARAM_OBJECT,       /* json_t *, borrowed */
    RS_PARAM_ARRAY,        /* json_t *, borrowed */
    RS_PARAM_INT_OR_ARRAY, /* json_t *, borrowed */
};

struct rs_text {
    const char *bytes; /* NULL: not given */
    size_t length;
};

struct rs_optional {
    bool given;
    uint64_t value;
};

enum rs_need { RS_OPTIONAL, RS_REQUIRED };

struct rs_param {
    const char *name;
    enum rs_param_type type;
    enum rs_need need;
    size_t offset;        /* in the struct */
    const char *help;     /* one line */
    const char *accepted; /* completes "... is ..." */
    uint64_t min, max;
    const char *const *words; /* NULL-terminated */
};

/* Whether `text` can be the id of a session or a stream. Pure. */
bool rs_id_valid(const char *text);

/* The JSON type's name, as printed for the user. Pure. */
const char *rs_param_type_name(enum rs_param_type type);

/*
 * Decodes `params` (an object, or NULL) by the table into the caller's zeroed struct, which then
 * borrows from it. Returns 0, or -1 with *error naming the parameter and what is accepted, never
 * the value.
 */
int rs_params_decode(const struct rs_param *table, size_t count, json_t *params, void *out,
                     struct rs_error *error);

/* The value if given, else `otherwise`. */
uint64_t rs_optional_or(struct rs_optional optional, uint64_t otherwise);
