/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of recordings, made over for other streams and later times. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SOAK_FRAME_MAX = 2048, SOAK_RECORDINGS = 8 };

struct soak_frame {
    uint16_t bytes, l4; /* in all, and where UDP begins */
    uint8_t data[SOAK_FRAME_MAX];
};

struct soak_recording {
    struct soak_frame *frames;
    unsigned int count;
    uint16_t port; /* destination */
};

/* Reads the file that soak.py writes. Returns how many recordings it has; ends the process where it
 * cannot. */
unsigned int soak_load(const char *path, struct soak_recording recordings[SOAK_RECORDINGS]);

/* Frame `index` of a recording, for a port that much higher and under another RTP sequence number;
 * the UDP checksum goes along. */
void soak_make(const struct soak_recording *recording, uint32_t index, unsigned int port_step,
               uint16_t sequence, struct soak_frame *frame);

/* Where UDP begins in a frame, or 0. */
unsigned int soak_find_udp(const uint8_t *data, size_t bytes);
