/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The writer's thread takes copies out of the workers' rings and may wait for the disk; main only
 * looks now and then whether it has reached a limit.
 */
#include "capture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "control/capture_file.h"
#include "control/config.h"
#include "control/privileges.h"

enum { TICK_MS = 5, LOOK_MS = 100, PATH_NAME_MAX = 64 };

struct rs_capturer {
    struct rs_control *control;
    struct event *look;
    struct rs_capture *capture; /* NULL: none runs */
    const struct rs_stream *stream;
    struct rs_capture_file *file;
    struct rs_capture_limits limits;
    struct rs_capture_state state; /* of the last one that has ended, and the path */
    pthread_t writer;
    uint64_t began_ms;
    unsigned int count;              /* of captures, for their names */
    _Atomic uint64_t packets, bytes; /* writer: w, main: r */
    _Atomic int write_error;         /* writer: w, main: r */
    _Atomic bool stop;               /* main: w, writer: r */
};

/* ---- the writer ----------------------------------------------------------------------------- */

static void write_one(void *context, const struct rs_captured *captured)
{
    struct rs_capturer *capturer = context;
    const uint64_t packets = atomic_load(&capturer->packets), bytes = atomic_load(&capturer->bytes);
    int rc;

    if (packets >= capturer->limits.packets || bytes >= capturer->limits.bytes ||
        atomic_load(&capturer->write_error) != 0)
        return;
    rc = rs_capture_file_write(capturer->file, captured);
    if (rc < 0) {
        atomic_store(&capturer->write_error, -rc);
        return;
    }
    atomic_store(&capturer->packets, packets + 1);
    atomic_store(&capturer->bytes, bytes + (uint64_t)rc);
}

static void *run_writer(void *context)
{
    static const struct timespec tick = {0, TICK_MS * 1000000L};
    struct rs_capturer *capturer = context;
    bool last;

    do {
        last = atomic_load(&capturer->stop);
        if (rs_capture_read(capturer->capture, write_one, capturer) == 0 && !last)
            nanosleep(&tick, NULL);
    } while (!last);
    return NULL;
}

static int start_writer(struct rs_capturer *capturer)
{
    sigset_t all, before;
    int rc;

    atomic_store(&capturer->packets, 0);
    atomic_store(&capturer->bytes, 0);
    atomic_store(&capturer->write_error, 0);
    atomic_store(&capturer->stop, false);
    sigfillset(&all);
    sigdelset(&all, rs_privileges_signal());
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&capturer->writer, NULL, run_writer, capturer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -rc;
}

/* ---- its end -------------------------------------------------------------------------------- */

/* What is in the rings is written first. */
static void finish(struct rs_capturer *capturer, const char *why)
{
    const uint64_t missed = rs_capture_missed(capturer->capture);
    int rc;

    event_del(capturer->look);
    rs_capture_stop(capturer->capture);
    atomic_store(&capturer->stop, true);
    pthread_join(capturer->writer, NULL);
    rc = rs_capture_file_close(capturer->file, missed);
    if (rc != 0 || atomic_load(&capturer->write_error) != 0)
        why = "write_failed";
    capturer->state.running = false;
    capturer->state.ended = why;
    capturer->state.packets = atomic_load(&capturer->packets);
    capturer->state.bytes = atomic_load(&capturer->bytes);
    capturer->state.not_captured = missed;
    rs_capture_destroy(capturer->capture);
    capturer->capture = NULL;
    rs_log(RS_LOG_INFO, "audit: capture ended=%s file=%s packets=%llu not_captured=%llu", why,
           capturer->state.path, (unsigned long long)capturer->state.packets,
           (unsigned long long)missed);
}

static const char *reached(const struct rs_capturer *capturer)
{
    if (atomic_load(&capturer->write_error) != 0)
        return "write_failed";
    if (atomic_load(&capturer->packets) >= capturer->limits.packets)
        return "packets";
    if (atomic_load(&capturer->bytes) >= capturer->limits.bytes)
        return "bytes";
    return rs_control_now_ms() - capturer->began_ms >= capturer->limits.seconds * 1000 ? "seconds"
                                                                                       : NULL;
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
    struct rs_capturer *capturer = arg;
    const char *why = reached(capturer);

    (void)fd;
    (void)what;
    if (why != NULL)
        finish(capturer, why);
}

/* ---- control -------------------------------------------------------------------------------- */

struct rs_capturer *rs_capturer_create(struct rs_control *control)
{
    struct rs_capturer *capturer = calloc(1, sizeof(*capturer));

    if (capturer == NULL)
        return NULL;
    capturer->control = control;
    capturer->look = event_new(control->base, -1, EV_PERSIST, on_look, capturer);
    if (capturer->look == NULL) {
        free(capturer);
        return NULL;
    }
    return capturer;
}

void rs_capturer_destroy(struct rs_capturer *capturer)
{
    if (capturer == NULL)
        return;
    rs_capturer_stop(capturer, "stopped");
    event_free(capturer->look);
    free(capturer);
}

static int make_file(struct rs_capturer *capturer)
{
    const struct rs_config *config = capturer->control->config;
    const time_t now = time(NULL);
    char name[PATH_NAME_MAX];
    struct tm utc;

    if (config->capture_directory == NULL)
        return -ENOENT;
    strftime(name, sizeof(name), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    snprintf(capturer->state.path, sizeof(capturer->state.path), "%.160s/rtpseal-%s-%u.pcapng",
             config->capture_directory, name, ++capturer->count);
    capturer->file = rs_capture_file_create(capturer->state.path, &config->dataplane);
    return capturer->file != NULL ? 0 : -errno;
}

int rs_capturer_start(struct rs_capturer *capturer, const struct rs_capture_config *config,
                      const struct rs_capture_limits *limits)
{
    static const struct timeval look = {0, LOOK_MS * 1000};
    int rc;

    if (capturer->capture != NULL)
        return -EBUSY;
    capturer->state = (struct rs_capture_state){.running = true};
    rc = make_file(capturer);
    if (rc != 0)
        goto none;
    capturer->limits = *limits;
    capturer->stream = config->stream;
    capturer->began_ms = rs_control_now_ms();
    capturer->capture = rs_capture_start(capturer->control->dataplane, config);
    if (capturer->capture == NULL) {
        rc = -errno;
        goto file;
    }
    rc = event_add(capturer->look, &look) == 0 ? start_writer(capturer) : -ENOMEM;
    if (rc == 0)
        return 0;
    event_del(capturer->look);
    rs_capture_destroy(capturer->capture);
    capturer->capture = NULL;
file:
    rs_capture_file_close(capturer->file, 0);
    unlink(capturer->state.path);
none:
    capturer->state = (struct rs_capture_state){.running = false};
    return rc;
}

int rs_capturer_stop(struct rs_capturer *capturer, const char *why)
{
    if (capturer->capture == NULL)
        return -ENOENT;
    finish(capturer, why);
    return 0;
}

void rs_capturer_forget(struct rs_capturer *capturer, const struct rs_stream *stream)
{
    if (capturer != NULL && capturer->capture != NULL && capturer->stream == stream)
        finish(capturer, "stream_gone");
}

void rs_capturer_get(const struct rs_capturer *capturer, struct rs_capture_state *state)
{
    *state = capturer->state;
    if (capturer->capture == NULL)
        return;
    state->packets = atomic_load(&capturer->packets);
    state->bytes = atomic_load(&capturer->bytes);
    state->not_captured = rs_capture_missed(capturer->capture);
}
