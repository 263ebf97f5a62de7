/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of methods: all that there is to ask, each with its role, its parameters and a line of
 * help. A method is added by a row here and a handler in one of the method_*.c files.
 */
#include "methods.h"

#include <string.h>

#include "control/capture.h"
#include "control/config.h"
#include "control/handlers.h"

#define AT(type, member) offsetof(struct type, member)
#define COUNT(rows)      (sizeof(rows) / sizeof((rows)[0]))
/* The last three fields of a method's row. */
#define TAKES(rows, type)                                                                          \
    .params = (rows), .param_count = COUNT(rows), .params_bytes = sizeof(struct type)

#define ID_ACCEPTED     "1 to 128 characters of A-Z a-z 0-9 . _ ~ -"
#define GRACE_ACCEPTED  "an integer, 0 to 86400000"
#define DELAY_ACCEPTED  "an integer, 0 to 3600000"
#define WINDOW_ACCEPTED "an integer, 64 to 8192, or 0 for none"
#define SECRET_ACCEPTED "a string of 8 to 256 characters"
#define KEY_ACCEPTED    "a string of 64 to 128 hex digits"
#define SUITE_ACCEPTED  "the name of a suite: has_end_to_end_encryption_support lists them"
#define LIMIT_ACCEPTED  "an integer, 1 to 1000"
#define CURSOR_ACCEPTED "the \"cursor\" of the page before"

#define FLOW_ACCEPTED                                                                              \
    "an object: dst_ip, dst_port, and src_ip with src_port or neither, and vlan where tagged"
#define TYPES_ACCEPTED                                                                             \
    "an object from payload types, 0 to 63 and 96 to 127, to {\"codec\": name}; rtx also has "     \
    "\"apt\": a payload type named here"

static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const media_words[] = {"routed", "relayed", NULL};
static const char *const archive_words[] = {"manual", "always", NULL};
static const char *const direction_words[] = {"seal", "open", NULL};
static const char *const when_words[] = {"before", "after", NULL};
static const char *const scope_words[] = {"daemon", "port", "worker", "session", "stream", NULL};

static const struct rs_param log_rows[] = {
    {"level", RS_PARAM_WORD, RS_REQUIRED, AT(rs_log_params, level), "the highest level printed",
     "error, warning, info or debug", 0, 0, level_words},
};

static const struct rs_param create_rows[] = {
    {"session_id", RS_PARAM_ID, RS_OPTIONAL, AT(rs_create_params, session_id),
     "its name; 128 random bits if left out", ID_ACCEPTED, 0, 0, NULL},
    {"media_mode", RS_PARAM_WORD, RS_OPTIONAL, AT(rs_create_params, media_mode),
     "whether media passes a router (routed)", "routed or relayed", 0, 0, media_words},
    {"e2ee", RS_PARAM_BOOL, RS_OPTIONAL, AT(rs_create_params, e2ee),
     "end-to-end encryption (false)", "true or false", 0, 0, NULL},
    {"archive_mode", RS_PARAM_WORD, RS_OPTIONAL, AT(rs_create_params, archive_mode),
     "when the session is archived (manual)", "manual or always", 0, 0, archive_words},
    {"suite", RS_PARAM_STRING, RS_OPTIONAL, AT(rs_create_params, suite),
     "its cipher suite (the configuration's)", SUITE_ACCEPTED, 0, 0, NULL},
    {"grace_ms", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_create_params, grace_ms),
     "how long a replaced secret still opens (the configuration's)", GRACE_ACCEPTED, 0,
     RS_GRACE_MS_MAX, NULL},
    {"activate_after_ms", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_create_params, activate_after_ms),
     "how long a new secret waits before it seals (the configuration's)", DELAY_ACCEPTED, 0,
     RS_ACTIVATE_MS_MAX, NULL},
    {"replay_window", RS_PARAM_UINT_OR_ZERO, RS_OPTIONAL, AT(rs_create_params, replay_window),
     "packets of the replay window (the configuration's)", WINDOW_ACCEPTED, RS_REPLAY_MIN_WINDOW,
     RS_REPLAY_MAX_WINDOW, NULL},
};

#define SESSION_ID_ROW(type)                                                                       \
    {                                                                                              \
        "session_id", RS_PARAM_ID, RS_REQUIRED, AT(type, session_id), "which session",             \
            ID_ACCEPTED, 0, 0, NULL                                                                \
    }

#define SECRET_ROWS                                                                                \
    SESSION_ID_ROW(rs_secret_params),                                                              \
        {"encryption_secret",                                                                      \
         RS_PARAM_SECRET,                                                                          \
         RS_OPTIONAL,                                                                              \
         AT(rs_secret_params, encryption_secret),                                                  \
         "what all members of the session share",                                                  \
         SECRET_ACCEPTED,                                                                          \
         0,                                                                                        \
         0,                                                                                        \
         NULL},                                                                                    \
    {                                                                                              \
        "base_key", RS_PARAM_SECRET, RS_OPTIONAL, AT(rs_secret_params, base_key),                  \
            "32 to 64 raw bytes, instead of a secret", KEY_ACCEPTED, 0, 0, NULL                    \
    }

static const struct rs_param connect_rows[] = {SECRET_ROWS};

static const struct rs_param secret_rows[] = {
    SECRET_ROWS,
    {"activate_after_ms", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_secret_params, activate_after_ms),
     "how long it waits before it seals (the session's)", DELAY_ACCEPTED, 0, RS_ACTIVATE_MS_MAX,
     NULL},
    {"grace_ms", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_secret_params, grace_ms),
     "how long the replaced one still opens, from activation (the session's)", GRACE_ACCEPTED, 0,
     RS_GRACE_MS_MAX, NULL},
    {"expect_epoch", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_secret_params, expect_epoch),
     "refuse unless this is the session's epoch", "an integer, 0 to 4294967295", 0, UINT32_MAX,
     NULL},
};

static const struct rs_param session_rows[] = {SESSION_ID_ROW(rs_session_params)};

#define PAGE_ROWS                                                                                  \
    {"cursor",                                                                                     \
     RS_PARAM_STRING,                                                                              \
     RS_OPTIONAL,                                                                                  \
     AT(rs_list_params, cursor),                                                                   \
     "where the page begins (at the first)",                                                       \
     CURSOR_ACCEPTED,                                                                              \
     0,                                                                                            \
     0,                                                                                            \
     NULL},                                                                                        \
    {                                                                                              \
        "limit", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_list_params, limit), "rows at most (100)",      \
            LIMIT_ACCEPTED, 1, 1000, NULL                                                          \
    }

static const struct rs_param session_list_rows[] = {PAGE_ROWS};

static const struct rs_param stream_list_rows[] = {
    {"session_id", RS_PARAM_ID, RS_OPTIONAL, AT(rs_list_params, session_id),
     "only this session's streams", ID_ACCEPTED, 0, 0, NULL},
    PAGE_ROWS,
};

static const struct rs_param stream_rows[] = {
    SESSION_ID_ROW(rs_stream_params),
    {"link", RS_PARAM_STRING, RS_REQUIRED, AT(rs_stream_params, link), "which link it runs through",
     "the name of a configured link", 0, 0, NULL},
    {"flow", RS_PARAM_OBJECT, RS_REQUIRED, AT(rs_stream_params, flow),
     "addresses and ports as on the wire in the stream's direction", FLOW_ACCEPTED, 0, 0, NULL},
    {"payload_types", RS_PARAM_OBJECT, RS_REQUIRED, AT(rs_stream_params, payload_types),
     "the codec of each RTP payload type", TYPES_ACCEPTED, 0, 0, NULL},
    {"ssrc", RS_PARAM_INT_OR_ARRAY, RS_OPTIONAL, AT(rs_stream_params, ssrc),
     "only these SSRCs (any)", "an integer, 0 to 4294967295, or a list of 1 to 64 of them", 0, 0,
     NULL},
    {"stream_id", RS_PARAM_ID, RS_OPTIONAL, AT(rs_stream_params, stream_id),
     "its name; 128 random bits if left out", ID_ACCEPTED, 0, 0, NULL},
    {"suite", RS_PARAM_STRING, RS_OPTIONAL, AT(rs_stream_params, suite),
     "its cipher suite (the session's)", SUITE_ACCEPTED, 0, 0, NULL},
    {"replay_window", RS_PARAM_UINT_OR_ZERO, RS_OPTIONAL, AT(rs_stream_params, replay_window),
     "packets of the replay window (the session's)", WINDOW_ACCEPTED, RS_REPLAY_MIN_WINDOW,
     RS_REPLAY_MAX_WINDOW, NULL},
};

static const struct rs_param stream_id_rows[] = {
    {"stream_id", RS_PARAM_ID, RS_REQUIRED, AT(rs_stream_id_params, stream_id), "which stream",
     ID_ACCEPTED, 0, 0, NULL},
};

static const struct rs_param update_rows[] = {
    {"stream_id", RS_PARAM_ID, RS_REQUIRED, AT(rs_stream_update_params, stream_id), "which stream",
     ID_ACCEPTED, 0, 0, NULL},
    {"payload_types", RS_PARAM_OBJECT, RS_REQUIRED, AT(rs_stream_update_params, payload_types),
     "the codec of each RTP payload type, instead of those it has", TYPES_ACCEPTED, 0, 0, NULL},
};

static const struct rs_param explain_rows[] = {
    {"flow", RS_PARAM_OBJECT, RS_REQUIRED, AT(rs_explain_params, flow),
     "addresses and ports of a packet as on the wire", FLOW_ACCEPTED, 0, 0, NULL},
    {"link", RS_PARAM_STRING, RS_OPTIONAL, AT(rs_explain_params, link), "only through this link",
     "the name of a configured link", 0, 0, NULL},
    {"direction", RS_PARAM_WORD, RS_OPTIONAL, AT(rs_explain_params, direction),
     "only this way: plain to sealed, or sealed to plain (both)", "seal or open", 0, 0,
     direction_words},
    {"ssrc", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_explain_params, ssrc),
     "the packet's SSRC (one that no stream names)", "an integer, 0 to 4294967295", 0, UINT32_MAX,
     NULL},
    {"payload_type", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_explain_params, payload_type),
     "its RTP payload type", "an integer, 0 to 127", 0, 127, NULL},
};

static const struct rs_param capture_rows[] = {
    {"stream_id", RS_PARAM_ID, RS_OPTIONAL, AT(rs_capture_params, stream_id),
     "only this stream's packets (any)", ID_ACCEPTED, 0, 0, NULL},
    {"drop", RS_PARAM_STRING, RS_OPTIONAL, AT(rs_capture_params, drop),
     "only what is dropped under this name (any)", "a drop as stats_get names it", 0, 0, NULL},
    {"direction", RS_PARAM_WORD, RS_OPTIONAL, AT(rs_capture_params, direction),
     "only this way (both, or the stream's)", "seal or open", 0, 0, direction_words},
    {"when", RS_PARAM_WORD, RS_OPTIONAL, AT(rs_capture_params, when),
     "as packets come, or as they have become (after)", "before or after", 0, 0, when_words},
    {"snap_bytes", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_capture_params, snap_bytes),
     "of each frame, at most (2048)", "an integer, 64 to 9728", 64, RS_CAPTURE_SNAP_MAX, NULL},
    {"max_bytes", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_capture_params, max_bytes),
     "of the file, about (16777216)", "an integer, 4096 to 4294967296", 4096, RS_CAPTURE_BYTES_MAX,
     NULL},
    {"max_packets", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_capture_params, max_packets),
     "after which it ends (100000)", "an integer, 1 to 10000000", 1, RS_CAPTURE_PACKETS_MAX, NULL},
    {"max_seconds", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_capture_params, max_seconds),
     "after which it ends (60)", "an integer, 1 to 3600", 1, RS_CAPTURE_SECONDS_MAX, NULL},
};

static const struct rs_param busiest_rows[] = {
    {"limit", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_busiest_params, limit), "rows at most (10)",
     "an integer, 1 to 100", 1, 100, NULL},
};

#define TXN_ROW(type)                                                                              \
    {                                                                                              \
        "txn", RS_PARAM_STRING, RS_REQUIRED, AT(type, txn), "which transaction",                   \
            "what apply_begin gave on this connection", 0, 0, NULL                                 \
    }

static const struct rs_param apply_begin_rows[] = {
    {"dry_run", RS_PARAM_BOOL, RS_OPTIONAL, AT(rs_apply_begin_params, dry_run),
     "only ever tell the differences (false)", "true or false", 0, 0, NULL},
};

static const struct rs_param apply_add_rows[] = {
    TXN_ROW(rs_apply_add_params),
    {"sessions", RS_PARAM_ARRAY, RS_OPTIONAL, AT(rs_apply_add_params, sessions),
     "sessions that there are to be", "a list of what session_create takes, with session_id", 0, 0,
     NULL},
    {"streams", RS_PARAM_ARRAY, RS_OPTIONAL, AT(rs_apply_add_params, streams),
     "streams that there are to be",
     "a list of what stream_publish takes, with stream_id, and direction: seal or open", 0, 0,
     NULL},
};

static const struct rs_param apply_commit_rows[] = {
    TXN_ROW(rs_apply_commit_params),
    {"dry_run", RS_PARAM_BOOL, RS_OPTIONAL, AT(rs_apply_commit_params, dry_run),
     "tell the differences and change nothing (false)", "true or false", 0, 0, NULL},
    {"cursor", RS_PARAM_STRING, RS_OPTIONAL, AT(rs_apply_commit_params, cursor),
     "where the page of differences begins (at the first); dry_run only", CURSOR_ACCEPTED, 0, 0,
     NULL},
    {"limit", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_apply_commit_params, limit),
     "differences at most (1000)", LIMIT_ACCEPTED, 1, 1000, NULL},
};

static const struct rs_param drain_rows[] = {
    {"cancel", RS_PARAM_BOOL, RS_OPTIONAL, AT(rs_drain_params, cancel),
     "take new sessions and streams again (false)", "true or false", 0, 0, NULL},
};

static const struct rs_param stats_rows[] = {
    {"scope", RS_PARAM_WORD, RS_OPTIONAL, AT(rs_stats_params, scope), "of what (daemon)",
     "daemon, port, worker, session or stream", 0, 0, scope_words},
    {"session_id", RS_PARAM_ID, RS_OPTIONAL, AT(rs_stats_params, session_id),
     "which session: scope session only", ID_ACCEPTED, 0, 0, NULL},
    {"stream_id", RS_PARAM_ID, RS_OPTIONAL, AT(rs_stats_params, stream_id),
     "which stream: scope stream only", ID_ACCEPTED, 0, 0, NULL},
};

static const struct rs_param events_rows[] = {
    {"types", RS_PARAM_ARRAY, RS_OPTIONAL, AT(rs_events_params, types), "only these types (all)",
     "a list of types of events", 0, 0, NULL},
    {"from_seq", RS_PARAM_UINT, RS_OPTIONAL, AT(rs_events_params, from_seq),
     "the first event wanted, if it is still there (the next)", "an integer, at least 1", 1,
     INT64_MAX, NULL},
    {"instance", RS_PARAM_STRING, RS_OPTIONAL, AT(rs_events_params, instance),
     "the instance that from_seq belongs to (this one)", "the \"instance\" of an event", 0, 0,
     NULL},
};

#define TAKES_NOTHING .params = NULL
#define ADDS          .adds = true

const struct rs_rpc_method rs_rpc_methods[] = {
    {"rpc_get_methods", rs_method_rpc_get_methods, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Lists every method with its parameters and role, events and errors.", TAKES_NOTHING},
    {"get_version", rs_method_get_version, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Says which version runs, on what, and its limits.", TAKES_NOTHING},
    {"has_end_to_end_encryption_support", rs_method_has_e2ee_support, RS_ROLE_VIEWER,
     RS_SUBJECT_NONE, "Says whether this host can encrypt end to end, and what with.",
     TAKES_NOTHING},
    {"session_create", rs_method_session_create, RS_ROLE_OPERATOR, RS_SUBJECT_SESSION,
     "Creates a session.", TAKES(create_rows, rs_create_params), ADDS},
    {"session_connect", rs_method_session_connect, RS_ROLE_OPERATOR, RS_SUBJECT_SESSION,
     "Joins a session; one with e2ee needs a secret.", TAKES(connect_rows, rs_secret_params), ADDS},
    {"session_set_encryption_secret", rs_method_session_set_encryption_secret, RS_ROLE_OPERATOR,
     RS_SUBJECT_SESSION, "Changes a connected session's secret while media flows.",
     TAKES(secret_rows, rs_secret_params)},
    {"session_get", rs_method_session_get, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Shows a session: state, key tags, streams, counters.",
     TAKES(session_rows, rs_session_params)},
    {"session_list", rs_method_session_list, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Lists sessions, oldest first, in pages.", TAKES(session_list_rows, rs_list_params)},
    {"session_disconnect", rs_method_session_disconnect, RS_ROLE_OPERATOR, RS_SUBJECT_SESSION,
     "Leaves a session: deletes its streams, retires its keys.",
     TAKES(session_rows, rs_session_params)},
    {"session_delete", rs_method_session_delete, RS_ROLE_OPERATOR, RS_SUBJECT_SESSION,
     "Deletes a session with its streams and keys.", TAKES(session_rows, rs_session_params)},
    {"stream_publish", rs_method_stream_publish, RS_ROLE_OPERATOR, RS_SUBJECT_SESSION,
     "Adds a stream from the plain to the sealed side.", TAKES(stream_rows, rs_stream_params),
     ADDS},
    {"stream_subscribe", rs_method_stream_subscribe, RS_ROLE_OPERATOR, RS_SUBJECT_SESSION,
     "Adds a stream from the sealed to the plain side.", TAKES(stream_rows, rs_stream_params),
     ADDS},
    {"stream_update", rs_method_stream_update, RS_ROLE_OPERATOR, RS_SUBJECT_STREAM,
     "Changes a stream's payload types while media flows.",
     TAKES(update_rows, rs_stream_update_params)},
    {"stream_get", rs_method_stream_get, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Shows a stream with its counters.", TAKES(stream_id_rows, rs_stream_id_params)},
    {"stream_list", rs_method_stream_list, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Lists streams, oldest first, in pages.", TAKES(stream_list_rows, rs_list_params)},
    {"stream_delete", rs_method_stream_delete, RS_ROLE_OPERATOR, RS_SUBJECT_STREAM,
     "Deletes a stream.", TAKES(stream_id_rows, rs_stream_id_params)},
    {"stats_get", rs_method_stats_get, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Counts packets and bytes, every pass and drop by name.", TAKES(stats_rows, rs_stats_params)},
    {"stats_busiest", rs_method_stats_busiest, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Lists the streams with the most packets a second.", TAKES(busiest_rows, rs_busiest_params)},
    {"flow_explain", rs_method_flow_explain, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Says what happens to a flow's packets, and why.", TAKES(explain_rows, rs_explain_params)},
    {"capture_start", rs_method_capture_start, RS_ROLE_OPERATOR, RS_SUBJECT_STREAM,
     "Begins to write packets into a file; what may show plain media is for admins.",
     TAKES(capture_rows, rs_capture_params)},
    {"capture_stop", rs_method_capture_stop, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Ends the capture and says what is in its file.", TAKES_NOTHING},
    {"capture_get", rs_method_capture_get, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Says how the capture stands, or how the last one ended.", TAKES_NOTHING},
    {"events_subscribe", rs_method_events_subscribe, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Sends events on this connection from now on.", TAKES(events_rows, rs_events_params)},
    {"events_unsubscribe", rs_method_events_unsubscribe, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Sends no more events on this connection.", TAKES_NOTHING},
    {"apply_begin", rs_method_apply_begin, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Begins a whole desired state of sessions and streams.",
     TAKES(apply_begin_rows, rs_apply_begin_params), ADDS},
    {"apply_add", rs_method_apply_add, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Adds to the desired state.", TAKES(apply_add_rows, rs_apply_add_params)},
    {"apply_commit", rs_method_apply_commit, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Reaches the desired state, all of it or nothing; or tells what differs from it.",
     TAKES(apply_commit_rows, rs_apply_commit_params), ADDS},
    {"health_get", rs_method_health_get, RS_ROLE_VIEWER, RS_SUBJECT_NONE,
     "Says whether the daemon does its work, and if not, why.", TAKES_NOTHING},
    {"config_check", rs_method_config_check, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Reads the configuration file and tells what differs from what is in use.", TAKES_NOTHING},
    {"config_reload", rs_method_config_reload, RS_ROLE_ADMIN, RS_SUBJECT_NONE,
     "Takes up what can change while the daemon runs; as SIGHUP.", TAKES_NOTHING},
    {"drain", rs_method_drain, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Takes no new sessions or streams any more; media goes on.",
     TAKES(drain_rows, rs_drain_params)},
    {"log_set_level", rs_method_log_set_level, RS_ROLE_OPERATOR, RS_SUBJECT_NONE,
     "Sets the highest level that is logged.", TAKES(log_rows, rs_log_params)},
    {"shutdown", rs_method_shutdown, RS_ROLE_ADMIN, RS_SUBJECT_NONE, "Ends the daemon in order.",
     TAKES_NOTHING},
};

_Static_assert(COUNT(rs_rpc_methods) < RS_COUNTED_METHODS, "each method has its counters");

const size_t rs_rpc_method_count = COUNT(rs_rpc_methods);

const struct rs_rpc_method *rs_method_find(const char *name)
{
    for (size_t i = 0; i < rs_rpc_method_count; i++) {
        if (strcmp(rs_rpc_methods[i].name, name) == 0)
            return &rs_rpc_methods[i];
    }
    return NULL;
}

size_t rs_method_index(const struct rs_rpc_method *method)
{
    return method != NULL ? (size_t)(method - rs_rpc_methods) : RS_COUNTED_METHODS;
}
