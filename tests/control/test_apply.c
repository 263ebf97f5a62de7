/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole desired state, on the dataplane without packets: at most 4 sessions and 3 streams.
 */
#include "control/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/control/lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define BASE_KEY          "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define SESSION(id, more) "{'session_id':'" id "','e2ee':true" more "}"
#define STREAM(id, session, port, codec)                                                           \
    "{'stream_id':'" id "','session_id':'" session "','direction':'seal','link':'edge0',"          \
    "'payload_types':{'96':{'codec':'" codec "'}},"                                                \
    "'flow':{'dst_ip':'198.51.100.20','dst_port':" port "}}"

static char txn[64];

static void begin(const char *params)
{
    CU_ASSERT_STRING_EQUAL(lab_call("apply_begin", params), "ok");
    snprintf(txn, sizeof(txn), "%s", json_string_value(json_object_get(lab_result(), "txn")));
}

static const char *call(const char *method, const char *more)
{
    char params[3000];

    snprintf(params, sizeof(params), "{'txn':'%s'%s}", txn, more);
    return lab_call(method, params);
}

static const char *add(const char *sessions, const char *streams)
{
    char more[2900];

    snprintf(more, sizeof(more), ",'sessions':[%s],'streams':[%s]", sessions, streams);
    return call("apply_add", more);
}

/* A transaction of one piece. */
static const char *apply(const char *sessions, const char *streams)
{
    begin("{}");
    CU_ASSERT_STRING_EQUAL(add(sessions, streams), "ok");
    return call("apply_commit", "");
}

static void connect(const char *session)
{
    char params[256];

    snprintf(params, sizeof(params), "{'session_id':'%s','base_key':'" BASE_KEY "'}", session);
    CU_ASSERT_STRING_EQUAL(lab_call("session_connect", params), "ok");
}

static json_int_t counted(const char *kind, const char *change)
{
    return json_integer_value(json_object_get(json_object_get(lab_result(), kind), change));
}

/* "stream a change payload_types" for difference n, "" where there is none. */
static const char *difference(size_t n)
{
    static char text[256];
    const json_t *row = json_array_get(json_object_get(lab_result(), "differences"), n), *field;
    size_t i, used;

    if (row == NULL)
        return "";
    used = (size_t)snprintf(text, sizeof(text), "%s %s %s",
                            json_string_value(json_object_get(row, "kind")),
                            json_string_value(json_object_get(row, "id")),
                            json_string_value(json_object_get(row, "change")));
    json_array_foreach(json_object_get(row, "fields"), i, field)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", json_string_value(field));
    return text;
}

static void what_is_missing_is_made_and_waits_for_its_secret(void)
{
    lab_open();
    CU_ASSERT_STRING_EQUAL(apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8") "," STREAM(
                                                       "y", "a", "20001", "opus")),
                           "ok");
    CU_ASSERT_EQUAL(counted("sessions", "created"), 1);
    CU_ASSERT_EQUAL(counted("streams", "created"), 2);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "unconnected")), 1);
    CU_ASSERT_STRING_EQUAL(difference(0), "session a create");
    CU_ASSERT_STRING_EQUAL(difference(2), "stream y create");
    CU_ASSERT_STRING_EQUAL(lab_call("session_get", "{'session_id':'a'}"), "ok");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "state")), "created");
    CU_ASSERT_EQUAL(rs_fake_stream_count(), 2);
    connect("a");
    CU_ASSERT_EQUAL(rs_fake_stream_count(), 2);
    lab_close();
}

static void the_same_state_again_changes_nothing(void)
{
    lab_open();
    apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8"));
    connect("a");
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_STRING_EQUAL(apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8")), "ok");
        CU_ASSERT_EQUAL(counted("sessions", "unchanged"), 1);
        CU_ASSERT_EQUAL(counted("streams", "unchanged"), 1);
        CU_ASSERT_STRING_EQUAL(difference(0), "");
        CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "unconnected")), 0);
    }
    lab_call("session_get", "{'session_id':'a'}");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "epoch")), 1);
    lab_close();
}

static void what_differs_is_changed_and_keys_stay(void)
{
    struct rs_stream *before;

    lab_open();
    apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8"));
    connect("a");
    before = rs_fake_last_stream();
    CU_ASSERT_STRING_EQUAL(
        apply(SESSION("a", ",'grace_ms':40000"), STREAM("x", "a", "20000", "VP9")), "ok");
    CU_ASSERT_STRING_EQUAL(difference(0), "session a change grace_ms");
    CU_ASSERT_STRING_EQUAL(difference(1), "stream x change payload_types");
    /* payload types alone leave the stream with its senders */
    CU_ASSERT_PTR_EQUAL(rs_fake_last_stream(), before);
    CU_ASSERT_STRING_EQUAL(rs_fake_last_format(96).codec->name, "VP9");
    CU_ASSERT_STRING_EQUAL(
        apply(SESSION("a", ",'suite':'AES_256_GCM_SHA512_128'"), STREAM("x", "a", "20002", "VP9")),
        "ok");
    CU_ASSERT_STRING_EQUAL(difference(0), "session a change suite grace_ms");
    CU_ASSERT_STRING_EQUAL(difference(1), "stream x change suite flow");
    lab_call("session_get", "{'session_id':'a'}");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "epoch")), 1);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "state")), "connected");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "grace_ms")), 30000);
    lab_call("stream_get", "{'stream_id':'x'}");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "suite")),
                           "AES_256_GCM_SHA512_128");
    lab_close();
}

static void what_is_not_named_is_removed(void)
{
    lab_open();
    apply(SESSION("a", "") "," SESSION("b", ""),
          STREAM("x", "a", "20000", "VP8") "," STREAM("y", "b", "20001", "VP8"));
    CU_ASSERT_STRING_EQUAL(apply(SESSION("b", ""), ""), "ok");
    CU_ASSERT_EQUAL(counted("sessions", "deleted"), 1);
    CU_ASSERT_EQUAL(counted("streams", "deleted"), 2);
    CU_ASSERT_EQUAL(rs_fake_stream_count(), 0);
    CU_ASSERT_EQUAL(rs_fake_session_count(), 1);
    CU_ASSERT_STRING_EQUAL(lab_call("session_get", "{'session_id':'a'}"), "unknown_session");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_get", "{'stream_id':'y'}"), "unknown_stream");
    CU_ASSERT_STRING_EQUAL(apply("", ""), "ok");
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    lab_close();
}

static void flows_and_streams_change_places(void)
{
    lab_open();
    apply(SESSION("a", "") "," SESSION("b", ""),
          STREAM("x", "a", "20000", "VP8") "," STREAM("y", "a", "20001", "VP8"));
    CU_ASSERT_STRING_EQUAL(
        apply(SESSION("a", "") "," SESSION("b", ""),
              STREAM("x", "b", "20001", "VP8") "," STREAM("z", "a", "20000", "VP8")),
        "ok");
    CU_ASSERT_EQUAL(counted("streams", "created"), 1);
    CU_ASSERT_EQUAL(counted("streams", "changed"), 1);
    CU_ASSERT_EQUAL(counted("streams", "deleted"), 1);
    lab_call("stream_get", "{'stream_id':'x'}");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "session_id")), "b");
    lab_close();
}

static void a_session_that_becomes_another_is_made_anew(void)
{
    lab_open();
    apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8"));
    connect("a");
    CU_ASSERT_STRING_EQUAL(
        apply("{'session_id':'a','media_mode':'relayed'}", STREAM("x", "a", "20000", "VP8")), "ok");
    CU_ASSERT_STRING_EQUAL(difference(0), "session a replace media_mode e2ee");
    CU_ASSERT_STRING_EQUAL(difference(1), "stream x change session_id");
    CU_ASSERT_EQUAL(rs_fake_session_count(), 1);
    /* not connected: nothing passes */
    CU_ASSERT_EQUAL(rs_fake_last_protection(), RS_PROTECT_E2EE);
    CU_ASSERT_STRING_EQUAL(lab_call("session_connect", "{'session_id':'a'}"), "ok");
    CU_ASSERT_EQUAL(rs_fake_last_protection(), RS_PROTECT_NONE);
    lab_close();
}

static void a_dry_run_tells_and_changes_nothing(void)
{
    lab_open();
    begin("{}");
    add(SESSION("a", "") "," SESSION("b", ""), STREAM("x", "a", "20000", "VP8"));
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ",'dry_run':true,'limit':2"), "ok");
    CU_ASSERT_EQUAL(counted("sessions", "created"), 2);
    CU_ASSERT_STRING_EQUAL(difference(1), "session b create");
    CU_ASSERT_STRING_EQUAL(difference(2), "");
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ",'dry_run':true,'cursor':'3'"), "ok");
    CU_ASSERT_STRING_EQUAL(difference(0), "stream x create");
    CU_ASSERT_PTR_NULL(json_object_get(lab_result(), "cursor"));
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ",'cursor':'3'"), "invalid_params");
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "ok");
    CU_ASSERT_EQUAL(rs_fake_session_count(), 2);
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "invalid_params"); /* it has ended */
    begin("{'dry_run':true}");
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "ok");
    CU_ASSERT_EQUAL(rs_fake_session_count(), 2);
    lab_close();
}

/* All that there is, without what only counts. */
static json_t *state(void)
{
    json_t *all = json_array();

    lab_call("session_list", "{}");
    json_array_append(all, (json_t *)lab_result());
    lab_call("stream_list", "{}");
    json_array_append(all, (json_t *)lab_result());
    return all;
}

static char message[320]; /* of the last one that failed */

static void must_fail(const char *sessions, const char *streams, const char *reason)
{
    json_t *before = state(), *after;
    const size_t count = rs_fake_session_count();

    CU_ASSERT_STRING_EQUAL(apply(sessions, streams), reason);
    snprintf(message, sizeof(message), "%s", lab_error()->message);
    after = state();
    CU_ASSERT(json_equal(before, after));
    CU_ASSERT_EQUAL(rs_fake_session_count(), count);
    json_decref(before);
    json_decref(after);
}

static void all_or_nothing(void)
{
    lab_open();
    apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8"));
    connect("a");
    /* a stream of a session that is not named */
    must_fail(SESSION("b", ""), STREAM("y", "c", "20001", "VP8"), "unknown_session");
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "stream y"));
    /* the same flow twice */
    must_fail(SESSION("b", ""),
              STREAM("y", "b", "20001", "VP8") "," STREAM("z", "b", "20001", "VP8"), "flow_in_use");
    rs_fake_fail(ENOMEM);
    must_fail(SESSION("b", ""), STREAM("y", "b", "20001", "VP8"), "internal_error");
    rs_fake_fail(ENOSPC);
    must_fail(SESSION("a", ""), STREAM("y", "a", "20001", "VP8"), "no_capacity");
    rs_fake_fail(0);
    /* more sessions than there can be at once, though not in the end */
    apply(SESSION("a", "") "," SESSION("b", "") "," SESSION("c", ""), "");
    must_fail(SESSION("d", "") "," SESSION("e", ""), "", "no_capacity");
    lab_close();
}

static void a_wrong_entry_is_named_and_its_piece_left_out(void)
{
    static const struct {
        const char *sessions, *streams, *reason, *param;
    } rows[] = {
        {"{'e2ee':true}", "", "invalid_params", "sessions[0].session_id"},
        {SESSION("b", "") ",5", "", "invalid_params", "sessions[1]"},
        {SESSION("b", ",'media_mode':'relayed'"), "", "relayed_session_cannot_be_e2ee",
         "sessions[0].media_mode"},
        {SESSION("b", ",'archive_mode':'always'"), "", "always_archived_session_cannot_be_e2ee",
         "sessions[0].archive_mode"},
        {SESSION("b", ",'encryption_secret':'hunter2hunter2'"), "", "invalid_params",
         "sessions[0].encryption_secret"},
        {SESSION("b", ",'suite':'ROT13'"), "", "unknown_suite", "sessions[0].suite"},
        {SESSION("b", "") "," SESSION("b", ""), "", "invalid_params", "sessions[1].session_id"},
        {SESSION("a", ""), "", "invalid_params", "sessions[0].session_id"},
        {"", STREAM("x", "a", "0", "VP8"), "invalid_params", "streams[0].flow.dst_port"},
        {"", STREAM("x", "a", "20000", "VP8") "," STREAM("y", "a", "20001", "MP3"), "unknown_codec",
         "streams[1].payload_types"},
        {"", STREAM("x", "a", "9", "VP8"), "invalid_params", "streams[0].flow"},
        {"", "{'stream_id':'x'}", "invalid_params", "streams[0].direction"},
        {"", "{'stream_id':'x','direction':'up'}", "invalid_params", "streams[0].direction"},
        {"", "{'direction':'seal'}", "invalid_params", "streams[0].stream_id"},
        {"", STREAM("x", "a", "20000", "VP8") "," STREAM("x", "a", "20001", "VP8"),
         "invalid_params", "streams[1].stream_id"},
    };

    lab_open();
    begin("{}");
    CU_ASSERT_STRING_EQUAL(add(SESSION("a", ""), ""), "ok");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *reason = add(rows[i].sessions, rows[i].streams);

        if (strcmp(reason, rows[i].reason) != 0 || strcmp(lab_error()->param, rows[i].param) != 0)
            printf("row %zu: %s %s\n", i, reason, lab_error()->param);
        CU_ASSERT_STRING_EQUAL(reason, rows[i].reason);
        CU_ASSERT_STRING_EQUAL(lab_error()->param, rows[i].param);
        CU_ASSERT_PTR_NULL(strstr(lab_error()->message, "hunter2"));
    }
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "ok");
    CU_ASSERT_EQUAL(counted("sessions", "created"), 1);
    CU_ASSERT_EQUAL(counted("streams", "created"), 0);
    lab_close();
}

static void a_transaction_is_begun_once_and_known_by_its_name(void)
{
    char first[64];

    lab_open();
    begin("{}");
    snprintf(first, sizeof(first), "%s", txn);
    add(SESSION("a", ""), "");
    begin("{}"); /* the first one ends */
    CU_ASSERT_STRING_NOT_EQUAL(first, txn);
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "ok");
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    snprintf(txn, sizeof(txn), "%s", first);
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "invalid_params");
    CU_ASSERT_STRING_EQUAL(lab_error()->param, "txn");
    lab_close();
}

static void a_change_waits_for_a_secret_that_is_being_derived(void)
{
    struct rs_request *connecting;

    lab_open();
    apply(SESSION("a", ""), STREAM("x", "a", "20000", "VP8"));
    begin("{}"); /* all is to go */
    connecting = lab_start("session_connect",
                           "{'session_id':'a','encryption_secret':'correct horse battery'}");
    CU_ASSERT_FALSE(lab_is_done(connecting));
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "ok");
    CU_ASSERT(lab_is_done(connecting));
    CU_ASSERT_EQUAL(connecting->error.reason, RS_E_NONE);
    CU_ASSERT_EQUAL(counted("sessions", "deleted"), 1);
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    rs_request_free(connecting);
    lab_close();
}

static void a_draining_daemon_takes_no_new_state(void)
{
    lab_open();
    begin("{}");
    add(SESSION("a", ""), "");
    lab_call("drain", "{}");
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "draining");
    CU_ASSERT_STRING_EQUAL(lab_call("apply_begin", "{}"), "draining");
    lab_call("drain", "{'cancel':true}");
    CU_ASSERT_STRING_EQUAL(call("apply_commit", ""), "ok");
    lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(what_is_missing_is_made_and_waits_for_its_secret),
        TEST(the_same_state_again_changes_nothing),
        TEST(what_differs_is_changed_and_keys_stay),
        TEST(what_is_not_named_is_removed),
        TEST(flows_and_streams_change_places),
        TEST(a_session_that_becomes_another_is_made_anew),
        TEST(a_dry_run_tells_and_changes_nothing),
        TEST(all_or_nothing),
        TEST(a_wrong_entry_is_named_and_its_piece_left_out),
        TEST(a_transaction_is_begun_once_and_known_by_its_name),
        TEST(a_change_waits_for_a_secret_that_is_being_derived),
        TEST(a_draining_daemon_takes_no_new_state),
    };

    return rs_test_main("apply", tests, sizeof(tests) / sizeof(tests[0]));
}
