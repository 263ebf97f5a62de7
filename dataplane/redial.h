/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports that call their peer (memif as client), and call it again once it has gone: their driver
 * does so only when it is started.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "port.h"

struct rs_dataplane;

/* Of one port; zeroed at first. */
struct rs_redial {
    const struct rs_dataplane *dataplane;
    const struct rs_port *port;
    uint64_t next_tsc;      /* no call before. Main */
    _Atomic bool under_way; /* main: sets, EAL's interrupt thread: clears */
};

/*
 * For a port that has no link: calls its peer, at most once a second, on EAL's interrupt thread. It
 * does not wait for that, and says nothing where there is no peer. Workers rest for the moment in
 * which the driver lets go of its rings. Main.
 */
void rs_redial(struct rs_redial *redial, const struct rs_dataplane *dataplane,
               const struct rs_port *port, uint64_t now_tsc);
