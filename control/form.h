/* SPDX-License-Identifier: BSD-3-Clause */
/* Forms as browsers and SDKs send them, application/x-www-form-urlencoded, read strictly. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/error.h"

enum { RS_FORM_VALUE_MAX = 128 /* bytes of a value that is looked at */ };

/* One field that is looked for: `name` by the caller, the rest by rs_form_read. */
struct rs_form_field {
    const char *name;
    bool given;
    char value[RS_FORM_VALUE_MAX + 1];
};

/*
 * Reads "NAME=VALUE&NAME=VALUE" into `fields`; other names are skipped, but must be well-formed
 * too. Everything is printable UTF-8 in complete percent-encoding, and no field that is looked for
 * is given twice. Returns 0, or -1 with *error set, which does not repeat what was sent.
 */
int rs_form_read(const char *text, size_t bytes, struct rs_form_field *fields, size_t count,
                 struct rs_error *error);
