/* SPDX-License-Identifier: BSD-3-Clause */
/* What control counts of its own work, for metrics. Main thread alone; none of this blocks. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/error.h"
#include "control/events.h"
#include "control/histogram.h"

enum { RS_COUNTED_METHODS = 64 }; /* the last stands for what is no method */

/* What became of a secret that was given for a session. */
enum rs_secret_change {
    RS_SECRET_STAGED,      /* a new one */
    RS_SECRET_MOVED,       /* one that was still in its grace */
    RS_SECRET_UNCHANGED,   /* the active one */
    RS_SECRET_CONFLICT,    /* epoch_conflict */
    RS_SECRET_INVALID,     /* too short, too long, or none */
    RS_SECRET_NO_CAPACITY, /* no locked memory, or too many derivations */
    RS_SECRET_FAILED,      /* the derivation, or for want of memory */
    RS_SECRET_REFUSED,     /* the session takes none: unknown, not connected, without e2ee */
    RS_SECRET_CHANGES
};

enum rs_derivation {
    RS_DERIVATION_OK,
    RS_DERIVATION_FAILED,
    RS_DERIVATION_REFUSED, /* too many were waiting */
    RS_DERIVATIONS
};

/* What became of a client that came to the control socket. */
enum rs_connection {
    RS_CONNECTION_ACCEPTED,
    RS_CONNECTION_DENIED,      /* it has no role */
    RS_CONNECTION_NO_CAPACITY, /* too many were there, or no memory */
    RS_CONNECTIONS
};

/* What HTTP requests are about, and what they are answered; the last of each stands for all else.
 */
enum rs_resource {
    RS_RESOURCE_METRICS,
    RS_RESOURCE_HEALTHZ,
    RS_RESOURCE_READYZ,
    RS_RESOURCE_SESSION_CREATE,
    RS_RESOURCE_PROJECT,
    RS_RESOURCE_OTHER,
    RS_RESOURCES
};

enum { RS_COUNTED_STATUSES = 12 };

/* What is measured, in seconds. */
enum rs_timing {
    RS_TIMING_DERIVATION, /* of a key from a secret, without the wait for a thread */
    RS_TIMING_ACTIVATION, /* from the publication of a key to the last worker that has seen it */
    RS_TIMING_GRACE,      /* from the retirement of a key to the end of an RCU grace period */
    RS_TIMING_WIPE,       /* from the retirement of a key to its being wiped everywhere */
    RS_TIMING_KEY_USE,    /* how long a key has been the active one, in the end */
    RS_TIMINGS
};

/* Read it as you like; change it by the functions alone. */
struct rs_counts {
    double started_s; /* CLOCK_REALTIME */
    uint64_t requests[RS_COUNTED_METHODS][RS_REASONS];
    uint64_t secret_changes[RS_SECRET_CHANGES];
    uint64_t derivations[RS_DERIVATIONS];
    uint64_t connections[RS_CONNECTIONS];
    uint64_t http[RS_RESOURCES][RS_COUNTED_STATUSES];
    uint64_t events[RS_EVENT_TYPES];
    uint64_t events_lost;
    struct rs_histogram timings[RS_TIMINGS];
};

/* All at 0, and started now. */
void rs_counts_init(struct rs_counts *counts);

/* `method` is an index of rs_rpc_methods, or at least RS_COUNTED_METHODS for what is none. */
void rs_counts_request(struct rs_counts *counts, size_t method, enum rs_reason result);

void rs_counts_secret_change(struct rs_counts *counts, enum rs_secret_change change);
void rs_counts_derivation(struct rs_counts *counts, enum rs_derivation derivation);
void rs_counts_connection(struct rs_counts *counts, enum rs_connection connection);
void rs_counts_http(struct rs_counts *counts, enum rs_resource resource, int status);
void rs_counts_event(struct rs_counts *counts, enum rs_event_type type);

/* Events that a subscriber has not got, since it fell behind or there was no memory. */
void rs_counts_events_lost(struct rs_counts *counts, uint64_t lost);

void rs_counts_time(struct rs_counts *counts, enum rs_timing timing, double seconds);

/* The stable snake_case names. Pure. */
const char *rs_secret_change_name(enum rs_secret_change change);
const char *rs_derivation_name(enum rs_derivation derivation);
const char *rs_connection_name(enum rs_connection connection);

/* Its path, and the status as text; `status` is an index below RS_COUNTED_STATUSES. Pure. */
const char *rs_resource_path(enum rs_resource resource);
const char *rs_counted_status(size_t status);
