/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The alarm for guessed tags. Only streams that have seen a wrong tag are looked at, and only their
 * counters: a worker does no more than flag the first. Other trouble of a stream is notice.c's.
 */
#include "alarm.h"

#include "poll.h"
#include "table.h"

enum { LOOKS_PER_SECOND = 20 };

void rs_alarm_init(struct rs_alarm *alarm, uint32_t limit, unsigned int worker_count,
                   uint64_t tsc_hz)
{
    *alarm = (struct rs_alarm){.limit = limit, .worker_count = worker_count, .tsc_hz = tsc_hz};
    TAILQ_INIT(&alarm->streams);
}

static uint64_t wrong_tags(const struct rs_alarm *alarm, const struct rs_stream *stream)
{
    uint64_t sum = 0;

    for (unsigned int w = 0; w < alarm->worker_count; w++)
        sum += rs_stream_counters_get(&stream->slots[w].counters, RS_AUTH_FAILED);
    return sum;
}

static bool watched(const struct rs_stream *stream)
{
    return stream->watches != NULL && stream->watches->alarm.watched;
}

/* The count goes on from where it was last read: what raised the flag is in the first window. */
void rs_alarm_watch(struct rs_alarm *alarm, struct rs_stream *stream, uint64_t now_tsc)
{
    struct rs_stream_watches *watches;

    if (alarm->limit == 0 || watched(stream))
        return;
    watches = rs_stream_watch(stream, alarm->worker_count);
    if (watches == NULL) {
        alarm->was_enabled = true; /* the next round catches up with it */
        return;
    }
    watches->alarm.watched = true;
    watches->alarm.window_tsc = now_tsc;
    TAILQ_INSERT_TAIL(&alarm->streams, stream, watches->alarm.entry);
}

void rs_alarm_forget(struct rs_alarm *alarm, struct rs_stream *stream)
{
    if (!watched(stream))
        return;
    if (alarm->next == stream)
        alarm->next = TAILQ_NEXT(stream, watches->alarm.entry);
    stream->watches->alarm.watched = false;
    TAILQ_REMOVE(&alarm->streams, stream, watches->alarm.entry);
}

void rs_alarm_set_limit(struct rs_alarm *alarm, uint32_t limit)
{
    alarm->was_enabled = alarm->was_enabled || (alarm->limit == 0 && limit != 0);
    alarm->limit = limit;
}

bool rs_alarm_was_enabled(struct rs_alarm *alarm)
{
    const bool was_enabled = alarm->was_enabled;

    alarm->was_enabled = false;
    return was_enabled;
}

/* A worker that has set its flag does not do so again, so nobody else will say so. */
void rs_alarm_catch_up(struct rs_alarm *alarm, struct rs_stream *stream, uint64_t now_tsc)
{
    if (watched(stream) || stream->direction != RS_OPEN)
        return;
    for (unsigned int w = 0; w < alarm->worker_count; w++) {
        if (!rs_notice_tag_was_wrong(stream->slots[w].notice))
            continue;
        rs_alarm_watch(alarm, stream, now_tsc);
        if (watched(stream))
            stream->watches->alarm.counted = wrong_tags(alarm, stream);
        return;
    }
}

/* The next wrong tag on any worker flags the stream anew. */
static void stop_watching(struct rs_alarm *alarm, struct rs_stream *stream)
{
    rs_alarm_forget(alarm, stream);
    for (unsigned int w = 0; w < alarm->worker_count; w++)
        rs_notice_rearm(stream->slots[w].notice);
}

/* Tells of a change; the stream may be gone afterwards. Returns how many times it was told. */
static unsigned int tell(const struct rs_alarm *alarm, const struct rs_stream *stream,
                         const struct rs_observer *observer, enum rs_alarm_state state,
                         uint64_t wrong, uint64_t now)
{
    const struct rs_auth_alarm_report report = {
        .state = state,
        .wrong_tags = wrong,
        .lasted_ms = state == RS_ALARM_BEGUN
                         ? 0
                         : (now - stream->watches->alarm.raised_tsc) * 1000 / alarm->tsc_hz,
    };

    if (observer->auth_failure_rate == NULL)
        return 0;
    observer->auth_failure_rate(stream->owner, &report);
    return 1;
}

/* Main may come late: what is allowed grows with the time that the count was taken over. */
static uint64_t allowed_in(const struct rs_alarm *alarm, uint64_t elapsed)
{
    const uint64_t second = alarm->tsc_hz;

    if (alarm->limit == 0)
        return UINT64_MAX;
    return elapsed <= second ? alarm->limit
                             : (uint64_t)((double)alarm->limit * (double)elapsed / (double)second);
}

static unsigned int end(struct rs_alarm *alarm, struct rs_stream *stream,
                        const struct rs_observer *observer, uint64_t total, uint64_t now)
{
    stream->watches->alarm.raised = false;
    return tell(alarm, stream, observer, RS_ALARM_ENDED,
                total - stream->watches->alarm.raised_count, now);
}

static unsigned int look(struct rs_alarm *alarm, struct rs_stream *stream,
                         const struct rs_observer *observer, uint64_t now)
{
    struct rs_alarm_watch *watch = &stream->watches->alarm;
    const uint64_t elapsed = now - watch->window_tsc, allowed = allowed_in(alarm, elapsed);
    const uint64_t total = wrong_tags(alarm, stream), wrong = total - watch->counted;

    if (wrong > allowed && !watch->raised) {
        watch->raised = true;
        watch->raised_count = watch->counted;
        watch->raised_tsc = now;
        return tell(alarm, stream, observer, RS_ALARM_BEGUN, wrong, now);
    }
    if (elapsed < alarm->tsc_hz)
        return 0;
    watch->counted = total;
    watch->window_tsc = now;
    if (wrong > allowed)
        return 0;
    if (watch->raised)
        return end(alarm, stream, observer, total, now);
    if (alarm->limit == 0)
        rs_alarm_forget(alarm, stream); /* still flagged: workers have nothing to say meanwhile */
    else if (wrong == 0)
        stop_watching(alarm, stream);
    return 0;
}

void rs_alarm_poll(struct rs_alarm *alarm, const struct rs_observer *observer, uint64_t now_tsc)
{
    unsigned int told = 0;

    if (alarm->next == NULL) {
        if (now_tsc < alarm->look_at_tsc)
            return;
        alarm->look_at_tsc = now_tsc + alarm->tsc_hz / LOOKS_PER_SECOND;
        alarm->next = TAILQ_FIRST(&alarm->streams);
    }
    while (alarm->next != NULL && told < RS_TELLS_PER_POLL) {
        struct rs_stream *stream = alarm->next;

        alarm->next = TAILQ_NEXT(stream, watches->alarm.entry);
        told += look(alarm, stream, observer, now_tsc);
    }
}
