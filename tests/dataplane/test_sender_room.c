/* SPDX-License-Identifier: BSD-3-Clause */
/* An empty pool: which sender makes room, what it leaves behind, and what must stay. */
#include <stdlib.h>

#include <rte_cycles.h>

#include "dataplane/wire.h"
#include "tests/support/runner.h"
#include "tests/support/sender_bench.h"

enum { POOL = 8, BURST = 32 };
#define SUITE "AES_256_CTR_HMAC_SHA512_80"

static struct rs_sender_bench bench;
static uint64_t now;

static void next_burst(void)
{
    rs_senders_begin_burst(bench.senders, ++now);
}

static void set_up(uint32_t count, enum rs_direction direction, const char *suite)
{
    rs_sender_bench_set_up(&bench, count, direction, suite);
    now = 1000;
    next_burst();
}

static void tear_down(void)
{
    rs_sender_bench_tear_down(&bench);
}

static struct rs_stream_slot *slot(void)
{
    return rs_sender_bench_slot(&bench);
}

static uint64_t kid_of(uint64_t n)
{
    return rs_kid_make(n, 6, 5);
}

static struct rs_sender *find(uint64_t n)
{
    return rs_sender_find(bench.senders, slot(), bench.key, kid_of(n));
}

static uint64_t recorded(uint64_t n)
{
    return rs_sender_recorded(bench.senders, slot(), bench.key, kid_of(n));
}

/* A packet of KID n is opened: NULL where there is no room, else its sender. */
static struct rs_sender *open_packet(uint64_t n, uint32_t count)
{
    struct rs_sender *sender = find(n);

    if (sender == NULL) {
        sender = rs_sender_new_to_open(bench.senders, slot(), bench.key, kid_of(n));
        if (sender == NULL)
            return NULL;
        CU_ASSERT_EQUAL(rs_sender_keep(bench.senders, sender), 0);
    } else {
        rs_sender_touch(sender);
    }
    if (sender->replay != NULL)
        rs_replay_accept(sender->replay, count);
    return sender;
}

/* Each in a burst of its own. */
static void open_each(uint64_t first, uint64_t count)
{
    for (uint64_t n = first; n < first + count; n++) {
        next_burst();
        CU_ASSERT_PTR_NOT_NULL_FATAL(open_packet(n, (uint32_t)n));
    }
}

static void the_sender_idle_for_longest_makes_room_and_leaves_how_far_it_came(void)
{
    set_up(POOL, RS_OPEN, SUITE);
    open_each(1, POOL);
    open_each(100, 3);
    for (uint64_t n = 1; n <= POOL; n++) {
        CU_ASSERT_EQUAL(recorded(n), n <= 3 ? n + 1 : 0);
        CU_ASSERT_EQUAL(find(n) == NULL, n <= 3);
    }
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), POOL);
    CU_ASSERT_EQUAL(slot()->sender_count, POOL);
    tear_down();
}

static void one_that_was_used_since_has_a_second_chance(void)
{
    set_up(POOL, RS_OPEN, SUITE);
    open_each(1, POOL);
    next_burst();
    open_packet(1, 50);
    open_packet(2, 50);
    open_each(100, 2);
    CU_ASSERT_PTR_NOT_NULL(find(1));
    CU_ASSERT_PTR_NOT_NULL(find(2));
    CU_ASSERT_EQUAL(recorded(3), 4);
    CU_ASSERT_EQUAL(recorded(4), 5);
    tear_down();
}

static void where_all_were_used_again_the_one_used_longest_ago_makes_room(void)
{
    set_up(POOL, RS_OPEN, SUITE);
    open_each(1, POOL);
    for (uint64_t n = POOL; n >= 1; n--) {
        next_burst();
        open_packet(n, 50);
    }
    open_each(100, 1);
    CU_ASSERT_EQUAL(recorded(POOL), 51);
    CU_ASSERT_PTR_NOT_NULL(find(1));
    tear_down();
}

static void no_sender_of_the_burst_makes_room_in_it(void)
{
    set_up(POOL, RS_OPEN, SUITE);
    next_burst();
    for (uint64_t n = 1; n <= POOL; n++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(open_packet(n, 1));
    for (uint64_t n = 100; n < 100 + BURST; n++)
        CU_ASSERT_PTR_NULL(open_packet(n, 1));
    for (uint64_t n = 1; n <= POOL; n++)
        CU_ASSERT_PTR_NOT_NULL(find(n));
    /* All but one found in the next burst: that one goes, and no other. */
    next_burst();
    for (uint64_t n = 1; n < POOL; n++)
        CU_ASSERT_PTR_NOT_NULL(find(n));
    CU_ASSERT_PTR_NOT_NULL(open_packet(100, 1));
    CU_ASSERT_PTR_NULL(open_packet(101, 1));
    CU_ASSERT_EQUAL(recorded(POOL), 2);
    for (uint64_t n = 1; n < POOL; n++)
        CU_ASSERT_PTR_NOT_NULL(find(n));
    tear_down();
}

static void a_burst_of_newcomers_replaces_a_whole_small_pool(void)
{
    set_up(POOL, RS_OPEN, SUITE);
    for (unsigned int round = 0; round < 20; round++) {
        next_burst();
        for (uint64_t n = 0; n < POOL; n++) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(open_packet(round % 3 * 100 + n, round));
            CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), round > 0 ? POOL : n + 1);
        }
    }
    tear_down();
}

static void a_sender_that_comes_back_opens_nothing_twice(void)
{
    struct rs_sender *sender;

    set_up(POOL, RS_OPEN, SUITE);
    next_burst();
    open_packet(1, 70);
    open_each(100, POOL);
    CU_ASSERT_EQUAL(recorded(1), 71);
    next_burst();
    sender = rs_sender_new_to_open(bench.senders, slot(), bench.key, kid_of(1));
    CU_ASSERT_PTR_NOT_NULL_FATAL(sender);
    for (uint32_t count = 0; count <= 70; count++)
        CU_ASSERT(!rs_replay_check(sender->replay, count));
    /* Until a packet of it verifies, the record stays. */
    rs_sender_discard(bench.senders, sender);
    CU_ASSERT_EQUAL(recorded(1), 71);
    next_burst();
    sender = open_packet(1, 71);
    CU_ASSERT_EQUAL(recorded(1), 0);
    CU_ASSERT_PTR_EQUAL(find(1), sender);
    for (uint32_t count = 0; count <= 71; count++)
        CU_ASSERT(!rs_replay_check(sender->replay, count));
    CU_ASSERT(rs_replay_accept(sender->replay, 73));
    CU_ASSERT(rs_replay_accept(sender->replay, 72));
    tear_down();
}

static void what_cannot_be_recorded_is_not_forgotten(void)
{
    enum { ALL = 1024 }; /* records that there is room for, at least */

    set_up(POOL, RS_OPEN, SUITE);
    open_each(1, POOL + ALL);
    next_burst();
    CU_ASSERT_PTR_NULL(open_packet(5000, 1));
    for (uint64_t n = 1; n <= ALL; n++)
        CU_ASSERT_EQUAL(recorded(n), n + 1);
    for (uint64_t n = ALL + 1; n <= ALL + POOL; n++)
        CU_ASSERT_PTR_NOT_NULL(find(n));
    /* One that is recorded cannot come back either, but once there is room it can. */
    next_burst();
    CU_ASSERT_PTR_NULL(open_packet(1, 9000));
    rs_sender_end(bench.senders, find(ALL + 1));
    next_burst();
    CU_ASSERT_PTR_NOT_NULL(open_packet(1, 9000));
    CU_ASSERT_PTR_NOT_NULL((next_burst(), open_packet(2, 9000)));
    tear_down();
}

static void records_go_with_their_key_and_no_faster_than_the_budget(void)
{
    const uint8_t base_key[32] = {1};
    struct rs_key *other;

    set_up(POOL, RS_OPEN, SUITE);
    other = rs_key_create(bench.keys, base_key, sizeof(base_key));
    open_each(1, POOL + 10);
    CU_ASSERT(rs_senders_wipe_key(bench.senders, other, 0, 1));
    CU_ASSERT(!rs_senders_wipe_key(bench.senders, bench.key, 0, POOL));
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), 0);
    CU_ASSERT_EQUAL(recorded(1), 2);
    CU_ASSERT(!rs_senders_wipe_key(bench.senders, bench.key, 0, 9));
    CU_ASSERT(rs_senders_wipe_key(bench.senders, bench.key, 0, 9));
    for (uint64_t n = 1; n <= POOL + 10; n++)
        CU_ASSERT_EQUAL(recorded(n), 0);
    CU_ASSERT(rs_senders_wipe_slot(bench.senders, slot(), 1));
    tear_down();
}

static void records_go_with_their_stream(void)
{
    set_up(POOL, RS_OPEN, SUITE);
    open_each(1, POOL + 10);
    CU_ASSERT(!rs_senders_wipe_slot(bench.senders, slot(), POOL + 9));
    CU_ASSERT(rs_senders_wipe_slot(bench.senders, slot(), POOL + 9));
    for (uint64_t n = 1; n <= POOL + 10; n++)
        CU_ASSERT_EQUAL(recorded(n), 0);
    CU_ASSERT(rs_senders_wipe_key(bench.senders, bench.key, 0, 1));
    /* And the places of what went can be taken again. */
    open_each(1, POOL + 1024);
    tear_down();
}

static void without_a_window_nothing_is_recorded(void)
{
    set_up(POOL, RS_OPEN, "AES_256_CTR");
    open_each(1, 3 * POOL);
    for (uint64_t n = 1; n <= 3 * POOL; n++)
        CU_ASSERT_EQUAL(recorded(n), 0);
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), POOL);
    tear_down();
}

/* ---- sealing ------------------------------------------------------------------------------ */

static struct rs_stream *streams[POOL + 1];

static struct rs_sender *seal_packet(unsigned int i)
{
    struct rs_sender *sender = streams[i]->slots[0].current;

    if (sender != NULL)
        rs_sender_use(sender, now);
    else
        sender = rs_sender_new_to_seal(bench.senders, &streams[i]->slots[0], bench.key);
    if (sender != NULL)
        rs_sender_next_ctr(sender);
    return sender;
}

static void set_up_streams(void)
{
    set_up(POOL, RS_SEAL, SUITE);
    for (unsigned int i = 0; i <= POOL; i++)
        streams[i] = rs_sender_bench_stream(RS_SEAL, SUITE);
}

static void tear_down_streams(void)
{
    tear_down();
    for (unsigned int i = 0; i <= POOL; i++)
        free(streams[i]);
}

static void a_stream_idle_for_a_second_gives_its_sender_and_draws_another(void)
{
    uint64_t kid;

    set_up_streams();
    for (unsigned int i = 0; i < POOL; i++)
        CU_ASSERT_PTR_NOT_NULL(seal_packet(i));
    kid = streams[0]->slots[0].current->kid;
    now += rte_get_tsc_hz();
    next_burst();
    for (unsigned int i = 1; i < POOL; i++)
        CU_ASSERT_PTR_NOT_NULL(seal_packet(i));
    CU_ASSERT_PTR_NOT_NULL(seal_packet(POOL));
    CU_ASSERT_PTR_NULL(streams[0]->slots[0].current);
    CU_ASSERT_PTR_NULL(seal_packet(0));
    now += rte_get_tsc_hz();
    next_burst();
    CU_ASSERT_PTR_NOT_NULL_FATAL(seal_packet(0));
    CU_ASSERT_NOT_EQUAL(streams[0]->slots[0].current->kid, kid);
    CU_ASSERT_EQUAL(streams[0]->slots[0].current->next_count, 1);
    tear_down_streams();
}

static void streams_in_use_do_not_take_turns_at_a_sender(void)
{
    set_up_streams();
    for (unsigned int round = 0; round < 100; round++) {
        now += rte_get_tsc_hz() / 20;
        next_burst();
        for (unsigned int i = 0; i < POOL; i++) {
            const struct rs_sender *sender = seal_packet(i);

            CU_ASSERT_PTR_NOT_NULL_FATAL(sender);
            CU_ASSERT_EQUAL(sender->next_count, round + 1);
        }
        next_burst();
        CU_ASSERT_PTR_NULL(seal_packet(POOL));
    }
    tear_down_streams();
}

static void a_sender_being_replaced_is_ended_by_nobody_else(void)
{
    struct rs_stream_slot *changing;
    struct rs_sender *old, *made;

    set_up_streams();
    for (unsigned int i = 0; i < POOL; i++)
        CU_ASSERT_PTR_NOT_NULL(seal_packet(i));
    now += 2 * rte_get_tsc_hz();
    next_burst();
    changing = &streams[0]->slots[0];
    old = changing->current;
    made = rs_sender_new_to_seal(bench.senders, changing, bench.key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(made);
    CU_ASSERT_PTR_NOT_NULL(seal_packet(POOL));
    CU_ASSERT_PTR_NULL(streams[1]->slots[0].current); /* it made room */
    CU_ASSERT_EQUAL(old->next_count, 1);
    CU_ASSERT_NOT_EQUAL(old->kid, 0);
    rs_sender_end(bench.senders, old);
    CU_ASSERT_PTR_EQUAL(changing->current, made);
    tear_down_streams();
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"the_sender_idle_for_longest_makes_room_and_leaves_how_far_it_came",
         the_sender_idle_for_longest_makes_room_and_leaves_how_far_it_came},
        {"one_that_was_used_since_has_a_second_chance",
         one_that_was_used_since_has_a_second_chance},
        {"where_all_were_used_again_the_one_used_longest_ago_makes_room",
         where_all_were_used_again_the_one_used_longest_ago_makes_room},
        {"no_sender_of_the_burst_makes_room_in_it", no_sender_of_the_burst_makes_room_in_it},
        {"a_burst_of_newcomers_replaces_a_whole_small_pool",
         a_burst_of_newcomers_replaces_a_whole_small_pool},
        {"a_sender_that_comes_back_opens_nothing_twice",
         a_sender_that_comes_back_opens_nothing_twice},
        {"what_cannot_be_recorded_is_not_forgotten", what_cannot_be_recorded_is_not_forgotten},
        {"records_go_with_their_key_and_no_faster_than_the_budget",
         records_go_with_their_key_and_no_faster_than_the_budget},
        {"records_go_with_their_stream", records_go_with_their_stream},
        {"without_a_window_nothing_is_recorded", without_a_window_nothing_is_recorded},
        {"a_stream_idle_for_a_second_gives_its_sender_and_draws_another",
         a_stream_idle_for_a_second_gives_its_sender_and_draws_another},
        {"streams_in_use_do_not_take_turns_at_a_sender",
         streams_in_use_do_not_take_turns_at_a_sender},
        {"a_sender_being_replaced_is_ended_by_nobody_else",
         a_sender_being_replaced_is_ended_by_nobody_else},
    };

    if (!rs_sender_bench_start_eal())
        return 2;
    return rs_test_main("sender_room", tests, sizeof(tests) / sizeof(tests[0]));
}
