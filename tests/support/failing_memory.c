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
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's, below the names that are replaced. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static atomic_ulong asked, failed, first, last; /* first 0: none fails */
static int tell_fd = -1;

static int fails(void)
{
    const unsigned long from = atomic_load(&first);
    const unsigned long n = atomic_fetch_add(&asked, 1) + 1;

    if (from == 0 || n < from || n > atomic_load(&last))
        return 0;
    if (atomic_fetch_add(&failed, 1) == 0 && tell_fd >= 0)
        syscall(SYS_write, tell_fd, "!", 1);
    errno = ENOMEM;
    return 1;
}

static void arm(unsigned long from, unsigned long to)
{
    atomic_store(&first, 0);
    atomic_store(&asked, 0);
    atomic_store(&failed, 0);
    atomic_store(&last, to);
    atomic_store(&first, from);
}

void failing_memory_arm(unsigned long n)
{
    arm(n, n);
}

unsigned long failing_memory_disarm(void)
{
    atomic_store(&first, 0);
    return atomic_load(&failed);
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *order = getenv("RTPSEAL_FAIL_ALLOCATION"), *tell = getenv("RTPSEAL_FAIL_TELL");
    char *end;
    unsigned long n;

    if (tell != NULL)
        tell_fd = (int)strtol(tell, NULL, 10);
    if (order == NULL)
        return;
    n = strtoul(order, &end, 10);
    arm(n, *end == '+' ? (unsigned long)-1 : n);
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
