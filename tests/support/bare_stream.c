/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/bare_stream.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "dataplane/table.h"

struct rs_stream *rs_bare_stream(void *owner, unsigned int worker_count)
{
    const size_t bytes = sizeof(struct rs_stream) + worker_count * sizeof(struct rs_stream_slot);
    struct rs_stream *stream = aligned_alloc(64, (bytes + 63) / 64 * 64);

    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    memset(stream, 0, bytes);
    stream->owner = owner;
    return stream;
}
