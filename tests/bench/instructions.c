/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fixed workload for valgrind --tool=callgrind: full bursts through one worker, each from the
 * moment its port hands it over until the worker asks for the next. Nothing else is counted. Makes
 * one dump per case, named "suite direction payload-bytes". Prints a line of JSON: whose code of
 * IPsec-MB ran, and how many packets each dump has. Without valgrind it does the same work and
 * counts nothing.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <valgrind/callgrind.h>

#include "dataplane/dataplane.h"
#include "tests/support/frame.h"

enum {
    BURST = 32,
    BURSTS = 64,
    WARM_UP = 2, /* bursts that derive keys and are not counted */
    PACKETS = BURST * BURSTS,
    STREAMS = 32,
    FRAME_BYTES = 2048,
    BUFFERS = 4 * BURST,
    POLL_US = 100,
};

struct frame {
    size_t bytes;
    uint8_t data[FRAME_BYTES];
};

/* What a packet of each size carries. */
static const struct load {
    size_t bytes;
    uint8_t payload_type;
    uint8_t first; /* byte of the payload */
} loads[] = {{160, 111, 0x78}, {1200, 96, 0x10}};

static struct rte_mempool *pool;
static struct frame plain[PACKETS], sealed[PACKETS];
static struct frame *feed;              /* worker: r while next_burst < BURSTS */
static uint16_t feed_port;              /* likewise */
static _Atomic unsigned int next_burst; /* main resets it, the worker counts it up */
static unsigned int captured;           /* worker */
static bool capturing, collecting;      /* main, worker */
static struct rs_dataplane *dataplane;

/* ---- on the worker ------------------------------------------------------------------------ */

static void collect(bool wanted)
{
    if (collecting != wanted)
        CALLGRIND_TOGGLE_COLLECT;
    collecting = wanted;
}

static uint16_t on_receive(uint16_t port, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                           uint16_t max, void *context)
{
    const unsigned int burst = atomic_load_explicit(&next_burst, memory_order_acquire);

    (void)queue, (void)n, (void)max, (void)context;
    collect(false);
    if (burst >= BURSTS || port != feed_port || rte_pktmbuf_alloc_bulk(pool, mbufs, BURST) != 0)
        return 0;
    for (unsigned int i = 0; i < BURST; i++) {
        const struct frame *frame = &feed[burst * BURST + i];

        memcpy(rte_pktmbuf_append(mbufs[i], (uint16_t)frame->bytes), frame->data, frame->bytes);
    }
    atomic_store_explicit(&next_burst, burst + 1, memory_order_release);
    collect(!capturing && burst >= WARM_UP);
    return BURST;
}

static uint16_t on_send(uint16_t port, uint16_t queue, struct rte_mbuf *mbufs[], uint16_t n,
                        void *context)
{
    (void)port, (void)queue, (void)context;
    for (uint16_t i = 0; capturing && i < n && captured < PACKETS; i++, captured++) {
        sealed[captured].bytes = mbufs[i]->pkt_len;
        memcpy(sealed[captured].data, rte_pktmbuf_mtod(mbufs[i], void *), mbufs[i]->pkt_len);
    }
    return n;
}

/* ---- on this thread ----------------------------------------------------------------------- */

static void fail(const char *what)
{
    fprintf(stderr, "instructions: %s\n", what);
    exit(1);
}

static uint64_t passed(enum rs_direction direction)
{
    struct rs_counters counters;

    rs_dataplane_get_counters(dataplane, RS_ALL, RS_ALL, direction, &counters);
    return counters.outcomes[direction == RS_SEAL ? RS_SEALED : RS_OPENED];
}

/* All frames through the worker, once. */
static void run(struct frame *frames, enum rs_direction direction)
{
    const uint64_t before = passed(direction);

    feed = frames;
    rte_eth_dev_get_port_by_name(direction == RS_SEAL ? "net_null0" : "net_null1", &feed_port);
    atomic_store_explicit(&next_burst, 0, memory_order_release);
    while (passed(direction) < before + PACKETS) {
        usleep(POLL_US);
        rs_dataplane_poll(dataplane);
        if (atomic_load(&next_burst) == BURSTS) {
            usleep(100 * POLL_US);
            if (passed(direction) < before + PACKETS)
                fail("packets were dropped");
        }
    }
}

static void dump(const struct rs_suite *suite, enum rs_direction direction, size_t bytes)
{
    char name[64];

    snprintf(name, sizeof(name), "0x%04X %s %zu", suite->number,
             direction == RS_SEAL ? "seal" : "open", bytes);
    CALLGRIND_DUMP_STATS_AT(name);
}

static void make_plain(const struct load *load)
{
    static uint8_t body[1500];

    body[0] = load->first;
    for (size_t i = 1; i < sizeof(body); i++)
        body[i] = (uint8_t)(i * 31);
    for (unsigned int p = 0; p < PACKETS; p++) {
        const struct rs_test_rtp rtp = {.payload_type = load->payload_type,
                                        .sequence = (uint16_t)(p / STREAMS),
                                        .ssrc = 1000 + p % STREAMS,
                                        .body = body,
                                        .body_bytes = load->bytes};
        const struct rs_test_frame frame = {.without_checksum = true};

        plain[p].bytes = rs_test_media_write(&frame, &rtp, plain[p].data, FRAME_BYTES);
    }
}

static struct rs_stream *make_stream(struct rs_session *session, enum rs_direction direction,
                                     const struct rs_suite *suite, uint32_t ssrc)
{
    struct rs_stream_config config = {
        .direction = direction,
        .flow = {.family = 4, .dst = {198, 51, 100, 20}, .dst_port = 5004},
        .ssrcs = &ssrc,
        .ssrc_count = 1,
        .formats = {[96] = {rs_codec_find("VP8"), false}, [111] = {rs_codec_find("opus"), false}},
        .suite = suite,
        .replay_window = 1024,
    };
    struct rs_stream *stream;

    if (rs_stream_create(session, &config, &stream) != 0)
        fail("no stream");
    return stream;
}

static void run_suite(struct rs_session *session, const struct rs_suite *suite)
{
    struct rs_stream *streams[2][STREAMS];

    for (unsigned int d = 0; d < 2; d++) {
        for (unsigned int s = 0; s < STREAMS; s++)
            streams[d][s] = make_stream(session, (enum rs_direction)d, suite, 1000 + s);
    }
    for (size_t l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
        make_plain(&loads[l]);
        captured = 0;
        capturing = true;
        run(plain, RS_SEAL);
        capturing = false;
        run(plain, RS_SEAL);
        dump(suite, RS_SEAL, loads[l].bytes);
        run(sealed, RS_OPEN);
        dump(suite, RS_OPEN, loads[l].bytes);
    }
    for (unsigned int d = 0; d < 2; d++) {
        for (unsigned int s = 0; s < STREAMS; s++)
            rs_stream_destroy(streams[d][s]);
    }
}

static void watch_ports(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        char name[16];
        uint16_t port;

        snprintf(name, sizeof(name), "net_null%u", i);
        if (rte_eth_dev_get_port_by_name(name, &port) != 0 ||
            rte_eth_add_rx_callback(port, 0, on_receive, NULL) == NULL ||
            rte_eth_add_tx_callback(port, 0, on_send, NULL) == NULL)
            fail("no ports");
    }
    pool =
        rte_pktmbuf_pool_create("frames", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (pool == NULL)
        fail("no buffers");
}

int main(void)
{
    static const uint16_t suites[] = {0xF001, 0x0006, 0x0005};
    static const uint8_t base_key[64] = {1};
    const struct rs_range media = {.port_first = 5000, .port_last = 6000};
    const struct rs_link_config link = {.name = "a",
                                        .plain = {.vdev = "net_null0,no-rx=1"},
                                        .sealed = {.vdev = "net_null1,no-rx=1"},
                                        .media = &media,
                                        .media_count = 1};
    const struct rs_dataplane_config config = {.cpus = (const unsigned int[]){1},
                                               .cpu_count = 1,
                                               .memory_mb = 128,
                                               .hugepages = RS_HUGEPAGES_OFF,
                                               .links = &link,
                                               .link_count = 1,
                                               .max_sessions = 8,
                                               .max_streams = 4 * STREAMS,
                                               .max_senders = 8 * STREAMS,
                                               .lock_policy = RS_LOCK_TRIED};
    const struct rs_observer observer = {0};
    struct rs_session *session;
    struct rs_key_info info;
    struct rs_host_info host;
    enum rs_staging staging;

    feed_port = UINT16_MAX;
    next_burst = BURSTS;
    dataplane = rs_dataplane_create(&config, &observer);
    if (dataplane == NULL)
        return 1;
    watch_ports();
    session = rs_session_create(dataplane, RS_PROTECT_E2EE, NULL);
    if (session == NULL ||
        rs_session_stage_key(session, base_key, sizeof(base_key), 1, &staging, &info) != 0 ||
        rs_session_activate_key(session, &(uint32_t){0}) != 0)
        fail("no session");
    for (size_t s = 0; s < sizeof(suites) / sizeof(suites[0]); s++)
        run_suite(session, rs_suite_find_number(suites[s]));
    rs_dataplane_get_host(dataplane, &host);
    printf("{\"isa\": \"%s\", \"ipsec_mb\": \"%s\", \"compiler\": \"%s\", \"packets\": %u}\n",
           host.isa, host.ipsec_mb_version, __VERSION__, (BURSTS - WARM_UP) * BURST);
    rs_session_destroy(session);
    rs_dataplane_destroy(dataplane);
    return 0;
}
