/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many streams of many sessions on a rig, and packets for any of them. Owner: the main thread; all
 * of it exits where something is not as it must be.
 */
#pragma once

#include <stdint.h>

#include "tests/bench/rig.h"

/* A zeroed field stands for the default in its comment. */
struct rs_crowd_config {
    enum rs_direction direction;
    const struct rs_suite *suite;
    unsigned int streams;
    unsigned int sessions; /* which share the streams evenly; 1 */
    uint32_t replay_window;
    unsigned int payload_bytes; /* of each packet */
};

struct rs_crowd;

/* What the rig has to have room for, written into *rig. */
void rs_crowd_limits(const struct rs_crowd_config *config, struct rs_rig_config *rig);

/* Makes them all. None has had a packet yet, so none has a sender. */
struct rs_crowd *rs_crowd_create(struct rs_rig *rig, const struct rs_crowd_config *config);
void rs_crowd_destroy(struct rs_crowd *crowd);

/* To streams that seal: as many of the same flows and sessions that open what those send. */
void rs_crowd_add_openers(struct rs_crowd *crowd);

/* The session that stream n is of is number n % sessions. */
struct rs_session *rs_crowd_session(const struct rs_crowd *crowd, unsigned int n);

/* One packet for each of n streams from `first` on; or n packets for streams drawn at random from
 * the `count` from `first` on. Good until the next call; n is at most rs_rig_room. */
struct rs_frames *rs_crowd_each(struct rs_crowd *crowd, unsigned int first, unsigned int n);
struct rs_frames *rs_crowd_draw(struct rs_crowd *crowd, unsigned int first, unsigned int count,
                                unsigned int n);

/* Takes one packet through each stream, so that each has its sender. */
void rs_crowd_warm_up(struct rs_crowd *crowd);
