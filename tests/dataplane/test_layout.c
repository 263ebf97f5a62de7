/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No false sharing: which cache lines of the objects that threads share change while one worker
 * seals and opens, while the other does, and while main does its own work. It is looked at from
 * outside, by comparing memory, so it holds for what is written and not for what is meant to be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/dataplane_internal.h"
#include "dataplane/keyring.h"
#include "dataplane/sender.h"
#include "dataplane/sender_internal.h"

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { WORKERS = 2, PACKETS = 16, SWEEPS_MS = 500, REGIONS_MAX = 64 };

enum writer { WORKER_0, WORKER_1, MAIN, WRITERS };

/* Memory that more than one thread knows of. */
struct region {
    const char *name;
    const uint8_t *at;
    size_t bytes;
    uint8_t *before;  /* a copy */
    uint8_t *writers; /* of each line, a bit for each enum writer */
};

static struct rs_host *host;
static struct rs_legs legs;
static struct rs_leg_packet sealed[WORKERS][PACKETS];
static struct region regions[REGIONS_MAX];
static unsigned int region_count;

/* ---- memory --------------------------------------------------------------------------------- */

static size_t line_of(const struct region *region, size_t offset)
{
    return ((uintptr_t)region->at % RS_CACHE_LINE + offset) / RS_CACHE_LINE;
}

static void watch(const char *name, const void *at, size_t bytes)
{
    struct region *region = &regions[region_count++];

    CU_ASSERT_FATAL(region_count <= REGIONS_MAX);
    *region = (struct region){.name = name, .at = at, .bytes = bytes, .before = malloc(bytes)};
    region->writers = calloc(line_of(region, bytes) + 1, 1);
    CU_ASSERT_FATAL(region->before != NULL && region->writers != NULL);
}

static void forget_regions(void)
{
    while (region_count > 0) {
        free(regions[--region_count].before);
        free(regions[region_count].writers);
    }
}

static void remember(void)
{
    for (unsigned int r = 0; r < region_count; r++)
        memcpy(regions[r].before, regions[r].at, regions[r].bytes);
}

/* What has changed since was written by `writer`, for nobody else had anything to do. */
static void note_changes(enum writer writer)
{
    for (unsigned int r = 0; r < region_count; r++) {
        for (size_t i = 0; i < regions[r].bytes; i++) {
            if (regions[r].at[i] != regions[r].before[i])
                regions[r].writers[line_of(&regions[r], i)] |= (uint8_t)(1u << writer);
        }
    }
}

static unsigned int count_lines(const char *name, enum writer writer)
{
    unsigned int count = 0;

    for (unsigned int r = 0; r < region_count; r++) {
        for (size_t l = 0; l <= line_of(&regions[r], regions[r].bytes - 1); l++)
            count += strcmp(regions[r].name, name) == 0 && regions[r].writers[l] >> writer & 1;
    }
    return count;
}

/* ---- what threads do ------------------------------------------------------------------------ */

static uint64_t packets_in(unsigned int worker)
{
    uint64_t sum = 0;

    for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
        struct rs_counters counters;

        rs_dataplane_get_counters(host->dataplane, (int)worker, RS_ALL, (enum rs_direction)d,
                                  &counters);
        sum += counters.packets_in;
    }
    return sum;
}

/* The queue of a path that this worker polls: they are dealt out in turn, path by path. */
static uint16_t queue_of(unsigned int worker, unsigned int link, enum rs_direction direction)
{
    return (uint16_t)((worker + link * RS_DIRECTIONS + direction) % WORKERS);
}

/* Seals and opens on one worker, while main does nothing but wait. */
static void run_worker(unsigned int worker)
{
    const uint64_t until = packets_in(worker) + PACKETS;

    for (unsigned int i = 0; i < PACKETS / 2; i++) {
        const struct rs_leg_packet plain = rs_leg_vp8(i);
        uint8_t frame[RS_HOST_FRAME_BYTES];

        rs_host_inject(host, 0, RS_SEAL, queue_of(worker, 0, RS_SEAL), frame,
                       rs_leg_write(&plain, frame, sizeof(frame)));
        rs_host_inject(host, 1, RS_OPEN, queue_of(worker, 1, RS_OPEN), frame,
                       rs_leg_write(&sealed[worker][i], frame, sizeof(frame)));
    }
    for (unsigned int ms = 0; packets_in(worker) < until && ms < 20000; ms++)
        usleep(1000);
    CU_ASSERT_EQUAL(packets_in(worker), until);
}

/* Main looks over all streams, and makes and removes one. */
static void run_main(void)
{
    struct rs_stream_config config = rs_host_stream_config(RS_SEAL, 0);

    config.flow.dst_port = 5006;
    rs_stream_destroy(rs_host_stream(legs.session, &config));
    rs_host_poll(host, SWEEPS_MS);
}

/* ---- what is watched ------------------------------------------------------------------------ */

static void watch_stream(const struct rs_stream *stream)
{
    watch("stream", stream,
          (size_t)((const uint8_t *)&stream->keys[stream->key_count] - (const uint8_t *)stream));
    for (unsigned int w = 0; w < WORKERS; w++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(stream->slots[w].current);
        watch("sender", stream->slots[w].current, sizeof(struct rs_sender));
    }
}

static void watch_all(void)
{
    const struct rs_dataplane *dp = host->dataplane;
    const struct rs_keyring *ring = legs.session->ring;

    watch("dataplane", dp, sizeof(*dp));
    watch("links", dp->links, dp->link_count * sizeof(*dp->links));
    watch("session", legs.session, sizeof(*legs.session));
    watch("ring", ring, sizeof(*ring));
    watch("key", ring->active, sizeof(*ring->active) + WORKERS * sizeof(ring->active->workers[0]));
    watch("counters", dp->counters, WORKERS * sizeof(*dp->counters));
    for (unsigned int w = 0; w < WORKERS; w++) {
        watch("senders", dp->workers[w]->senders, sizeof(*dp->workers[w]->senders));
        watch("paths", dp->workers[w]->paths,
              dp->workers[w]->path_count * sizeof(*dp->workers[w]->paths));
    }
    watch_stream(legs.seal);
    watch_stream(legs.open);
}

/* Each worker has senders, and something to open that it has not opened yet. */
static void prepare(void)
{
    legs = rs_legs_make(host, NULL);
    for (unsigned int w = 0; w < WORKERS; w++) {
        for (unsigned int i = 0; i < PACKETS; i++)
            sealed[w][i] = rs_leg_sealed(host, legs.seal, w * PACKETS + i);
    }
    for (unsigned int w = 0; w < WORKERS; w++) {
        run_worker(w);
        memmove(sealed[w], &sealed[w][PACKETS / 2], PACKETS / 2 * sizeof(sealed[w][0]));
    }
    rs_host_poll(host, SWEEPS_MS);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void no_two_threads_write_to_one_line(void)
{
    host = rs_host_start(&(struct rs_host_config){.worker_count = WORKERS});
    prepare();
    watch_all();
    for (unsigned int w = 0; w < WORKERS; w++) {
        remember();
        run_worker(w);
        note_changes((enum writer)w);
    }
    remember();
    run_main();
    note_changes(MAIN);
    for (unsigned int r = 0; r < region_count; r++) {
        for (size_t l = 0; l <= line_of(&regions[r], regions[r].bytes - 1); l++) {
            const uint8_t writers = regions[r].writers[l];

            if ((writers & (writers - 1)) == 0)
                continue;
            printf("line %zu of %s is written by %#x\n", l, regions[r].name, writers);
            CU_FAIL("a line has more than one writer");
        }
    }
}

static void a_packet_writes_one_line_of_its_stream_and_one_of_its_sender(void)
{
    for (unsigned int w = 0; w < WORKERS; w++) {
        CU_ASSERT_EQUAL(count_lines("stream", (enum writer)w), 2); /* one seals, one opens */
        CU_ASSERT_EQUAL(count_lines("sender", (enum writer)w), 2);
        CU_ASSERT_EQUAL(count_lines("session", (enum writer)w), 0);
        CU_ASSERT_EQUAL(count_lines("ring", (enum writer)w), 0);
        CU_ASSERT_EQUAL(count_lines("links", (enum writer)w), 0);
        CU_ASSERT_EQUAL(count_lines("dataplane", (enum writer)w), 0);
        CU_ASSERT(count_lines("counters", (enum writer)w) >= 2); /* it was looked at */
    }
}

static void main_writes_to_no_line_that_a_packet_needs(void)
{
    CU_ASSERT(count_lines("stream", MAIN) >= 2); /* it was looked at: what the sweep has seen */
    CU_ASSERT_EQUAL(count_lines("ring", MAIN), 0);
    CU_ASSERT_EQUAL(count_lines("links", MAIN), 0);
    CU_ASSERT_EQUAL(count_lines("sender", MAIN), 0);
    CU_ASSERT_EQUAL(count_lines("paths", MAIN), 0);
    for (unsigned int r = 0; r < region_count; r++) {
        if (strcmp(regions[r].name, "stream") == 0 || strcmp(regions[r].name, "session") == 0)
            CU_ASSERT_EQUAL(regions[r].writers[0], 0);
    }
}

/* What is written all the time, or by two threads on purpose. */
static void workers_and_mailboxes_have_their_lines_to_themselves(void)
{
    const struct rs_dataplane *dp = host->dataplane;

    for (unsigned int w = 0; w < WORKERS; w++) {
        const struct rs_worker *worker = dp->workers[w];
        const void *const begins[] = {worker,          &worker->from_main, &worker->to_main,
                                      &worker->order,  worker->paths,      worker->senders,
                                      dp->counters[w], legs.session,       legs.session->ring};

        for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
            CU_ASSERT_EQUAL((uintptr_t)begins[i] % RS_CACHE_LINE, 0);
        CU_ASSERT_EQUAL(sizeof(*worker) % RS_CACHE_LINE, 0);
    }
    forget_regions();
    rs_legs_end(&legs);
    rs_host_stop(host);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"no_two_threads_write_to_one_line", no_two_threads_write_to_one_line},
        {"a_packet_writes_one_line_of_its_stream_and_one_of_its_sender",
         a_packet_writes_one_line_of_its_stream_and_one_of_its_sender},
        {"main_writes_to_no_line_that_a_packet_needs", main_writes_to_no_line_that_a_packet_needs},
        {"workers_and_mailboxes_have_their_lines_to_themselves",
         workers_and_mailboxes_have_their_lines_to_themselves},
    };

    return rs_test_main("layout", tests, sizeof(tests) / sizeof(tests[0]));
}
