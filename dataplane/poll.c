/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Main's turn: takes what workers and grace periods have brought, and tells the observer. Each part
 * of it is bounded, so that one turn keeps nobody else on main's thread waiting.
 */
#include "poll.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "dataplane_internal.h"

enum {
    TIMER_SHORT_MS = 1,
    TIMER_LONG_MS = 10,
    RESEED_S = 3600,
};

/* ---- waking ------------------------------------------------------------------------------- */

/* Lets poll come soon while workers are waited for, or something is left to tell. */
void rs_poll_set_timer(struct rs_dataplane *dp)
{
    const bool want_short =
        rs_keys_busy(dp->keys) || rs_table_busy(dp->table) || !TAILQ_EMPTY(&dp->notices);
    const long ms = want_short ? TIMER_SHORT_MS : TIMER_LONG_MS;
    const struct itimerspec every = {.it_interval.tv_nsec = ms * 1000000,
                                     .it_value.tv_nsec = ms * 1000000};

    if (want_short == dp->timer_is_short)
        return;
    dp->timer_is_short = want_short;
    timerfd_settime(dp->timer_fd, 0, &every, NULL);
}

static int watch(const struct rs_dataplane *dp, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(dp->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int rs_poll_open(struct rs_dataplane *dp)
{
    dp->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    dp->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    dp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (dp->wake_fd < 0 || dp->timer_fd < 0 || dp->epoll_fd < 0 || watch(dp, dp->wake_fd) != 0 ||
        watch(dp, dp->timer_fd) != 0) {
        rs_log(RS_LOG_ERROR, "no descriptors for the event loop: %s", strerror(errno));
        return -errno;
    }
    dp->timer_is_short = true; /* so that it is set */
    dp->reseed_at_tsc = rte_rdtsc() + RESEED_S * rte_get_tsc_hz();
    return 0;
}

void rs_poll_close(struct rs_dataplane *dp)
{
    const int fds[] = {dp->wake_fd, dp->timer_fd, dp->epoll_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* ---- mail --------------------------------------------------------------------------------- */

static void take_notice(struct rs_dataplane *dp, struct rs_mail *mail)
{
    rs_notice_queue_add(&dp->notices, rs_slot_of_mail(mail)->notice);
}

static void take_released(struct rs_dataplane *dp, struct rs_mail *mail)
{
    struct rs_notice *notice = rs_slot_of_mail(mail)->notice;
    struct rs_session *session;

    if (notice != NULL)
        rs_notice_queue_remove(&dp->notices, notice);
    session = rs_table_take_mail(dp->table, mail);
    if (session != NULL)
        rs_session_free_if_over(session);
}

static void take_mail(struct rs_dataplane *dp, struct rs_worker *worker)
{
    struct rs_mail *mail = rs_mail_take_all(&worker->to_main), *next;

    for (; mail != NULL; mail = next) {
        next = mail->next;
        mail->next = NULL;
        switch (mail->kind) {
        case RS_MAIL_OBSERVE_KEY:
        case RS_MAIL_WIPE_KEY:
            rs_keys_take_mail(mail);
            break;
        case RS_MAIL_RELEASE_STREAM:
            take_released(dp, mail);
            break;
        case RS_MAIL_NOTICE:
            take_notice(dp, mail);
            break;
        case RS_MAIL_RESEED:
            worker->reseed_posted = false;
            break;
        }
    }
}

/* ---- telling ------------------------------------------------------------------------------ */

static void tell_notice(struct rs_dataplane *dp, struct rs_notice *notice)
{
    struct rs_stream *stream = notice->mail.subject;

    rs_notice_queue_remove(&dp->notices, notice);
    rs_notice_tell(notice, dp->observer, &stream->owner);
    if (stream->owner != NULL && rs_notice_tag_was_wrong(notice))
        rs_alarm_watch(&dp->alarm, stream, rte_rdtsc());
}

/* However many streams are in trouble at once: the rest of them wait for the next polls. */
static void tell_notices(struct rs_dataplane *dp)
{
    struct rs_notice *notice;

    for (unsigned int told = 0;
         told < RS_TELLS_PER_POLL && (notice = TAILQ_FIRST(&dp->notices)) != NULL; told++)
        tell_notice(dp, notice);
}

static void watch_workers(struct rs_dataplane *dp, uint64_t now)
{
    uint64_t turns[RS_MAX_WORKERS];

    for (unsigned int w = 0; w < dp->worker_count; w++)
        turns[w] = atomic_load_explicit(&dp->workers[w]->turns, memory_order_relaxed);
    rs_stall_watch_poll(&dp->stall_watch, turns, dp->cpus, dp->observer, dp->owner, now);
}

static void watch_ports(struct rs_dataplane *dp, uint64_t now)
{
    if (dp->owner == NULL || !rs_port_watch_due(&dp->port_watch, rte_get_tsc_hz(), now))
        return;
    for (unsigned int l = 0; l < dp->link_count; l++) {
        for (unsigned int d = 0; d < RS_DIRECTIONS; d++) {
            const struct rs_port_report port = {.link = l,
                                                .side = (enum rs_direction)d,
                                                .up = rs_port_is_up(&dp->links[l].ports[d])};

            rs_port_watch_look(&dp->port_watch, &port, dp->observer, dp->owner);
            if (!port.up)
                rs_redial(&dp->links[l].redials[d], dp, &dp->links[l].ports[d], now);
        }
    }
}

/* ---- polling ------------------------------------------------------------------------------ */

/* Fresh seeds for the workers' generators, once an hour. */
static void reseed(struct rs_dataplane *dp, uint64_t now)
{
    if (now < dp->reseed_at_tsc)
        return;
    dp->reseed_at_tsc = now + RESEED_S * rte_get_tsc_hz();
    for (unsigned int w = 0; w < dp->worker_count; w++) {
        struct rs_worker *worker = dp->workers[w];

        if (worker->reseed_posted ||
            getrandom(worker->seed, sizeof(worker->seed), 0) != (ssize_t)sizeof(worker->seed))
            continue;
        worker->reseed_posted = true;
        rs_mail_post(&worker->from_main, &worker->reseed);
    }
}

int rs_dataplane_fd(const struct rs_dataplane *dp)
{
    return dp->epoll_fd;
}

void rs_dataplane_poll(struct rs_dataplane *dp)
{
    uint64_t ignored;

    /* Both are non-blocking counters: a read only says that we are here. */
    if (read(dp->wake_fd, &ignored, sizeof(ignored)) < 0)
        ignored = 0;
    if (read(dp->timer_fd, &ignored, sizeof(ignored)) < 0)
        ignored = 0;
    for (unsigned int w = 0; w < dp->worker_count; w++)
        take_mail(dp, dp->workers[w]);
    tell_notices(dp);
    rs_alarm_poll(&dp->alarm, dp->observer, rte_rdtsc());
    rs_keys_poll(dp->keys);
    rs_table_poll(dp->table);
    rs_sweep_poll(dp, rte_rdtsc());
    watch_workers(dp, rte_rdtsc());
    watch_ports(dp, rte_rdtsc());
    reseed(dp, rte_rdtsc());
    rs_poll_set_timer(dp);
}
