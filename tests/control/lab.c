/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Puts the parts of control together as the daemon does, and asks it without a socket.
 */
#include "tests/control/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "control/apply.h"
#include "control/config.h"
#include "control/kdf.h"
#include "control/rate.h"
#include "control/registry.h"
#include "tests/support/fake_dataplane.h"

enum { PATIENCE_MS = 10000 };

static const char config_text[] = "cpus: [0]\n"
                                  "links:\n"
                                  "  - name: edge0\n"
                                  "    plain: {vdev: net_ring0}\n"
                                  "    sealed: {vdev: net_ring1}\n"
                                  "    media: [{ip: 198.51.100.0/24, ports: 10000-59999}]\n"
                                  "limits: {sessions: 4, streams: 3}\n"
                                  "lock_keys: no\n";

static struct rs_control lab;
static struct rs_config *config;
static struct event *dataplane_event, *kdf_event;
static struct rs_subscriber subscriber;
static struct rs_apply *apply;
static struct evbuffer *event_lines;
static json_t *events;
static struct rs_request *last;
static char socket_path[64];

static void on_dataplane(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    rs_dataplane_poll(arg);
}

static void on_kdf(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    rs_kdf_poll(arg);
}

static void on_event(struct rs_subscriber *woken)
{
    (void)woken;
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct rs_control *lab_open(void)
{
    return lab_open_with("");
}

struct rs_control *lab_open_with(const char *more)
{
    char text[2048];
    char error[RS_CONFIG_ERROR_MAX];
    struct rs_overrides overrides = {.socket = {socket_path, "test"}};

    rs_jsonrpc_init();
    rs_log_set_level(RS_LOG_ERROR);
    snprintf(socket_path, sizeof(socket_path), "/tmp/rtpseal-lab-%d/control.sock", (int)getpid());
    snprintf(text, sizeof(text), "%s%s", config_text, more);
    config = rs_config_parse("lab", text, strlen(text), &overrides, error);
    must(config != NULL);
    lab = (struct rs_control){.config = config, .instance = "lab"};
    rs_counts_init(&lab.counts);
    lab.dataplane = rs_dataplane_create(&config->dataplane, &rs_registry_observer);
    lab.base = event_base_new();
    lab.kdf = rs_kdf_create(&lab.counts);
    lab.events = rs_events_create("lab", 64, &lab.counts);
    must(lab.dataplane != NULL && lab.base != NULL && lab.kdf != NULL && lab.events != NULL);
    lab.rate = rs_rate_create(0);
    must(lab.rate != NULL);
    lab.registry = rs_registry_create(lab.base, config, lab.dataplane, lab.events, &lab.counts);
    must(lab.registry != NULL);
    rs_dataplane_set_owner(lab.dataplane, lab.registry);
    dataplane_event = event_new(lab.base, rs_dataplane_fd(lab.dataplane), EV_READ | EV_PERSIST,
                                on_dataplane, lab.dataplane);
    kdf_event = event_new(lab.base, rs_kdf_fd(lab.kdf), EV_READ | EV_PERSIST, on_kdf, lab.kdf);
    must(event_add(dataplane_event, NULL) == 0 && event_add(kdf_event, NULL) == 0);
    subscriber = (struct rs_subscriber){.wake = on_event};
    rs_events_subscribe(lab.events, &subscriber, UINT32_MAX, 0, NULL);
    event_lines = evbuffer_new();
    events = json_array();
    return &lab;
}

void lab_close(void)
{
    if (last != NULL)
        rs_request_free(last);
    last = NULL;
    rs_apply_end(&apply);
    rs_events_unsubscribe(lab.events, &subscriber);
    event_free(dataplane_event);
    event_free(kdf_event);
    rs_kdf_destroy(lab.kdf);
    rs_registry_destroy(lab.registry);
    rs_rate_destroy(lab.rate);
    rs_events_destroy(lab.events);
    rs_dataplane_destroy(lab.dataplane);
    event_base_free(lab.base);
    rs_config_free(config);
    evbuffer_free(event_lines);
    json_decref(events);
    *strrchr(socket_path, '/') = '\0';
    rmdir(socket_path);
}

void lab_run_ms(int ms)
{
    const struct timeval limit = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};

    event_base_loopexit(lab.base, &limit);
    event_base_dispatch(lab.base);
}

static void on_done(struct rs_request *request)
{
    request->client = NULL;
}

bool lab_is_done(const struct rs_request *request)
{
    return request->client == NULL;
}

struct rs_request *lab_prepare(const char *method, const char *params)
{
    struct rs_request *request = calloc(1, sizeof(*request));
    char line[4096];
    const int bytes = snprintf(
        line, sizeof(line), "{'jsonrpc':'2.0','id':1,'method':'%s','params':%s}", method, params);

    must(request != NULL && bytes > 0 && (size_t)bytes < sizeof(line));
    for (char *c = line; *c != '\0'; c++) {
        if (*c == '\'')
            *c = '"';
    }
    must(rs_jsonrpc_parse(line, (size_t)bytes, &request->call, &request->error) == 0);
    request->control = &lab;
    request->peer = (struct rs_peer){.role = RS_ROLE_ADMIN};
    request->client = &lab;
    request->apply = &apply;
    request->done = on_done;
    return request;
}

struct rs_request *lab_start(const char *method, const char *params)
{
    struct rs_request *request = lab_prepare(method, params);

    rs_request_run(request);
    return request;
}

const char *lab_call(const char *method, const char *params)
{
    if (last != NULL)
        rs_request_free(last);
    last = lab_start(method, params);
    for (int waited = 0; !lab_is_done(last) && waited < PATIENCE_MS; waited += 10)
        lab_run_ms(10);
    must(lab_is_done(last));
    return last->error.reason == RS_E_NONE ? "ok" : rs_reasons[last->error.reason].name;
}

const json_t *lab_result(void)
{
    return last->result;
}

const struct rs_error *lab_error(void)
{
    return &last->error;
}

static void collect_events(void)
{
    char *line;

    rs_events_deliver(lab.events, &subscriber, event_lines, SIZE_MAX);
    while ((line = evbuffer_readln(event_lines, NULL, EVBUFFER_EOL_LF)) != NULL) {
        json_t *event = json_loads(line, 0, NULL);

        json_array_append(events, json_object_get(event, "params"));
        json_decref(event);
        free(line);
    }
}

const json_t *lab_last_event(const char *type)
{
    const json_t *found = NULL, *event;
    size_t i;

    collect_events();
    json_array_foreach(events, i, event) {
        if (strcmp(json_string_value(json_object_get(event, "type")), type) == 0)
            found = event;
    }
    return found;
}

unsigned int lab_event_count(const char *type)
{
    unsigned int count = 0;
    const json_t *event;
    size_t i;

    collect_events();
    json_array_foreach(events, i, event)
        count += strcmp(json_string_value(json_object_get(event, "type")), type) == 0;
    return count;
}
