/* SPDX-License-Identifier: BSD-3-Clause */
/* The differences between a desired state and what there is, and how they are made to vanish. Main
 * thread alone; nothing of a plan outlives the call that made it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/apply.h"

enum rs_change_kind {
    RS_CHANGE_NONE,
    RS_CHANGE_CREATE,
    RS_CHANGE_CHANGE,  /* what it goes on with stays: a session's keys, a stream's flow */
    RS_CHANGE_REPLACE, /* of a session: it loses its keys and is made anew */
    RS_CHANGE_DELETE,
    RS_CHANGES
};

/* What differs: a bit for each member, named by rs_change_field. */
enum rs_field {
    RS_FIELD_MEDIA_MODE,
    RS_FIELD_E2EE,
    RS_FIELD_ARCHIVE_MODE,
    RS_FIELD_SUITE,
    RS_FIELD_GRACE_MS,
    RS_FIELD_ACTIVATE_AFTER_MS,
    RS_FIELD_REPLAY_WINDOW,
    RS_FIELD_SESSION,
    RS_FIELD_DIRECTION,
    RS_FIELD_LINK,
    RS_FIELD_FLOW,
    RS_FIELD_SSRC,
    RS_FIELD_PAYLOAD_TYPES,
    RS_FIELDS
};

struct rs_session_change {
    enum rs_change_kind kind;
    uint32_t fields;
    struct rs_wanted_session *wanted;  /* NULL: DELETE */
    struct rs_session_record *present; /* NULL: CREATE */
    struct rs_session_record *made;    /* CREATE, REPLACE: while it is carried out */
};

struct rs_stream_change {
    enum rs_change_kind kind;
    uint32_t fields;
    unsigned int link;
    struct rs_wanted_stream *wanted;
    struct rs_stream_record *present;
    struct rs_stream_record *made; /* CREATE, and CHANGE of more than payload types */
};

/* Owner: the caller. The differences alone; what is as it should be is only counted. */
struct rs_plan {
    struct rs_registry *registry;
    struct rs_session_change *sessions;
    struct rs_stream_change *streams;
    size_t session_count, stream_count;
    size_t session_kinds[RS_CHANGES], stream_kinds[RS_CHANGES]; /* how many of each */
};

const char *rs_change_name(enum rs_change_kind kind);
const char *rs_field_name(enum rs_field field);

/*
 * Compares, and checks all that can be known beforehand. Changes nothing. Returns 0 with *plan set,
 * or -1 with *error set.
 */
int rs_plan_make(struct rs_apply *apply, struct rs_plan *plan, struct rs_error *error);
void rs_plan_free(struct rs_plan *plan);

/* A session that changes while a key of it is being derived, which must be waited for; or NULL. */
struct rs_session_record *rs_plan_busy_session(const struct rs_plan *plan);

/* Carries the plan out, all of it or nothing. Returns 0, or -1 with *error set. */
int rs_plan_carry_out(struct rs_plan *plan, struct rs_error *error);
