/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listener on libevent's evhttp, its limits, and the table of routes. What a route answers is
 * in its handler's file; what connections may do is in http_clients.c.
 */
#include "http.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "control/config.h"
#include "control/control.h"
#include "control/exposition.h"
#include "control/health.h"
#include "control/http_clients.h"
#include "control/http_exchange.h"
#include "control/listen.h"
#include "control/metrics.h"
#include "control/opentok.h"
#include "control/projects.h"
#include "control/rate.h"

enum {
    HEADER_MAX = 8192,     /* bytes */
    BODY_MAX = 8192,       /* bytes */
    SOCKET_BUFFER = 65536, /* bytes, of each direction; the kernel takes it twice */
    REQUESTS_PER_SECOND = 1000,
    READ = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD,
    ALL = READ | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH,
};

/* Owner: main. */
struct rs_http {
    struct rs_control *control;
    struct rs_projects *projects;
    struct rs_rate *rate; /* of all clients together: who they are is not known */
    struct evhttp *server;
    struct rs_http_clients *clients;
    struct rs_listen_address address;
    bool bound;
    struct stat socket; /* as it was bound */
    struct rs_denials denials;
};

static void answer_alive(struct rs_exchange *exchange)
{
    rs_exchange_reply(exchange, RS_HTTP_OK, json_pack("{s:b}", "alive", 1));
}

static void answer_ready(struct rs_exchange *exchange)
{
    json_t *health = rs_health_json(exchange->control);
    json_t *ready = json_object_get(health, "ready");

    rs_exchange_reply(
        exchange, json_is_true(ready) ? RS_HTTP_OK : RS_HTTP_UNAVAILABLE,
        json_pack("{s:O, s:O}", "ready", ready, "reasons", json_object_get(health, "reasons")));
    json_decref(health);
}

static void answer_metrics(struct rs_exchange *exchange)
{
    struct evbuffer *page = evbuffer_new();

    if (page == NULL) {
        rs_exchange_refuse(exchange, RS_HTTP_INTERNAL, "no memory");
        return;
    }
    rs_metrics_write(exchange->control, page);
    rs_exchange_reply_text(exchange, RS_HTTP_OK, RS_EXPOSITION_TYPE, page);
    evbuffer_free(page);
}

/* A path that ends in a slash stands for all that begin with it. */
static const struct route {
    const char *path;
    enum rs_resource resource;
    int methods;
    const char *allow;
    rs_exchange_fn *handler;
} routes[] = {
    {"/metrics", RS_RESOURCE_METRICS, READ, "GET, HEAD", answer_metrics},
    {"/healthz", RS_RESOURCE_HEALTHZ, READ, "GET, HEAD", answer_alive},
    {"/readyz", RS_RESOURCE_READYZ, READ, "GET, HEAD", answer_ready},
    {"/session/create", RS_RESOURCE_SESSION_CREATE, EVHTTP_REQ_POST, "POST", rs_opentok_create},
    {"/v2/project/", RS_RESOURCE_PROJECT, ALL, "", rs_opentok_refuse},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const size_t length = strlen(routes[i].path);

        if (routes[i].path[length - 1] == '/' ? strncmp(path, routes[i].path, length) == 0
                                              : strcmp(path, routes[i].path) == 0)
            return &routes[i];
    }
    return NULL;
}

/* Whether there is one way to tell where the request ends: two that differ are how requests are
 * smuggled past a proxy (RFC 9112 section 11.2). */
static bool is_framed_once(const struct rs_exchange *exchange)
{
    const char *ignored;

    return rs_exchange_count_headers(exchange, "Content-Length", &ignored) +
               rs_exchange_count_headers(exchange, "Transfer-Encoding", &ignored) <=
           1;
}

static void dispatch(struct rs_http *http, struct rs_exchange *exchange)
{
    const struct route *found = find_route(exchange->path);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);
    struct rs_error error;

    exchange->resource = found != NULL ? found->resource : RS_RESOURCE_OTHER;
    if (!rs_rate_allows(http->rate, 0)) {
        rs_error_set(&error, RS_E_RATE_LIMITED, NULL, "more than %d requests a second",
                     REQUESTS_PER_SECOND);
        rs_exchange_fail(exchange, RS_HTTP_TOO_MANY, &error);
    } else if (!is_framed_once(exchange)) {
        evhttp_add_header(headers, "Connection", "close");
        rs_exchange_refuse(exchange, RS_HTTP_BAD_REQUEST, "the length of the body is given twice");
    } else if (found == NULL) {
        rs_exchange_refuse(exchange, RS_HTTP_NOT_FOUND, "there is no such resource");
    } else if ((found->methods & (int)evhttp_request_get_command(exchange->request)) == 0) {
        evhttp_add_header(headers, "Allow", found->allow);
        rs_exchange_refuse(exchange, RS_HTTP_BAD_METHOD, "the resource has no such method");
    } else {
        found->handler(exchange);
    }
}

static void on_request(struct evhttp_request *request, void *arg)
{
    struct rs_http *http = arg;
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = evhttp_uri_get_path(uri);
    struct rs_exchange exchange = {
        .control = http->control,
        .projects = http->projects,
        .denials = &http->denials,
        .request = request,
        .path = path != NULL ? path : "",
        .query = evhttp_uri_get_query(uri),
        .body = (const char *)evbuffer_pullup(body, -1),
        .body_bytes = evbuffer_get_length(body),
    };

    rs_http_clients_note_request(http->clients, request);
    dispatch(http, &exchange);
}

/* What the kernel keeps for each connection: by itself it grows to megabytes. */
static void limit_buffers(int fd)
{
    static const int bytes = SOCKET_BUFFER;

    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0)
        rs_log(RS_LOG_WARNING, "http: the kernel's buffers cannot be limited: %s", strerror(errno));
}

static int listen_at(struct rs_http *http)
{
    const struct rs_config *config = http->control->config;
    const struct group *operators;

    if (http->address.path == NULL)
        return rs_listen_tcp(&http->address);
    operators = getgrnam(config->operators);
    return rs_listen_unix(http->address.path, 0660,
                          operators != NULL ? operators->gr_gid : (gid_t)RS_LISTEN_NO_GROUP,
                          &http->socket);
}

static void set_limits(struct evhttp *server)
{
    evhttp_set_max_headers_size(server, HEADER_MAX);
    evhttp_set_max_body_size(server, BODY_MAX);
    /* Only of those that http_clients.c has no memory for: it is faster. */
    evhttp_set_timeout(server, 2 * RS_HTTP_PATIENCE_MS / 1000);
    evhttp_set_allowed_methods(server, ALL);
}

/* The descriptor becomes the listener's. Returns 0, or -ENOMEM. */
static int serve(struct rs_http *http, int fd)
{
    struct event_base *base = http->control->base;
    struct evconnlistener *listener =
        evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 0, fd);

    if (listener == NULL) {
        close(fd);
        return -ENOMEM;
    }
    http->server = evhttp_new(base);
    if (http->server == NULL || evhttp_bind_listener(http->server, listener) == NULL) {
        evconnlistener_free(listener);
        return -ENOMEM;
    }
    set_limits(http->server);
    evhttp_set_gencb(http->server, on_request, http);
    http->clients = rs_http_clients_create(base, http->server, listener);
    return http->clients != NULL ? 0 : -ENOMEM;
}

static int start(struct rs_http *http, const struct rs_http_config *config)
{
    int fd, error;

    http->projects = rs_projects_create(config);
    if (http->projects == NULL)
        return -errno;
    http->rate = rs_rate_create(REQUESTS_PER_SECOND);
    if (http->rate == NULL || rs_listen_parse(config->listen, &http->address) != 0)
        return -ENOMEM;
    fd = listen_at(http);
    http->bound = fd >= 0;
    if (fd >= 0)
        limit_buffers(fd);
    error = fd >= 0 ? serve(http, fd) : fd;
    if (error != 0)
        rs_listen_log_failure("http", config->listen, error);
    else
        rs_log(RS_LOG_INFO, "http: listening at %s", config->listen);
    return error;
}

struct rs_http *rs_http_create(struct rs_control *control)
{
    struct rs_http *http = calloc(1, sizeof(*http));
    int error = 0;

    if (http == NULL) {
        rs_log(RS_LOG_ERROR, "http: no memory");
        return NULL;
    }
    http->control = control;
    if (control->config->http.listen != NULL)
        error = start(http, &control->config->http);
    if (error == 0)
        return http;
    rs_http_destroy(http);
    errno = -error;
    return NULL;
}

void rs_http_destroy(struct rs_http *http)
{
    if (http == NULL)
        return;
    if (http->server != NULL)
        evhttp_free(http->server);
    if (http->bound && http->address.path != NULL)
        rs_listen_unlink(http->address.path, &http->socket);
    rs_http_clients_destroy(http->clients);
    rs_rate_destroy(http->rate);
    rs_projects_destroy(http->projects);
    free(http);
}
