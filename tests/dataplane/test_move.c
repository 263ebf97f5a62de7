/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten thousand streams of one session take up a new key: a few per turn, each going on with the old
 * key until then, all within a second of traffic, none lost and none under any other key.
 */
#include <string.h>
#include <time.h>

#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum {
    STREAMS = 10000,
    AT_ONCE = 500,
    MOVED_WITHIN_MS = 1000,
    SLACK_MS = 50, /* between a packet's entry and its sealing */
    WATCHED_MS = 1500,
};

enum place { ON_OLD, ON_NEW };

static struct rs_host *host;
static struct rs_traffic traffic;
static uint8_t places[STREAMS];
static uint16_t old_tag, new_tag;
static unsigned int old_packets, went_back, strangers, late;
static bool must_have_moved; /* packets now coming out went in after the second was over */

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void see(void *context, const struct rs_traffic_header *header)
{
    (void)context;
    if (header->key_tag == new_tag) {
        places[header->stream] = ON_NEW;
        return;
    }
    strangers += header->key_tag != old_tag;
    old_packets++;
    went_back += places[header->stream] == ON_NEW;
    late += must_have_moved;
}

/* One packet of each stream, opened again before the next are sent. */
static void send_all(void)
{
    for (unsigned int s = 0; s < STREAMS; s++) {
        rs_traffic_send(&traffic, s, (uint16_t)(s % host->worker_count));
        if (s % AT_ONCE == AT_ONCE - 1)
            rs_traffic_wait(&traffic, s + 1 - AT_ONCE, AT_ONCE, traffic.next_sent[s]);
    }
}

static void make_streams(struct rs_session *sealer, struct rs_session *opener)
{
    struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);

    rs_host_stream(opener, &open);
    for (unsigned int s = 0; s < STREAMS; s++) {
        const uint32_t ssrc = rs_traffic_ssrc(s);

        seal.ssrcs = &ssrc;
        seal.ssrc_count = 1;
        rs_host_stream(sealer, &seal);
    }
}

static uint16_t tag_of(const struct rs_session *session)
{
    struct rs_keyring_info ring;

    rs_session_get_keyring(session, &ring);
    return ring.active.by_hash[RS_HASH_SHA512].key_tag;
}

static void ten_thousand_streams_move_to_the_new_key_within_a_second(void)
{
    struct rs_session *sealer = rs_host_session(host, NULL, 1);
    struct rs_session *opener = rs_host_session(host, NULL, 1);
    unsigned int moved = 0;
    uint64_t activated_ms;

    make_streams(sealer, opener);
    old_tag = tag_of(sealer);
    send_all();
    CU_ASSERT_EQUAL(old_packets, STREAMS);
    CU_ASSERT_EQUAL(strangers, 0);
    old_packets = 0;
    rs_traffic_rekey(sealer, opener, 2, 2);
    new_tag = tag_of(sealer);
    CU_ASSERT_NOT_EQUAL_FATAL(new_tag, old_tag);
    activated_ms = now_ms();
    while (now_ms() < activated_ms + WATCHED_MS) {
        must_have_moved = now_ms() > activated_ms + MOVED_WITHIN_MS + SLACK_MS;
        send_all();
    }
    must_have_moved = true;
    send_all();
    for (unsigned int s = 0; s < STREAMS; s++)
        moved += places[s] == ON_NEW;
    CU_ASSERT_EQUAL(moved, STREAMS);
    CU_ASSERT(old_packets > 0); /* not all at once */
    CU_ASSERT_EQUAL(went_back, 0);
    CU_ASSERT_EQUAL(strangers, 0);
    CU_ASSERT_EQUAL(late, 0);
    CU_ASSERT_EQUAL(traffic.opened, traffic.sent);
    rs_host_check_sums(host);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"ten_thousand_streams_move_to_the_new_key_within_a_second",
         ten_thousand_streams_move_to_the_new_key_within_a_second},
    };
    const struct rs_host_config config = {.max_senders = 48000, .max_streams = STREAMS + 16};
    int rc;

    host = rs_host_start(&config);
    traffic.host = host;
    traffic.see = see;
    rc = rs_test_main("move", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
