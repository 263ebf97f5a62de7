/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shortages of a stream, edge-triggered: begun with the first packet it loses, ended after a whole
 * second in which it lost none. A stream's counters are read only while some stream loses packets.
 */
#include "shortage.h"

#include <string.h>

#include "table.h"

/* A round after the one that saw the total grow: workers count for a path before they count for
 * its stream, so that main may meet the second too early. */
enum { ROUNDS = 2 };

void rs_shortages_init(struct rs_shortages *shortages, unsigned int worker_count, uint64_t tsc_hz)
{
    *shortages = (struct rs_shortages){.worker_count = worker_count, .tsc_hz = tsc_hz};
}

enum rs_outcome rs_shortage_outcome(enum rs_shortage shortage)
{
    return shortage == RS_SHORTAGE_SENDER_LIMIT ? RS_SENDER_LIMIT : RS_NO_CAPACITY;
}

void rs_shortages_begin_round(struct rs_shortages *shortages, const uint64_t totals[RS_SHORTAGES])
{
    for (unsigned int s = 0; s < RS_SHORTAGES; s++) {
        if (totals[s] != shortages->totals[s])
            shortages->rounds_left[s] = ROUNDS;
        else if (shortages->rounds_left[s] > 0)
            shortages->rounds_left[s]--;
        shortages->totals[s] = totals[s];
    }
}

/* What each worker has dropped, read once, so that all that is told of it fits together. */
static uint64_t read_counts(const struct rs_shortages *shortages, const struct rs_stream *stream,
                            enum rs_shortage shortage, uint64_t counts[RS_MAX_WORKERS])
{
    const enum rs_outcome outcome = rs_shortage_outcome(shortage);
    uint64_t sum = 0;

    for (unsigned int w = 0; w < shortages->worker_count; w++) {
        counts[w] = rs_stream_counters_get(&stream->slots[w].counters, outcome);
        sum += counts[w];
    }
    return sum;
}

/* Packets lost since the last end, and the worker that lost most of them. */
static void add_up(const struct rs_shortages *shortages, const struct rs_stream *stream,
                   const uint64_t counts[RS_MAX_WORKERS], struct rs_shortage_report *report)
{
    uint64_t most = 0;

    for (unsigned int w = 0; w < shortages->worker_count; w++) {
        const uint64_t lost = counts[w] - stream->watches->told_dropped[w][report->shortage];

        report->packets += lost;
        if (lost > most) {
            most = lost;
            report->worker = w;
        }
    }
}

static void end(const struct rs_shortages *shortages, struct rs_stream *stream,
                enum rs_shortage shortage, const uint64_t counts[RS_MAX_WORKERS])
{
    for (unsigned int w = 0; w < shortages->worker_count; w++)
        stream->watches->told_dropped[w][shortage] = counts[w];
}

static unsigned int tell(const struct rs_stream *stream, const struct rs_observer *observer,
                         const struct rs_shortage_report *report)
{
    if (observer->stream_shortage == NULL)
        return 0;
    observer->stream_shortage(stream->owner, report);
    return 1;
}

static unsigned int look(struct rs_shortages *shortages, struct rs_stream *stream,
                         enum rs_shortage shortage, const struct rs_observer *observer,
                         uint64_t now)
{
    struct rs_shortage_report report = {.shortage = shortage};
    uint64_t counts[RS_MAX_WORKERS];
    const uint64_t dropped = read_counts(shortages, stream, shortage, counts);
    struct rs_shortage_watch *watch;
    bool grown;

    if ((dropped == 0 && stream->watches == NULL) ||
        rs_stream_watch(stream, shortages->worker_count) == NULL)
        return 0;
    watch = &stream->watches->shortage;
    grown = dropped != watch->dropped[shortage];
    watch->dropped[shortage] = dropped;
    if (grown)
        watch->grown_tsc[shortage] = now;
    if (grown == watch->raised[shortage] ||
        (!grown && now - watch->grown_tsc[shortage] < shortages->tsc_hz))
        return 0;
    add_up(shortages, stream, counts, &report);
    report.state = grown ? RS_ALARM_BEGUN : RS_ALARM_ENDED;
    watch->raised[shortage] = grown;
    shortages->raised_count[shortage] += grown ? 1u : -1u;
    if (!grown)
        end(shortages, stream, shortage, counts);
    return tell(stream, observer, &report);
}

unsigned int rs_shortages_look(struct rs_shortages *shortages, struct rs_stream *stream,
                               const struct rs_observer *observer, uint64_t now_tsc)
{
    unsigned int told = 0;

    for (unsigned int s = 0; s < RS_SHORTAGES; s++) {
        if ((shortages->rounds_left[s] > 0 || shortages->raised_count[s] > 0) &&
            stream->owner != NULL)
            told += look(shortages, stream, (enum rs_shortage)s, observer, now_tsc);
    }
    return told;
}

void rs_shortages_forget(struct rs_shortages *shortages, const struct rs_stream *stream)
{
    for (unsigned int s = 0; s < RS_SHORTAGES && stream->watches != NULL; s++)
        shortages->raised_count[s] -= stream->watches->shortage.raised[s] ? 1 : 0;
}
