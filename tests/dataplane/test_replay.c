/* SPDX-License-Identifier: BSD-3-Clause */
/* The replay window against a model that remembers every count, and its edges by hand. */
#include "dataplane/replay.h"

#include <stdlib.h>

#include "tests/support/runner.h"

enum { STEPS = 12000 };

/* Every count accepted so far; no window arithmetic but the definition. */
struct model {
    uint32_t accepted[STEPS];
    size_t n;
    uint32_t highest;
    uint32_t packets;
};

static bool model_check(const struct model *model, uint32_t count)
{
    if (model->n > 0 && count < model->highest && model->highest - count >= model->packets)
        return false;
    for (size_t i = 0; i < model->n; i++) {
        if (model->accepted[i] == count)
            return false;
    }
    return true;
}

static void model_accept(struct model *model, uint32_t count)
{
    model->accepted[model->n++] = count;
    if (count > model->highest)
        model->highest = count;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Counts as a network brings them: mostly near the highest, now and then from far off. */
static uint32_t draw_count(uint64_t *random, const struct model *model)
{
    const uint64_t r = next_random(random);
    const int64_t near = (int64_t)(next_random(random) % 9) - 4;
    const int64_t around = (int64_t)(next_random(random) % (3 * model->packets));
    int64_t count = (int64_t)model->highest;

    switch (r % 16) {
    case 0:
        count += around;
        break;
    case 1:
    case 2:
    case 3:
        count -= around;
        break;
    case 4:
        count += (int64_t)(r >> 40) % 64 == 0 ? (int64_t)(r >> 44) : 1;
        break;
    case 5:
        count -= (int64_t)model->packets + near;
        break;
    default:
        count += near;
    }
    if (count < 0)
        return 0;
    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

/* The window lies in memory of exactly its size, so that a sanitizer sees a step beyond it. */
static struct rs_replay *make_window(uint32_t packets)
{
    struct rs_replay *replay = malloc(rs_replay_bytes(packets));

    CU_ASSERT_PTR_NOT_NULL_FATAL(replay);
    rs_replay_init(replay, packets);
    return replay;
}

static void compare_with_model(uint32_t packets, uint32_t start, uint64_t seed)
{
    struct model *model = calloc(1, sizeof(*model));
    struct rs_replay *replay = make_window(packets);
    uint32_t count = start;
    int differences = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    model->packets = packets;
    for (int i = 0; i < STEPS; i++) {
        const bool expected = model_check(model, count);

        differences += rs_replay_check(replay, count) != expected;
        differences += rs_replay_accept(replay, count) != expected;
        if (expected)
            model_accept(model, count);
        count = draw_count(&seed, model);
    }
    CU_ASSERT_EQUAL(differences, 0);
    CU_ASSERT(model->n > 100 && model->n < STEPS);
    free(replay);
    free(model);
}

static void windows_of_every_width_agree_with_a_model_that_forgets_nothing(void)
{
    static const uint32_t widths[] = {64, 128, 1024, 4096, 8192};

    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        compare_with_model(widths[i], 0, 1 + i);
        compare_with_model(widths[i], 1u << 31, 100 + i);
        compare_with_model(widths[i], UINT32_MAX - 2 * STEPS, 200 + i);
    }
}

static void the_count_zero_is_accepted_once(void)
{
    struct rs_replay *replay = make_window(64);

    CU_ASSERT(rs_replay_check(replay, 0));
    CU_ASSERT(rs_replay_accept(replay, 0));
    CU_ASSERT_FALSE(rs_replay_check(replay, 0));
    CU_ASSERT_FALSE(rs_replay_accept(replay, 0));
    CU_ASSERT(rs_replay_accept(replay, 1));
    free(replay);
}

static void the_last_count_is_accepted_once_and_never_wraps(void)
{
    struct rs_replay *replay = make_window(64);

    CU_ASSERT(rs_replay_accept(replay, UINT32_MAX));
    CU_ASSERT_FALSE(rs_replay_accept(replay, UINT32_MAX));
    CU_ASSERT_FALSE(rs_replay_accept(replay, 0));
    CU_ASSERT_FALSE(rs_replay_accept(replay, UINT32_MAX - 64));
    CU_ASSERT(rs_replay_accept(replay, UINT32_MAX - 63));
    CU_ASSERT(rs_replay_accept(replay, UINT32_MAX - 1));
    CU_ASSERT_FALSE(rs_replay_accept(replay, UINT32_MAX - 1));
    free(replay);
}

static void a_window_holds_exactly_its_width(void)
{
    struct rs_replay *replay = make_window(1024);

    CU_ASSERT(rs_replay_accept(replay, 5000));
    CU_ASSERT_FALSE(rs_replay_check(replay, 5000 - 1024));
    CU_ASSERT(rs_replay_check(replay, 5000 - 1023));
    CU_ASSERT(rs_replay_accept(replay, 5000 - 1023));
    CU_ASSERT(rs_replay_accept(replay, 5001));
    CU_ASSERT_FALSE(rs_replay_check(replay, 5000 - 1023));
    CU_ASSERT_FALSE(rs_replay_check(replay, 5000));
    free(replay);
}

/* What the ring held of before the jump must not be taken for what came after it. */
static void a_big_jump_forgets_all_that_was_before(void)
{
    struct rs_replay *replay = make_window(64);

    for (uint32_t i = 0; i < 200; i++)
        CU_ASSERT(rs_replay_accept(replay, i));
    CU_ASSERT(rs_replay_accept(replay, 4000000063));
    for (uint32_t i = 0; i < 63; i++)
        CU_ASSERT(rs_replay_accept(replay, 4000000000 + i));
    CU_ASSERT_FALSE(rs_replay_check(replay, 3999999999));
    CU_ASSERT_FALSE(rs_replay_check(replay, 199));
    free(replay);
}

static void checking_changes_nothing(void)
{
    struct rs_replay *replay = make_window(64);

    CU_ASSERT(rs_replay_accept(replay, 10));
    CU_ASSERT(rs_replay_check(replay, 1000000));
    CU_ASSERT(rs_replay_check(replay, 9));
    CU_ASSERT(rs_replay_accept(replay, 9));
    free(replay);
}

static void refusing_changes_nothing(void)
{
    struct rs_replay *replay = make_window(64);

    CU_ASSERT(rs_replay_accept(replay, 500));
    CU_ASSERT_FALSE(rs_replay_accept(replay, 436));
    CU_ASSERT_FALSE(rs_replay_accept(replay, 500));
    CU_ASSERT(rs_replay_accept(replay, 437));
    CU_ASSERT_EQUAL(replay->next, 501);
    free(replay);
}

static void a_new_window_in_used_memory_is_empty(void)
{
    struct rs_replay *replay = make_window(64);

    CU_ASSERT(rs_replay_accept(replay, 77));
    rs_replay_init(replay, 64);
    CU_ASSERT(rs_replay_accept(replay, 77));
    CU_ASSERT(rs_replay_accept(replay, 20));
    free(replay);
}

static void a_window_that_was_given_up_has_seen_all_before_its_end(void)
{
    static const uint32_t widths[] = {64, 128, 1024, 8192};
    static const uint64_t nexts[] = {1,    2,    63,   64,    65,         127,       128,
                                     1000, 8191, 8192, 20000, 0x7fffffff, 0xffffff00};

    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        for (size_t n = 0; n < sizeof(nexts) / sizeof(nexts[0]); n++) {
            struct rs_replay *replay = malloc(rs_replay_bytes(widths[w]));
            const uint32_t next = (uint32_t)nexts[n];

            rs_replay_init_seen(replay, widths[w], nexts[n]);
            for (uint32_t back = 1; back <= next && back <= 2 * widths[w]; back++)
                CU_ASSERT(!rs_replay_check(replay, next - back));
            /* Ahead, out of order: each once. */
            CU_ASSERT(rs_replay_accept(replay, next + 40));
            for (uint32_t ahead = 0; ahead < 80; ahead++)
                CU_ASSERT_EQUAL(rs_replay_accept(replay, next + ahead), ahead != 40);
            for (uint32_t ahead = 0; ahead < 80; ahead++)
                CU_ASSERT(!rs_replay_accept(replay, next + ahead));
            for (uint32_t back = 1; back <= next && back <= 2 * widths[w]; back++)
                CU_ASSERT(!rs_replay_check(replay, next - back));
            free(replay);
        }
    }
}

static void a_window_given_up_after_the_last_count_opens_nothing_more(void)
{
    struct rs_replay *replay = malloc(rs_replay_bytes(64));

    rs_replay_init_seen(replay, 64, UINT64_C(1) << 32);
    for (uint32_t back = 0; back < 200; back++)
        CU_ASSERT(!rs_replay_accept(replay, UINT32_MAX - back));
    CU_ASSERT(!rs_replay_accept(replay, 0));
    free(replay);
}

static void a_window_given_up_before_its_first_count_is_empty(void)
{
    struct rs_replay *replay = malloc(rs_replay_bytes(64));

    rs_replay_init_seen(replay, 64, 0);
    CU_ASSERT(rs_replay_accept(replay, 0));
    CU_ASSERT(rs_replay_accept(replay, 63));
    CU_ASSERT(rs_replay_accept(replay, 1));
    free(replay);
}

static void widths_round_up_to_a_power_of_two_within_the_limits(void)
{
    static const uint32_t rows[][2] = {
        {0, 64},      {1, 64},      {64, 64},     {65, 128},          {128, 128},
        {1000, 1024}, {4096, 4096}, {4097, 8192}, {UINT32_MAX, 8192},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_EQUAL(rs_replay_round_up(rows[i][0]), rows[i][1]);
}

static const struct rs_test tests[] = {
    {"windows_of_every_width_agree_with_a_model_that_forgets_nothing",
     windows_of_every_width_agree_with_a_model_that_forgets_nothing},
    {"the_count_zero_is_accepted_once", the_count_zero_is_accepted_once},
    {"the_last_count_is_accepted_once_and_never_wraps",
     the_last_count_is_accepted_once_and_never_wraps},
    {"a_window_holds_exactly_its_width", a_window_holds_exactly_its_width},
    {"a_big_jump_forgets_all_that_was_before", a_big_jump_forgets_all_that_was_before},
    {"checking_changes_nothing", checking_changes_nothing},
    {"refusing_changes_nothing", refusing_changes_nothing},
    {"a_new_window_in_used_memory_is_empty", a_new_window_in_used_memory_is_empty},
    {"a_window_that_was_given_up_has_seen_all_before_its_end",
     a_window_that_was_given_up_has_seen_all_before_its_end},
    {"a_window_given_up_after_the_last_count_opens_nothing_more",
     a_window_given_up_after_the_last_count_opens_nothing_more},
    {"a_window_given_up_before_its_first_count_is_empty",
     a_window_given_up_before_its_first_count_is_empty},
    {"widths_round_up_to_a_power_of_two_within_the_limits",
     widths_round_up_to_a_power_of_two_within_the_limits},
};

int main(void)
{
    return rs_test_main("replay", tests, sizeof(tests) / sizeof(tests[0]));
}
