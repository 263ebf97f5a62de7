/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two edges with workers, their keys changed and their packets lost, held back, doubled and damaged
 * in any order: each byte of the input is a step, with the next one as its argument. Whatever
 * happens, nothing leaves in clear, no (key, KID, CTR) seals twice, nothing opens twice or under a
 * key that was taken out, what opens is what was sealed, and the counters add up.
 */
#include "fuzz.h"

#include <stdbool.h>

#include <CUnit/CUnit.h>

#include "dataplane/wire.h"
#include "tests/support/frame.h"
#include "tests/support/host.h"

enum {
    STEPS_MAX = 400,
    SEEDS = 4, /* base keys */
    KEPT = 64, /* sealed packets on their way */
    BODY = 60,
    FRAME_HEADERS = 14 + 20 + 8 + 12,
    PAIRS = 1 << 20,
    OPUS = 111,
};

enum { PUBLISHER, SUBSCRIBER, EDGES };

/* One edge as the test believes it to be. */
struct edge {
    struct rs_session *session;
    struct rs_stream *stream;
    uint32_t epoch;            /* the last one given */
    int staged, active;        /* seeds, or -1 */
    bool held[SEEDS];          /* in the ring */
    uint32_t epochs[SEEDS];    /* of those */
    unsigned int lives[SEEDS]; /* which making of the seed's key this is */
};

struct packet {
    uint8_t sealed[RS_HOST_FRAME_BYTES], body[BODY];
    size_t bytes;
    int seed;
    unsigned int opened_in; /* the life of the subscriber's key in which it was opened; 0: none */
};

static struct rs_host *host;
static struct edge edges[EDGES];
static struct packet packets[KEPT];
static unsigned int packet_count;
static uint16_t sequence;
static uint16_t tags[SEEDS]; /* of the keys */
static unsigned int lives;
static uint64_t (*pairs)[2]; /* (KID, CTR) ever sealed, a hash table */
static unsigned int pair_count;

/* In place of CUnit's, whose runner there is none here. */
CU_BOOL CU_assertImplementation(CU_BOOL holds, unsigned int line, const char *condition,
                                const char *file, const char *function, CU_BOOL fatal)
{
    (void)function, (void)fatal;
    if (!holds) {
        fprintf(stderr, "%s:%u: does not hold: %s\n", file, line, condition);
        abort();
    }
    return holds;
}

/* ---- edges -------------------------------------------------------------------------------- */

static void open_edge(unsigned int e)
{
    struct edge *edge = &edges[e];
    struct rs_stream_config config = rs_host_stream_config(e == PUBLISHER ? RS_SEAL : RS_OPEN, e);

    *edge = (struct edge){.staged = -1, .active = -1};
    edge->session = rs_session_create(host->dataplane, RS_PROTECT_E2EE, edge);
    MUST(edge->session != NULL);
    edge->stream = rs_host_stream(edge->session, &config);
}

static void close_edge(unsigned int e)
{
    rs_stream_destroy(edges[e].stream);
    rs_session_destroy(edges[e].session);
}

static void stage(struct edge *edge, int seed)
{
    uint8_t base_key[RS_HOST_KEY_BYTES];
    enum rs_staging staging;
    struct rs_key_info info;
    int rc;

    rs_host_base_key((uint32_t)seed, base_key);
    rc = rs_session_stage_key(edge->session, base_key, sizeof(base_key), edge->epoch + 1, &staging,
                              &info);
    MUST(rc == 0 || rc == -EBUSY);
    if (rc != 0 || staging == RS_STAGED_ACTIVE) {
        MUST(rc != 0 || seed == edge->active);
        return;
    }
    MUST((staging == RS_STAGED_AGAIN) == edge->held[seed] && edge->staged < 0);
    if (staging == RS_STAGED_NEW)
        edge->lives[seed] = ++lives;
    edge->epochs[seed] = ++edge->epoch;
    tags[seed] = info.by_hash[RS_HASH_SHA512].key_tag;
    edge->staged = seed;
    edge->held[seed] = true;
}

static void activate(struct edge *edge)
{
    uint32_t replaced;
    const int rc = rs_session_activate_key(edge->session, &replaced);

    MUST(rc == (edge->staged >= 0 ? 0 : -ENOENT));
    if (rc != 0)
        return;
    edge->active = edge->staged;
    edge->staged = -1;
}

static void retire(struct edge *edge, int seed)
{
    const int rc = rs_session_retire_key(edge->session, edge->epochs[seed]);

    if (!edge->held[seed] || edge->epochs[seed] == 0)
        return;
    MUST(rc == (seed == edge->active ? -EBUSY : 0));
    if (rc == 0) {
        edge->held[seed] = false;
        edge->epochs[seed] = 0;
        if (seed == edge->staged)
            edge->staged = -1;
    }
}

static void retire_all(struct edge *edge)
{
    MUST(rs_session_retire_all_keys(edge->session) == 0);
    memset(edge->held, 0, sizeof(edge->held));
    memset(edge->epochs, 0, sizeof(edge->epochs));
    edge->staged = edge->active = -1;
}

/* ---- packets ------------------------------------------------------------------------------ */

/* A pair seals one packet in all the time that this process runs, under whichever key. */
static void note_pair(uint64_t kid, uint64_t ctr)
{
    size_t at =
        (size_t)((kid ^ ctr * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93) >> 44);

    if (pair_count > PAIRS / 2) {
        memset(pairs, 0, PAIRS * sizeof(pairs[0]));
        pair_count = 0;
    }
    for (; pairs[at % PAIRS][0] != 0; at++)
        MUST(pairs[at % PAIRS][0] != kid || pairs[at % PAIRS][1] != ctr);
    pairs[at % PAIRS][0] = kid;
    pairs[at % PAIRS][1] = ctr;
    pair_count++;
}

static void publish(uint8_t argument)
{
    struct packet *packet = &packets[packet_count % KEPT];
    struct rs_test_rtp rtp = {.payload_type = argument & 1 ? 0 : OPUS,
                              .ssrc = 1 + argument % 4,
                              .sequence = sequence++,
                              .body = packet->body,
                              .body_bytes = BODY};
    uint8_t frame[RS_HOST_FRAME_BYTES];
    struct rs_host_trip trip = {
        .link = PUBLISHER, .direction = RS_SEAL, .frame = frame, .stream = edges[PUBLISHER].stream};
    struct rs_trailer trailer;
    enum rs_outcome outcome;

    for (size_t i = 0; i < BODY; i++)
        packet->body[i] = (uint8_t)(sequence * 31 + i * argument);
    trip.bytes = rs_test_media_write(&(struct rs_test_frame){0}, &rtp, frame, sizeof(frame));
    outcome = rs_host_run(host, &trip);
    MUST(outcome == (edges[PUBLISHER].active >= 0 ? RS_SEALED : RS_NO_KEY));
    if (outcome != RS_SEALED)
        return;
    MUST(memmem(trip.out, trip.out_bytes, packet->body + 1, 16) == NULL);
    MUST(rs_wire_parse(trip.out, trip.out_bytes, &trailer) == RS_WIRE_OK);
    note_pair(trailer.kid, trailer.ctr);
    memcpy(packet->sealed, trip.out, trip.out_bytes);
    packet->bytes = trip.out_bytes;
    packet->seed = -1;
    packet->opened_in = 0;
    /* For a second after a change a stream may go on with the key before: the tag tells. */
    for (int seed = 0; seed < SEEDS; seed++) {
        if (edges[PUBLISHER].held[seed] && tags[seed] == rs_kid_key_tag(trailer.kid))
            packet->seed = seed;
    }
    MUST(packet->seed >= 0);
    packet_count++;
}

static enum rs_outcome deliver(const uint8_t *frame, size_t bytes, struct rs_host_trip *trip)
{
    *trip = (struct rs_host_trip){.link = SUBSCRIBER,
                                  .direction = RS_OPEN,
                                  .frame = frame,
                                  .bytes = bytes,
                                  .stream = edges[SUBSCRIBER].stream};
    return rs_host_run(host, trip);
}

static void receive(uint8_t argument)
{
    const struct edge *edge = &edges[SUBSCRIBER];
    struct packet *packet;
    struct rs_host_trip trip;
    enum rs_outcome outcome;

    if (packet_count == 0)
        return;
    packet = &packets[argument % (packet_count < KEPT ? packet_count : KEPT)];
    outcome = deliver(packet->sealed, packet->bytes, &trip);
    if (outcome == RS_OPENED) {
        MUST(edge->held[packet->seed]);
        MUST(packet->opened_in != edge->lives[packet->seed]);
        MUST(trip.out_bytes == FRAME_HEADERS + BODY);
        MUST(memcmp(trip.out + FRAME_HEADERS, packet->body, BODY) == 0);
        packet->opened_in = edge->lives[packet->seed];
    } else if (!edge->held[packet->seed]) {
        MUST(outcome == RS_SECRET_MISMATCH || outcome == RS_NO_KEY);
    } else {
        MUST(outcome == RS_REPLAY && packet->opened_in == edge->lives[packet->seed]);
    }
}

static void receive_damaged(uint8_t argument)
{
    uint8_t frame[RS_HOST_FRAME_BYTES];
    const struct packet *packet;
    struct rs_host_trip trip;
    size_t at;

    if (packet_count == 0)
        return;
    packet = &packets[argument % (packet_count < KEPT ? packet_count : KEPT)];
    memcpy(frame, packet->sealed, packet->bytes);
    at = FRAME_HEADERS + argument * 7u % (packet->bytes - FRAME_HEADERS);
    frame[at] ^= (uint8_t)(1 << argument % 8);
    frame[40] = frame[41] = 0; /* no UDP checksum: the damage is for the tag to find */
    MUST(rs_outcome_is_drop(deliver(frame, packet->bytes, &trip)));
    MUST(trip.out_bytes == 0);
}

/* ---- steps -------------------------------------------------------------------------------- */

static void step(uint8_t what, uint8_t argument)
{
    struct edge *edge = &edges[argument & 0x80 ? SUBSCRIBER : PUBLISHER];

    switch (what % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        publish(argument);
        break;
    case 4:
    case 5:
    case 6:
        receive(argument);
        break;
    case 7:
        receive_damaged(argument);
        break;
    case 8:
        stage(edge, argument % SEEDS);
        break;
    case 9:
        activate(edge);
        break;
    case 10:
        stage(&edges[PUBLISHER], argument % SEEDS);
        stage(&edges[SUBSCRIBER], argument % SEEDS);
        activate(&edges[PUBLISHER]);
        activate(&edges[SUBSCRIBER]);
        break;
    case 11:
        retire(edge, argument % SEEDS);
        break;
    case 12:
        rs_host_poll(host, argument % 4);
        break;
    case 13:
        if (argument % 8 == 0)
            retire_all(edge);
        break;
    default:
        if (argument % 8 == 0) {
            close_edge(argument & 0x80 ? SUBSCRIBER : PUBLISHER);
            open_edge(argument & 0x80 ? SUBSCRIBER : PUBLISHER);
        }
    }
}

/* What was taken out waits for a grace period: without this it would count as lost at the end. */
static void stop(void)
{
    rs_host_stop(host);
    free(pairs);
}

static void start(void)
{
    host = rs_host_start(&(struct rs_host_config){.worker_count = 1});
    pairs = calloc(PAIRS, sizeof(pairs[0]));
    MUST(pairs != NULL && atexit(stop) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (host == NULL)
        start();
    packet_count = 0;
    for (unsigned int e = 0; e < EDGES; e++)
        open_edge(e);
    for (size_t i = 0; i + 1 < size && i < 2 * STEPS_MAX; i += 2)
        step(data[i], data[i + 1]);
    for (unsigned int e = 0; e < EDGES; e++)
        close_edge(e);
    rs_host_settle(host);
    rs_host_check_sums(host);
    rs_host_poll(host, 0);
    rs_host_forget_events(host);
    return 0;
}
