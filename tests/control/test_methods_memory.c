/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each method while memory runs out: the first allocation fails, then the second, until it is
 * answered. What was refused has changed nothing, and the same call goes through afterwards.
 */
#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "control/capture.h"
#include "control/handlers.h"
#include "control/registry.h"
#include "control/reload.h"
#include "control/server.h"
#include "tests/control/lab.h"
#include "tests/support/failing_memory.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define KEY  "'base_key':'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'"
#define KEY2 "'base_key':'f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'"
#define STREAM(n)                                                                                  \
    "{'session_id':'s','stream_id':'" #n "','link':'edge0','payload_types':{'96':{'codec':"        \
    "'VP8'}},'flow':{'dst_ip':'198.51.100.1','dst_port':1000" #n "}}"

#define APPLIED(n)                                                                                 \
    "{'stream_id':'" #n "','session_id':'s','direction':'seal','link':'edge0','payload_types':"    \
    "{'96':{'codec':'VP8'}},'flow':{'dst_ip':'198.51.100.1','dst_port':1000" #n "}}"

enum { ALLOCATIONS_MAX = 20000, SMALLEST_BYTES = 16 };

struct call {
    const char *method, *params;
    bool changes;
};

/* A life of a session, in its order: each has what it needs from those before it. */
static const struct call calls[] = {
    {"rpc_get_methods", "{}", false},
    {"get_version", "{}", false},
    {"has_end_to_end_encryption_support", "{}", false},
    {"session_create", "{'session_id':'s','e2ee':true}", true},
    {"session_connect", "{'session_id':'s'," KEY "}", true},
    {"stream_publish", STREAM(1), true},
    {"stream_subscribe", STREAM(2), true},
    {"stream_update", "{'stream_id':'1','payload_types':{'97':{'codec':'H264'}}}", false},
    {"session_set_encryption_secret", "{'session_id':'s'," KEY2 "}", true},
    {"session_get", "{'session_id':'s'}", false},
    {"session_list", "{}", false},
    {"stream_get", "{'stream_id':'1'}", false},
    {"stream_list", "{}", false},
    {"stats_get", "{}", false},
    {"stats_busiest", "{}", false},
    {"flow_explain", "{'flow':{'dst_ip':'198.51.100.1','dst_port':10001}}", false},
    {"health_get", "{}", false},
    {"log_set_level", "{'level':'error'}", false},
    {"stream_delete", "{'stream_id':'2'}", true},
    {"drain", "{}", false},
    {"drain", "{'cancel':true}", false},
    {"session_disconnect", "{'session_id':'s'}", true},
    {"session_delete", "{'session_id':'s'}", true},
};

/* The locked heap is used up, so that JSON's memory is the ordinary heap's and can fail; OpenSSL,
 * which crashes where its first use finds none, has been used once. */
static struct rs_control *open_lab_with(const char *more)
{
    struct rs_control *control = lab_open_with(more);

    while (OPENSSL_secure_malloc(SMALLEST_BYTES) != NULL)
        continue;
    lab_call("session_create", "{'session_id':'first','e2ee':true}");
    CU_ASSERT_STRING_EQUAL(lab_call("session_connect", "{'session_id':'first'," KEY "}"), "ok");
    CU_ASSERT_STRING_EQUAL(lab_call("session_delete", "{'session_id':'first'}"), "ok");
    return control;
}

static void open_lab(void)
{
    open_lab_with("");
}

/* What cannot be told has been done all the same, and is told so. */
static bool is_done_untold(const struct rs_error *error)
{
    return error->reason == RS_E_INTERNAL_ERROR && strstr(error->message, "it is done") != NULL;
}

static unsigned long refusals;

/* A long list, which must not come cut short. */
static bool is_whole(const struct call *call, const json_t *result)
{
    json_t *whole = rs_methods_json();
    const bool equal = strcmp(call->method, "rpc_get_methods") != 0 || json_equal(result, whole);

    json_decref(whole);
    return equal;
}

/* Runs it with its n-th allocation failing. Returns whether one did. */
static bool try(const struct call *call, unsigned long n, enum rs_reason *reason)
{
    struct rs_request *request = lab_prepare(call->method, call->params);
    unsigned long failed;

    failing_memory_arm(n);
    rs_request_run(request);
    failed = failing_memory_disarm();
    CU_ASSERT_TRUE_FATAL(lab_is_done(request));
    *reason = is_done_untold(&request->error) && call->changes ? RS_E_NONE : request->error.reason;
    CU_ASSERT(*reason == RS_E_NONE || (failed > 0 && request->error.message[0] != '\0'));
    CU_ASSERT(request->error.reason != RS_E_NONE || is_whole(call, request->result));
    refusals += request->error.reason != RS_E_NONE;
    rs_request_free(request);
    return failed > 0;
}

/* Until it has succeeded. A refused change leaves no session or stream more or less. */
static void run_out(const struct call *call)
{
    enum rs_reason reason = RS_E_INTERNAL_ERROR;
    unsigned long n = 0;

    while (reason != RS_E_NONE && n < ALLOCATIONS_MAX) {
        const size_t sessions = rs_fake_session_count(), streams = rs_fake_stream_count();

        if (!try(call, ++n, &reason) || reason == RS_E_NONE)
            continue;
        CU_ASSERT_EQUAL(rs_fake_session_count(), sessions);
        CU_ASSERT_EQUAL(rs_fake_stream_count(), streams);
    }
    if (reason != RS_E_NONE)
        printf("    %s: reason %d at allocation %lu\n", call->method, (int)reason, n);
    CU_ASSERT_EQUAL(reason, RS_E_NONE);
}

static void a_method_without_memory_is_refused_whole_and_works_afterwards(void)
{
    open_lab();
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        run_out(&calls[i]);
    CU_ASSERT(refusals > 1000);
    lab_run_ms(20);
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    CU_ASSERT_EQUAL(rs_fake_stream_count(), 0);
    lab_close();
}

/* ---- a whole desired state ---------------------------------------------------------------- */

/* The last call of a transaction that makes one session of two and two streams, or what comes
 * before it; `txn` is that of the last apply_begin. */
static void begin_and_add(char *params, size_t size, const char *more)
{
    const char *txn;

    CU_ASSERT_STRING_EQUAL_FATAL(lab_call("apply_begin", "{}"), "ok");
    txn = json_string_value(json_object_get(lab_result(), "txn"));
    snprintf(params, size,
             "{'txn':'%s','sessions':[{'session_id':'s','e2ee':true},{'session_id':'t'}],"
             "'streams':[" APPLIED(1) "," APPLIED(2) "]}",
             txn);
    if (more == NULL)
        return;
    {
        char commit[128];

        snprintf(commit, sizeof(commit), "{'txn':'%s'%s}", txn, more);
        CU_ASSERT_STRING_EQUAL_FATAL(lab_call("apply_add", params), "ok");
        snprintf(params, size, "%s", commit);
    }
}

/* Runs it from the beginning for each of its allocations: a transaction is over when it was
 * refused. `made`: how many sessions, and streams, there are where it was not. Returns how often it
 * was. */
static unsigned int run_out_of_transaction(const char *method, const char *more, size_t made)
{
    unsigned int refused = 0;
    bool failed = true;

    for (unsigned long n = 1; failed && n < ALLOCATIONS_MAX; n++) {
        char params[2048];
        const struct call call = {method, params, true};
        enum rs_reason reason;
        size_t expected;

        begin_and_add(params, sizeof(params), more);
        failed = try(&call, n, &reason);
        expected = reason == RS_E_NONE ? made : 0;
        CU_ASSERT_EQUAL(rs_fake_session_count(), expected);
        CU_ASSERT_EQUAL(rs_fake_stream_count(), expected);
        refused += reason != RS_E_NONE;
        lab_call("session_delete", "{'session_id':'s'}");
        lab_call("session_delete", "{'session_id':'t'}");
        lab_run_ms(1);
    }
    return refused;
}

static void a_desired_state_is_reached_whole_or_not_at_all(void)
{
    open_lab();
    CU_ASSERT(run_out_of_transaction("apply_add", NULL, 0) > 1);
    CU_ASSERT(run_out_of_transaction("apply_commit", ",'dry_run':true", 0) > 1);
    CU_ASSERT(run_out_of_transaction("apply_commit", "", 2) > 1);
    lab_close();
}

/* ---- files -------------------------------------------------------------------------------- */

static const struct call file_calls[] = {
    {"config_check", "{}", false},
    {"config_reload", "{}", true},
    {"capture_get", "{}", false},
    {"capture_start", "{'when':'after','drop':'no_key'}", true},
    {"capture_get", "{}", false},
    {"capture_stop", "{}", true},
    {"events_subscribe", "{'types':['secret_staged']}", true},
    {"events_unsubscribe", "{}", true},
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static unsigned int count_files(const char *directory)
{
    DIR *listed = opendir(directory);
    unsigned int count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(listed);
    for (struct dirent *entry = readdir(listed); entry != NULL; entry = readdir(listed))
        count += entry->d_name[0] != '.';
    closedir(listed);
    return count;
}

static void methods_that_read_and_write_files_are_refused_whole_too(void)
{
    static const char text[] = "cpus: [0]\nlock_keys: no\ncontrol: {requests_per_second: "
                               "0}\nlinks: [{name: edge0, plain: {vdev: net_ring0}, "
                               "sealed: {vdev: net_ring1}, media: [{ports: 10000-59999}]}]\n";
    char directory[] = "/tmp/rtpseal-memory-XXXXXX", more[128], path[64];
    struct rs_overrides overrides = {.socket = {NULL, NULL}};
    struct rs_control *control;
    FILE *file;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    snprintf(more, sizeof(more), "capture: {directory: %s}\n", directory);
    snprintf(path, sizeof(path), "%s/rtpseald.yaml", directory);
    file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    control = open_lab_with(more);
    control->reload =
        rs_reload_create(control, (struct rs_config *)(uintptr_t)control->config, path, &overrides);
    control->server = rs_server_create(control);
    control->registry->capturer = control->capturer = rs_capturer_create(control);
    CU_ASSERT_FATAL(control->reload != NULL && control->server != NULL &&
                    control->capturer != NULL);
    refusals = 0;
    for (size_t i = 0; i < sizeof(file_calls) / sizeof(file_calls[0]); i++)
        run_out(&file_calls[i]);
    CU_ASSERT_EQUAL(count_files(directory), 2); /* the configuration, and one capture */
    CU_ASSERT(refusals > 20);
    rs_capturer_destroy(control->capturer);
    control->registry->capturer = NULL;
    rs_server_destroy(control->server);
    control->server = NULL;
    rs_reload_destroy(control->reload);
    lab_close();
    CU_ASSERT_EQUAL(nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"methods_that_read_and_write_files_are_refused_whole_too",
         methods_that_read_and_write_files_are_refused_whole_too},
        {"a_desired_state_is_reached_whole_or_not_at_all",
         a_desired_state_is_reached_whole_or_not_at_all},
        {"a_method_without_memory_is_refused_whole_and_works_afterwards",
         a_method_without_memory_is_refused_whole_and_works_afterwards},
    };

    return rs_test_main("methods_memory", tests, sizeof(tests) / sizeof(tests[0]));
}
