/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dataplane's contract without DPDK: no packets, and two workers that are always prompt.
 * Sessions and their keys are in fake_session.c.
 */
#include "tests/support/fake_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct rs_dataplane *the_dataplane;
static const struct rs_suite *broken;
static int failure;
static size_t links_set;
static struct rs_counters counted[RS_DIRECTIONS];
static struct rs_worker_info workers[WORKERS];
static struct rs_port_info ports[RS_DIRECTIONS];

void rs_fake_fail(int number)
{
    failure = number;
}

void rs_fake_break_suite(const struct rs_suite *suite)
{
    broken = suite;
}

int rs_dataplane_test_suite(struct rs_dataplane *dataplane, const struct rs_suite *suite)
{
    (void)dataplane;
    return suite == broken ? -EIO : 0;
}

int fake_failure(void)
{
    return failure;
}

size_t rs_fake_session_count(void)
{
    return the_dataplane->session_count;
}

size_t rs_fake_stream_count(void)
{
    return the_dataplane->stream_count;
}

struct notice *fake_add_notice(struct rs_dataplane *dataplane, enum notice_kind kind)
{
    struct notice *notice = calloc(1, sizeof(*notice));

    if (notice == NULL)
        notice =
            calloc(1, sizeof(*notice)); /* memory may fail once: nodes of notices are no heap's */
    if (notice == NULL)
        abort();
    notice->kind = kind;
    TAILQ_INSERT_TAIL(&dataplane->notices, notice, entry);
    eventfd_write(dataplane->fd, 1);
    return notice;
}

void rs_fake_trouble(struct rs_stream *stream, const struct rs_trouble_report *report)
{
    struct notice *notice = fake_add_notice(stream->session->dataplane, TROUBLE);

    notice->stream = stream;
    notice->report = *report;
}

void rs_fake_auth_alarm(struct rs_stream *stream, const struct rs_auth_alarm_report *report)
{
    struct notice *notice = fake_add_notice(stream->session->dataplane, ALARM);

    notice->stream = stream;
    notice->alarm = *report;
}

void rs_fake_activity(struct rs_stream *stream, const struct rs_activity_report *report)
{
    struct notice *notice = fake_add_notice(stream->session->dataplane, ACTIVITY);

    notice->stream = stream;
    notice->activity = *report;
}

void rs_fake_shortage(struct rs_stream *stream, const struct rs_shortage_report *report)
{
    struct notice *notice = fake_add_notice(stream->session->dataplane, SHORTAGE);

    notice->stream = stream;
    notice->shortage = *report;
}

struct rs_counters *rs_fake_counters(enum rs_direction direction)
{
    return &counted[direction];
}

struct rs_worker_info *rs_fake_worker(unsigned int worker)
{
    return &workers[worker];
}

struct rs_port_info *rs_fake_port_info(enum rs_direction side)
{
    return &ports[side];
}

void rs_fake_stall(const struct rs_stall_report *report)
{
    fake_add_notice(the_dataplane, STALL)->stall = *report;
}

void rs_fake_port(const struct rs_port_report *report)
{
    fake_add_notice(the_dataplane, PORT)->port = *report;
}

struct rs_dataplane *rs_dataplane_create(const struct rs_dataplane_config *config,
                                         const struct rs_observer *observer)
{
    struct rs_dataplane *dataplane = calloc(1, sizeof(*dataplane));

    if (dataplane == NULL)
        return NULL;
    rs_secret_set_policy(config->lock_policy);
    dataplane->observer = observer;
    dataplane->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    dataplane->max_sessions = config->max_sessions;
    dataplane->max_streams = config->max_streams;
    LIST_INIT(&dataplane->sessions);
    LIST_INIT(&dataplane->streams);
    TAILQ_INIT(&dataplane->notices);
    the_dataplane = dataplane;
    broken = NULL;
    failure = 0;
    links_set = 0;
    memset(counted, 0, sizeof(counted));
    for (unsigned int i = 0; i < WORKERS; i++)
        workers[i] = (struct rs_worker_info){.cpu = i};
    for (unsigned int i = 0; i < RS_DIRECTIONS; i++)
        ports[i] = (struct rs_port_info){
            .driver = "fake", .up = true, .mtu = 1500, .rx_queues = 1, .tx_queues = 1};
    return dataplane;
}

void rs_dataplane_destroy(struct rs_dataplane *dataplane)
{
    struct notice *notice;

    while ((notice = TAILQ_FIRST(&dataplane->notices)) != NULL) {
        TAILQ_REMOVE(&dataplane->notices, notice, entry);
        free(notice);
    }
    close(dataplane->fd);
    free(dataplane);
}

int rs_dataplane_fd(const struct rs_dataplane *dataplane)
{
    return dataplane->fd;
}

static void tell(const struct rs_dataplane *dataplane, const struct notice *notice)
{
    struct rs_activation activation = {
        .epoch = notice->epoch,
        .worker_count = WORKERS,
        .observed_ns = {1000, 2000},
        .first_sealed_ns = {3000, UINT64_MAX},
    };

    const struct rs_retirement retirement = {notice->epoch, WORKERS, 4000, 5000};

    switch (notice->kind) {
    case ACTIVATED:
        dataplane->observer->key_activated(notice->session->owner, &activation);
        break;
    case RETIRED:
        dataplane->observer->key_retired(notice->session->owner, &retirement);
        break;
    case TROUBLE:
        dataplane->observer->stream_trouble(notice->stream->owner, &notice->report);
        break;
    case ALARM:
        dataplane->observer->auth_failure_rate(notice->stream->owner, &notice->alarm);
        break;
    case ACTIVITY:
        dataplane->observer->stream_activity(notice->stream->owner, &notice->activity);
        break;
    case SHORTAGE:
        dataplane->observer->stream_shortage(notice->stream->owner, &notice->shortage);
        break;
    case STALL:
        dataplane->observer->worker_stalled(dataplane->owner, &notice->stall);
        break;
    case PORT:
        dataplane->observer->port_changed(dataplane->owner, &notice->port);
        break;
    }
}

void rs_dataplane_poll(struct rs_dataplane *dataplane)
{
    struct notice *notice;
    eventfd_t ignored;

    eventfd_read(dataplane->fd, &ignored);
    while ((notice = TAILQ_FIRST(&dataplane->notices)) != NULL) {
        TAILQ_REMOVE(&dataplane->notices, notice, entry);
        tell(dataplane, notice);
        free(notice);
    }
}

void fake_forget(struct rs_dataplane *dataplane, const struct rs_session *session,
                 const struct rs_stream *stream)
{
    struct notice *notice, *next;

    for (notice = TAILQ_FIRST(&dataplane->notices); notice != NULL; notice = next) {
        next = TAILQ_NEXT(notice, entry);
        if ((session != NULL && notice->session == session) ||
            (stream != NULL && notice->stream == stream)) {
            TAILQ_REMOVE(&dataplane->notices, notice, entry);
            free(notice);
        }
    }
}

void rs_dataplane_get_counters(const struct rs_dataplane *dataplane, int worker, int link,
                               enum rs_direction direction, struct rs_counters *sum)
{
    (void)dataplane;
    *sum = (struct rs_counters){0};
    if (worker <= 0 && link <= 0)
        *sum = counted[direction];
}

unsigned int rs_dataplane_worker_count(const struct rs_dataplane *dataplane)
{
    (void)dataplane;
    return WORKERS;
}

void rs_dataplane_get_worker(const struct rs_dataplane *dataplane, unsigned int worker,
                             struct rs_worker_info *info)
{
    (void)dataplane;
    *info = workers[worker];
}

void rs_dataplane_get_port(const struct rs_dataplane *dataplane, unsigned int link,
                           enum rs_direction side, struct rs_port_info *info)
{
    (void)dataplane;
    *info = ports[side];
    snprintf(info->device, sizeof(info->device), "fake%u%c", link, side == RS_SEAL ? 'p' : 's');
}

void rs_dataplane_get_buffers(const struct rs_dataplane *dataplane, struct rs_buffer_info *info)
{
    (void)dataplane;
    *info = (struct rs_buffer_info){.total = 4096, .in_use = 513};
}

void rs_dataplane_get_host(const struct rs_dataplane *dataplane, struct rs_host_info *info)
{
    (void)dataplane;
    *info =
        (struct rs_host_info){.dpdk_version = "fake", .ipsec_mb_version = "fake", .isa = "none"};
}

void rs_dataplane_set_owner(struct rs_dataplane *dataplane, void *owner)
{
    dataplane->owner = owner;
}

void rs_dataplane_set_auth_failure_alarm(struct rs_dataplane *dataplane, uint32_t per_second)
{
    (void)dataplane;
    (void)per_second;
}

void rs_dataplane_set_max_sessions(struct rs_dataplane *dataplane, uint32_t max_sessions)
{
    dataplane->max_sessions = max_sessions;
}

size_t rs_fake_links_set(void)
{
    return links_set;
}

int rs_dataplane_set_link(struct rs_dataplane *dataplane, unsigned int link,
                          const struct rs_range *media, size_t media_count,
                          enum rs_injected_policy injected)
{
    (void)dataplane;
    (void)link;
    (void)media;
    (void)media_count;
    (void)injected;
    if (failure != 0)
        return -failure;
    links_set++;
    return 0;
}

/* ---- capture: there are no packets -------------------------------------------------------- */

struct rs_capture *rs_capture_start(struct rs_dataplane *dataplane,
                                    const struct rs_capture_config *config)
{
    (void)dataplane;
    (void)config;
    return calloc(1, 1);
}

unsigned int rs_capture_read(struct rs_capture *capture, rs_captured_fn *taker, void *context)
{
    (void)capture;
    (void)taker;
    (void)context;
    return 0;
}

uint64_t rs_capture_missed(const struct rs_capture *capture)
{
    (void)capture;
    return 0;
}

void rs_capture_stop(struct rs_capture *capture)
{
    (void)capture;
}

void rs_capture_destroy(struct rs_capture *capture)
{
    free(capture);
}
