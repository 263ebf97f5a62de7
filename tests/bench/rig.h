/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rig of the benchmarks: the dataplane with its own workers on one link, from CPU 1 on, and
 * this thread as the generator on CPU 0. A round publishes packets all at once, waits until the
 * worker has done them, and reads what the worker itself counts: the cycles of its turns that had
 * packets. So the worker always finds full bursts, and nothing of the generator's is measured but
 * that packets come from another core. Once per process; the main thread's; all of it exits with a
 * word on standard error where something is not as it must be.
 */
#pragma once

#include <stdint.h>

#include "tests/bench/bench.h"
#include "tests/bench/frames.h"
#include "tests/bench/rig_port.h"

/* Who forwards: the dataplane's worker, or a loop that does nothing but rx and tx. */
enum rs_rig_worker { RS_RIG_RTPSEAL, RS_RIG_IO };

/* A zeroed field stands for the default in its comment. */
struct rs_rig_config {
    enum rs_rig_kind kind;
    enum rs_rig_worker worker;
    unsigned int worker_count;                       /* 1, which io always has */
    uint16_t queues;                                 /* of each port; as many as workers */
    uint32_t max_sessions, max_streams, max_senders; /* 64 */
    uint32_t memory_mb;                              /* 256 */
    const struct rs_observer *observer;              /* one that has nothing to do */
};

struct rs_rig;

struct rs_rig *rs_rig_start(const struct rs_rig_config *config);
void rs_rig_stop(struct rs_rig *rig);

/* NULL where the worker is io. */
struct rs_dataplane *rs_rig_dataplane(const struct rs_rig *rig);

/* ---- sessions and streams ---- */

/* The first UDP port of the link's media range, which goes on to 65535. */
enum { RS_RIG_PORT = 5000 };

/* A session with the seed's key active. */
struct rs_session *rs_rig_session(struct rs_rig *rig, uint32_t seed);

/* All packets to 198.51.100.20 at that port; VP8 is payload type 96, opus 111, all else whole. */
struct rs_stream *rs_rig_stream(struct rs_session *session, enum rs_direction direction,
                                const struct rs_suite *suite, uint16_t port,
                                uint32_t replay_window);

/* ---- packets ---- */

/* How many can be published and not yet drained. */
unsigned int rs_rig_room(const struct rs_rig *rig);

/* Puts the next n frames where `direction` enters, all at once, for the worker of that queue. */
void rs_rig_publish(struct rs_rig *rig, enum rs_direction direction, uint16_t queue,
                    struct rs_frames *frames, unsigned int n);

/* Waits until all that was published is counted and the workers' turns have ended; fails unless all
 * of it was sealed, opened or, by io, forwarded. */
void rs_rig_settle(struct rs_rig *rig);

/* Memory ports keep what comes out of `direction` from now on, to be drained. */
void rs_rig_keep(struct rs_rig *rig, enum rs_direction direction);

/* Takes what came out, into `kept` or, if NULL, away. Returns how many. */
unsigned int rs_rig_drain(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *kept);

/* Publishes n in one queue 0, settles, drains. Returns the worker's busy cycles per packet. */
double rs_rig_round(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *frames,
                    unsigned int n);

/* Likewise, of a memory rig: the TSC cycles from publishing them until the last was sent. */
double rs_rig_delay(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *frames,
                    unsigned int n);

/* Sends all of the frames once and returns what they came out as, in order. */
struct rs_frames *rs_rig_convert(struct rs_rig *rig, enum rs_direction direction,
                                 struct rs_frames *frames);

/* ---- figures ---- */

/* In cycles per packet: rounds of `n` packets for about so many milliseconds, after one that is not
 * looked at. */
struct rs_figure rs_rig_measure(struct rs_rig *rig, enum rs_direction direction,
                                struct rs_frames *frames, unsigned int n, unsigned int ms);

/* The TSC cycles of a worker's turns that had packets, and of those that had none, so far. */
void rs_rig_cycles(const struct rs_rig *rig, unsigned int worker, uint64_t *busy, uint64_t *idle);
