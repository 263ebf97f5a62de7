/* SPDX-License-Identifier: BSD-3-Clause */
/* The cells of the main table. Nothing here measures. */
#include "tests/bench/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/rtp.h"
#include "tests/support/frame.h"

enum {
    SSRC = 0x5eed,
    HEADERS_BYTES = 14 + 20 + 8, /* the frames here have no options */
    PCAP_HEADER_BYTES = 24,
    RECORDED_MAX = 1024,
};

/* ---- recordings --------------------------------------------------------------------------- */

struct record {
    uint32_t seconds, ticks, kept, length;
};

struct recorded {
    uint64_t at;
    struct rs_frame frame;
};

/* Adds the packets of a pcap file that this machine wrote the byte order of. */
static unsigned int read_recording(const char *name, struct recorded *out, unsigned int count)
{
    char path[512];
    struct record record;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", RS_MEDIA, name);
    file = fopen(path, "rbe");
    if (file == NULL || fseek(file, PCAP_HEADER_BYTES, SEEK_SET) != 0)
        rs_bench_fail("cannot read %s", path);
    while (fread(&record, sizeof(record), 1, file) == 1) {
        struct recorded *next = &out[count++];

        if (count == RECORDED_MAX || record.kept > RS_FRAME_BYTES ||
            fread(next->frame.data, record.kept, 1, file) != 1)
            rs_bench_fail("%s is not a recording of RTP", path);
        next->frame.bytes = (uint16_t)record.kept;
        next->at = record.seconds * UINT64_C(1000000000) + record.ticks;
    }
    fclose(file);
    return count;
}

static int compare_times(const void *a, const void *b)
{
    const uint64_t x = ((const struct recorded *)a)->at, y = ((const struct recorded *)b)->at;

    return (x > y) - (x < y);
}

/* In the order of their arrival, with headers of their own around the recorded RTP. */
static void add_mix(struct rs_frames *frames, uint16_t port, bool with_checksum)
{
    struct recorded *recorded = calloc(RECORDED_MAX, sizeof(*recorded));
    unsigned int count;

    if (recorded == NULL)
        rs_bench_fail("no memory for recordings");
    count = read_recording("opus.pcap", recorded, read_recording("vp8.pcap", recorded, 0));
    qsort(recorded, count, sizeof(*recorded), compare_times);
    for (unsigned int i = 0; frames->count < frames->room; i++) {
        const struct rs_frame *from = &recorded[i % count].frame;
        const struct rs_test_frame outer = {.dst_port = port,
                                            .without_checksum = !with_checksum,
                                            .payload = from->data + HEADERS_BYTES,
                                            .payload_bytes = from->bytes - (size_t)HEADERS_BYTES};
        uint8_t data[RS_FRAME_BYTES];

        rs_frames_add(frames, data, rs_test_frame_write(&outer, data, sizeof(data)));
    }
    free(recorded);
}

/* ---- packets ------------------------------------------------------------------------------ */

struct rs_frames *rs_cell_frames(unsigned int payload_bytes, uint16_t port, bool with_checksum)
{
    struct rs_frames *frames = rs_frames_create(RS_CELL_FRAMES);
    const struct rs_frames_media media = {
        .port = port, .ssrc = SSRC, .payload_bytes = payload_bytes, .with_checksum = with_checksum};

    if (payload_bytes == RS_CELL_MIX)
        add_mix(frames, port, with_checksum);
    else
        rs_frames_add_media(frames, &media, RS_CELL_FRAMES);
    return frames;
}

struct rs_cell_place rs_cell_find(const struct rs_frame *frame)
{
    struct rs_rtp rtp;

    if (!rs_rtp_parse(frame->data + HEADERS_BYTES, frame->bytes - (size_t)HEADERS_BYTES, &rtp))
        rs_bench_fail("a frame is no RTP");
    return (struct rs_cell_place){HEADERS_BYTES, HEADERS_BYTES + rtp.payload_offset,
                                  rtp.payload_bytes};
}

bool rs_cell_same(const struct rs_cell *a, const struct rs_cell *b)
{
    return a->suite == b->suite && a->direction == b->direction &&
           a->payload_bytes == b->payload_bytes;
}

/* ---- asking ------------------------------------------------------------------------------- */

static void answer(const struct rs_cell_program *program, const struct rs_cell *cell)
{
    const char *how = NULL;
    const struct rs_figure figure = program->measure(program->context, cell, &how);

    printf("{\"what\": \"%s\", \"suite\": \"0x%04X\", \"direction\": \"%s\", \"bytes\": %u, ",
           program->what, cell->suite->number, cell->direction == RS_SEAL ? "seal" : "open",
           cell->payload_bytes);
    if (how != NULL)
        printf("\"how\": \"%s\", ", how);
    printf("\"cycles\": %.1f, \"best\": %.1f}\n", figure.median, figure.best);
    fflush(stdout);
}

void rs_cells_serve(const struct rs_cell_program *program)
{
    char line[128], direction[8];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct rs_cell cell;
        unsigned int suite;

        if (sscanf(line, "%x %7s %u %u", &suite, direction, &cell.payload_bytes, &cell.ms) != 4)
            rs_bench_fail("not a cell: %s", line);
        cell.suite = rs_suite_find_number((uint16_t)suite);
        cell.direction = strcmp(direction, "open") == 0 ? RS_OPEN : RS_SEAL;
        if (cell.suite == NULL || cell.payload_bytes > RS_CELL_PAYLOAD_MAX)
            rs_bench_fail("not a cell: %s", line);
        answer(program, &cell);
    }
}
