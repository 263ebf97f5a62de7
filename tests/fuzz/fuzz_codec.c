/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each codec's rule on any payload. The first byte says which. Every byte of the body is free,
 * clear or sealed, once; nothing is read or written beside it; and what a sealed body is laid out
 * as is what the plain one was.
 */
#include "fuzz.h"

#include "dataplane/format.h"

enum { OVERHEAD = 28, BODY_MAX = 4096 };

static size_t sum_of(const struct rs_layout *layout)
{
    size_t sum = layout->free;

    for (unsigned int i = 0; i < layout->run_count; i++)
        sum += (size_t)layout->runs[i].clear + layout->runs[i].sealed;
    return sum;
}

/* Sealed bytes become others, and the last unit's size grows. */
static void look_at_sealed(struct rs_format format, uint8_t *body, size_t bytes,
                           const struct rs_layout *plain)
{
    struct rs_run *runs = malloc(RS_LAYOUT_MAX_RUNS(bytes) * sizeof(*runs));
    struct rs_layout sealed = {.runs = runs};
    size_t at = plain->free;

    for (unsigned int i = 0; i < plain->run_count; i++) {
        at += plain->runs[i].clear;
        for (size_t n = 0; n < plain->runs[i].sealed; n++)
            body[at + n] ^= (uint8_t)(0xa5 + n);
        at += plain->runs[i].sealed;
    }
    if (plain->last_size_offset != 0) {
        uint8_t *size = body + plain->last_size_offset;
        const unsigned int grown = (unsigned int)(size[0] << 8 | size[1]) + OVERHEAD;

        MUST(plain->last_size_offset + 2u <= bytes && grown <= UINT16_MAX);
        size[0] = (uint8_t)(grown >> 8);
        size[1] = (uint8_t)grown;
    }
    MUST(rs_format_layout(format, body, bytes, plain->last_size_offset != 0 ? OVERHEAD : 0,
                          &sealed));
    MUST(sealed.free == plain->free && sealed.run_count == plain->run_count);
    MUST(sealed.last_size_offset == plain->last_size_offset);
    MUST(memcmp(runs, plain->runs, plain->run_count * sizeof(*runs)) == 0);
    free(runs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rs_format format;
    struct rs_layout layout;
    uint8_t *body;
    size_t bytes;

    if (size < 2 || size > BODY_MAX)
        return 0;
    bytes = size - 1;
    format = (struct rs_format){.codec = &rs_codecs[(data[0] & 0x7f) % rs_codec_count],
                                .is_rtx = (data[0] & 0x80) != 0};
    body = rs_fuzz_copy(data + 1, bytes);
    layout.runs = malloc(RS_LAYOUT_MAX_RUNS(bytes) * sizeof(layout.runs[0]));
    MUST(layout.runs != NULL);
    if (rs_format_layout(format, body, bytes, 0, &layout)) {
        MUST(rs_format_has_rule(format));
        MUST(layout.run_count <= RS_LAYOUT_MAX_RUNS(bytes));
        MUST(sum_of(&layout) == bytes);
        MUST(memcmp(body, data + 1, bytes) == 0);
        look_at_sealed(format, body, bytes, &layout);
    }
    rs_format_layout_whole(format, bytes, &layout);
    MUST(sum_of(&layout) == bytes && layout.free <= 2);
    free(layout.runs);
    free(body);
    return 0;
}
