/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values on, below and above bounds, and none.
 */
#include "control/histogram.h"

#include "tests/support/runner.h"

static const double bounds[] = {0.001, 0.25, 10};

static void expect(const struct rs_histogram *histogram, uint64_t first, uint64_t second,
                   uint64_t third, uint64_t all)
{
    CU_ASSERT_EQUAL(rs_histogram_at_most(histogram, 0), first);
    CU_ASSERT_EQUAL(rs_histogram_at_most(histogram, 1), second);
    CU_ASSERT_EQUAL(rs_histogram_at_most(histogram, 2), third);
    CU_ASSERT_EQUAL(rs_histogram_at_most(histogram, 3), all);
}

static void a_new_one_is_empty(void)
{
    struct rs_histogram histogram;

    rs_histogram_init(&histogram, bounds, 3);
    expect(&histogram, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(histogram.sum, 0);
}

static void a_value_on_a_bound_is_within_it(void)
{
    struct rs_histogram histogram;

    rs_histogram_init(&histogram, bounds, 3);
    rs_histogram_add(&histogram, 0.001);
    expect(&histogram, 1, 1, 1, 1);
    rs_histogram_add(&histogram, 10);
    expect(&histogram, 1, 1, 2, 2);
}

static void values_count_for_every_bound_that_they_are_within(void)
{
    struct rs_histogram histogram;

    rs_histogram_init(&histogram, bounds, 3);
    rs_histogram_add(&histogram, 0);
    rs_histogram_add(&histogram, 0.125);
    rs_histogram_add(&histogram, 0.125);
    rs_histogram_add(&histogram, 2);
    rs_histogram_add(&histogram, 10.5);
    expect(&histogram, 1, 3, 4, 5);
    CU_ASSERT_DOUBLE_EQUAL(histogram.sum, 12.75, 1e-12);
}

static void as_many_bounds_as_there_may_be_and_none(void)
{
    double many[RS_HISTOGRAM_BOUNDS_MAX];
    struct rs_histogram histogram;

    for (size_t i = 0; i < RS_HISTOGRAM_BOUNDS_MAX; i++)
        many[i] = (double)i;
    rs_histogram_init(&histogram, many, RS_HISTOGRAM_BOUNDS_MAX);
    rs_histogram_add(&histogram, 1e9);
    CU_ASSERT_EQUAL(rs_histogram_at_most(&histogram, RS_HISTOGRAM_BOUNDS_MAX - 1), 0);
    CU_ASSERT_EQUAL(rs_histogram_at_most(&histogram, RS_HISTOGRAM_BOUNDS_MAX), 1);
    rs_histogram_init(&histogram, NULL, 0);
    rs_histogram_add(&histogram, 1);
    CU_ASSERT_EQUAL(rs_histogram_at_most(&histogram, 0), 1);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(a_new_one_is_empty),
        TEST(a_value_on_a_bound_is_within_it),
        TEST(values_count_for_every_bound_that_they_are_within),
        TEST(as_many_bounds_as_there_may_be_and_none),
    };

    return rs_test_main("histogram", tests, sizeof(tests) / sizeof(tests[0]));
}
