/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client library against a socket on whose other end the test says what comes, and when.
 */
#include "control/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/ctl/wipe.h"
#include "tests/support/memory.h"
#include "tests/support/runner.h"

#define EVENT(seq) "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":" #seq "}}\n"
#define REPLY(id)  "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{\"is\":" #id "}}\n"

static char directory[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener, far_end;
static struct rs_client *client;

static void listen_at(int backlog)
{
    snprintf(directory, sizeof(directory), "/tmp/rtpseal-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    CU_ASSERT_EQUAL_FATAL(listen(listener, backlog), 0);
}

static void stop_listening(void)
{
    close(listener);
    unlink(address.sun_path);
    rmdir(directory);
}

static void open_client(void)
{
    listen_at(8);
    CU_ASSERT_EQUAL_FATAL(rs_client_open(address.sun_path, &client), 0);
    far_end = accept(listener, NULL, NULL);
    CU_ASSERT_FATAL(far_end >= 0);
}

static void close_client(void)
{
    rs_client_close(client);
    close(far_end);
    stop_listening();
}

static void say(const char *text)
{
    CU_ASSERT_EQUAL(send(far_end, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What the client has sent, as text; valid until the next call. */
static const char *heard(void)
{
    static char text[4096];
    const ssize_t got = recv(far_end, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The member "is" of the reply's result; 0 without. */
static json_int_t call(const char *method, int *error)
{
    struct rs_client_reply reply = {0};
    json_int_t is;

    *error = rs_client_call_within(client, method, NULL, 200, &reply);
    is = json_integer_value(json_object_get(reply.result, "is"));
    json_decref(reply.result);
    json_decref(reply.error);
    return is;
}

/* The next event's seq, or the error. */
static json_int_t next_event(int timeout_ms)
{
    json_t *event = NULL;
    const int error = rs_client_next_event_within(client, timeout_ms, &event);
    const json_int_t seq = json_integer_value(json_object_get(event, "seq"));

    json_decref(event);
    return error == 0 ? seq : error;
}

static void a_call_is_one_line_and_its_reply_is_the_callers(void)
{
    struct rs_client_reply reply = {0};
    json_t *params = json_pack("{s:i}", "a", 1);

    open_client();
    say(REPLY(1));
    CU_ASSERT_EQUAL(rs_client_call(client, "get_version", params, &reply), 0);
    CU_ASSERT_STRING_EQUAL(
        heard(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get_version\",\"params\":{\"a\":1}}\n");
    CU_ASSERT_PTR_NULL(reply.error);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(reply.result, "is")), 1);
    json_decref(reply.result);
    say("{\"id\":2,\"error\":{\"code\":6105}}\n");
    CU_ASSERT_EQUAL(rs_client_call(client, "session_get", NULL, &reply), 0);
    CU_ASSERT_PTR_NULL(reply.result);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(reply.error, "code")), 6105);
    json_decref(reply.error);
    json_decref(params);
    close_client();
}

static void events_before_a_reply_are_kept_in_order(void)
{
    int error;

    open_client();
    say(EVENT(1) EVENT(2) REPLY(1) EVENT(3));
    CU_ASSERT_EQUAL(call("x", &error), 1);
    CU_ASSERT_EQUAL(error, 0);
    CU_ASSERT_EQUAL(next_event(0), 1);
    say(EVENT(4) REPLY(2));
    CU_ASSERT_EQUAL(call("x", &error), 2);
    for (int seq = 2; seq <= 4; seq++)
        CU_ASSERT_EQUAL(next_event(0), seq);
    CU_ASSERT_EQUAL(next_event(0), -ETIMEDOUT);
    close_client();
}

static void lines_come_in_pieces_and_several_at_once(void)
{
    open_client();
    say("{\"method\":\"event\",\"par");
    CU_ASSERT_EQUAL(next_event(20), -ETIMEDOUT);
    say("ams\":{\"seq\":7}}\n" EVENT(8));
    CU_ASSERT_EQUAL(next_event(1000), 7);
    CU_ASSERT_EQUAL(next_event(0), 8);
    close_client();
}

static void a_timeout_is_kept_and_the_late_reply_thrown_away(void)
{
    const int64_t begin = now_ms();
    int error;

    open_client();
    CU_ASSERT_EQUAL(next_event(0), -ETIMEDOUT);
    CU_ASSERT_EQUAL(call("slow", &error), 0);
    CU_ASSERT_EQUAL(error, -ETIMEDOUT);
    CU_ASSERT_TRUE(now_ms() - begin >= 200);
    say(EVENT(5) REPLY(1) REPLY(2));
    CU_ASSERT_EQUAL(call("next", &error), 2);
    CU_ASSERT_EQUAL(error, 0);
    CU_ASSERT_EQUAL(next_event(0), 5);
    close_client();
}

static void what_ends_the_connection_is_said_from_then_on(void)
{
    static const struct {
        const char *name, *said;
        int error;
    } rows[] = {
        {"closed", NULL, -EPIPE},
        {"no JSON", "hello\n", -EPROTO},
        {"no object", "[]\n", -EPROTO},
        {"neither result nor error", "{\"id\":1}\n", -EPROTO},
        {"both", "{\"id\":1,\"result\":1,\"error\":{}}\n", -EPROTO},
        {"a reply to nothing asked", REPLY(2), -EPROTO},
        {"no id", "{\"result\":1}\n", -EPROTO},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int error;

        open_client();
        if (rows[i].said != NULL)
            say(rows[i].said);
        else
            shutdown(far_end, SHUT_RDWR);
        call("x", &error);
        if (error != rows[i].error)
            printf("%s: error %d\n", rows[i].name, error);
        CU_ASSERT_EQUAL(error, rows[i].error);
        if (rows[i].said != NULL)
            say(REPLY(2));
        call("x", &error);
        CU_ASSERT_EQUAL(error, rows[i].error);
        CU_ASSERT_EQUAL(next_event(0), rows[i].error);
        close_client();
    }
}

static void a_line_without_end_is_no_reply(void)
{
    static char dots[65536];
    int error = -ETIMEDOUT;

    memset(dots, '.', sizeof(dots));
    open_client();
    for (int i = 0; i < 64 && error == -ETIMEDOUT; i++) {
        CU_ASSERT_EQUAL(send(far_end, dots, sizeof(dots), MSG_NOSIGNAL), (ssize_t)sizeof(dots));
        error = (int)next_event(0);
    }
    CU_ASSERT_EQUAL(error, -EPROTO);
    close_client();
}

static void half_a_request_ends_the_connection(void)
{
    static char text[1 << 20];
    struct rs_client_reply reply;
    json_t *params;

    memset(text, 'x', sizeof(text) - 1);
    params = json_pack("{s:s}", "text", text);
    open_client();
    /* More than a socket takes while nobody reads. */
    CU_ASSERT_EQUAL(rs_client_call_within(client, "x", params, 50, &reply), -EPIPE);
    CU_ASSERT_EQUAL(rs_client_call_within(client, "x", NULL, 50, &reply), -EPIPE);
    json_decref(params);
    close_client();
}

static void what_cannot_be_asked_is_not_sent(void)
{
    struct rs_client_reply reply;
    json_t *list = json_array();
    int error;

    open_client();
    CU_ASSERT_EQUAL(rs_client_call(client, "x", list, &reply), -EINVAL);
    CU_ASSERT_EQUAL(rs_client_call(client, "\xff", NULL, &reply), -EINVAL);
    CU_ASSERT_STRING_EQUAL(heard(), "");
    say(REPLY(1));
    CU_ASSERT_EQUAL(call("x", &error), 1);
    json_decref(list);
    close_client();
}

static void opening_says_why_it_cannot(void)
{
    struct rs_client *first, *second;
    char far_too_long[200];

    memset(far_too_long, 'x', sizeof(far_too_long) - 1);
    far_too_long[sizeof(far_too_long) - 1] = '\0';
    CU_ASSERT_EQUAL(rs_client_open(far_too_long, &first), -ENAMETOOLONG);
    CU_ASSERT_EQUAL(rs_client_open("/nowhere/s", &first), -ENOENT);
    listen_at(0); /* room for one that is not yet accepted */
    CU_ASSERT_EQUAL_FATAL(rs_client_open_within(address.sun_path, 1000, &first), 0);
    CU_ASSERT_EQUAL(rs_client_open_within(address.sun_path, 50, &second), -ETIMEDOUT);
    CU_ASSERT_EQUAL(rs_client_open_within(address.sun_path, 0, &second), -ETIMEDOUT);
    rs_client_close(first);
    stop_listening();
    CU_ASSERT_STRING_EQUAL(rs_client_error_text(-ENOENT), "No such file or directory");
    CU_ASSERT_STRING_EQUAL(rs_client_error_text(-EPIPE), "the daemon closed the connection");
}

/* Not on any stack or in any register of the test: made in memory that is wiped. */
static json_t *params_with_secret(struct rs_memory_needle *needle)
{
    char *secret = rs_wipe_alloc(RS_MEMORY_NEEDLE_BYTES + 1);
    json_t *params;

    for (int i = 0; i < RS_MEMORY_NEEDLE_BYTES; i++)
        secret[i] = (char)('A' + (i * 7 + (int)getpid()) % 26);
    secret[RS_MEMORY_NEEDLE_BYTES] = '\0';
    rs_memory_remember(needle, secret);
    params = json_pack("{s:s}", "encryption_secret", secret);
    rs_wipe_free(secret);
    return params;
}

static void a_secret_is_nowhere_in_memory_once_it_is_sent(void)
{
    struct rs_memory_needle needle;
    struct rs_client_reply reply;
    json_t *params;

    if (RS_MEMORY_SANITIZED) {
        rs_test_skip("a sanitizer keeps freed memory as it was");
        return;
    }
    json_set_alloc_funcs(rs_wipe_alloc, rs_wipe_free);
    open_client();
    say(REPLY(1));
    params = params_with_secret(&needle);
    CU_ASSERT_EQUAL(rs_memory_count(&needle, 1), 1); /* it would be found */
    CU_ASSERT_EQUAL(rs_client_call(client, "session_connect", params, &reply), 0);
    json_decref(params);
    CU_ASSERT_EQUAL(rs_memory_count(&needle, 1), 0);
    json_decref(reply.result);
    close_client();
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_call_is_one_line_and_its_reply_is_the_callers",
         a_call_is_one_line_and_its_reply_is_the_callers},
        {"events_before_a_reply_are_kept_in_order", events_before_a_reply_are_kept_in_order},
        {"lines_come_in_pieces_and_several_at_once", lines_come_in_pieces_and_several_at_once},
        {"a_timeout_is_kept_and_the_late_reply_thrown_away",
         a_timeout_is_kept_and_the_late_reply_thrown_away},
        {"what_ends_the_connection_is_said_from_then_on",
         what_ends_the_connection_is_said_from_then_on},
        {"a_line_without_end_is_no_reply", a_line_without_end_is_no_reply},
        {"half_a_request_ends_the_connection", half_a_request_ends_the_connection},
        {"what_cannot_be_asked_is_not_sent", what_cannot_be_asked_is_not_sent},
        {"opening_says_why_it_cannot", opening_says_why_it_cannot},
        {"a_secret_is_nowhere_in_memory_once_it_is_sent",
         a_secret_is_nowhere_in_memory_once_it_is_sent},
    };

    return rs_test_main("client", tests, sizeof(tests) / sizeof(tests[0]));
}
