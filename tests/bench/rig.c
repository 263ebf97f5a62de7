/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts what is measured, and takes packets through it in rounds. How they get to a port and back
 * is rig_port.c's. */
#include "tests/bench/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "tests/bench/bench.h"
#include "tests/bench/rig_io.h"
#include "tests/support/format.h"

enum {
    WORKERS_MAX = 8,
    PORTS = 2,
    LIMIT = 64,
    MEMORY_MB = 256,
    LOOK_US = 10, /* between two looks at the worker's counters, so as not to disturb it */
    PATIENCE_MS = 20000,
    ROUNDS_MAX = 4096,
    WARM_UP = 4096, /* packets: as many as there are buffers in a memif's ring */
};

struct rs_rig {
    struct rs_dataplane *dataplane; /* one of these two */
    struct rs_rig_io *io;
    enum rs_rig_kind kind;
    unsigned int worker_count;
    char directory[96];                       /* of memif's sockets */
    struct rs_rig_port *ports[RS_DIRECTIONS]; /* by the direction that enters */
    uint64_t published[RS_DIRECTIONS];
};

static struct rs_rig the_rig; /* EAL allows one per process */

/* ---- lifecycle ---------------------------------------------------------------------------- */

static void ignore_activation(void *owner, const struct rs_activation *activation)
{
    (void)owner, (void)activation;
}

static void ignore_retirement(void *owner, const struct rs_retirement *retirement)
{
    (void)owner, (void)retirement;
}

static void ignore_trouble(void *owner, const struct rs_trouble_report *report)
{
    (void)owner, (void)report;
}

static void ignore_alarm(void *owner, const struct rs_auth_alarm_report *report)
{
    (void)owner, (void)report;
}

static void ignore_activity(void *owner, const struct rs_activity_report *report)
{
    (void)owner, (void)report;
}

static void ignore_shortage(void *owner, const struct rs_shortage_report *report)
{
    (void)owner, (void)report;
}

static const struct rs_observer quiet = {
    .key_activated = ignore_activation,
    .key_retired = ignore_retirement,
    .stream_trouble = ignore_trouble,
    .auth_failure_rate = ignore_alarm,
    .stream_activity = ignore_activity,
    .stream_shortage = ignore_shortage,
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static void start_worker(struct rs_rig *rig, const struct rs_rig_config *given)
{
    static const unsigned int cpus[WORKERS_MAX] = {1, 0, 2, 3, 4, 5, 6, 7};
    static const struct rs_range media = {.port_first = RS_RIG_PORT, .port_last = UINT16_MAX};
    char vdevs[PORTS][256];
    const uint16_t queues = (uint16_t)rig->worker_count;
    const struct rs_link_config link = {.name = "rig",
                                        .plain = {.vdev = vdevs[0], .queues = queues},
                                        .sealed = {.vdev = vdevs[1], .queues = queues},
                                        .media = &media,
                                        .media_count = 1};
    const struct rs_dataplane_config config = {
        .cpus = cpus,
        .cpu_count = rig->worker_count,
        .memory_mb = or_default(given->memory_mb, MEMORY_MB),
        .hugepages = RS_HUGEPAGES_AUTO,
        .links = &link,
        .link_count = 1,
        .max_sessions = or_default(given->max_sessions, LIMIT),
        .max_streams = or_default(given->max_streams, LIMIT),
        .max_senders = or_default(given->max_senders, LIMIT),
        .lock_policy = RS_LOCK_TRIED,
    };

    for (unsigned int n = 0; n < PORTS; n++)
        rs_rig_port_vdev(given->kind, n, rig->directory, vdevs[n], sizeof(vdevs[n]));
    if (given->worker == RS_RIG_IO)
        rig->io = rs_rig_io_start(&config);
    else
        rig->dataplane =
            rs_dataplane_create(&config, given->observer != NULL ? given->observer : &quiet);
    if (rig->io == NULL && rig->dataplane == NULL)
        rs_bench_fail("the dataplane does not start");
}

static void remove_directory(void)
{
    char path[128];

    for (unsigned int n = 0; n < PORTS; n++) {
        snprintf(path, sizeof(path), "%s/%u", the_rig.directory, n);
        unlink(path);
    }
    rmdir(the_rig.directory);
}

struct rs_rig *rs_rig_start(const struct rs_rig_config *config)
{
    const char *parent = getenv("RUNTIME_DIRECTORY");
    struct rs_rig *rig = &the_rig;
    uint16_t queues;

    rig->kind = config->kind;
    rig->worker_count = config->worker == RS_RIG_IO ? 1 : or_default(config->worker_count, 1);
    queues = config->queues != 0 ? config->queues : (uint16_t)rig->worker_count;
    snprintf(rig->directory, sizeof(rig->directory), "%s/rtpseal-rig-XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (rig->worker_count > WORKERS_MAX || mkdtemp(rig->directory) == NULL)
        rs_bench_fail("no rig of %u workers", rig->worker_count);
    atexit(remove_directory);
    start_worker(rig, config);
    for (unsigned int n = 0; n < PORTS; n++)
        rig->ports[n] = rs_rig_port_attach(config->kind, n, rig->directory, queues);
    for (unsigned int n = 0; n < PORTS; n++)
        rs_rig_port_drain(rig->ports[n], NULL); /* which is what gives a memif its buffers */
    return rig;
}

void rs_rig_stop(struct rs_rig *rig)
{
    for (unsigned int n = 0; n < PORTS; n++)
        rs_rig_port_disconnect(rig->ports[n]);
    if (rig->io != NULL)
        rs_rig_io_stop(rig->io);
    else
        rs_dataplane_destroy(rig->dataplane);
    for (unsigned int n = 0; n < PORTS; n++)
        free(rig->ports[n]);
}

struct rs_dataplane *rs_rig_dataplane(const struct rs_rig *rig)
{
    return rig->dataplane;
}

/* ---- sessions and streams ----------------------------------------------------------------- */

struct rs_session *rs_rig_session(struct rs_rig *rig, uint32_t seed)
{
    struct rs_session *session = rs_session_create(rig->dataplane, RS_PROTECT_E2EE, NULL);
    uint8_t base_key[64] = {0};
    enum rs_staging staging;
    struct rs_key_info info;

    snprintf((char *)base_key, sizeof(base_key), "a base key for benchmarks, number %u", seed);
    if (session == NULL ||
        rs_session_stage_key(session, base_key, sizeof(base_key), 1, &staging, &info) != 0 ||
        rs_session_activate_key(session, &(uint32_t){0}) != 0)
        rs_bench_fail("session %u has no key", seed);
    return session;
}

struct rs_stream *rs_rig_stream(struct rs_session *session, enum rs_direction direction,
                                const struct rs_suite *suite, uint16_t port, uint32_t replay_window)
{
    struct rs_stream_config config = {
        .direction = direction,
        .flow = {.family = 4, .dst = {198, 51, 100, 20}, .dst_port = port},
        .suite = suite,
        .replay_window = replay_window,
    };
    struct rs_stream *stream;

    for (unsigned int type = 0; type < RS_PAYLOAD_TYPES; type++)
        config.formats[type] = rs_test_format("other");
    config.formats[96] = rs_test_format("VP8");
    config.formats[111] = rs_test_format("opus");
    if (rs_stream_create(session, &config, &stream) != 0)
        rs_bench_fail("no stream at port %u", port);
    return stream;
}

/* ---- counters ----------------------------------------------------------------------------- */

void rs_rig_cycles(const struct rs_rig *rig, unsigned int worker, uint64_t *busy, uint64_t *idle)
{
    struct rs_worker_info info;

    if (rig->io != NULL) {
        rs_rig_io_cycles(rig->io, busy, idle);
        return;
    }
    rs_dataplane_get_worker(rig->dataplane, worker, &info);
    *busy = info.busy_cycles;
    *idle = info.idle_cycles;
}

static uint64_t count_in(const struct rs_rig *rig, enum rs_direction direction)
{
    struct rs_counters counters;

    if (rig->io != NULL)
        return rs_rig_io_packets(rig->io, direction);
    rs_dataplane_get_counters(rig->dataplane, RS_ALL, RS_ALL, direction, &counters);
    return counters.packets_in;
}

/* Every packet was what it should be: nothing else would be a figure of sealing or opening. */
static void check_outcomes(const struct rs_rig *rig, enum rs_direction direction)
{
    const enum rs_outcome wanted = direction == RS_SEAL ? RS_SEALED : RS_OPENED;
    struct rs_counters counters;

    if (rig->io != NULL)
        return;
    rs_dataplane_get_counters(rig->dataplane, RS_ALL, RS_ALL, direction, &counters);
    for (unsigned int o = 0; o < RS_OUTCOMES; o++) {
        if (o != wanted && counters.outcomes[o] != 0)
            rs_bench_fail("%lu of %lu packets are %s", (unsigned long)counters.outcomes[o],
                          (unsigned long)counters.packets_in, rs_outcome_name((enum rs_outcome)o));
    }
}

/* A turn without packets is over: so all with packets are counted. */
static void wait_for_idle(const struct rs_rig *rig, unsigned int worker, uint64_t until)
{
    uint64_t busy, before, idle;

    rs_rig_cycles(rig, worker, &busy, &before);
    do {
        if (rte_rdtsc() > until)
            rs_bench_fail("worker %u is never idle", worker);
        rte_delay_us_block(1);
        rs_rig_cycles(rig, worker, &busy, &idle);
    } while (idle == before);
}

void rs_rig_settle(struct rs_rig *rig)
{
    const uint64_t until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * PATIENCE_MS;

    for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
        while (count_in(rig, (enum rs_direction)d) != rig->published[d]) {
            if (rte_rdtsc() > until)
                rs_bench_fail("of %lu packets %lu came in", (unsigned long)rig->published[d],
                              (unsigned long)count_in(rig, (enum rs_direction)d));
            rte_delay_us_block(LOOK_US);
        }
        check_outcomes(rig, (enum rs_direction)d);
    }
    for (unsigned int w = 0; w < rig->worker_count; w++)
        wait_for_idle(rig, w, until);
    if (rig->dataplane != NULL)
        rs_dataplane_poll(rig->dataplane);
}

/* ---- packets ------------------------------------------------------------------------------ */

unsigned int rs_rig_room(const struct rs_rig *rig)
{
    return rs_rig_port_room(rig->kind);
}

void rs_rig_publish(struct rs_rig *rig, enum rs_direction direction, uint16_t queue,
                    struct rs_frames *frames, unsigned int n)
{
    rs_rig_port_publish(rig->ports[direction], queue, frames, n);
    rig->published[direction] += n;
}

static struct rs_rig_port *egress(const struct rs_rig *rig, enum rs_direction direction)
{
    return rig->ports[direction == RS_SEAL ? RS_OPEN : RS_SEAL];
}

void rs_rig_keep(struct rs_rig *rig, enum rs_direction direction)
{
    rs_rig_port_keep(egress(rig, direction));
}

unsigned int rs_rig_drain(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *kept)
{
    return rs_rig_port_drain(egress(rig, direction), kept);
}

double rs_rig_round(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *frames,
                    unsigned int n)
{
    uint64_t before, after, idle;
    unsigned int drained;

    rs_rig_cycles(rig, 0, &before, &idle);
    rs_rig_publish(rig, direction, 0, frames, n);
    rs_rig_settle(rig);
    rs_rig_cycles(rig, 0, &after, &idle);
    drained = rs_rig_drain(rig, direction, NULL);
    if (rig->kind == RS_RIG_MEMIF && drained != n)
        rs_bench_fail("of %u packets %u came out", n, drained);
    return (double)(after - before) / n;
}

double rs_rig_delay(struct rs_rig *rig, enum rs_direction direction, struct rs_frames *frames,
                    unsigned int n)
{
    struct rs_rig_port *out = egress(rig, direction);
    uint64_t published;

    rs_rig_port_time(out);
    published = rs_rig_port_publish(rig->ports[direction], 0, frames, n);
    rig->published[direction] += n;
    rs_rig_settle(rig);
    rs_rig_port_forget(out);
    return (double)(rs_rig_port_sent_tsc(out) - published);
}

struct rs_frames *rs_rig_convert(struct rs_rig *rig, enum rs_direction direction,
                                 struct rs_frames *frames)
{
    struct rs_frames *converted = rs_frames_create(frames->count);

    rs_rig_port_keep(egress(rig, direction));
    frames->next = 0;
    for (unsigned int done = 0; done < frames->count;) {
        const unsigned int left = frames->count - done, room = rs_rig_room(rig);
        const unsigned int n = left < room ? left : room;

        rs_rig_publish(rig, direction, 0, frames, n);
        rs_rig_settle(rig);
        if (rs_rig_drain(rig, direction, converted) != n)
            rs_bench_fail("not all of %u packets came out", n);
        done += n;
    }
    rs_rig_port_forget(egress(rig, direction));
    return converted;
}

struct rs_figure rs_rig_measure(struct rs_rig *rig, enum rs_direction direction,
                                struct rs_frames *frames, unsigned int n, unsigned int ms)
{
    static double rounds[ROUNDS_MAX];
    size_t count = 0;
    uint64_t until;

    for (unsigned int warm = 0; warm == 0 || warm < WARM_UP; warm += n)
        rs_rig_round(rig, direction, frames, n);
    until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;
    do {
        rounds[count++] = rs_rig_round(rig, direction, frames, n);
    } while (rte_rdtsc() < until && count < ROUNDS_MAX);
    return rs_figure_of(rounds, count);
}
