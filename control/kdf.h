/* SPDX-License-Identifier: BSD-3-Clause */
/* From a secret to a base key: PBKDF2 on threads of its own, since it takes a third of a second. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rs_counts;
struct rs_kdf;

enum {
    RS_BASE_KEY_BYTES = 64,
    RS_SECRET_MAX_BYTES = 1024, /* 256 characters of UTF-8 */
    RS_KDF_THREADS = 2,
    RS_KDF_QUEUE = 128, /* jobs waiting or running */
};

/* Called on the main thread out of rs_kdf_poll. `base_key` is borrowed for the call and NULL where
 * the derivation failed. */
typedef void rs_kdf_done_fn(void *arg, const uint8_t *base_key);

/* Starts the threads. Main thread, after its CPU affinity is set. `counts` is borrowed, and main's
 * alone. NULL with errno set. */
struct rs_kdf *rs_kdf_create(struct rs_counts *counts);

/* Waits for running derivations (up to a second), forgets waiting ones, wipes. Blocks. */
void rs_kdf_destroy(struct rs_kdf *kdf);

/* A descriptor that is readable when rs_kdf_poll has something to do. */
int rs_kdf_fd(const struct rs_kdf *kdf);

/* Hands finished jobs to their `done`. Main thread; does not block. */
void rs_kdf_poll(struct rs_kdf *kdf);

/*
 * Queues a derivation; the secret (at most RS_SECRET_MAX_BYTES) is copied, and the copy wiped in
 * time. Main thread; does not block. Returns 0, -EBUSY where the queue is full, or -EINVAL.
 */
int rs_kdf_submit(struct rs_kdf *kdf, const char *secret, size_t bytes, const char *session_id,
                  rs_kdf_done_fn *done, void *arg);

/* Derives at once, for as long as it takes: the wire format, section 5. Any thread. 0 or -EIO. */
int rs_kdf_derive(const char *secret, size_t bytes, const char *session_id,
                  uint8_t base_key[RS_BASE_KEY_BYTES]);
