/* SPDX-License-Identifier: BSD-3-Clause */
/* A capture as a file: pcapng (draft-ietf-opsawg-pcapng), one interface per port of each link. */
#pragma once

#include <stdint.h>

#include "dataplane/dataplane.h"

struct rs_capture_file;

/*
 * Makes `path`, which must not be there, readable by its owner alone, and writes what comes first.
 * Interfaces are named "LINK plain" and "LINK sealed". NULL with errno set. Blocks on the disk.
 */
struct rs_capture_file *rs_capture_file_create(const char *path,
                                               const struct rs_dataplane_config *config);

/* Appends a packet, with its outcome as a comment. Returns the bytes written, or -errno. */
int rs_capture_file_write(struct rs_capture_file *file, const struct rs_captured *captured);

/* Writes how many were missed, and closes. Returns 0 or -errno. */
int rs_capture_file_close(struct rs_capture_file *file, uint64_t missed);
