/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the host says that it can encrypt with, and what it refuses where a self-test fails, on the
 * dataplane without packets.
 */
#include <string.h>

#include "control/config.h"
#include "tests/control/lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define FLOW     "'flow':{'dst_ip':'198.51.100.1','dst_port':10000}"
#define BASE_KEY "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static struct rs_control *control;

static void open_lab(void)
{
    control = lab_open();
}

static bool truth(const char *name)
{
    return json_is_true(json_object_get(lab_result(), name));
}

/* Asks, and returns how many suites do not work; the only one's name, if any, is in *name. */
static size_t ask(const char **name)
{
    const json_t *suite;
    size_t i, broken = 0;

    CU_ASSERT_STRING_EQUAL(lab_call("has_end_to_end_encryption_support", "{}"), "ok");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "suites")), 9);
    json_array_foreach(json_object_get(lab_result(), "suites"), i, suite) {
        if (json_is_true(json_object_get(suite, "works")))
            continue;
        *name = json_string_value(json_object_get(suite, "name"));
        broken++;
    }
    return broken;
}

static void a_host_whose_suites_work_says_so(void)
{
    const char *name;

    open_lab();
    CU_ASSERT_EQUAL(ask(&name), 0);
    CU_ASSERT_TRUE(truth("supported"));
    CU_ASSERT(json_is_null(json_object_get(lab_result(), "why_not")));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "isa")), "none");
    lab_close();
}

static void a_suite_that_fails_is_named_and_only_the_configured_one_stops_support(void)
{
    const char *name = "";

    open_lab();
    rs_fake_break_suite(rs_suite_find("AES_128_GCM_SHA256_128"));
    CU_ASSERT_EQUAL(ask(&name), 1);
    CU_ASSERT_STRING_EQUAL(name, "AES_128_GCM_SHA256_128");
    CU_ASSERT_TRUE(truth("supported"));
    rs_fake_break_suite(control->config->e2ee.suite);
    CU_ASSERT_EQUAL(ask(&name), 1);
    CU_ASSERT_FALSE(truth("supported"));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "why_not")),
                           "the self-test of the configured suite (e2ee.suite) fails on this host");
    lab_close();
}

static void sessions_of_a_suite_that_fails_are_refused_and_others_are_not(void)
{
    open_lab();
    rs_fake_break_suite(control->config->e2ee.suite);
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{'session_id':'a','e2ee':true}"),
                           "e2ee_not_supported");
    CU_ASSERT_STRING_EQUAL(lab_error()->param, "suite");
    CU_ASSERT_FALSE(lab_error()->retryable);
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{'session_id':'a','e2ee':false}"), "ok");
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_create", "{'session_id':'b','e2ee':true,'suite':'AES_256_CTR'}"), "ok");
    lab_close();
}

static void streams_of_a_suite_that_fails_are_refused_and_others_are_not(void)
{
    open_lab();
    rs_fake_break_suite(rs_suite_find("AES_256_CTR_HMAC_SHA512_32"));
    lab_call("session_create", "{'session_id':'a','e2ee':true}");
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_connect", "{'session_id':'a','base_key':'" BASE_KEY "'}"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_publish",
                                    "{'session_id':'a','link':'edge0','payload_types':{}," FLOW
                                    ",'suite':'AES_256_CTR_HMAC_SHA512_32'}"),
                           "publisher_encryption_internal_error");
    CU_ASSERT_STRING_EQUAL(lab_error()->param, "suite");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_subscribe",
                                    "{'session_id':'a','link':'edge0','payload_types':{}," FLOW
                                    ",'suite':'AES_256_CTR_HMAC_SHA512_32'}"),
                           "subscriber_decryption_internal_error");
    CU_ASSERT_EQUAL(rs_fake_stream_count(), 0);
    CU_ASSERT_STRING_EQUAL(lab_call("stream_publish",
                                    "{'session_id':'a','link':'edge0','payload_types':{}," FLOW
                                    ",'suite':'AES_128_CTR_HMAC_SHA256_32'}"),
                           "ok");
    lab_close();
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_host_whose_suites_work_says_so", a_host_whose_suites_work_says_so},
        {"a_suite_that_fails_is_named_and_only_the_configured_one_stops_support",
         a_suite_that_fails_is_named_and_only_the_configured_one_stops_support},
        {"sessions_of_a_suite_that_fails_are_refused_and_others_are_not",
         sessions_of_a_suite_that_fails_are_refused_and_others_are_not},
        {"streams_of_a_suite_that_fails_are_refused_and_others_are_not",
         streams_of_a_suite_that_fails_are_refused_and_others_are_not},
    };

    return rs_test_main("support", tests, sizeof(tests) / sizeof(tests[0]));
}
