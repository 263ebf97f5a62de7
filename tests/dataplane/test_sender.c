/* SPDX-License-Identifier: BSD-3-Clause */
/* Senders without a worker: ids and counters never repeat, and what is given back is wiped. */
#include "dataplane/sender.h"

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "dataplane/wire.h"
#include "tests/support/runner.h"
#include "tests/support/sender_bench.h"

enum { POOL = 10016, RESERVE = 32, FRESH = 10000, TAGLESS_MAX = 64 };

static struct rs_sender_bench bench;

static void set_up(uint32_t count, enum rs_direction direction, const char *suite)
{
    rs_sender_bench_set_up(&bench, count, direction, suite);
}

static void tear_down(void)
{
    rs_sender_bench_tear_down(&bench);
}

static struct rs_stream_slot *slot(void)
{
    return rs_sender_bench_slot(&bench);
}

static struct rs_sender *new_to_seal(void)
{
    return rs_sender_new_to_seal(bench.senders, slot(), bench.key);
}

static struct rs_sender *new_to_open(uint64_t kid)
{
    return rs_sender_new_to_open(bench.senders, slot(), bench.key, kid);
}

static bool is_zero(const void *memory, size_t bytes)
{
    const uint8_t *at = memory;

    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != 0)
            return false;
    }
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static size_t count_distinct(uint64_t *numbers, size_t count)
{
    size_t distinct = 1;

    qsort(numbers, count, sizeof(numbers[0]), compare_numbers);
    for (size_t i = 1; i < count; i++)
        distinct += numbers[i] != numbers[i - 1];
    return distinct;
}

/* Each of the lowest `bits` bits is set in about half of the numbers: six standard deviations. */
static void check_bits(const uint64_t *numbers, size_t count, unsigned int bits)
{
    for (unsigned int bit = 0; bit < bits; bit++) {
        size_t set = 0;

        for (size_t i = 0; i < count; i++)
            set += numbers[i] >> bit & 1;
        CU_ASSERT(set > count / 2 - count * 3 / 100 && set < count / 2 + count * 3 / 100);
    }
}

static void ten_thousand_fresh_senders_all_differ(void)
{
    static uint64_t ids[FRESH], prefixes[FRESH], salts[FRESH];

    set_up(POOL, RS_SEAL, "AES_256_CTR_HMAC_SHA512_80");
    for (size_t i = 0; i < FRESH; i++) {
        struct rs_sender *sender = new_to_seal();
        uint64_t ctr;

        CU_ASSERT_PTR_NOT_NULL_FATAL(sender);
        ctr = rs_sender_next_ctr(sender);
        CU_ASSERT_EQUAL(sender->kid >> 63, 1);
        CU_ASSERT_EQUAL(sender->kid >> 16 & 0xf, 6);
        CU_ASSERT_EQUAL(sender->kid & 0xffff, bench.key->by_hash[RS_HASH_SHA512].tag);
        CU_ASSERT_EQUAL(ctr >> 63, 1);
        CU_ASSERT_EQUAL(ctr & UINT32_MAX, 0);
        ids[i] = sender->kid >> 20 & 0x7ffffffffff;
        prefixes[i] = ctr >> 32 & 0x7fffffff;
        memcpy(&salts[i], sender->keys, sizeof(salts[i]));
    }
    check_bits(ids, FRESH, 43);
    check_bits(prefixes, FRESH, 31);
    CU_ASSERT_EQUAL(count_distinct(ids, FRESH), FRESH);
    CU_ASSERT_EQUAL(count_distinct(salts, FRESH), FRESH);
    /* Of 31 bits, two of 10,000 are alike once in 43 runs; three pairs would be no chance. */
    CU_ASSERT(count_distinct(prefixes, FRESH) >= FRESH - 2);
    tear_down();
}

static void a_counter_hands_out_each_count_once_and_stops_after_the_last(void)
{
    struct rs_sender *sender;
    uint64_t first, last;

    set_up(64, RS_SEAL, "AES_256_CTR_HMAC_SHA512_80");
    sender = new_to_seal();
    first = rs_sender_next_ctr(sender);
    for (uint32_t count = 1; count < 1000; count++)
        CU_ASSERT_EQUAL(rs_sender_next_ctr(sender), first + count);
    sender->next_count = UINT32_MAX;
    CU_ASSERT(rs_sender_has_count(sender));
    last = rs_sender_next_ctr(sender);
    CU_ASSERT_EQUAL(last, first + UINT32_MAX);
    CU_ASSERT(!rs_sender_has_count(sender));
    tear_down();
}

static void give_back_senders_of(const char *suite)
{
    const size_t bytes = rs_cipher_keys_bytes_of(rs_suite_find(suite));
    struct rs_sender *sender;
    const void *keys;

    set_up(64, RS_SEAL, suite);
    sender = new_to_seal();
    keys = sender->keys;
    CU_ASSERT(!is_zero(keys, bytes));
    rs_sender_end(bench.senders, sender);
    CU_ASSERT(is_zero(keys, bytes));
    CU_ASSERT(is_zero(sender, sizeof(*sender)));
    CU_ASSERT_PTR_NULL(slot()->current);
    CU_ASSERT_EQUAL(slot()->sender_count, 0);
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), 0);
    bench.stream->direction = RS_OPEN;
    sender = new_to_open(rs_kid_make(1, 6, 2));
    keys = sender->keys;
    CU_ASSERT(!is_zero(keys, bytes));
    rs_sender_discard(bench.senders, sender);
    CU_ASSERT(is_zero(keys, bytes));
    tear_down();
}

static void a_sender_given_back_is_wiped(void)
{
    for (size_t i = 0; i < rs_suite_count; i++)
        give_back_senders_of(rs_suites[i].name);
}

/* Fail closed: a suite whose keys have no locked memory seals and opens nothing. */
static void a_suite_has_senders_once_there_is_memory_for_its_keys(void)
{
    set_up(64, RS_SEAL, "AES_256_CTR_HMAC_SHA512_80");
    bench.stream->suite = rs_suite_find("AES_256_GCM_SHA512_128");
    CU_ASSERT_PTR_NULL(new_to_seal());
    CU_ASSERT_PTR_NULL(new_to_open(rs_kid_make(1, 5, 2)));
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), 0);
    CU_ASSERT_EQUAL(rs_sender_pool_prepare(bench.pool, bench.stream->suite), 0);
    CU_ASSERT_PTR_NOT_NULL(new_to_seal());
    tear_down();
}

static void wiping_a_key_takes_no_more_than_its_budget_at_once(void)
{
    set_up(64, RS_SEAL, "AES_256_CTR_HMAC_SHA512_80");
    for (int i = 0; i < 40; i++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(new_to_seal());
    CU_ASSERT(!rs_senders_wipe_key(bench.senders, bench.key, 0, 16));
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), 24);
    CU_ASSERT(!rs_senders_wipe_key(bench.senders, bench.key, 0, 23));
    CU_ASSERT(rs_senders_wipe_key(bench.senders, bench.key, 0, 16));
    CU_ASSERT_EQUAL(rs_senders_in_use(bench.senders), 0);
    CU_ASSERT(TAILQ_EMPTY(&slot()->senders));
    CU_ASSERT(rs_senders_wipe_slot(bench.senders, slot(), 16));
    tear_down();
}

static void an_empty_pool_still_has_a_replacement_for_each_packet_of_a_burst(void)
{
    struct rs_sender *replaced[RESERVE];
    unsigned int made = 0;

    set_up(100, RS_SEAL, "AES_256_CTR_HMAC_SHA512_80");
    for (; slot()->current = NULL, new_to_seal() != NULL;)
        made++;
    CU_ASSERT_EQUAL(made, 100);
    CU_ASSERT_PTR_NULL(new_to_open(rs_kid_make(1, 6, 2)));
    slot()->current = TAILQ_FIRST(&slot()->senders);
    for (unsigned int i = 0; i < RESERVE; i++) {
        replaced[i] = slot()->current;
        CU_ASSERT_PTR_NOT_NULL_FATAL(new_to_seal());
    }
    for (unsigned int i = 0; i < RESERVE; i++)
        rs_sender_end(bench.senders, replaced[i]);
    slot()->current = NULL;
    CU_ASSERT_PTR_NULL(new_to_seal());
    tear_down();
}

static void a_kept_sender_is_found_by_slot_key_and_kid_together(void)
{
    const uint64_t kid = rs_kid_make(77, 6, 5);
    struct rs_key *other_key;
    struct rs_sender *sender;
    uint8_t base_key[32] = {1};

    set_up(64, RS_OPEN, "AES_256_CTR_HMAC_SHA512_80");
    other_key = rs_key_create(bench.keys, base_key, sizeof(base_key));
    sender = new_to_open(kid);
    CU_ASSERT_PTR_NULL(rs_sender_find(bench.senders, slot(), bench.key, kid));
    CU_ASSERT_EQUAL(rs_sender_keep(bench.senders, sender), 0);
    CU_ASSERT_PTR_EQUAL(rs_sender_find(bench.senders, slot(), bench.key, kid), sender);
    CU_ASSERT_PTR_NULL(rs_sender_find(bench.senders, slot(), bench.key, kid + (1u << 20)));
    CU_ASSERT_PTR_NULL(rs_sender_find(bench.senders, slot(), other_key, kid));
    CU_ASSERT_PTR_NULL(rs_sender_find(bench.senders, slot() + 1, bench.key, kid));
    slot()->current = NULL;
    CU_ASSERT_PTR_EQUAL(rs_sender_find(bench.senders, slot(), bench.key, kid), sender);
    rs_sender_end(bench.senders, sender);
    CU_ASSERT_PTR_NULL(rs_sender_find(bench.senders, slot(), bench.key, kid));
    tear_down();
}

static void without_a_tag_the_least_recently_used_of_64_senders_makes_room(void)
{
    struct rs_sender *senders[TAGLESS_MAX + 1];

    set_up(200, RS_OPEN, "AES_256_CTR");
    for (unsigned int i = 0; i <= TAGLESS_MAX; i++) {
        if (i == TAGLESS_MAX)
            rs_sender_touch(senders[0]);
        senders[i] = new_to_open(rs_kid_make(i, 15, 5));
        CU_ASSERT_PTR_NULL(senders[i]->replay);
        CU_ASSERT_EQUAL(rs_sender_keep(bench.senders, senders[i]), 0);
    }
    CU_ASSERT_EQUAL(slot()->sender_count, TAGLESS_MAX);
    for (unsigned int i = 0; i <= TAGLESS_MAX; i++) {
        const struct rs_sender *found =
            rs_sender_find(bench.senders, slot(), bench.key, rs_kid_make(i, 15, 5));

        CU_ASSERT_PTR_EQUAL(found, i == 1 ? NULL : senders[i]);
    }
    tear_down();
}

static void a_used_sender_that_comes_back_has_an_empty_window(void)
{
    struct rs_sender *sender;

    set_up(64, RS_OPEN, "AES_256_CTR_HMAC_SHA512_80");
    sender = new_to_open(rs_kid_make(1, 6, 5));
    CU_ASSERT(rs_replay_accept(sender->replay, 9));
    rs_sender_discard(bench.senders, sender);
    sender = new_to_open(rs_kid_make(1, 6, 5));
    CU_ASSERT(rs_replay_accept(sender->replay, 9));
    tear_down();
}

static void a_worker_keeps_few_free_senders_from_another(void)
{
    static const uint32_t counts[] = {1, 2, 8, 20, 100, 1000, 10000};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct rs_sender_pool *pool = rs_sender_pool_create(counts[i], 2);
        struct rs_sender_cache hoarder, other;
        struct rs_sender *first = NULL, *sender;
        uint32_t taken = 0;

        CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
        rs_sender_cache_init(&hoarder, pool);
        rs_sender_cache_init(&other, pool);
        /* One takes all and gives all back, linked through their `key` meanwhile. */
        while ((sender = rs_sender_draw(&hoarder, RS_SENDER_RESERVE)) != NULL) {
            sender->key = (void *)first;
            first = sender;
            taken++;
        }
        CU_ASSERT_EQUAL(taken, counts[i]);
        CU_ASSERT_PTR_NULL(rs_sender_draw(&other, RS_SENDER_RESERVE));
        while ((sender = first) != NULL) {
            first = (void *)sender->key;
            rs_sender_give_back(&hoarder, sender);
        }
        for (taken = 0; rs_sender_draw(&other, RS_SENDER_RESERVE) != NULL; taken++)
            continue;
        CU_ASSERT(taken >= counts[i] - counts[i] / 8);
        CU_ASSERT(counts[i] - taken <= 2 * RS_SENDER_MOVE);
        rs_sender_pool_destroy(pool);
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"ten_thousand_fresh_senders_all_differ", ten_thousand_fresh_senders_all_differ},
        {"a_counter_hands_out_each_count_once_and_stops_after_the_last",
         a_counter_hands_out_each_count_once_and_stops_after_the_last},
        {"a_sender_given_back_is_wiped", a_sender_given_back_is_wiped},
        {"a_suite_has_senders_once_there_is_memory_for_its_keys",
         a_suite_has_senders_once_there_is_memory_for_its_keys},
        {"wiping_a_key_takes_no_more_than_its_budget_at_once",
         wiping_a_key_takes_no_more_than_its_budget_at_once},
        {"an_empty_pool_still_has_a_replacement_for_each_packet_of_a_burst",
         an_empty_pool_still_has_a_replacement_for_each_packet_of_a_burst},
        {"a_kept_sender_is_found_by_slot_key_and_kid_together",
         a_kept_sender_is_found_by_slot_key_and_kid_together},
        {"without_a_tag_the_least_recently_used_of_64_senders_makes_room",
         without_a_tag_the_least_recently_used_of_64_senders_makes_room},
        {"a_used_sender_that_comes_back_has_an_empty_window",
         a_used_sender_that_comes_back_has_an_empty_window},
        {"a_worker_keeps_few_free_senders_from_another",
         a_worker_keeps_few_free_senders_from_another},
    };
    int rc;

    if (!rs_sender_bench_start_eal())
        return 2;
    rc = rs_test_main("sender", tests, sizeof(tests) / sizeof(tests[0]));
    rte_eal_cleanup();
    return rc;
}
