/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane tells control by itself: of keys, streams, workers and ports. Part of
 * dataplane.h, which says when. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "suite.h"

/* Plain to sealed, or sealed to plain. */
enum rs_direction { RS_SEAL, RS_OPEN, RS_DIRECTIONS };

enum { RS_PREVIOUS_MAX = 6, RS_MAX_LINKS = 64, RS_MAX_WORKERS = 64, RS_PAYLOAD_TYPES = 128 };

/* A session key as others may know it. */
struct rs_key_name {
    uint16_t key_tag;
    char fingerprint[36]; /* "91400 62131 55287 14178 90475 18594" */
};

struct rs_key_info {
    uint32_t epoch;
    struct rs_key_name by_hash[RS_HASHES]; /* of a suite: a session is known by its own suite's */
};

/* How the workers took up a newly active key. Times are from its publication. */
struct rs_activation {
    uint32_t epoch;
    unsigned int worker_count;
    uint64_t observed_ns[RS_MAX_WORKERS];     /* until a quiescent state with the new keyring */
    uint64_t first_sealed_ns[RS_MAX_WORKERS]; /* until the first packet sealed; UINT64_MAX: none */
};

/* The end of a key. Times are from when it was taken out of the ring. */
struct rs_retirement {
    uint32_t epoch;
    unsigned int workers_wiped;
    uint64_t grace_ns; /* until an RCU grace period had passed: no worker could pick it any more */
    uint64_t wiped_ns; /* until every worker had wiped what it had derived */
};

/* Why packets of one (stream, SSRC) cannot be opened, 8 in a row. */
enum rs_trouble {
    RS_TROUBLE_NONE,          /* the first packet opened after trouble */
    RS_TROUBLE_UNKNOWN_TAG,   /* the key tag is none of the session's */
    RS_TROUBLE_WRONG_TAG,     /* the authentication tag is wrong */
    RS_TROUBLE_NOT_SEALED,    /* plain media */
    RS_TROUBLE_BAD_VERSION,   /* a newer wire format */
    RS_TROUBLE_SUITE_MISMATCH /* another suite */
};

struct rs_trouble_report {
    enum rs_trouble trouble;  /* now */
    enum rs_trouble previous; /* what RS_TROUBLE_NONE ended; NONE: the first packet opened ever */
    uint32_t ssrc;
    unsigned int worker;
    uint16_t key_tag; /* of the packet that ended it, or else of the last that was not opened */
    uint64_t packets; /* that led to this: dropped in a row, or while the trouble lasted */
};

/*
 * More packets of a stream have a wrong tag than rs_dataplane_config.auth_failure_alarm, or no
 * longer (RFC 9605 section 7.5): someone may be guessing tags. Over all workers and SSRCs.
 */
enum rs_alarm_state { RS_ALARM_BEGUN, RS_ALARM_ENDED };

struct rs_auth_alarm_report {
    enum rs_alarm_state state;
    uint64_t wrong_tags; /* BEGUN: in the second that led to it; ENDED: in all since then */
    uint64_t lasted_ms;  /* ENDED */
};

/* A stream's packets, of either direction: the first ever or again, or none for RS_IDLE_MS. */
enum rs_activity { RS_ACTIVITY_STARTED, RS_ACTIVITY_STOPPED };

enum { RS_IDLE_MS = 5000 };

struct rs_activity_report {
    enum rs_activity activity;
    uint64_t
        packets; /* in: STARTED: since it last stopped or was made; STOPPED: since it started */
};

/* What a stream's packets are dropped for though nothing is wrong with them. */
enum rs_shortage { RS_SHORTAGE_SENDER_LIMIT, RS_SHORTAGE_NO_CAPACITY, RS_SHORTAGES };

struct rs_shortage_report {
    enum rs_shortage shortage;
    enum rs_alarm_state state; /* ENDED: none were dropped for a whole second */
    unsigned int worker;       /* the one that dropped most of them */
    uint64_t packets;          /* dropped: BEGUN: so far; ENDED: in all since it began */
};

/* A worker that has not ended a turn for RS_STALL_MS, and that it goes on. */
enum { RS_STALL_MS = 1000 };

struct rs_stall_report {
    enum rs_alarm_state state;
    unsigned int worker, cpu;
    uint64_t stalled_ms; /* until now */
};

/* A port came up or went down. */
struct rs_port_report {
    unsigned int link;
    enum rs_direction side; /* RS_SEAL: the plain one, RS_OPEN: the sealed one */
    bool up;
};

/*
 * Called on the main thread, out of rs_dataplane_poll only. `owner` is what create was given, or
 * rs_dataplane_set_owner. A callback may call any function of this header but rs_dataplane_destroy
 * and rs_dataplane_poll.
 */
struct rs_observer {
    void (*key_activated)(void *owner, const struct rs_activation *activation);
    void (*key_retired)(void *owner, const struct rs_retirement *retirement);
    void (*stream_trouble)(void *owner, const struct rs_trouble_report *report);
    void (*auth_failure_rate)(void *owner, const struct rs_auth_alarm_report *report);
    void (*stream_activity)(void *owner, const struct rs_activity_report *report);
    void (*stream_shortage)(void *owner, const struct rs_shortage_report *report);
    void (*worker_stalled)(void *owner, const struct rs_stall_report *report); /* of set_owner */
    void (*port_changed)(void *owner, const struct rs_port_report *report);    /* of set_owner */
};
