/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may have a sender derived: what a spray of forged KIDs costs, and what it costs others. */
#include "dataplane/newcomer.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/support/runner.h"

#define HZ    UINT64_C(2000000000)
#define MS    (HZ / 1000)
#define START (UINT64_C(123456) * HZ)

enum { PER_SECOND = 100 };

static struct rs_newcomers newcomers;
static struct rs_newcomer_tokens tokens;
static uint64_t now, forged;

static void set_up(void)
{
    rs_newcomers_init(&newcomers, 0x5eed, HZ);
    tokens = (struct rs_newcomer_tokens){0};
    now = START;
    forged = UINT64_C(1) << 63;
}

/* Asks for a derivation that will fail; returns whether it was made. */
static int try_forged(uint64_t kid)
{
    if (rs_newcomer_admit(&newcomers, &tokens, kid, now) == NULL)
        return 0;
    rs_newcomer_failed(&newcomers, &tokens, kid, now);
    return 1;
}

static unsigned int spray(unsigned int packets)
{
    unsigned int made = 0;

    while (packets-- > 0)
        made += (unsigned int)try_forged(forged++);
    return made;
}

static bool join(uint64_t kid)
{
    struct rs_tokens *paid = rs_newcomer_admit(&newcomers, &tokens, kid, now);

    if (paid != NULL)
        rs_newcomer_refund(paid);
    return paid != NULL;
}

static void a_hundred_derivations_may_fail_at_once_and_a_hundred_a_second(void)
{
    set_up();
    CU_ASSERT_EQUAL(spray(1000), PER_SECOND);
    CU_ASSERT_EQUAL(spray(1000), 0);
    now += 10 * MS;
    CU_ASSERT_EQUAL(spray(1000), 1);
    now += 105 * MS;
    CU_ASSERT_EQUAL(spray(1000), 10);
    now += 5 * MS;
    CU_ASSERT_EQUAL(spray(1000), 1);
    now += 60 * HZ;
    CU_ASSERT_EQUAL(spray(1000), PER_SECOND);
}

static void what_verifies_costs_nothing(void)
{
    set_up();
    for (uint64_t kid = 1; kid <= 100000; kid++)
        CU_ASSERT(join(kid));
    CU_ASSERT_EQUAL(spray(1000), PER_SECOND);
}

/* A millisecond of spray; a packet of `kid` comes somewhere in it, if that is not 0. */
static bool pass_ms(unsigned int forged_per_ms, uint64_t kid)
{
    static uint32_t state = 1;
    unsigned int before;
    bool joined;

    state = state * 1664525 + 1013904223;
    before = (state >> 16) % (forged_per_ms + 1);
    spray(before);
    joined = kid != 0 && join(kid);
    spray(forged_per_ms - before);
    now += MS;
    return joined;
}

/* How many packets, 20 ms apart, so many newcomers lose before they are let in. */
static unsigned int lost_under(unsigned int forged_per_ms, unsigned int joining, unsigned int most)
{
    unsigned int lost = 0;

    for (unsigned int ms = 0; ms < 200; ms++)
        pass_ms(forged_per_ms, 0);
    for (uint64_t kid = 1; kid <= joining; kid++) {
        unsigned int its = 0;

        for (; !pass_ms(forged_per_ms, kid) && its < 1000; its++) {
            for (unsigned int ms = 1; ms < 20; ms++)
                pass_ms(forged_per_ms, 0);
        }
        CU_ASSERT(its <= most);
        lost += its;
    }
    return lost;
}

static void a_newcomer_under_a_spray_loses_its_first_packet_and_seldom_another(void)
{
    set_up();
    CU_ASSERT(lost_under(5, 500, 2) <= 500);
    CU_ASSERT(lost_under(50, 500, 4) <= 550);
}

static void a_newcomer_under_a_hard_spray_loses_few_packets(void)
{
    set_up();
    CU_ASSERT(lost_under(500, 100, 30) <= 600);
}

static void a_spray_draws_on_no_more_than_both_kinds_of_tokens(void)
{
    unsigned int made = 0;

    set_up();
    /* Each KID twice: the second time it comes again. */
    for (unsigned int ms = 0; ms < 5000; ms++) {
        for (unsigned int i = 0; i < 50; i++) {
            made += (unsigned int)try_forged(forged);
            made += (unsigned int)try_forged(forged++);
        }
        now += MS;
    }
    CU_ASSERT(made <= 2 * (5 + 1) * PER_SECOND);
}

static void one_forged_kid_repeated_leaves_the_tokens_of_others(void)
{
    set_up();
    spray(PER_SECOND);
    /* Turned away, then tried as one that comes again, then known to fail. */
    CU_ASSERT_EQUAL(try_forged(7), 0);
    CU_ASSERT_EQUAL(try_forged(7), 1);
    for (unsigned int i = 0; i < 10000; i++)
        CU_ASSERT_EQUAL(try_forged(7), 0);
    CU_ASSERT_EQUAL(tokens.again.left, PER_SECOND - 1);
    CU_ASSERT(!join(8));
    CU_ASSERT(join(8));
}

static void a_kid_that_failed_is_tried_again_after_a_while(void)
{
    set_up();
    spray(PER_SECOND - 1);
    CU_ASSERT_EQUAL(try_forged(7), 1);
    spray(1000);
    CU_ASSERT_EQUAL(try_forged(7), 0);
    CU_ASSERT_EQUAL(try_forged(7), 0);
    now += (uint64_t)RS_NEWCOMER_LATELY_MS * MS;
    spray(1000);
    CU_ASSERT(!join(7));
    CU_ASSERT(join(7));
}

static void a_kid_that_was_opened_before_need_not_come_twice(void)
{
    struct rs_tokens *paid;

    set_up();
    spray(1000);
    paid = rs_newcomer_admit_returning(&newcomers, &tokens, 7, now);
    CU_ASSERT_PTR_EQUAL_FATAL(paid, &tokens.again);
    rs_newcomer_failed(&newcomers, &tokens, 7, now);
    CU_ASSERT_PTR_NULL(rs_newcomer_admit_returning(&newcomers, &tokens, 7, now));
}

static void streams_have_tokens_and_turns_of_their_own(void)
{
    struct rs_newcomer_tokens other = {0};

    set_up();
    spray(1000);
    CU_ASSERT(!join(7));
    CU_ASSERT_PTR_EQUAL(rs_newcomer_admit(&newcomers, &other, 7, now), &other.first);
    for (unsigned int i = 1; i < PER_SECOND; i++)
        CU_ASSERT_PTR_NOT_NULL(rs_newcomer_admit(&newcomers, &other, 1000 + i, now));
    /* Turned away on one stream, it is new to the other. */
    CU_ASSERT_PTR_NULL(rs_newcomer_admit(&newcomers, &other, 7, now));
    CU_ASSERT_PTR_EQUAL(rs_newcomer_admit(&newcomers, &other, 7, now), &other.again);
}

static void a_refund_never_makes_more_than_there_were(void)
{
    struct rs_tokens *paid;

    set_up();
    paid = rs_newcomer_admit(&newcomers, &tokens, 1, now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(paid);
    for (unsigned int i = 0; i < 10; i++)
        rs_newcomer_refund(paid);
    CU_ASSERT_EQUAL(spray(1000), PER_SECOND);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_hundred_derivations_may_fail_at_once_and_a_hundred_a_second",
         a_hundred_derivations_may_fail_at_once_and_a_hundred_a_second},
        {"what_verifies_costs_nothing", what_verifies_costs_nothing},
        {"a_newcomer_under_a_spray_loses_its_first_packet_and_seldom_another",
         a_newcomer_under_a_spray_loses_its_first_packet_and_seldom_another},
        {"a_newcomer_under_a_hard_spray_loses_few_packets",
         a_newcomer_under_a_hard_spray_loses_few_packets},
        {"a_spray_draws_on_no_more_than_both_kinds_of_tokens",
         a_spray_draws_on_no_more_than_both_kinds_of_tokens},
        {"one_forged_kid_repeated_leaves_the_tokens_of_others",
         one_forged_kid_repeated_leaves_the_tokens_of_others},
        {"a_kid_that_failed_is_tried_again_after_a_while",
         a_kid_that_failed_is_tried_again_after_a_while},
        {"a_kid_that_was_opened_before_need_not_come_twice",
         a_kid_that_was_opened_before_need_not_come_twice},
        {"streams_have_tokens_and_turns_of_their_own", streams_have_tokens_and_turns_of_their_own},
        {"a_refund_never_makes_more_than_there_were", a_refund_never_makes_more_than_there_were},
    };

    return rs_test_main("newcomer", tests, sizeof(tests) / sizeof(tests[0]));
}
