/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control counts of its own work, as the page of metrics tells it after requests and changes
 * of secrets.
 */
#include "control/counts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "control/metrics.h"
#include "tests/control/lab.h"
#include "tests/control/page_reader.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define KEY(digit) digit "0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct page page;
static struct rs_control *control;

static double value(const char *name, const char *labels)
{
    struct evbuffer *out = evbuffer_new();

    rs_metrics_write(control, out);
    evbuffer_add(out, "", 1);
    CU_ASSERT_TRUE_FATAL(page_read(&page, (const char *)evbuffer_pullup(out, -1)));
    evbuffer_free(out);
    return page_value(&page, name, labels);
}

static double secrets(const char *labels)
{
    return value("rtpseal_secret_changes_total", labels);
}

static void open_connected(const char *id)
{
    char params[256];

    snprintf(params, sizeof(params), "{'session_id':'%s','e2ee':true}", id);
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", params), "ok");
    snprintf(params, sizeof(params), "{'session_id':'%s','base_key':'" KEY("1") "'}", id);
    CU_ASSERT_STRING_EQUAL(lab_call("session_connect", params), "ok");
}

static const char *set_key(const char *rest)
{
    char params[512];

    snprintf(params, sizeof(params), "{'session_id':'a',%s}", rest);
    return lab_call("session_set_encryption_secret", params);
}

static void requests_are_counted_by_method_and_result(void)
{
    control = lab_open();
    CU_ASSERT_EQUAL(value("rtpseal_requests_total", "method=\"get_version\",result=\"ok\""), 0);
    lab_call("get_version", "{}");
    lab_call("get_version", "{}");
    lab_call("get_version", "{'no':1}");
    lab_call("session_get", "{'session_id':'x'}");
    lab_call("no_such_method", "{}");
    CU_ASSERT_EQUAL(value("rtpseal_requests_total", "method=\"get_version\",result=\"ok\""), 2);
    CU_ASSERT_EQUAL(
        value("rtpseal_requests_total", "method=\"get_version\",result=\"invalid_params\""), 1);
    CU_ASSERT_EQUAL(
        value("rtpseal_requests_total", "method=\"session_get\",result=\"unknown_session\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_requests_total", "method=\"none\",result=\"method_not_found\""),
                    1);
    CU_ASSERT_EQUAL(value("rtpseal_request_errors_total", "error=\"unknown_session\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_request_errors_total", "error=\"denied\""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_requests_total", "method=\"shutdown\",result=\"ok\""), 0);
    lab_close();
}

static void secrets_are_counted_by_what_became_of_them(void)
{
    control = lab_open();
    open_connected("a");
    CU_ASSERT_EQUAL(secrets("result=\"staged\""), 1);
    set_key("'base_key':'" KEY("1") "'");
    CU_ASSERT_EQUAL(secrets("result=\"unchanged\""), 1);
    set_key("'base_key':'" KEY("2") "','activate_after_ms':60000,'grace_ms':70000");
    CU_ASSERT_EQUAL(secrets("result=\"staged\""), 2);
    CU_ASSERT_STRING_EQUAL(set_key("'base_key':'" KEY("3") "'"), "epoch_conflict");
    CU_ASSERT_EQUAL(secrets("result=\"conflict\""), 1);
    CU_ASSERT_STRING_EQUAL(set_key("'base_key':'00'"), "invalid_encryption_secret");
    CU_ASSERT_STRING_EQUAL(set_key("'encryption_secret':'short'"), "invalid_encryption_secret");
    CU_ASSERT_EQUAL(secrets("result=\"invalid\""), 2);
    lab_call("session_connect", "{'session_id':'x','base_key':'" KEY("1") "'}");
    CU_ASSERT_EQUAL(secrets("result=\"refused\""), 1);
    rs_fake_fail(ENOMEM);
    CU_ASSERT_STRING_EQUAL(set_key("'base_key':'" KEY("4") "'"), "no_capacity");
    CU_ASSERT_EQUAL(secrets("result=\"no_capacity\""), 1);
    CU_ASSERT_EQUAL(secrets("result=\"failed\""), 0);
    lab_close();
}

static void a_secret_that_is_still_in_its_grace_is_moved(void)
{
    control = lab_open();
    open_connected("a");
    set_key("'base_key':'" KEY("2") "','activate_after_ms':0,'grace_ms':60000");
    set_key("'base_key':'" KEY("1") "','activate_after_ms':0,'grace_ms':60000");
    CU_ASSERT_EQUAL(secrets("result=\"moved\""), 1);
    CU_ASSERT_EQUAL(secrets("result=\"staged\""), 2);
    lab_close();
}

/* The dataplane without packets says that the last worker took 2 microseconds, a grace period 4,
 * wiping 5. */
static void what_keys_take_is_counted(void)
{
    control = lab_open();
    open_connected("a");
    lab_run_ms(10);
    CU_ASSERT_EQUAL(value("rtpseal_key_activation_seconds_count", ""), 1);
    CU_ASSERT_DOUBLE_EQUAL(value("rtpseal_key_activation_seconds_sum", ""), 2e-6, 1e-12);
    CU_ASSERT_EQUAL(page_bucket(&page, "rtpseal_key_activation_seconds", "", 0.00001), 1);
    CU_ASSERT_EQUAL(value("rtpseal_rcu_grace_seconds_count", ""), 0);
    set_key("'base_key':'" KEY("2") "','activate_after_ms':0,'grace_ms':0");
    lab_run_ms(10);
    CU_ASSERT_EQUAL(value("rtpseal_rcu_grace_seconds_count", ""), 1);
    CU_ASSERT_DOUBLE_EQUAL(value("rtpseal_rcu_grace_seconds_sum", ""), 4e-6, 1e-12);
    CU_ASSERT_EQUAL(value("rtpseal_key_wipe_seconds_count", ""), 1);
    CU_ASSERT_DOUBLE_EQUAL(value("rtpseal_key_wipe_seconds_sum", ""), 5e-6, 1e-12);
    lab_close();
}

static void a_derivation_is_counted_with_its_time(void)
{
    control = lab_open();
    open_connected("a");
    CU_ASSERT_EQUAL(value("rtpseal_key_derivations_total", "result=\"ok\""), 0);
    CU_ASSERT_STRING_EQUAL(set_key("'encryption_secret':'correct horse'"), "ok");
    CU_ASSERT_EQUAL(value("rtpseal_key_derivations_total", "result=\"ok\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_key_derivation_seconds_count", ""), 1);
    CU_ASSERT(value("rtpseal_key_derivation_seconds_sum", "") > 0.01);
    lab_close();
}

static void the_age_of_active_keys_begins_with_their_activation(void)
{
    double oldest;

    control = lab_open();
    CU_ASSERT_EQUAL(value("rtpseal_key_age_oldest_seconds", ""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_key_age_average_seconds", ""), 0);
    open_connected("a");
    lab_run_ms(200);
    open_connected("b");
    oldest = value("rtpseal_key_age_oldest_seconds", "");
    CU_ASSERT(oldest >= 0.19 && oldest < 10);
    CU_ASSERT_EQUAL(page_value(&page, "rtpseal_active_keys", ""), 2);
    CU_ASSERT(page_value(&page, "rtpseal_key_age_average_seconds", "") < oldest);
    CU_ASSERT(page_value(&page, "rtpseal_key_age_average_seconds", "") >= oldest / 2 - 0.002);
    set_key("'base_key':'" KEY("2") "','activate_after_ms':60000,'grace_ms':70000");
    CU_ASSERT_EQUAL(value("rtpseal_active_keys", ""), 2);
    CU_ASSERT(value("rtpseal_key_age_oldest_seconds", "") >= oldest);
    CU_ASSERT_EQUAL(value("rtpseal_key_use_seconds_count", ""), 0);
    lab_close();
}

static void a_key_that_is_no_longer_active_is_counted_with_how_long_it_was(void)
{
    control = lab_open();
    open_connected("a");
    lab_run_ms(200);
    open_connected("b");
    set_key("'base_key':'" KEY("2") "','activate_after_ms':0,'grace_ms':60000");
    CU_ASSERT_EQUAL(value("rtpseal_active_keys", ""), 2);
    CU_ASSERT(value("rtpseal_key_age_oldest_seconds", "") < 0.19);
    CU_ASSERT_EQUAL(value("rtpseal_key_use_seconds_count", ""), 1);
    CU_ASSERT(value("rtpseal_key_use_seconds_sum", "") >= 0.19);
    lab_call("session_disconnect", "{'session_id':'a'}");
    CU_ASSERT_EQUAL(value("rtpseal_active_keys", ""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_key_use_seconds_count", ""), 2);
    lab_call("session_delete", "{'session_id':'b'}");
    CU_ASSERT_EQUAL(value("rtpseal_active_keys", ""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_key_use_seconds_count", ""), 3);
    CU_ASSERT_EQUAL(value("rtpseal_key_age_oldest_seconds", ""), 0);
    lab_call("session_delete", "{'session_id':'a'}");
    CU_ASSERT_EQUAL(value("rtpseal_sessions", ""), 0);
    lab_close();
}

static void http_requests_are_counted_by_path_and_status(void)
{
    control = lab_open();
    CU_ASSERT_EQUAL(value("rtpseal_http_requests_total", "path=\"/metrics\",code=\"200\""), 0);
    rs_counts_http(&control->counts, RS_RESOURCE_METRICS, 200);
    rs_counts_http(&control->counts, RS_RESOURCE_READYZ, 503);
    rs_counts_http(&control->counts, RS_RESOURCE_OTHER, 404);
    rs_counts_http(&control->counts, RS_RESOURCE_PROJECT, 418);
    CU_ASSERT_EQUAL(value("rtpseal_http_requests_total", "path=\"/metrics\",code=\"200\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_http_requests_total", "path=\"/readyz\",code=\"503\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_http_requests_total", "path=\"/readyz\",code=\"200\""), 0);
    CU_ASSERT_EQUAL(value("rtpseal_http_requests_total", "path=\"other\",code=\"404\""), 1);
    CU_ASSERT_EQUAL(value("rtpseal_http_requests_total", "path=\"/v2/project/\",code=\"other\""),
                    1);
    lab_close();
}

static void a_method_beyond_the_table_counts_as_none(void)
{
    static struct rs_counts counts;

    rs_counts_init(&counts);
    rs_counts_request(&counts, RS_COUNTED_METHODS, RS_E_DENIED);
    rs_counts_request(&counts, SIZE_MAX, RS_E_DENIED);
    CU_ASSERT_EQUAL(counts.requests[RS_COUNTED_METHODS - 1][RS_E_DENIED], 2);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(requests_are_counted_by_method_and_result),
        TEST(secrets_are_counted_by_what_became_of_them),
        TEST(a_secret_that_is_still_in_its_grace_is_moved),
        TEST(what_keys_take_is_counted),
        TEST(a_derivation_is_counted_with_its_time),
        TEST(the_age_of_active_keys_begins_with_their_activation),
        TEST(a_key_that_is_no_longer_active_is_counted_with_how_long_it_was),
        TEST(http_requests_are_counted_by_path_and_status),
        TEST(a_method_beyond_the_table_counts_as_none),
    };

    return rs_test_main("counts", tests, sizeof(tests) / sizeof(tests[0]));
}
