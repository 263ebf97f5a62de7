/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for requests, which may hold secrets: locked as far as it goes, always wiped before it is
 * given back. Main thread alone.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Sets the locked heap up. Once, before the first allocation. Returns 0, -EPERM where it cannot be
 * locked (it can be used all the same), or -ENOMEM.
 */
int rs_memory_init(void);

/* As malloc(3) and free(3). What is large or does not fit into the locked heap is ordinary. */
void *rs_memory_alloc(size_t bytes);
void rs_memory_free(void *memory);

/* How often there was none: what was made of JSON while this grew may lack a part. */
uint64_t rs_memory_failures(void);
