/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is left of a key once it is told as retired, or of a stream's senders once it is gone: not a
 * byte of it anywhere in the process, read back from /proc/self/mem.
 */
#include "dataplane/keyring.h"
#include "dataplane/sender.h"
#include "dataplane/table.h"
#include "tests/support/memory.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum { STREAMS = 4, NEEDLES_MAX = 1024 };

static struct rs_host *host;
static struct rs_traffic traffic;
static struct rs_memory_needle needles[NEEDLES_MAX];
static size_t needle_count;
static char sealer_owner, opener_owner;

static bool is_worth_it(const uint8_t *bytes)
{
    unsigned int zeros = 0;

    for (unsigned int i = 0; i < RS_MEMORY_NEEDLE_BYTES; i++)
        zeros += bytes[i] == 0;
    return zeros < RS_MEMORY_NEEDLE_BYTES / 2;
}

/* All blocks of some memory that are not mostly zero. */
static void remember(const void *memory, size_t bytes)
{
    const uint8_t *at = memory;

    for (size_t i = 0; i + RS_MEMORY_NEEDLE_BYTES <= bytes; i += RS_MEMORY_NEEDLE_BYTES) {
        if (!is_worth_it(at + i))
            continue;
        CU_ASSERT_FATAL(needle_count < NEEDLES_MAX);
        rs_memory_remember(&needles[needle_count++], at + i);
    }
}

/* The key's secret and what the workers, which are idle, have derived from it. */
static unsigned int remember_key(const struct rs_session *session)
{
    const struct rs_key *key = session->ring->active;
    unsigned int senders = 0;

    remember(key->by_hash[RS_HASH_SHA512].sframe_secret, 64);
    remember(key->by_hash[RS_HASH_SHA256].sframe_secret, 32);
    for (unsigned int w = 0; w < host->worker_count; w++) {
        const struct rs_sender *sender;

        LIST_FOREACH(sender, &key->workers[w].senders, key_entry) {
            remember(sender->keys, rs_cipher_keys_bytes_of(rs_slot_stream(sender->slot)->suite));
            senders++;
        }
    }
    return senders;
}

struct edges {
    struct rs_session *sealer, *opener;
    struct rs_stream *publish, *subscribe;
};

static struct edges connect_edges(const char *suite)
{
    struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);
    struct edges edges = {.sealer = rs_host_session(host, &sealer_owner, 1),
                          .opener = rs_host_session(host, &opener_owner, 1)};

    seal.suite = open.suite = rs_suite_find(suite);
    edges.publish = rs_host_stream(edges.sealer, &seal);
    edges.subscribe = rs_host_stream(edges.opener, &open);
    rs_host_forget_events(host);
    needle_count = 0;
    return edges;
}

static void send_round(void)
{
    for (unsigned int s = 0; s < STREAMS; s++)
        rs_traffic_send(&traffic, s, (uint16_t)(s % host->worker_count));
    rs_traffic_wait(&traffic, 0, STREAMS, traffic.next_sent[0]);
    rs_host_settle(host);
}

/* Polls until the workers hold no sender any more, for at most 5 seconds. */
static void wait_for_no_senders(void)
{
    for (int i = 0; i < 500; i++) {
        uint32_t senders = 0;

        for (unsigned int w = 0; w < host->worker_count; w++) {
            struct rs_worker_info info;

            rs_dataplane_get_worker(host->dataplane, w, &info);
            senders += info.senders;
        }
        if (senders == 0)
            return;
        rs_host_poll(host, 10);
    }
    CU_FAIL("senders are left");
}

static void disconnect(const struct edges *edges)
{
    rs_session_destroy(edges->sealer);
    rs_session_destroy(edges->opener);
    rs_host_poll(host, 300);
}

static void check_retired_key(const char *suite)
{
    const struct edges edges = connect_edges(suite);

    send_round();
    /* one sender for each worker on the sealing edge, each of them known to one worker or two */
    CU_ASSERT_EQUAL(remember_key(edges.sealer), 2);
    CU_ASSERT(remember_key(edges.opener) >= 2);
    CU_ASSERT_EQUAL(rs_memory_count(needles, needle_count), needle_count);
    rs_traffic_rekey(edges.sealer, edges.opener, 2, 2);
    send_round();
    CU_ASSERT_EQUAL(rs_session_retire_key(edges.sealer, 1), 0);
    CU_ASSERT_EQUAL(rs_session_retire_key(edges.opener, 1), 0);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_RETIRED, &sealer_owner, 1), 1);
    CU_ASSERT_EQUAL(rs_host_wait_events(host, RS_HOST_RETIRED, &opener_owner, 1), 1);
    CU_ASSERT_EQUAL(rs_memory_count(needles, needle_count), 0);
    send_round();
    rs_stream_destroy(edges.publish);
    rs_stream_destroy(edges.subscribe);
    disconnect(&edges);
}

static void a_retired_key_leaves_nothing_with_the_default_suite(void)
{
    check_retired_key("AES_256_CTR_HMAC_SHA512_80");
}

static void a_retired_key_leaves_nothing_with_gcm(void)
{
    check_retired_key("AES_256_GCM_SHA512_128");
}

static void a_retired_key_leaves_nothing_with_the_other_hash(void)
{
    check_retired_key("AES_128_CTR_HMAC_SHA256_32");
}

static void a_retired_key_leaves_nothing_without_a_tag(void)
{
    check_retired_key("AES_256_CTR");
}

static void streams_and_sessions_that_are_gone_leave_nothing(void)
{
    const struct edges edges = connect_edges("AES_256_CTR_HMAC_SHA512_80");

    send_round();
    remember_key(edges.sealer);
    remember_key(edges.opener);
    CU_ASSERT_EQUAL(rs_memory_count(needles, needle_count), needle_count);
    rs_stream_destroy(edges.publish);
    rs_stream_destroy(edges.subscribe);
    wait_for_no_senders();
    /* both sessions hold the same secret still, by either hash, but no sender is left */
    CU_ASSERT_EQUAL(rs_memory_count(needles, needle_count), 2 * (64 + 32) / RS_MEMORY_NEEDLE_BYTES);
    disconnect(&edges);
    /* nobody is told of the end of these sessions' keys: they have some time */
    for (int i = 0; i < 10 && rs_memory_count(needles, needle_count) > 0; i++)
        rs_host_poll(host, 300);
    CU_ASSERT_EQUAL(rs_memory_count(needles, needle_count), 0);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_retired_key_leaves_nothing_with_the_default_suite",
         a_retired_key_leaves_nothing_with_the_default_suite},
        {"a_retired_key_leaves_nothing_with_gcm", a_retired_key_leaves_nothing_with_gcm},
        {"a_retired_key_leaves_nothing_with_the_other_hash",
         a_retired_key_leaves_nothing_with_the_other_hash},
        {"a_retired_key_leaves_nothing_without_a_tag", a_retired_key_leaves_nothing_without_a_tag},
        {"streams_and_sessions_that_are_gone_leave_nothing",
         streams_and_sessions_that_are_gone_leave_nothing},
    };
    const struct rs_host_config config = {.memory_mb = 256};
    int rc;

    host = rs_host_start(&config);
    traffic.host = host;
    rc = rs_test_main("key_wipe", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
