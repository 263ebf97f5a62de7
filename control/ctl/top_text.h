/* SPDX-License-Identifier: BSD-3-Clause */
/* The model as a block of plain lines, for a file or a pipe. */
#pragma once

#include <stdio.h>

#include "top_model.h"

/* Writes the head, each pane that has lines, and an empty line. */
void rs_top_print_text(FILE *out, const struct rs_top_model *model);
