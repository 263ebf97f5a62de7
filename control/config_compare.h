/* SPDX-License-Identifier: BSD-3-Clause */
/* What differs between two configurations, key by key, and which of it can change in a running
 * daemon. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "control/config.h"

struct rs_config_difference {
    char key[64];      /* as in the file: "e2ee.grace_ms", "links[0].media" */
    bool live;         /* false: needs a restart */
    char *one, *other; /* as they would be written */
};

/*
 * Lists what differs; *count is how many, the caller frees the list with
 * rs_config_differences_free. NULL without memory. Links are compared one by one while their names
 * and ports are the same; else they are one difference, "links".
 */
struct rs_config_difference *rs_config_compare(const struct rs_config *one,
                                               const struct rs_config *other, size_t *count);
void rs_config_differences_free(struct rs_config_difference *differences, size_t count);
