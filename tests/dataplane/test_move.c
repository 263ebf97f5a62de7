/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten thousand streams of one session take up a new key: a few in each of a worker's turns, each
 * going on with the old key until then, all within a second of traffic, none lost and none under
 * any other key.
 */
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum {
    STREAMS = 10000,
    AT_ONCE = 500,
    MOVED_WITHIN_MS = 1000,
    SLACK_MS = 50, /* between a packet's entry and its sealing */
    WATCHED_MS = 1500,
    MOVES_MAX = 4, /* of one turn */
    WORKERS = 2,
    SSRC_OFFSET = 14 + 20 + 8 + 8, /* of RTP over UDP over IPv4 */
    KEY_TAG_FROM_END = 11,         /* KID's last two bytes, in front of CTR and T */
};

enum place { ON_OLD, ON_NEW };

static struct rs_host *host;
static struct rs_traffic traffic;
static uint8_t places[STREAMS];
static uint16_t old_tag, new_tag;
static unsigned int old_packets, went_back, strangers, late;
static bool must_have_moved; /* packets now coming out went in after the second was over */

/* ---- turns, as the workers come by ---------------------------------------------------------- */

/* A worker's: it alone writes it, and the test reads it when the packets have ended. */
static struct turns {
    unsigned int moves; /* of this turn */
    unsigned int most, all;
    bool counts; /* this turn began while streams move a few at a time */
} turns[WORKERS];

static bool has_moved[STREAMS]; /* its worker */
static _Atomic unsigned int moving_to;
static _Atomic uint64_t moving_until_tsc;

/* Each worker receives from the plain port of link a once a turn, on a queue of its own. */
static uint16_t begin_turn(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                           uint16_t max, void *context)
{
    struct turns *turn = &turns[queue];

    (void)id, (void)mbufs, (void)max, (void)context;
    if (turn->counts && turn->moves > turn->most)
        turn->most = turn->moves;
    turn->moves = 0;
    turn->counts = rte_rdtsc() < atomic_load(&moving_until_tsc);
    return n;
}

static uint32_t read_be(const uint8_t *bytes, unsigned int count)
{
    uint32_t value = 0;

    for (unsigned int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* A stream's first packet under the new key was sealed by a sender derived in this turn. */
static uint16_t count_moves(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                            void *context)
{
    (void)id, (void)context;
    for (uint16_t i = 0; i < n; i++) {
        const uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], const uint8_t *);
        const uint32_t stream = read_be(frame + SSRC_OFFSET, 4) - RS_TRAFFIC_SSRC;
        const uint32_t tag = read_be(frame + mbufs[i]->pkt_len - KEY_TAG_FROM_END, 2);

        if (stream >= STREAMS || has_moved[stream] || tag != atomic_load(&moving_to))
            continue;
        has_moved[stream] = true;
        turns[queue].moves++;
        turns[queue].all++;
    }
    return n;
}

static void watch_turns(void)
{
    uint16_t plain, sealed;

    CU_ASSERT_EQUAL_FATAL(rte_eth_dev_get_port_by_name("net_null0", &plain), 0);
    CU_ASSERT_EQUAL_FATAL(rte_eth_dev_get_port_by_name("net_null1", &sealed), 0);
    for (uint16_t q = 0; q < WORKERS; q++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(rte_eth_add_rx_callback(plain, q, begin_turn, NULL));
        CU_ASSERT_PTR_NOT_NULL_FATAL(rte_eth_add_tx_callback(sealed, q, count_moves, NULL));
    }
}

/* ---- packets, as they come out -------------------------------------------------------------- */

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
    struct rs_keyring_info ring;
    unsigned int moved = 0;
    uint64_t activated_ms;
    uint32_t replaced;

    make_streams(sealer, opener);
    old_tag = tag_of(sealer);
    send_all();
    CU_ASSERT_EQUAL(old_packets, STREAMS);
    CU_ASSERT_EQUAL(strangers, 0);
    old_packets = 0;
    watch_turns();
    rs_host_stage(opener, 2, 2);
    rs_host_stage(sealer, 2, 2);
    rs_session_get_keyring(sealer, &ring);
    atomic_store(&moving_to, ring.staged.by_hash[RS_HASH_SHA512].key_tag);
    atomic_store(&moving_until_tsc, rte_rdtsc() + rte_get_tsc_hz());
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(sealer, &replaced), 0);
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(opener, &replaced), 0);
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
    CU_ASSERT_EQUAL(turns[0].all + turns[1].all, STREAMS);
    CU_ASSERT(turns[0].most > 0 || turns[1].most > 0);
    for (unsigned int w = 0; w < WORKERS; w++)
        CU_ASSERT(turns[w].most <= MOVES_MAX);
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
