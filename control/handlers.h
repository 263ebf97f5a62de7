/* SPDX-License-Identifier: BSD-3-Clause */
/* The handlers of the method_*.c files and the parameters that each is given. The table of methods
 * fills the structs; a handler casts `params` to the one named above it. */
#pragma once

#include "control/methods.h"
#include "dataplane/dataplane.h"

/* method_system.c: no parameters */
rs_handler_fn rs_method_rpc_get_methods, rs_method_get_version, rs_method_has_e2ee_support;
json_t *rs_methods_json(void); /* rpc_get_methods' result: a new reference */

/* method_operate.c */
struct rs_log_params {
    unsigned int level; /* 1 + enum rs_log_level */
};
rs_handler_fn rs_method_log_set_level;

struct rs_drain_params {
    struct rs_optional cancel;
};
rs_handler_fn rs_method_drain;
rs_handler_fn rs_method_shutdown, rs_method_health_get, rs_method_config_check,
    rs_method_config_reload; /* no parameters */

/* method_session.c */
struct rs_create_params {
    const char *session_id, *suite;
    unsigned int media_mode, archive_mode; /* 1 + the enum */
    struct rs_optional e2ee, grace_ms, activate_after_ms, replay_window;
};
rs_handler_fn rs_method_session_create;

struct rs_secret_params {
    const char *session_id;
    struct rs_text encryption_secret, base_key;
    struct rs_optional activate_after_ms, grace_ms, expect_epoch;
};
rs_handler_fn rs_method_session_connect, rs_method_session_set_encryption_secret;

struct rs_session_params {
    const char *session_id;
};
rs_handler_fn rs_method_session_get, rs_method_session_disconnect, rs_method_session_delete;

struct rs_list_params {
    const char *session_id; /* stream_list only */
    const char *cursor;
    struct rs_optional limit;
};
rs_handler_fn rs_method_session_list;

/* method_stream.c */
struct rs_stream_params {
    const char *session_id, *stream_id, *link, *suite;
    json_t *flow, *ssrc, *payload_types;
    struct rs_optional replay_window;
};
rs_handler_fn rs_method_stream_publish, rs_method_stream_subscribe;

struct rs_stream_id_params {
    const char *stream_id;
};
rs_handler_fn rs_method_stream_get, rs_method_stream_delete;

struct rs_stream_update_params {
    const char *stream_id;
    json_t *payload_types;
};
rs_handler_fn rs_method_stream_update;
rs_handler_fn rs_method_stream_list; /* struct rs_list_params */

/* method_stats.c */
struct rs_stats_params {
    unsigned int scope; /* 1 + index: daemon, port, worker, session, stream */
    const char *session_id, *stream_id;
};
rs_handler_fn rs_method_stats_get;

struct rs_busiest_params {
    struct rs_optional limit;
};
rs_handler_fn rs_method_stats_busiest;
json_t *rs_stats_counters(const struct rs_counters *counters); /* new reference */

/* method_events.c */
struct rs_events_params {
    json_t *types;
    const char *instance;
    struct rs_optional from_seq;
};
rs_handler_fn rs_method_events_subscribe, rs_method_events_unsubscribe;

/* method_apply.c */
struct rs_apply_begin_params {
    struct rs_optional dry_run;
};
struct rs_apply_add_params {
    const char *txn;
    json_t *sessions, *streams;
};
struct rs_apply_commit_params {
    const char *txn, *cursor;
    struct rs_optional dry_run, limit;
};
rs_handler_fn rs_method_apply_begin, rs_method_apply_add, rs_method_apply_commit;

/* method_capture.c */
struct rs_capture_params {
    const char *stream_id, *drop;
    unsigned int direction; /* 1 + enum rs_direction */
    unsigned int when;      /* 1 + enum rs_capture_when */
    struct rs_optional snap_bytes, max_bytes, max_packets, max_seconds;
};
rs_handler_fn rs_method_capture_start;
rs_handler_fn rs_method_capture_stop, rs_method_capture_get; /* no parameters */

/* method_explain.c */
struct rs_explain_params {
    json_t *flow;
    const char *link;
    unsigned int direction; /* 1 + enum rs_direction */
    struct rs_optional ssrc, payload_type;
};
rs_handler_fn rs_method_flow_explain;
