/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet frames that a generator sends over and over: made up, recorded, or kept from a port. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/dataplane.h"

enum { RS_FRAME_BYTES = 2046 };

struct rs_frame {
    uint16_t bytes;
    uint8_t data[RS_FRAME_BYTES];
};

/* Sent in order, from the first again after the last. */
struct rs_frames {
    unsigned int count, room;
    unsigned int next;
    struct rs_frame frames[];
};

/* What made-up packets are like. */
struct rs_frames_media {
    uint16_t port; /* UDP's, of the destination 198.51.100.20 */
    uint8_t payload_type;
    uint32_t ssrc;
    unsigned int payload_bytes;
    bool with_checksum; /* UDP's over IPv4; else 0, "none" */
};

/* Empty, with room for so many. Exits where there is no memory. */
struct rs_frames *rs_frames_create(unsigned int room);
void rs_frames_destroy(struct rs_frames *frames);

/* Adds a frame; it must fit. */
void rs_frames_add(struct rs_frames *frames, const uint8_t *data, size_t bytes);

/* Adds `count` packets of consecutive sequence numbers and random payloads. */
void rs_frames_add_media(struct rs_frames *frames, const struct rs_frames_media *media,
                         unsigned int count);
