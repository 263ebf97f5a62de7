/* SPDX-License-Identifier: BSD-3-Clause */
/* From the words of a command line to the members of a method's params. */
#pragma once

#include <jansson.h>

/*
 * Sets what `text` says in `params` under `name`. Returns 0, or -EINVAL where the text is not of
 * that form, and params are then unchanged.
 */
typedef int rs_value_fn(json_t *params, const char *name, const char *text);

rs_value_fn rs_value_string;
rs_value_fn rs_value_true;         /* text is NULL */
rs_value_fn rs_value_number;       /* 0 to 2^53, decimal or 0x */
rs_value_fn rs_value_seconds;      /* "0.5", 0.2 to 60 */
rs_value_fn rs_value_numbers;      /* "1,0x2": one as a number, more as a list */
rs_value_fn rs_value_strings;      /* "a,b": always a list */
rs_value_fn rs_value_flow_src;     /* "192.0.2.1:5004" or "[2001:db8::1]:5004", into `name` */
rs_value_fn rs_value_flow_dst;     /* likewise */
rs_value_fn rs_value_flow;         /* "SRC>DST" or "DST", each as above, into `name` */
rs_value_fn rs_value_flow_vlan;    /* 1 to 4094, into `name` */
rs_value_fn rs_value_payload_type; /* "96=VP8", or "97=rtx:96" with its apt, into `name` */
