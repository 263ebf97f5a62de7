/* SPDX-License-Identifier: BSD-3-Clause */
/* One client: lines in, one request at a time, lines out. Main thread alone. */
#pragma once

#include <stddef.h>

#include "control/request.h"

struct rs_conn;

enum {
    RS_REQUEST_MAX = 65536, /* bytes of a line, without its newline */
    RS_REPLY_MAX = 1048576, /* bytes */
};

/* What a connection tells its owner: that it is closed and about to be freed. */
typedef void rs_conn_closed_fn(void *owner);

/* Takes the non-blocking descriptor over. Returns NULL, the descriptor untouched, without memory
 * or, where memory must be locked, without locked memory. */
struct rs_conn *rs_conn_open(struct rs_control *control, int fd, const struct rs_peer *peer,
                             rs_conn_closed_fn *closed, void *owner);

/* Closes and frees at once; `closed` is not called. What it asked for is still done. */
void rs_conn_close(struct rs_conn *conn);

/* Who the client is, as the server found out, and its descriptor. */
const struct rs_peer *rs_conn_peer(const struct rs_conn *conn);
int rs_conn_fd(const struct rs_conn *conn);

/* The requests from now on are another role's. */
void rs_conn_set_role(struct rs_conn *conn, enum rs_role role);
