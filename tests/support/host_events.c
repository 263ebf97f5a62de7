/* SPDX-License-Identifier: BSD-3-Clause */
/* Records each call of the observer, and waits for calls. */
#include "tests/support/host_events.h"

#include <stdlib.h>
#include <time.h>

enum { PATIENCE_MS = 20000 };

static struct rs_host *recording; /* the one there is: an observer's owner says nothing of it */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct rs_host_event *add_event(enum rs_host_event_kind kind, void *owner)
{
    if (recording->event_count == recording->event_room) {
        recording->event_room = recording->event_room == 0 ? 64 : 2 * recording->event_room;
        recording->events =
            realloc(recording->events, recording->event_room * sizeof(*recording->events));
        if (recording->events == NULL)
            abort();
    }
    recording->events[recording->event_count] =
        (struct rs_host_event){.kind = kind, .owner = owner, .at_ns = now_ns()};
    return &recording->events[recording->event_count++];
}

static void on_activated(void *owner, const struct rs_activation *activation)
{
    struct rs_host_event *event = add_event(RS_HOST_ACTIVATED, owner);

    event->activation = *activation;
    event->epoch = activation->epoch;
}

static void on_retired(void *owner, const struct rs_retirement *retirement)
{
    struct rs_host_event *event = add_event(RS_HOST_RETIRED, owner);

    event->epoch = retirement->epoch;
    event->workers_wiped = retirement->workers_wiped;
}

static void on_trouble(void *owner, const struct rs_trouble_report *report)
{
    add_event(RS_HOST_TROUBLE, owner)->trouble = *report;
}

static void on_alarm(void *owner, const struct rs_auth_alarm_report *report)
{
    add_event(RS_HOST_ALARM, owner)->alarm = *report;
}

static void on_activity(void *owner, const struct rs_activity_report *report)
{
    add_event(RS_HOST_ACTIVITY, owner)->activity = *report;
}

static void on_shortage(void *owner, const struct rs_shortage_report *report)
{
    add_event(RS_HOST_SHORTAGE, owner)->shortage = *report;
}

static void on_stall(void *owner, const struct rs_stall_report *report)
{
    add_event(RS_HOST_STALL, owner)->stall = *report;
}

static void on_port(void *owner, const struct rs_port_report *report)
{
    add_event(RS_HOST_PORT, owner)->port = *report;
}

const struct rs_observer *rs_host_events_observer(struct rs_host *host,
                                                  const struct rs_host_config *config)
{
    static struct rs_observer observer = {
        .key_activated = on_activated,
        .key_retired = on_retired,
        .stream_trouble = on_trouble,
        .auth_failure_rate = on_alarm,
        .worker_stalled = on_stall,
        .port_changed = on_port,
    };

    recording = host;
    if (config->watch_streams) {
        observer.stream_activity = on_activity;
        observer.stream_shortage = on_shortage;
    }
    return &observer;
}

const struct rs_host_event *rs_host_event(const struct rs_host *host, enum rs_host_event_kind kind,
                                          const void *owner, size_t nth)
{
    for (size_t i = 0; i < host->event_count; i++) {
        const struct rs_host_event *event = &host->events[i];

        if (event->kind == kind && (owner == NULL || event->owner == owner) && nth-- == 0)
            return event;
    }
    return NULL;
}

size_t rs_host_count_events(const struct rs_host *host, enum rs_host_event_kind kind,
                            const void *owner)
{
    size_t count = 0;

    while (rs_host_event(host, kind, owner, count) != NULL)
        count++;
    return count;
}

size_t rs_host_count_told(const struct rs_host *host)
{
    size_t count = 0;

    for (size_t i = 0; i < host->event_count; i++)
        count += host->events[i].kind != RS_HOST_STALL && host->events[i].kind != RS_HOST_PORT;
    return count;
}

size_t rs_host_wait_events(struct rs_host *host, enum rs_host_event_kind kind, const void *owner,
                           size_t count)
{
    const uint64_t until = now_ns() + PATIENCE_MS * UINT64_C(1000000);

    while (rs_host_count_events(host, kind, owner) < count && now_ns() < until)
        rs_host_poll(host, 0);
    return rs_host_count_events(host, kind, owner);
}

void rs_host_forget_events(struct rs_host *host)
{
    host->event_count = 0;
}
