/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking up the configuration file anew while the daemon runs. Main thread alone. */
#pragma once

#include <stddef.h>

#include "control/config_compare.h"
#include "control/error.h"

struct rs_control;
struct rs_reload;

/*
 * `running` is the configuration in use, control->config, which only this changes from now on; path
 * and overrides are those it was loaded with. Borrows all. NULL without memory.
 */
struct rs_reload *rs_reload_create(struct rs_control *control, struct rs_config *running,
                                   const char *path, const struct rs_overrides *overrides);
void rs_reload_destroy(struct rs_reload *reload);

const char *rs_reload_path(const struct rs_reload *reload);

/*
 * Reads the file and lists what differs from what is in use (`one`: in use, `other`: the file), for
 * the caller to free. Changes nothing. Returns 0, or -1 with *error set.
 */
int rs_reload_check(struct rs_reload *reload, struct rs_config_difference **differences,
                    size_t *count, struct rs_error *error);

/*
 * The same, and what can change live is from then on in use: all of it or nothing. What needs a
 * restart goes on as it was. Returns 0, or -1 with *error set.
 */
int rs_reload_run(struct rs_reload *reload, struct rs_config_difference **differences,
                  size_t *count, struct rs_error *error);
