/* SPDX-License-Identifier: BSD-3-Clause */
/* Many streams changed at once: all or none, flows that change hands without a gap, and nothing
 * left over of what failed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dataplane/table.h"
#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum {
    MAX_STREAMS = 64,
    POSITIONS = MAX_STREAMS + MAX_STREAMS / 4 + 64, /* that the flow table has */
    SWAPS = 400,
    SSRC = 0x100,
    PATIENCE_MS = 60000,
};

static struct rs_host *host;
static char owners[POSITIONS + 2];

/* The session of all tests. */
static struct rs_session *session(void)
{
    static struct rs_session *made;

    if (made == NULL)
        made = rs_host_session(host, NULL, 1);
    return made;
}

/* A stream's configuration, by the SSRCs it names on the one flow of these tests. */
static struct rs_stream_config naming(unsigned int owner, const uint32_t *ssrcs, size_t count)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    config.owner = &owners[owner];
    config.ssrcs = ssrcs;
    config.ssrc_count = count;
    return config;
}

static struct rs_stream *create(unsigned int owner, const uint32_t *ssrcs, size_t count)
{
    const struct rs_stream_config config = naming(owner, ssrcs, count);

    return rs_host_stream(session(), &config);
}

static struct rs_stream *add(struct rs_stream_batch *batch, unsigned int owner,
                             const uint32_t *ssrcs, size_t count)
{
    const struct rs_stream_config config = naming(owner, ssrcs, count);
    struct rs_stream *stream = NULL;

    CU_ASSERT_EQUAL_FATAL(rs_stream_batch_add(batch, session(), &config, &stream), 0);
    return stream;
}

static struct rs_stream_batch *begin(void)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(host->dataplane);

    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    return batch;
}

/* The number of the owner whose stream has the SSRC, or -1. */
static int owner_of(uint32_t ssrc)
{
    const struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    const char *owner = rs_stream_find(host->dataplane, 0, RS_SEAL, &config.flow, ssrc);

    return owner == NULL ? -1 : (int)(owner - owners);
}

static enum rs_outcome seal(const struct rs_stream *stream, uint32_t ssrc)
{
    struct rs_leg_packet packet = rs_leg_vp8(1);

    packet.ssrc = ssrc;
    return rs_leg_run(host, 0, RS_SEAL, stream, &packet, NULL);
}

static uint64_t session_packets(void)
{
    struct rs_counters sum;

    rs_session_get_counters(session(), RS_SEAL, &sum);
    return sum.packets_in;
}

/* Streams that a worker can have seen and that are not freed yet. */
static unsigned int listed(void)
{
    const struct rs_stream *stream;
    unsigned int count = 0;

    TAILQ_FOREACH(stream, &session()->streams, entry)
        count++;
    return count;
}

/* Waits for that many to be left: those removed go when workers and a grace period let them. */
static void wait_until_listed(unsigned int count)
{
    for (unsigned int ms = 0; ms < PATIENCE_MS && listed() != count; ms++)
        rs_host_poll(host, 1);
    CU_ASSERT_EQUAL_FATAL(listed(), count);
}

static void what_is_added_is_seen_and_what_is_removed_goes_on_until_the_commit(void)
{
    static const uint32_t one = 1, two = 2;
    struct rs_stream *leaving = create(0, &one, 1), *added;
    struct rs_stream_batch *batch = begin();
    const uint64_t before = session_packets();

    added = add(batch, 1, &two, 1);
    CU_ASSERT_EQUAL(rs_stream_batch_remove(batch, leaving), 0);
    CU_ASSERT_EQUAL(rs_stream_batch_remove(batch, leaving), 0);
    CU_ASSERT_EQUAL(seal(leaving, 1), RS_SEALED);
    CU_ASSERT_EQUAL(seal(NULL, 2), RS_NO_STREAM);
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), 0);
    CU_ASSERT_EQUAL(seal(NULL, 1), RS_NO_STREAM);
    CU_ASSERT_EQUAL(seal(added, 2), RS_SEALED);
    rs_host_poll(host, 50);
    CU_ASSERT_EQUAL(session_packets(), before + 2);
    rs_stream_destroy(added);
}

static void an_aborted_batch_leaves_everything_as_it_was(void)
{
    static const uint32_t one = 1;
    struct rs_stream *stays = create(0, &one, 1);
    struct rs_stream_batch *batch = begin();

    add(batch, 1, &one, 1);
    rs_stream_batch_remove(batch, stays);
    rs_stream_batch_abort(batch);
    CU_ASSERT_EQUAL(seal(stays, 1), RS_SEALED);
    batch = begin();
    add(batch, 1, &one, 1);
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), -EEXIST); /* it leaves no more */
    rs_stream_destroy(stays);
}

static void inject(uint32_t ssrc)
{
    struct rs_leg_packet packet = rs_leg_vp8(1);
    uint8_t frame[RS_HOST_FRAME_BYTES];

    packet.ssrc = ssrc;
    rs_host_inject(host, 0, RS_SEAL, 0, frame, rs_leg_write(&packet, frame, sizeof(frame)));
}

static void a_flow_changes_hands_without_a_packet_lost_and_the_session_counts_on(void)
{
    static const uint32_t ssrcs[] = {1, 2, 3};
    const uint64_t sealed = rs_host_path_count(host, 0, RS_SEAL, RS_SEALED);
    const uint64_t before = session_packets();
    struct rs_stream *holder = create(0, ssrcs, 3);
    uint64_t last = before;

    for (unsigned int i = 0; i < SWAPS; i++) {
        struct rs_stream_batch *batch = begin();
        struct rs_stream *next = add(batch, 1 + i % 2, ssrcs, 3);

        rs_stream_batch_remove(batch, holder);
        for (unsigned int n = 0; n < 3; n++)
            inject(ssrcs[n]);
        CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), 0);
        inject(ssrcs[i % 3]);
        CU_ASSERT_EQUAL(owner_of(ssrcs[i % 3]), 1 + i % 2);
        holder = next;
        if (i % 8 == 0)
            rs_host_settle(host);
        CU_ASSERT(session_packets() >= last);
        last = session_packets();
    }
    rs_host_settle(host);
    rs_host_poll(host, 50);
    CU_ASSERT_EQUAL(rs_host_path_count(host, 0, RS_SEAL, RS_SEALED), sealed + 4 * SWAPS);
    CU_ASSERT_EQUAL(session_packets(), before + 4 * SWAPS);
    rs_host_discard(host, 0, RS_SEAL);
    rs_stream_destroy(holder);
}

static void a_flow_of_a_stream_that_stays_fails_the_batch_before_any_of_it_is_seen(void)
{
    static const uint32_t one = 1, two = 2, both[] = {3, 2};
    struct rs_stream *leaving = create(0, &one, 1), *stays = create(1, &two, 1);
    struct rs_stream_batch *batch = begin();
    void *blamed = NULL;

    wait_until_listed(2);
    add(batch, 2, &one, 1);
    add(batch, 3, both, 2);
    rs_stream_batch_remove(batch, leaving);
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, &blamed), -EEXIST);
    CU_ASSERT_PTR_EQUAL(blamed, &owners[3]);
    CU_ASSERT_EQUAL(listed(), 2);
    CU_ASSERT_EQUAL(seal(leaving, 1), RS_SEALED);
    CU_ASSERT_EQUAL(seal(stays, 2), RS_SEALED);
    CU_ASSERT_EQUAL(seal(NULL, 3), RS_NO_STREAM);
    rs_stream_destroy(leaving);
    rs_stream_destroy(stays);
}

static void two_that_want_the_same_flow_fail_and_give_back_what_they_had_taken(void)
{
    static const uint32_t first[] = {1, 2}, second[] = {1, 5}, third[] = {4, 5}, four = 4;
    struct rs_stream *leaving = create(0, first, 2), *again;
    struct rs_stream_batch *batch = begin();
    const uint64_t before = session_packets();
    void *blamed = NULL;

    add(batch, 1, second, 2);
    add(batch, 2, third, 2);
    rs_stream_batch_remove(batch, leaving);
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, &blamed), -EEXIST);
    CU_ASSERT_PTR_EQUAL(blamed, &owners[2]);
    CU_ASSERT_EQUAL(seal(leaving, 1), RS_SEALED);
    CU_ASSERT_EQUAL(seal(leaving, 2), RS_SEALED);
    CU_ASSERT_EQUAL(seal(NULL, 4), RS_NO_STREAM);
    CU_ASSERT_EQUAL(seal(NULL, 5), RS_NO_STREAM);
    again = create(3, &four, 1);
    CU_ASSERT_EQUAL(seal(again, 4), RS_SEALED);
    rs_host_poll(host, 50);
    CU_ASSERT_EQUAL(session_packets(), before + 3);
    rs_stream_destroy(leaving);
    rs_stream_destroy(again);
}

/* Makes streams until the flow table is full, checks each, and removes them. Returns how many. */
static unsigned int capacity(void)
{
    struct rs_stream *streams[POSITIONS + 1];
    struct rs_stream_batch *batch;
    unsigned int count = 0;

    wait_until_listed(0);
    while (count <= POSITIONS) {
        const uint32_t ssrc = SSRC + count;
        const struct rs_stream_config config = naming(count, &ssrc, 1);

        if (rs_stream_create(session(), &config, &streams[count]) != 0)
            break;
        count++;
    }
    batch = begin();
    for (unsigned int i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(owner_of(SSRC + i), (int)i);
        rs_stream_batch_remove(batch, streams[i]);
    }
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), 0);
    wait_until_listed(0);
    return count;
}

static void a_batch_that_is_too_large_fails_and_changes_nothing(void)
{
    static const uint32_t one = 1;
    struct rs_stream *leaving = create(0, &one, 1);
    struct rs_stream_batch *batch = begin();
    void *blamed = NULL;

    add(batch, 1, &one, 1);
    for (uint32_t i = 0; i < POSITIONS; i++)
        add(batch, i + 2, &(uint32_t){SSRC + i}, 1);
    rs_stream_batch_remove(batch, leaving);
    CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, &blamed), -ENOSPC);
    CU_ASSERT((char *)blamed > &owners[MAX_STREAMS] && (char *)blamed < owners + sizeof(owners));
    CU_ASSERT_EQUAL(seal(leaving, 1), RS_SEALED);
    for (uint32_t i = 0; i < POSITIONS; i++)
        CU_ASSERT_EQUAL(owner_of(SSRC + i), -1);
    rs_stream_destroy(leaving);
}

/* Each way a position can go: taken over, given back, freed, with several of a stream's at once. */
static void churn(unsigned int rounds)
{
    static const uint32_t old[] = {1, 2, 3}, some[] = {2, 9}, clash[] = {9, 3};
    struct rs_stream *holder, *next;

    for (unsigned int i = 0; i < rounds; i++) {
        struct rs_stream_batch *batch = begin();

        holder = create(0, old, 3);
        add(batch, 1, some, 2);
        add(batch, 2, clash, 2);
        rs_stream_batch_remove(batch, holder);
        CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), -EEXIST);
        batch = begin();
        next = add(batch, 1, some, 2);
        rs_stream_batch_remove(batch, holder);
        CU_ASSERT_EQUAL(rs_stream_batch_commit(batch, NULL), 0);
        CU_ASSERT_EQUAL(owner_of(1), -1);
        CU_ASSERT_EQUAL(owner_of(2), 1);
        rs_stream_destroy(next);
        CU_ASSERT_EQUAL(owner_of(2), -1);
        wait_until_listed(0);
    }
}

static void no_position_is_lost_or_freed_twice(void)
{
    const unsigned int before = capacity();

    CU_ASSERT(before >= MAX_STREAMS && before <= POSITIONS);
    churn(2 * POSITIONS);
    CU_ASSERT_EQUAL(capacity(), before);
    a_batch_that_is_too_large_fails_and_changes_nothing();
    CU_ASSERT_EQUAL(capacity(), before);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"what_is_added_is_seen_and_what_is_removed_goes_on_until_the_commit",
         what_is_added_is_seen_and_what_is_removed_goes_on_until_the_commit},
        {"an_aborted_batch_leaves_everything_as_it_was",
         an_aborted_batch_leaves_everything_as_it_was},
        {"a_flow_changes_hands_without_a_packet_lost_and_the_session_counts_on",
         a_flow_changes_hands_without_a_packet_lost_and_the_session_counts_on},
        {"a_flow_of_a_stream_that_stays_fails_the_batch_before_any_of_it_is_seen",
         a_flow_of_a_stream_that_stays_fails_the_batch_before_any_of_it_is_seen},
        {"two_that_want_the_same_flow_fail_and_give_back_what_they_had_taken",
         two_that_want_the_same_flow_fail_and_give_back_what_they_had_taken},
        {"a_batch_that_is_too_large_fails_and_changes_nothing",
         a_batch_that_is_too_large_fails_and_changes_nothing},
        {"no_position_is_lost_or_freed_twice", no_position_is_lost_or_freed_twice},
    };
    const struct rs_host_config config = {.worker_count = 1, .max_streams = MAX_STREAMS};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("batch", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
