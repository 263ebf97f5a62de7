/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads frames, and writes ports and sequence numbers into them with right checksums. */
#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void soak_fail(const char *what)
{
    perror(what);
    exit(2);
}

unsigned int soak_load(const char *path, struct soak_recording recordings[SOAK_RECORDINGS])
{
    unsigned int recording_count = 0;
    FILE *file = fopen(path, "rb");
    uint16_t head[3];

    if (file == NULL)
        soak_fail(path);
    while (fread(head, sizeof(head), 1, file) == 1) {
        struct soak_recording *recording = &recordings[head[0] % SOAK_RECORDINGS];
        struct soak_frame *frame;

        recording->frames =
            realloc(recording->frames, (recording->count + 1) * sizeof(recording->frames[0]));
        frame = &recording->frames[recording->count++];
        frame->l4 = head[1];
        frame->bytes = head[2];
        if (frame->bytes > SOAK_FRAME_MAX || fread(frame->data, frame->bytes, 1, file) != 1)
            soak_fail("a frame");
        recording->port = (uint16_t)(frame->data[frame->l4 + 2] << 8 | frame->data[frame->l4 + 3]);
        if (head[0] >= recording_count)
            recording_count = head[0] + 1u;
    }
    fclose(file);
    return recording_count;
}

/* RFC 1624: changes a word and the UDP checksum with it. */
static void set16(struct soak_frame *frame, unsigned int at, uint16_t value)
{
    uint8_t *word = frame->data + at, *sum = frame->data + frame->l4 + 6;
    uint32_t folded = (uint16_t) ~(sum[0] << 8 | sum[1]);

    folded += (uint16_t) ~(word[0] << 8 | word[1]);
    folded += value;
    folded = (folded & 0xffff) + (folded >> 16);
    folded = ~((folded & 0xffff) + (folded >> 16)) & 0xffff;
    if (sum[0] != 0 || sum[1] != 0) {
        if (folded == 0)
            folded = 0xffff;
        sum[0] = (uint8_t)(folded >> 8);
        sum[1] = (uint8_t)folded;
    }
    word[0] = (uint8_t)(value >> 8);
    word[1] = (uint8_t)value;
}

void soak_make(const struct soak_recording *recording, uint32_t index, unsigned int port_step,
               uint16_t sequence, struct soak_frame *frame)
{
    *frame = recording->frames[index];
    set16(frame, frame->l4 + 2u, (uint16_t)(recording->port + port_step));
    set16(frame, frame->l4 + 10u, sequence);
}

unsigned int soak_find_udp(const uint8_t *data, size_t bytes)
{
    const unsigned int tag = bytes > 16 && data[12] == 0x81 && data[13] == 0 ? 4 : 0;
    const uint8_t *type = data + 12 + tag;

    if (bytes < 54)
        return 0;
    if (type[0] == 8 && type[1] == 0 && type[2 + 9] == 17)
        return 14 + tag + 4u * (type[2] & 15);
    if (type[0] == 0x86 && type[1] == 0xdd && type[2 + 6] == 17)
        return 14 + tag + 40;
    return 0;
}
