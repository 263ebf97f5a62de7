/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a session's keys over time, on the dataplane without packets.
 */
#include "control/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/control/lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

/* From the vectors of the wire format. */
#define SECRET "correct horse battery staple 1"
#define BASE_KEY                                                                                   \
    "79b4aeece557f753cbd03f59ec03783c58669bc13720abf4eb893b9d7889faf2ed2f87d55ab3aaf85c4b97195045" \
    "9"                                                                                            \
    "9c217e9f158c9aa70235441ec86b733968f"
#define FINGERPRINT "91400 62131 55287 14178 90475 18594"

static const char *set_key(unsigned int number, const char *more)
{
    char params[512];

    snprintf(params, sizeof(params), "{'session_id':'room-1','base_key':'%064x'%s}", number, more);
    return lab_call("session_set_encryption_secret", params);
}

static json_int_t epoch(void)
{
    return json_integer_value(json_object_get(lab_result(), "epoch"));
}

static void open_connected(void)
{
    lab_open();
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{'session_id':'room-1','e2ee':true}"), "ok");
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_connect", "{'session_id':'room-1','base_key':'" BASE_KEY "'}"), "ok");
}

static void a_secret_and_its_base_key_are_one_key(void)
{
    open_connected();
    CU_ASSERT_EQUAL(epoch(), 1);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "key_tag")), "1940");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "fingerprint")),
                           FINGERPRINT);
    CU_ASSERT_STRING_EQUAL(lab_call("session_set_encryption_secret",
                                    "{'session_id':'room-1','encryption_secret':'" SECRET "'}"),
                           "ok");
    CU_ASSERT_EQUAL(epoch(), 1);
    CU_ASSERT_EQUAL(lab_event_count("secret_staged"), 1);
    lab_close();
}

/* The same secret, in a session whose suite has the other hash. */
static void a_key_is_called_by_the_hash_of_its_sessions_suite(void)
{
    lab_open();
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_create",
                 "{'session_id':'room-1','e2ee':true,'suite':'AES_128_GCM_SHA256_128'}"),
        "ok");
    CU_ASSERT_STRING_EQUAL(
        lab_call("session_connect", "{'session_id':'room-1','base_key':'" BASE_KEY "'}"), "ok");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "key_tag")), "954b");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lab_result(), "fingerprint")),
                           "06627 65083 75298 58970 94036 17696");
    lab_close();
}

static void a_change_is_staged_then_active_and_the_old_key_retires_after_the_grace(void)
{
    open_connected();
    CU_ASSERT_STRING_EQUAL(set_key(2, ",'activate_after_ms':100,'grace_ms':2100"), "ok");
    CU_ASSERT_EQUAL(epoch(), 2);
    CU_ASSERT_EQUAL(lab_event_count("secret_activated"), 0);
    lab_run_ms(300);
    CU_ASSERT_EQUAL(lab_event_count("secret_activated"), 2);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 0);
    lab_run_ms(1600);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 0);
    lab_run_ms(600);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 1);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_last_event("secret_retired"), "epoch")),
                    1);
    CU_ASSERT_EQUAL(
        json_integer_value(json_object_get(lab_last_event("secret_retired"), "workers_wiped")), 2);
    lab_close();
}

static void a_change_while_one_is_staged_is_a_conflict_to_retry(void)
{
    open_connected();
    CU_ASSERT_STRING_EQUAL(set_key(2, ""), "ok");
    CU_ASSERT_STRING_EQUAL(set_key(3, ""), "epoch_conflict");
    CU_ASSERT_TRUE(lab_error()->retryable);
    lab_call("session_get", "{'session_id':'room-1'}");
    CU_ASSERT_EQUAL(epoch(), 2);
    lab_close();
}

static void a_full_ring_is_a_conflict_and_a_key_in_it_is_moved(void)
{
    open_connected();
    for (unsigned int i = 2; i <= 7; i++)
        CU_ASSERT_STRING_EQUAL(set_key(i, ",'activate_after_ms':0,'grace_ms':60000"), "ok");
    CU_ASSERT_STRING_EQUAL(set_key(8, ",'activate_after_ms':0,'grace_ms':60000"), "epoch_conflict");
    CU_ASSERT_TRUE(lab_error()->retryable);
    CU_ASSERT_STRING_EQUAL(set_key(3, ",'activate_after_ms':0,'grace_ms':60000"), "ok");
    CU_ASSERT_EQUAL(epoch(), 8);
    lab_call("session_get", "{'session_id':'room-1'}");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "keys")), 7);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 0);
    lab_close();
}

static void a_moved_key_outlives_the_grace_that_it_was_in(void)
{
    open_connected();
    CU_ASSERT_STRING_EQUAL(set_key(2, ",'activate_after_ms':0,'grace_ms':2000"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("session_set_encryption_secret",
                                    "{'session_id':'room-1','base_key':'" BASE_KEY
                                    "','activate_after_ms':0,'grace_ms':60000}"),
                           "ok");
    CU_ASSERT_EQUAL(epoch(), 3);
    lab_run_ms(2300);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 0);
    lab_close();
}

static void an_expected_epoch_that_is_not_there_is_not_worth_a_retry(void)
{
    open_connected();
    CU_ASSERT_STRING_EQUAL(set_key(2, ",'expect_epoch':2"), "epoch_conflict");
    CU_ASSERT_FALSE(lab_error()->retryable);
    CU_ASSERT_STRING_EQUAL(lab_error()->param, "expect_epoch");
    CU_ASSERT_STRING_EQUAL(set_key(2, ",'expect_epoch':1"), "ok");
    lab_close();
}

static void what_the_dataplane_cannot_do_changes_nothing(void)
{
    open_connected();
    rs_fake_fail(ENOMEM);
    CU_ASSERT_STRING_EQUAL(set_key(2, ""), "no_capacity");
    rs_fake_fail(EEXIST);
    CU_ASSERT_STRING_EQUAL(set_key(2, ""), "epoch_conflict");
    CU_ASSERT_FALSE(lab_error()->retryable);
    rs_fake_fail(0);
    CU_ASSERT_STRING_EQUAL(set_key(2, ""), "ok");
    CU_ASSERT_EQUAL(epoch(), 2);
    lab_close();
}

static void a_retirement_without_memory_is_tried_again(void)
{
    open_connected();
    CU_ASSERT_STRING_EQUAL(set_key(2, ",'activate_after_ms':0,'grace_ms':2000"), "ok");
    lab_run_ms(1800);
    rs_fake_fail(ENOMEM);
    lab_run_ms(400);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 0);
    rs_fake_fail(0);
    lab_run_ms(300);
    CU_ASSERT_EQUAL(lab_event_count("secret_retired"), 1);
    lab_close();
}

static void requests_wait_for_a_derivation_of_their_session_in_their_order(void)
{
    struct rs_request *change, *removal, *creation, *other;

    open_connected();
    change = lab_start("session_set_encryption_secret",
                       "{'session_id':'room-1','encryption_secret':'another one'}");
    removal = lab_start("session_delete", "{'session_id':'room-1'}");
    creation = lab_start("session_create", "{'session_id':'room-1','e2ee':true}");
    other = lab_start("session_create", "{'session_id':'room-2'}");
    CU_ASSERT_FALSE(lab_is_done(change));
    CU_ASSERT_FALSE(lab_is_done(removal));
    CU_ASSERT_FALSE(lab_is_done(creation));
    CU_ASSERT_TRUE(lab_is_done(other));
    for (int i = 0; i < 500 && !lab_is_done(creation); i++)
        lab_run_ms(10);
    CU_ASSERT_EQUAL(change->error.reason, RS_E_NONE);
    CU_ASSERT_EQUAL(removal->error.reason, RS_E_NONE);
    CU_ASSERT_EQUAL(creation->error.reason, RS_E_NONE);
    lab_call("session_get", "{'session_id':'room-1'}");
    CU_ASSERT_EQUAL(epoch(), 0);
    rs_request_free(change);
    rs_request_free(removal);
    rs_request_free(creation);
    rs_request_free(other);
    lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(a_secret_and_its_base_key_are_one_key),
    TEST(a_key_is_called_by_the_hash_of_its_sessions_suite),
    TEST(a_change_is_staged_then_active_and_the_old_key_retires_after_the_grace),
    TEST(a_change_while_one_is_staged_is_a_conflict_to_retry),
    TEST(a_full_ring_is_a_conflict_and_a_key_in_it_is_moved),
    TEST(a_moved_key_outlives_the_grace_that_it_was_in),
    TEST(an_expected_epoch_that_is_not_there_is_not_worth_a_retry),
    TEST(what_the_dataplane_cannot_do_changes_nothing),
    TEST(a_retirement_without_memory_is_tried_again),
    TEST(requests_wait_for_a_derivation_of_their_session_in_their_order),
};

int main(void)
{
    return rs_test_main("keys", tests, sizeof(tests) / sizeof(tests[0]));
}
