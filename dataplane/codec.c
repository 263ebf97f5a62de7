/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of codecs, and the building of layouts that their rules share. What is particular to
 * one codec is in its codec_*.c: adding a codec is one such file and one row here.
 */
#include "codec.h"

#include <strings.h>

const struct rs_codec rs_codecs[] = {
    {"VP8", RS_CODEC_VP8, rs_codec_layout_vp8},
    {"VP9", RS_CODEC_VP9, rs_codec_layout_vp9},
    {"H264", RS_CODEC_H264, rs_codec_layout_h264},
    {"H265", RS_CODEC_H265, rs_codec_layout_h265},
    {"AV1", RS_CODEC_AV1, rs_codec_layout_av1},
    {"opus", RS_CODEC_OPUS, rs_codec_layout_opus},
    {"PCMU", RS_CODEC_OTHER, NULL},
    {"PCMA", RS_CODEC_OTHER, NULL},
    {"G711", RS_CODEC_OTHER, NULL},
    {"G722", RS_CODEC_OTHER, NULL},
    {"CN", RS_CODEC_OTHER, NULL},
    {"telephone-event", RS_CODEC_OTHER, NULL},
    {"red", RS_CODEC_OTHER, NULL},
    {"ulpfec", RS_CODEC_OTHER, NULL},
    {"flexfec", RS_CODEC_OTHER, NULL},
    {"flexfec-03", RS_CODEC_OTHER, NULL},
    {"other", RS_CODEC_OTHER, NULL},
};

const size_t rs_codec_count = sizeof(rs_codecs) / sizeof(rs_codecs[0]);

const struct rs_codec *rs_codec_find(const char *name)
{
    for (size_t i = 0; i < rs_codec_count; i++) {
        if (strcasecmp(rs_codecs[i].name, name) == 0)
            return &rs_codecs[i];
    }
    return NULL;
}

void rs_layout_append(struct rs_layout *layout, size_t clear, size_t sealed)
{
    struct rs_run *last = layout->run_count > 0 ? &layout->runs[layout->run_count - 1] : NULL;

    if (clear == 0 && sealed == 0)
        return;
    if (last == NULL || (last->sealed > 0 && clear > 0)) {
        last = &layout->runs[layout->run_count++];
        *last = (struct rs_run){0};
    }
    last->clear = (uint16_t)(last->clear + clear);
    last->sealed = (uint16_t)(last->sealed + sealed);
}
