/* SPDX-License-Identifier: BSD-3-Clause */
/* The one capture that there may be: from a request to a file, and its end. Main thread. */
#pragma once

#include "control/control.h"
#include "dataplane/dataplane.h"

enum {
    RS_CAPTURE_SNAP_MAX = 9728,
    RS_CAPTURE_PACKETS_MAX = 10000000,
    RS_CAPTURE_SECONDS_MAX = 3600,
    RS_CAPTURE_PATH_MAX = 256,
};

#define RS_CAPTURE_BYTES_MAX (UINT64_C(1) << 32)

struct rs_capture_limits {
    uint64_t bytes, packets, seconds;
};

/* How it stands, or how the last one has ended. */
struct rs_capture_state {
    bool running;
    const char *ended; /* "stopped", "bytes", "packets", "seconds", "stream_gone", "write_failed";
                          NULL: runs */
    char path[RS_CAPTURE_PATH_MAX];
    uint64_t packets, bytes, not_captured;
};

struct rs_capturer;

/* NULL without memory. */
struct rs_capturer *rs_capturer_create(struct rs_control *control);

/* Ends what runs. NULL: nothing. */
void rs_capturer_destroy(struct rs_capturer *capturer);

/*
 * Makes a file in the configured directory and begins; copies are written by a thread of its own.
 * Ends by itself at the first limit, and says so in the log. Returns 0, or -EBUSY (one runs),
 * -ENOENT (no directory is configured), or why the file or the thread cannot be made.
 */
int rs_capturer_start(struct rs_capturer *capturer, const struct rs_capture_config *config,
                      const struct rs_capture_limits *limits);

/* Returns 0 once all that was copied is in the file, or -ENOENT where none runs. */
int rs_capturer_stop(struct rs_capturer *capturer, const char *why);

/* Before a stream ends: its capture does. */
void rs_capturer_forget(struct rs_capturer *capturer, const struct rs_stream *stream);

/* All zero before the first. */
void rs_capturer_get(const struct rs_capturer *capturer, struct rs_capture_state *state);
