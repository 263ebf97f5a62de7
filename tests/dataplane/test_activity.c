/* SPDX-License-Identifier: BSD-3-Clause */
/* When a stream is told as started and stopped, and its rate: clock and counters are the test's. */
#include "dataplane/activity.h"

#include <stdlib.h>

#include "dataplane/table.h"
#include "tests/support/bare_stream.h"
#include "tests/support/runner.h"

enum { HZ = 1000, WORKERS = 2, TOLD_MAX = 16, LOOK_MS = 100 };

static struct rs_stream *stream;
static struct rs_activity_report told[TOLD_MAX];
static size_t told_count;
static uint64_t now;
static char someone;

static void on_activity(void *owner, const struct rs_activity_report *report)
{
    CU_ASSERT_PTR_EQUAL(owner, &someone);
    CU_ASSERT_FATAL(told_count < TOLD_MAX);
    told[told_count++] = *report;
}

static const struct rs_observer observer = {.stream_activity = on_activity};

static void start(void)
{
    rs_bare_stream_free(stream);
    stream = rs_bare_stream(&someone, WORKERS);
    told_count = 0;
    now = 7000;
}

static void packets(unsigned int worker, unsigned int count, unsigned int bytes_each)
{
    stream->slots[worker].counters.in_out.packets_in += count;
    stream->slots[worker].counters.in_out.bytes_in += (uint64_t)count * bytes_each;
}

static void look_after_ms(unsigned int ms)
{
    now += (uint64_t)ms * HZ / 1000;
    rs_activity_look(stream, WORKERS, HZ, &observer, now);
}

static void pass_ms(unsigned int ms)
{
    for (unsigned int i = 0; i < ms; i += LOOK_MS)
        look_after_ms(LOOK_MS);
}

static void a_stream_without_packets_is_never_told(void)
{
    start();
    pass_ms(3 * RS_IDLE_MS);
    CU_ASSERT_EQUAL(told_count, 0);
}

static void it_starts_once_and_stops_once_after_five_seconds_without(void)
{
    start();
    pass_ms(1000);
    packets(1, 3, 100);
    pass_ms(LOOK_MS);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT_EQUAL(told[0].activity, RS_ACTIVITY_STARTED);
    CU_ASSERT_EQUAL(told[0].packets, 3);
    for (unsigned int i = 0; i < 10; i++) { /* never idle for long enough */
        packets(i % WORKERS, 1, 100);
        pass_ms(RS_IDLE_MS - 200);
    }
    CU_ASSERT_EQUAL(told_count, 1);
    pass_ms(400);
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT_EQUAL(told[1].activity, RS_ACTIVITY_STOPPED);
    CU_ASSERT_EQUAL(told[1].packets, 13);
    pass_ms(3 * RS_IDLE_MS);
    CU_ASSERT_EQUAL(told_count, 2);
}

static void it_starts_again_and_counts_anew(void)
{
    start();
    packets(0, 5, 100);
    pass_ms(LOOK_MS + RS_IDLE_MS + LOOK_MS);
    CU_ASSERT_EQUAL(told_count, 2);
    packets(0, 2, 100);
    pass_ms(LOOK_MS);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT_EQUAL(told[2].activity, RS_ACTIVITY_STARTED);
    CU_ASSERT_EQUAL(told[2].packets, 2);
    packets(1, 1, 100);
    pass_ms(LOOK_MS + RS_IDLE_MS + LOOK_MS);
    CU_ASSERT_EQUAL(told_count, 4);
    CU_ASSERT_EQUAL(told[3].packets, 3);
}

static void main_that_comes_late_stops_no_stream_that_went_on(void)
{
    start();
    packets(0, 1, 100);
    look_after_ms(LOOK_MS);
    for (unsigned int i = 0; i < 5; i++) {
        packets(0, 1000, 100);
        look_after_ms(4 * RS_IDLE_MS);
    }
    CU_ASSERT_EQUAL(told_count, 1);
}

static void the_rate_is_of_the_last_second_or_so(void)
{
    const struct rs_stream_rate *rate;

    start();
    rate = &stream->activity.rate;
    pass_ms(LOOK_MS);
    CU_ASSERT_EQUAL(rate->packets_per_second, 0);
    for (unsigned int i = 0; i < 20; i++) { /* 50 a second on each worker, of 200 and 1000 bytes */
        packets(0, 5, 200);
        packets(1, 5, 1000);
        pass_ms(LOOK_MS);
    }
    CU_ASSERT_DOUBLE_EQUAL(rate->packets_per_second, 100, 1);
    CU_ASSERT_DOUBLE_EQUAL(rate->bits_per_second, 480000, 4800);
    pass_ms(2100);
    CU_ASSERT_EQUAL(rate->packets_per_second, 0);
    CU_ASSERT_EQUAL(rate->bits_per_second, 0);
}

static void end_stream(void *owner, const struct rs_activity_report *report)
{
    on_activity(owner, report);
    stream->owner = NULL;
}

static void an_observer_may_end_the_stream_it_hears_of_and_need_not_listen(void)
{
    static const struct rs_observer ends = {.stream_activity = end_stream}, deaf;

    start();
    packets(0, 1, 100);
    CU_ASSERT_EQUAL(rs_activity_look(stream, WORKERS, HZ, &ends, now), 1);
    now += 2 * RS_IDLE_MS;
    CU_ASSERT_EQUAL(rs_activity_look(stream, WORKERS, HZ, &ends, now), 0);
    CU_ASSERT_EQUAL(told_count, 1);
    start();
    packets(0, 1, 100);
    CU_ASSERT_EQUAL(rs_activity_look(stream, WORKERS, HZ, &deaf, now), 0);
    rs_bare_stream_free(stream);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_stream_without_packets_is_never_told", a_stream_without_packets_is_never_told},
        {"it_starts_once_and_stops_once_after_five_seconds_without",
         it_starts_once_and_stops_once_after_five_seconds_without},
        {"it_starts_again_and_counts_anew", it_starts_again_and_counts_anew},
        {"main_that_comes_late_stops_no_stream_that_went_on",
         main_that_comes_late_stops_no_stream_that_went_on},
        {"the_rate_is_of_the_last_second_or_so", the_rate_is_of_the_last_second_or_so},
        {"an_observer_may_end_the_stream_it_hears_of_and_need_not_listen",
         an_observer_may_end_the_stream_it_hears_of_and_need_not_listen},
    };

    return rs_test_main("activity", tests, sizeof(tests) / sizeof(tests[0]));
}
