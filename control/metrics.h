/* SPDX-License-Identifier: BSD-3-Clause */
/* The page of metrics, and its description, both out of one table. Main thread alone. */
#pragma once

#include <jansson.h>

struct evbuffer;
struct rs_control;

/* Appends the whole page, of type RS_EXPOSITION_TYPE. Does not block; without memory the page is
 * cut short. Nothing in it is of one session or stream. */
void rs_metrics_write(const struct rs_control *control, struct evbuffer *out);

/* A new object: `metrics`, a list of `name`, `type`, `help` and `labels`; `labels`, a list of
 * `name`, `help` and, where they are a few words, `values`. Any thread. */
json_t *rs_metrics_json(void);
