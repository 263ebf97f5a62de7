/* SPDX-License-Identifier: BSD-3-Clause */
/* The alarm for guessed tags, second by second: its clock and counters are the test's. */
#include "dataplane/alarm.h"

#include <stdlib.h>

#include "dataplane/poll.h"
#include "dataplane/table.h"
#include "tests/support/bare_stream.h"
#include "tests/support/runner.h"

enum { HZ = 1000, LIMIT = 10, WORKERS = 2, TOLD_MAX = 16 };

static struct rs_alarm alarm;
static struct rs_stream *stream;
static struct rs_auth_alarm_report told[TOLD_MAX];
static size_t told_count;
static uint64_t now;

static void on_alarm(void *owner, const struct rs_auth_alarm_report *report)
{
    CU_ASSERT_PTR_EQUAL(owner, &alarm);
    CU_ASSERT_FATAL(told_count < TOLD_MAX);
    told[told_count++] = *report;
}

static const struct rs_observer observer = {.auth_failure_rate = on_alarm};

static unsigned int told_total;

static void count_alarm(void *owner, const struct rs_auth_alarm_report *report)
{
    (void)owner;
    (void)report;
    told_total++;
}

static const struct rs_observer count_only = {.auth_failure_rate = count_alarm};

static void start(uint32_t limit)
{
    rs_alarm_init(&alarm, limit, WORKERS, HZ);
    stream = rs_bare_stream(&alarm, WORKERS);
    told_count = 0;
    now = 5000;
}

/* Wrong tags on one worker, which flags the first as rs_notice_dropped does. */
static void wrong_tags(struct rs_stream *of, unsigned int worker, unsigned int count)
{
    *rs_stream_count(&of->slots[worker].counters, RS_AUTH_FAILED) += count;
    if (atomic_exchange(&of->slots[worker].notice->tag_was_wrong, true) == false)
        rs_alarm_watch(&alarm, of, now);
}

/* Polls each 10 ms for so long. */
static void pass_ms(unsigned int ms)
{
    for (unsigned int i = 0; i < ms; i += 10) {
        now += 10 * HZ / 1000;
        rs_alarm_poll(&alarm, &observer, now);
    }
}

static void what_the_limit_allows_is_never_told(void)
{
    start(LIMIT);
    for (unsigned int i = 0; i < 10; i++) {
        wrong_tags(stream, 0, LIMIT);
        pass_ms(2000);
    }
    for (unsigned int i = 0; i < 160; i++) { /* 8 a second */
        wrong_tags(stream, i % WORKERS, 1);
        pass_ms(i % 2 == 0 ? 120 : 130);
    }
    CU_ASSERT_EQUAL(told_count, 0);
    rs_bare_stream_free(stream);
}

static void one_more_is_told_at_once_and_only_once_while_it_lasts(void)
{
    start(LIMIT);
    wrong_tags(stream, 0, LIMIT + 1);
    pass_ms(60);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT_EQUAL(told[0].state, RS_ALARM_BEGUN);
    CU_ASSERT_EQUAL(told[0].wrong_tags, LIMIT + 1);
    for (unsigned int second = 0; second < 20; second++) {
        wrong_tags(stream, 0, LIMIT + 2);
        pass_ms(1000);
    }
    CU_ASSERT_EQUAL(told_count, 1);
    rs_bare_stream_free(stream);
}

static void it_ends_after_a_second_within_the_limit_with_all_that_came(void)
{
    start(LIMIT);
    wrong_tags(stream, 0, LIMIT);
    pass_ms(3000); /* a second that was allowed is not part of it */
    wrong_tags(stream, 0, 50);
    pass_ms(500);
    wrong_tags(stream, 1, 70);
    pass_ms(3000);
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT_EQUAL(told[1].state, RS_ALARM_ENDED);
    CU_ASSERT_EQUAL(told[1].wrong_tags, 120);
    CU_ASSERT(told[1].lasted_ms >= 1900 && told[1].lasted_ms <= 2100);
    pass_ms(5000);
    CU_ASSERT_EQUAL(told_count, 2);
    wrong_tags(stream, 0, LIMIT + 1);
    pass_ms(60);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT_EQUAL(told[2].state, RS_ALARM_BEGUN);
    CU_ASSERT_EQUAL(told[2].wrong_tags, LIMIT + 1);
    rs_bare_stream_free(stream);
}

static void workers_count_together(void)
{
    start(LIMIT);
    wrong_tags(stream, 0, LIMIT / 2);
    pass_ms(100);
    wrong_tags(stream, 1, LIMIT / 2);
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 0);
    wrong_tags(stream, 1, 1);
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 1);
    rs_bare_stream_free(stream);
}

static void main_that_comes_late_makes_no_alarm_of_many_seconds(void)
{
    start(LIMIT);
    wrong_tags(stream, 0, 1);
    rs_alarm_poll(&alarm, &observer, now);
    now += 5 * HZ;
    wrong_tags(stream, 0, 5 * LIMIT - 1);
    rs_alarm_poll(&alarm, &observer, now);
    CU_ASSERT_EQUAL(told_count, 0);
    now += 5 * HZ;
    wrong_tags(stream, 0, 5 * LIMIT + 1);
    rs_alarm_poll(&alarm, &observer, now);
    CU_ASSERT_EQUAL(told_count, 1);
    rs_bare_stream_free(stream);
}

static void a_quiet_stream_is_looked_at_no_more_until_it_is_flagged_anew(void)
{
    start(LIMIT);
    wrong_tags(stream, 0, 1);
    wrong_tags(stream, 1, 1);
    CU_ASSERT_FALSE(TAILQ_EMPTY(&alarm.streams));
    pass_ms(2100);
    CU_ASSERT(TAILQ_EMPTY(&alarm.streams));
    CU_ASSERT_FALSE(rs_notice_tag_was_wrong(stream->slots[0].notice));
    CU_ASSERT_FALSE(rs_notice_tag_was_wrong(stream->slots[1].notice));
    wrong_tags(stream, 1, LIMIT + 1);
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 1);
    rs_bare_stream_free(stream);
}

static void without_a_limit_nothing_is_ever_watched(void)
{
    start(0);
    wrong_tags(stream, 0, 1000000);
    pass_ms(2000);
    CU_ASSERT(TAILQ_EMPTY(&alarm.streams));
    CU_ASSERT_EQUAL(told_count, 0);
    rs_bare_stream_free(stream);
}

static void another_limit_holds_at_once_and_none_ends_what_was_begun(void)
{
    start(LIMIT);
    wrong_tags(stream, 0, LIMIT + 1);
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 1);
    rs_alarm_set_limit(&alarm, 3 * LIMIT);
    for (unsigned int second = 0; second < 3; second++) {
        wrong_tags(stream, 0, 2 * LIMIT);
        pass_ms(1000);
    }
    CU_ASSERT_EQUAL(told_count, 2);
    CU_ASSERT_EQUAL(told[1].state, RS_ALARM_ENDED);
    rs_alarm_set_limit(&alarm, LIMIT);
    wrong_tags(stream, 0, 2 * LIMIT);
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 3);
    CU_ASSERT_EQUAL(told[2].state, RS_ALARM_BEGUN);
    rs_alarm_set_limit(&alarm, 0);
    wrong_tags(stream, 0, 1000 * LIMIT);
    pass_ms(2500);
    CU_ASSERT_EQUAL(told_count, 4);
    CU_ASSERT_EQUAL(told[3].state, RS_ALARM_ENDED);
    CU_ASSERT(TAILQ_EMPTY(&alarm.streams));
    rs_bare_stream_free(stream);
}

static void with_a_limit_again_a_stream_flagged_without_one_is_watched_from_then_on(void)
{
    start(0);
    wrong_tags(stream, 1, 1000);
    CU_ASSERT_FALSE(rs_alarm_was_enabled(&alarm));
    rs_alarm_set_limit(&alarm, LIMIT);
    CU_ASSERT_TRUE(rs_alarm_was_enabled(&alarm));
    CU_ASSERT_FALSE(rs_alarm_was_enabled(&alarm));
    rs_alarm_catch_up(&alarm, stream, now);
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 0);
    wrong_tags(stream, 1, LIMIT + 1); /* the worker has flagged it before, and does not again */
    pass_ms(100);
    CU_ASSERT_EQUAL(told_count, 1);
    CU_ASSERT_EQUAL(told[0].wrong_tags, LIMIT + 1);
    rs_bare_stream_free(stream);
    stream = rs_bare_stream(&alarm, WORKERS);
    rs_alarm_catch_up(&alarm, stream, now);
    CU_ASSERT_PTR_NULL(stream->watches);
    rs_bare_stream_free(stream);
}

static void many_at_once_are_told_a_bounded_number_a_poll(void)
{
    enum { MANY = 1000 };
    static struct rs_stream *many[MANY];
    static unsigned int told_before, most, all;

    rs_alarm_init(&alarm, LIMIT, WORKERS, HZ);
    for (unsigned int i = 0; i < MANY; i++) {
        many[i] = rs_bare_stream(&alarm, WORKERS);
        wrong_tags(many[i], 0, LIMIT + 1);
    }
    now += 100;
    for (unsigned int polls = 0; polls < 10; polls++) {
        rs_alarm_poll(&alarm, &count_only, ++now);
        most = told_total - told_before > most ? told_total - told_before : most;
        all += told_total - told_before;
        told_before = told_total;
    }
    CU_ASSERT_EQUAL(all, MANY);
    CU_ASSERT(most <= RS_TELLS_PER_POLL);
    for (unsigned int i = 0; i < MANY; i++)
        rs_bare_stream_free(many[i]);
}

static struct rs_stream *victim;

static void forget_victim(void *owner, const struct rs_auth_alarm_report *report)
{
    on_alarm(owner, report);
    rs_alarm_forget(&alarm, victim);
}

static void an_observer_may_end_the_stream_it_hears_of_or_the_next_one(void)
{
    static const struct rs_observer ends_one = {.auth_failure_rate = forget_victim};

    for (unsigned int which = 0; which < 2; which++) {
        struct rs_stream *second = NULL;

        start(LIMIT);
        second = rs_bare_stream(&alarm, WORKERS);
        wrong_tags(stream, 0, 2 * LIMIT);
        wrong_tags(second, 0, 2 * LIMIT);
        victim = which == 0 ? stream : second;
        now += HZ / 10;
        rs_alarm_poll(&alarm, &ends_one, now);
        CU_ASSERT_EQUAL(told_count, which == 0 ? 2 : 1);
        CU_ASSERT_PTR_EQUAL(TAILQ_FIRST(&alarm.streams), which == 0 ? second : stream);
        CU_ASSERT_PTR_NULL(TAILQ_NEXT(TAILQ_FIRST(&alarm.streams), watches->alarm.entry));
        rs_bare_stream_free(second);
        rs_bare_stream_free(stream);
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"what_the_limit_allows_is_never_told", what_the_limit_allows_is_never_told},
        {"one_more_is_told_at_once_and_only_once_while_it_lasts",
         one_more_is_told_at_once_and_only_once_while_it_lasts},
        {"it_ends_after_a_second_within_the_limit_with_all_that_came",
         it_ends_after_a_second_within_the_limit_with_all_that_came},
        {"workers_count_together", workers_count_together},
        {"main_that_comes_late_makes_no_alarm_of_many_seconds",
         main_that_comes_late_makes_no_alarm_of_many_seconds},
        {"a_quiet_stream_is_looked_at_no_more_until_it_is_flagged_anew",
         a_quiet_stream_is_looked_at_no_more_until_it_is_flagged_anew},
        {"without_a_limit_nothing_is_ever_watched", without_a_limit_nothing_is_ever_watched},
        {"another_limit_holds_at_once_and_none_ends_what_was_begun",
         another_limit_holds_at_once_and_none_ends_what_was_begun},
        {"with_a_limit_again_a_stream_flagged_without_one_is_watched_from_then_on",
         with_a_limit_again_a_stream_flagged_without_one_is_watched_from_then_on},
        {"many_at_once_are_told_a_bounded_number_a_poll",
         many_at_once_are_told_a_bounded_number_a_poll},
        {"an_observer_may_end_the_stream_it_hears_of_or_the_next_one",
         an_observer_may_end_the_stream_it_hears_of_or_the_next_one},
    };

    return rs_test_main("alarm", tests, sizeof(tests) / sizeof(tests[0]));
}
