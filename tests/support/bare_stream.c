/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/bare_stream.h"

#include <CUnit/CUnit.h>

#include "dataplane/table.h"

struct rs_stream *rs_bare_stream(void *owner, unsigned int worker_count)
{
    struct rs_stream *stream =
        rs_lines_alloc(sizeof(*stream) +
                       worker_count * (sizeof(struct rs_stream_slot) + sizeof(struct rs_notice)));
    struct rs_notice *notices;

    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    notices = (void *)&stream->slots[worker_count];
    for (unsigned int w = 0; w < worker_count; w++)
        stream->slots[w].notice = &notices[w];
    stream->direction = RS_OPEN;
    stream->owner = owner;
    return stream;
}
