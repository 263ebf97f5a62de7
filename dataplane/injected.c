/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames that `injected: pass_known` lets through, and nothing else. The pictures are those of
 * LiveKit, pkg/sfu/downtrack.go: VP8KeyFrame8x8, and H264KeyFrame2x2 in a STAP-A or as the single
 * units that it is made of. Adding a frame is one array and one row.
 */
#include "injected.h"

#include <string.h>

enum { FRAME_MAX = 64 /* descriptor included */ };

struct frame {
    enum rs_codec_number codec;
    size_t bytes;
    const uint8_t *data;
};

struct rs_injected_set {
    size_t count;
    const struct frame *frames;
};

static const uint8_t opus_silence[] = {0xf8, 0xff, 0xfe};

/* 8 x 8 pixels. */
static const uint8_t vp8_key[] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x08, 0x00, 0x08, 0x00, 0x00,
                                  0x47, 0x08, 0x85, 0x85, 0x88, 0x85, 0x84, 0x88, 0x02, 0x02, 0x00,
                                  0x0c, 0x0d, 0x60, 0x00, 0xfe, 0xff, 0xab, 0x50, 0x80};

/* 2 x 2 pixels: SPS, PPS and IDR slice behind their sizes. */
static const uint8_t h264_stap_a[] = {
    0x18, 0x00, 0x18, 0x67, 0x42, 0xc0, 0x1f, 0x0f, 0xd9, 0x1f, 0x88, 0x88, 0x84, 0x00, 0x00, 0x03,
    0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc9, 0x20, 0x00, 0x06, 0x68, 0x87, 0xcb,
    0x83, 0xcb, 0x20, 0x00, 0x0a, 0x65, 0x88, 0x84, 0x0a, 0xf2, 0x62, 0x80, 0x00, 0xa7, 0xbe,
};

static const struct frame known[] = {
    {RS_CODEC_OPUS, sizeof(opus_silence), opus_silence},
    {RS_CODEC_VP8, sizeof(vp8_key), vp8_key},
    {RS_CODEC_H264, sizeof(h264_stap_a), h264_stap_a},
    {RS_CODEC_H264, 24, h264_stap_a + 3},  /* SPS */
    {RS_CODEC_H264, 6, h264_stap_a + 29},  /* PPS */
    {RS_CODEC_H264, 10, h264_stap_a + 37}, /* IDR slice */
};

const struct rs_injected_set rs_injected_none = {0, NULL};
const struct rs_injected_set rs_injected_known = {sizeof(known) / sizeof(known[0]), known};

bool rs_injected_has(const struct rs_injected_set *set, struct rs_format format,
                     const uint8_t *payload, size_t bytes)
{
    struct rs_run runs[RS_LAYOUT_MAX_RUNS(FRAME_MAX)];
    struct rs_layout layout = {.runs = runs};

    if (set->count == 0 || bytes == 0 || bytes > FRAME_MAX || format.is_rtx ||
        !rs_format_layout(format, payload, bytes, 0, &layout))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        const struct frame *frame = &set->frames[i];

        if (frame->codec == format.codec->number && frame->bytes == bytes - layout.free &&
            memcmp(frame->data, payload + layout.free, frame->bytes) == 0)
            return true;
    }
    return false;
}
