/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of IPsec-MB alone at its best, on CPU 1, for the cells that standard input asks
 * for (cells.h): one key, nothing around its calls but what they need, and of all ways to call it
 * the one that is fastest here. The messages are as long as those of sealed packets.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/buffers.h"
#include "tests/bench/raw_ops.h"

struct run {
    struct rs_raw *raw;
    struct rs_raw_packet packets[RS_CELL_FRAMES];
    const struct rs_raw_way *way;
    const struct rs_suite *suite;
    enum rs_direction direction;
    unsigned int verified;
    struct rs_cell cell; /* the last one, and its packets */
    struct rs_buffers *buffers;
};

static void take(void *context, unsigned int first, unsigned int n)
{
    struct run *run = context;

    run->verified += run->way->run(run->raw, &run->packets[first], n, run->suite, run->direction);
}

static void set_packets(struct run *run, const struct rs_buffers *buffers)
{
    const unsigned int before =
        run->suite->method == RS_METHOD_GCM ? RS_BUFFER_AAD_BYTES : RS_BUFFER_MESSAGE_BYTES;

    for (unsigned int i = 0; i < RS_CELL_FRAMES; i++) {
        const struct rs_buffer *buffer = &buffers->buffers[i];

        run->packets[i] = (struct rs_raw_packet){.message = buffer->payload - before,
                                                 .text = buffer->payload,
                                                 .tag = buffer->payload + buffer->payload_bytes,
                                                 .text_bytes = buffer->payload_bytes,
                                                 .ctr = i};
    }
}

static void pass(struct run *run, enum rs_direction direction)
{
    run->direction = direction;
    run->verified = 0;
    for (unsigned int first = 0; first < RS_CELL_FRAMES; first += run->way->burst)
        take(run, first, run->way->burst);
    if (run->verified != RS_CELL_FRAMES)
        rs_bench_fail("%s: of %d packets %u verify", run->way->name, RS_CELL_FRAMES, run->verified);
}

/* What this way sealed it opens again, to the bytes that went in, and they differ in between. */
static void check(struct run *run, const struct rs_buffers *buffers)
{
    uint8_t *before = malloc(buffers->bytes);
    const struct rs_buffer *last = &buffers->buffers[RS_CELL_FRAMES - 1];
    const size_t at = (size_t)(last->payload - buffers->memory);

    if (before == NULL)
        rs_bench_fail("no memory");
    memcpy(before, buffers->memory, buffers->bytes);
    pass(run, RS_SEAL);
    if (memcmp(before + at, last->payload, last->payload_bytes) == 0)
        rs_bench_fail("%s: does not encrypt", run->way->name);
    pass(run, RS_OPEN);
    for (unsigned int i = 0; i < RS_CELL_FRAMES; i++) {
        const struct rs_buffer *buffer = &buffers->buffers[i];

        if (memcmp(before + (buffer->payload - buffers->memory), buffer->payload,
                   buffer->payload_bytes) != 0)
            rs_bench_fail("%s: packet %u is not what it was", run->way->name, i);
    }
    free(before);
}

/* Fills the buffers, and checks each way, unless the last cell was the same. */
static void begin(struct run *run, const struct rs_cell *cell)
{
    if (rs_cell_same(&run->cell, cell))
        return;
    if (run->buffers != NULL)
        rs_buffers_destroy(run->buffers);
    run->buffers = rs_buffers_create(cell->payload_bytes);
    run->cell = *cell;
    run->suite = cell->suite;
    set_packets(run, run->buffers);
    for (size_t w = 0; w < rs_raw_way_count; w++) {
        run->way = &rs_raw_ways[w];
        if (run->way->method == cell->suite->method)
            check(run, run->buffers);
    }
}

static struct rs_figure measure(void *context, const struct rs_cell *cell, const char **how)
{
    struct rs_figure best = {.median = 0};
    struct run *run = context;

    begin(run, cell);
    for (size_t w = 0; w < rs_raw_way_count; w++) {
        struct rs_figure figure;

        run->way = &rs_raw_ways[w];
        if (run->way->method != cell->suite->method)
            continue;
        run->direction = cell->direction;
        figure = rs_buffers_measure(run->way->burst, take, run, cell->ms);
        if (*how == NULL || figure.median < best.median) {
            best = figure;
            *how = run->way->name;
        }
    }
    if (*how == NULL)
        rs_bench_fail("there is no way to call it for suite 0x%04x", cell->suite->number);
    return best;
}

int main(void)
{
    static struct run run;
    const struct rs_cell_program program = {"raw", measure, &run};

    rs_bench_pin(1);
    run.raw = rs_raw_create();
    rs_cells_serve(&program);
    return 0;
}
