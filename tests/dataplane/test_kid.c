/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * (key, KID, CTR) never seals two packets: not across workers, changes of key, streams that come
 * again, counters that end, or restarts with the same base key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/sender.h"
#include "dataplane/table.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum { SEEN_MAX = 1 << 16, STREAMS = 4, ROUNDS = 25, RESTARTS = 20, CHILD_PACKETS = 40 };

struct pair {
    uint64_t kid, ctr;
};

static const char *program;
static struct rs_host *host;
static struct rs_traffic traffic;
static struct pair seen[SEEN_MAX];
static size_t seen_count;

static void note(uint64_t kid, uint64_t ctr)
{
    CU_ASSERT_FATAL(seen_count < SEEN_MAX);
    seen[seen_count++] = (struct pair){kid, ctr};
}

static void see(void *context, const struct rs_traffic_header *header)
{
    (void)context;
    note(header->kid, header->ctr);
}

static void start(void)
{
    host = rs_host_start(NULL);
    traffic.host = host;
    traffic.see = see;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->kid != y->kid)
        return x->kid > y->kid ? 1 : -1;
    return (x->ctr > y->ctr) - (x->ctr < y->ctr);
}

/* Sorts what was seen and counts its KIDs; asserts that no (KID, CTR) is there twice. */
static size_t check_seen(void)
{
    size_t kids = seen_count > 0 ? 1 : 0;

    qsort(seen, seen_count, sizeof(seen[0]), compare_pairs);
    for (size_t i = 1; i < seen_count; i++) {
        CU_ASSERT(compare_pairs(&seen[i], &seen[i - 1]) != 0);
        kids += seen[i].kid != seen[i - 1].kid;
    }
    return kids;
}

/* Every stream through every worker. */
static void send_rounds(unsigned int rounds)
{
    for (unsigned int i = 0; i < rounds; i++) {
        for (unsigned int s = 0; s < STREAMS; s++) {
            for (uint16_t q = 0; q < host->worker_count; q++)
                rs_traffic_send(&traffic, s, q);
        }
    }
    rs_host_settle(host);
    while (traffic.sealed < traffic.sent)
        rs_traffic_move(&traffic);
}

static void make_streams(struct rs_session *session, struct rs_stream **streams)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    for (unsigned int s = 0; s < STREAMS; s++) {
        const uint32_t ssrc = rs_traffic_ssrc(s);

        config.ssrcs = &ssrc;
        config.ssrc_count = 1;
        streams[s] = rs_host_stream(session, &config);
    }
}

static void destroy_streams(struct rs_stream **streams)
{
    for (unsigned int s = 0; s < STREAMS; s++)
        rs_stream_destroy(streams[s]);
}

static void no_pair_comes_twice_across_workers_keys_and_streams_that_come_again(void)
{
    static const uint32_t seeds[] = {2, 1, 3, 1, 2, 2, 1};
    struct rs_stream *streams[STREAMS];
    struct rs_session *session;

    start(); /* not before: its workers would slow the restarted processes down */
    session = rs_host_session(host, NULL, 1);
    make_streams(session, streams);
    send_rounds(ROUNDS);
    for (uint32_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        uint8_t base_key[RS_HOST_KEY_BYTES];
        enum rs_staging staging;
        struct rs_key_info info;
        uint32_t replaced;

        rs_host_base_key(seeds[i], base_key);
        CU_ASSERT_EQUAL(
            rs_session_stage_key(session, base_key, sizeof(base_key), i + 2, &staging, &info), 0);
        if (staging != RS_STAGED_ACTIVE)
            CU_ASSERT_EQUAL(rs_session_activate_key(session, &replaced), 0);
        send_rounds(ROUNDS);
        destroy_streams(streams);
        make_streams(session, streams);
        send_rounds(ROUNDS);
    }
    CU_ASSERT_EQUAL(seen_count, STREAMS * 2 * ROUNDS * 15);
    /* at least one for each stream that was made, worker and key it met at first */
    CU_ASSERT(check_seen() >= 8 * STREAMS * 2);
    destroy_streams(streams);
    rs_session_destroy(session);
}

static void a_counter_at_its_end_gives_way_to_another_sender(void)
{
    struct rs_session *session = rs_host_session(host, NULL, 1);
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);
    struct rs_stream *stream = rs_host_stream(session, &config);
    const size_t before = seen_count;
    unsigned int last = 0, first = 0;
    struct rs_sender *sender;

    traffic.sent = traffic.sealed = 0;
    rs_traffic_send(&traffic, 0, 0);
    rs_host_settle(host);
    rs_traffic_move(&traffic);
    sender = stream->slots[0].current; /* worker 0 is idle */
    CU_ASSERT_PTR_NOT_NULL_FATAL(sender);
    sender->next_count = UINT32_MAX - 2;
    rs_wire_port_stall(host->ports[0][RS_SEAL], 0, 20); /* so that they come as one burst */
    for (int i = 0; i < 10; i++)
        rs_traffic_send(&traffic, 0, 0);
    rs_host_settle(host);
    rs_traffic_move(&traffic);
    CU_ASSERT_EQUAL_FATAL(seen_count, before + 11);
    for (size_t i = before + 1; i < seen_count; i++) {
        last += seen[i].kid == seen[before].kid;
        first += seen[i].kid != seen[before].kid && (uint32_t)seen[i].ctr == i - before - 4;
    }
    CU_ASSERT_EQUAL(last, 3); /* UINT32_MAX - 2, - 1, UINT32_MAX */
    CU_ASSERT_EQUAL(first, 7);
    check_seen();
    rs_stream_destroy(stream);
    rs_session_destroy(session);
}

/* What a restarted process does: prints the KID and CTR of each packet. */
static void every_packet_is_told_to_the_parent(void)
{
    struct rs_session *session;
    struct rs_stream *streams[STREAMS];

    start();
    session = rs_host_session(host, NULL, 1);
    make_streams(session, streams);
    send_rounds(CHILD_PACKETS / STREAMS / 2);
    for (size_t i = 0; i < seen_count; i++)
        printf("%" PRIx64 " %" PRIx64 "\n", seen[i].kid, seen[i].ctr);
}

static void no_pair_comes_twice_across_restarts_with_one_base_key(void)
{
    char command[512];

    snprintf(command, sizeof(command), "RS_CHILD=1 %s 2>/dev/null", program);
    for (int i = 0; i < RESTARTS; i++) {
        FILE *child = popen(command, "re");
        uint64_t kid, ctr;

        CU_ASSERT_PTR_NOT_NULL_FATAL(child);
        while (fscanf(child, "%" SCNx64 " %" SCNx64, &kid, &ctr) == 2)
            note(kid, ctr);
        while (fgetc(child) != EOF)
            continue;
        CU_ASSERT_EQUAL(pclose(child), 0);
        CU_ASSERT_EQUAL(seen_count, (size_t)(i + 1) * CHILD_PACKETS);
    }
    CU_ASSERT_EQUAL(check_seen(), RESTARTS * STREAMS * 2);
    seen_count = 0;
}

int main(int argc, char **argv)
{
    static const struct rs_test child[] = {
        {"every_packet_is_told_to_the_parent", every_packet_is_told_to_the_parent},
    };
    static const struct rs_test tests[] = {
        {"no_pair_comes_twice_across_restarts_with_one_base_key",
         no_pair_comes_twice_across_restarts_with_one_base_key},
        {"no_pair_comes_twice_across_workers_keys_and_streams_that_come_again",
         no_pair_comes_twice_across_workers_keys_and_streams_that_come_again},
        {"a_counter_at_its_end_gives_way_to_another_sender",
         a_counter_at_its_end_gives_way_to_another_sender},
    };
    int rc;

    (void)argc;
    program = argv[0];
    rc = getenv("RS_CHILD") != NULL ? rs_test_main("kid", child, 1)
                                    : rs_test_main("kid", tests, sizeof(tests) / sizeof(tests[0]));
    if (host != NULL)
        rs_host_stop(host);
    return rc;
}
