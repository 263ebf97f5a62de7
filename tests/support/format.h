/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats by the names that tests and vectors give them. */
#pragma once

#include "dataplane/format.h"

/* "VP8", or "rtx:VP8" for its retransmissions; without a codec where there is none of that name. */
struct rs_format rs_test_format(const char *name);
