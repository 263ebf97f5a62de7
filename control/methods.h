/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client can ask: one const table of methods, which dispatches, decodes and documents. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/params.h"
#include "control/request.h"

/* Sets request->result or request->error. `params` is the method's struct, for the call only. */
typedef enum rs_reply rs_handler_fn(struct rs_request *request, const void *params);

/* Whose changes must wait for one another. */
enum rs_subject { RS_SUBJECT_NONE, RS_SUBJECT_SESSION, RS_SUBJECT_STREAM };

struct rs_rpc_method {
    const char *name;
    rs_handler_fn *handler;
    enum rs_role role; /* at least */
    enum rs_subject subject;
    const char *help; /* one line */
    const struct rs_param *params;
    size_t param_count;
    size_t params_bytes; /* of the struct */
    bool adds;           /* media to carry: refused while the daemon drains */
};

/* Borrowed, or NULL. Pure. */
const struct rs_rpc_method *rs_method_find(const char *name);

/* Where it is in the table; RS_COUNTED_METHODS for NULL. */
size_t rs_method_index(const struct rs_rpc_method *method);

extern const struct rs_rpc_method rs_rpc_methods[];
extern const size_t rs_rpc_method_count;
