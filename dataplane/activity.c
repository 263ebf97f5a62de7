/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream starts when its counters move and stops when they have not for RS_IDLE_MS. Main may come
 * late: what is compared are two looks, so that lateness makes neither of the two.
 */
#include "activity.h"

#include "table.h"

enum { MS_PER_S = 1000, BITS_PER_BYTE = 8 };

static uint64_t packets_in(const struct rs_stream *stream, unsigned int worker_count)
{
    uint64_t sum = 0;

    for (unsigned int w = 0; w < worker_count; w++)
        sum += __atomic_load_n(&stream->slots[w].counters.in_out.packets_in, __ATOMIC_RELAXED);
    return sum;
}

static uint64_t bytes_in(const struct rs_stream *stream, unsigned int worker_count)
{
    uint64_t sum = 0;

    for (unsigned int w = 0; w < worker_count; w++)
        sum += __atomic_load_n(&stream->slots[w].counters.in_out.bytes_in, __ATOMIC_RELAXED);
    return sum;
}

/* Over the second or so since the last measurement. */
static void measure(struct rs_activity_watch *watch, const struct rs_stream *stream,
                    unsigned int worker_count, uint64_t tsc_hz, uint64_t now)
{
    const uint64_t elapsed = now - watch->measured_tsc;
    uint64_t bytes;

    if (watch->measured_tsc != 0 && elapsed < tsc_hz)
        return;
    bytes = bytes_in(stream, worker_count);
    if (watch->measured_tsc != 0) {
        const double seconds = (double)elapsed / (double)tsc_hz;

        watch->rate.packets_per_second =
            (double)(watch->packets - watch->measured_packets) / seconds;
        watch->rate.bits_per_second =
            (double)(bytes - watch->measured_bytes) * BITS_PER_BYTE / seconds;
    }
    watch->measured_tsc = now;
    watch->measured_packets = watch->packets;
    watch->measured_bytes = bytes;
}

/* The stream may be gone afterwards. */
static unsigned int tell(const struct rs_stream *stream, const struct rs_observer *observer,
                         enum rs_activity activity, uint64_t packets)
{
    const struct rs_activity_report report = {.activity = activity, .packets = packets};

    if (observer->stream_activity == NULL || stream->owner == NULL)
        return 0;
    observer->stream_activity(stream->owner, &report);
    return 1;
}

unsigned int rs_activity_look(struct rs_stream *stream, unsigned int worker_count, uint64_t tsc_hz,
                              const struct rs_observer *observer, uint64_t now_tsc)
{
    struct rs_activity_watch *watch = &stream->activity;
    const uint64_t packets = packets_in(stream, worker_count), since = packets - watch->base;
    const bool moved = packets != watch->packets;

    watch->packets = packets;
    if (moved)
        watch->moved_tsc = now_tsc;
    measure(watch, stream, worker_count, tsc_hz, now_tsc);
    if (moved && !watch->active) {
        watch->active = true;
        return tell(stream, observer, RS_ACTIVITY_STARTED, since);
    }
    if (watch->active && now_tsc - watch->moved_tsc >= RS_IDLE_MS * tsc_hz / MS_PER_S) {
        watch->active = false;
        watch->base = packets;
        return tell(stream, observer, RS_ACTIVITY_STOPPED, since);
    }
    return 0;
}
