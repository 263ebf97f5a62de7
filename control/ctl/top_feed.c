/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two threads that ask and one place where they leave what they got. What is asked for is in
 * top_ask.c, what is made of it in top_model.c.
 */
#include "top_feed.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "top_ask.h"

enum { AGAIN_MS = 1000, EVENTS_MAX = 1000 };

/* Owner: the process, to its end. */
struct rs_top_feed {
    const char *socket;
    unsigned int interval_ms, earlier; /* constant */
    int fd;                            /* eventfd: there is news */
    pthread_mutex_t lock;
    struct rs_top_news news; /* under the lock */
};

/* ---- where news is left ------------------------------------------------------------------- */

static void tell(const struct rs_top_feed *feed)
{
    const uint64_t one = 1;

    if (write(feed->fd, &one, sizeof(one)) < 0)
        return; /* it is full: whoever waits will look anyway */
}

static void leave_sample(struct rs_top_feed *feed, struct rs_top_sample *sample)
{
    pthread_mutex_lock(&feed->lock);
    rs_top_sample_free(feed->news.sample);
    feed->news.sample = sample;
    feed->news.error = 0;
    pthread_mutex_unlock(&feed->lock);
    tell(feed);
}

static void leave_error(struct rs_top_feed *feed, int error, json_t *refused)
{
    pthread_mutex_lock(&feed->lock);
    json_decref(feed->news.refused);
    feed->news.refused = refused;
    feed->news.error = error;
    pthread_mutex_unlock(&feed->lock);
    tell(feed);
}

static void leave_event(struct rs_top_feed *feed, json_t *event)
{
    pthread_mutex_lock(&feed->lock);
    json_array_append_new(feed->news.events, event);
    if (json_array_size(feed->news.events) > EVENTS_MAX)
        json_array_remove(feed->news.events, 0);
    pthread_mutex_unlock(&feed->lock);
    tell(feed);
}

void rs_top_feed_take(struct rs_top_feed *feed, struct rs_top_news *news)
{
    uint64_t count;
    json_t *empty = json_array();

    if (read(feed->fd, &count, sizeof(count)) < 0)
        count = 0; /* nothing new: what is taken is empty */
    pthread_mutex_lock(&feed->lock);
    *news = feed->news;
    feed->news = (struct rs_top_news){.events = empty, .error = news->error};
    pthread_mutex_unlock(&feed->lock);
}

int rs_top_feed_fd(const struct rs_top_feed *feed)
{
    return feed->fd;
}

unsigned int rs_top_feed_interval_ms(const struct rs_top_feed *feed)
{
    return feed->interval_ms;
}

const char *rs_top_feed_why(int error)
{
    return error == -EACCES ? "the daemon refuses to be asked" : rs_client_error_text(error);
}

/* ---- samples ------------------------------------------------------------------------------ */

static void sleep_ms(unsigned int ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until the next of a row of moments `interval_ms` apart; those that have passed are left out, and
 * so are those that come so soon that there is little to compare. */
static void wait_for_next(uint64_t *next_ms, unsigned int interval_ms)
{
    const uint64_t now = now_ms();

    do {
        *next_ms += interval_ms;
    } while (*next_ms < now + interval_ms / 2);
    sleep_ms((unsigned int)(*next_ms - now));
}

/* Asks until the connection is no more. */
static int ask_on(struct rs_top_feed *feed, struct rs_client *client, json_t **refused)
{
    struct rs_top_lacks lacks = {{false}};
    uint64_t next_ms = now_ms();

    for (;;) {
        struct rs_top_sample *sample;
        const int error = rs_top_ask(client, &lacks, &sample, refused);

        if (error != 0)
            return error;
        leave_sample(feed, sample);
        wait_for_next(&next_ms, feed->interval_ms);
    }
}

static void *run_samples(void *arg)
{
    struct rs_top_feed *feed = arg;

    for (;;) {
        struct rs_client *client;
        json_t *refused = NULL;
        int error = rs_client_open(feed->socket, &client);

        if (error == 0) {
            error = ask_on(feed, client, &refused);
            rs_client_close(client);
        }
        leave_error(feed, error, refused);
        sleep_ms(AGAIN_MS);
    }
    return NULL;
}

/* ---- events ------------------------------------------------------------------------------- */

/* How far the events of a daemon have been heard. */
struct heard {
    char instance[64]; /* empty: nothing yet */
    json_int_t seq;    /* of the last event */
};

/* Calls events_subscribe with `params`, which it takes. Returns the result, or NULL. */
static json_t *subscribe(struct rs_client *client, json_t *params)
{
    struct rs_client_reply reply = {0};

    if (params != NULL)
        (void)rs_client_call(client, "events_subscribe", params, &reply);
    json_decref(params);
    json_decref(reply.error);
    return reply.result;
}

/* The first event wanted: behind the last heard, or some way back from the daemon's next. */
static json_int_t first_wanted(const struct heard *heard, const char *instance, json_int_t next,
                               json_int_t earlier)
{
    if (strcmp(heard->instance, instance) == 0)
        return heard->seq + 1;
    if (heard->instance[0] != '\0')
        earlier = EVENTS_MAX; /* it was started anew: all that it has said so far */
    return next > earlier ? next - earlier : 1;
}

/* First to no type at all, for the daemon's next number alone: then from some before it on. */
static int subscribe_from_earlier(struct rs_client *client, struct heard *heard,
                                  unsigned int earlier)
{
    json_t *now = subscribe(client, json_pack("{s:[]}", "types"));
    const char *instance = rs_top_text(now, "instance", "");
    const json_int_t next = json_integer_value(json_object_get(now, "next_seq"));
    const json_int_t first = first_wanted(heard, instance, next, earlier);
    json_t *then = now != NULL ? subscribe(client, json_pack("{s:I}", "from_seq", first)) : NULL;
    const int error = then != NULL ? 0 : -EPIPE;

    if (error == 0) {
        snprintf(heard->instance, sizeof(heard->instance), "%s", instance);
        heard->seq = first - 1;
    }
    json_decref(now);
    json_decref(then);
    return error;
}

static void listen_on(struct rs_top_feed *feed, struct rs_client *client, struct heard *heard)
{
    json_t *event;

    while (rs_client_next_event(client, &event) == 0) {
        heard->seq = json_integer_value(json_object_get(event, "seq"));
        leave_event(feed, event);
    }
}

static void *run_events(void *arg)
{
    struct rs_top_feed *feed = arg;
    struct heard heard = {.seq = 0};

    for (;;) {
        struct rs_client *client;

        if (rs_client_open(feed->socket, &client) == 0) {
            if (subscribe_from_earlier(client, &heard, feed->earlier) == 0)
                listen_on(feed, client, &heard);
            rs_client_close(client);
        }
        sleep_ms(AGAIN_MS);
    }
    return NULL;
}

/* ---- start -------------------------------------------------------------------------------- */

/* Signals are for the thread that has the terminal. */
static int start_threads(struct rs_top_feed *feed)
{
    pthread_t samples, events;
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&events, NULL, run_events, feed);
    if (error == 0)
        error = pthread_create(&samples, NULL, run_samples, feed);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int rs_top_feed_start(const char *socket, unsigned int interval_ms, unsigned int earlier,
                      struct rs_top_feed **feed)
{
    struct rs_top_feed *made = calloc(1, sizeof(*made));
    int error;

    if (made == NULL)
        return -ENOMEM;
    made->socket = socket;
    made->interval_ms = interval_ms;
    made->earlier = earlier;
    made->news.events = json_array();
    pthread_mutex_init(&made->lock, NULL);
    made->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error = made->fd >= 0 ? start_threads(made) : -errno;
    if (error == 0)
        *feed = made;
    return error;
}
