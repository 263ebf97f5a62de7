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
    struct rs_payload_types payload_types;
    const struct rs_suite *suite;
    uint32_t replay_window;
    bool opened; /* its first packet opened has been told of */
    size_t ssrc_count;
    uint32_t ssrcs[];
};

/* "seal" or "open". */
const char *rs_direction_name(enum rs_direction direction);

struct rs_stream_record *rs_stream_record_of(struct rs_map_node *node);

/* The link of that name: 0 with *index set, or -1 with *error set. */
int rs_link_find(const struct rs_dataplane_config *config, const char *name, unsigned int *index,
                 struct rs_error *error);

/* Whether one end of the flow at least lies in the link's media ranges: 0, or -1 with *error. */
int rs_stream_check_flow(const struct rs_link_config *link, const struct rs_flow *flow,
                         struct rs_error *error);

/* Whether the link is there and carries the flow: 0 with *link set, or -1 with *error set. */
int rs_stream_check_link(const struct rs_registry *registry,
                         const struct rs_stream_options *options, unsigned int *link,
                         struct rs_error *error);

/* Whether this host can seal, or open, with options->suite: 0, or -1 with *error set. */
int rs_stream_check_suite(const struct rs_registry *registry,
                          const struct rs_stream_options *options, struct rs_error *error);

/*
 * Makes the record of a stream that has been checked, of a session in whatever state; nobody can
 * find it yet and the dataplane does not have it. *config is what to ask the dataplane for,
 * borrowed from the record. Then either free, or, once record->dataplane is set,
 * rs_stream_record_enter, which cannot fail. NULL without memory.
 */
struct rs_stream_record *rs_stream_record_make(struct rs_session_record *session,
                                               const struct rs_stream_options *options,
                                               unsigned int link);
void rs_stream_record_describe(struct rs_stream_record *stream, struct rs_stream_config *config);
void rs_stream_record_enter(struct rs_stream_record *stream);

/* Frees the record; the dataplane's stream is not touched. */
void rs_stream_record_forget(struct rs_stream_record *stream);

/* What the dataplane's -errno means: sets *error, returns -1. */
int rs_stream_fail(int result, struct rs_error *error);

/*
 * Adds a stream to a connected session; the session's state, the link, its media ranges and the
 * flow are checked, in this order. Returns 0 with *stream set, or -1 with *error set.
 */
int rs_stream_record_create(struct rs_session_record *session,
                            const struct rs_stream_options *options,
                            struct rs_stream_record **stream, struct rs_error *error);

/* Its payload types from now on, for every packet of the next burst. */
void rs_stream_record_set_payload_types(struct rs_stream_record *stream,
                                        const struct rs_payload_types *types);

void rs_stream_record_delete(struct rs_stream_record *stream);

/* The dataplane's observer; `owner` is a stream's record. */
void rs_stream_record_trouble(void *owner, const struct rs_trouble_report *report);
void rs_stream_record_auth_alarm(void *owner, const struct rs_auth_alarm_report *report);
void rs_stream_record_activity(void *owner, const struct rs_activity_report *report);
void rs_stream_record_shortage(void *owner, const struct rs_shortage_report *report);
