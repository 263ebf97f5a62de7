/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of streams from their counters, with real packets: starting, stopping, rates, and
 * packets lost for want of senders. */
#include <string.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum {
    STREAMS = 1000, /* more than a poll tells of */
    SENDERS = 4,
    SEEN_MS = 500, /* by when a round has been made */
    PATIENCE = 20, /* times 5 seconds */
    PATIENCE_MS = 20000,
    FIRST_SSRC = 5100,
    TELLS_MAX = 300, /* of a poll, and a little */
};

static struct rs_host *host;
static char owners[STREAMS];

static struct rs_stream *by_ssrc(struct rs_session *session, enum rs_direction direction,
                                 unsigned int link, unsigned int n, uint32_t ssrc)
{
    struct rs_stream_config config = rs_host_stream_config(direction, link);

    config.owner = &owners[n];
    config.ssrcs = &ssrc;
    config.ssrc_count = 1;
    return rs_host_stream(session, &config);
}

static void inject(unsigned int link, enum rs_direction direction, uint16_t queue, uint32_t ssrc)
{
    struct rs_leg_packet packet = rs_leg_vp8(1);
    uint8_t frame[RS_HOST_FRAME_BYTES];

    packet.ssrc = ssrc;
    rs_host_inject(host, link, direction, queue, frame,
                   rs_leg_write(&packet, frame, sizeof(frame)));
}

static size_t wait_for(enum rs_host_event_kind kind, const void *owner, size_t count)
{
    for (unsigned int i = 0; i < PATIENCE && rs_host_count_events(host, kind, owner) < count; i++)
        rs_host_wait_events(host, kind, owner, count);
    return rs_host_count_events(host, kind, owner);
}

static const struct rs_activity_report *activity(const void *owner, size_t nth)
{
    static const struct rs_activity_report none = {.activity = (enum rs_activity)99};
    const struct rs_host_event *event = rs_host_event(host, RS_HOST_ACTIVITY, owner, nth);

    return event != NULL ? &event->activity : &none;
}

static void a_stream_starts_with_its_first_packets_and_stops_after_five_seconds(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    struct rs_stream *busy = by_ssrc(session, RS_SEAL, 0, 0, 1);
    struct rs_stream *silent = by_ssrc(session, RS_SEAL, 0, 1, 2);
    const struct rs_host_event *started;

    rs_host_poll(host, SEEN_MS);
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_ACTIVITY, NULL), 0);
    inject(0, RS_SEAL, 0, 1);
    inject(0, RS_SEAL, 0, 1);
    rs_host_settle(host);
    CU_ASSERT(wait_for(RS_HOST_ACTIVITY, &owners[0], 1) >= 1);
    CU_ASSERT_EQUAL(activity(&owners[0], 0)->activity, RS_ACTIVITY_STARTED);
    CU_ASSERT(activity(&owners[0], 0)->packets >= 1); /* a look may come between the two */
    CU_ASSERT_EQUAL(wait_for(RS_HOST_ACTIVITY, &owners[0], 2), 2);
    started = rs_host_event(host, RS_HOST_ACTIVITY, &owners[0], 0);
    CU_ASSERT(rs_host_event(host, RS_HOST_ACTIVITY, &owners[0], 1)->at_ns - started->at_ns >=
              (RS_IDLE_MS - 2) * UINT64_C(1000000));
    CU_ASSERT_EQUAL(activity(&owners[0], 1)->activity, RS_ACTIVITY_STOPPED);
    CU_ASSERT_EQUAL(activity(&owners[0], 1)->packets, 2);
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_ACTIVITY, &owners[1]), 0);
    rs_host_discard(host, 0, RS_SEAL);
    rs_stream_destroy(busy);
    rs_stream_destroy(silent);
    rs_session_destroy(session);
}

static void dropped_packets_are_activity_and_have_a_rate_too(void)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, NULL);
    struct rs_stream *stream = by_ssrc(session, RS_OPEN, 1, 2, 3);
    struct rs_stream_rate rate = {0};
    unsigned int sent = 0;

    for (; sent < 4000 && rate.packets_per_second == 0; sent++) {
        inject(1, RS_OPEN, 0, 3);
        rs_host_poll(host, 10);
        rs_stream_get_rate(stream, &rate);
    }
    CU_ASSERT_EQUAL(wait_for(RS_HOST_ACTIVITY, &owners[2], 1), 1);
    CU_ASSERT(rs_host_stream_count(stream, RS_NO_KEY) > 0);
    CU_ASSERT(rate.packets_per_second > 0 && rate.packets_per_second <= sent);
    /* Each frame is of 154 bytes: 14 + 20 + 8 + 12 + 100. */
    CU_ASSERT_DOUBLE_EQUAL(rate.bits_per_second, rate.packets_per_second * 154 * 8, 1);
    for (unsigned int i = 0; i < 50 && rate.packets_per_second != 0; i++) {
        rs_host_poll(host, 100);
        rs_stream_get_rate(stream, &rate);
    }
    CU_ASSERT_EQUAL(rate.packets_per_second, 0);
    CU_ASSERT_EQUAL(rate.bits_per_second, 0);
    rs_stream_destroy(stream);
    rs_session_destroy(session);
}

/* How many streams have been told as started, each once; more than all where one was told twice. */
static unsigned int started(void)
{
    static unsigned int times[STREAMS];
    unsigned int count = 0;

    memset(times, 0, sizeof(times));
    for (size_t i = 0; i < host->event_count; i++) {
        const struct rs_host_event *event = &host->events[i];

        if (event->kind != RS_HOST_ACTIVITY || event->activity.activity != RS_ACTIVITY_STARTED)
            continue;
        count += ++times[(char *)event->owner - owners] == 1 ? 1 : STREAMS;
    }
    return count;
}

/* Senders go when the workers have wiped them. */
static void wait_for_no_senders(void)
{
    for (unsigned int ms = 0; ms < PATIENCE_MS; ms++) {
        struct rs_worker_info info[2];

        for (unsigned int w = 0; w < 2; w++)
            rs_dataplane_get_worker(host->dataplane, w, &info[w]);
        if (info[0].senders + info[1].senders == 0)
            return;
        rs_host_poll(host, 1);
    }
    CU_FAIL("senders are left");
}

static void a_thousand_that_start_at_once_are_told_once_each_a_bounded_number_a_poll(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    static struct rs_stream *streams[STREAMS];
    size_t most = 0, before;

    rs_host_forget_events(host);
    for (unsigned int i = 0; i < STREAMS; i++)
        streams[i] = by_ssrc(session, RS_SEAL, 0, i, FIRST_SSRC + i);
    for (unsigned int i = 0; i < STREAMS; i++)
        inject(0, RS_SEAL, (uint16_t)(i % 2), FIRST_SSRC + i);
    for (unsigned int i = 0; i < 10 * PATIENCE_MS && started() < STREAMS; i++) {
        before = host->event_count;
        rs_host_poll(host, 0);
        most = host->event_count - before > most ? host->event_count - before : most;
    }
    rs_host_poll(host, SEEN_MS);
    CU_ASSERT_EQUAL(started(), STREAMS);
    CU_ASSERT(most > 0 && most <= TELLS_MAX);
    rs_host_settle(host);
    rs_host_discard(host, 0, RS_SEAL);
    for (unsigned int i = 0; i < STREAMS; i++)
        rs_stream_destroy(streams[i]);
    rs_session_destroy(session);
    wait_for_no_senders();
}

static void streams_that_find_no_sender_are_told_when_that_begins_and_ends(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    struct rs_stream *streams[STREAMS];
    unsigned int begun = 0, ended = 0;

    rs_host_forget_events(host);
    for (unsigned int i = 0; i < 2 * SENDERS; i++) {
        streams[i] = by_ssrc(session, RS_SEAL, 0, i, i + 1);
        inject(0, RS_SEAL, 1, i + 1);
    }
    rs_host_settle(host);
    for (unsigned int i = 0; i < 2 * SENDERS; i++) {
        const uint64_t lost = rs_host_stream_count(streams[i], RS_NO_CAPACITY);
        const struct rs_host_event *event;

        CU_ASSERT_EQUAL(wait_for(RS_HOST_SHORTAGE, &owners[i], 2 * lost), 2 * lost);
        event = rs_host_event(host, RS_HOST_SHORTAGE, &owners[i], 0);
        CU_ASSERT_EQUAL(event != NULL, lost > 0);
        if (event == NULL)
            continue;
        CU_ASSERT_EQUAL(event->shortage.shortage, RS_SHORTAGE_NO_CAPACITY);
        CU_ASSERT_EQUAL(event->shortage.packets, 1);
        CU_ASSERT_EQUAL(event->shortage.worker, 1);
        begun += event->shortage.state == RS_ALARM_BEGUN;
        event = rs_host_event(host, RS_HOST_SHORTAGE, &owners[i], 1);
        ended += event != NULL && event->shortage.state == RS_ALARM_ENDED &&
                 event->shortage.packets == 1;
    }
    CU_ASSERT(begun > 0 && begun < 2 * SENDERS);
    CU_ASSERT_EQUAL(ended, begun);
    rs_host_discard(host, 0, RS_SEAL);
    for (unsigned int i = 0; i < 2 * SENDERS; i++)
        rs_stream_destroy(streams[i]);
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_stream_starts_with_its_first_packets_and_stops_after_five_seconds",
         a_stream_starts_with_its_first_packets_and_stops_after_five_seconds},
        {"dropped_packets_are_activity_and_have_a_rate_too",
         dropped_packets_are_activity_and_have_a_rate_too},
        {"a_thousand_that_start_at_once_are_told_once_each_a_bounded_number_a_poll",
         a_thousand_that_start_at_once_are_told_once_each_a_bounded_number_a_poll},
        {"streams_that_find_no_sender_are_told_when_that_begins_and_ends",
         streams_that_find_no_sender_are_told_when_that_begins_and_ends},
    };
    const struct rs_host_config config = {.max_senders = SENDERS, .watch_streams = true};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_activity", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
