/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets to listen on: unix sockets that are never stolen, and TCP on loopback. Main thread. */
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>

/* "unix:/PATH", "127.0.0.1:PORT" or "[::1]:PORT" as a configuration has it. */
struct rs_listen_address {
    const char *path; /* of a unix socket, borrowed from the text; NULL: TCP */
    struct sockaddr_storage tcp;
    socklen_t tcp_bytes;
};

/* Returns 0, or -EINVAL for anything else: a name, another address than loopback's, port 0. Pure.
 */
int rs_listen_parse(const char *text, struct rs_listen_address *address);

enum { RS_LISTEN_NO_GROUP = -1 };

/*
 * Binds and listens at an absolute path, whose missing directories it makes. Replaces a socket that
 * nobody listens on, never a live one. `mode` is the socket's; `group`, unless it is
 * RS_LISTEN_NO_GROUP, owns it. Returns a non-blocking descriptor, with *bound for rs_listen_unlink,
 * or -errno (-EADDRINUSE: another process listens there) with nothing left.
 */
int rs_listen_unix(const char *path, mode_t mode, gid_t group, struct stat *bound);

/* Removes the socket after its descriptor was closed, unless another daemon's has taken its place.
 */
void rs_listen_unlink(const char *path, const struct stat *bound);

/* Likewise for TCP: a non-blocking descriptor or -errno. */
int rs_listen_tcp(const struct rs_listen_address *address);

/* Logs why listening failed; `error` is what the functions above returned. */
void rs_listen_log_failure(const char *what, const char *where, int error);
