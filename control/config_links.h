/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's `links`. */
#pragma once

#include "config.h"
#include "config_file.h"
#include "config_value.h"

/* Of a port: below, IPv4 itself would not do; above, payloads are longer than may be sealed. */
enum { RS_MTU_MIN = 576, RS_MTU_MAX = 9600 };

/* Reads the links into zeroed *config; errors go to the reader. */
void rs_config_read_links(struct rs_reader *reader, const struct rs_file *file,
                          struct rs_dataplane_config *config);
void rs_config_free_links(struct rs_dataplane_config *config);
