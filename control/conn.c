/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's connection. Input is read straight into memory that is locked, and wiped as it is used
 * up, since requests hold secrets. A client that does not read is dropped, never waited for. What a
 * line means is not here.
 */
#include "conn.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "control/apply.h"
#include "dataplane/dataplane.h"

enum {
    INPUT_BYTES = RS_REQUEST_MAX + 1,
    OUTPUT_MAX = 2 * RS_REPLY_MAX, /* unread: dropped */
    EVENTS_MAX = 262144,           /* events wait in the ring while this much is unread */
};

static const struct timeval write_timeout = {30, 0};
static const struct timeval linger_timeout = {2, 0};

/* Owner: the server. */
struct rs_conn {
    struct rs_control *control;
    struct rs_peer peer;
    int fd;
    struct event *readable, *writable, *resume;
    char *input; /* locked; everything from `used` on is zero */
    size_t used;
    struct evbuffer *output;
    struct rs_request *request; /* the one being worked on, or NULL */
    struct rs_subscriber subscriber;
    struct rs_apply *apply; /* a transaction under way, or NULL */
    bool ended;             /* the client sends no more */
    bool refused;           /* a line was too long: say so, throw the rest away, close */
    bool half_shut;         /* we send no more */
    bool dead;
    rs_conn_closed_fn *closed;
    void *owner;
};

void rs_conn_close(struct rs_conn *conn)
{
    rs_events_unsubscribe(conn->control->events, &conn->subscriber);
    if (conn->request != NULL) {
        conn->request->client = NULL;
        conn->request->subscriber = NULL;
        conn->request->apply = NULL;
    }
    rs_apply_end(&conn->apply);
    event_free(conn->readable);
    event_free(conn->writable);
    event_free(conn->resume);
    evbuffer_free(conn->output);
    rs_secret_wipe(conn->input, conn->used);
    rs_secret_unmap(conn->input, INPUT_BYTES);
    close(conn->fd);
    free(conn);
}

const struct rs_peer *rs_conn_peer(const struct rs_conn *conn)
{
    return &conn->peer;
}

int rs_conn_fd(const struct rs_conn *conn)
{
    return conn->fd;
}

void rs_conn_set_role(struct rs_conn *conn, enum rs_role role)
{
    conn->peer.role = role;
}

static void send_line(struct rs_conn *conn, char *text, size_t bytes)
{
    if (text == NULL || evbuffer_get_length(conn->output) + bytes > OUTPUT_MAX ||
        evbuffer_add(conn->output, text, bytes) != 0)
        conn->dead = true;
    rs_jsonrpc_free(text);
}

static void send_error(struct rs_conn *conn, json_t *id, const struct rs_error *error)
{
    size_t bytes = 0;
    char *text = rs_jsonrpc_error(id, error, &bytes);

    send_line(conn, text, bytes);
}

static void send_reply(struct rs_conn *conn, struct rs_request *request)
{
    size_t bytes = 0;
    char *text;

    if (request->error.reason == RS_E_NONE) {
        text = request->result != NULL
                   ? rs_jsonrpc_result(request->call.id, request->result, &bytes)
                   : NULL;
        if (text != NULL && bytes <= RS_REPLY_MAX) {
            send_line(conn, text, bytes);
            return;
        }
        rs_jsonrpc_free(text);
        rs_error_set(&request->error, RS_E_INTERNAL_ERROR, NULL, "the reply cannot be made");
    }
    send_error(conn, request->call.id, &request->error);
}

/* May be called from anywhere, a worker's notice or a derivation: the rest happens on `resume`. */
static void on_done(struct rs_request *request)
{
    struct rs_conn *conn = request->client;

    conn->request = NULL;
    if (request->call.id != NULL)
        send_reply(conn, request);
    rs_request_free(request);
    event_active(conn->resume, 0, 0);
}

static void start_request(struct rs_conn *conn, char *line, size_t bytes)
{
    struct rs_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        conn->dead = true;
        return;
    }
    rs_jsonrpc_parse(line, bytes, &request->call, &request->error);
    rs_secret_wipe(line, bytes);
    request->control = conn->control;
    request->peer = conn->peer;
    request->client = conn;
    request->subscriber = &conn->subscriber;
    request->apply = &conn->apply;
    request->done = on_done;
    conn->request = request;
    rs_request_run(request);
}

static bool is_blank(const char *line, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (strchr(" \t\r", line[i]) == NULL || line[i] == '\0')
            return false;
    }
    return true;
}

/* Takes the first line out of the input. Its request runs before the rest moves up, from where the
 * line was: nothing in the request borrows from it. */
static bool take_line(struct rs_conn *conn)
{
    char *newline = memchr(conn->input, '\n', conn->used);
    size_t bytes, left;

    if (newline == NULL)
        return false;
    bytes = (size_t)(newline - conn->input);
    if (!is_blank(conn->input, bytes))
        start_request(conn, conn->input, bytes);
    left = conn->used - bytes - 1;
    memmove(conn->input, newline + 1, left);
    rs_secret_wipe(conn->input + left, conn->used - left);
    conn->used = left;
    return true;
}

static void refuse(struct rs_conn *conn)
{
    struct rs_error error;

    rs_error_set(&error, RS_E_REQUEST_TOO_LARGE, NULL, "a request is one line of at most %d bytes",
                 RS_REQUEST_MAX);
    send_error(conn, NULL, &error);
    rs_secret_wipe(conn->input, conn->used);
    conn->used = 0;
    conn->refused = true;
}

static void flush(struct rs_conn *conn)
{
    if (!conn->refused)
        rs_events_deliver(conn->control->events, &conn->subscriber, conn->output, EVENTS_MAX);
    if (evbuffer_get_length(conn->output) == 0)
        return;
    if (evbuffer_write(conn->output, conn->fd) < 0 && errno != EAGAIN && errno != EINTR)
        conn->dead = true;
    if (evbuffer_get_length(conn->output) == 0)
        event_del(conn->writable);
    else if (!conn->dead && !event_pending(conn->writable, EV_WRITE, NULL))
        event_add(conn->writable, &write_timeout);
}

/* Says that no more comes, so that a client that still sends can read the refusal first. */
static void finish_refusal(struct rs_conn *conn)
{
    if (conn->half_shut || evbuffer_get_length(conn->output) != 0)
        return;
    conn->half_shut = true;
    shutdown(conn->fd, SHUT_WR);
    event_add(conn->readable, &linger_timeout);
}

/* The last thing that each of libevent's callbacks does: moves on as far as it goes. */
static void settle(struct rs_conn *conn)
{
    bool idle;

    while (!conn->dead && !conn->refused && conn->request == NULL && take_line(conn))
        continue;
    if (!conn->dead && !conn->refused && conn->request == NULL && conn->used == INPUT_BYTES)
        refuse(conn);
    if (!conn->dead)
        flush(conn);
    if (conn->refused && !conn->dead)
        finish_refusal(conn);
    idle = conn->request == NULL && evbuffer_get_length(conn->output) == 0;
    if (conn->dead || (conn->ended && idle)) {
        rs_conn_closed_fn *closed = conn->closed;
        void *owner = conn->owner;

        rs_conn_close(conn);
        closed(owner);
    } else if (conn->ended || (conn->request != NULL && conn->used == INPUT_BYTES)) {
        event_del(conn->readable);
    } else if (!conn->half_shut) {
        event_add(conn->readable, NULL);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct rs_conn *conn = arg;
    const ssize_t n =
        what & EV_TIMEOUT ? 0 : read(fd, conn->input + conn->used, INPUT_BYTES - conn->used);

    if (n == 0)
        conn->ended = true;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        conn->dead = true;
    else if (n > 0 && conn->refused)
        rs_secret_wipe(conn->input, (size_t)n);
    else if (n > 0)
        conn->used += (size_t)n;
    settle(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct rs_conn *conn = arg;

    (void)fd;
    if (what & EV_TIMEOUT)
        conn->dead = true;
    settle(conn);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    settle(arg);
}

static void on_event(struct rs_subscriber *subscriber)
{
    struct rs_conn *conn =
        (struct rs_conn *)((char *)subscriber - offsetof(struct rs_conn, subscriber));

    event_active(conn->resume, 0, 0);
}

struct rs_conn *rs_conn_open(struct rs_control *control, int fd, const struct rs_peer *peer,
                             rs_conn_closed_fn *closed, void *owner)
{
    struct rs_conn *conn = calloc(1, sizeof(*conn));
    struct event_base *base = control->base;

    if (conn == NULL)
        return NULL;
    conn->control = control;
    conn->peer = *peer;
    conn->fd = fd;
    conn->closed = closed;
    conn->owner = owner;
    conn->subscriber.wake = on_event;
    conn->input = rs_secret_map(INPUT_BYTES);
    conn->output = evbuffer_new();
    conn->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, conn);
    conn->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
    conn->resume = event_new(base, -1, 0, on_resume, conn);
    if (conn->input == NULL || conn->output == NULL || conn->readable == NULL ||
        conn->writable == NULL || conn->resume == NULL || event_add(conn->readable, NULL) != 0)
        goto fail;
    return conn;

fail:
    if (conn->resume != NULL)
        event_free(conn->resume);
    if (conn->writable != NULL)
        event_free(conn->writable);
    if (conn->readable != NULL)
        event_free(conn->readable);
    if (conn->output != NULL)
        evbuffer_free(conn->output);
    if (conn->input != NULL)
        rs_secret_unmap(conn->input, INPUT_BYTES);
    free(conn);
    return NULL;
}
