/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory by cache lines: what one thread writes while packets flow shares no line with what another
 * reads or writes then, or each of its writes would cost the other a miss. No DPDK.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

enum { RS_CACHE_LINE = 64 };

/* Of a type or a field: it begins a line. */
#define RS_OWN_LINE __attribute__((aligned(RS_CACHE_LINE)))

/* Rounded up to whole lines. Pure. */
static inline size_t rs_lines_bytes(size_t bytes)
{
    return (bytes + RS_CACHE_LINE - 1) / RS_CACHE_LINE * RS_CACHE_LINE;
}

/*
 * Zeroed memory for free(), in lines that hold nothing else; NULL: no memory. The last word is left
 * to malloc, which keeps one between two blocks: else it would take a line for that. Cold.
 */
static inline void *rs_lines_alloc(size_t bytes)
{
    const size_t whole = rs_lines_bytes(bytes + sizeof(size_t)) - sizeof(size_t);
    void *memory;

    return posix_memalign(&memory, RS_CACHE_LINE, whole) == 0 ? memset(memory, 0, whole) : NULL;
}
