/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring of events, and what the dataplane's reports become in it.
 */
#include "control/events.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "control/counts.h"
#include "tests/control/lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

enum { RING = 4 };

static unsigned int woken;
static struct rs_counts counts;

static void on_wake(struct rs_subscriber *subscriber)
{
    (void)subscriber;
    woken++;
}

/* Takes the next line apart: its seq, type and lost members. False: there is none. */
static bool next(struct evbuffer *out, json_int_t *seq, char type[64], json_int_t *lost)
{
    char *line = evbuffer_readln(out, NULL, EVBUFFER_EOL_LF);
    json_t *event, *params;

    if (line == NULL)
        return false;
    event = json_loads(line, 0, NULL);
    params = json_object_get(event, "params");
    *seq = json_integer_value(json_object_get(params, "seq"));
    *lost = json_integer_value(json_object_get(params, "lost"));
    strncpy(type, json_string_value(json_object_get(params, "type")), 63);
    json_decref(event);
    free(line);
    return true;
}

static void say(struct rs_events *events, unsigned int times)
{
    for (unsigned int i = 0; i < times; i++)
        rs_events_say(events, RS_EVENT_SECRET_STAGED, json_object());
}

static void expect(struct evbuffer *out, json_int_t seq, const char *type, json_int_t lost)
{
    char got_type[64] = "";
    json_int_t got_seq = -1, got_lost = -1;

    CU_ASSERT_TRUE(next(out, &got_seq, got_type, &got_lost));
    CU_ASSERT_EQUAL(got_seq, seq);
    CU_ASSERT_EQUAL(got_lost, lost);
    CU_ASSERT_STRING_EQUAL(got_type, type);
}

static void a_subscriber_that_fell_behind_hears_how_much_it_lost(void)
{
    struct rs_events *events = rs_events_create("one", RING, &counts);
    struct rs_subscriber subscriber = {.wake = on_wake};
    struct evbuffer *out = evbuffer_new();

    counts = (struct rs_counts){0};
    rs_events_subscribe(events, &subscriber, UINT32_MAX, 0, NULL);
    say(events, 7);
    CU_ASSERT_EQUAL(counts.events[RS_EVENT_SECRET_STAGED], 7);
    CU_ASSERT_EQUAL(counts.events_lost, 0);
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    CU_ASSERT_EQUAL(counts.events_lost, 3);
    expect(out, 3, "gap", 3);
    for (json_int_t seq = 4; seq <= 7; seq++)
        expect(out, seq, "secret_staged", 0);
    CU_ASSERT_EQUAL(evbuffer_get_length(out), 0);
    evbuffer_free(out);
    rs_events_destroy(events);
}

static void numbers_of_another_instance_give_a_gap_and_all_that_is_left(void)
{
    struct rs_events *events = rs_events_create("one", RING, &counts);
    struct rs_subscriber subscriber = {.wake = on_wake};
    struct evbuffer *out = evbuffer_new();

    say(events, 2);
    rs_events_subscribe(events, &subscriber, UINT32_MAX, 2, "other");
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    expect(out, 0, "gap", 0);
    expect(out, 1, "secret_staged", 0);
    expect(out, 2, "secret_staged", 0);
    rs_events_subscribe(events, &subscriber, UINT32_MAX, 1000, NULL);
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    expect(out, 0, "gap", 0);
    evbuffer_free(out);
    rs_events_destroy(events);
}

static void numbers_of_this_instance_go_on_without_a_gap(void)
{
    struct rs_events *events = rs_events_create("one", RING, &counts);
    struct rs_subscriber subscriber = {.wake = on_wake};
    struct evbuffer *out = evbuffer_new();

    say(events, 3);
    rs_events_subscribe(events, &subscriber, UINT32_MAX, 2, "one");
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    expect(out, 2, "secret_staged", 0);
    expect(out, 3, "secret_staged", 0);
    rs_events_subscribe(events, &subscriber, UINT32_MAX, 4, "one");
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    CU_ASSERT_EQUAL(evbuffer_get_length(out), 0);
    evbuffer_free(out);
    rs_events_destroy(events);
}

static void delivery_stops_at_the_limit_and_goes_on_later(void)
{
    struct rs_events *events = rs_events_create("one", RING, &counts);
    struct rs_subscriber subscriber = {.wake = on_wake};
    struct evbuffer *out = evbuffer_new();

    rs_events_subscribe(events, &subscriber, UINT32_MAX, 0, NULL);
    say(events, 3);
    rs_events_deliver(events, &subscriber, out, 1);
    expect(out, 1, "secret_staged", 0);
    CU_ASSERT_EQUAL(evbuffer_get_length(out), 0);
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    expect(out, 2, "secret_staged", 0);
    evbuffer_free(out);
    rs_events_destroy(events);
}

static void types_not_asked_for_neither_wake_nor_arrive(void)
{
    struct rs_events *events = rs_events_create("one", RING, &counts);
    struct rs_subscriber subscriber = {.wake = on_wake};
    struct evbuffer *out = evbuffer_new();

    woken = 0;
    rs_events_subscribe(events, &subscriber, 1u << RS_EVENT_SECRET_MATCH, 0, NULL);
    say(events, 2);
    CU_ASSERT_EQUAL(woken, 0);
    rs_events_say(events, RS_EVENT_SECRET_MATCH, json_object());
    CU_ASSERT_EQUAL(woken, 1);
    rs_events_deliver(events, &subscriber, out, SIZE_MAX);
    expect(out, 3, "encryption_secret_match", 0);
    CU_ASSERT_EQUAL(evbuffer_get_length(out), 0);
    evbuffer_free(out);
    rs_events_destroy(events);
}

static const char *text(const json_t *event, const char *name)
{
    const char *value = json_string_value(json_object_get(event, name));

    return value != NULL ? value : "";
}

static void open_stream(void)
{
    lab_open();
    lab_call("session_create", "{'session_id':'room-1','e2ee':true}");
    lab_call("session_connect",
             "{'session_id':'room-1','base_key':"
             "'0000000000000000000000000000000000000000000000000000000000000001'}");
    CU_ASSERT_STRING_EQUAL(
        lab_call("stream_subscribe",
                 "{'session_id':'room-1','stream_id':'v','link':'edge0','payload_types':{},"
                 "'flow':{'dst_ip':'198.51.100.1','dst_port':10000}}"),
        "ok");
}

static void a_mismatch_says_which_stream_which_of_the_two_and_the_tags(void)
{
    const struct rs_trouble_report report = {
        .trouble = RS_TROUBLE_UNKNOWN_TAG, .ssrc = 7, .worker = 1, .key_tag = 0xabc, .packets = 8};
    const json_t *event;

    open_stream();
    rs_fake_trouble(rs_fake_last_stream(), &report);
    lab_run_ms(20);
    event = lab_last_event("encryption_secret_mismatch");
    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "code")), 6003);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "ssrc")), 7);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "worker")), 1);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "packets")), 8);
    CU_ASSERT_STRING_EQUAL(text(event, "session_id"), "room-1");
    CU_ASSERT_STRING_EQUAL(text(event, "stream_id"), "v");
    CU_ASSERT_STRING_EQUAL(text(event, "link"), "edge0");
    CU_ASSERT_STRING_EQUAL(text(event, "cause"), "unknown_key_tag");
    CU_ASSERT_STRING_EQUAL(text(event, "key_tag"), "0abc");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(event, "key_tags_held")), 1);
    lab_close();
}

static void a_rate_of_wrong_tags_says_which_stream_how_many_and_when_it_is_over(void)
{
    struct rs_auth_alarm_report report = {.state = RS_ALARM_BEGUN, .wrong_tags = 11};
    const json_t *event;

    open_stream();
    rs_fake_auth_alarm(rs_fake_last_stream(), &report);
    lab_run_ms(20);
    event = lab_last_event("auth_failure_rate");
    CU_ASSERT_PTR_NOT_NULL_FATAL(event);
    CU_ASSERT_STRING_EQUAL(text(event, "session_id"), "room-1");
    CU_ASSERT_STRING_EQUAL(text(event, "stream_id"), "v");
    CU_ASSERT_STRING_EQUAL(text(event, "link"), "edge0");
    CU_ASSERT_STRING_EQUAL(text(event, "state"), "begun");
    CU_ASSERT_STRING_EQUAL(text(event, "suite"), "AES_256_CTR_HMAC_SHA512_80");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "tag_bytes")), 10);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "wrong_tags")), 11);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "limit")), 10);
    CU_ASSERT_PTR_NULL(json_object_get(event, "lasted_ms"));
    report =
        (struct rs_auth_alarm_report){.state = RS_ALARM_ENDED, .wrong_tags = 99, .lasted_ms = 1234};
    rs_fake_auth_alarm(rs_fake_last_stream(), &report);
    lab_run_ms(20);
    event = lab_last_event("auth_failure_rate");
    CU_ASSERT_STRING_EQUAL(text(event, "state"), "ended");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "wrong_tags")), 99);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(event, "lasted_ms")), 1234);
    CU_ASSERT_EQUAL(lab_event_count("auth_failure_rate"), 2);
    lab_close();
}

static void each_trouble_has_its_event_and_the_end_of_it_a_match(void)
{
    static const struct {
        struct rs_trouble_report report;
        const char *type;
    } rows[] = {
        {{.trouble = RS_TROUBLE_WRONG_TAG}, "encryption_secret_mismatch"},
        {{.trouble = RS_TROUBLE_NOT_SEALED}, "plaintext_blocked"},
        {{.trouble = RS_TROUBLE_BAD_VERSION}, "wire_version_mismatch"},
        {{.trouble = RS_TROUBLE_SUITE_MISMATCH}, "suite_mismatch"},
        {{.previous = RS_TROUBLE_WRONG_TAG}, "encryption_secret_match"},
    };

    open_stream();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rs_fake_trouble(rs_fake_last_stream(), &rows[i].report);
        lab_run_ms(20);
        CU_ASSERT_EQUAL(lab_event_count(rows[i].type), 1);
    }
    lab_close();
}

/* Worker 0 reports the packet as the end of trouble and as its first, worker 1 as its first too. */
static void the_first_packet_opened_is_told_once_though_it_ends_trouble(void)
{
    static const struct rs_trouble_report reports[] = {
        {.previous = RS_TROUBLE_UNKNOWN_TAG, .packets = 8},
        {.previous = RS_TROUBLE_NONE},
        {.previous = RS_TROUBLE_NONE, .worker = 1},
    };
    const json_t *event;

    open_stream();
    for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
        rs_fake_trouble(rs_fake_last_stream(), &reports[i]);
    lab_run_ms(20);
    CU_ASSERT_EQUAL(lab_event_count("encryption_secret_match"), 1);
    event = lab_last_event("encryption_secret_match");
    CU_ASSERT_TRUE(json_is_true(json_object_get(event, "first")));
    CU_ASSERT_STRING_EQUAL(text(event, "after"), "unknown_key_tag");
    rs_fake_trouble(rs_fake_last_stream(), &reports[0]);
    lab_run_ms(20);
    CU_ASSERT_EQUAL(lab_event_count("encryption_secret_match"), 2);
    CU_ASSERT_TRUE(
        json_is_false(json_object_get(lab_last_event("encryption_secret_match"), "first")));
    lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(a_subscriber_that_fell_behind_hears_how_much_it_lost),
    TEST(numbers_of_another_instance_give_a_gap_and_all_that_is_left),
    TEST(numbers_of_this_instance_go_on_without_a_gap),
    TEST(delivery_stops_at_the_limit_and_goes_on_later),
    TEST(types_not_asked_for_neither_wake_nor_arrive),
    TEST(a_mismatch_says_which_stream_which_of_the_two_and_the_tags),
    TEST(a_rate_of_wrong_tags_says_which_stream_how_many_and_when_it_is_over),
    TEST(each_trouble_has_its_event_and_the_end_of_it_a_match),
    TEST(the_first_packet_opened_is_told_once_though_it_ends_trouble),
};

int main(void)
{
    return rs_test_main("events", tests, sizeof(tests) / sizeof(tests[0]));
}
