/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a session's keys as time passes: staged, active, previous, retiring, gone. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/error.h"
#include "dataplane/dataplane.h"

struct event;
struct rs_registry;
struct rs_session_record;

enum rs_key_state { RS_KEY_STAGED, RS_KEY_ACTIVE, RS_KEY_PREVIOUS, RS_KEY_RETIRING };

/* One key of a session. Owner: the session's record. The key itself is the dataplane's. */
struct rs_key_record {
    TAILQ_ENTRY(rs_key_record) entry;
    struct rs_session_record *session;
    enum rs_key_state state;
    struct rs_key_info info;
    uint64_t given_ms;  /* CLOCK_MONOTONIC */
    uint64_t active_ms; /* likewise: when it became the active one */
    TAILQ_ENTRY(rs_key_record) active_entry;
    uint32_t grace_ms;   /* how long the key that this one replaces is kept */
    struct event *timer; /* staged: its activation; previous: its retirement */
};

TAILQ_HEAD(rs_key_list, rs_key_record);

/* How one change is made. */
struct rs_key_change {
    uint32_t activate_after_ms, grace_ms;
};

/*
 * Stages a key, and activates it after the delay (0: at once). Returns 0 with *info set, or -1 with
 * *error set and nothing changed.
 */
int rs_keys_change(struct rs_session_record *session, const uint8_t *base_key, size_t bytes,
                   const struct rs_key_change *change, struct rs_key_info *info,
                   struct rs_error *error);

/* Retires every key. Returns 0, or -1 with *error set. */
int rs_keys_retire_all(struct rs_session_record *session, struct rs_error *error);

/* The active keys of all sessions, by how long they have been so. */
struct rs_key_ages {
    size_t count;
    double oldest_s, average_s; /* 0 where there is none */
};
void rs_keys_get_ages(const struct rs_registry *registry, struct rs_key_ages *ages);

/* Frees the records, whatever their state; the dataplane's keys are not touched. */
void rs_keys_forget(struct rs_session_record *session);

/* The dataplane's observer; `owner` is a session's record. */
void rs_keys_activated(void *owner, const struct rs_activation *activation);
void rs_keys_retired(void *owner, const struct rs_retirement *retirement);
