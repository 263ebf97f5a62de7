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
static struct rs_stream *last_stream;
static const struct rs_suite *broken;
static int failure;

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

struct rs_stream *rs_fake_last_stream(void)
{
    return last_stream;
}

struct notice *fake_add_notice(struct rs_dataplane *dataplane, enum notice_kind kind)
{
    struct notice *notice = calloc(1, sizeof(*notice));

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

    switch (notice->kind) {
    case ACTIVATED:
        dataplane->observer->key_activated(notice->session->owner, &activation);
        break;
    case RETIRED:
        dataplane->observer->key_retired(notice->session->owner, notice->epoch, WORKERS);
        break;
    case TROUBLE:
        dataplane->observer->stream_trouble(notice->stream->owner, &notice->report);
        break;
    case ALARM:
        dataplane->observer->auth_failure_rate(notice->stream->owner, &notice->alarm);
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

/* Every SSRC is an entry of its own in the flow table; none is one that takes any. */
static bool share_ssrc(const struct rs_stream_config *a, const struct rs_stream_config *b)
{
    for (size_t i = 0; i < a->ssrc_count; i++) {
        for (size_t j = 0; j < b->ssrc_count; j++) {
            if (a->ssrcs[i] == b->ssrcs[j])
                return true;
        }
    }
    return a->ssrc_count == 0 && b->ssrc_count == 0;
}

static bool same_flow(const struct rs_stream_config *a, const struct rs_stream_config *b)
{
    return a->direction == b->direction && a->link == b->link &&
           memcmp(&a->flow, &b->flow, sizeof(a->flow)) == 0 && share_ssrc(a, b);
}

int rs_stream_create(struct rs_session *session, const struct rs_stream_config *config,
                     struct rs_stream **stream)
{
    struct rs_dataplane *dataplane = session->dataplane;
    struct rs_stream *made;

    if (failure != 0)
        return -failure;
    LIST_FOREACH(made, &dataplane->streams, entry) {
        if (same_flow(&made->config, config))
            return -EEXIST;
    }
    if (dataplane->stream_count == dataplane->max_streams)
        return -ENOSPC;
    made = calloc(1, sizeof(*made));
    if (made == NULL || config->ssrc_count > 64)
        abort();
    made->session = session;
    made->config = *config;
    made->owner = config->owner;
    memcpy(made->ssrcs, config->ssrcs, config->ssrc_count * sizeof(made->ssrcs[0]));
    made->config.ssrcs = made->ssrcs;
    dataplane->stream_count++;
    LIST_INSERT_HEAD(&dataplane->streams, made, entry);
    last_stream = *stream = made;
    return 0;
}

void rs_stream_destroy(struct rs_stream *stream)
{
    fake_forget(stream->session->dataplane, NULL, stream);
    stream->session->dataplane->stream_count--;
    LIST_REMOVE(stream, entry);
    free(stream);
}

void rs_stream_get_counters(const struct rs_stream *stream, struct rs_counters *sum)
{
    (void)stream;
    (void)sum;
}

void rs_dataplane_get_counters(const struct rs_dataplane *dataplane, int worker, int link,
                               enum rs_direction direction, struct rs_counters *sum)
{
    (void)dataplane;
    (void)worker;
    (void)link;
    (void)direction;
    (void)sum;
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
    *info = (struct rs_worker_info){.cpu = worker};
}

void rs_dataplane_get_port(const struct rs_dataplane *dataplane, unsigned int link,
                           enum rs_direction side, struct rs_port_info *info)
{
    (void)dataplane;
    *info = (struct rs_port_info){
        .driver = "fake", .up = true, .mtu = 1500, .rx_queues = 1, .tx_queues = 1};
    snprintf(info->device, sizeof(info->device), "fake%u%c", link, side == RS_SEAL ? 'p' : 's');
}

void rs_dataplane_get_host(const struct rs_dataplane *dataplane, struct rs_host_info *info)
{
    (void)dataplane;
    *info =
        (struct rs_host_info){.dpdk_version = "fake", .ipsec_mb_version = "fake", .isa = "none"};
}
