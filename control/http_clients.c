/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * evhttp closes a connection that says nothing for a while, but waits for as long as one likes for
 * a request that comes byte by byte, has no limit to their number, and reads on while a reply waits
 * to be taken. All three are bounded here. What a request asks for is not here.
 */
#include "http_clients.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "control/control.h"
#include "dataplane/dataplane.h"

enum {
    INPUT_MAX = 16384,    /* bytes read ahead of what is parsed: twice the longest head or body */
    ACCEPTED_MAX = 32,    /* connections taken before others have their turn */
    DESCRIPTOR_SHARE = 4, /* one in so many of the process's descriptors, at most */
};

static const struct timeval sweep_interval = {1, 0};

/* One connection. Owner: clients, from its acceptance until evhttp closes it. */
struct client {
    TAILQ_ENTRY(client) entry;
    struct rs_http_clients *clients;
    struct bufferevent *stream; /* evhttp's; while fresh, with a reference of our own */
    struct evhttp_connection *connection;
    uint64_t since_ms; /* it was accepted, or its last request or reply was complete */
    uint64_t requests;
    bool answering;
};

TAILQ_HEAD(client_list, client);

struct rs_http_clients {
    struct evconnlistener *listener;
    struct event *settle; /* soon after an acceptance */
    struct event *sweep;
    struct client_list list;  /* by since_ms */
    struct client_list fresh; /* accepted; settle has not found their connections yet */
    size_t count, max;        /* of both */
    unsigned int accepted;    /* since `settle` last ran */
};

static void touch(struct client *client)
{
    struct client_list *list = &client->clients->list;

    client->since_ms = rs_control_now_ms();
    TAILQ_REMOVE(list, client, entry);
    TAILQ_INSERT_TAIL(list, client, entry);
}

static void on_closed(struct evhttp_connection *connection, void *arg)
{
    struct client *client = arg;

    (void)connection;
    TAILQ_REMOVE(&client->clients->list, client, entry);
    client->clients->count--;
    free(client);
}

/* Closes the connection, and with it forgets the client. Who has not had a reply yet is told; from
 * who does not take one, what the kernel still holds is taken back. */
static void drop(struct client *client, const char *reply)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    const int fd = bufferevent_getfd(client->stream);

    if (client->answering || evbuffer_get_length(bufferevent_get_output(client->stream)) > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    else if (client->requests == 0)
        (void)send(fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
    /* evhttp's own way of closing one; it ends in on_closed. */
    bufferevent_trigger_event(client->stream, BEV_EVENT_TIMEOUT, 0);
}

/* Makes room, if it can be made: of those who are being answered only where nobody else is left. */
static void drop_one(struct rs_http_clients *clients)
{
    static const char reply[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                "Retry-After: 1\r\nConnection: close\r\n\r\n";
    struct client *client, *last_choice = NULL;

    TAILQ_FOREACH(client, &clients->list, entry) {
        if (!client->answering) {
            drop(client, reply);
            return;
        }
        if (last_choice == NULL)
            last_choice = client;
    }
    if (last_choice != NULL)
        drop(last_choice, reply);
}

/*
 * evhttp has accepted a connection and wants a stream for it. The connection itself it makes
 * afterwards, and tells nobody: settle finds it.
 */
static struct bufferevent *on_accepted(struct event_base *base, void *arg)
{
    struct rs_http_clients *clients = arg;
    struct client *client;

    if (clients->count >= clients->max)
        drop_one(clients);
    if (++clients->accepted >= ACCEPTED_MAX)
        evconnlistener_disable(clients->listener);
    event_active(clients->settle, EV_TIMEOUT, 0);
    client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL; /* evhttp makes one; its own timeout watches it */
    client->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (client->stream == NULL) {
        free(client);
        return NULL;
    }
    bufferevent_setwatermark(client->stream, EV_READ, 0, INPUT_MAX);
    bufferevent_incref(client->stream);
    client->clients = clients;
    clients->count++;
    TAILQ_INSERT_TAIL(&clients->fresh, client, entry);
    return client->stream;
}

/* Takes the client out of the fresh ones. */
static void leave_fresh(struct client *client)
{
    TAILQ_REMOVE(&client->clients->fresh, client, entry);
    bufferevent_decref(client->stream);
}

/*
 * libevent 2.1 has no other way from a stream to its connection than the argument of the stream's
 * callbacks, which is the connection from its making to its end. None: evhttp has given it up.
 */
static void settle_one(struct rs_http_clients *clients, struct client *client)
{
    void *connection = NULL;

    bufferevent_getcb(client->stream, NULL, NULL, NULL, &connection);
    leave_fresh(client);
    if (connection == NULL) {
        clients->count--;
        free(client);
        return;
    }
    client->connection = connection;
    client->since_ms = rs_control_now_ms();
    TAILQ_INSERT_TAIL(&clients->list, client, entry);
    evhttp_connection_set_closecb(connection, on_closed, client);
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
    struct rs_http_clients *clients = arg;
    struct client *client;

    (void)fd;
    (void)what;
    while ((client = TAILQ_FIRST(&clients->fresh)) != NULL)
        settle_one(clients, client);
    clients->accepted = 0;
    evconnlistener_enable(clients->listener);
}

/* No descriptor is left, say: another try with the next sweep, not at once and again. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    const int error = EVUTIL_SOCKET_ERROR();

    (void)arg;
    rs_log(RS_LOG_WARNING, "http: cannot accept: %s", evutil_socket_error_to_string(error));
    evconnlistener_disable(listener);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    static const char reply[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n";
    struct rs_http_clients *clients = arg;
    const uint64_t now_ms = rs_control_now_ms();
    struct client *client, *next;

    (void)fd;
    (void)what;
    for (client = TAILQ_FIRST(&clients->list);
         client != NULL && now_ms - client->since_ms >= RS_HTTP_PATIENCE_MS; client = next) {
        next = TAILQ_NEXT(client, entry);
        drop(client, reply);
    }
    if (clients->accepted == 0)
        evconnlistener_enable(clients->listener);
}

static struct client *find(struct rs_http_clients *clients, struct evhttp_connection *connection)
{
    struct client *client;

    TAILQ_FOREACH(client, &clients->list, entry) {
        if (client->connection == connection)
            break;
    }
    return client;
}

static void on_reply_taken(struct evhttp_request *request, void *arg)
{
    struct client *client = arg;

    (void)request;
    client->answering = false;
    touch(client);
}

void rs_http_clients_note_request(struct rs_http_clients *clients, struct evhttp_request *request)
{
    struct client *client = find(clients, evhttp_request_get_connection(request));

    if (client == NULL)
        return;
    client->requests++;
    client->answering = true;
    touch(client);
    evhttp_request_set_on_complete_cb(request, on_reply_taken, client);
}

/* The control socket, files and ports need descriptors too. */
static size_t find_max(void)
{
    struct rlimit limit;
    rlim_t share = RS_HTTP_CLIENTS_MAX;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / DESCRIPTOR_SHARE < share)
        share = limit.rlim_cur / DESCRIPTOR_SHARE;
    return share > 0 ? share : 1;
}

struct rs_http_clients *rs_http_clients_create(struct event_base *base, struct evhttp *http,
                                               struct evconnlistener *listener)
{
    struct rs_http_clients *clients = calloc(1, sizeof(*clients));

    if (clients == NULL)
        return NULL;
    TAILQ_INIT(&clients->list);
    TAILQ_INIT(&clients->fresh);
    clients->listener = listener;
    clients->max = find_max();
    clients->settle = event_new(base, -1, 0, on_settle, clients);
    clients->sweep = event_new(base, -1, EV_PERSIST, on_sweep, clients);
    if (clients->settle == NULL || clients->sweep == NULL ||
        event_add(clients->sweep, &sweep_interval) != 0) {
        rs_http_clients_destroy(clients);
        return NULL;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    evhttp_set_bevcb(http, on_accepted, clients);
    return clients;
}

void rs_http_clients_destroy(struct rs_http_clients *clients)
{
    struct client *client;

    if (clients == NULL)
        return;
    while ((client = TAILQ_FIRST(&clients->fresh)) != NULL) {
        leave_fresh(client);
        free(client);
    }
    if (clients->settle != NULL)
        event_free(clients->settle);
    if (clients->sweep != NULL)
        event_free(clients->sweep);
    free(clients);
}
