/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The alarm for guessed tags. Only streams that have seen a wrong tag are looked at, and only their
 * counters: a worker does no more than flag the first. Other trouble of a stream is notice.c's.
 */
#include "alarm.h"

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
        sum +=
            __atomic_load_n(&stream->slots[w].counters.outcomes[RS_AUTH_FAILED], __ATOMIC_RELAXED);
    return sum;
}

/* The count goes on from where it was last read: what raised the flag is in the first window. */
void rs_alarm_watch(struct rs_alarm *alarm, struct rs_stream *stream, uint64_t now_tsc)
{
    if (alarm->limit == 0 || stream->alarm.watched)
        return;
    stream->alarm.watched = true;
    stream->alarm.window_tsc = now_tsc;
    TAILQ_INSERT_TAIL(&alarm->streams, stream, alarm.entry);
}

void rs_alarm_forget(struct rs_alarm *alarm, struct rs_stream *stream)
{
    if (!stream->alarm.watched)
        return;
    if (alarm->next == stream)
        alarm->next = TAILQ_NEXT(stream, alarm.entry);
    stream->alarm.watched = false;
    TAILQ_REMOVE(&alarm->streams, stream, alarm.entry);
}

/* The next wrong tag on any worker flags the stream anew. */
static void stop_watching(struct rs_alarm *alarm, struct rs_stream *stream)
{
    rs_alarm_forget(alarm, stream);
    for (unsigned int w = 0; w < alarm->worker_count; w++)
        rs_notice_rearm(&stream->slots[w].notice);
}

/* Tells of a change; the stream may be gone afterwards. */
static void tell(const struct rs_alarm *alarm, const struct rs_stream *stream,
                 const struct rs_observer *observer, enum rs_alarm_state state, uint64_t wrong,
                 uint64_t now)
{
    const struct rs_auth_alarm_report report = {
        .state = state,
        .wrong_tags = wrong,
        .lasted_ms =
            state == RS_ALARM_BEGUN ? 0 : (now - stream->alarm.raised_tsc) * 1000 / alarm->tsc_hz,
    };

    observer->auth_failure_rate(stream->owner, &report);
}

static void look(struct rs_alarm *alarm, struct rs_stream *stream,
                 const struct rs_observer *observer, uint64_t now)
{
    struct rs_alarm_watch *watch = &stream->alarm;
    const uint64_t second = alarm->tsc_hz, elapsed = now - watch->window_tsc;
    const uint64_t total = wrong_tags(alarm, stream), wrong = total - watch->counted;
    /* Main may come late: what is allowed grows with the time that the count was taken over. */
    const uint64_t allowed =
        elapsed <= second ? alarm->limit
                          : (uint64_t)((double)alarm->limit * (double)elapsed / (double)second);

    if (wrong > allowed && !watch->raised) {
        watch->raised = true;
        watch->raised_count = watch->counted;
        watch->raised_tsc = now;
        tell(alarm, stream, observer, RS_ALARM_BEGUN, wrong, now);
        return;
    }
    if (elapsed < second)
        return;
    watch->counted = total;
    watch->window_tsc = now;
    if (wrong > allowed)
        return;
    if (watch->raised) {
        watch->raised = false;
        tell(alarm, stream, observer, RS_ALARM_ENDED, total - watch->raised_count, now);
    } else if (wrong == 0) {
        stop_watching(alarm, stream);
    }
}

void rs_alarm_poll(struct rs_alarm *alarm, const struct rs_observer *observer, uint64_t now_tsc)
{
    if (now_tsc < alarm->look_at_tsc)
        return;
    alarm->look_at_tsc = now_tsc + alarm->tsc_hz / LOOKS_PER_SECOND;
    for (struct rs_stream *stream = TAILQ_FIRST(&alarm->streams); stream != NULL;
         stream = alarm->next) {
        alarm->next = TAILQ_NEXT(stream, alarm.entry);
        look(alarm, stream, observer, now_tsc);
    }
}
