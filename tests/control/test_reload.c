/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file that changes under a running daemon, on the dataplane without packets.
 */
#include "control/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/rate.h"
#include "control/registry.h"
#include "control/server.h"
#include "tests/control/lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define HEAD "cpus: [0]\nlock_keys: no\nlimits: {sessions: 4, streams: 3}\n"
#define LINKS                                                                                      \
    "links: [{name: edge0, plain: {vdev: net_ring0}, sealed: {vdev: net_ring1}, media: [%s]%s}]\n"
#define RANGE "{ip: 198.51.100.0/24, ports: 10000-59999}"

static struct rs_control *control;
static char path[64];

static void write_file(const char *head, const char *media, const char *more)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        abort();
    fputs(head, file);
    fprintf(file, LINKS, media, more);
    fclose(file);
}

/* The lab's own configuration came from the same text. */
static void open_lab(void)
{
    static struct rs_overrides overrides;

    control = lab_open();
    overrides.socket = (struct rs_override){control->config->socket_path, "test"};
    snprintf(path, sizeof(path), "/tmp/rtpseal-reload-%d.yaml", (int)getpid());
    control->reload =
        rs_reload_create(control, (struct rs_config *)(uintptr_t)control->config, path, &overrides);
    control->server = rs_server_create(control);
    if (control->reload == NULL || control->server == NULL)
        abort();
}

static void close_lab(void)
{
    rs_server_destroy(control->server);
    control->server = NULL;
    rs_reload_destroy(control->reload);
    unlink(path);
    lab_close();
}

/* "key now file" of row n of a list of the last result. */
static const char *row(const char *list, size_t n)
{
    static char text[256];
    const json_t *change = json_array_get(json_object_get(lab_result(), list), n);

    if (change == NULL)
        return "";
    snprintf(text, sizeof(text), "%s %s %s", json_string_value(json_object_get(change, "key")),
             json_string_value(json_object_get(change, "now")),
             json_string_value(json_object_get(change, "file")));
    return text;
}

static void the_same_file_changes_nothing(void)
{
    open_lab();
    write_file(HEAD, RANGE, "");
    CU_ASSERT_STRING_EQUAL(lab_call("config_check", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(row("changes", 0), "");
    CU_ASSERT_STRING_EQUAL(lab_call("config_reload", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(row("applied", 0), "");
    CU_ASSERT_STRING_EQUAL(row("needs_restart", 0), "");
    close_lab();
}

static void a_check_tells_what_would_change(void)
{
    open_lab();
    write_file("cpus: [1]\nlock_keys: no\nlimits: {sessions: 2, streams: 3}\n"
               "e2ee: {grace_ms: 9000}\n",
               RANGE, "");
    CU_ASSERT_STRING_EQUAL(lab_call("config_check", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(row("changes", 0), "cpus 0 1");
    CU_ASSERT_STRING_EQUAL(row("changes", 1), "e2ee.grace_ms 30000 9000");
    CU_ASSERT_STRING_EQUAL(row("changes", 2), "limits.sessions 4 2");
    CU_ASSERT_EQUAL(control->config->e2ee.grace_ms, 30000);
    close_lab();
}

static void http_changes_with_a_restart(void)
{
    open_lab();
    write_file(HEAD "http: {listen: \"127.0.0.1:9470\", projects: [{key: 7, secret_file: /s}]}\n",
               RANGE, "");
    CU_ASSERT_STRING_EQUAL(lab_call("config_reload", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(row("needs_restart", 0), "http.listen  127.0.0.1:9470");
    CU_ASSERT_STRING_EQUAL(row("needs_restart", 1), "http.projects  7 /s on_request");
    CU_ASSERT_STRING_EQUAL(row("needs_restart", 2), "");
    CU_ASSERT_PTR_NULL(control->config->http.listen);
    close_lab();
}

static void what_can_change_is_taken_up_and_the_rest_waits(void)
{
    open_lab();
    write_file("cpus: [1]\nlock_keys: no\nlimits: {sessions: 2, streams: 3}\n"
               "e2ee: {enabled: false, grace_ms: 9000, auth_failure_alarm: 3}\n"
               "control: {operators: root, requests_per_second: 7}\n",
               RANGE ", {ports: 5000}", ", injected: pass_known");
    CU_ASSERT_STRING_EQUAL(lab_call("config_reload", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(row("needs_restart", 0), "cpus 0 1");
    CU_ASSERT_STRING_EQUAL(row("needs_restart", 1), "");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "applied")), 8);
    CU_ASSERT_EQUAL(control->config->e2ee.grace_ms, 9000);
    CU_ASSERT_EQUAL(control->config->dataplane.links[0].media_count, 2);
    CU_ASSERT_EQUAL(control->config->dataplane.cpus[0], 0);
    CU_ASSERT_STRING_EQUAL(control->config->operators, "root");
    CU_ASSERT_EQUAL(rs_fake_links_set(), 1);
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{'e2ee':true}"), "e2ee_not_enabled");
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("session_create", "{}"), "no_capacity");
    /* what waits still waits */
    CU_ASSERT_STRING_EQUAL(lab_call("config_check", "{}"), "ok");
    CU_ASSERT_STRING_EQUAL(row("changes", 0), "cpus 0 1");
    CU_ASSERT_STRING_EQUAL(row("changes", 1), "");
    close_lab();
}

static void other_ports_wait_with_their_ranges(void)
{
    open_lab();
    write_file(HEAD "e2ee: {grace_ms: 9000}\n", "{ports: 5000}",
               ", injected: pass_known}, {name: b,"
               " plain: {vdev: net_ring2}, sealed: {vdev: net_ring3}, media: [{ports: 1}]");
    CU_ASSERT_STRING_EQUAL(lab_call("config_reload", "{}"), "ok");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(lab_result(), "needs_restart")), 1);
    CU_ASSERT_EQUAL(control->config->e2ee.grace_ms, 9000);
    CU_ASSERT_EQUAL(control->config->dataplane.links[0].media[0].port_first, 10000);
    close_lab();
}

static void must_refuse(const char *reason)
{
    CU_ASSERT_STRING_EQUAL(lab_call("config_reload", "{}"), reason);
    CU_ASSERT_EQUAL(control->config->e2ee.grace_ms, 30000);
    CU_ASSERT_EQUAL(control->config->dataplane.links[0].media[0].port_first, 10000);
}

static void a_bad_file_changes_nothing(void)
{
    open_lab();
    unlink(path);
    must_refuse("invalid_configuration");
    CU_ASSERT_PTR_NOT_NULL(strstr(lab_error()->message, path));
    write_file(HEAD "e2ee: {grace_ms: 9000, suite: ROT13}\n", RANGE, "");
    must_refuse("invalid_configuration");
    CU_ASSERT_PTR_NOT_NULL(strstr(lab_error()->message, "e2ee.suite"));
    write_file(HEAD "e2ee: {grace_ms: 9000}\n", RANGE, "");
    rs_fake_fail(ENOMEM);
    must_refuse("no_capacity");
    rs_fake_fail(0);
    close_lab();
}

/* Outside the ranges a link is a wire: its media would pass in clear. */
static void ranges_that_a_stream_lies_in_stay(void)
{
    open_lab();
    lab_call("session_create", "{'session_id':'a'}");
    lab_call("session_connect", "{'session_id':'a'}");
    CU_ASSERT_STRING_EQUAL(lab_call("stream_publish",
                                    "{'stream_id':'x','session_id':'a','link':'edge0',"
                                    "'payload_types':{},'flow':{'dst_ip':'198.51.100.20',"
                                    "'dst_port':20000}}"),
                           "ok");
    write_file(HEAD "e2ee: {grace_ms: 9000}\n", "{ports: 30000-40000}", "");
    must_refuse("invalid_configuration");
    CU_ASSERT_PTR_NOT_NULL(strstr(lab_error()->message, "stream x"));
    lab_call("stream_delete", "{'stream_id':'x'}");
    CU_ASSERT_STRING_EQUAL(lab_call("config_reload", "{}"), "ok");
    CU_ASSERT_EQUAL(control->config->dataplane.links[0].media[0].port_first, 30000);
    close_lab();
}

static void each_user_has_requests_of_their_own(void)
{
    struct rs_rate *rate = rs_rate_create(10);
    unsigned int allowed = 0, others = 0;

    for (int i = 0; i < 200; i++)
        allowed += rs_rate_allows(rate, 1000);
    for (int i = 0; i < 10; i++)
        others += rs_rate_allows(rate, 1001);
    /* one comes back every 100 ms, and this is not the time for many */
    CU_ASSERT(allowed >= 10 && allowed < 40);
    CU_ASSERT_EQUAL(others, 10);
    usleep(250000);
    CU_ASSERT(rs_rate_allows(rate, 1000));
    rs_rate_set(rate, 0);
    for (int i = 0; i < 200; i++)
        CU_ASSERT(rs_rate_allows(rate, 1000));
    rs_rate_destroy(rate);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(the_same_file_changes_nothing),
        TEST(a_check_tells_what_would_change),
        TEST(http_changes_with_a_restart),
        TEST(what_can_change_is_taken_up_and_the_rest_waits),
        TEST(other_ports_wait_with_their_ranges),
        TEST(a_bad_file_changes_nothing),
        TEST(ranges_that_a_stream_lies_in_stay),
        TEST(each_user_has_requests_of_their_own),
    };

    return rs_test_main("reload", tests, sizeof(tests) / sizeof(tests[0]));
}
