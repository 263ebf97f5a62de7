/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that go down and come up, as told to the observer. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane.h"

struct rs_port_watch {
    uint64_t look_at_tsc;
    bool down[RS_MAX_LINKS][RS_DIRECTIONS]; /* as last told; all are up at first */
};

/* Whether it is time to look at the ports again. */
bool rs_port_watch_due(struct rs_port_watch *watch, uint64_t tsc_hz, uint64_t now_tsc);

/* Tells `owner` where a port's state is not what was last told. */
void rs_port_watch_look(struct rs_port_watch *watch, const struct rs_port_report *port,
                        const struct rs_observer *observer, void *owner);
