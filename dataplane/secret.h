/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that may hold keys: locked, kept out of core dumps and of children, wiped before it is
 * given back; and the comparison of secrets. No DPDK here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum rs_lock_policy {
    RS_LOCK_REQUIRED, /* memory that cannot be locked is not handed out */
    RS_LOCK_TRIED,    /* warn once, go on unlocked */
};

/* Sets what happens where mlock(2) fails. Main thread, once, before the first map. */
void rs_secret_set_policy(enum rs_lock_policy policy);

/*
 * Maps zeroed, prefaulted, locked (see the policy), dump-excluded memory of at least `bytes`.
 * Main thread; blocks in the kernel. Returns NULL with errno set where it cannot be had or, under
 * RS_LOCK_REQUIRED, cannot be locked. The caller owns it: rs_secret_unmap with the same size.
 */
void *rs_secret_map(size_t bytes);
void rs_secret_unmap(void *memory, size_t bytes);

/* Overwrites memory so that the compiler cannot leave it out. Any thread. */
void rs_secret_wipe(void *memory, size_t bytes);

/* Whether two byte strings are equal, in time that depends on `bytes` alone. Any thread. */
bool rs_secret_equal(const void *a, const void *b, size_t bytes);
