/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream's flow and SSRCs: from JSON and back. No state. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "control/error.h"
#include "dataplane/dataplane.h"

/* Each returns 0, or -1 with *error naming the member that is wrong. */
int rs_flow_parse(json_t *json, struct rs_flow *flow, struct rs_error *error);
int rs_ssrcs_parse(const json_t *json, uint32_t *ssrcs, size_t max, size_t *count,
                   struct rs_error *error);

/* New references. */
json_t *rs_flow_json(const struct rs_flow *flow);
json_t *rs_ssrcs_json(const uint32_t *ssrcs, size_t count);
