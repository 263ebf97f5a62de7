/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/bare_stream.h"

#include <CUnit/CUnit.h>

#include "dataplane/table.h"

struct rs_stream *rs_bare_stream(void *owner, unsigned int worker_count)
{
    const size_t notice_bytes = rs_notice_bytes(RS_TROUBLE_SSRCS);
    struct rs_stream *stream = rs_lines_alloc(
        sizeof(*stream) + worker_count * (sizeof(struct rs_stream_slot) + notice_bytes));
    uint8_t *notices;

    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    notices = (uint8_t *)&stream->slots[worker_count];
    for (unsigned int w = 0; w < worker_count; w++)
        stream->slots[w].notice = (void *)&notices[w * notice_bytes];
    stream->direction = RS_OPEN;
    stream->owner = owner;
    return stream;
}

void rs_bare_stream_free(struct rs_stream *stream)
{
    if (stream != NULL)
        rs_table_unmake(stream);
}
