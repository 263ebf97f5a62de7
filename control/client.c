/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC over the control socket: one document per line each way, and events between replies.
 * Nothing about methods, options or printing. Needs jansson alone: programs of others link it.
 */
#include "client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A reply has at most 1 MiB; a little more tells one that is too long from one that just fits. */
enum { LINE_MAX_BYTES = (1 << 20) + 4096 };

struct rs_client {
    int fd;
    int broken; /* what ended the connection; 0: nothing has */
    json_int_t last_id;
    json_t *events;    /* array: arrived while a reply was waited for */
    size_t taken;      /* how many of these have been handed out */
    size_t begin, end; /* what of `line` is filled */
    char line[LINE_MAX_BYTES];
};

/* ---- time --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
}

/* For poll(2): -1 without a deadline. */
static int time_left(int64_t deadline)
{
    int64_t left;

    if (deadline == INT64_MAX)
        return -1;
    left = deadline - now_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Waits until the descriptor is ready for `what`. */
static int wait_for(int fd, short what, int64_t deadline)
{
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = what};
        const int count = poll(&ready, 1, time_left(deadline));

        if (count > 0)
            return 0;
        if (count == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

/* ---- sending ------------------------------------------------------------------------------ */

static int send_all(int fd, const char *bytes, size_t count, int64_t deadline)
{
    const size_t whole = count;

    while (count > 0) {
        const ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        int error = sent < 0 ? -errno : 0;

        if (error == -EAGAIN)
            error = wait_for(fd, POLLOUT, deadline);
        if (error == -ETIMEDOUT && count < whole)
            error = -EPIPE; /* half a request is none */
        if (error != 0 && error != -EINTR)
            return error;
        if (sent > 0) {
            bytes += sent;
            count -= (size_t)sent;
        }
    }
    return 0;
}

static int send_document(int fd, const json_t *document, int64_t deadline)
{
    const size_t bytes = json_dumpb(document, NULL, 0, JSON_COMPACT);
    char *text = bytes > 0 ? malloc(bytes + 1) : NULL;
    int error;

    if (text == NULL)
        return bytes > 0 ? -ENOMEM : -EINVAL;
    json_dumpb(document, text, bytes, JSON_COMPACT);
    text[bytes] = '\n';
    error = send_all(fd, text, bytes + 1, deadline);
    explicit_bzero(text, bytes + 1); /* it may hold a secret */
    free(text);
    return error;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Takes the first whole line out of the buffer; -EAGAIN where there is none. */
static int take_line(struct rs_client *client, json_t **document)
{
    const char *line = client->line + client->begin;
    const char *newline = memchr(line, '\n', client->end - client->begin);

    if (newline == NULL)
        return -EAGAIN;
    *document = json_loadb(line, (size_t)(newline - line), 0, NULL);
    client->begin += (size_t)(newline - line) + 1;
    if (json_is_object(*document))
        return 0;
    json_decref(*document);
    return -EPROTO;
}

/* Room behind what is there, which moves to the front for it. */
static size_t make_room(struct rs_client *client)
{
    memmove(client->line, client->line + client->begin, client->end - client->begin);
    client->end -= client->begin;
    client->begin = 0;
    return sizeof(client->line) - client->end;
}

static int receive_more(struct rs_client *client, int64_t deadline)
{
    const size_t room = make_room(client);
    const int error = room > 0 ? wait_for(client->fd, POLLIN, deadline) : -EPROTO;
    ssize_t got;

    if (error != 0)
        return error;
    got = recv(client->fd, client->line + client->end, room, MSG_DONTWAIT);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (got == 0)
        return -EPIPE;
    client->end += (size_t)got;
    return 0;
}

static int receive_document(struct rs_client *client, int64_t deadline, json_t **document)
{
    for (;;) {
        int error = take_line(client, document);

        if (error != -EAGAIN)
            return error;
        error = receive_more(client, deadline);
        if (error != 0)
            return error;
    }
}

/* The notification's params, for the caller, or NULL where the document is not an event. */
static json_t *event_of(const json_t *document)
{
    const char *method = json_string_value(json_object_get(document, "method"));

    if (method == NULL || strcmp(method, "event") != 0)
        return NULL;
    return json_incref(json_object_get(document, "params"));
}

/* Returns 0 with *reply set, -EAGAIN for the reply to a call that was given up, or -EPROTO. */
static int take_reply(const struct rs_client *client, const json_t *document,
                      struct rs_client_reply *reply)
{
    const json_t *id = json_object_get(document, "id");
    json_t *result = json_object_get(document, "result");
    json_t *error = json_object_get(document, "error");

    if ((result == NULL) == (error == NULL))
        return -EPROTO;
    /* null: an answer to what the daemon could not even read. */
    if (!json_is_null(id) && json_integer_value(id) != client->last_id)
        return json_integer_value(id) > 0 && json_integer_value(id) < client->last_id ? -EAGAIN
                                                                                      : -EPROTO;
    *reply = (struct rs_client_reply){.result = json_incref(result), .error = json_incref(error)};
    return 0;
}

static int receive_reply(struct rs_client *client, int64_t deadline, struct rs_client_reply *reply)
{
    for (;;) {
        json_t *document, *event;
        int error = receive_document(client, deadline, &document);

        if (error != 0)
            return error;
        event = event_of(document);
        if (event != NULL)
            error = json_array_append_new(client->events, event) == 0 ? -EAGAIN : -ENOBUFS;
        else
            error = take_reply(client, document, reply);
        json_decref(document);
        if (error != -EAGAIN)
            return error;
    }
}

static int receive_event(struct rs_client *client, int64_t deadline, json_t **event)
{
    for (;;) {
        json_t *document;
        const int error = receive_document(client, deadline, &document);

        if (error != 0)
            return error;
        *event = event_of(document);
        json_decref(document);
        if (*event != NULL)
            return 0;
    }
}

/* The oldest event that was kept, or NULL. */
static json_t *take_kept_event(struct rs_client *client)
{
    json_t *event = json_incref(json_array_get(client->events, client->taken));

    if (event == NULL)
        return NULL;
    json_array_set_new(client->events, client->taken, json_null());
    client->taken++;
    if (client->taken == json_array_size(client->events)) {
        json_array_clear(client->events);
        client->taken = 0;
    }
    return event;
}

/* ---- the connection ----------------------------------------------------------------------- */

/* Remembers what has ended the connection. Returns the error. */
static int note(struct rs_client *client, int error)
{
    if (error != 0 && error != -ETIMEDOUT && error != -EINVAL && error != -ENOMEM)
        client->broken = error;
    return error;
}

/* Connecting waits where the daemon's backlog is full, for as long as sending may. */
static int connect_to(const char *path, int timeout_ms)
{
    const struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, saved;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (timeout_ms == 0 ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0)
        return -errno;
    if (timeout_ms > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    do
        saved = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    while (saved == EINTR);
    if (saved == 0)
        return fd;
    close(fd);
    return saved == EAGAIN ? -ETIMEDOUT : -saved;
}

int rs_client_open_within(const char *path, int timeout_ms, struct rs_client **client)
{
    const int fd = connect_to(path, timeout_ms);
    struct rs_client *made;

    if (fd < 0)
        return fd;
    made = malloc(sizeof(*made)); /* not cleared: most of it is never touched */
    if (made == NULL) {
        close(fd);
        return -ENOMEM;
    }
    made->fd = fd;
    made->broken = 0;
    made->last_id = 0;
    made->events = json_array();
    made->taken = 0;
    made->begin = made->end = 0;
    *client = made;
    return 0;
}

int rs_client_open(const char *path, struct rs_client **client)
{
    return rs_client_open_within(path, RS_CLIENT_FOREVER, client);
}

void rs_client_close(struct rs_client *client)
{
    if (client == NULL)
        return;
    close(client->fd);
    json_decref(client->events);
    free(client);
}

int rs_client_fd(const struct rs_client *client)
{
    return client->fd;
}

int rs_client_call_within(struct rs_client *client, const char *method, json_t *params,
                          int timeout_ms, struct rs_client_reply *reply)
{
    const int64_t deadline = deadline_of(timeout_ms);
    json_t *request;
    int error;

    if (client->broken != 0)
        return client->broken;
    if (params != NULL && !json_is_object(params))
        return -EINVAL;
    request = json_pack("{s:s, s:I, s:s, s:O*}", "jsonrpc", "2.0", "id", client->last_id + 1,
                        "method", method, "params", params);
    if (request == NULL)
        return -EINVAL;
    client->last_id++;
    error = send_document(client->fd, request, deadline);
    json_decref(request);
    if (error == 0)
        error = receive_reply(client, deadline, reply);
    return note(client, error);
}

int rs_client_call(struct rs_client *client, const char *method, json_t *params,
                   struct rs_client_reply *reply)
{
    return rs_client_call_within(client, method, params, RS_CLIENT_FOREVER, reply);
}

int rs_client_next_event_within(struct rs_client *client, int timeout_ms, json_t **event)
{
    json_t *kept = take_kept_event(client);

    if (kept != NULL) {
        *event = kept;
        return 0;
    }
    if (client->broken != 0)
        return client->broken;
    return note(client, receive_event(client, deadline_of(timeout_ms), event));
}

int rs_client_next_event(struct rs_client *client, json_t **event)
{
    return rs_client_next_event_within(client, RS_CLIENT_FOREVER, event);
}

const char *rs_client_error_text(int error)
{
    const char *text;

    switch (error) {
    case 0:
        return "no error";
    case -EPIPE:
        return "the daemon closed the connection";
    case -EPROTO:
        return "what answers there does not speak JSON-RPC";
    case -ETIMEDOUT:
        return "no answer in time";
    default:
        text = strerrordesc_np(-error);
        return text != NULL ? text : "unknown error";
    }
}
