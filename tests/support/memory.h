/* SPDX-License-Identifier: BSD-3-Clause */
/* What a process holds: how much memory, and whether certain bytes are anywhere in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
enum { RS_MEMORY_SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { RS_MEMORY_SANITIZED = 1 };
#else
enum { RS_MEMORY_SANITIZED = 0 };
#endif
#else
enum { RS_MEMORY_SANITIZED = 0 };
#endif

struct rs_memory {
    size_t heap;   /* bytes that malloc has given out; 0 under a sanitizer, which has its own */
    size_t mapped; /* bytes of address space */
    size_t resident;
};

void rs_memory_measure(struct rs_memory *memory);

enum { RS_MEMORY_NEEDLE_BYTES = 32, RS_MEMORY_MASK = 0x5a };

/* Bytes to look for, kept under a mask so that the test itself is not what is found. */
struct rs_memory_needle {
    uint8_t masked[RS_MEMORY_NEEDLE_BYTES];
};

void rs_memory_remember(struct rs_memory_needle *needle, const void *bytes);

/* How many of the needles lie somewhere in the process's own writable memory. */
size_t rs_memory_count(const struct rs_memory_needle *needles, size_t count);
