/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams and sessions come and go under traffic, in any order: nothing crashes, grows, or is left
 * out of the counters. RS_REKEYS, below 10,000, makes it a tenth of that many rounds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/memory.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum {
    ROUNDS = 1000,
    STREAMS = 4,
    WARM_UP = 5, /* a fifth of the rounds */
    HEAP_SLACK = 64 << 10,
    MAPPED_SLACK = 2 << 20,
};

static struct rs_host *host;
static struct rs_traffic traffic;
static uint64_t state = 42;

/* Knuth's MMIX generator: the same order in each run. */
static unsigned int draw(unsigned int below)
{
    state = state * 6364136223846793005 + 1442695040888963407;
    return (unsigned int)(state >> 33) % below;
}

static unsigned int round_count(void)
{
    const char *text = getenv("RS_REKEYS");
    const unsigned long rounds = text != NULL ? strtoul(text, NULL, 10) / 10 : ROUNDS;

    return rounds >= 50 && rounds <= ROUNDS ? (unsigned int)rounds : ROUNDS;
}

static struct rs_stream *make_stream(struct rs_session *session, enum rs_direction direction,
                                     unsigned int link, unsigned int s)
{
    struct rs_stream_config config = rs_host_stream_config(direction, link);
    const uint32_t ssrc = rs_traffic_ssrc(s);

    config.ssrcs = &ssrc;
    config.ssrc_count = 1;
    return rs_host_stream(session, &config);
}

static void send_some(void)
{
    for (unsigned int i = 0; i < 6; i++)
        rs_traffic_send(&traffic, draw(STREAMS), (uint16_t)draw(host->worker_count));
    rs_traffic_move(&traffic);
}

/* What both edges of a round have; destroyed in an order drawn by lot, streams before sessions. */
static void run_round(void)
{
    struct rs_session *sessions[2] = {rs_host_session(host, NULL, 1),
                                      rs_host_session(host, NULL, 1)};
    struct rs_stream *streams[2 * STREAMS];
    unsigned int left = 2 * STREAMS;

    for (unsigned int s = 0; s < STREAMS; s++) {
        streams[s] = make_stream(sessions[0], RS_SEAL, 0, s);
        streams[STREAMS + s] = make_stream(sessions[1], RS_OPEN, 1, s);
    }
    send_some();
    rs_host_set_key(sessions[0], 2, 2);
    while (left > 0) {
        const unsigned int i = draw(left);

        send_some();
        rs_stream_destroy(streams[i]);
        streams[i] = streams[--left];
    }
    send_some();
    rs_session_destroy(sessions[state >> 40 & 1]);
    rs_session_destroy(sessions[~state >> 40 & 1]);
}

static void check_flat(const struct rs_memory *before)
{
    struct rs_memory after;

    rs_memory_measure(&after);
    if (RS_MEMORY_SANITIZED) {
        printf("churn: memory is not compared under a sanitizer\n");
        return;
    }
    CU_ASSERT(after.heap <= before->heap + HEAP_SLACK);
    CU_ASSERT(after.mapped <= before->mapped + MAPPED_SLACK);
}

static uint32_t senders_in_use(void)
{
    uint32_t sum = 0;

    for (unsigned int w = 0; w < host->worker_count; w++) {
        struct rs_worker_info info;

        rs_dataplane_get_worker(host->dataplane, w, &info);
        sum += info.senders;
    }
    return sum;
}

static void drain(void)
{
    rs_host_settle(host);
    rs_traffic_move(&traffic);
    rs_host_poll(host, 300);
    rs_host_forget_events(host);
}

static void sessions_and_streams_come_and_go_a_thousand_times_under_traffic(void)
{
    const unsigned int rounds = round_count();
    struct rs_memory before = {0};

    printf("churn: %u rounds\n", rounds);
    for (unsigned int round = 0; round < rounds; round++) {
        run_round();
        if (round % 8 == 0)
            rs_host_settle(host);
        if (round == rounds / WARM_UP) {
            drain();
            rs_memory_measure(&before);
        }
        rs_host_forget_events(host);
    }
    drain();
    CU_ASSERT_EQUAL(senders_in_use(), 0);
    check_flat(&before);
    rs_host_check_sums(host);
}

static void a_session_goes_on_counting_what_its_past_streams_have_counted(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    const uint64_t unnamed = rs_host_path_count(host, 0, RS_SEAL, RS_NO_STREAM);
    const uint64_t injected = host->injected[0][RS_SEAL];
    struct rs_stream *streams[STREAMS];
    struct rs_counters sum;

    for (unsigned int s = 0; s < STREAMS; s++)
        streams[s] = make_stream(session, RS_SEAL, 0, s);
    for (unsigned int i = 0; i < round_count(); i++) {
        const unsigned int s = draw(STREAMS);

        send_some();
        rs_stream_destroy(streams[s]);
        send_some();
        streams[s] = make_stream(session, RS_SEAL, 0, s);
        if (i % 8 == 0)
            rs_host_settle(host);
    }
    drain();
    rs_session_get_counters(session, RS_SEAL, &sum);
    rs_host_check_counters(&sum);
    CU_ASSERT(sum.packets_in > 0);
    CU_ASSERT_EQUAL(sum.packets_in + rs_host_path_count(host, 0, RS_SEAL, RS_NO_STREAM) - unnamed,
                    host->injected[0][RS_SEAL] - injected);
    for (unsigned int s = 0; s < STREAMS; s++)
        rs_stream_destroy(streams[s]);
    rs_session_destroy(session);
    drain();
    CU_ASSERT_EQUAL(senders_in_use(), 0);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"sessions_and_streams_come_and_go_a_thousand_times_under_traffic",
         sessions_and_streams_come_and_go_a_thousand_times_under_traffic},
        {"a_session_goes_on_counting_what_its_past_streams_have_counted",
         a_session_goes_on_counting_what_its_past_streams_have_counted},
    };
    const struct rs_host_config config = {.max_senders = 8192, .max_streams = 4096};
    int rc;

    host = rs_host_start(&config);
    traffic.host = host;
    rc = rs_test_main("churn", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
