/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole dataplane with real workers on two links of wire ports: a test sends frames in, takes
 * what comes out, and reads the counters and what the observer was told. Once per process. All
 * functions assert, by CUnit, what must hold whatever the test is about.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"
#include "tests/support/wire_port.h"

enum { RS_HOST_LINKS = 2, RS_HOST_FRAME_BYTES = 2048, RS_HOST_KEY_BYTES = 64 };

/* A zeroed field stands for the default in its comment. */
struct rs_host_config {
    unsigned int worker_count;    /* 2; a lone one has CPU 1 and leaves CPU 0 to the test */
    uint32_t max_senders;         /* 1024 */
    uint32_t max_streams;         /* 1024 */
    uint32_t memory_mb;           /* 512 */
    const struct rs_range *media; /* of both links; any address, ports 5000 to 6000 */
    size_t media_count;
    uint32_t auth_failure_alarm;      /* none */
    enum rs_injected_policy injected; /* of both links; dropped */
    bool watch_streams;               /* activity and shortages are events too; not */
};

enum rs_host_event_kind {
    RS_HOST_ACTIVATED,
    RS_HOST_RETIRED,
    RS_HOST_TROUBLE,
    RS_HOST_ALARM,
    RS_HOST_ACTIVITY,
    RS_HOST_SHORTAGE,
    RS_HOST_STALL, /* once rs_dataplane_set_owner was called, as the following */
    RS_HOST_PORT,
};

/* A call of the observer. */
struct rs_host_event {
    enum rs_host_event_kind kind;
    void *owner;
    uint64_t at_ns;                    /* CLOCK_MONOTONIC */
    struct rs_activation activation;   /* ACTIVATED */
    uint32_t epoch;                    /* ACTIVATED, RETIRED */
    unsigned int workers_wiped;        /* RETIRED */
    struct rs_trouble_report trouble;  /* TROUBLE */
    struct rs_auth_alarm_report alarm; /* ALARM */
    struct rs_activity_report activity;
    struct rs_shortage_report shortage;
    struct rs_stall_report stall;
    struct rs_port_report port;
};

struct rs_host {
    struct rs_dataplane *dataplane;
    unsigned int worker_count;
    struct rs_wire_port *ports[RS_HOST_LINKS][RS_DIRECTIONS]; /* by the direction that enters */
    uint64_t injected[RS_HOST_LINKS][RS_DIRECTIONS];
    struct rs_host_event *events; /* oldest first */
    size_t event_count, event_room;
};

/* ---- lifecycle ---- */

/* `config` may be NULL. Exits with 2 where the dataplane does not start. */
struct rs_host *rs_host_start(const struct rs_host_config *config);
void rs_host_stop(struct rs_host *host);

/* ---- frames ---- */

/* Puts a frame into an ingress queue (below worker_count; another queue, another worker). */
void rs_host_inject(struct rs_host *host, unsigned int link, enum rs_direction direction,
                    uint16_t queue, const uint8_t *frame, size_t bytes);

/* What else the test put into the ports itself, so that rs_host_settle knows of it. */
void rs_host_injected(struct rs_host *host, unsigned int link, enum rs_direction direction,
                      unsigned int packets);

/* Polls until all that was put in is counted and each worker is through with the turn. */
void rs_host_settle(struct rs_host *host);

/* The oldest frame that has left in that direction, or 0. Does not wait: settle before. */
size_t rs_host_take(struct rs_host *host, unsigned int link, enum rs_direction direction,
                    uint8_t *frame, size_t max);

/* Takes all frames that have left in that direction; returns how many. */
size_t rs_host_discard(struct rs_host *host, unsigned int link, enum rs_direction direction);

/* A single frame on its way, and what became of it. */
struct rs_host_trip {
    unsigned int link;
    enum rs_direction direction;
    uint16_t queue;
    const uint8_t *frame;
    size_t bytes;
    size_t segment_bytes; /* in chained buffers of so many bytes; 0: one buffer */
    bool tight;           /* with exactly `tailroom` left behind the frame */
    size_t tailroom;
    const struct rs_stream *stream; /* that must count it too; NULL: not looked at */

    size_t out_bytes; /* 0: dropped */
    uint8_t out[RS_HOST_FRAME_BYTES];
};

/*
 * Sends the frame through, alone, and returns its outcome. Asserts that exactly this packet with
 * exactly one outcome was counted on the path and nothing on any other, that the stream counted the
 * same, and that a frame left if and only if the outcome is a pass.
 */
enum rs_outcome rs_host_run(struct rs_host *host, struct rs_host_trip *trip);

/* ---- counters ---- */

/* packets_in = sum of outcomes; packets_out = sum of passes; likewise for a stream's. */
void rs_host_check_counters(const struct rs_counters *counters);

/* The same for each worker, link and direction; and that all that was put in is there. */
void rs_host_check_sums(struct rs_host *host);

/* How often a path, or a stream, has counted an outcome. */
uint64_t rs_host_path_count(const struct rs_host *host, unsigned int link,
                            enum rs_direction direction, enum rs_outcome outcome);
uint64_t rs_host_stream_count(const struct rs_stream *stream, enum rs_outcome outcome);

/* ---- sessions and streams ---- */

/* 64 bytes that differ from seed to seed. */
void rs_host_base_key(uint32_t seed, uint8_t base_key[RS_HOST_KEY_BYTES]);

/* Stages the seed's key; asserts that it works. */
void rs_host_stage(struct rs_session *session, uint32_t seed, uint32_t epoch);

/* Stages and activates it. */
void rs_host_set_key(struct rs_session *session, uint32_t seed, uint32_t epoch);

/* A session with end-to-end encryption and the seed's key active under epoch 1. */
struct rs_session *rs_host_session(struct rs_host *host, void *owner, uint32_t seed);

/*
 * What streams of tests are like: to UDP 198.51.100.20:5004, "other" on 0, AV1 on 45, VP8 on 96,
 * VP9 on 98, H264 on 102, H265 on 104, opus on 111, retransmissions of them in this order on 120 to
 * 126, the default suite, a window of 1024. Any of it may be changed.
 */
struct rs_stream_config rs_host_stream_config(enum rs_direction direction, unsigned int link);

/* Creates it; asserts that it works. */
struct rs_stream *rs_host_stream(struct rs_session *session, const struct rs_stream_config *config);

/* ---- the observer ---- */

/* Polls for so long. */
void rs_host_poll(struct rs_host *host, unsigned int ms);

/* How many calls of a kind there were for an owner (NULL: any). */
size_t rs_host_count_events(const struct rs_host *host, enum rs_host_event_kind kind,
                            const void *owner);

/* How many there were of sessions and streams, of whatever kind: a busy machine stalls workers. */
size_t rs_host_count_told(const struct rs_host *host);

/* The nth, from 0; NULL where there is none. Good until the next poll. */
const struct rs_host_event *rs_host_event(const struct rs_host *host, enum rs_host_event_kind kind,
                                          const void *owner, size_t nth);

/* Polls until there are `count` of them, for at most 20 seconds. Returns how many there are. */
size_t rs_host_wait_events(struct rs_host *host, enum rs_host_event_kind kind, const void *owner,
                           size_t count);

void rs_host_forget_events(struct rs_host *host);
