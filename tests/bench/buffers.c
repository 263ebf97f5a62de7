/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that stands for a port's buffers, and rounds over it. */
#include "tests/bench/buffers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "tests/bench/bench.h"

enum {
    STRIDE = 2304, /* an mbuf with 2 KiB of room and its header */
    HUGEPAGE = 2 << 20,
    ROUNDS_MAX = 4096,
};

static uint8_t *map(size_t bytes)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);

    if (memory == MAP_FAILED)
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED)
        rs_bench_fail("no memory for packets");
    return memory;
}

struct rs_buffers *rs_buffers_create(unsigned int payload_bytes)
{
    struct rs_buffers *buffers = calloc(1, sizeof(*buffers));
    struct rs_frames *frames = rs_cell_frames(payload_bytes, 5000, false);

    if (buffers == NULL)
        rs_bench_fail("no memory for packets");
    buffers->bytes = ((size_t)RS_CELL_FRAMES * STRIDE + HUGEPAGE - 1) / HUGEPAGE * HUGEPAGE;
    buffers->memory = map(buffers->bytes);
    for (unsigned int i = 0; i < RS_CELL_FRAMES; i++) {
        const struct rs_frame *frame = &frames->frames[i];
        const struct rs_cell_place place = rs_cell_find(frame);
        struct rs_buffer *buffer = &buffers->buffers[i];

        buffer->rtp = buffers->memory + (size_t)i * STRIDE + RS_BUFFER_HEADROOM;
        buffer->rtp_bytes = frame->bytes - place.rtp_offset;
        buffer->payload = buffer->rtp + (place.offset - place.rtp_offset);
        buffer->payload_bytes = place.bytes;
        memcpy(buffer->rtp, frame->data + place.rtp_offset, buffer->rtp_bytes);
    }
    rs_frames_destroy(frames);
    return buffers;
}

void rs_buffers_destroy(struct rs_buffers *buffers)
{
    munmap(buffers->memory, buffers->bytes);
    free(buffers);
}

struct rs_figure rs_buffers_measure(unsigned int burst,
                                    void (*run)(void *context, unsigned int first, unsigned int n),
                                    void *context, unsigned int ms)
{
    static double rounds[ROUNDS_MAX];
    const uint64_t until = rs_bench_now_ms() + ms;
    size_t count = 0;

    do {
        const uint64_t began = __rdtsc();

        for (unsigned int first = 0; first < RS_CELL_FRAMES; first += burst)
            run(context, first, burst);
        rounds[count++] = (double)(__rdtsc() - began) / RS_CELL_FRAMES;
    } while (rs_bench_now_ms() < until && count < ROUNDS_MAX);
    return rs_figure_of(rounds, count);
}
