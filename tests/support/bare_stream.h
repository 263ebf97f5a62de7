/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream that nothing lists and no worker knows: its counters are the test's to move. */
#pragma once

struct rs_stream;

/* Zeroed but for its owner; asserts that there is memory. */
struct rs_stream *rs_bare_stream(void *owner, unsigned int worker_count);

/* Frees it; NULL: does nothing. */
void rs_bare_stream_free(struct rs_stream *stream);
