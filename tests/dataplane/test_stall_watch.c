/* SPDX-License-Identifier: BSD-3-Clause */
/* When a worker is told as stalled: clock and turns are the test's. */
#include "dataplane/stall_watch.h"

#include "tests/support/runner.h"

enum { HZ = 2000, WORKERS = 2, TOLD_MAX = 8, POLL_MS = 10 };

static struct rs_stall_watch watch;
static struct rs_stall_report told[TOLD_MAX];
static size_t told_count;
static uint64_t turns[WORKERS], now;
static const unsigned int cpus[WORKERS] = {5, 7};
static char someone;
static void *owner;

static void on_stall(void *told_to, const struct rs_stall_report *report)
{
    CU_ASSERT_PTR_EQUAL(told_to, &someone);
    CU_ASSERT_FATAL(told_count < TOLD_MAX);
    told[told_count++] = *report;
}

static const struct rs_observer observer = {.worker_stalled = on_stall};

static void start(void)
{
    rs_stall_watch_init(&watch, WORKERS, HZ);
    told_count = 0;
    now = 123456;
    owner = &someone;
}

static void poll_after_ms(unsigned int ms)
{
    now += (uint64_t)ms * HZ / 1000;
    rs_stall_watch_poll(&watch, turns, cpus, &observer, owner, now);
}

/* Worker 0 turns on; worker 1 does or hangs. */
static void pass_ms(unsigned int ms, unsigned int turns_of_1)
{
    for (unsigned int i = 0; i < ms; i += POLL_MS) {
        turns[0]++;
        turns[1] += turns_of_1;
        poll_after_ms(POLL_MS);
    }
}

static void a_worker_that_turns_is_never_told(void)
{
    start();
    pass_ms(5000, 1);
    CU_ASSERT_EQUAL(told_count, 0);
    CU_ASSERT_EQUAL(rs_stall_watch_get_ms(&watch, 0), 0);
}

static void a_worker_that_hangs_is_told_once_and_when_it_goes_on(void)
{
    start();
    pass_ms(100, 1);
    pass_ms(RS_STALL_MS - POLL_MS, 0);
    CU_ASSERT_EQUAL(told_count, 0);
    CU_ASSERT_EQUAL(rs_stall_watch_get_ms(&watch, 1), 0);
    pass_ms(POLL_MS, 0);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT(told[0].state == RS_ALARM_BEGUN && told[0].worker == 1 && told[0].cpu == 7);
    CU_ASSERT_EQUAL(told[0].stalled_ms, RS_STALL_MS);
    pass_ms(4000, 0);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT_EQUAL(rs_stall_watch_get_ms(&watch, 1), RS_STALL_MS + 4000);
    CU_ASSERT_EQUAL(rs_stall_watch_get_ms(&watch, 0), 0);
    pass_ms(POLL_MS, 1);
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT(told[1].state == RS_ALARM_ENDED && told[1].worker == 1 && told[1].cpu == 7);
    CU_ASSERT_EQUAL(told[1].stalled_ms, RS_STALL_MS + 4000 + POLL_MS);
    CU_ASSERT_EQUAL(rs_stall_watch_get_ms(&watch, 1), 0);
    pass_ms(RS_STALL_MS + 100, 0);
    CU_ASSERT_EQUAL(told_count, 3);
}

static void what_main_slept_through_counts_against_nobody(void)
{
    start();
    pass_ms(100, 1);
    for (unsigned int i = 0; i < 10; i++) {
        poll_after_ms(3000);
        pass_ms(RS_STALL_MS - 100, 0);
    }
    CU_ASSERT_EQUAL(told_count, 0);
    pass_ms(200, 0);
    CU_ASSERT_EQUAL(told_count, 1);
}

static void main_that_was_late_but_not_away_still_finds_it(void)
{
    start();
    poll_after_ms(400);
    poll_after_ms(400);
    poll_after_ms(400);
    poll_after_ms(400);
    CU_ASSERT_EQUAL(told_count, 2); /* neither worker turned */
}

static void nobody_is_told_before_there_is_someone_to_tell(void)
{
    start();
    owner = NULL;
    pass_ms(3000, 0);
    CU_ASSERT_EQUAL(told_count, 0);
    CU_ASSERT(rs_stall_watch_get_ms(&watch, 1) >= 3000 - 2 * POLL_MS);
    owner = &someone;
    pass_ms(POLL_MS, 0);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT(told[0].stalled_ms >= 3000 - 2 * POLL_MS);
    start();
    owner = NULL;
    pass_ms(3000, 0);
    pass_ms(100, 1);
    owner = &someone;
    pass_ms(100, 1);
    CU_ASSERT_EQUAL(told_count, 0);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_worker_that_turns_is_never_told", a_worker_that_turns_is_never_told},
        {"a_worker_that_hangs_is_told_once_and_when_it_goes_on",
         a_worker_that_hangs_is_told_once_and_when_it_goes_on},
        {"what_main_slept_through_counts_against_nobody",
         what_main_slept_through_counts_against_nobody},
        {"main_that_was_late_but_not_away_still_finds_it",
         main_that_was_late_but_not_away_still_finds_it},
        {"nobody_is_told_before_there_is_someone_to_tell",
         nobody_is_told_before_there_is_someone_to_tell},
    };

    return rs_test_main("stall_watch", tests, sizeof(tests) / sizeof(tests[0]));
}
