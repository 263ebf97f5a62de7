/* SPDX-License-Identifier: BSD-3-Clause */
/* What a stream's payload types carry: from JSON and back. */
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "control/error.h"
#include "dataplane/dataplane.h"

/* Zeroed: none is named. */
struct rs_payload_types {
    uint8_t formats[RS_PAYLOAD_TYPES]; /* as rs_format_pack has it */
    uint8_t apts[RS_PAYLOAD_TYPES];    /* of rtx alone: whose packets it carries again */
};

/*
 * Reads {"96": {"codec": "VP8"}, "97": {"codec": "rtx", "apt": 96}} into zeroed *types. Returns 0,
 * or -1 with *error naming the payload type that is wrong and what is accepted. Main thread.
 */
int rs_payload_types_parse(json_t *json, struct rs_payload_types *types, struct rs_error *error);

/* The same as JSON, in the order of the numbers. A new reference. */
json_t *rs_payload_types_json(const struct rs_payload_types *types);
