/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What whoever runs the daemon asks it and is told by it: health, draining, workers, ports, and
 * what becomes of a flow.
 */
#include "control/health.h"

#include <string.h>

#include "tests/control/lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define BASE_KEY   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FLOW(port) "'flow':{'dst_ip':'198.51.100.20','dst_port':" port "}"
#define STREAM(id, port)                                                                           \
    "{'stream_id':'" id "','session_id':'a','link':'edge0','payload_types':"                       \
    "{'96':{'codec':'VP8'}}," FLOW(port) "}"

static void open_connected(void)
{
    lab_open();
    lab_call("session_create", "{'session_id':'a','e2ee':true}");
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_connect", "{'session_id':'a','base_key':'" BASE_KEY "'}"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_publish", STREAM("x", "20000")), "ok");
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value != NULL ? value : "";
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void a_draining_daemon_takes_nothing_new_and_goes_on(void)
{
    open_connected();
    CU_ASSERT_STRING_EQUAL(lab_call("drain", "{}"), "ok");
    CU_ASSERT(json_is_true(json_object_get(lab_result(), "draining")));
    CU_ASSERT_EQUAL(number(lab_result(), "streams"), 1);
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{'session_id':'b'}"), "draining");
    CU_ASSERT(lab_error()->retryable);
    CU_ASSERT_STRING_EQUAL(lab_call("stream_publish", STREAM("y", "20001")), "draining");
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_set_encryption_secret", "{'session_id':'a','base_key':'ff" BASE_KEY "'}"),
        "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_delete", "{'stream_id':'x'}"), "ok");
    lab_call("drain", "{}");
    CU_ASSERT_EQUAL(lab_event_count("draining"), 1);
    lab_call("health_get", "{}");
    CU_ASSERT_FALSE(json_is_true(json_object_get(lab_result(), "ready")));
    CU_ASSERT_STRING_EQUAL(lab_call("drain", "{'cancel':true}"), "ok");
    CU_ASSERT_EQUAL(lab_event_count("draining"), 2);
    CU_ASSERT(json_is_false(json_object_get(lab_last_event("draining"), "draining")));
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{'session_id':'b'}"), "ok");
    lab_close();
}

static void a_healthy_daemon_is_ready_and_a_broken_suite_says_why_not(void)
{
    lab_open();
    CU_ASSERT_STRING_EQUAL(lab_call("health_get", "{}"), "ok");
    CU_ASSERT(json_is_true(json_object_get(lab_result(), "alive")));
    CU_ASSERT(json_is_true(json_object_get(lab_result(), "ready")));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "workers")), 2);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "ports")), 2);
    rs_fake_break_suite(rs_suite_default());
    lab_call("health_get", "{}");
    CU_ASSERT_FALSE(json_is_true(json_object_get(lab_result(), "ready")));
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "reasons")), 1);
    lab_close();
}

static void workers_and_ports_are_told_of(void)
{
    const struct rs_stall_report stall = {RS_ALARM_BEGUN, 1, 3, 1200};
    const struct rs_port_report down = {0, RS_OPEN, false}, up = {0, RS_OPEN, true};

    lab_open();
    rs_fake_stall(&stall);
    rs_fake_port(&down);
    rs_fake_port(&up);
    lab_run_ms(10);
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("worker_stalled"), "state"), "begun");
    CU_ASSERT_EQUAL(number(lab_last_event("worker_stalled"), "worker"), 1);
    CU_ASSERT_EQUAL(number(lab_last_event("worker_stalled"), "cpu"), 3);
    CU_ASSERT_EQUAL(number(lab_last_event("worker_stalled"), "stalled_ms"), 1200);
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("link_down"), "link"), "edge0");
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("link_down"), "side"), "sealed");
    CU_ASSERT_EQUAL(lab_event_count("link_up"), 1);
    lab_close();
}

static void streams_that_start_stop_and_run_short_are_told_of(void)
{
    const struct rs_activity_report started = {RS_ACTIVITY_STARTED, 3},
                                    stopped = {RS_ACTIVITY_STOPPED, 700};
    struct rs_shortage_report shortage = {RS_SHORTAGE_NO_CAPACITY, RS_ALARM_BEGUN, 1, 44};

    open_connected();
    rs_fake_activity(rs_fake_last_stream(), &started);
    rs_fake_activity(rs_fake_last_stream(), &stopped);
    rs_fake_shortage(rs_fake_last_stream(), &shortage);
    shortage.shortage = RS_SHORTAGE_SENDER_LIMIT;
    shortage.state = RS_ALARM_ENDED;
    rs_fake_shortage(rs_fake_last_stream(), &shortage);
    lab_run_ms(10);
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("stream_started"), "stream_id"), "x");
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("stream_started"), "direction"), "seal");
    CU_ASSERT_EQUAL(number(lab_last_event("stream_stopped"), "packets"), 700);
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("no_capacity"), "state"), "begun");
    CU_ASSERT_EQUAL(number(lab_last_event("no_capacity"), "code"), 6001);
    CU_ASSERT_EQUAL(number(lab_last_event("no_capacity"), "packets"), 44);
    CU_ASSERT_STRING_EQUAL(text(lab_last_event("sender_limit"), "state"), "ended");
    lab_close();
}

static void payload_types_change_in_place(void)
{
    struct rs_stream *before;

    open_connected();
    before = rs_fake_last_stream();
    CU_ASSERT_STRING_EQUAL(
        lab_call("stream_update", "{'stream_id':'x','payload_types':{'100':{'codec':'VP9'}}}"),
        "ok");
    CU_ASSERT_PTR_EQUAL(rs_fake_last_stream(), before);
    CU_ASSERT_PTR_NULL(rs_fake_last_format(96).codec);
    CU_ASSERT_STRING_EQUAL(rs_fake_last_format(100).codec->name, "VP9");
    CU_ASSERT_STRING_EQUAL(
        lab_call("stream_update", "{'stream_id':'x','payload_types':{'100':{'codec':'MP3'}}}"),
        "unknown_codec");
    CU_ASSERT_STRING_EQUAL(rs_fake_last_format(100).codec->name, "VP9");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_update", "{'stream_id':'y','payload_types':{}}"),
                           "unknown_stream");
    lab_close();
}

static void must_answer(const char *params, const char *verdict, const char *outcome)
{
    const json_t *answer;

    CU_ASSERT_STRING_EQUAL(lab_call("flow_explain", params), "ok");
    answer = json_array_get(json_object_get(lab_result(), "answers"), 0);
    CU_ASSERT_STRING_EQUAL(text(answer, "verdict"), verdict);
    CU_ASSERT_STRING_EQUAL(text(answer, "outcome"), outcome);
    CU_ASSERT(strlen(text(answer, "why")) > 10);
}

static void a_flow_is_explained_by_what_a_worker_would_do(void)
{
    open_connected();
    must_answer("{" FLOW("20000") ",'direction':'seal'}", "sealed", "sealed");
    must_answer("{" FLOW("20000") ",'direction':'open'}", "dropped", "no_stream");
    must_answer("{" FLOW("20001") "}", "dropped", "no_stream");
    must_answer("{" FLOW("9") "}", "wire", "bridged");
    CU_ASSERT_STRING_EQUAL(lab_call("flow_explain", "{" FLOW("20000") "}"), "ok");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "answers")), 2);
    CU_ASSERT_STRING_EQUAL(lab_call("flow_explain", "{" FLOW("1") ",'link':'edge9'}"),
                           "unknown_link");
    CU_ASSERT_STRING_EQUAL(lab_call("flow_explain", "{'flow':{}}"), "invalid_params");
    lab_call("session_disconnect", "{'session_id':'a'}");
    must_answer("{" FLOW("20000") ",'direction':'seal'}", "dropped", "no_stream");
    lab_call("session_create", "{'session_id':'b'}");
    lab_call("session_connect", "{'session_id':'b'}");
    lab_call("stream_publish",
             "{'session_id':'b','link':'edge0','payload_types':{}," FLOW("20002") "}");
    must_answer("{" FLOW("20002") ",'direction':'seal'}", "passed", "passed");
    lab_close();
}

static void what_a_stream_waits_for_is_explained(void)
{
    lab_open();
    lab_call("apply_begin", "{}");
    {
        char params[600];
        const char *txn = text(lab_result(), "txn");

        snprintf(params, sizeof(params),
                 "{'txn':'%s','sessions':[{'session_id':'a','e2ee':true}],'streams':[{'stream_id':"
                 "'x','session_id':'a','direction':'open','link':'edge0','payload_types':{}," FLOW(
                     "20000") "}]}",
                 txn);
        CU_ASSERT_STRING_EQUAL(lab_call("apply_add", params), "ok");
        snprintf(params, sizeof(params), "{'txn':'%s'}", text(lab_result(), "txn"));
        CU_ASSERT_STRING_EQUAL(lab_call("apply_commit", params), "ok");
    }
    must_answer("{" FLOW("20000") ",'direction':'open'}", "dropped", "no_key");
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text(json_array_get(json_object_get(lab_result(), "answers"), 0), "why"),
               "session_connect"));
    lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(a_draining_daemon_takes_nothing_new_and_goes_on),
        TEST(a_healthy_daemon_is_ready_and_a_broken_suite_says_why_not),
        TEST(workers_and_ports_are_told_of),
        TEST(streams_that_start_stop_and_run_short_are_told_of),
        TEST(payload_types_change_in_place),
        TEST(a_flow_is_explained_by_what_a_worker_would_do),
        TEST(what_a_stream_waits_for_is_explained),
    };

    return rs_test_main("operate", tests, sizeof(tests) / sizeof(tests[0]));
}
