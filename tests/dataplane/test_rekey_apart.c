/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two edges that change keys at different times, in a time of its own that nothing outside slows
 * down: a router in between drops, repeats and holds packets back. A model of the two rings says
 * what becomes of every packet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

/* In ticks; a packet is sealed in each. */
enum {
    DELAY = 40,               /* from staged to active: activate_after_ms */
    HELD_MAX = 60,            /* a router holds a packet back for so long: 2 s */
    GRACE = DELAY + HELD_MAX, /* the shortest that is accepted */
    PERIOD = DELAY + 20,      /* between two changes at one edge, at least */
    CHANGES = 60,
    KEYS_MAX = 16,
    NEVER = 1 << 30,
};

/* A key in an edge's ring. */
struct ring_key {
    uint32_t seed, epoch;
    int activate_at; /* NEVER: it is active, or was */
    int retire_at;   /* NEVER: staged or active */
};

struct edge {
    struct rs_session *session;
    struct ring_key keys[KEYS_MAX];
    unsigned int count;
    uint32_t active_seed, epoch;
};

struct held {
    struct held *next;
    struct rs_leg_packet packet;
    uint32_t mark, seed;
    int due;
};

struct tally {
    unsigned int sent, opened, mismatched, repeated, dropped;
    unsigned int again; /* keys that came back */
};

static struct rs_host *host;
static struct rs_legs legs;
static struct edge sealer, opener;
static struct held *router;
static uint32_t random_state;
static uint8_t seen[1 << 16]; /* by mark: opened already */

static unsigned int draw(unsigned int below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

/* ---- the model of an edge ------------------------------------------------------------------- */

static struct ring_key *find_key(struct edge *edge, uint32_t seed)
{
    for (unsigned int i = 0; i < edge->count; i++) {
        if (edge->keys[i].seed == seed)
            return &edge->keys[i];
    }
    return NULL;
}

static void take_out(struct edge *edge, struct ring_key *key)
{
    *key = edge->keys[--edge->count];
}

/* A key that is in its grace still is moved: its old epoch is no more. */
static void tell(struct edge *edge, uint32_t seed, int now)
{
    struct ring_key *again = find_key(edge, seed);

    if (again != NULL)
        take_out(edge, again);
    CU_ASSERT_FATAL(edge->count < KEYS_MAX);
    rs_host_stage(edge->session, seed, ++edge->epoch);
    edge->keys[edge->count++] = (struct ring_key){seed, edge->epoch, now + DELAY, NEVER};
}

static void activate(struct edge *edge, struct ring_key *key, int now)
{
    uint32_t replaced;

    CU_ASSERT_EQUAL_FATAL(rs_session_activate_key(edge->session, &replaced), 0);
    CU_ASSERT_EQUAL(replaced, find_key(edge, edge->active_seed)->epoch);
    find_key(edge, edge->active_seed)->retire_at = now + GRACE;
    key->activate_at = NEVER;
    edge->active_seed = key->seed;
}

static void run_timers(struct edge *edge, int now)
{
    for (unsigned int i = 0; i < edge->count; i++) {
        struct ring_key *key = &edge->keys[i];

        if (key->activate_at <= now)
            activate(edge, key, now);
        if (key->retire_at <= now) {
            CU_ASSERT_EQUAL_FATAL(rs_session_retire_key(edge->session, key->epoch), 0);
            take_out(edge, key);
            i--;
        }
    }
}

/* ---- packets -------------------------------------------------------------------------------- */

static void hold(const struct rs_leg_packet *packet, uint32_t mark, int due)
{
    struct held *held = malloc(sizeof(*held));

    CU_ASSERT_PTR_NOT_NULL_FATAL(held);
    *held = (struct held){router, *packet, mark, sealer.active_seed, due};
    router = held;
}

static void send_one(uint32_t mark, int now, struct tally *tally)
{
    const struct rs_leg_packet packet = rs_leg_sealed(host, legs.seal, mark);

    tally->sent++;
    if (draw(20) == 0) {
        tally->dropped++;
        return;
    }
    hold(&packet, mark, now + (draw(3) == 0 ? (int)draw(HELD_MAX) : 0));
    if (draw(20) == 0)
        hold(&packet, mark, now + (int)draw(HELD_MAX));
}

/* What the model says becomes of it: a key that the opening edge does not hold, a repetition, or
 * the very bytes that were sealed. */
static void deliver(const struct held *held, struct tally *tally)
{
    const struct rs_leg_packet plain = rs_leg_vp8(held->mark);
    struct rs_leg_packet out = {0};
    const enum rs_outcome outcome = rs_leg_run(host, 1, RS_OPEN, legs.open, &held->packet, &out);

    if (find_key(&opener, held->seed) == NULL) {
        CU_ASSERT_EQUAL(outcome, RS_SECRET_MISMATCH);
        tally->mismatched++;
        return;
    }
    CU_ASSERT_EQUAL(outcome, seen[held->mark] ? RS_REPLAY : RS_OPENED);
    tally->repeated += seen[held->mark];
    tally->opened += !seen[held->mark];
    if (!seen[held->mark])
        CU_ASSERT(out.bytes == plain.bytes && memcmp(out.payload, plain.payload, out.bytes) == 0);
    seen[held->mark] = 1;
}

static void deliver_due(int now, struct tally *tally)
{
    struct held **link = &router;

    while (*link != NULL) {
        struct held *held = *link;

        if (held->due > now) {
            link = &held->next;
            continue;
        }
        *link = held->next;
        deliver(held, tally);
        free(held);
    }
}

/* ---- runs ----------------------------------------------------------------------------------- */

static void start_edge(struct edge *edge, struct rs_session *session)
{
    *edge = (struct edge){.session = session, .active_seed = 1, .epoch = 1};
    edge->keys[edge->count++] = (struct ring_key){1, 1, NEVER, NEVER};
}

/* The next key: every third time, one that both edges will hold when they are told of it. */
static uint32_t next_seed(uint32_t fresh, int told_by, struct tally *tally)
{
    for (unsigned int i = 0; fresh % 3 == 0 && i < sealer.count; i++) {
        const struct ring_key *here = &sealer.keys[i], *there = find_key(&opener, here->seed);

        if (there != NULL && here->retire_at != NEVER && here->retire_at > told_by &&
            there->retire_at != NEVER && there->retire_at > told_by) {
            tally->again++;
            return here->seed;
        }
    }
    return fresh;
}

static void tick(uint32_t *mark, int now, struct tally *tally)
{
    run_timers(&sealer, now);
    run_timers(&opener, now);
    send_one((*mark)++, now, tally);
    deliver_due(now, tally);
}

static void start(void)
{
    const struct rs_stream_config seal = rs_host_stream_config(RS_SEAL, 0);
    const struct rs_stream_config open = rs_host_stream_config(RS_OPEN, 1);

    memset(seen, 0, sizeof(seen));
    start_edge(&sealer, rs_host_session(host, host, 1));
    start_edge(&opener, rs_host_session(host, host, 1));
    legs.seal = rs_host_stream(sealer.session, &seal);
    legs.open = rs_host_stream(opener.session, &open);
}

static void stop(void)
{
    rs_stream_destroy(legs.seal);
    rs_stream_destroy(legs.open);
    rs_session_destroy(sealer.session);
    rs_session_destroy(opener.session);
    rs_host_check_sums(host);
}

/* Changes keys at edges that are told fewer than `apart_below` ticks apart, by turns the one and
 * the other first. */
static struct tally run(unsigned int apart_below)
{
    struct tally tally = {0};
    uint32_t mark = 0;
    int now = 0;

    start();
    for (unsigned int n = 0; n < CHANGES; n++) {
        const int apart = (int)draw(apart_below), begin = now;
        struct edge *first = n % 2 ? &sealer : &opener, *second = n % 2 ? &opener : &sealer;
        const uint32_t seed = next_seed(n + 2, now + apart + 1, &tally);

        tell(first, seed, now);
        while (now < begin + apart)
            tick(&mark, ++now, &tally);
        tell(second, seed, now);
        while (now < begin + apart + PERIOD)
            tick(&mark, ++now, &tally);
        rs_host_forget_events(host);
    }
    deliver_due(now + HELD_MAX, &tally);
    CU_ASSERT_EQUAL(tally.sent, mark);
    stop();
    printf(
        "rekey_apart: %u packets, %u opened, %u of keys not held, %u repeated, %u dropped, %u keys"
        " again\n",
        tally.sent, tally.opened, tally.mismatched, tally.repeated, tally.dropped, tally.again);
    return tally;
}

static void told_less_than_the_delay_apart_nothing_is_lost(void)
{
    const struct tally tally = run(DELAY);

    CU_ASSERT_EQUAL(tally.mismatched, 0);
    CU_ASSERT_EQUAL(tally.opened, tally.sent - tally.dropped);
    CU_ASSERT(tally.repeated > CHANGES && tally.dropped > CHANGES && tally.again > 5);
}

static void told_further_apart_exactly_what_the_rings_say_is_lost(void)
{
    const struct tally tally = run(2 * DELAY + GRACE);

    CU_ASSERT(tally.mismatched > 10 * CHANGES);
    CU_ASSERT(tally.opened > 10 * CHANGES);
    CU_ASSERT(tally.opened + tally.dropped < tally.sent);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"told_less_than_the_delay_apart_nothing_is_lost",
         told_less_than_the_delay_apart_nothing_is_lost},
        {"told_further_apart_exactly_what_the_rings_say_is_lost",
         told_further_apart_exactly_what_the_rings_say_is_lost},
    };
    const struct rs_host_config config = {.worker_count = 1};
    int rc;

    host = rs_host_start(&config);
    rc = rs_test_main("rekey_apart", tests, sizeof(tests) / sizeof(tests[0]));
    rs_host_stop(host);
    return rc;
}
