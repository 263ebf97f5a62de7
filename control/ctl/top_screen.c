/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waits for what comes first: a key, news of the daemon, or a signal. Drawing is top_view.c's, what
 * keys mean top_state.c's.
 */
#include "top_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "say.h"
#include "top_state.h"
#include "top_view.h"

enum { NOTICE_BYTES = 160, LOOK_MS = 1000, PATIENCE_MS = 3000 };

struct screen {
    struct rs_top_feed *feed;
    struct rs_top_model *model;
    struct rs_top_sample *last; /* the newest sample */
    struct rs_top_state state;
    uint64_t refreshes;           /* samples shown since the first */
    int lost;                     /* 0, or -errno: there is no daemon at present */
    uint64_t heard_ms;            /* when the last sample came, or that there is no daemon */
    char restarted[NOTICE_BYTES]; /* said until a key is pressed; empty: nothing to say */
    int signal;                   /* that ends it; 0: none */
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *notice_of(const struct screen *screen, char text[NOTICE_BYTES])
{
    const uint64_t silent_ms = now_ms() - screen->heard_ms;

    if (screen->lost != 0)
        snprintf(text, NOTICE_BYTES, "LOST: %s; trying again", rs_top_feed_why(screen->lost));
    else if (silent_ms > rs_top_feed_interval_ms(screen->feed) + PATIENCE_MS)
        snprintf(text, NOTICE_BYTES, "SILENT: the daemon has not answered for %llu s",
                 (unsigned long long)silent_ms / 1000);
    else if (screen->state.paused)
        snprintf(text, NOTICE_BYTES, "PAUSED: p goes on");
    else if (screen->restarted[0] != '\0')
        snprintf(text, NOTICE_BYTES, "%s", screen->restarted);
    else
        return NULL;
    return text;
}

static void draw(struct screen *screen)
{
    char text[NOTICE_BYTES];

    rs_top_view_draw(screen->model, &screen->state, notice_of(screen, text));
}

static void notice_restart(struct screen *screen, const struct rs_top_sample *sample)
{
    const char *before = rs_top_text(screen->last->parts[RS_TOP_DAEMON], "instance", "");
    const char *now = rs_top_text(sample->parts[RS_TOP_DAEMON], "instance", "");

    if (strcmp(before, now) != 0)
        snprintf(screen->restarted, sizeof(screen->restarted),
                 "RESTARTED: this is instance %s now; all counters began anew", now);
}

/* Paused, samples are taken all the same: what is shown next is of the last interval. */
static void take_sample(struct screen *screen, struct rs_top_sample *sample)
{
    notice_restart(screen, sample);
    if (!screen->state.paused) {
        rs_top_model_update(screen->model, screen->last, sample);
        screen->refreshes++;
    }
    rs_top_sample_free(screen->last);
    screen->last = sample;
}

static void take_news(struct screen *screen)
{
    struct rs_top_news news;

    rs_top_feed_take(screen->feed, &news);
    screen->lost = news.error;
    if (news.sample != NULL || news.error != 0)
        screen->heard_ms = now_ms();
    if (news.sample != NULL)
        take_sample(screen, news.sample);
    rs_top_model_add_events(screen->model, news.events);
    json_decref(news.events);
    json_decref(news.refused);
}

static void take_keys(struct screen *screen)
{
    enum rs_top_key_press key;

    while ((key = rs_top_view_key()) != RS_TOP_KEY_NONE) {
        rs_top_state_press(&screen->state, key);
        screen->restarted[0] = '\0';
    }
}

static void take_signal(struct screen *screen, int fd)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        screen->signal = (int)info.ssi_signo;
}

static void follow(struct screen *screen, int signals, uint64_t count)
{
    struct pollfd waits[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = rs_top_feed_fd(screen->feed), .events = POLLIN},
        {.fd = signals, .events = POLLIN},
    };

    while (!screen->state.quit && screen->signal == 0 &&
           (count == 0 || screen->refreshes < count)) {
        draw(screen);
        /* A change of size interrupts it, and is the first key then. */
        if (poll(waits, sizeof(waits) / sizeof(waits[0]), LOOK_MS) < 0) {
            take_keys(screen);
            continue;
        }
        if ((waits[0].revents & (POLLHUP | POLLERR)) != 0)
            return; /* the terminal is gone */
        if (waits[0].revents != 0)
            take_keys(screen);
        if (waits[1].revents != 0)
            take_news(screen);
        if (waits[2].revents != 0)
            take_signal(screen, signals);
    }
}

/* Signals that end the process come by a descriptor, so that the terminal is given back first. */
static int catch_signals(sigset_t *before)
{
    sigset_t ending;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGQUIT);
    sigprocmask(SIG_BLOCK, &ending, before);
    return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void die_of(int number, const sigset_t *mask)
{
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_SETMASK, mask, NULL);
}

int rs_top_screen_run(struct rs_top_feed *feed, struct rs_top_model *model,
                      struct rs_top_sample *sample, uint64_t count)
{
    struct screen screen = {.feed = feed, .model = model, .last = sample, .heard_ms = now_ms()};
    const char *terminal = getenv("TERM");
    sigset_t before;
    int signals;

    if (rs_top_view_open() != 0) {
        rs_say(RS_EXIT_USAGE,
               "nothing can be drawn on this terminal (TERM=%s): use --json, or a pipe",
               terminal != NULL ? terminal : "");
        rs_top_sample_free(sample);
        return -ENOTTY;
    }
    signals = catch_signals(&before);
    follow(&screen, signals, count);
    rs_top_view_close();
    close(signals);
    rs_top_sample_free(screen.last);
    if (screen.signal != 0)
        die_of(screen.signal, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return 0;
}
