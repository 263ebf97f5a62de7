/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: accepting, and the role of whoever connects. What is said on a connection is
 * not here.
 */
#include "server.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "control/config.h"
#include "control/listen.h"

enum { NO_GROUP = -1 };

struct client_slot {
    struct rs_conn *conn; /* NULL: free */
};

/* Owner: main. */
struct rs_server {
    struct rs_control *control;
    int fd;
    struct stat socket; /* as it was bound: another daemon's may take its place */
    struct event *acceptable;
    gid_t operators, viewers; /* NO_GROUP: there is none */
    struct client_slot slots[RS_CLIENTS_MAX];
};

static gid_t find_group(const char *name)
{
    const struct group *group = getgrnam(name);

    if (group != NULL)
        return group->gr_gid;
    rs_log(RS_LOG_WARNING, "there is no group %s: nobody has its role", name);
    return (gid_t)NO_GROUP;
}

static void find_groups(struct rs_server *server)
{
    server->operators = find_group(server->control->config->operators);
    server->viewers = find_group(server->control->config->viewers);
}

static bool is_member(gid_t wanted, gid_t primary, const gid_t *groups, size_t count)
{
    if (wanted == (gid_t)NO_GROUP)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == wanted)
            return true;
    }
    return primary == wanted;
}

/* SO_PEERCRED tells the primary group only, SO_PEERGROUPS the others, as they were on connect. */
static int read_peer(const struct rs_server *server, int fd, struct rs_peer *peer)
{
    struct ucred cred;
    socklen_t length = sizeof(cred);
    gid_t *groups = NULL;
    size_t count;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &length) != 0)
        return -errno;
    *peer = (struct rs_peer){.role = RS_ROLE_NONE, .uid = cred.uid, .pid = cred.pid};
    length = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) != 0 && errno == ERANGE) {
        groups = malloc(length);
        if (groups == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0)
            length = 0;
    }
    count = groups != NULL ? length / sizeof(gid_t) : 0;
    if (cred.uid == 0 || cred.uid == geteuid())
        peer->role = RS_ROLE_ADMIN;
    else if (is_member(server->operators, cred.gid, groups, count))
        peer->role = RS_ROLE_OPERATOR;
    else if (is_member(server->viewers, cred.gid, groups, count))
        peer->role = RS_ROLE_VIEWER;
    free(groups);
    return 0;
}

/* One line, as far as the socket takes it, and the end. */
static void turn_away(int fd, enum rs_reason reason, const char *message)
{
    struct rs_error error;
    size_t bytes = 0;
    char *text;

    rs_error_set(&error, reason, NULL, "%s", message);
    text = rs_jsonrpc_error(NULL, &error, &bytes);
    if (text != NULL && send(fd, text, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        rs_log(RS_LOG_DEBUG, "a client that was turned away was gone before");
    rs_jsonrpc_free(text);
    close(fd);
}

static void on_closed(void *owner)
{
    struct client_slot *slot = owner;

    slot->conn = NULL;
}

static void count(const struct rs_server *server, enum rs_connection connection)
{
    rs_counts_connection(&server->control->counts, connection);
}

size_t rs_server_clients(const struct rs_server *server, enum rs_role role)
{
    size_t clients = 0;

    for (size_t i = 0; server != NULL && i < RS_CLIENTS_MAX; i++)
        clients +=
            server->slots[i].conn != NULL && rs_conn_peer(server->slots[i].conn)->role == role;
    return clients;
}

static struct client_slot *find_slot(struct rs_server *server)
{
    for (size_t i = 0; i < RS_CLIENTS_MAX; i++) {
        if (server->slots[i].conn == NULL)
            return &server->slots[i];
    }
    return NULL;
}

void rs_server_adopt(struct rs_server *server, int fd)
{
    struct client_slot *slot = find_slot(server);
    struct rs_peer peer;

    if (read_peer(server, fd, &peer) != 0) {
        close(fd);
        return;
    }
    if (peer.role == RS_ROLE_NONE) {
        rs_log(RS_LOG_WARNING, "audit: denied uid=%u pid=%d", (unsigned int)peer.uid,
               (int)peer.pid);
        count(server, RS_CONNECTION_DENIED);
        turn_away(fd, RS_E_DENIED, "neither root, nor an operator, nor a viewer");
        return;
    }
    if (peer.role == RS_ROLE_VIEWER && rs_server_clients(server, RS_ROLE_VIEWER) >= RS_VIEWERS_MAX)
        slot = NULL;
    if (slot != NULL)
        slot->conn = rs_conn_open(server->control, fd, &peer, on_closed, slot);
    if (slot != NULL && slot->conn != NULL) {
        count(server, RS_CONNECTION_ACCEPTED);
        return;
    }
    count(server, RS_CONNECTION_NO_CAPACITY);
    turn_away(fd, RS_E_NO_CAPACITY,
              slot == NULL ? "too many clients" : "no memory for another client");
}

void rs_server_set_groups(struct rs_server *server)
{
    find_groups(server);
    for (size_t i = 0; i < RS_CLIENTS_MAX; i++) {
        struct rs_conn *conn = server->slots[i].conn;
        struct rs_peer peer;

        if (conn == NULL)
            continue;
        if (read_peer(server, rs_conn_fd(conn), &peer) != 0)
            peer.role = RS_ROLE_NONE;
        rs_conn_set_role(conn, peer.role);
    }
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct rs_server *server = arg;
    const int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)what;
    if (client >= 0)
        rs_server_adopt(server, client);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        rs_log(RS_LOG_WARNING, "the control socket cannot accept: %s", strerror(errno));
}

struct rs_server *rs_server_create(struct rs_control *control)
{
    const struct rs_config *config = control->config;
    struct rs_server *server = calloc(1, sizeof(*server));
    int error;

    if (server == NULL) {
        rs_log(RS_LOG_ERROR, "control socket: no memory");
        return NULL;
    }
    server->control = control;
    find_groups(server);
    /* All may connect; what they may do is decided by who they are. */
    server->fd = rs_listen_unix(config->socket_path, 0666, RS_LISTEN_NO_GROUP, &server->socket);
    error = server->fd < 0 ? server->fd : 0;
    if (error == 0) {
        server->acceptable =
            event_new(control->base, server->fd, EV_READ | EV_PERSIST, on_acceptable, server);
        if (server->acceptable == NULL || event_add(server->acceptable, NULL) != 0)
            error = -ENOMEM;
    }
    if (error != 0) {
        rs_listen_log_failure("control socket", config->socket_path, error);
        rs_server_destroy(server);
        errno = -error;
        return NULL;
    }
    return server;
}

void rs_server_destroy(struct rs_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < RS_CLIENTS_MAX; i++) {
        if (server->slots[i].conn != NULL)
            rs_conn_close(server->slots[i].conn);
    }
    if (server->acceptable != NULL)
        event_free(server->acceptable);
    if (server->fd >= 0) {
        close(server->fd);
        rs_listen_unlink(server->control->config->socket_path, &server->socket);
    }
    free(server);
}
