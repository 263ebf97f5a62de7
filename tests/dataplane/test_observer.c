/* SPDX-License-Identifier: BSD-3-Clause */
/* What the observer is told of keys and streams, and when: each once, out of poll, and no more of
 * what has ended. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "dataplane/cipher.h"
#include "dataplane/key.h"
#include "dataplane/notice.h"
#include "dataplane/table.h"
#include "dataplane/wire.h"
#include "tests/support/frame.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum { TOKENS = 100 };

static struct rs_host *host;
static char a, b; /* owners */

static struct rs_stream *sealing_stream(struct rs_session *session, uint32_t ssrc)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    config.ssrcs = &ssrc;
    config.ssrc_count = 1;
    return rs_host_stream(session, &config);
}

/* Whether activations told so far have exactly these epochs, in whatever order. */
static bool told(const void *owner, const uint32_t *epochs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned int times = 0;

        for (size_t n = 0; n < rs_host_count_events(host, RS_HOST_ACTIVATED, owner); n++)
            times += rs_host_event(host, RS_HOST_ACTIVATED, owner, n)->epoch == epochs[i];
        if (times != 1)
            return false;
    }
    return rs_host_count_events(host, RS_HOST_ACTIVATED, owner) == count;
}

static void the_first_packet_sealed_is_told_whatever_else_its_burst_holds(void)
{
    struct rs_traffic *traffic = calloc(1, sizeof(*traffic));
    struct rs_session *first = rs_host_session(host, &a, 1), *second = rs_host_session(host, &b, 2);
    struct rs_stream *streams[] = {sealing_stream(first, rs_traffic_ssrc(0)),
                                   sealing_stream(second, rs_traffic_ssrc(1))};
    const struct rs_host_event *event;

    traffic->host = host;
    rs_host_wait_events(host, RS_HOST_ACTIVATED, &a, 1);
    rs_host_forget_events(host);
    rs_wire_port_stall(host->ports[0][RS_SEAL], 0, 30);
    usleep(5000);
    rs_host_set_key(first, 3, 2);
    rs_traffic_send(traffic, 0, 0);
    rs_traffic_send(traffic, 0, 0);
    rs_traffic_send(traffic, 1, 0);
    CU_ASSERT_EQUAL_FATAL(rs_host_wait_events(host, RS_HOST_ACTIVATED, &a, 1), 1);
    event = rs_host_event(host, RS_HOST_ACTIVATED, &a, 0);
    CU_ASSERT_EQUAL(event->epoch, 2);
    CU_ASSERT_NOT_EQUAL(event->activation.first_sealed_ns[0], UINT64_MAX);
    CU_ASSERT_EQUAL(event->activation.first_sealed_ns[1], UINT64_MAX);
    rs_host_settle(host);
    rs_host_discard(host, 0, RS_SEAL);
    rs_stream_destroy(streams[0]);
    rs_stream_destroy(streams[1]);
    rs_session_destroy(first);
    rs_session_destroy(second);
    free(traffic);
}

static void a_key_staged_again_is_not_told_as_active_before_it_is(void)
{
    struct rs_session *session;
    uint32_t replaced;

    rs_host_forget_events(host);
    rs_wire_port_stall(host->ports[0][RS_SEAL], 1, 200);
    usleep(5000);
    session = rs_host_session(host, &a, 1);
    rs_host_set_key(session, 2, 2);
    rs_host_stage(session, 1, 3);
    rs_host_wait_events(host, RS_HOST_ACTIVATED, &a, 2);
    rs_host_poll(host, 200); /* for one too many to show itself */
    CU_ASSERT(told(&a, (const uint32_t[]){1, 2}, 2));
    CU_ASSERT_EQUAL(rs_session_activate_key(session, &replaced), 0);
    rs_host_wait_events(host, RS_HOST_ACTIVATED, &a, 3);
    CU_ASSERT(told(&a, (const uint32_t[]){1, 2, 3}, 3));
    rs_session_destroy(session);
}

static void a_key_activated_again_at_once_is_told_out_of_poll_and_for_the_last_time_only(void)
{
    struct rs_session *session;
    size_t before;

    rs_host_poll(host, 100);
    rs_host_forget_events(host);
    session = rs_host_session(host, &a, 1);
    rs_host_set_key(session, 2, 2);
    rs_host_poll(host, 10); /* seen by both workers, not settled yet */
    before = rs_host_count_events(host, RS_HOST_ACTIVATED, &a);
    rs_host_set_key(session, 1, 3);
    rs_host_set_key(session, 2, 4);
    rs_host_set_key(session, 1, 5);
    CU_ASSERT_EQUAL(rs_host_count_events(host, RS_HOST_ACTIVATED, &a), before);
    rs_host_forget_events(host);
    rs_host_wait_events(host, RS_HOST_ACTIVATED, &a, 2);
    rs_host_poll(host, 200);
    CU_ASSERT(told(&a, (const uint32_t[]){4, 5}, 2));
    rs_session_destroy(session);
}

static void an_ended_session_is_told_of_no_more(void)
{
    struct rs_session *session = rs_host_session(host, &b, 1);

    rs_host_set_key(session, 2, 2);
    rs_session_retire_key(session, 1);
    rs_session_destroy(session);
    rs_host_forget_events(host);
    rs_host_poll(host, 200);
    CU_ASSERT_EQUAL(rs_host_count_told(host), 0);
}

/* ---- without workers ---------------------------------------------------------------------- */

static unsigned int retired_calls, trouble_calls;
static const struct rs_key *retired_key;
static void *stream_owner;

static void check_wiped(void *owner, const struct rs_retirement *retirement)
{
    static const struct rs_key_secret nothing;

    CU_ASSERT_PTR_EQUAL(owner, &a);
    CU_ASSERT_EQUAL(retirement->epoch, 7);
    CU_ASSERT_EQUAL(retirement->workers_wiped, 1);
    CU_ASSERT_DOUBLE_EQUAL((double)retirement->grace_ns, 3e6, 1e3);
    CU_ASSERT(retirement->wiped_ns >= 7999000);
    CU_ASSERT_EQUAL(memcmp(&retired_key->by_hash[0], &nothing, sizeof(nothing)), 0);
    retired_calls++;
}

static void forget_stream(void *owner, const struct rs_trouble_report *report)
{
    CU_ASSERT_PTR_NOT_NULL(owner);
    CU_ASSERT_EQUAL(report->trouble, RS_TROUBLE_UNKNOWN_TAG);
    stream_owner = NULL;
    trouble_calls++;
}

static const struct rs_observer strict = {.key_retired = check_wiped,
                                          .stream_trouble = forget_stream};

static void a_key_is_wiped_before_it_is_told_as_retired(void)
{
    struct rs_cipher *cipher = rs_cipher_create(RS_ISA_AUTO);
    struct rs_mailbox box = {NULL}, *boxes[] = {&box};
    struct rs_keys *keys = rs_keys_create(cipher, 1, boxes, &strict, -1);
    struct rs_session session = {.owner = &a};
    uint8_t base_key[RS_HOST_KEY_BYTES];
    struct rs_key *key;

    rs_host_base_key(1, base_key);
    key = rs_key_create(keys, base_key, sizeof(base_key));
    key->epoch = 7;
    key->session = &session;
    LIST_INSERT_HEAD(&session.keys, key, session_entry);
    key->wiping = 1;
    key->unlinked_tsc = rte_rdtsc() - rte_get_tsc_hz() * 8 / 1000;
    key->grace_passed_tsc = key->unlinked_tsc + rte_get_tsc_hz() * 3 / 1000;
    retired_key = key;
    rs_keys_take_mail(&key->workers[0].wipe);
    CU_ASSERT_EQUAL(retired_calls, 1);
    rs_keys_destroy(keys);
    rs_cipher_destroy(cipher);
}

static void an_observer_that_destroys_the_stream_hears_no_more_of_it(void)
{
    struct rs_notice *notice = rs_lines_alloc(rs_notice_bytes(RS_TROUBLE_SSRCS));
    struct rs_mailbox box = {NULL};

    CU_ASSERT_PTR_NOT_NULL_FATAL(notice);
    rs_notice_init(notice, RS_TROUBLE_SSRCS, 0, NULL, 1);
    for (uint32_t ssrc = 1; ssrc <= 3; ssrc++) {
        for (int i = 0; i < RS_TROUBLE_RUN; i++)
            rs_notice_dropped(notice, &box, 0, ssrc, RS_SECRET_MISMATCH, 1);
    }
    rs_notice_opened(notice, &box, 9, 1);
    stream_owner = &a;
    rs_notice_tell(notice, &strict, &stream_owner);
    CU_ASSERT_EQUAL(trouble_calls, 1);
    rs_notice_tell(notice, &strict, &stream_owner);
    CU_ASSERT_EQUAL(trouble_calls, 1);
    free(notice);
}

static void count_change(void *owner, const struct rs_trouble_report *report)
{
    unsigned int *changes = owner; /* begun, ended */

    CU_ASSERT_EQUAL(report->ssrc, 7);
    changes[0] += report->trouble == RS_TROUBLE_UNKNOWN_TAG;
    changes[1] += report->previous == RS_TROUBLE_UNKNOWN_TAG;
}

/* The only SSRC there is gets into trouble and out of it, more often than changes are numbered. */
static void a_notice_of_one_ssrc_has_one_word_and_tells_all_of_it(void)
{
    static const struct rs_observer counting = {.stream_trouble = count_change};
    struct rs_notice *notice = rs_lines_alloc(rs_notice_bytes(1));
    unsigned int changes[2] = {0, 0};
    void *const owner = changes;
    struct rs_mailbox box = {NULL};

    CU_ASSERT_PTR_NOT_NULL_FATAL(notice);
    CU_ASSERT_EQUAL(rs_notice_words(0), 8); /* any SSRC */
    CU_ASSERT_EQUAL(rs_notice_words(1), 1);
    CU_ASSERT_EQUAL(rs_notice_words(64), 8);
    CU_ASSERT(rs_notice_bytes(1) < rs_notice_bytes(8));
    rs_notice_init(notice, 1, 0, NULL, 1);
    for (unsigned int round = 0; round < 300; round++) {
        for (int i = 0; i < RS_TROUBLE_RUN; i++)
            rs_notice_dropped(notice, &box, round, 7, RS_SECRET_MISMATCH, 1);
        rs_notice_tell(notice, &counting, &owner);
        CU_ASSERT_EQUAL(changes[0], round + 1);
        rs_notice_opened(notice, &box, 7, 1);
        rs_notice_tell(notice, &counting, &owner);
        CU_ASSERT_EQUAL(changes[1], round + 1);
        (void)rs_mail_take_all(&box);
    }
    free(notice);
}

/* ---- tokens ------------------------------------------------------------------------------- */

/* A packet that looks sealed with the session's key, by a sender that never was. */
static void inject_forged(uint64_t sender_id, uint16_t key_tag)
{
    uint8_t body[100] = {0x10}, rtp[128], frame[200];
    struct rs_test_rtp header = {
        .payload_type = 96, .ssrc = 5, .body = body, .body_bytes = sizeof(body)};
    struct rs_test_frame outer = {.payload = rtp};
    const struct rs_trailer trailer = {.kid = rs_kid_make(sender_id, 6, key_tag),
                                       .ctr = rs_ctr_make(1, 1)};

    rs_wire_write(&trailer, body + sizeof(body) - RS_WIRE_TRAILER_BYTES);
    outer.payload_bytes = rs_test_rtp_write(&header, rtp, sizeof(rtp));
    rs_host_inject(host, 1, RS_OPEN, 0, frame, rs_test_frame_write(&outer, frame, sizeof(frame)));
}

static void forged_senders_cost_a_token_each_even_within_one_burst(void)
{
    struct rs_session *session = rs_host_session(host, &a, 1);
    const struct rs_stream_config config = rs_host_stream_config(RS_OPEN, 1);
    struct rs_stream *stream = rs_host_stream(session, &config);
    struct rs_keyring_info ring;
    struct timespec from, to;
    uint64_t tried, refused;
    long earned;

    rs_session_get_keyring(session, &ring);
    clock_gettime(CLOCK_MONOTONIC, &from);
    rs_wire_port_stall(host->ports[1][RS_OPEN], 0, 20);
    for (unsigned int i = 0; i < 150; i++)
        inject_forged(1000 + i, ring.active.by_hash[RS_HASH_SHA512].key_tag);
    rs_host_settle(host);
    clock_gettime(CLOCK_MONOTONIC, &to);
    earned = ((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000) / 10 + 1;
    tried = rs_host_stream_count(stream, RS_AUTH_FAILED);
    refused = rs_host_stream_count(stream, RS_SENDER_LIMIT);
    CU_ASSERT_EQUAL(tried + refused, 150);
    CU_ASSERT(tried >= TOKENS);
    CU_ASSERT(tried <= TOKENS + (uint64_t)earned);
    rs_stream_destroy(stream);
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"the_first_packet_sealed_is_told_whatever_else_its_burst_holds",
         the_first_packet_sealed_is_told_whatever_else_its_burst_holds},
        {"a_key_staged_again_is_not_told_as_active_before_it_is",
         a_key_staged_again_is_not_told_as_active_before_it_is},
        {"a_key_activated_again_at_once_is_told_out_of_poll_and_for_the_last_time_only",
         a_key_activated_again_at_once_is_told_out_of_poll_and_for_the_last_time_only},
        {"an_ended_session_is_told_of_no_more", an_ended_session_is_told_of_no_more},
        {"a_key_is_wiped_before_it_is_told_as_retired",
         a_key_is_wiped_before_it_is_told_as_retired},
        {"an_observer_that_destroys_the_stream_hears_no_more_of_it",
         an_observer_that_destroys_the_stream_hears_no_more_of_it},
        {"a_notice_of_one_ssrc_has_one_word_and_tells_all_of_it",
         a_notice_of_one_ssrc_has_one_word_and_tells_all_of_it},
        {"forged_senders_cost_a_token_each_even_within_one_burst",
         forged_senders_cost_a_token_each_even_within_one_burst},
    };
    int rc;

    host = rs_host_start(NULL);
    rc = rs_test_main("observer", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
