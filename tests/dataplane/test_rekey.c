/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten thousand changes of key under traffic: nothing that the grace covers is lost or garbled,
 * memory stays flat, and no retired key is left anywhere. RS_REKEYS changes the number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dataplane/keyring.h"
#include "dataplane/table.h"
#include "tests/support/memory.h"
#include "tests/support/runner.h"
#include "tests/support/traffic.h"

enum {
    CHANGES = 10000,
    STREAMS = 6,      /* half of them on each worker */
    SEALER_KEEPS = 2, /* previous keys */
    OPENER_KEEPS = 5,
    IN_FLIGHT_MAX = 64, /* retirements that are not through yet, of each edge */
    SAMPLES = 200,
    HEAP_SLACK = 64 << 10,
    MAPPED_SLACK = 2 << 20,
    RESIDENT_SLACK = 6 << 20,
};

struct edge {
    struct rs_session *session;
    char owner;
    uint32_t retired; /* rs_session_retire_key was called so often */
    uint32_t told;
};

static struct rs_host *host;
static struct edge sealer, opener;
static struct rs_traffic traffic;
static uint16_t sent_at[CHANGES + 16]; /* by each stream, when the sealer dropped the key */
static struct rs_memory_needle secrets[SAMPLES];
static unsigned int secret_count;

static unsigned int change_count(void)
{
    const char *text = getenv("RS_REKEYS");
    const unsigned long count = text != NULL ? strtoul(text, NULL, 10) : CHANGES;

    return count >= 100 && count <= CHANGES ? (unsigned int)count : CHANGES;
}

/* Counts what was told since the last look, and forgets it: the record is for one change. */
static void take_events(void)
{
    for (size_t i = 0; i < host->event_count; i++) {
        const struct rs_host_event *event = &host->events[i];

        CU_ASSERT(event->kind != RS_HOST_TROUBLE || event->trouble.trouble == RS_TROUBLE_NONE);
        if (event->kind != RS_HOST_RETIRED)
            continue;
        CU_ASSERT_EQUAL(event->workers_wiped, host->worker_count);
        ((struct edge *)((char *)event->owner - offsetof(struct edge, owner)))->told++;
    }
    rs_host_forget_events(host);
}

static void retire(struct edge *edge, uint32_t epoch)
{
    CU_ASSERT_EQUAL_FATAL(rs_session_retire_key(edge->session, epoch), 0);
    edge->retired++;
}

/* Waits until no more than so many retirements are under way. */
static void pace(uint32_t in_flight_max)
{
    const time_t until = time(NULL) + 30;
    const struct timespec pause = {.tv_nsec = 50000};

    rs_traffic_move(&traffic);
    take_events();
    while ((sealer.retired - sealer.told > in_flight_max ||
            opener.retired - opener.told > in_flight_max) &&
           time(NULL) <= until) {
        nanosleep(&pause, NULL);
        rs_traffic_move(&traffic);
        take_events();
    }
    CU_ASSERT_FATAL(sealer.retired - sealer.told <= in_flight_max);
    CU_ASSERT_FATAL(opener.retired - opener.told <= in_flight_max);
}

static void send_round(void)
{
    for (unsigned int s = 0; s < STREAMS; s++)
        rs_traffic_send(&traffic, s, (uint16_t)(s % host->worker_count));
}

static void remember_secret(void)
{
    const struct rs_key *key = sealer.session->ring->active;

    if (secret_count < SAMPLES)
        rs_memory_remember(&secrets[secret_count++], key->by_hash[RS_HASH_SHA512].sframe_secret);
}

/*
 * One change: packets are under way before, between and after its steps. What was sent before the
 * sealer dropped a key has been opened before the opener drops it; that is what a grace stands for.
 */
static void change(uint32_t epoch)
{
    uint32_t replaced;

    send_round();
    rs_host_stage(opener.session, epoch, epoch);
    rs_host_stage(sealer.session, epoch, epoch);
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(sealer.session, &replaced), 0);
    CU_ASSERT_EQUAL(replaced, epoch - 1);
    send_round();
    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(opener.session, &replaced), 0);
    if (epoch > SEALER_KEEPS) {
        retire(&sealer, epoch - SEALER_KEEPS);
        sent_at[epoch - SEALER_KEEPS] = traffic.next_sent[0];
    }
    if (epoch > OPENER_KEEPS) {
        rs_traffic_wait(&traffic, 0, STREAMS, sent_at[epoch - OPENER_KEEPS]);
        retire(&opener, epoch - OPENER_KEEPS);
    }
    pace(IN_FLIGHT_MAX);
}

static void check_flat(const struct rs_memory *before)
{
    struct rs_memory after;

    rs_memory_measure(&after);
    if (RS_MEMORY_SANITIZED) {
        printf("rekey: memory is not compared under a sanitizer\n");
        return;
    }
    CU_ASSERT(after.heap <= before->heap + HEAP_SLACK);
    CU_ASSERT(after.mapped <= before->mapped + MAPPED_SLACK);
    CU_ASSERT(after.resident <= before->resident + RESIDENT_SLACK);
}

static void connect_edges(void)
{
    struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);

    traffic.host = host;
    sealer.session = rs_host_session(host, &sealer.owner, 1);
    opener.session = rs_host_session(host, &opener.owner, 1);
    rs_host_stream(opener.session, &open);
    for (unsigned int s = 0; s < STREAMS; s++) {
        const uint32_t ssrc = rs_traffic_ssrc(s);

        seal.ssrcs = &ssrc;
        seal.ssrc_count = 1;
        rs_host_stream(sealer.session, &seal);
    }
}

static void keys_change_ten_thousand_times_under_traffic_without_loss_growth_or_trace(void)
{
    const unsigned int changes = change_count();
    struct rs_memory before = {0};

    printf("rekey: %u changes of key\n", changes);
    connect_edges();
    remember_secret();
    CU_ASSERT_EQUAL(rs_memory_count(secrets, 1), 1); /* the search does find a live key */
    for (uint32_t epoch = 2; epoch <= changes; epoch++) {
        change(epoch);
        if (epoch % (changes / (SAMPLES - 10) + 1) == 0)
            remember_secret();
        if (epoch == changes / 5) {
            pace(0);
            rs_memory_measure(&before);
        }
    }
    rs_traffic_wait(&traffic, 0, STREAMS, traffic.next_sent[0]);
    for (uint32_t epoch = changes - OPENER_KEEPS + 1; epoch <= changes - SEALER_KEEPS; epoch++)
        retire(&opener, epoch);
    rs_traffic_wait(&traffic, 0, STREAMS, traffic.next_sent[0]);
    rs_host_poll(host, 300); /* what is settling is told */
    pace(0);
    check_flat(&before);
    CU_ASSERT_EQUAL(traffic.opened, traffic.sent);
    CU_ASSERT_EQUAL(traffic.garbled, 0);
    CU_ASSERT_EQUAL(sealer.told, changes - SEALER_KEEPS);
    CU_ASSERT_EQUAL(opener.told, changes - SEALER_KEEPS);
    CU_ASSERT(secret_count > 50);
    for (uint32_t epoch = changes - SEALER_KEEPS + 1; epoch < changes; epoch++) {
        retire(&sealer, epoch);
        retire(&opener, epoch);
    }
    rs_host_set_key(sealer.session, CHANGES + 1, CHANGES + 1);
    rs_host_set_key(opener.session, CHANGES + 1, CHANGES + 1);
    retire(&sealer, changes);
    retire(&opener, changes);
    pace(0);
    CU_ASSERT_EQUAL(rs_memory_count(secrets, secret_count), 0);
    rs_host_check_sums(host);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"keys_change_ten_thousand_times_under_traffic_without_loss_growth_or_trace",
         keys_change_ten_thousand_times_under_traffic_without_loss_growth_or_trace},
    };
    const struct rs_host_config config = {.max_senders = 4096};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("rekey", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
