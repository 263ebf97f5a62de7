/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of key under full load: each packet is sealed by the worker and comes back to be opened
 * by it, as fast as it goes, while 1,000 times a second a session gets a new raw key at both ends,
 * and in phases without in between. What comes out is compared byte for byte with what went in.
 *   rekey [--sessions N] [--suite 0x0006] [--seconds N]
 * Each session has one stream. Times are from a key's publication until the worker has seen it, and
 * until it has sealed a packet with it: there has to be one, so with many sessions that is mostly
 * the wait for the session's next packet, and with few it is the worker's own time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "tests/bench/bench.h"
#include "tests/bench/crowd.h"

enum {
    PAYLOAD_BYTES = 500,
    PHASE_MS = 200,
    PHASES_MAX = 256,
    BATCH = 512,
    POLL_US = 1000,
    KEEP_EPOCHS = 2, /* the active one and the one before it, for what is on its way */
    TIMES_MAX = 1 << 17,
    FRAMES_ROOM = 8192,
};

/* Of one kind, in microseconds. */
struct times {
    size_t count;
    double us[TIMES_MAX];
};

/* A session's last change. */
struct change {
    uint32_t epoch;
    uint64_t sent; /* packets, before it */
};

struct run {
    struct rs_rig *rig;
    struct rs_crowd *crowd;
    struct rs_frames *plain, *sealed, *opened;
    unsigned int sessions;
    struct change *last; /* of each session */
    unsigned int turn;   /* the session that is next to change */
    uint64_t changes;
    uint64_t sent, sealed_count, opened_count;
    uint64_t garbled;
    uint64_t poll_tsc;
};

static struct times observed, first_sealed;

/* ---- times -------------------------------------------------------------------------------- */

static void note(struct times *times, uint64_t ns)
{
    if (times->count < TIMES_MAX)
        times->us[times->count++] = (double)ns / 1e3;
}

static void on_activated(void *owner, const struct rs_activation *activation)
{
    (void)owner;
    note(&observed, activation->observed_ns[0]);
    if (activation->first_sealed_ns[0] != UINT64_MAX)
        note(&first_sealed, activation->first_sealed_ns[0]);
}

static const struct rs_observer observer = {.key_activated = on_activated};

static void print_times(const char *name, struct times *times)
{
    const size_t n = times->count;

    if (n == 0)
        return;
    printf(", \"%s_us\": {\"count\": %zu, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}", name, n,
           rs_bench_quantile(times->us, n, 0.5), rs_bench_quantile(times->us, n, 0.99),
           rs_bench_quantile(times->us, n, 1));
}

/* ---- changes of key ----------------------------------------------------------------------- */

/* Not while packets are on their way that the key to be retired has sealed: who changes keys gives
 * them that time. */
static void change_key(struct run *run)
{
    const unsigned int s = run->turn % run->sessions;
    struct rs_session *session = rs_crowd_session(run->crowd, s);
    const uint32_t epoch = run->last[s].epoch + 1;
    uint8_t base_key[64] = {0};
    enum rs_staging staging;
    struct rs_key_info info;

    if (run->opened_count < run->last[s].sent)
        return;
    snprintf((char *)base_key, sizeof(base_key), "session %u, epoch %u", s, epoch);
    if (rs_session_stage_key(session, base_key, sizeof(base_key), epoch, &staging, &info) != 0 ||
        rs_session_activate_key(session, &(uint32_t){0}) != 0)
        rs_bench_fail("session %u does not take its key number %u", s, epoch);
    if (epoch > KEEP_EPOCHS && rs_session_retire_key(session, epoch - KEEP_EPOCHS) != 0)
        rs_bench_fail("session %u does not give up its key number %u", s, epoch - KEEP_EPOCHS);
    run->last[s] = (struct change){.epoch = epoch, .sent = run->sent};
    run->turn++;
    run->changes++;
}

/* ---- packets ------------------------------------------------------------------------------ */

/* What has come out, in the order in which it went in. */
static void compare(struct run *run)
{
    for (unsigned int i = 0; i < run->opened->count; i++) {
        const struct rs_frame *out = &run->opened->frames[i];
        const struct rs_frame *in =
            &run->plain->frames[(run->opened_count + i) % run->plain->count];

        run->garbled += out->bytes != in->bytes || memcmp(out->data, in->data, in->bytes) != 0;
    }
    run->opened_count += run->opened->count;
}

/* Carries packets on: new ones in, sealed ones over, opened ones out. */
static void carry(struct run *run, unsigned int fresh)
{
    run->opened->count = 0;
    rs_rig_drain(run->rig, RS_OPEN, run->opened);
    compare(run);
    run->sealed->count = run->sealed->next = 0;
    rs_rig_drain(run->rig, RS_SEAL, run->sealed);
    if (run->sealed->count > 0)
        rs_rig_publish(run->rig, RS_OPEN, 0, run->sealed, run->sealed->count);
    run->sealed_count += run->sealed->count;
    if (fresh > 0 && run->sent - run->opened_count + fresh <= rs_rig_room(run->rig)) {
        rs_rig_publish(run->rig, RS_SEAL, 0, run->plain, fresh);
        run->sent += fresh;
    }
    if (rte_rdtsc() > run->poll_tsc) {
        rs_dataplane_poll(rs_rig_dataplane(run->rig));
        run->poll_tsc = rte_rdtsc() + rte_get_tsc_hz() / 1000000 * POLL_US;
    }
}

/* Packets a second that were sealed and opened; *idle is the share of the worker's turns without.
 */
static double run_phase(struct run *run, unsigned int changes_per_second, double *idle)
{
    const uint64_t hz = rte_get_tsc_hz(), began = rte_rdtsc();
    const uint64_t opened_before = run->opened_count, changes_before = run->changes;
    uint64_t busy_before, idle_before, busy_after, idle_after, elapsed;

    rs_rig_cycles(run->rig, 0, &busy_before, &idle_before);
    while ((elapsed = rte_rdtsc() - began) < hz / 1000 * PHASE_MS) {
        if ((run->changes - changes_before) * hz < elapsed * changes_per_second)
            change_key(run);
        carry(run, BATCH);
    }
    rs_rig_cycles(run->rig, 0, &busy_after, &idle_after);
    *idle = (double)(idle_after - idle_before) /
            (double)(busy_after - busy_before + idle_after - idle_before);
    return (double)(run->opened_count - opened_before) * (double)hz / (double)elapsed;
}

static void finish(struct run *run)
{
    const uint64_t until = rte_rdtsc() + rte_get_tsc_hz() * 2;

    while (run->opened_count < run->sent && rte_rdtsc() < until)
        carry(run, 0);
    rs_rig_settle(run->rig);
}

/* ---- the program -------------------------------------------------------------------------- */

static void measure(struct run *run, unsigned int seconds, unsigned int changes,
                    const struct rs_suite *suite)
{
    static double with[PHASES_MAX], without[PHASES_MAX], ratio[PHASES_MAX], idle[2 * PHASES_MAX];
    const unsigned int pairs = RTE_MIN(seconds * 1000 / (2 * PHASE_MS), (unsigned int)PHASES_MAX);

    run_phase(run, changes, &idle[0]);
    run->changes = observed.count = first_sealed.count = 0;
    for (unsigned int p = 0; p < pairs; p++) {
        without[p] = run_phase(run, 0, &idle[2 * p]);
        with[p] = run_phase(run, changes, &idle[2 * p + 1]);
        ratio[p] = with[p] / without[p];
    }
    finish(run);
    printf("{\"what\": \"rekey\", \"suite\": \"0x%04X\", \"bytes\": %d, \"sessions\": %u, "
           "\"changes\": %" PRIu64 ", \"seconds\": %.1f, \"without\": %.0f, \"with\": %.0f, "
           "\"ratio\": %.3f, \"idle\": %.3f, \"sent\": %" PRIu64 ", \"lost\": %" PRIu64
           ", \"garbled\": %" PRIu64,
           suite->number, PAYLOAD_BYTES, run->sessions, run->changes, pairs * PHASE_MS / 1e3,
           rs_bench_median(without, pairs), rs_bench_median(with, pairs),
           rs_bench_median(ratio, pairs), rs_bench_median(idle, (size_t)2 * pairs), run->sent,
           run->sent - run->opened_count, run->garbled);
    print_times("observed", &observed);
    print_times("first_sealed", &first_sealed);
    printf("}\n");
}

int main(int argc, char **argv)
{
    const char *suite = rs_bench_option(argc, argv, "--suite");
    struct run run = {.sessions = rs_bench_number(argc, argv, "--sessions", 1000)};
    const struct rs_crowd_config crowd = {
        .direction = RS_SEAL,
        .suite = rs_suite_find_number((uint16_t)strtoul(suite != NULL ? suite : "0x0006", NULL, 0)),
        .streams = run.sessions,
        .sessions = run.sessions,
        .replay_window = 1024,
        .payload_bytes = PAYLOAD_BYTES};
    struct rs_rig_config config = {.kind = RS_RIG_MEMORY, .observer = &observer};

    if (crowd.suite == NULL || run.sessions == 0 || run.sessions > 4096)
        rs_bench_fail("no such suite, or not 1 to 4096 sessions");
    rs_crowd_limits(&crowd, &config);
    config.max_streams *= 2;
    config.max_senders *= 2 * (KEEP_EPOCHS + 2);
    run.rig = rs_rig_start(&config);
    run.crowd = rs_crowd_create(run.rig, &crowd);
    rs_crowd_add_openers(run.crowd);
    run.plain = rs_crowd_each(run.crowd, 0, run.sessions);
    run.sealed = rs_frames_create(FRAMES_ROOM);
    run.opened = rs_frames_create(FRAMES_ROOM);
    run.last = calloc(run.sessions, sizeof(*run.last));
    if (run.last == NULL)
        rs_bench_fail("no memory");
    for (unsigned int s = 0; s < run.sessions; s++)
        run.last[s].epoch = 1;
    rs_rig_keep(run.rig, RS_SEAL);
    rs_rig_keep(run.rig, RS_OPEN);
    measure(&run, rs_bench_number(argc, argv, "--seconds", 5),
            rs_bench_number(argc, argv, "--changes", 1000), crowd.suite);
    free(run.last);
    rs_crowd_destroy(run.crowd);
    rs_rig_stop(run.rig);
    return run.garbled == 0 && run.sent == run.opened_count ? 0 : 1;
}
