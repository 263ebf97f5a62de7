/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten thousand streams made, in trouble, and removed, all at once: each trouble is told once, a
 * bounded number a poll, and what is removed before it was told is told no more.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum {
    STREAMS = 10000,
    RUN = 8, /* packets in a row that are trouble */
    AT_ONCE = 2000,
    FIRST_SSRC = 0x20000,
    TELLS_MAX = 256, /* of one poll */
    PATIENCE_S = 60,
    GRACE_MS = 200, /* by when workers have seen the change, unless they have no time at all */
    RELEASE_MS = 800,
    CHANGE_MAX_MS = 10000, /* of ten thousand streams, on a machine that has little time for it */
};

static struct rs_host *host;
static struct rs_stream *streams[STREAMS];
static char owners[STREAMS];
static unsigned int told[STREAMS];

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void note_time(const char *what, uint64_t began_ms)
{
    const uint64_t took_ms = now_ms() - began_ms;

    printf("many: %d streams %s in %lu ms\n", STREAMS, what, (unsigned long)took_ms);
    CU_ASSERT(took_ms < CHANGE_MAX_MS);
}

static void add_all(struct rs_session *session)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(host->dataplane);
    const uint64_t began = now_ms();

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    for (unsigned int i = 0; i < STREAMS; i++) {
        struct rs_stream_config config = rs_host_stream_config(RS_OPEN, 1);
        const uint32_t ssrc = FIRST_SSRC + i;

        config.owner = &owners[i];
        config.ssrcs = &ssrc;
        config.ssrc_count = 1;
        CU_ASSERT_EQUAL_FATAL(rs_stream_batch_add(batch, session, &config, &streams[i]), 0);
    }
    CU_ASSERT_EQUAL_FATAL(rs_stream_batch_commit(batch, NULL), 0);
    note_time("added", began);
}

static void remove_all(void)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(host->dataplane);
    const uint64_t began = now_ms();

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    for (unsigned int i = 0; i < STREAMS; i++)
        CU_ASSERT_EQUAL(rs_stream_batch_remove(batch, streams[i]), 0);
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), 0);
    note_time("removed", began);
}

/* Until the workers have counted all that came in: main does not poll meanwhile. */
static void wait_for_workers(void)
{
    const uint64_t until = now_ms() + PATIENCE_S * 1000;
    struct rs_counters sum;

    do {
        usleep(200);
        rs_dataplane_get_counters(host->dataplane, RS_ALL, 1, RS_OPEN, &sum);
    } while (sum.packets_in < host->injected[1][RS_OPEN] && now_ms() < until);
    CU_ASSERT_EQUAL_FATAL(sum.packets_in, host->injected[1][RS_OPEN]);
}

/* Each stream gets the packet that often. */
static void send_each(const struct rs_leg_packet *sealed, unsigned int times)
{
    for (unsigned int i = 0; i < STREAMS; i++) {
        struct rs_leg_packet packet = *sealed;
        uint8_t frame[RS_HOST_FRAME_BYTES];
        size_t bytes;

        packet.ssrc = FIRST_SSRC + i;
        bytes = rs_leg_write(&packet, frame, sizeof(frame));
        for (unsigned int n = 0; n < times; n++)
            rs_host_inject(host, 1, RS_OPEN, (uint16_t)(i % host->worker_count), frame, bytes);
        if (i % (AT_ONCE / RUN) == 0)
            wait_for_workers();
    }
    wait_for_workers();
}

/* A packet that no key of the streams' session has sealed. */
static struct rs_leg_packet strange_packet(void)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_session *session = rs_host_session(host, NULL, 77);
    struct rs_stream *stream = rs_host_stream(session, &config);
    const struct rs_leg_packet sealed = rs_leg_sealed(host, stream, 1);

    rs_stream_destroy(stream);
    rs_session_destroy(session);
    return sealed;
}

/* Counts the events by stream and forgets them. Returns how many there were. */
static size_t take_troubles(void)
{
    const size_t count = host->event_count;

    for (size_t i = 0; i < count; i++) {
        const struct rs_host_event *event = &host->events[i];

        CU_ASSERT_EQUAL_FATAL(event->kind, RS_HOST_TROUBLE);
        CU_ASSERT_EQUAL(event->trouble.trouble, RS_TROUBLE_UNKNOWN_TAG);
        told[(char *)event->owner - owners]++;
    }
    rs_host_forget_events(host);
    return count;
}

/* As an event loop does: polls when the descriptor says so. */
static void poll_when_readable(void)
{
    struct pollfd fd = {.fd = rs_dataplane_fd(host->dataplane), .events = POLLIN};

    CU_ASSERT_EQUAL_FATAL(poll(&fd, 1, PATIENCE_S * 1000), 1);
    rs_dataplane_poll(host->dataplane);
}

static void all_that_mismatch_at_once_are_told_once_each_a_bounded_number_a_poll(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    const struct rs_leg_packet strange = strange_packet();
    size_t total = 0, most = 0;
    unsigned int polls = 0;

    rs_host_poll(host, 200);
    rs_host_forget_events(host);
    add_all(session);
    send_each(&strange, RUN);
    for (; total < STREAMS && polls < STREAMS; polls++) {
        size_t now;

        poll_when_readable();
        now = take_troubles();
        total += now;
        most = now > most ? now : most;
    }
    rs_host_poll(host, 100);
    total += take_troubles();
    printf("many: told in %u polls, at most %zu in one\n", polls, most);
    CU_ASSERT_EQUAL(total, STREAMS);
    CU_ASSERT(most <= TELLS_MAX);
    for (unsigned int i = 0; i < STREAMS; i++)
        CU_ASSERT_EQUAL(told[i], 1);
    remove_all();
    rs_session_destroy(session);
    rs_host_poll(host, 200);
}

static void what_is_removed_before_it_was_told_is_told_no_more(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    const struct rs_leg_packet strange = strange_packet();

    rs_host_poll(host, 200);
    add_all(session);
    send_each(&strange, RUN);
    rs_dataplane_poll(host->dataplane); /* some are told, all others wait to be */
    remove_all();
    rs_host_forget_events(host);
    rs_session_destroy(session);
    usleep(GRACE_MS * 1000);
    rs_dataplane_poll(host->dataplane); /* asks the workers to release what is removed */
    usleep(RELEASE_MS * 1000);
    rs_dataplane_poll(host->dataplane); /* frees it, with most of it still waiting to be told */
    rs_host_poll(host, 500);
    CU_ASSERT_EQUAL(rs_host_count_told(host), 0);
    rs_host_check_sums(host);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"all_that_mismatch_at_once_are_told_once_each_a_bounded_number_a_poll",
         all_that_mismatch_at_once_are_told_once_each_a_bounded_number_a_poll},
        {"what_is_removed_before_it_was_told_is_told_no_more",
         what_is_removed_before_it_was_told_is_told_no_more},
    };
    const struct rs_host_config config = {.max_streams = STREAMS + 16};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("many", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
