/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table without workers: keys that come, go and change hands, and what a reader sees. */
#include "dataplane/flow_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/support/runner.h"
#include "tests/support/sender_bench.h"

enum { KEYS = 100, CAPACITY = KEYS + KEYS / 4 + 64, HANDS = 200000, ROUNDS = 5 };

static char places[CAPACITY + 1]; /* what stands for streams: addresses alone are of interest */

static struct rs_stream *stream(unsigned int n)
{
    return (struct rs_stream *)(void *)&places[n];
}

static struct rs_flow_key key_of(uint32_t ssrc, unsigned int shape)
{
    static const struct rs_flow flow = {.family = 4,
                                        .has_source = true,
                                        .src = {192, 0, 2, 1},
                                        .src_port = 4000,
                                        .dst = {198, 51, 100, 1},
                                        .dst_port = 5004};
    struct rs_flow_key key;

    rs_flow_key_make(&key, 3, RS_OPEN, &flow, ssrc, shape);
    return key;
}

static struct rs_stream *find_as_a_worker(const struct rs_flow_table *table,
                                          const struct rs_flow_key *key)
{
    const struct rs_flow_key *keys[] = {key};
    struct rs_stream *found;

    rs_flow_table_find_burst(table, keys, 1, &found);
    return found;
}

static void a_key_that_is_there_changes_hands_where_it_lies(void)
{
    struct rs_flow_table *table = rs_flow_table_create(KEYS);
    const struct rs_flow_key key = key_of(1, RS_SHAPE_SSRC);
    int32_t first = RS_NO_POSITION, second = RS_NO_POSITION;

    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    CU_ASSERT_EQUAL(rs_flow_table_put(table, &key, stream(1), &first), 0);
    CU_ASSERT_PTR_EQUAL(find_as_a_worker(table, &key), stream(1));
    CU_ASSERT_EQUAL(rs_flow_table_put(table, &key, stream(2), &second), 0);
    CU_ASSERT_EQUAL(second, first);
    CU_ASSERT_NOT_EQUAL(first, RS_NO_POSITION);
    CU_ASSERT_PTR_EQUAL(find_as_a_worker(table, &key), stream(2));
    CU_ASSERT_PTR_EQUAL(rs_flow_table_get(table, &key), stream(2));
    rs_flow_table_take_out(table, &key);
    CU_ASSERT_PTR_NULL(find_as_a_worker(table, &key));
    CU_ASSERT_EQUAL(rs_flow_table_shapes(table, 3, RS_OPEN), 0);
    rs_flow_table_free_position(table, first);
    rs_flow_table_destroy(table);
}

struct reader {
    const struct rs_flow_table *table;
    atomic_bool stop;
    atomic_ulong looks, strangers;
};

static void *read_on(void *context)
{
    struct reader *reader = context;
    const struct rs_flow_key key = key_of(1, RS_SHAPE_SSRC);

    while (!atomic_load(&reader->stop)) {
        const struct rs_stream *found = find_as_a_worker(reader->table, &key);

        if (found != stream(1) && found != stream(2))
            atomic_fetch_add(&reader->strangers, 1);
        atomic_fetch_add(&reader->looks, 1);
    }
    return NULL;
}

static void a_reader_sees_a_key_that_changes_hands_at_any_time_as_one_of_the_two(void)
{
    struct rs_flow_table *table = rs_flow_table_create(KEYS);
    const struct rs_flow_key key = key_of(1, RS_SHAPE_SSRC);
    struct reader reader = {.table = table};
    pthread_t thread;
    int32_t position;

    CU_ASSERT_EQUAL(rs_flow_table_put(table, &key, stream(1), &position), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (unsigned int i = 0; i < HANDS || atomic_load(&reader.looks) < HANDS; i++)
        rs_flow_table_put(table, &key, stream(1 + i % 2), &position);
    atomic_store(&reader.stop, true);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(reader.strangers, 0);
    rs_flow_table_destroy(table);
}

static void the_most_specific_key_is_found_first_and_shapes_say_what_there_is(void)
{
    static const unsigned int specific_first[] = {RS_SHAPE_SOURCE | RS_SHAPE_SSRC, RS_SHAPE_SOURCE,
                                                  RS_SHAPE_SSRC, 0};
    struct rs_flow_table *table = rs_flow_table_create(KEYS);
    const struct rs_flow_key packet = key_of(7, RS_SHAPE_SOURCE | RS_SHAPE_SSRC);
    uint32_t shapes = 0;
    int32_t position;

    CU_ASSERT_PTR_NULL(rs_flow_table_find(table, &packet));
    for (unsigned int i = RS_SHAPES; i-- > 0;) {
        const struct rs_flow_key key = key_of(7, specific_first[i]);

        shapes |= 1u << specific_first[i];
        CU_ASSERT_EQUAL(rs_flow_table_put(table, &key, stream(i), &position), 0);
        CU_ASSERT_PTR_EQUAL(rs_flow_table_find(table, &packet), stream(i));
        CU_ASSERT_EQUAL(rs_flow_table_shapes(table, 3, RS_OPEN), shapes);
    }
    CU_ASSERT_EQUAL(rs_flow_table_shapes(table, 3, RS_SEAL), 0);
    CU_ASSERT_EQUAL(rs_flow_table_shapes(table, 2, RS_OPEN), 0);
    rs_flow_table_destroy(table);
}

/* Fills the table; returns how many keys it took, below CAPACITY + 1. */
static unsigned int fill(struct rs_flow_table *table, int32_t positions[])
{
    unsigned int count = 0;

    while (count <= CAPACITY) {
        const struct rs_flow_key key = key_of(count, RS_SHAPE_SSRC);

        if (rs_flow_table_put(table, &key, stream(count), &positions[count]) != 0)
            break;
        count++;
    }
    return count;
}

static void a_full_table_refuses_and_freed_positions_are_used_again(void)
{
    struct rs_flow_table *table = rs_flow_table_create(KEYS);
    int32_t positions[CAPACITY + 1];
    unsigned int first = 0;

    for (unsigned int round = 0; round < ROUNDS; round++) {
        const unsigned int count = fill(table, positions);

        first = round == 0 ? count : first;
        CU_ASSERT(count >= KEYS && count <= CAPACITY);
        CU_ASSERT_EQUAL(count, first);
        for (unsigned int i = 0; i < count; i++) {
            const struct rs_flow_key key = key_of(i, RS_SHAPE_SSRC);

            CU_ASSERT_PTR_EQUAL(rs_flow_table_get(table, &key), stream(i));
            rs_flow_table_take_out(table, &key);
        }
        for (unsigned int i = 0; i < count; i++)
            rs_flow_table_free_position(table, positions[i]);
    }
    rs_flow_table_destroy(table);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_key_that_is_there_changes_hands_where_it_lies",
         a_key_that_is_there_changes_hands_where_it_lies},
        {"a_reader_sees_a_key_that_changes_hands_at_any_time_as_one_of_the_two",
         a_reader_sees_a_key_that_changes_hands_at_any_time_as_one_of_the_two},
        {"the_most_specific_key_is_found_first_and_shapes_say_what_there_is",
         the_most_specific_key_is_found_first_and_shapes_say_what_there_is},
        {"a_full_table_refuses_and_freed_positions_are_used_again",
         a_full_table_refuses_and_freed_positions_are_used_again},
    };

    if (!rs_sender_bench_start_eal())
        return 2;
    return rs_test_main("flow_table", tests, sizeof(tests) / sizeof(tests[0]));
}
