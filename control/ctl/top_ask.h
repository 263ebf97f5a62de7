/* SPDX-License-Identifier: BSD-3-Clause */
/* One sample of a daemon: which methods are called for it. */
#pragma once

#include <stdbool.h>

#include "control/client.h"
#include "top_sample.h"

/* What the daemon behind one connection is known not to have. Zeroed for a new connection. */
struct rs_top_lacks {
    bool parts[RS_TOP_PARTS];
};

/*
 * Asks for all parts, one after the other. Blocks. Returns 0 with *sample set, the caller's; or
 * -errno as rs_client_call does; or -EACCES with *refused set, the caller's, where the daemon does
 * not say what everything else hangs on.
 */
int rs_top_ask(struct rs_client *client, struct rs_top_lacks *lacks, struct rs_top_sample **sample,
               json_t **refused);
