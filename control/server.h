/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket: who may connect, and as what. Main thread alone. */
#pragma once

#include "control/conn.h"
#include "control/control.h"

struct rs_server;

enum {
    RS_CLIENTS_MAX = 64,
    RS_VIEWERS_MAX = 48, /* of these, so that there is always room for those who act */
};

/*
 * Binds and listens at the configured path; replaces a socket that nobody listens on, but never a
 * live one. Returns NULL with errno set, after logging why.
 */
struct rs_server *rs_server_create(struct rs_control *control);

/* Closes all connections and unlinks the socket. */
void rs_server_destroy(struct rs_server *server);

/* How many clients with this role are connected; none where `server` is NULL. */
size_t rs_server_clients(const struct rs_server *server, enum rs_role role);

/* Takes over a connected, non-blocking unix socket, as accept would. */
void rs_server_adopt(struct rs_server *server, int fd);

/* The configuration's groups are others now: everyone who is connected gets the role that they
 * would get on connecting, and who has none any more is disconnected. */
void rs_server_set_groups(struct rs_server *server);
