/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker that hangs for three seconds holds up its own part of retirements and nothing else: not
 * the main thread, not the other worker's media, not that media's new keys.
 */
#include <stdio.h>
#include <time.h>

#include "dataplane/keyring.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum {
    STALL_MS = 3000,
    PATIENCE_MS = 20000,
    WATCHED_MS = 2500, /* of the stall */
    CHANGES = 100,     /* at most */
    CHANGES_MIN = 5,
    /* Of a call of the main thread, which shares its CPU with a polling worker: one that waited for
     * the stalled worker would take most of the stall. */
    LONGEST_CALL_MS = 1500,
};

static struct rs_host *host;
static struct rs_traffic traffic;
static uint64_t longest_ns;
static uint16_t tag_seen;
static char sealer_owner, opener_owner;

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void note_call(uint64_t began_ns)
{
    const uint64_t took_ns = now_ns() - began_ns;

    longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
}

static void see(void *context, const struct rs_traffic_header *header)
{
    (void)context;
    tag_seen = header->key_tag;
}

static struct rs_key_info stage(struct rs_session *session, uint32_t epoch)
{
    const uint64_t began = now_ns();
    uint8_t base_key[RS_HOST_KEY_BYTES];
    enum rs_staging staging;
    struct rs_key_info info = {0};

    rs_host_base_key(epoch, base_key);
    CU_ASSERT_EQUAL_FATAL(
        rs_session_stage_key(session, base_key, sizeof(base_key), epoch, &staging, &info), 0);
    note_call(began);
    return info;
}

static void activate(struct rs_session *session)
{
    const uint64_t began = now_ns();
    uint32_t replaced;

    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(session, &replaced), 0);
    note_call(began);
}

static void retire(struct rs_session *session, uint32_t epoch)
{
    const uint64_t began = now_ns();

    CU_ASSERT_EQUAL_FATAL(rs_session_retire_key(session, epoch), 0);
    note_call(began);
}

/* A stream and a session of no use but that they come and go. */
static void come_and_go(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const uint64_t began = now_ns();
    struct rs_session *session = rs_host_session(host, NULL, 1);
    struct rs_counters counters;
    struct rs_stream *stream;

    config.flow.dst_port = 5500;
    stream = rs_host_stream(session, &config);
    rs_session_get_counters(session, RS_SEAL, &counters);
    rs_stream_destroy(stream);
    rs_session_destroy(session);
    note_call(began);
}

/* One change of key on both edges; the packet after it is sealed with the new key, and opened. */
static void change_key(struct rs_session *sealer, struct rs_session *opener, uint32_t epoch)
{
    struct rs_key_info info;

    stage(opener, epoch);
    info = stage(sealer, epoch);
    activate(sealer);
    activate(opener);
    rs_traffic_send(&traffic, 1, 0);
    rs_traffic_wait(&traffic, 1, 1, traffic.next_sent[1]);
    CU_ASSERT_EQUAL(tag_seen, info.by_hash[RS_HASH_SHA512].key_tag);
    retire(sealer, epoch - 1);
    retire(opener, epoch - 1);
}

static void poll_once(void)
{
    const uint64_t began = now_ns();

    rs_dataplane_poll(host->dataplane);
    note_call(began);
}

/* With more patience than usual: each worker may share its CPU with many others. */
static void wait_told(enum rs_host_event_kind kind, const void *owner, size_t count)
{
    for (int i = 0; i < 6 && rs_host_count_events(host, kind, owner) < count; i++)
        rs_host_wait_events(host, kind, owner, count);
    CU_ASSERT_EQUAL_FATAL(rs_host_count_events(host, kind, owner), count);
}

/* Each key's activation and retirement was told once, of both workers. */
static void check_told(const void *owner, uint32_t last)
{
    wait_told(RS_HOST_RETIRED, owner, last - 1);
    wait_told(RS_HOST_ACTIVATED, owner, last - 1);
    for (uint32_t epoch = 1; epoch < last; epoch++) {
        unsigned int retired = 0;

        for (size_t i = 0; i < host->event_count; i++) {
            const struct rs_host_event *event = &host->events[i];

            if (event->kind != RS_HOST_RETIRED || event->owner != owner || event->epoch != epoch)
                continue;
            CU_ASSERT_EQUAL(event->workers_wiped, 2);
            retired++;
        }
        CU_ASSERT_EQUAL(retired, 1);
    }
}

static void a_stalled_worker_holds_up_nothing_but_its_own_retirement(void)
{
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct rs_session *sealer = rs_host_session(host, &sealer_owner, 1);
    struct rs_session *opener = rs_host_session(host, &opener_owner, 1);
    struct rs_stream *publish = rs_host_stream(sealer, &seal);
    struct rs_stream *subscribe = rs_host_stream(opener, &open);
    uint32_t epoch = 1;
    uint64_t began;

    wait_told(RS_HOST_ACTIVATED, NULL, 2);
    rs_host_poll(host, 100);
    rs_host_forget_events(host);
    /* Worker 1 polls queue 1 of link a's plain port, and queue 0 of link b's sealed one. Stream 1
     * enters link a by queue 0 and link b by queue 1: worker 0 alone carries it. */
    rs_wire_port_stall(host->ports[0][RS_SEAL], 1, STALL_MS);
    rs_host_poll(host, 20);
    began = now_ns();
    while (epoch <= CHANGES && now_ns() < began + WATCHED_MS * UINT64_C(1000000)) {
        change_key(sealer, opener, ++epoch);
        come_and_go();
        poll_once();
    }
    while (now_ns() < began + WATCHED_MS * UINT64_C(1000000))
        poll_once();
    /* n of n have not been heard yet */
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_ACTIVATED, NULL), 0);
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_RETIRED, NULL), 0);
    CU_ASSERT(epoch > CHANGES_MIN);
    printf("stall: the longest call took %lu us\n", (unsigned long)(longest_ns / 1000));
    CU_ASSERT(longest_ns < LONGEST_CALL_MS * UINT64_C(1000000));
    check_told(&sealer_owner, epoch);
    check_told(&opener_owner, epoch);
    rs_traffic_send(&traffic, 1, 0);
    rs_traffic_wait(&traffic, 1, 1, traffic.next_sent[1]);
    CU_ASSERT_EQUAL(traffic.opened, traffic.sent);
    rs_host_check_sums(host);
    rs_stream_destroy(publish);
    rs_stream_destroy(subscribe);
    rs_session_destroy(sealer);
    rs_session_destroy(opener);
}

static uint64_t stalled_ms(unsigned int worker)
{
    struct rs_worker_info info;

    rs_dataplane_get_worker(host->dataplane, worker, &info);
    return info.stalled_ms;
}

/* Of worker 1, waited for. The other may also be without its CPU for a while here. */
static const struct rs_stall_report *next_stall(enum rs_alarm_state state)
{
    static const struct rs_stall_report none = {.worker = 99};

    for (unsigned int ms = 0; ms < PATIENCE_MS; ms++) {
        for (size_t i = 0; i < host->event_count; i++) {
            const struct rs_host_event *event = &host->events[i];

            if (event->kind == RS_HOST_STALL && event->stall.worker == 1 &&
                event->stall.state == state)
                return &event->stall;
        }
        rs_host_poll(host, 1);
    }
    return &none;
}

static void a_stalled_worker_is_told_and_that_it_goes_on_but_not_before_there_is_an_owner(void)
{
    rs_host_poll(host, 50);
    rs_host_forget_events(host);
    rs_wire_port_stall(host->ports[0][RS_SEAL], 1, 2 * STALL_MS);
    for (unsigned int ms = 0; ms < 2 * STALL_MS && stalled_ms(1) == 0; ms++)
        rs_host_poll(host, 1);
    CU_ASSERT(stalled_ms(1) >= RS_STALL_MS);
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_STALL, NULL), 0);
    rs_dataplane_set_owner(host->dataplane, &sealer_owner);
    CU_ASSERT(next_stall(RS_ALARM_BEGUN)->stalled_ms >= RS_STALL_MS);
    CU_ASSERT_EQUAL(next_stall(RS_ALARM_BEGUN)->cpu, 0);
    CU_ASSERT(next_stall(RS_ALARM_ENDED)->stalled_ms >= RS_STALL_MS);
    rs_dataplane_set_owner(host->dataplane, NULL);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_stalled_worker_is_told_and_that_it_goes_on_but_not_before_there_is_an_owner",
         a_stalled_worker_is_told_and_that_it_goes_on_but_not_before_there_is_an_owner},
        {"a_stalled_worker_holds_up_nothing_but_its_own_retirement",
         a_stalled_worker_holds_up_nothing_but_its_own_retirement},
    };
    int rc;

    host = rs_host_start(NULL);
    traffic.host = host;
    traffic.see = see;
    rc = rs_test_main("stall", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
