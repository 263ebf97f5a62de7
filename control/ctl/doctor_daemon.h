/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon of a configuration may: the one that runs, else as its unit says, else as from
 * this shell. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "doctor_finding.h"
#include "doctor_host.h"

enum rs_rights_source {
    RS_RIGHTS_UNKNOWN,
    RS_RIGHTS_RUNNING, /* of the process that runs with that configuration */
    RS_RIGHTS_UNIT,    /* of rtpseald.service */
    RS_RIGHTS_SHELL,   /* of who runs the doctor */
};

/* Capabilities, by their bits in /proc/PID/status. */
enum rs_capability {
    RS_CAP_NET_ADMIN = 12,
    RS_CAP_NET_RAW = 13,
    RS_CAP_IPC_LOCK = 14,
    RS_CAP_SYS_RAWIO = 17,
    RS_CAP_SYS_ADMIN = 21,
};

struct rs_daemon_rights {
    enum rs_rights_source source;
    char who[64];           /* "the running daemon (process 123)" */
    int pid;                /* 0: none runs */
    bool has_unit;          /* rtpseald.service is installed */
    bool of_user;           /* of a shell that is not root's: root would have more */
    uint64_t capabilities;  /* bits */
    uint64_t memlock_bytes; /* UINT64_MAX: no limit */
};

/* Looks for them. */
struct rs_daemon_rights rs_daemon_rights_find(const struct rs_host *host, const char *config_path);

/* What it is to lack something: an ordinary user's shell says nothing of a daemon that root starts.
 */
enum rs_finding_state rs_daemon_lack(const struct rs_daemon_rights *rights);

bool rs_daemon_may(const struct rs_daemon_rights *rights, enum rs_capability capability);

/* "CAP_NET_RAW". */
const char *rs_capability_name(enum rs_capability capability);
