/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that is wiped before it is given back, for secrets and for all JSON, which may hold one;
 * and the process's hardening. No input and no output here.
 */
#include "wipe.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* More than a session's worth of JSON with a secret in it. */
enum { HEAP_BYTES = 256 * 1024 };

/* Before each allocation stands its size, aligned as malloc's memory is. */
union prefix {
    size_t bytes;
    max_align_t alignment;
};

void *rs_wipe_alloc(size_t bytes)
{
    union prefix *prefix = malloc(sizeof(*prefix) + bytes);

    if (prefix == NULL)
        return NULL;
    prefix->bytes = bytes;
    return prefix + 1;
}

void rs_wipe_free(void *memory)
{
    union prefix *prefix = memory;

    if (prefix == NULL)
        return;
    prefix--;
    explicit_bzero(prefix, sizeof(*prefix) + prefix->bytes);
    free(prefix);
}

/* Grows the heap first and locks it then, so that what is allocated later lies in locked pages. */
static void lock_memory(void)
{
    mallopt(M_TOP_PAD, HEAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, 2 * HEAP_BYTES);
    mallopt(M_MMAP_THRESHOLD, HEAP_BYTES);
    free(malloc(1024));
    (void)mlockall(MCL_CURRENT); /* what RLIMIT_MEMLOCK refuses is not worth failing for */
}

void rs_wipe_init(void)
{
    const struct rlimit none = {0, 0};

    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
    lock_memory();
    json_set_alloc_funcs(rs_wipe_alloc, rs_wipe_free);
}
