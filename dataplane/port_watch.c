/* SPDX-License-Identifier: BSD-3-Clause */
/* The state of ports, edge-triggered. How a port's state is read is port.c's. */
#include "port_watch.h"

enum { LOOKS_PER_SECOND = 4 };

bool rs_port_watch_due(struct rs_port_watch *watch, uint64_t tsc_hz, uint64_t now_tsc)
{
    if (now_tsc < watch->look_at_tsc)
        return false;
    watch->look_at_tsc = now_tsc + tsc_hz / LOOKS_PER_SECOND;
    return true;
}

void rs_port_watch_look(struct rs_port_watch *watch, const struct rs_port_report *port,
                        const struct rs_observer *observer, void *owner)
{
    bool *down = &watch->down[port->link][port->side];

    if (*down != port->up)
        return;
    *down = !port->up;
    if (observer->port_changed != NULL)
        observer->port_changed(owner, port);
}
