/* SPDX-License-Identifier: BSD-3-Clause */
/* The model as JSON, for scripts: rtpsealctl(1) documents it, so that names stay. Pure. */
#pragma once

#include "top_model.h"

/* One sample, with the events that came since the one before. Rates that are not known are null.
 * The caller owns it; `events` is borrowed. */
json_t *rs_top_json(const struct rs_top_model *model, json_t *events);
