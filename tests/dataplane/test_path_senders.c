/* SPDX-License-Identifier: BSD-3-Clause */
/* Senders as the opening edge meets them: replayed, forged, many at once, under keys whose tags
 * collide. */
#include <errno.h>
#include <stdlib.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

static struct rs_host *host;

/* ---- sealing ------------------------------------------------------------------------------ */

static void each_sealed_packet_has_the_next_count_of_one_sender(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet first = rs_leg_sealed(host, legs.seal, 0);

    CU_ASSERT_EQUAL(rs_leg_kid(&first) >> 63, 1);
    CU_ASSERT_EQUAL(rs_leg_kid(&first) >> 16 & 0xf, 6); /* the suite's code */
    CU_ASSERT_EQUAL(rs_leg_ctr(&first) >> 63, 1);
    CU_ASSERT_EQUAL(rs_leg_ctr(&first) & UINT32_MAX, 0);
    for (uint32_t i = 1; i < 40; i++) {
        const struct rs_leg_packet next = rs_leg_sealed(host, legs.seal, i);

        CU_ASSERT_EQUAL(rs_leg_kid(&next), rs_leg_kid(&first));
        CU_ASSERT_EQUAL(rs_leg_ctr(&next), rs_leg_ctr(&first) + i);
    }
    rs_legs_end(&legs);
}

/* ---- replay ------------------------------------------------------------------------------- */

static void of_two_copies_in_one_burst_the_first_is_opened(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet packet = rs_leg_sealed(host, legs.seal, 1);

    for (unsigned int round = 0; round < 2; round++) {
        rs_leg_hold(host);
        rs_leg_inject(host, &packet);
        rs_leg_inject(host, &packet);
        rs_host_settle(host);
        CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_OPENED), 1);
        CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_REPLAY), 1 + 2 * round);
    }
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), 1);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

static void what_is_older_than_the_window_is_a_replay(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_leg_packet packets[70];
    struct rs_legs legs;

    config.replay_window = 64;
    legs = rs_legs_make(host, &config);
    for (uint32_t i = 0; i < 70; i++)
        packets[i] = rs_leg_sealed(host, legs.seal, i);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packets[69]), RS_OPENED);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packets[5]), RS_REPLAY);
    for (uint32_t i = 68; i >= 6; i--)
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packets[i]), RS_OPENED);
    for (uint32_t i = 0; i < 70; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packets[i]), RS_REPLAY);
    rs_legs_end(&legs);
}

static void without_a_window_a_packet_opens_as_often_as_it_comes(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_leg_packet packet;
    struct rs_legs legs;

    config.replay_window = 0;
    legs = rs_legs_make(host, &config);
    packet = rs_leg_sealed(host, legs.seal, 1);
    for (unsigned int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    rs_legs_end(&legs);
}

static void two_subscribers_may_receive_the_same_packet(void)
{
    const struct rs_test_frame to_other = {.dst_port = 5006};
    struct rs_stream_config config = rs_host_stream_config(RS_OPEN, 1);
    const struct rs_legs legs = rs_legs_make(host, NULL);
    struct rs_leg_packet packet = rs_leg_sealed(host, legs.seal, 1);
    struct rs_stream *other;

    config.flow.dst_port = 5006;
    other = rs_host_stream(legs.session, &config);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_OPENED);
    packet.frame = &to_other;
    CU_ASSERT_EQUAL(rs_leg_open(host, other, &packet), RS_OPENED);
    CU_ASSERT_EQUAL(rs_leg_open(host, other, &packet), RS_REPLAY);
    packet.frame = NULL;
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &packet), RS_REPLAY);
    rs_stream_destroy(other);
    rs_legs_end(&legs);
}

/* ---- forgery ------------------------------------------------------------------------------ */

static void forged_senders_cost_a_stream_no_more_than_its_tokens(void)
{
    enum { FORGED = 2000 };
    const struct rs_legs legs = rs_legs_make(host, NULL);
    struct rs_leg_packet real = rs_leg_sealed(host, legs.seal, 1);
    uint64_t tried;

    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &real), RS_OPENED);
    rs_leg_hold(host);
    for (uint32_t i = 1; i <= FORGED; i++) {
        const struct rs_leg_packet forged = rs_leg_forged(&real, i);

        rs_leg_inject(host, &forged);
    }
    rs_host_settle(host);
    tried = rs_host_stream_count(legs.open, RS_AUTH_FAILED);
    /* 100, and what came back meanwhile. */
    CU_ASSERT(tried >= 100 && tried <= 200);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_SENDER_LIMIT), FORGED - tried);
    real = rs_leg_sealed(host, legs.seal, 2);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &real), RS_OPENED);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

static void a_newcomer_opens_once_there_is_a_token_again(void)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_leg_packet old = rs_leg_sealed(host, legs.seal, 1);
    struct rs_leg_packet newcomer;

    rs_stream_destroy(legs.seal);
    legs.seal = rs_host_stream(legs.session, &config);
    newcomer = rs_leg_sealed(host, legs.seal, 2);
    CU_ASSERT_NOT_EQUAL(rs_leg_kid(&newcomer), rs_leg_kid(&old));
    for (uint32_t i = 1; i <= 500; i++) {
        const struct rs_leg_packet forged = rs_leg_forged(&old, i);

        rs_leg_inject(host, &forged);
    }
    rs_host_settle(host);
    CU_ASSERT(rs_host_stream_count(legs.open, RS_SENDER_LIMIT) > 0);
    rs_host_poll(host, 50);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &newcomer), RS_OPENED);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &old), RS_OPENED);
    rs_legs_end(&legs);
}

static void newcomers_that_verify_cost_nothing(void)
{
    enum { NEWCOMERS = 250 };
    static struct rs_leg_packet packets[NEWCOMERS];
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_legs legs = rs_legs_make(host, NULL);

    for (uint32_t i = 0; i < NEWCOMERS; i++) {
        packets[i] = rs_leg_sealed(host, legs.seal, i);
        rs_stream_destroy(legs.seal);
        legs.seal = rs_host_stream(legs.session, &config);
    }
    rs_leg_hold(host);
    for (uint32_t i = 0; i < NEWCOMERS; i++)
        rs_leg_inject(host, &packets[i]);
    rs_host_settle(host);
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_OPENED), NEWCOMERS);
    CU_ASSERT_EQUAL(rs_host_discard(host, 1, RS_OPEN), NEWCOMERS);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

/* ---- many at once ------------------------------------------------------------------------- */

/* A stream of each suite, all in one session: suites of both hashes under one key. */
static void every_suite_may_mix_with_the_others_in_one_session_and_burst(void)
{
    enum { SUITES = 9, PACKETS = 3 * SUITES };
    static struct rs_leg_packet packets[PACKETS];
    struct rs_session *session = rs_host_session(host, host, 1);
    struct rs_stream *seal[SUITES], *open[SUITES];
    struct rs_test_frame frames[SUITES];

    CU_ASSERT_EQUAL_FATAL(rs_suite_count, SUITES);
    for (unsigned int s = 0; s < SUITES; s++) {
        struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

        config.suite = &rs_suites[s];
        config.flow.dst_port = (uint16_t)(5004 + 2 * s);
        frames[s] = (struct rs_test_frame){.dst_port = config.flow.dst_port};
        seal[s] = rs_host_stream(session, &config);
        config.direction = RS_OPEN;
        config.link = 1;
        open[s] = rs_host_stream(session, &config);
    }
    for (uint32_t i = 0; i < PACKETS; i++) {
        packets[i] = rs_leg_vp8(i);
        packets[i].frame = &frames[i % SUITES];
        rs_leg_seal(host, seal[i % SUITES], &packets[i]);
    }
    rs_leg_hold(host);
    for (uint32_t i = 0; i < PACKETS; i++)
        rs_leg_inject(host, &packets[i]);
    rs_host_settle(host);
    for (uint32_t i = 0; i < PACKETS; i++) {
        const struct rs_leg_packet plain = rs_leg_vp8(i);

        CU_ASSERT(rs_leg_next_is(host, &plain));
    }
    for (unsigned int s = 0; s < SUITES; s++) {
        CU_ASSERT_EQUAL(rs_host_stream_count(open[s], RS_OPENED), PACKETS / SUITES);
        rs_stream_destroy(seal[s]);
        rs_stream_destroy(open[s]);
    }
    rs_session_destroy(session);
    rs_host_check_sums(host);
}

static void a_stream_without_a_tag_keeps_64_senders_and_opens_from_all(void)
{
    enum { SENDERS = 100 };
    static struct rs_leg_packet packets[SENDERS];
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_worker_info info = {.senders = UINT32_MAX};
    struct rs_legs legs;

    config.suite = rs_suite_find("AES_256_CTR");
    legs = rs_legs_make(host, &config);
    for (uint32_t i = 0; i < SENDERS; i++) {
        packets[i] = rs_leg_sealed(host, legs.seal, i);
        rs_stream_destroy(legs.seal);
        legs.seal = rs_host_stream(legs.session, &config);
    }
    for (unsigned int round = 0; round < 3; round++) {
        rs_leg_hold(host);
        for (uint32_t i = 0; i < SENDERS; i++)
            rs_leg_inject(host, &packets[i]);
        rs_host_settle(host);
        for (uint32_t i = 0; i < SENDERS; i++) {
            const struct rs_leg_packet plain = rs_leg_vp8(i);

            CU_ASSERT(rs_leg_next_is(host, &plain));
        }
    }
    CU_ASSERT_EQUAL(rs_host_stream_count(legs.open, RS_OPENED), 3 * SENDERS);
    for (unsigned int i = 0; i < 1000 && info.senders > 64; i++) {
        rs_host_poll(host, 1);
        rs_dataplane_get_worker(host->dataplane, 0, &info);
    }
    CU_ASSERT_EQUAL(info.senders, 64);
    rs_host_check_sums(host);
    rs_legs_end(&legs);
}

/* ---- key tags that collide ---------------------------------------------------------------- */

/* The key tag of a seed's base key, as a session would show it. */
static uint16_t tag_of(uint32_t seed)
{
    struct rs_session *session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, NULL);
    uint8_t base_key[RS_HOST_KEY_BYTES];
    enum rs_staging staging;
    struct rs_key_info info;

    CU_ASSERT_PTR_NOT_NULL_FATAL(session);
    rs_host_base_key(seed, base_key);
    CU_ASSERT_EQUAL_FATAL(
        rs_session_stage_key(session, base_key, sizeof(base_key), 1, &staging, &info), 0);
    rs_session_destroy(session);
    rs_dataplane_poll(host->dataplane);
    return info.by_hash[RS_HASH_SHA512].key_tag;
}

/* Two seeds whose keys share a tag. */
static void find_collision(uint32_t *a, uint32_t *b)
{
    uint32_t *seed_of = calloc(UINT16_MAX + 1, sizeof(*seed_of));

    CU_ASSERT_PTR_NOT_NULL_FATAL(seed_of);
    for (*b = 1; *b < 4000; (*b)++) {
        const uint16_t tag = tag_of(*b);

        if (*b % 256 == 0)
            rs_host_poll(host, 20);
        if (seed_of[tag] != 0) {
            *a = seed_of[tag];
            free(seed_of);
            return;
        }
        seed_of[tag] = *b;
    }
    CU_FAIL_FATAL("no two keys share a tag");
}

static void keys_with_one_tag_are_all_tried(void)
{
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct rs_session *session, *sealing;
    struct rs_leg_packet packets[2][8];
    struct rs_stream *there, *back;
    uint32_t seeds[2] = {0};

    find_collision(&seeds[0], &seeds[1]);
    for (unsigned int k = 0; k < 2; k++) {
        sealing = rs_host_session(host, NULL, seeds[k]);
        there = rs_host_stream(sealing, &seal);
        for (uint32_t i = 0; i < 8; i++)
            packets[k][i] = rs_leg_sealed(host, there, 8 * k + i);
        rs_stream_destroy(there);
        rs_session_destroy(sealing);
    }
    CU_ASSERT_EQUAL(rs_leg_kid(&packets[0][0]) & 0xffff, rs_leg_kid(&packets[1][0]) & 0xffff);
    session = rs_host_session(host, &host, seeds[0]);
    back = rs_host_stream(session, &open);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packets[1][0]), RS_AUTH_FAILED);
    rs_host_set_key(session, seeds[1], 2);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packets[0][0]), RS_OPENED);
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packets[1][0]), RS_OPENED);
    rs_leg_hold(host);
    for (uint32_t i = 1; i < 8; i++) {
        rs_leg_inject(host, &packets[0][i]);
        rs_leg_inject(host, &packets[1][i]);
    }
    rs_host_settle(host);
    for (uint32_t i = 2; i < 16; i++) {
        const struct rs_leg_packet plain = rs_leg_vp8(i % 2 * 8 + i / 2);

        CU_ASSERT(rs_leg_next_is(host, &plain));
    }
    packets[0][7].payload[50] ^= 1;
    rs_leg_trailer(&packets[0][7])[16] ^= 0x10;
    CU_ASSERT_EQUAL(rs_leg_open(host, back, &packets[0][7]), RS_AUTH_FAILED);
    rs_host_check_sums(host);
    rs_stream_destroy(back);
    rs_session_destroy(session);
}

static void without_a_tag_two_keys_with_one_key_tag_are_refused(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_OPEN, 1);
    uint8_t base_key[RS_HOST_KEY_BYTES];
    struct rs_session *session;
    struct rs_stream *stream;
    enum rs_staging staging;
    struct rs_key_info info;
    uint32_t seeds[2] = {0};

    find_collision(&seeds[0], &seeds[1]);
    config.suite = rs_suite_find("AES_256_CTR");
    session = rs_host_session(host, &host, seeds[0]);
    stream = rs_host_stream(session, &config);
    rs_host_base_key(seeds[1], base_key);
    CU_ASSERT_EQUAL(rs_session_stage_key(session, base_key, sizeof(base_key), 2, &staging, &info),
                    -EEXIST);
    rs_stream_destroy(stream);
    rs_host_stage(session, seeds[1], 2);
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"each_sealed_packet_has_the_next_count_of_one_sender",
         each_sealed_packet_has_the_next_count_of_one_sender},
        {"of_two_copies_in_one_burst_the_first_is_opened",
         of_two_copies_in_one_burst_the_first_is_opened},
        {"what_is_older_than_the_window_is_a_replay", what_is_older_than_the_window_is_a_replay},
        {"without_a_window_a_packet_opens_as_often_as_it_comes",
         without_a_window_a_packet_opens_as_often_as_it_comes},
        {"two_subscribers_may_receive_the_same_packet",
         two_subscribers_may_receive_the_same_packet},
        {"forged_senders_cost_a_stream_no_more_than_its_tokens",
         forged_senders_cost_a_stream_no_more_than_its_tokens},
        {"a_newcomer_opens_once_there_is_a_token_again",
         a_newcomer_opens_once_there_is_a_token_again},
        {"newcomers_that_verify_cost_nothing", newcomers_that_verify_cost_nothing},
        {"every_suite_may_mix_with_the_others_in_one_session_and_burst",
         every_suite_may_mix_with_the_others_in_one_session_and_burst},
        {"a_stream_without_a_tag_keeps_64_senders_and_opens_from_all",
         a_stream_without_a_tag_keeps_64_senders_and_opens_from_all},
        {"keys_with_one_tag_are_all_tried", keys_with_one_tag_are_all_tried},
        {"without_a_tag_two_keys_with_one_key_tag_are_refused",
         without_a_tag_two_keys_with_one_key_tag_are_refused},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("path_senders", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
