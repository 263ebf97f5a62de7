/* SPDX-License-Identifier: BSD-3-Clause */
/* One network interface of the kernel, in the network namespace of this process. */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include "doctor_host.h"

struct rs_netdev {
    bool exists, up;
    int mtu;
    char driver[32];            /* empty: not known */
    bool has_offloads;          /* the three below are known */
    bool sums_when_sending;     /* leaves UDP checksums to be finished by who sends it on */
    bool merges_when_receiving; /* GRO or LRO */
    bool is_pair;               /* one end of a veth pair */
    char peer[IFNAMSIZ];        /* the other end, where it is in this namespace; else empty */
};

/* Looks at it. Of another system than this only what its files tell. */
struct rs_netdev rs_netdev_look(const struct rs_host *host, const char *name);
