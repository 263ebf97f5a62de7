/* SPDX-License-Identifier: BSD-3-Clause */
/* A session as control knows it: created, connected, disconnected, deleted. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/error.h"
#include "control/keys.h"
#include "control/map.h"
#include "control/params.h"
#include "control/registry.h"
#include "dataplane/dataplane.h"

struct rs_request;

enum rs_session_state { RS_SESSION_CREATED, RS_SESSION_CONNECTED, RS_SESSION_DISCONNECTED };
enum rs_media_mode { RS_MEDIA_ROUTED, RS_MEDIA_RELAYED };
enum rs_archive_mode { RS_ARCHIVE_MANUAL, RS_ARCHIVE_ALWAYS };

/* Fixed at creation, but for what rs_apply_commit changes. */
struct rs_session_options {
    enum rs_media_mode media_mode;
    enum rs_archive_mode archive_mode;
    bool e2ee;
    const struct rs_suite *suite;
    uint32_t grace_ms, activate_after_ms, replay_window;
};

TAILQ_HEAD(rs_request_list, rs_request);

/* Owner: the registry. */
struct rs_session_record {
    struct rs_map_node by_id;
    TAILQ_ENTRY(rs_session_record) entry;
    struct rs_registry *registry;
    struct rs_session *dataplane;
    uint64_t serial;
    char id[RS_ID_MAX + 1];
    struct rs_session_options options;
    enum rs_session_state state;
    uint32_t epoch;          /* the last one given; 0: none yet */
    struct rs_key_list keys; /* newest first */
    struct rs_stream_list streams;
    size_t stream_count;
    bool busy; /* a key is being derived: changes wait in `parked`, in their order */
    struct rs_request_list parked;
};

struct rs_session_record *rs_session_record_of(struct rs_map_node *node);
const char *rs_session_state_name(enum rs_session_state state);

/* What a key of the session is called: by the hash of the session's suite. Borrowed from `info`. */
const struct rs_key_name *rs_session_key_name(const struct rs_session_record *session,
                                              const struct rs_key_info *info);

/* Four hex digits and a NUL. */
void rs_key_tag_write(uint16_t key_tag, char out[8]);

/* Whether this host can seal with the suite: 0, or -1 with *error set where its self-test fails. */
int rs_session_check_suite(const struct rs_registry *registry, const struct rs_suite *suite,
                           struct rs_error *error);

/* Whether such a session can be on this host: 0, or -1 with *error set. */
int rs_session_check_options(const struct rs_registry *registry,
                             const struct rs_session_options *options, struct rs_error *error);

/*
 * Makes a session, whose options have been checked, that nobody can find yet; then either
 * rs_session_record_enter, which cannot fail and wants its id to be nobody else's, or
 * rs_session_record_free. `id` as below. 0, or -1 with *error set.
 */
int rs_session_record_make(struct rs_registry *registry, const char *id,
                           const struct rs_session_options *options,
                           struct rs_session_record **session, struct rs_error *error);
void rs_session_record_enter(struct rs_session_record *session);
void rs_session_record_free(struct rs_session_record *session);

/*
 * Creates a session; `id` NULL draws one of 128 random bits. Returns 0 with *session set, or -1
 * with *error set.
 */
int rs_session_record_create(struct rs_registry *registry, const char *id,
                             const struct rs_session_options *options,
                             struct rs_session_record **session, struct rs_error *error);

/* Joins. An e2ee session needs a base key, which becomes active at once. 0, or -1 with *error. */
int rs_session_record_connect(struct rs_session_record *session, const uint8_t *base_key,
                              size_t bytes, struct rs_key_info *info, struct rs_error *error);

/* Whether streams can be made: 0, or -1 with *error, which for e2ee is the missing secret. */
int rs_session_record_check_connected(const struct rs_session_record *session,
                                      struct rs_error *error);

/* Leaves: its streams are deleted and its keys retired. 0, or -1 with *error. */
int rs_session_record_disconnect(struct rs_session_record *session, struct rs_error *error);

/* Deletes a session with its streams and keys. It must not be busy, but when all ends. */
void rs_session_record_delete(struct rs_session_record *session);
