/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC over the control socket: one document per line each way, and events between replies.
 * Nothing about methods, options or printing.
 */
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A reply has at most 1 MiB; a little more tells one that is too long from one that just fits. */
enum { LINE_MAX_BYTES = (1 << 20) + 4096 };

struct rs_client {
    int fd;
    json_int_t last_id;
    json_t *events; /* array: arrived while a reply was waited for */
    size_t filled;  /* bytes in line */
    char line[LINE_MAX_BYTES];
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, saved;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    saved = errno;
    close(fd);
    return -saved;
}

static int send_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static int send_document(int fd, const json_t *document)
{
    const size_t bytes = json_dumpb(document, NULL, 0, JSON_COMPACT);
    char *text = malloc(bytes + 1);
    int error;

    if (text == NULL || bytes == 0) {
        free(text);
        return -ENOMEM;
    }
    json_dumpb(document, text, bytes, JSON_COMPACT);
    text[bytes] = '\n';
    error = send_all(fd, text, bytes + 1);
    explicit_bzero(text, bytes + 1); /* it may hold a secret */
    free(text);
    return error;
}

/* Takes the first whole line out of the buffer; 0 with *document set, -EAGAIN where there is none.
 */
static int take_line(struct rs_client *client, json_t **document)
{
    const char *end = memchr(client->line, '\n', client->filled);
    size_t bytes;

    if (end == NULL)
        return client->filled == sizeof(client->line) ? -EPROTO : -EAGAIN;
    bytes = (size_t)(end - client->line);
    *document = json_loadb(client->line, bytes, 0, NULL);
    client->filled -= bytes + 1;
    memmove(client->line, end + 1, client->filled);
    if (json_is_object(*document))
        return 0;
    json_decref(*document);
    return -EPROTO;
}

static int receive_document(struct rs_client *client, json_t **document)
{
    for (;;) {
        const int error = take_line(client, document);
        ssize_t got;

        if (error != -EAGAIN)
            return error;
        got = recv(client->fd, client->line + client->filled, sizeof(client->line) - client->filled,
                   0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -EPIPE;
        client->filled += (size_t)got;
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

/* A reply to the last call, or to what the daemon could not even read (id null). */
static bool is_reply(const struct rs_client *client, const json_t *document)
{
    const json_t *id = json_object_get(document, "id");

    return json_is_null(id) || json_integer_value(id) == client->last_id;
}

static int take_reply(const struct rs_client *client, const json_t *document,
                      struct rs_reply *reply)
{
    json_t *result = json_object_get(document, "result");
    json_t *error = json_object_get(document, "error");

    if (!is_reply(client, document) || (result == NULL) == (error == NULL))
        return -EPROTO;
    *reply = (struct rs_reply){.result = json_incref(result), .error = json_incref(error)};
    return 0;
}

static int receive_reply(struct rs_client *client, struct rs_reply *reply)
{
    for (;;) {
        json_t *document, *event;
        int error = receive_document(client, &document);

        if (error != 0)
            return error;
        event = event_of(document);
        if (event != NULL)
            json_array_append_new(client->events, event);
        else
            error = take_reply(client, document, reply);
        json_decref(document);
        if (event == NULL)
            return error;
    }
}

int rs_client_open(const char *path, struct rs_client **client)
{
    const int fd = connect_to(path);
    struct rs_client *made;

    if (fd < 0)
        return fd;
    made = malloc(sizeof(*made));
    if (made == NULL) {
        close(fd);
        return -ENOMEM;
    }
    made->fd = fd;
    made->last_id = 0;
    made->filled = 0;
    made->events = json_array();
    *client = made;
    return 0;
}

void rs_client_close(struct rs_client *client)
{
    close(client->fd);
    json_decref(client->events);
    free(client);
}

int rs_client_call(struct rs_client *client, const char *method, json_t *params,
                   struct rs_reply *reply)
{
    json_t *request = json_pack("{s:s, s:I, s:s, s:O*}", "jsonrpc", "2.0", "id", ++client->last_id,
                                "method", method, "params", params);
    int error;

    if (request == NULL)
        return -EINVAL;
    error = send_document(client->fd, request);
    json_decref(request);
    if (error != 0)
        return error;
    return receive_reply(client, reply);
}

int rs_client_next_event(struct rs_client *client, json_t **event)
{
    if (json_array_size(client->events) > 0) {
        *event = json_incref(json_array_get(client->events, 0));
        json_array_remove(client->events, 0);
        return 0;
    }
    for (;;) {
        json_t *document;
        const int error = receive_document(client, &document);

        if (error != 0)
            return error;
        *event = event_of(document);
        json_decref(document);
        if (*event != NULL)
            return 0;
    }
}
