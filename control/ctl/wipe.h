/* SPDX-License-Identifier: BSD-3-Clause */
/* What keeps a secret from outliving its use in this process. */
#pragma once

#include <stddef.h>

/*
 * Makes the process fit to hold a secret, as far as it is let: no core dumps, no tracing by
 * others, memory that is not swapped, JSON memory wiped when it is freed. Once, first thing in
 * main, before any JSON is made.
 */
void rs_wipe_init(void);

/* Memory for a secret, wiped by rs_wipe_free. NULL where there is none. */
void *rs_wipe_alloc(size_t bytes);
void rs_wipe_free(void *memory);
