/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shows sample after sample: on the screen, or as plain lines or JSON where that is asked for or no
 * terminal is there. Where samples come from is in top_feed.c, what is made of them in top_model.c.
 */
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "print.h"
#include "say.h"
#include "top_feed.h"
#include "top_json.h"
#include "top_model.h"
#include "top_screen.h"
#include "top_text.h"

enum { INTERVAL_MS = 1000, EARLIER_EVENTS = 50 };

enum form { FORM_SCREEN, FORM_TEXT, FORM_JSON };

static unsigned int interval_ms(const struct rs_args *args)
{
    const json_t *seconds = json_object_get(args->params, "interval");

    return seconds != NULL ? (unsigned int)(1000 * json_number_value(seconds)) : INTERVAL_MS;
}

static enum form choose_form(const struct rs_args *args)
{
    if (args->json)
        return FORM_JSON;
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? FORM_SCREEN : FORM_TEXT;
}

static int say_lost(const struct rs_args *args, const struct rs_top_news *news)
{
    if (news->refused != NULL)
        return rs_ask_say_refused("top", news->refused);
    return rs_ask_say_unreachable(args, news->error);
}

static void drop_news(struct rs_top_news *news)
{
    rs_top_sample_free(news->sample);
    json_decref(news->events);
    json_decref(news->refused);
    *news = (struct rs_top_news){0};
}

/* Waits for news with a sample or an error; events that come before are in it. */
static void wait_for_news(struct rs_top_feed *feed, json_t *events, struct rs_top_news *news)
{
    struct pollfd wait = {.fd = rs_top_feed_fd(feed), .events = POLLIN};

    for (;;) {
        if (poll(&wait, 1, -1) < 0)
            continue;
        rs_top_feed_take(feed, news);
        json_array_extend(events, news->events);
        if (news->sample != NULL || news->error != 0)
            return;
        drop_news(news);
    }
}

static void print(const struct rs_top_model *model, enum form form, json_t *events)
{
    json_t *document;

    if (form == FORM_TEXT) {
        rs_top_print_text(stdout, model);
        return;
    }
    document = rs_top_json(model, events);
    rs_print_json(stdout, document);
    json_decref(document);
}

/* Prints a sample per interval, from the second on: the first has nothing to be compared with. */
static int run_lines(struct rs_top_feed *feed, struct rs_top_model *model, enum form form,
                     const struct rs_args *args)
{
    struct rs_top_sample *before = NULL;
    json_t *events = json_array();
    int code = RS_EXIT_OK;

    for (uint64_t printed = 0; args->count == 0 || printed < args->count;) {
        struct rs_top_news news;

        wait_for_news(feed, events, &news);
        if (news.error != 0) {
            code = say_lost(args, &news);
            drop_news(&news);
            break;
        }
        if (before != NULL) {
            rs_top_model_update(model, before, news.sample);
            json_array_clear(model->events);
            rs_top_model_add_events(model, events);
            print(model, form, events);
            json_array_clear(events);
            printed++;
        }
        rs_top_sample_free(before);
        before = news.sample;
        news.sample = NULL;
        drop_news(&news);
        if (fflush(stdout) != 0)
            break; /* nobody reads on */
    }
    rs_top_sample_free(before);
    json_decref(events);
    return code;
}

/* The first sample decides whether there is anything to open a screen for. */
static int run_screen(struct rs_top_feed *feed, struct rs_top_model *model,
                      const struct rs_args *args)
{
    json_t *events = json_array();
    struct rs_top_news news;
    int code;

    wait_for_news(feed, events, &news);
    rs_top_model_add_events(model, events);
    json_decref(events);
    if (news.error != 0) {
        code = say_lost(args, &news);
        drop_news(&news);
        return code;
    }
    rs_top_model_update(model, NULL, news.sample);
    code =
        rs_top_screen_run(feed, model, news.sample, args->count) == 0 ? RS_EXIT_OK : RS_EXIT_USAGE;
    news.sample = NULL;
    drop_news(&news);
    return code;
}

int rs_run_top(const struct rs_command *command, struct rs_args *args)
{
    const enum form form = choose_form(args);
    struct rs_top_model *model = rs_top_model_create();
    struct rs_top_feed *feed;
    int code = RS_EXIT_UNREACHABLE;
    int error = model != NULL ? 0 : -ENOMEM;

    (void)command;
    if (error == 0)
        error = rs_top_feed_start(args->socket, interval_ms(args),
                                  form == FORM_SCREEN ? EARLIER_EVENTS : 0, &feed);
    if (error != 0)
        rs_say(RS_EXIT_UNREACHABLE, "top cannot start: %s", strerror(-error));
    else if (form == FORM_SCREEN)
        code = run_screen(feed, model, args);
    else
        code = run_lines(feed, model, form, args);
    rs_top_model_destroy(model);
    return code;
}
