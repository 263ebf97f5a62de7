/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of frames; the headers are written by tests/support/frame.c. No DPDK. */
#include "tests/bench/frames.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/support/frame.h"

struct rs_frames *rs_frames_create(unsigned int room)
{
    struct rs_frames *frames = calloc(1, sizeof(*frames) + room * sizeof(frames->frames[0]));

    if (frames == NULL)
        rs_bench_fail("no memory for %u frames", room);
    frames->room = room;
    return frames;
}

void rs_frames_destroy(struct rs_frames *frames)
{
    free(frames);
}

void rs_frames_add(struct rs_frames *frames, const uint8_t *data, size_t bytes)
{
    struct rs_frame *frame = &frames->frames[frames->count];

    if (frames->count == frames->room || bytes == 0 || bytes > RS_FRAME_BYTES)
        rs_bench_fail("a frame of %zu bytes has no room", bytes);
    memcpy(frame->data, data, bytes);
    frame->bytes = (uint16_t)bytes;
    frames->count++;
}

void rs_frames_add_media(struct rs_frames *frames, const struct rs_frames_media *media,
                         unsigned int count)
{
    const struct rs_test_frame outer = {.dst_port = media->port,
                                        .without_checksum = !media->with_checksum};
    uint8_t body[RS_FRAME_BYTES], data[RS_FRAME_BYTES];

    for (unsigned int i = 0; i < count; i++) {
        const struct rs_test_rtp rtp = {.payload_type = media->payload_type,
                                        .sequence = (uint16_t)i,
                                        .timestamp = i * 160,
                                        .ssrc = media->ssrc,
                                        .body = body,
                                        .body_bytes = media->payload_bytes};

        for (unsigned int b = 0; b < media->payload_bytes; b++)
            body[b] = (uint8_t)(i * 31 + b * 7 + (b >> 8));
        rs_frames_add(frames, data, rs_test_media_write(&outer, &rtp, data, sizeof(data)));
    }
}
