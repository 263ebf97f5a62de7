/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a change of key costs the streams of one session while they flow: how long until all seal
 * with the new key, the worker's longest turn, and how much later than before a packet of any
 * stream comes out. One worker on CPU 1; this thread, on the others, sends each stream's packets at
 * their times. Prints the same of the time before the change, to compare; and all of it once more
 * without the turns in which the kernel gave the worker's CPU to someone else.
 *   rekey_streams [streams [packets a second of each]]
 * On a machine with other work, as root:
 *   setsid -w sh -c 'echo -20 > /proc/self/autogroup; exec nice -n -20 rekey_streams'
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <CUnit/CUnit.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum {
    STREAMS = 10000,
    PER_SECOND = 50, /* audio in packets of 20 ms */
    PHASE_S = 2,     /* before the change, and from it on */
    REMEMBERED = 16, /* of a stream's packets, when they went in */
    SEQUENCE_OFFSET = 14 + 20 + 8 + 2,
    SSRC_OFFSET = 14 + 20 + 8 + 8,
    BACKLOG_MS = 5,        /* for so long a turn that was disturbed is felt */
    IN_FLIGHT_MAX = 3000,  /* what the queue has room for */
    KEY_TAG_FROM_END = 11, /* KID's last two bytes, in front of CTR and T */
};

enum phase { WARM_UP, BEFORE, CHANGE, PHASES };

struct longest {
    uint64_t turn_tsc, gap_tsc;
};

/* Worker: w; main reads it once the packets have ended. */
struct measured {
    struct longest all, undisturbed;
    uint64_t turns, disturbed_turns;
    uint64_t gaps, undisturbed_gaps; /* looked at */
    unsigned int most_moves;
};

struct stream {
    _Atomic uint64_t in_tsc[REMEMBERED]; /* main: w, worker: r */
    uint64_t delay_tsc;                  /* of its last packet. worker, as the following */
    bool has_delay, moved;
};

static struct stream *streams;
static struct measured measured[PHASES];
static _Atomic unsigned int phase;
static _Atomic unsigned int new_tag; /* 0: none yet */
static uint64_t turn_tsc, disturbed_tsc, last_moved_tsc;
static long switches;
static _Atomic uint64_t out_packets; /* worker: w, main: r */
static unsigned int turn_moves, moved_count, turn_phase;

/* How often the kernel has taken this thread's CPU away. */
static long count_switches(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

static void keep_longest(uint64_t *longest, uint64_t value)
{
    *longest = value > *longest ? value : *longest;
}

/* ---- on the worker ------------------------------------------------------------------------ */

/* The worker comes here once a turn: what was between is the turn before. */
static uint16_t on_receive(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                           uint16_t max, void *context)
{
    const long switches_before = count_switches();
    const uint64_t now = rte_rdtsc();
    const long switches_after = count_switches();
    struct measured *m = &measured[turn_phase];

    (void)id, (void)queue, (void)mbufs, (void)max, (void)context;
    if (turn_tsc != 0) {
        keep_longest(&m->all.turn_tsc, now - turn_tsc);
        if (switches_after == switches) {
            keep_longest(&m->undisturbed.turn_tsc, now - turn_tsc);
        } else {
            m->disturbed_turns++;
            disturbed_tsc = now;
        }
        m->most_moves = turn_moves > m->most_moves ? turn_moves : m->most_moves;
        m->turns++;
    }
    turn_tsc = now;
    switches = switches_before;
    turn_moves = 0;
    turn_phase = atomic_load_explicit(&phase, memory_order_relaxed);
    return n;
}

static uint32_t read_be(const uint8_t *bytes, unsigned int count)
{
    uint32_t value = 0;

    for (unsigned int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* How much later than the one before it, beyond their own distance, a packet came out. */
static void note_gap(struct measured *m, uint64_t gap, uint64_t in_tsc)
{
    m->gaps++;
    keep_longest(&m->all.gap_tsc, gap);
    if (in_tsc < disturbed_tsc + rte_get_tsc_hz() / 1000 * BACKLOG_MS)
        return;
    m->undisturbed_gaps++;
    keep_longest(&m->undisturbed.gap_tsc, gap);
}

static void note_packet(const struct rte_mbuf *mbuf, uint64_t now)
{
    const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    const uint32_t n = read_be(frame + SSRC_OFFSET, 4) - RS_TRAFFIC_SSRC;
    const uint32_t sequence = read_be(frame + SEQUENCE_OFFSET, 2);
    const uint32_t tag = read_be(frame + mbuf->pkt_len - KEY_TAG_FROM_END, 2);
    struct stream *stream = &streams[n];
    const uint64_t in_tsc =
        atomic_load_explicit(&stream->in_tsc[sequence % REMEMBERED], memory_order_relaxed);
    const uint64_t delay = now - in_tsc;

    if (stream->has_delay)
        note_gap(&measured[turn_phase], delay > stream->delay_tsc ? delay - stream->delay_tsc : 0,
                 in_tsc);
    stream->delay_tsc = delay;
    stream->has_delay = true;
    if (!stream->moved && tag == atomic_load_explicit(&new_tag, memory_order_relaxed)) {
        stream->moved = true;
        last_moved_tsc = now;
        moved_count++;
        turn_moves++;
    }
}

static uint16_t on_send(uint16_t id, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                        void *context)
{
    const uint64_t now = rte_rdtsc();

    (void)id, (void)queue, (void)context;
    for (uint16_t i = 0; i < n; i++)
        note_packet(mbufs[i], now);
    atomic_fetch_add_explicit(&out_packets, n, memory_order_relaxed);
    return n;
}

/* ---- on this thread ----------------------------------------------------------------------- */

static struct rs_traffic traffic;
static struct rs_session *session;

static bool measure_ports(void)
{
    uint16_t plain, sealed;

    return rte_eth_dev_get_port_by_name("net_null0", &plain) == 0 &&
           rte_eth_dev_get_port_by_name("net_null1", &sealed) == 0 &&
           rte_eth_add_rx_callback(plain, 0, on_receive, NULL) != NULL &&
           rte_eth_add_tx_callback(sealed, 0, on_send, NULL) != NULL;
}

static void make_streams(struct rs_host *host, unsigned int count)
{
    struct rs_stream_batch *batch = rs_stream_batch_create(host->dataplane);

    session = rs_host_session(host, NULL, 1);
    for (unsigned int s = 0; s < count; s++) {
        struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
        const uint32_t ssrc = rs_traffic_ssrc(s);
        struct rs_stream *stream;

        config.ssrcs = &ssrc;
        config.ssrc_count = 1;
        CU_ASSERT_EQUAL_FATAL(rs_stream_batch_add(batch, session, &config, &stream), 0);
    }
    CU_ASSERT_EQUAL_FATAL(rs_stream_batch_commit(batch, NULL), 0);
}

/* Takes what came out, so that the port has room, and lets the dataplane's main thread work. */
static void look_after(struct rs_host *host)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];

    while (rs_host_take(host, 0, RS_SEAL, frame, sizeof(frame)) > 0)
        continue;
    rs_dataplane_poll(host->dataplane);
}

static bool has_room(void)
{
    return traffic.sent - atomic_load_explicit(&out_packets, memory_order_relaxed) < IN_FLIGHT_MAX;
}

/* Each stream's next packet when its time has come, all of them spread over the interval. */
static void send_for(struct rs_host *host, unsigned int count, unsigned int per_second,
                     unsigned int seconds)
{
    const uint64_t began = rte_rdtsc(), hz = rte_get_tsc_hz();
    const uint64_t total = (uint64_t)count * per_second * seconds;

    for (uint64_t sent = 0; sent < total;) {
        const uint64_t due =
            (uint64_t)((double)(rte_rdtsc() - began) / (double)hz * (double)count * per_second);

        for (unsigned int n = 0; sent < RTE_MIN(due, total) && n < 64 && has_room(); n++, sent++) {
            const unsigned int s = (unsigned int)(sent % count);

            atomic_store_explicit(&streams[s].in_tsc[traffic.next_sent[s] % REMEMBERED],
                                  rte_rdtsc(), memory_order_relaxed);
            rs_traffic_send(&traffic, s, 0);
        }
        look_after(host);
    }
    rs_host_settle(host);
}

static uint64_t change_key(void)
{
    struct rs_keyring_info ring;
    uint64_t activated;

    rs_host_stage(session, 2, 2);
    rs_session_get_keyring(session, &ring);
    atomic_store_explicit(&new_tag, ring.staged.by_hash[RS_HASH_SHA512].key_tag,
                          memory_order_relaxed);
    activated = rte_rdtsc();
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(session, &(uint32_t){0}), 0);
    return activated;
}

static double to_ms(uint64_t tsc)
{
    return (double)tsc * 1e3 / (double)rte_get_tsc_hz();
}

static void print_longest(const char *name, const struct longest *longest, uint64_t turns,
                          uint64_t gaps)
{
    printf("  %s: longest turn %.3f ms of %lu, longest gap of a stream beyond its own %.3f ms of "
           "%lu\n",
           name, to_ms(longest->turn_tsc), (unsigned long)turns, to_ms(longest->gap_tsc),
           (unsigned long)gaps);
}

static void print_phase(const char *name, const struct measured *m)
{
    printf("%s: at most %u streams moved in a turn\n", name, m->most_moves);
    print_longest("all", &m->all, m->turns, m->gaps);
    print_longest("undisturbed", &m->undisturbed, m->turns - m->disturbed_turns,
                  m->undisturbed_gaps);
}

static unsigned int argument(int argc, char **argv, int n, unsigned int otherwise, unsigned int max)
{
    const unsigned long value = argc > n ? strtoul(argv[n], NULL, 10) : otherwise;

    return value >= 1 && value <= max ? (unsigned int)value : otherwise;
}

static unsigned int count, per_second;

static void measure(void)
{
    const struct rs_host_config config = {
        .worker_count = 1, .max_streams = count, .max_senders = 4 * count};
    struct rs_host *host = rs_host_start(&config);
    uint64_t activated;

    traffic.host = host;
    make_streams(host, count);
    CU_ASSERT_FATAL(measure_ports());
    send_for(host, count, per_second, 1);
    atomic_store(&phase, BEFORE);
    send_for(host, count, per_second, PHASE_S);
    atomic_store(&phase, CHANGE);
    activated = change_key();
    send_for(host, count, per_second, PHASE_S);
    printf("%u streams of %u packets a second each\n", count, per_second);
    print_phase("before", &measured[BEFORE]);
    print_phase("change", &measured[CHANGE]);
    printf("%u of %u moved, the last after %.1f ms; %lu packets in, %lu out\n", moved_count, count,
           to_ms(last_moved_tsc - activated), (unsigned long)traffic.sent,
           (unsigned long)out_packets);
    rs_host_stop(host);
}

int main(int argc, char **argv)
{
    static const struct rs_test tests[] = {{"measure", measure}};

    count = argument(argc, argv, 1, STREAMS, RS_TRAFFIC_STREAMS_MAX);
    per_second = argument(argc, argv, 2, PER_SECOND, 1000);
    streams = calloc(count, sizeof(*streams));
    if (streams == NULL)
        return 1;
    return rs_test_main("rekey_streams", tests, 1);
}
