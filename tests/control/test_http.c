/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The HTTP listener: routes, requests that are broken or too large, pipelines, too many
 * connections, and its socket. What takes seconds is in tests/system/test_http.py.
 */
#include "control/http.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/health.h"
#include "control/http_clients.h"
#include "dataplane/dataplane.h"
#include "tests/control/http_lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define ALIVE         "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
#define ASK(fd, text) http_lab_ask(fd, text, strlen(text))

static const char *ask_once(const char *text)
{
    const int fd = http_lab_dial();
    const char *answer = ASK(fd, text);

    close(fd);
    return answer;
}

static const struct {
    const char *request;
    int status;
} status_rows[] = {
    {ALIVE, 200},
    {"GET /healthz HTTP/1.0\r\n\r\n", 200},
    {"GET /healthz?x=1 HTTP/1.1\r\n\r\n", 200},
    {"GET http://127.0.0.1:9470/healthz HTTP/1.1\r\n\r\n", 200},
    {"GET /readyz HTTP/1.1\r\n\r\n", 200},
    {"HEAD /readyz HTTP/1.1\r\n\r\n", 200},
    {"GET /metrics HTTP/1.1\r\n\r\n", 200},
    {"HEAD /metrics HTTP/1.1\r\n\r\n", 200},
    {"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405},
    {"POST /healthz HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405},
    {"DELETE /readyz HTTP/1.1\r\n\r\n", 405},
    {"GET /session/create HTTP/1.1\r\n\r\n", 405},
    {"PUT /session/create HTTP/1.1\r\n\r\n", 405},
    {"GET / HTTP/1.1\r\n\r\n", 404},
    {"GET /healthz/ HTTP/1.1\r\n\r\n", 404},
    {"GET //healthz HTTP/1.1\r\n\r\n", 404},
    {"GET /HEALTHZ HTTP/1.1\r\n\r\n", 404},
    {"GET /health%7A HTTP/1.1\r\n\r\n", 404},
    {"GET /x/../healthz HTTP/1.1\r\n\r\n", 404},
    {"GET /healthz%00 HTTP/1.1\r\n\r\n", 404},
    {"GET http://127.0.0.1:9470 HTTP/1.1\r\n\r\n", 404},
    {"GET * HTTP/1.1\r\n\r\n", 404},
    {"OPTIONS /healthz HTTP/1.1\r\n\r\n", 501},
    {"TRACE /healthz HTTP/1.1\r\n\r\n", 501},
    {"CONNECT 127.0.0.1:22 HTTP/1.1\r\n\r\n", 501},
    {"BREW /healthz HTTP/1.1\r\n\r\n", 501},
    {"get /healthz HTTP/1.1\r\n\r\n", 501},
    {"GET /healthz\r\n\r\n", 400},
    {"GET /healthz HTTX/1.1\r\n\r\n", 400},
    {"\x16\x03\x01\x02\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", 400},
    {"GET /healthz HTTP/1.1\r\n continued: before it began\r\n\r\n", 400},
    {"POST /session/create HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 400},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 8193\r\n\r\n", 413},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 8193\r\nExpect: 100-continue\r\n\r\n", 413},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 1\r\nExpect: a miracle\r\n\r\nx", 417},
    {"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2001\r\n", 413},
    {"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
     413},
    {"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 413},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\n\r\n",
     400},
    {"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 403},
    {"POST /session/create HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 403},
    {"POST /v2/project/100/archive HTTP/1.1\r\n\r\n", 403},
    {"PATCH /v2/project/100/archive/1/streams HTTP/1.1\r\n\r\n", 403},
};

static void each_request_gets_its_status(void)
{
    http_lab_open("");
    for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++) {
        const int status = http_lab_status(ask_once(status_rows[i].request));

        if (status != status_rows[i].status)
            printf("    %d: %.60s\n", status, status_rows[i].request);
        CU_ASSERT_EQUAL(status, status_rows[i].status);
    }
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    http_lab_close();
}

/* A head with a field that makes it so many bytes long, its line ends not counted, as evhttp does.
 */
static const char *head_of(size_t bytes)
{
    static char text[16384];
    const char line[] = "GET /healthz HTTP/1.1", field[] = "X: ";
    char *c = text + sprintf(text, "%s\r\n%s", line, field);

    bytes -= strlen(line) + strlen(field);
    memset(c, 'x', bytes);
    strcpy(c + bytes, "\r\n\r\n");
    return text;
}

static void heads_and_bodies_have_8_kib_and_not_a_byte_more(void)
{
    static char request[1 << 16];
    int fd;

    http_lab_open("");
    CU_ASSERT_EQUAL(http_lab_status(ask_once(head_of(8192))), 200);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(head_of(8193))), 400);
    memset(request, 'x', sizeof(request));
    fd = http_lab_dial();
    CU_ASSERT_EQUAL(http_lab_status(http_lab_ask(fd, request, sizeof(request))), 400);
    close(fd);
    sprintf(request, "POST /session/create HTTP/1.1\r\nContent-Length: 8192\r\n\r\n%08192d", 0);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(request)), 403);
    sprintf(request, "POST /session/create HTTP/1.1\r\nContent-Length: 8193\r\n\r\n%08193d", 0);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(request)), 413);
    http_lab_close();
}

static void an_answer_to_head_has_no_body_and_405_says_what_is_allowed(void)
{
    const char *answer;
    int fd;

    http_lab_open("");
    fd = http_lab_dial();
    answer = ASK(fd, "HEAD /healthz HTTP/1.1\r\n\r\n" ALIVE);
    CU_ASSERT_STRING_EQUAL(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    answer = ASK(fd, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "{\"alive\":true}"));
    close(fd);
    answer = ask_once("POST /healthz HTTP/1.1\r\n\r\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Allow: GET, HEAD\r\n"));
    answer = ask_once("GET /session/create HTTP/1.1\r\n\r\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Allow: POST\r\n"));
    http_lab_close();
}

static void ready_and_why_not(void)
{
    struct rs_control *control = http_lab_open("");
    const char *answer = ask_once("GET /readyz HTTP/1.1\r\n\r\n");

    CU_ASSERT_EQUAL(http_lab_status(answer), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "{\"ready\":true,\"reasons\":[]}"));
    rs_fake_break_suite(rs_suite_default());
    answer = ask_once("GET /readyz HTTP/1.1\r\n\r\n");
    CU_ASSERT_EQUAL(http_lab_status(answer), 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "AES_256_CTR_HMAC_SHA512_80"));
    rs_fake_break_suite(NULL);
    rs_health_drain(control, RS_DRAIN_BEGIN);
    answer = ask_once("GET /readyz HTTP/1.1\r\n\r\n");
    CU_ASSERT_EQUAL(http_lab_status(answer), 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "drains"));
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    http_lab_close();
}

static void pipelined_requests_are_answered_in_order(void)
{
    char requests[8192] = "";
    const char *answer;
    int fd;

    http_lab_open("");
    for (int i = 0; i < 50; i++)
        strcat(requests, i % 2 == 0 ? ALIVE : "GET /nothing HTTP/1.1\r\n\r\n");
    fd = http_lab_dial();
    answer = ASK(fd, requests);
    for (int i = 0; i < 50; i++) {
        CU_ASSERT_EQUAL(http_lab_status(answer), i % 2 == 0 ? 200 : 404);
        answer = ASK(fd, i < 49 ? "" : ALIVE);
    }
    CU_ASSERT_EQUAL(http_lab_status(answer), 200);
    close(fd);
    http_lab_close();
}

#define HALF_EXPECTING                                                                             \
    "POST /session/create HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"

static void half_a_request_and_a_client_that_leaves_harm_nobody(void)
{
    static const char *const halves[] = {
        "",
        "G",
        "GET /healthz HTTP/1.1",
        "GET /healthz HTTP/1.1\r\nHost: ",
        "POST /session/create HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
        HALF_EXPECTING,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX"};
    int fds[8];

    http_lab_open("");
    for (size_t i = 0; i < 8; i++) {
        fds[i] = http_lab_dial();
        CU_ASSERT_EQUAL(send(fds[i], halves[i], strlen(halves[i]), MSG_NOSIGNAL),
                        (ssize_t)strlen(halves[i]));
        lab_run_ms(5);
    }
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    for (size_t i = 0; i < 8; i += 2)
        close(fds[i]);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    http_lab_close(); /* with half of them still there */
    for (size_t i = 1; i < 8; i += 2)
        close(fds[i]);
}

/* Those that wait are told to come again, the longest waiting first; who asks is served. */
static void where_there_are_too_many_the_longest_waiting_makes_room(void)
{
    static int fds[RS_HTTP_CLIENTS_MAX + 1];
    char answer[256];
    ssize_t got;

    http_lab_open("");
    for (int i = 0; i < RS_HTTP_CLIENTS_MAX; i++) {
        fds[i] = http_lab_dial();
        lab_run_ms(1);
    }
    CU_ASSERT_EQUAL(http_lab_status(ASK(fds[0], ALIVE)), 200); /* no longer the longest waiting */
    fds[RS_HTTP_CLIENTS_MAX] = http_lab_dial();
    CU_ASSERT_EQUAL(http_lab_status(ASK(fds[RS_HTTP_CLIENTS_MAX], ALIVE)), 200);
    lab_run_ms(5);
    got = recv(fds[1], answer, sizeof(answer) - 1, 0);
    CU_ASSERT_FATAL(got > 0);
    answer[got] = '\0';
    CU_ASSERT_EQUAL(http_lab_status(answer), 503);
    CU_ASSERT_EQUAL(recv(fds[1], answer, sizeof(answer), 0), 0);
    CU_ASSERT_EQUAL(recv(fds[2], answer, sizeof(answer), 0), -1);
    CU_ASSERT_EQUAL(http_lab_status(ASK(fds[0], ALIVE)), 200);
    for (int i = 0; i <= RS_HTTP_CLIENTS_MAX; i++)
        close(fds[i]);
    lab_run_ms(20);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    http_lab_close();
}

static unsigned int count_descriptors(void)
{
    unsigned int count = 0;

    for (int fd = 0; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void connections_that_are_over_leave_no_descriptor(void)
{
    unsigned int before, after;

    http_lab_open("");
    ask_once(ALIVE);
    lab_run_ms(20);
    before = count_descriptors();
    for (int i = 0; i < 100; i++) {
        ask_once(i % 2 == 0 ? ALIVE : "broken\r\n\r\n");
        close(http_lab_dial());
    }
    lab_run_ms(50);
    after = count_descriptors();
    CU_ASSERT_EQUAL(after, before);
    http_lab_close();
}

static void more_than_1000_requests_at_once_are_told_so(void)
{
    enum { REQUESTS = 2500 };
    static char requests[REQUESTS * sizeof(ALIVE)];
    unsigned int served = 0, limited = 0;
    const char *answer;
    int fd;

    for (size_t i = 0; i < REQUESTS; i++)
        memcpy(requests + i * strlen(ALIVE), ALIVE, sizeof(ALIVE));
    http_lab_open("");
    fd = http_lab_dial();
    answer = ASK(fd, requests);
    for (int i = 0; i < REQUESTS; i++) {
        served += http_lab_status(answer) == 200;
        limited += http_lab_status(answer) == 429 && strstr(answer, "rate_limited") != NULL;
        answer = ASK(fd, i + 1 < REQUESTS ? "" : ALIVE);
    }
    CU_ASSERT_EQUAL(served + limited, REQUESTS);
    CU_ASSERT(served >= 1000 && limited > 0);
    close(fd);
    http_lab_close();
}

static void the_socket_is_for_operators_never_stolen_and_gone_afterwards(void)
{
    struct rs_control *control = http_lab_open("control: {operators: daemon}\n");
    const struct group *group = getgrnam("daemon");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    int fd;

    CU_ASSERT_EQUAL_FATAL(stat(http_lab_path(), &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0660);
    if (geteuid() == 0 && group != NULL)
        CU_ASSERT_EQUAL(status.st_gid, group->gr_gid);
    CU_ASSERT_PTR_NULL(rs_http_create(control));
    CU_ASSERT_EQUAL(errno, EADDRINUSE);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    rs_http_destroy(control->http);
    CU_ASSERT_EQUAL(stat(http_lab_path(), &status), -1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", http_lab_path());
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    control->http = rs_http_create(control);
    CU_ASSERT_PTR_NOT_NULL_FATAL(control->http);
    CU_ASSERT_EQUAL(http_lab_status(ask_once(ALIVE)), 200);
    http_lab_close();
}

static void without_http_in_the_configuration_nothing_listens(void)
{
    struct rs_control *control = lab_open();
    unsigned int before = count_descriptors();
    struct rs_http *http = rs_http_create(control);

    CU_ASSERT_PTR_NOT_NULL(http);
    CU_ASSERT_EQUAL(count_descriptors(), before);
    rs_http_destroy(http);
    lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(each_request_gets_its_status),
    TEST(heads_and_bodies_have_8_kib_and_not_a_byte_more),
    TEST(an_answer_to_head_has_no_body_and_405_says_what_is_allowed),
    TEST(ready_and_why_not),
    TEST(pipelined_requests_are_answered_in_order),
    TEST(half_a_request_and_a_client_that_leaves_harm_nobody),
    TEST(where_there_are_too_many_the_longest_waiting_makes_room),
    TEST(connections_that_are_over_leave_no_descriptor),
    TEST(more_than_1000_requests_at_once_are_told_so),
    TEST(the_socket_is_for_operators_never_stolen_and_gone_afterwards),
    TEST(without_http_in_the_configuration_nothing_listens),
};

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    return rs_test_main("http", tests, sizeof(tests) / sizeof(tests[0]));
}
