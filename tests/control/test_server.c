/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket over a real socket: lines that are broken, too long, cut off, never read.
 */
#include "control/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/config.h"
#include "tests/control/lab.h"
#include "tests/support/runner.h"

/* At most: a machine that is given to others takes seconds. */
enum { DERIVATION_MS = 30000 };

static struct rs_control *control;
static struct rs_server *server;

static void open_server(void)
{
    control = lab_open();
    server = rs_server_create(control);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
}

static void close_server(void)
{
    rs_server_destroy(server);
    lab_close();
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", control->config->socket_path);
    CU_ASSERT_EQUAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Sends, lets the server work, and reads what it says; the text is valid until the next call. */
static const char *ask(int fd, const char *bytes, size_t count)
{
    static char reply[1 << 17];
    size_t used = 0;

    while (count > 0) {
        const ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            break;
        if (n > 0) {
            bytes += n;
            count -= (size_t)n;
        }
        lab_run_ms(1);
    }
    lab_run_ms(20);
    for (ssize_t n = 1; n > 0 && used<sizeof(reply) - 1; used += n> 0 ? (size_t)n : 0)
        n = read(fd, reply + used, sizeof(reply) - 1 - used);
    reply[used] = '\0';
    return reply;
}

#define ASK(fd, text) ask(fd, text, strlen(text))
#define VERSION       "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"get_version\"}\n"

static void a_broken_line_is_answered_and_the_next_one_served(void)
{
    int fd;

    open_server();
    fd = dial();
    CU_ASSERT_PTR_NOT_NULL(strstr(ASK(fd, "{broken\n"), "-32700"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ASK(fd, "\xff\xfe\n"), "-32700"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ASK(fd, VERSION), "\"id\":7,\"result\""));
    CU_ASSERT_STRING_EQUAL(ASK(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"get_version\"}\n\n"), "");
    close(fd);
    close_server();
}

static void a_line_of_64_kib_is_read_and_one_byte_more_is_refused_and_closed(void)
{
    static char line[RS_REQUEST_MAX + 2];
    char rest;
    int fd;

    open_server();
    fd = dial();
    memset(line, ' ', sizeof(line));
    memcpy(line, VERSION, strlen(VERSION) - 1);
    line[RS_REQUEST_MAX] = '\n';
    CU_ASSERT_PTR_NOT_NULL(strstr(ask(fd, line, RS_REQUEST_MAX + 1), "\"result\""));
    line[RS_REQUEST_MAX] = ' ';
    CU_ASSERT_PTR_NOT_NULL(strstr(ask(fd, line, RS_REQUEST_MAX + 1), "request_too_large"));
    CU_ASSERT_EQUAL(read(fd, &rest, 1), 0);
    close(fd);
    close_server();
}

static void a_megabyte_without_a_newline_is_refused_and_the_server_lives(void)
{
    char *line = malloc(1 << 20);
    int fd;

    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    open_server();
    memset(line, 'x', 1 << 20);
    fd = dial();
    CU_ASSERT_PTR_NOT_NULL(strstr(ask(fd, line, 1 << 20), "request_too_large"));
    close(fd);
    fd = dial();
    CU_ASSERT_PTR_NOT_NULL(strstr(ASK(fd, VERSION), "\"result\""));
    close(fd);
    free(line);
    close_server();
}

static bool is_connected(const char *session)
{
    return strcmp(lab_call("session_get", session), "ok") == 0 &&
           strcmp(json_string_value(json_object_get(lab_result(), "state")), "connected") == 0;
}

static void half_a_line_does_nothing_and_a_client_that_left_still_gets_its_change(void)
{
    int fd;

    open_server();
    fd = dial();
    ASK(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session_create\",\"params\":{}}");
    close(fd);
    lab_run_ms(20);
    CU_ASSERT_EQUAL(rs_server_clients(server, RS_ROLE_ADMIN), 0);
    fd = dial();
    ASK(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session_create\","
            "\"params\":{\"session_id\":\"s\",\"e2ee\":true}}\n"
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"session_connect\","
            "\"params\":{\"session_id\":\"s\",\"encryption_secret\":\"12345678\"}}\n");
    close(fd);
    for (int waited = 0; !is_connected("{'session_id':'s'}") && waited < DERIVATION_MS;
         waited += 50)
        lab_run_ms(50);
    CU_ASSERT_TRUE(is_connected("{'session_id':'s'}"));
    lab_call("stats_get", "{}");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(lab_result(), "sessions")), 1);
    close_server();
}

static void the_65th_client_is_told_and_turned_away(void)
{
    int fds[RS_CLIENTS_MAX + 1];

    open_server();
    for (int i = 0; i <= RS_CLIENTS_MAX; i++) {
        fds[i] = dial();
        lab_run_ms(2);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(ASK(fds[RS_CLIENTS_MAX], ""), "no_capacity"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ASK(fds[0], VERSION), "\"result\""));
    CU_ASSERT_EQUAL(control->counts.connections[RS_CONNECTION_ACCEPTED], RS_CLIENTS_MAX);
    CU_ASSERT_EQUAL(control->counts.connections[RS_CONNECTION_NO_CAPACITY], 1);
    CU_ASSERT_EQUAL(rs_server_clients(server, RS_ROLE_ADMIN), RS_CLIENTS_MAX);
    CU_ASSERT_EQUAL(rs_server_clients(server, RS_ROLE_VIEWER), 0);
    for (int i = 0; i <= RS_CLIENTS_MAX; i++)
        close(fds[i]);
    close_server();
}

static void a_client_that_does_not_read_is_dropped(void)
{
    static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc_get_methods\"}\n";
    ssize_t sent = 0;
    int fd;

    open_server();
    fd = dial();
    for (int i = 0; i < 2000 && sent >= 0; i++) {
        sent = send(fd, request, strlen(request), MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            sent = 0;
        lab_run_ms(1);
    }
    CU_ASSERT_TRUE(sent < 0 && (errno == EPIPE || errno == ECONNRESET));
    close(fd);
    close_server();
}

static void a_live_socket_is_not_stolen_and_a_stale_one_is_replaced(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    int fd;

    open_server();
    CU_ASSERT_PTR_NULL(rs_server_create(control));
    CU_ASSERT_EQUAL(stat(control->config->socket_path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0666);
    rs_server_destroy(server);
    CU_ASSERT_EQUAL(stat(control->config->socket_path, &status), -1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", control->config->socket_path);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    server = rs_server_create(control);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    close_server();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(a_broken_line_is_answered_and_the_next_one_served),
    TEST(a_line_of_64_kib_is_read_and_one_byte_more_is_refused_and_closed),
    TEST(a_megabyte_without_a_newline_is_refused_and_the_server_lives),
    TEST(half_a_line_does_nothing_and_a_client_that_left_still_gets_its_change),
    TEST(the_65th_client_is_told_and_turned_away),
    TEST(a_client_that_does_not_read_is_dropped),
    TEST(a_live_socket_is_not_stolen_and_a_stale_one_is_replaced),
};

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    return rs_test_main("server", tests, sizeof(tests) / sizeof(tests[0]));
}
