/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for keys, straight from the kernel and in whole pages, so that locking, dump exclusion and
 * unmapping never touch a neighbour. What is kept in it, and when it is wiped, is for its owner.
 */
#include "secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "log.h"

enum { HUGE_PAGE = 2 << 20 };

static enum rs_lock_policy lock_policy = RS_LOCK_REQUIRED;
static bool warned;

static size_t whole_pages(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return bytes == 0 ? page : (bytes + page - 1) / page * page;
}

static int lock(void *memory, size_t bytes)
{
    /* Not mlock(2), which the sanitizers' run-time replaces by nothing. */
    if (mlock2(memory, bytes, 0) == 0)
        return 0;
    if (lock_policy == RS_LOCK_REQUIRED)
        return -1;
    if (!warned) {
        warned = true;
        rs_log(RS_LOG_WARNING,
               "memory for keys cannot be locked (%s): keys may reach the swap space; raise "
               "RLIMIT_MEMLOCK",
               strerror(errno));
    }
    return 0;
}

void rs_secret_set_policy(enum rs_lock_policy policy)
{
    lock_policy = policy;
    warned = false;
}

/* Maps whole pages, not paged in; many of them so that they can be huge pages. */
static void *map_aligned(size_t size)
{
    const size_t align = size < HUGE_PAGE ? (size_t)sysconf(_SC_PAGESIZE) : HUGE_PAGE;
    uint8_t *memory =
        mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (memory == MAP_FAILED)
        return NULL;
    before = (align - (uintptr_t)memory % align) % align;
    if (before > 0)
        munmap(memory, before);
    munmap(memory + before + size, align - before);
    /* Senders lie far apart: with small pages each packet would miss the TLB several times. Where
     * the kernel has no huge pages, small ones do. */
    if (align == HUGE_PAGE)
        madvise(memory + before, size, MADV_HUGEPAGE);
    return memory + before;
}

void *rs_secret_map(size_t bytes)
{
    const size_t size = whole_pages(bytes);
    void *memory;
    int error;

    if (size < bytes) {
        errno = ENOMEM;
        return NULL;
    }
    memory = map_aligned(size);
    if (memory == NULL)
        return NULL;
    /* A child has no use for keys, so it does not even get the addresses. */
    if (madvise(memory, size, MADV_DONTDUMP) != 0 || madvise(memory, size, MADV_DONTFORK) != 0 ||
        lock(memory, size) != 0) {
        error = errno;
        munmap(memory, size);
        errno = error;
        return NULL;
    }
    return memory;
}

void rs_secret_unmap(void *memory, size_t bytes)
{
    const size_t size = whole_pages(bytes);

    if (memory == NULL)
        return;
    rs_secret_wipe(memory, size);
    munmap(memory, size);
}

void rs_secret_wipe(void *memory, size_t bytes)
{
    explicit_bzero(memory, bytes);
}

bool rs_secret_equal(const void *a, const void *b, size_t bytes)
{
    return CRYPTO_memcmp(a, b, bytes) == 0;
}
