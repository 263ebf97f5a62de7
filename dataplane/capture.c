/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture is published like rules of a link are: workers see it, or not, for a whole burst. Each
 * ring has one writer, its worker, and one reader.
 */
#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "dataplane_internal.h"
#include "rcu.h"
#include "worker.h"

enum { SLOTS = 1024 }; /* of each worker */

/* One copy; `snap_bytes` of data are behind it. */
struct slot {
    uint64_t tsc;
    uint32_t bytes, kept; /* of the frame, and of it here */
    uint8_t link, direction, outcome;
    uint8_t data[];
};

/* What a worker writes, and where the reader is. */
struct ring {
    _Atomic uint32_t written RS_OWN_LINE; /* worker: w, reader: r */
    _Atomic uint64_t missed;              /* worker: w, any: r */
    uint8_t *slots;                       /* SLOTS of them */
    uint8_t *before;                      /* one for each place of a burst */
    _Atomic uint32_t read RS_OWN_LINE;    /* reader: w, worker: r */
};

struct rs_capture {
    struct rs_rcu_head rcu;
    struct rs_dataplane *dataplane;
    struct rs_capture_config config;
    uint64_t began_tsc, began_ns; /* the same moment by two clocks */
    size_t stride;                /* of slots, in bytes */
    unsigned int worker_count;
    struct ring rings[]; /* one for each worker */
};

/* ---- workers ------------------------------------------------------------------------------ */

static struct slot *slot_at(const struct rs_capture *capture, uint8_t *slots, uint32_t n)
{
    return (struct slot *)(void *)(slots + n * capture->stride);
}

static void copy(const struct rs_capture *capture, const struct rs_burst *burst, unsigned int place,
                 struct slot *slot)
{
    const struct rte_mbuf *mbuf = burst->mbufs[place];
    const uint32_t kept = RTE_MIN(mbuf->pkt_len, capture->config.snap_bytes);
    const void *data = rte_pktmbuf_read(mbuf, 0, kept, slot->data);

    if (data != slot->data)
        memcpy(slot->data, data, kept);
    slot->tsc = burst->now_tsc;
    slot->bytes = mbuf->pkt_len;
    slot->kept = kept;
}

/* Whether it can be one that is asked for, as far as that is known before its end. */
static bool may_be_wanted(const struct rs_capture *capture, const struct rs_burst *burst,
                          unsigned int place)
{
    const struct rs_capture_config *config = &capture->config;

    return (config->stream == NULL || config->stream == burst->streams[place]) &&
           (config->direction < 0 || (unsigned int)config->direction == burst->path->direction);
}

void rs_capture_keep(struct rs_capture *capture, const struct rs_worker *worker,
                     const struct rs_burst *burst)
{
    struct ring *ring = &capture->rings[worker->index];

    if (capture->config.when != RS_CAPTURE_BEFORE)
        return;
    for (unsigned int i = 0; i < burst->received; i++) {
        if (may_be_wanted(capture, burst, i))
            copy(capture, burst, i, slot_at(capture, ring->before, i));
    }
}

static void take(struct rs_capture *capture, struct ring *ring, const struct rs_burst *burst,
                 unsigned int place)
{
    const uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    struct slot *slot = slot_at(capture, ring->slots, written % SLOTS);

    if (written - atomic_load_explicit(&ring->read, memory_order_acquire) == SLOTS) {
        atomic_store_explicit(&ring->missed,
                              atomic_load_explicit(&ring->missed, memory_order_relaxed) + 1,
                              memory_order_relaxed);
        return;
    }
    if (capture->config.when == RS_CAPTURE_BEFORE)
        memcpy(slot, slot_at(capture, ring->before, place), capture->stride);
    else
        copy(capture, burst, place, slot);
    slot->link = burst->path->link;
    slot->direction = (uint8_t)burst->path->direction;
    slot->outcome = burst->outcomes[place];
    atomic_store_explicit(&ring->written, written + 1, memory_order_release);
}

void rs_capture_take(struct rs_capture *capture, const struct rs_worker *worker,
                     const struct rs_burst *burst)
{
    const int outcome = capture->config.outcome;

    for (unsigned int i = 0; i < burst->received; i++) {
        if (may_be_wanted(capture, burst, i) && (outcome < 0 || burst->outcomes[i] == outcome))
            take(capture, &capture->rings[worker->index], burst, i);
    }
}

/* ---- the reader --------------------------------------------------------------------------- */

static uint64_t time_of(const struct rs_capture *capture, uint64_t tsc)
{
    const double seconds = (double)(int64_t)(tsc - capture->began_tsc) / (double)rte_get_tsc_hz();

    return capture->began_ns + (uint64_t)(int64_t)(seconds * 1e9);
}

static unsigned int read_ring(const struct rs_capture *capture, struct ring *ring,
                              rs_captured_fn *taker, void *context)
{
    const uint32_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
    uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    unsigned int count = 0;

    for (; read != written; read++, count++) {
        const struct slot *slot = slot_at(capture, ring->slots, read % SLOTS);
        const struct rs_captured captured = {.at_ns = time_of(capture, slot->tsc),
                                             .bytes = slot->bytes,
                                             .kept = slot->kept,
                                             .data = slot->data,
                                             .link = slot->link,
                                             .direction = (enum rs_direction)slot->direction,
                                             .outcome = (enum rs_outcome)slot->outcome};

        taker(context, &captured);
        atomic_store_explicit(&ring->read, read + 1, memory_order_release);
    }
    return count;
}

unsigned int rs_capture_read(struct rs_capture *capture, rs_captured_fn *taker, void *context)
{
    unsigned int count = 0;

    for (unsigned int w = 0; w < capture->worker_count; w++)
        count += read_ring(capture, &capture->rings[w], taker, context);
    return count;
}

uint64_t rs_capture_missed(const struct rs_capture *capture)
{
    uint64_t missed = 0;

    for (unsigned int w = 0; w < capture->worker_count; w++)
        missed += atomic_load_explicit(&capture->rings[w].missed, memory_order_relaxed);
    return missed;
}

/* ---- main --------------------------------------------------------------------------------- */

/* Copies may be of plain media: they are wiped. */
static void free_capture(struct rs_rcu_head *head)
{
    struct rs_capture *capture = caa_container_of(head, struct rs_capture, rcu);

    for (unsigned int w = 0; w < capture->worker_count; w++) {
        struct ring *ring = &capture->rings[w];

        if (ring->slots != NULL)
            rs_secret_wipe(ring->slots, SLOTS * capture->stride);
        if (ring->before != NULL)
            rs_secret_wipe(ring->before, RS_BURST_MAX * capture->stride);
        free(ring->slots);
        free(ring->before);
    }
    free(capture);
}

static bool make_rings(struct rs_capture *capture)
{
    for (unsigned int w = 0; w < capture->worker_count; w++) {
        capture->rings[w].slots = rs_lines_alloc(SLOTS * capture->stride);
        capture->rings[w].before = rs_lines_alloc(RS_BURST_MAX * capture->stride);
        if (capture->rings[w].slots == NULL || capture->rings[w].before == NULL)
            return false;
    }
    return true;
}

struct rs_capture *rs_capture_start(struct rs_dataplane *dp, const struct rs_capture_config *config)
{
    struct rs_capture *capture;
    struct timespec now;

    if (dp->capture != NULL) {
        errno = EBUSY;
        return NULL;
    }
    capture = rs_lines_alloc(sizeof(*capture) + dp->worker_count * sizeof(struct ring));
    if (capture == NULL)
        return NULL;
    capture->dataplane = dp;
    capture->config = *config;
    capture->worker_count = dp->worker_count;
    capture->stride = rs_lines_bytes(sizeof(struct slot) + config->snap_bytes);
    if (!make_rings(capture)) {
        free_capture(&capture->rcu);
        errno = ENOMEM;
        return NULL;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    capture->began_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    capture->began_tsc = rte_rdtsc();
    rs_rcu_publish(dp->capture, capture);
    return capture;
}

void rs_capture_stop(struct rs_capture *capture)
{
    if (capture->dataplane->capture == capture)
        rs_rcu_publish(capture->dataplane->capture, NULL);
}

void rs_capture_destroy(struct rs_capture *capture)
{
    rs_capture_stop(capture);
    rs_rcu_after_grace(&capture->rcu, free_capture);
}
