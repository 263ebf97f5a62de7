/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's `http`. */
#pragma once

#include "config.h"
#include "config_file.h"
#include "config_value.h"

enum { RS_PROJECT_KEY_MAX = 36, RS_PROJECTS_MAX = 64 };

/* Reads `file`, which is NULL where there is none, into zeroed *config; errors go to the reader. */
void rs_config_read_http(struct rs_reader *reader, const struct rs_file_http *file,
                         struct rs_http_config *config);
void rs_config_free_http(struct rs_http_config *config);
