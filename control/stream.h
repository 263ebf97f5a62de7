/* SPDX-License-Identifier: BSD-3-Clause */
/* A stream as control knows it. Main thread alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/error.h"
#include "control/map.h"
#include "control/params.h"
#include "control/payload_types.h"
#include "control/session.h"
#include "dataplane/dataplane.h"

enum { RS_SSRCS_MAX = 64 };

/* What a stream is asked to be. */
struct rs_stream_options {
    const char *id; /* NULL: 128 random bits */
    enum rs_direction direction;
    const char *link;
    struct rs_flow flow;
    uint32_t ssrcs[RS_SSRCS_MAX];
    size_t ssrc_count;
    struct rs_payload_types payload_types;
    const struct rs_suite *suite; /* NULL: the session's */
    struct rs_optional replay_window;
};

/* Owner: its session's record. */
struct rs_stream_record {
    struct rs_map_node by_id;
    TAILQ_ENTRY(rs_stream_record) in_session;
    TAILQ_ENTRY(rs_stream_record) entry; /* in the registry */
    struct rs_session_record *session;
    struct rs_stream *dataplane;
    uint64_t serial;
    char id[RS_ID_MAX + 1];
    enum rs_direction direction;
    unsigned int link;
    struct rs_flow flow;
    uint32_t ssrcs[RS_SSRCS_MAX];
    size_t ssrc_count;
    struct rs_payload_types payload_types;
    const struct rs_suite *suite;
    uint32_t replay_window;
    bool opened; /* its first packet opened has been told of */
};

struct rs_stream_record *rs_stream_record_of(struct rs_map_node *node);

/*
 * Adds a stream to a connected session; the session's state, the link, its media ranges and the
 * flow are checked, in this order. Returns 0 with *stream set, or -1 with *error set.
 */
int rs_stream_record_create(struct rs_session_record *session,
                            const struct rs_stream_options *options,
                            struct rs_stream_record **stream, struct rs_error *error);

void rs_stream_record_delete(struct rs_stream_record *stream);

/* The dataplane's observer; `owner` is a stream's record. */
void rs_stream_record_trouble(void *owner, const struct rs_trouble_report *report);
void rs_stream_record_auth_alarm(void *owner, const struct rs_auth_alarm_report *report);
