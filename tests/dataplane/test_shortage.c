/* SPDX-License-Identifier: BSD-3-Clause */
/* When a stream's shortage is told as begun and ended: clock and counters are the test's. */
#include "dataplane/shortage.h"

#include <stdlib.h>

#include "dataplane/table.h"
#include "tests/support/bare_stream.h"
#include "tests/support/runner.h"

enum { HZ = 1000, WORKERS = 3, TOLD_MAX = 16, ROUND_MS = 100 };

static struct rs_shortages shortages;
static struct rs_stream *streams[2];
static uint64_t totals[RS_SHORTAGES];
static struct rs_shortage_report told[TOLD_MAX];
static const void *told_to[TOLD_MAX];
static size_t told_count;
static uint64_t now;
static char owners[2];

static void on_shortage(void *owner, const struct rs_shortage_report *report)
{
    CU_ASSERT_FATAL(told_count < TOLD_MAX);
    told_to[told_count] = owner;
    told[told_count++] = *report;
}

static const struct rs_observer observer = {.stream_shortage = on_shortage};

static void start(void)
{
    rs_shortages_init(&shortages, WORKERS, HZ);
    for (unsigned int i = 0; i < 2; i++) {
        rs_bare_stream_free(streams[i]);
        streams[i] = rs_bare_stream(&owners[i], WORKERS);
    }
    for (unsigned int s = 0; s < RS_SHORTAGES; s++)
        totals[s] = 0;
    told_count = 0;
    now = 9000;
}

/* As a worker counts: for the path, then for the stream. */
static void drop(unsigned int n, unsigned int worker, enum rs_shortage shortage,
                 unsigned int packets)
{
    totals[shortage] += packets;
    *rs_stream_count(&streams[n]->slots[worker].counters, rs_shortage_outcome(shortage)) += packets;
}

static unsigned int look(void)
{
    unsigned int times = 0;

    for (unsigned int i = 0; i < 2; i++)
        times += rs_shortages_look(&shortages, streams[i], &observer, now);
    return times;
}

static void pass_ms(unsigned int ms)
{
    for (unsigned int i = 0; i < ms; i += ROUND_MS) {
        now += ROUND_MS * HZ / 1000;
        rs_shortages_begin_round(&shortages, totals);
        look();
    }
}

static void each_shortage_has_its_outcome(void)
{
    CU_ASSERT_STRING_EQUAL(rs_outcome_name(rs_shortage_outcome(RS_SHORTAGE_SENDER_LIMIT)),
                           "sender_limit");
    CU_ASSERT_STRING_EQUAL(rs_outcome_name(rs_shortage_outcome(RS_SHORTAGE_NO_CAPACITY)),
                           "no_capacity");
}

static void it_begins_once_and_ends_after_a_whole_second_without(void)
{
    start();
    pass_ms(1000);
    CU_ASSERT_EQUAL(told_count, 0);
    drop(1, 2, RS_SHORTAGE_NO_CAPACITY, 4);
    drop(1, 0, RS_SHORTAGE_NO_CAPACITY, 3);
    pass_ms(ROUND_MS);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT_PTR_EQUAL(told_to[0], &owners[1]);
    CU_ASSERT_EQUAL(told[0].shortage, RS_SHORTAGE_NO_CAPACITY);
    CU_ASSERT_EQUAL(told[0].state, RS_ALARM_BEGUN);
    CU_ASSERT_EQUAL(told[0].worker, 2);
    CU_ASSERT_EQUAL(told[0].packets, 7);
    for (unsigned int i = 0; i < 10; i++) {
        pass_ms(900);
        drop(1, 0, RS_SHORTAGE_NO_CAPACITY, 1);
    }
    pass_ms(900);
    CU_ASSERT_EQUAL(told_count, 1);
    pass_ms(300);
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT_PTR_EQUAL(told_to[1], &owners[1]);
    CU_ASSERT_EQUAL(told[1].state, RS_ALARM_ENDED);
    CU_ASSERT_EQUAL(told[1].worker, 0);
    CU_ASSERT_EQUAL(told[1].packets, 17);
    pass_ms(5000);
    CU_ASSERT_EQUAL(told_count, 2);
}

static void it_begins_again_and_counts_anew(void)
{
    start();
    drop(0, 1, RS_SHORTAGE_SENDER_LIMIT, 50);
    pass_ms(2000);
    CU_ASSERT_EQUAL(told_count, 2);
    drop(0, 0, RS_SHORTAGE_SENDER_LIMIT, 2);
    pass_ms(ROUND_MS);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT_EQUAL(told[2].state, RS_ALARM_BEGUN);
    CU_ASSERT_EQUAL(told[2].worker, 0);
    CU_ASSERT_EQUAL(told[2].packets, 2);
}

static void the_two_shortages_and_two_streams_are_told_apart(void)
{
    start();
    drop(0, 0, RS_SHORTAGE_SENDER_LIMIT, 1);
    drop(1, 0, RS_SHORTAGE_NO_CAPACITY, 2);
    drop(1, 0, RS_SHORTAGE_SENDER_LIMIT, 3);
    pass_ms(ROUND_MS);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT(told_to[0] == &owners[0] && told[0].packets == 1);
    CU_ASSERT(told_to[1] == &owners[1] && told[1].packets == 3 &&
              told[1].shortage == RS_SHORTAGE_SENDER_LIMIT);
    CU_ASSERT(told_to[2] == &owners[1] && told[2].packets == 2 &&
              told[2].shortage == RS_SHORTAGE_NO_CAPACITY);
    pass_ms(1200);
    CU_ASSERT_EQUAL(told_count, 6);
}

static void a_stream_whose_count_comes_after_the_total_is_told_in_the_next_round(void)
{
    start();
    totals[RS_SHORTAGE_NO_CAPACITY]++;
    pass_ms(ROUND_MS);
    ++*rs_stream_count(&streams[0]->slots[0].counters, RS_NO_CAPACITY);
    pass_ms(ROUND_MS);
    CU_ASSERT_EQUAL(told_count, 1);
}

static void streams_are_looked_at_only_while_some_lose_packets(void)
{
    start();
    drop(0, 0, RS_SHORTAGE_NO_CAPACITY, 1);
    pass_ms(2000);
    CU_ASSERT_EQUAL(told_count, 2);
    /* Counted for the stream alone, which no worker does: a look would find it. */
    ++*rs_stream_count(&streams[1]->slots[0].counters, RS_NO_CAPACITY);
    pass_ms(2000);
    CU_ASSERT_EQUAL(told_count, 2);
    drop(0, 0, RS_SHORTAGE_NO_CAPACITY, 1);
    pass_ms(ROUND_MS);
    CU_ASSERT_EQUAL(told_count, 4);
}

static void nobody_hears_of_a_stream_that_is_gone_and_others_are_still_told(void)
{
    start();
    drop(0, 0, RS_SHORTAGE_NO_CAPACITY, 1);
    drop(1, 0, RS_SHORTAGE_NO_CAPACITY, 1);
    pass_ms(ROUND_MS);
    CU_ASSERT_EQUAL(told_count, 2);
    rs_shortages_forget(&shortages, streams[0]);
    streams[0]->owner = NULL;
    pass_ms(1200);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT_PTR_EQUAL(told_to[2], &owners[1]);
    CU_ASSERT_EQUAL(shortages.raised_count[RS_SHORTAGE_NO_CAPACITY], 0);
    rs_bare_stream_free(streams[0]);
    rs_bare_stream_free(streams[1]);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"each_shortage_has_its_outcome", each_shortage_has_its_outcome},
        {"it_begins_once_and_ends_after_a_whole_second_without",
         it_begins_once_and_ends_after_a_whole_second_without},
        {"it_begins_again_and_counts_anew", it_begins_again_and_counts_anew},
        {"the_two_shortages_and_two_streams_are_told_apart",
         the_two_shortages_and_two_streams_are_told_apart},
        {"a_stream_whose_count_comes_after_the_total_is_told_in_the_next_round",
         a_stream_whose_count_comes_after_the_total_is_told_in_the_next_round},
        {"streams_are_looked_at_only_while_some_lose_packets",
         streams_are_looked_at_only_while_some_lose_packets},
        {"nobody_hears_of_a_stream_that_is_gone_and_others_are_still_told",
         nobody_hears_of_a_stream_that_is_gone_and_others_are_still_told},
    };

    return rs_test_main("shortage", tests, sizeof(tests) / sizeof(tests[0]));
}
