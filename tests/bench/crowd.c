/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes streams by the batch, and packets by aiming a few frames at whichever stream they are for.
 * Nothing here measures. */
#include "tests/bench/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/support/format.h"
#include "tests/support/frame.h"

enum {
    PORTS = 50000, /* of one address */
    IP_OFFSET = 14,
    IP_BYTES = 20,
    IP_SUM_OFFSET = IP_OFFSET + 10,
    DST_OFFSET = IP_OFFSET + 16,
    DST_PORT_OFFSET = IP_OFFSET + IP_BYTES + 2,
    SOURCES = 512, /* different packets to seal */
    MEMORY_MB = 512,
    STREAMS_PER_MB = 2048, /* of what a stream and a sender have in EAL's memory, amply */
    SPARE = 64,
};

struct rs_crowd {
    struct rs_rig *rig;
    struct rs_crowd_config config;
    struct rs_session **sessions;
    struct rs_frames *sources; /* to seal: any for any stream; to open: one of each session */
    struct rs_frames *aimed;
    uint64_t random;
};

/* ---- streams ------------------------------------------------------------------------------ */

void rs_crowd_limits(const struct rs_crowd_config *config, struct rs_rig_config *rig)
{
    /* Each session has one stream more where packets to open have to be sealed first. */
    const uint32_t all = config->streams + config->sessions + SPARE;

    rig->max_sessions = config->sessions + SPARE;
    rig->max_streams = rig->max_senders = all;
    rig->memory_mb = MEMORY_MB + all / STREAMS_PER_MB;
}

static void write_flow(unsigned int n, uint8_t dst[4], uint16_t *port)
{
    dst[0] = 198;
    dst[1] = 51;
    dst[2] = (uint8_t)(101 + n / PORTS);
    dst[3] = 20;
    *port = (uint16_t)(RS_RIG_PORT + n % PORTS);
}

static void add_streams(struct rs_crowd *crowd, enum rs_direction direction)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(rs_rig_dataplane(crowd->rig));
    const struct rs_crowd_config *config = &crowd->config;
    struct rs_stream_config stream = {.direction = direction,
                                      .flow = {.family = 4},
                                      .suite = config->suite,
                                      .replay_window = config->replay_window};
    struct rs_stream *made;

    stream.formats[0] = rs_test_format("other");
    for (unsigned int n = 0; n < config->streams; n++) {
        write_flow(n, stream.flow.dst, &stream.flow.dst_port);
        if (batch == NULL ||
            rs_stream_batch_add(batch, rs_crowd_session(crowd, n), &stream, &made) != 0)
            rs_bench_fail("no memory for stream %u", n);
    }
    if (rs_stream_batch_commit(batch, NULL) != 0)
        rs_bench_fail("no room for %u streams", config->streams);
}

/* ---- packets ------------------------------------------------------------------------------ */

static void add_sources(struct rs_frames *frames, unsigned int payload_bytes, unsigned int count,
                        uint16_t port)
{
    const struct rs_frames_media media = {.port = port, .ssrc = 1, .payload_bytes = payload_bytes};

    rs_frames_add_media(frames, &media, count);
}

/* A packet of each session, sealed by a stream of its own; all streams of the session open it. */
static struct rs_frames *seal_sources(struct rs_crowd *crowd)
{
    const unsigned int sessions = crowd->config.sessions;
    struct rs_frames *plain = rs_frames_create(sessions), *sealed;

    for (unsigned int s = 0; s < sessions; s++) {
        rs_rig_stream(crowd->sessions[s], RS_SEAL, crowd->config.suite, (uint16_t)(RS_RIG_PORT + s),
                      0);
        add_sources(plain, crowd->config.payload_bytes, 1, (uint16_t)(RS_RIG_PORT + s));
    }
    sealed = rs_rig_convert(crowd->rig, RS_SEAL, plain);
    rs_frames_destroy(plain);
    return sealed;
}

struct rs_crowd *rs_crowd_create(struct rs_rig *rig, const struct rs_crowd_config *config)
{
    struct rs_crowd *crowd = calloc(1, sizeof(*crowd));

    if (crowd == NULL)
        rs_bench_fail("no memory");
    crowd->rig = rig;
    crowd->config = *config;
    crowd->config.sessions = config->sessions != 0 ? config->sessions : 1;
    crowd->random = 88172645463325252u;
    crowd->sessions = calloc(crowd->config.sessions, sizeof(struct rs_session *));
    if (crowd->sessions == NULL)
        rs_bench_fail("no memory");
    for (unsigned int s = 0; s < crowd->config.sessions; s++)
        crowd->sessions[s] = rs_rig_session(rig, s);
    add_streams(crowd, config->direction);
    if (config->direction == RS_OPEN) {
        crowd->sources = seal_sources(crowd);
    } else {
        crowd->sources = rs_frames_create(SOURCES);
        add_sources(crowd->sources, config->payload_bytes, SOURCES, RS_RIG_PORT);
    }
    crowd->aimed = rs_frames_create(rs_rig_room(rig));
    return crowd;
}

void rs_crowd_add_openers(struct rs_crowd *crowd)
{
    add_streams(crowd, RS_OPEN);
}

void rs_crowd_destroy(struct rs_crowd *crowd)
{
    rs_frames_destroy(crowd->sources);
    rs_frames_destroy(crowd->aimed);
    free(crowd->sessions);
    free(crowd);
}

struct rs_session *rs_crowd_session(const struct rs_crowd *crowd, unsigned int n)
{
    return crowd->sessions[n % crowd->config.sessions];
}

static void store_be16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

/* Adds a packet for stream n. UDP's checksum is 0, "none", so that IPv4's alone changes. */
static void aim(struct rs_crowd *crowd, unsigned int n)
{
    const unsigned int source =
        crowd->config.direction == RS_OPEN ? n % crowd->config.sessions : n % SOURCES;
    struct rs_frame *frame = &crowd->aimed->frames[crowd->aimed->count++];
    const struct rs_frame *from = &crowd->sources->frames[source];
    uint16_t port;

    frame->bytes = from->bytes;
    memcpy(frame->data, from->data, from->bytes);
    write_flow(n, &frame->data[DST_OFFSET], &port);
    store_be16(&frame->data[DST_PORT_OFFSET], port);
    store_be16(&frame->data[IP_SUM_OFFSET], 0);
    store_be16(&frame->data[IP_SUM_OFFSET],
               (uint16_t)~rs_test_sum(&frame->data[IP_OFFSET], IP_BYTES, 0));
}

/* xorshift64: the same order in every run. */
static unsigned int draw(struct rs_crowd *crowd, unsigned int below)
{
    crowd->random ^= crowd->random << 13;
    crowd->random ^= crowd->random >> 7;
    crowd->random ^= crowd->random << 17;
    return (unsigned int)((crowd->random >> 32) * below >> 32);
}

struct rs_frames *rs_crowd_each(struct rs_crowd *crowd, unsigned int first, unsigned int n)
{
    crowd->aimed->count = crowd->aimed->next = 0;
    for (unsigned int i = 0; i < n; i++)
        aim(crowd, first + i);
    return crowd->aimed;
}

struct rs_frames *rs_crowd_draw(struct rs_crowd *crowd, unsigned int first, unsigned int count,
                                unsigned int n)
{
    crowd->aimed->count = crowd->aimed->next = 0;
    for (unsigned int i = 0; i < n; i++)
        aim(crowd, first + draw(crowd, count));
    return crowd->aimed;
}

void rs_crowd_warm_up(struct rs_crowd *crowd)
{
    const unsigned int all = crowd->config.streams;

    for (unsigned int first = 0, n; first < all; first += n) {
        n = all - first < rs_rig_room(crowd->rig) ? all - first : rs_rig_room(crowd->rig);
        rs_rig_round(crowd->rig, crowd->config.direction, rs_crowd_each(crowd, first, n), n);
    }
}
