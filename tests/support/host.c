/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starts the dataplane as the daemon does, and watches it from outside: through its public header,
 * its ports and its observer alone.
 */
#include "tests/support/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "tests/support/format.h"
#include "tests/support/host_events.h"

enum { POLL_US = 100, PATIENCE_MS = 20000 };

static struct rs_host the_host; /* EAL allows one per process */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void rs_host_poll(struct rs_host *host, unsigned int ms)
{
    const uint64_t until = now_ns() + ms * UINT64_C(1000000);

    do {
        rs_dataplane_poll(host->dataplane);
        usleep(POLL_US);
    } while (now_ns() < until);
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

static struct rs_dataplane *create(const struct rs_host_config *given,
                                   const struct rs_observer *observer)
{
    static const unsigned int cpus[] = {1, 0, 2, 3};
    const struct rs_range any = {.port_first = 5000, .port_last = 6000};
    const struct rs_range *media = given->media != NULL ? given->media : &any;
    const size_t media_count = given->media != NULL ? given->media_count : 1;
    const struct rs_link_config links[RS_HOST_LINKS] = {
        {.name = "a",
         .plain = {.vdev = RS_WIRE_VDEV(0)},
         .sealed = {.vdev = RS_WIRE_VDEV(1)},
         .media = media,
         .media_count = media_count,
         .injected = given->injected},
        {.name = "b",
         .plain = {.vdev = RS_WIRE_VDEV(2)},
         .sealed = {.vdev = RS_WIRE_VDEV(3)},
         .media = media,
         .media_count = media_count,
         .injected = given->injected},
    };
    const struct rs_dataplane_config config = {
        .cpus = cpus,
        .cpu_count = given->worker_count != 0 ? given->worker_count : 2,
        .memory_mb = given->memory_mb != 0 ? given->memory_mb : 512,
        .hugepages = RS_HUGEPAGES_OFF,
        .links = links,
        .link_count = RS_HOST_LINKS,
        .max_sessions = 1024,
        .max_streams = given->max_streams != 0 ? given->max_streams : 1024,
        .max_senders = given->max_senders != 0 ? given->max_senders : 1024,
        .lock_policy = RS_LOCK_TRIED,
        .auth_failure_alarm = given->auth_failure_alarm,
    };

    return rs_dataplane_create(&config, observer);
}

struct rs_host *rs_host_start(const struct rs_host_config *config)
{
    static const struct rs_host_config defaults;
    struct rs_host *host = &the_host;

    config = config != NULL ? config : &defaults;
    host->dataplane = create(config, rs_host_events_observer(host, config));
    if (host->dataplane == NULL)
        exit(2);
    host->worker_count = rs_dataplane_worker_count(host->dataplane);
    for (unsigned int i = 0; i < RS_HOST_LINKS * RS_DIRECTIONS; i++) {
        host->ports[i / RS_DIRECTIONS][i % RS_DIRECTIONS] = rs_wire_port_attach(i);
        if (host->ports[i / RS_DIRECTIONS][i % RS_DIRECTIONS] == NULL)
            exit(2);
    }
    return host;
}

void rs_host_stop(struct rs_host *host)
{
    rs_dataplane_destroy(host->dataplane);
    for (unsigned int i = 0; i < RS_HOST_LINKS * RS_DIRECTIONS; i++)
        free(host->ports[i / RS_DIRECTIONS][i % RS_DIRECTIONS]);
    free(host->events);
    *host = (struct rs_host){0};
}

/* ---- counters ----------------------------------------------------------------------------- */

void rs_host_check_counters(const struct rs_counters *counters)
{
    uint64_t passes = 0, drops = 0;

    for (unsigned int o = 0; o < RS_OUTCOMES; o++) {
        if (rs_outcome_is_drop((enum rs_outcome)o))
            drops += counters->outcomes[o];
        else
            passes += counters->outcomes[o];
    }
    CU_ASSERT_EQUAL(counters->packets_out, passes);
    CU_ASSERT_EQUAL(counters->packets_in, counters->packets_out + drops);
}

void rs_host_check_sums(struct rs_host *host)
{
    struct rs_counters counters;

    for (unsigned int l = 0; l < RS_HOST_LINKS; l++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            for (unsigned int w = 0; w < host->worker_count; w++) {
                rs_dataplane_get_counters(host->dataplane, (int)w, (int)l, (enum rs_direction)d,
                                          &counters);
                rs_host_check_counters(&counters);
            }
            rs_dataplane_get_counters(host->dataplane, RS_ALL, (int)l, (enum rs_direction)d,
                                      &counters);
            CU_ASSERT_EQUAL(counters.packets_in, host->injected[l][d]);
        }
    }
}

uint64_t rs_host_path_count(const struct rs_host *host, unsigned int link,
                            enum rs_direction direction, enum rs_outcome outcome)
{
    struct rs_counters counters;

    rs_dataplane_get_counters(host->dataplane, RS_ALL, (int)link, direction, &counters);
    return counters.outcomes[outcome];
}

uint64_t rs_host_stream_count(const struct rs_stream *stream, enum rs_outcome outcome)
{
    struct rs_counters counters;

    rs_stream_get_counters(stream, &counters);
    return counters.outcomes[outcome];
}

/* ---- frames ------------------------------------------------------------------------------- */

void rs_host_injected(struct rs_host *host, unsigned int link, enum rs_direction direction,
                      unsigned int packets)
{
    host->injected[link][direction] += packets;
}

void rs_host_inject(struct rs_host *host, unsigned int link, enum rs_direction direction,
                    uint16_t queue, const uint8_t *frame, size_t bytes)
{
    CU_ASSERT_EQUAL_FATAL(rs_wire_port_inject(host->ports[link][direction], queue, frame, bytes),
                          0);
    rs_host_injected(host, link, direction, 1);
}

static bool all_counted(const struct rs_host *host)
{
    for (unsigned int l = 0; l < RS_HOST_LINKS; l++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            struct rs_counters counters;

            rs_dataplane_get_counters(host->dataplane, RS_ALL, (int)l, (enum rs_direction)d,
                                      &counters);
            if (counters.packets_in < host->injected[l][d])
                return false;
        }
    }
    return true;
}

/* The cycles of a worker move on once a turn. */
static uint64_t cycles_of(const struct rs_host *host, unsigned int worker)
{
    struct rs_worker_info info;

    rs_dataplane_get_worker(host->dataplane, worker, &info);
    return info.busy_cycles + info.idle_cycles;
}

static void wait_for_turn(struct rs_host *host, unsigned int worker)
{
    const uint64_t before = cycles_of(host, worker);
    const uint64_t until = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (cycles_of(host, worker) == before && now_ns() < until)
        rs_host_poll(host, 0);
}

void rs_host_settle(struct rs_host *host)
{
    const uint64_t until = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (!all_counted(host) && now_ns() < until)
        rs_host_poll(host, 0);
    CU_ASSERT_FATAL(all_counted(host));
    for (unsigned int w = 0; w < host->worker_count; w++)
        wait_for_turn(host, w);
    rs_dataplane_poll(host->dataplane);
}

size_t rs_host_take(struct rs_host *host, unsigned int link, enum rs_direction direction,
                    uint8_t *frame, size_t max)
{
    return rs_wire_port_take(host->ports[link][direction == RS_SEAL ? RS_OPEN : RS_SEAL], frame,
                             max);
}

size_t rs_host_discard(struct rs_host *host, unsigned int link, enum rs_direction direction)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];
    size_t count = 0;

    while (rs_host_take(host, link, direction, frame, sizeof(frame)) > 0)
        count++;
    return count;
}

/* ---- sessions and streams ----------------------------------------------------------------- */

void rs_host_base_key(uint32_t seed, uint8_t base_key[RS_HOST_KEY_BYTES])
{
    memset(base_key, 0, RS_HOST_KEY_BYTES);
    snprintf((char *)base_key, RS_HOST_KEY_BYTES, "a base key for tests, number %u", seed);
}

void rs_host_stage(struct rs_session *session, uint32_t seed, uint32_t epoch)
{
    uint8_t base_key[RS_HOST_KEY_BYTES];
    enum rs_staging staging;
    struct rs_key_info info;

    rs_host_base_key(seed, base_key);
    CU_ASSERT_EQUAL_FATAL(
        rs_session_stage_key(session, base_key, sizeof(base_key), epoch, &staging, &info), 0);
}

void rs_host_set_key(struct rs_session *session, uint32_t seed, uint32_t epoch)
{
    uint32_t replaced;

    rs_host_stage(session, seed, epoch);
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(session, &replaced), 0);
}

struct rs_session *rs_host_session(struct rs_host *host, void *owner, uint32_t seed)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, owner);

    CU_ASSERT_PTR_NOT_NULL_FATAL(session);
    rs_host_set_key(session, seed, 1);
    return session;
}

struct rs_stream_config rs_host_stream_config(enum rs_direction direction, unsigned int link)
{
    static const struct {
        const char *format;
        uint8_t payload_type;
    } rows[] = {{"other", 0},      {"AV1", 45},      {"VP8", 96},      {"VP9", 98},
                {"H264", 102},     {"H265", 104},    {"opus", 111},    {"rtx:other", 120},
                {"rtx:AV1", 121},  {"rtx:VP8", 122}, {"rtx:VP9", 123}, {"rtx:H264", 124},
                {"rtx:H265", 125}, {"rtx:opus", 126}};
    static uint8_t anyone;
    struct rs_stream_config config = {
        .direction = direction,
        .link = link,
        .flow = {.family = 4, .dst = {198, 51, 100, 20}, .dst_port = 5004},
        .suite = rs_suite_default(),
        .replay_window = 1024,
        .owner = &anyone,
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        config.formats[rows[i].payload_type] = rs_test_format(rows[i].format);
    return config;
}

struct rs_stream *rs_host_stream(struct rs_session *session, const struct rs_stream_config *config)
{
    struct rs_stream *stream = NULL;

    CU_ASSERT_EQUAL_FATAL(rs_stream_create(session, config, &stream), 0);
    return stream;
}
