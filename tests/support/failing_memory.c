/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * malloc and its kin, and mmap, before glibc's own: they count, and fail when their number has
 * come. What was allocated is glibc's own and freed by it.
 */
#include "tests/support/failing_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's, below the names that are replaced. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_ulong asked, failed, armed; /* armed 0: none fails */

static int fails(void)
{
    const unsigned long n = atomic_fetch_add(&asked, 1) + 1;

    if (n != atomic_load(&armed))
        return 0;
    atomic_fetch_add(&failed, 1);
    errno = ENOMEM;
    return 1;
}

void failing_memory_arm(unsigned long n)
{
    atomic_store(&armed, 0);
    atomic_store(&asked, 0);
    atomic_store(&failed, 0);
    atomic_store(&armed, n);
}

unsigned long failing_memory_asked(void)
{
    return atomic_load(&asked);
}

unsigned long failing_memory_disarm(void)
{
    atomic_store(&armed, 0);
    return atomic_load(&failed);
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    return fails() ? NULL : __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    void *made = memalign(alignment, bytes);

    if (made == NULL)
        return ENOMEM;
    *memory = made;
    return 0;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}
