/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL's secure heap under jansson: a parsed secret is at most a kilobyte and lies in it. */
#include "memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "dataplane/dataplane.h"

enum {
    HEAP_BYTES = 1 << 20,
    SMALLEST_BYTES = 32,
    LARGE_BYTES = 4096, /* no secret is that long: the ordinary heap will do */
};

static uint64_t failures;

int rs_memory_init(void)
{
    switch (CRYPTO_secure_malloc_init(HEAP_BYTES, SMALLEST_BYTES)) {
    case 1:
        return 0;
    case 2:
        return -EPERM;
    default:
        return -ENOMEM;
    }
}

void *rs_memory_alloc(size_t bytes)
{
    void *memory = bytes < LARGE_BYTES ? OPENSSL_secure_malloc(bytes) : NULL;

    if (memory == NULL)
        memory = malloc(bytes);
    failures += memory == NULL;
    return memory;
}

uint64_t rs_memory_failures(void)
{
    return failures;
}

void rs_memory_free(void *memory)
{
    if (memory == NULL)
        return;
    if (CRYPTO_secure_allocated(memory)) {
        OPENSSL_secure_clear_free(memory, CRYPTO_secure_actual_size(memory));
        return;
    }
    rs_secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}
