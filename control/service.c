/* SPDX-License-Identifier: BSD-3-Clause */
/* The only user of sd-daemon. A main thread that hangs feeds no watchdog either, for it runs here.
 */
#include "service.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include "control/control.h"
#include "dataplane/dataplane.h"

struct rs_service {
    const struct rs_dataplane *dataplane;
    struct event *timer; /* NULL: there is no watchdog */
};

/* The first worker that hangs, or -1. */
static int find_stalled(const struct rs_dataplane *dataplane)
{
    for (unsigned int w = 0; w < rs_dataplane_worker_count(dataplane); w++) {
        struct rs_worker_info info;

        rs_dataplane_get_worker(dataplane, w, &info);
        if (info.stalled_ms > 0)
            return (int)w;
    }
    return -1;
}

static void feed(evutil_socket_t fd, short what, void *arg)
{
    const struct rs_service *service = arg;
    const int stalled = find_stalled(service->dataplane);

    (void)fd;
    (void)what;
    if (stalled < 0)
        sd_notify(0, "WATCHDOG=1\nSTATUS=all workers move");
    else
        sd_notifyf(0, "STATUS=worker %d hangs: the watchdog is not fed", stalled);
}

/* Twice in the time that the service manager gives. */
static int set_watchdog(struct rs_service *service, struct event_base *base)
{
    uint64_t usec;
    struct timeval half;

    if (sd_watchdog_enabled(0, &usec) <= 0)
        return 0;
    half = (struct timeval){(time_t)(usec / 2 / 1000000), (suseconds_t)(usec / 2 % 1000000)};
    service->timer = event_new(base, -1, EV_PERSIST, feed, service);
    return service->timer != NULL && event_add(service->timer, &half) == 0 ? 0 : -1;
}

struct rs_service *rs_service_create(struct rs_control *control)
{
    struct rs_service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        return NULL;
    service->dataplane = control->dataplane;
    if (set_watchdog(service, control->base) != 0) {
        rs_service_destroy(service);
        return NULL;
    }
    sd_notify(0, "READY=1\nSTATUS=all workers move");
    return service;
}

void rs_service_destroy(struct rs_service *service)
{
    if (service == NULL)
        return;
    sd_notify(0, "STOPPING=1\nSTATUS=ending");
    if (service->timer != NULL)
        event_free(service->timer);
    free(service);
}

void rs_service_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void rs_service_reloaded(void)
{
    sd_notify(0, "READY=1");
}
