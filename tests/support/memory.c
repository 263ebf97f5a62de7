/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads /proc/self, as anyone with the right to debug the process could. */
#include "tests/support/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

enum { CHUNK_BYTES = 1 << 20, FILTER_BITS = 16, BLOCK_BYTES = 256, MAPPING_MAX_BYTES = 1 << 30 };

struct search {
    const struct rs_memory_needle *needles;
    size_t count, found;
    uint8_t *seen;                          /* per needle */
    uint8_t filter[(1 << FILTER_BITS) / 8]; /* of the first two bytes of all needles */
    uint8_t chunk[CHUNK_BYTES + RS_MEMORY_NEEDLE_BYTES];
    int fd;
};

void rs_memory_measure(struct rs_memory *memory)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    size_t mapped = 0, resident = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fscanf(file, "%zu %zu", &mapped, &resident), 2);
    fclose(file);
    memory->heap = RS_MEMORY_SANITIZED ? 0 : mallinfo2().uordblks;
    memory->mapped = mapped * page;
    memory->resident = resident * page;
}

void rs_memory_remember(struct rs_memory_needle *needle, const void *bytes)
{
    const volatile uint8_t *from = bytes;

    for (size_t i = 0; i < RS_MEMORY_NEEDLE_BYTES; i++)
        needle->masked[i] = from[i] ^ RS_MEMORY_MASK;
}

static unsigned int filter_bit(const uint8_t *bytes)
{
    return (unsigned int)bytes[0] << 8 | bytes[1];
}

static bool matches(const struct rs_memory_needle *needle, const uint8_t *bytes)
{
    size_t i = 0;

    while (i < RS_MEMORY_NEEDLE_BYTES && (bytes[i] ^ RS_MEMORY_MASK) == needle->masked[i])
        i++;
    return i == RS_MEMORY_NEEDLE_BYTES;
}

static void look_at(struct search *search, const uint8_t *bytes)
{
    const unsigned int bit = filter_bit(bytes);

    if (!(search->filter[bit / 8] >> bit % 8 & 1))
        return;
    for (size_t n = 0; n < search->count; n++) {
        if (search->seen[n] || !matches(&search->needles[n], bytes))
            continue;
        search->seen[n] = 1;
        search->found++;
    }
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* Most memory was never written to: zeros are passed over a block at a time. */
static void search_chunk(struct search *search, size_t bytes)
{
    size_t i = 0;

    while (i + RS_MEMORY_NEEDLE_BYTES <= bytes) {
        if (i % BLOCK_BYTES == 0 && i + BLOCK_BYTES <= bytes &&
            is_zero(search->chunk + i, BLOCK_BYTES))
            i += BLOCK_BYTES - RS_MEMORY_NEEDLE_BYTES + 1;
        else
            look_at(search, search->chunk + i++);
    }
}

static void search_range(struct search *search, uintptr_t from, uintptr_t to)
{
    while (from + RS_MEMORY_NEEDLE_BYTES <= to) {
        size_t bytes = to - from < sizeof(search->chunk) ? to - from : sizeof(search->chunk);
        const ssize_t n = pread(search->fd, search->chunk, bytes, (off_t)from);

        if (n < RS_MEMORY_NEEDLE_BYTES)
            return; /* nothing is mapped there any more */
        search_chunk(search, (size_t)n);
        memset(search->chunk, 0, (size_t)n);
        from += (size_t)n - RS_MEMORY_NEEDLE_BYTES + 1;
    }
}

/*
 * Not the search's own buffer, which would find what it has just read, and not a sanitizer's shadow
 * memory, which is of terabytes.
 */
static bool is_searched(const struct search *search, uintptr_t from, uintptr_t to, const char *mode)
{
    const uintptr_t own = (uintptr_t)search;

    return mode[1] == 'w' && !(from <= own && own < to) && to - from <= MAPPING_MAX_BYTES;
}

static void search_mappings(struct search *search)
{
    FILE *file = fopen("/proc/self/maps", "re");
    unsigned long from, to;
    char line[512], mode[8];

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%lx-%lx %7s ", &from, &to, mode) == 3 &&
            is_searched(search, from, to, mode))
            search_range(search, from, to);
    }
    fclose(file);
}

size_t rs_memory_count(const struct rs_memory_needle *needles, size_t count)
{
    /* Shared, so that the kernel does not make one mapping of it and its neighbours. */
    struct search *search =
        mmap(NULL, sizeof(*search), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t found;

    CU_ASSERT_FATAL(search != MAP_FAILED);
    search->needles = needles;
    search->count = count;
    search->seen = calloc(count, 1);
    search->fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    CU_ASSERT_FATAL(search->seen != NULL && search->fd >= 0);
    for (size_t n = 0; n < count; n++) {
        const uint8_t first[2] = {needles[n].masked[0] ^ RS_MEMORY_MASK,
                                  needles[n].masked[1] ^ RS_MEMORY_MASK};
        const unsigned int bit = filter_bit(first);

        search->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
    search_mappings(search);
    found = search->found;
    close(search->fd);
    free(search->seen);
    munmap(search, sizeof(*search));
    return found;
}
