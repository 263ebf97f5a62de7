/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions as application servers ask for them, and what is refused, over the real listener. The
 * package opentok itself is in tests/system/test_opentok.py.
 */
#include "control/opentok.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/health.h"
#include "dataplane/dataplane.h"
#include "tests/control/http_lab.h"
#include "tests/support/fake_dataplane.h"
#include "tests/support/runner.h"

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

static const char *create(const char *project, const char *body)
{
    return http_lab_send("POST", "/session/create", project, FORM, body);
}

/* The answer's member, as text; valid until the next call. */
static const char *member(const char *answer, const char *name)
{
    static char text[512];
    json_t *json = http_lab_json(answer);
    const json_t *object = json_is_array(json) ? json_array_get(json, 0) : json;
    const char *value = json_string_value(json_object_get(object, name));

    snprintf(text, sizeof(text), "%s", value != NULL ? value : "(none)");
    json_decref(json);
    return text;
}

/* What session_get says of the answer's session: "routed e2ee manual". */
static const char *session_of(const char *answer)
{
    static char text[64];
    char params[256];

    snprintf(params, sizeof(params), "{'session_id':'%s'}", member(answer, "session_id"));
    if (strcmp(lab_call("session_get", params), "ok") != 0)
        return "(none)";
    snprintf(text, sizeof(text), "%s %s %s",
             json_string_value(json_object_get(lab_result(), "media_mode")),
             json_is_true(json_object_get(lab_result(), "e2ee")) ? "e2ee" : "plain",
             json_string_value(json_object_get(lab_result(), "archive_mode")));
    lab_call("session_delete", params);
    return text;
}

static void each_good_form_makes_the_session_that_it_asks_for(void)
{
    static const struct {
        const char *project, *body, *session;
    } rows[] = {
        /* as opentok for Node.js 2.23.1 sends them */
        {"100", "e2ee=true&archiveMode=manual&p2p.preference=disabled", "routed e2ee manual"},
        {"100", "archiveMode=manual&p2p.preference=enabled", "relayed plain manual"},
        {"100", "archiveMode=always&p2p.preference=disabled", "routed plain always"},
        /* as @vonage/video for Node.js 1.28.0 sends it */
        {"100", "archiveMode=manual&location=null&p2p.preference=routed", "routed plain manual"},
        {"all", "archiveMode=manual&location=null&p2p.preference=routed", "routed e2ee manual"},
        {"all", "archiveMode=manual&location=null&p2p.preference=disabled", "routed e2ee manual"},
        {"all", "e2ee=false", "routed e2ee manual"},
        {"100", "e2ee=false&p2p.preference=relayed", "relayed plain manual"},
        {"100", "location=12.34.56.78&e2ee=true", "routed e2ee manual"},
        {"100", "archiveName=x&archiveResolution=640x480&whatever=%7B%7D", "routed plain manual"},
        {"100", "%65%32%65%65=%74rue", "routed e2ee manual"},
        {"100", "", "routed plain manual"},
    };

    http_lab_open("");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *answer = create(rows[i].project, rows[i].body);

        CU_ASSERT_EQUAL(http_lab_status(answer), 200);
        CU_ASSERT_STRING_EQUAL(member(answer, "project_id"), rows[i].project);
        CU_ASSERT_STRING_EQUAL(session_of(answer), rows[i].session);
    }
    http_lab_close();
}

static void each_bad_form_is_refused_and_makes_nothing(void)
{
    static const struct {
        const char *project, *body;
        int status;
        const char *reason, *message;
    } rows[] = {
        {"100", "p2p.preference=enabled&e2ee=true", 400, "relayed_session_cannot_be_e2ee",
         "A session with relayed media mode cannot have end-to-end encryption enabled."},
        {"100", "p2p.preference=relayed&e2ee=true", 400, "relayed_session_cannot_be_e2ee",
         "A session with relayed media mode cannot have end-to-end encryption enabled."},
        {"100", "p2p.preference=disabled&e2ee=true&archiveMode=always", 400,
         "always_archived_session_cannot_be_e2ee",
         "A session with always archive mode cannot have end-to-end encryption enabled."},
        {"100", "p2p.preference=enabled&archiveMode=always", 400, "invalid_params",
         "A session with always archive mode must also have the routed media mode."},
        {"all", "p2p.preference=enabled", 400, "relayed_session_cannot_be_e2ee",
         "A session with relayed media mode cannot have end-to-end encryption enabled. Every "
         "session of this project has it."},
        {"all", "archiveMode=always&e2ee=false", 400, "always_archived_session_cannot_be_e2ee",
         "A session with always archive mode cannot have end-to-end encryption enabled. Every "
         "session of this project has it."},
        {"100", "e2ee=maybe", 400, "invalid_params", "e2ee is neither false nor true"},
        {"100", "e2ee=True", 400, "invalid_params", "e2ee is neither false nor true"},
        {"100", "e2ee=1", 400, "invalid_params", "e2ee is neither false nor true"},
        {"100", "e2ee=", 400, "invalid_params", "e2ee is neither false nor true"},
        {"100", "e2ee=true+", 400, "invalid_params", "e2ee is neither false nor true"},
        {"100", "p2p.preference=x", 400, "invalid_params",
         "p2p.preference is neither disabled nor enabled"},
        {"100", "p2p.preference=", 400, "invalid_params",
         "p2p.preference is neither disabled nor enabled"},
        {"100", "archiveMode=never", 400, "invalid_params",
         "archiveMode is neither manual nor always"},
        {"100", "e2ee=false&e2ee=true", 400, "invalid_params", "the form has a field twice"},
        {"100", "location=1&location=2", 400, "invalid_params", "the form has a field twice"},
        {"100", "e2ee=%zz", 400, "invalid_params", "the form has a % without two hex digits"},
        {"100", "x=%ff&e2ee=true", 400, "invalid_params", "the form is not UTF-8"},
        {"100", "e2ee=true%00", 400, "invalid_params", "the form has a control character"},
        {"100", "e2ee", 400, "invalid_params", "the form has a field that is not NAME=VALUE"},
        {"100", "{\"e2ee\":true}", 400, "invalid_params",
         "the form has a field that is not NAME=VALUE"},
    };

    http_lab_open("");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *answer = create(rows[i].project, rows[i].body);

        CU_ASSERT_EQUAL(http_lab_status(answer), rows[i].status);
        CU_ASSERT_STRING_EQUAL(member(answer, "reason"), rows[i].reason);
        CU_ASSERT_STRING_EQUAL(member(answer, "message"), rows[i].message);
    }
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    http_lab_close();
}

static void the_answer_is_as_opentok_has_it(void)
{
    json_t *json, *session;
    struct tm created;

    http_lab_open("");
    json = http_lab_json(create("100", "e2ee=true"));
    CU_ASSERT_EQUAL_FATAL(json_array_size(json), 1);
    session = json_array_get(json, 0);
    CU_ASSERT_EQUAL(json_object_size(session), 4);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(session, "project_id")), "100");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(session, "media_server_url")), "");
    /* "Mon Mar 17 00:41:31 PDT 2014" in OpenTok's documentation */
    memset(&created, 0, sizeof(created));
    CU_ASSERT_PTR_NOT_NULL(strptime(json_string_value(json_object_get(session, "create_dt")),
                                    "%a %b %d %H:%M:%S UTC %Y", &created));
    CU_ASSERT(timegm(&created) <= time(NULL) && timegm(&created) > time(NULL) - 60);
    json_decref(json);
    http_lab_close();
}

static void session_connect_joins_what_http_made(void)
{
    char params[512], session[160];

    http_lab_open("");
    snprintf(session, sizeof(session), "%s", member(create("100", "e2ee=true"), "session_id"));
    snprintf(params, sizeof(params), "{'session_id':'%s'}", session);
    CU_ASSERT_STRING_EQUAL(lab_call("session_connect", params), "encryption_secret_missing");
    snprintf(params, sizeof(params), "{'session_id':'%s','encryption_secret':'12345678'}", session);
    CU_ASSERT_STRING_EQUAL(lab_call("session_connect", params), "ok");
    http_lab_close();
}

static void whatever_is_wrong_with_a_token_the_answer_is_the_same(void)
{
    static const char *const headers[] = {
        "",
        "X-OPENTOK-AUTH:\r\n",
        "X-OPENTOK-AUTH: x\r\n",
        "X-OPENTOK-AUTH: e30.e30.e30\r\n",
        "X-OPENTOK-AUTH: eyJhbGciOiJub25lIn0.eyJpc3MiOiIxMDAifQ.\r\n",
        "Authorization: Bearer x\r\n",
    };
    char request[8192], expected[512] = "";
    const char *answer;
    int fd;

    http_lab_open("");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]) + 5; i++) {
        const size_t own = sizeof(headers) / sizeof(headers[0]);
        char token[4096] = "";

        if (i == own) /* twice */
            snprintf(token, sizeof(token), "X-OPENTOK-AUTH: %s\r\nx-opentok-auth: x\r\n",
                     http_lab_token("100", 0, 180));
        if (i == own + 1)
            snprintf(token, sizeof(token), "X-OPENTOK-AUTH: %s\r\n",
                     http_lab_token("unknown", 0, 180));
        if (i == own + 2)
            snprintf(token, sizeof(token), "X-OPENTOK-AUTH: %s\r\n",
                     http_lab_token("100", -200, 100));
        if (i == own + 3)
            snprintf(token, sizeof(token), "X-OPENTOK-AUTH: %s\r\n",
                     http_lab_token("100", 100, 100));
        if (i == own + 4)
            snprintf(token, sizeof(token), "X-OPENTOK-AUTH: %sA\r\n",
                     http_lab_token("100", 0, 180));
        snprintf(request, sizeof(request), "POST /session/create HTTP/1.1\r\n%s\r\n",
                 i < own ? headers[i] : token);
        fd = http_lab_dial();
        answer = http_lab_ask(fd, request, strlen(request));
        CU_ASSERT_EQUAL(http_lab_status(answer), 403);
        answer = strstr(answer, "\r\n\r\n");
        CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
        if (i == 0)
            snprintf(expected, sizeof(expected), "%s", answer);
        CU_ASSERT_STRING_EQUAL(answer, expected);
        close(fd);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(expected, "\"denied\""));
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    http_lab_close();
}

static void a_body_of_another_type_is_refused(void)
{
    static const char *const types[] = {NULL, "", JSON, "text/plain",
                                        "application/x-www-form-urlencodedx"};

    http_lab_open("");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        CU_ASSERT_EQUAL(
            http_lab_status(http_lab_send("POST", "/session/create", "100", types[i], "e2ee=true")),
            415);
    CU_ASSERT_EQUAL(rs_fake_session_count(), 0);
    CU_ASSERT_EQUAL(
        http_lab_status(http_lab_send("POST", "/session/create", "100",
                                      "Application/X-WWW-Form-urlencoded; charset=x", "e2ee=true")),
        200);
    http_lab_close();
}

static void a_host_that_cannot_encrypt_answers_403_for_e2ee_alone(void)
{
    const char *answer;

    http_lab_open("e2ee: {enabled: no}\n");
    answer = create("100", "e2ee=true");
    CU_ASSERT_EQUAL(http_lab_status(answer), 403);
    CU_ASSERT_STRING_EQUAL(member(answer, "reason"), "e2ee_not_enabled");
    CU_ASSERT_EQUAL(http_lab_status(create("all", "")), 403);
    CU_ASSERT_EQUAL(http_lab_status(create("100", "e2ee=false")), 200);
    http_lab_close();
    http_lab_open("");
    rs_fake_break_suite(rs_suite_default());
    answer = create("100", "e2ee=true");
    CU_ASSERT_EQUAL(http_lab_status(answer), 403);
    CU_ASSERT_STRING_EQUAL(member(answer, "reason"), "e2ee_not_supported");
    CU_ASSERT_EQUAL(http_lab_status(create("100", "e2ee=false")), 200);
    http_lab_close();
}

static void a_host_that_drains_or_is_full_answers_503(void)
{
    struct rs_control *control = http_lab_open("");
    const char *answer;

    rs_health_drain(control, RS_DRAIN_BEGIN);
    answer = create("100", "e2ee=true");
    CU_ASSERT_EQUAL(http_lab_status(answer), 503);
    CU_ASSERT_STRING_EQUAL(member(answer, "reason"), "draining");
    rs_health_drain(control, RS_DRAIN_CANCEL);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(http_lab_status(create("100", "e2ee=true")), 200);
    answer = create("100", "e2ee=true");
    CU_ASSERT_EQUAL(http_lab_status(answer), 503);
    CU_ASSERT_STRING_EQUAL(member(answer, "reason"), "no_capacity");
    http_lab_close();
}

static const char *refusal_of(const char *method, const char *resource, const char *body)
{
    static char text[64];
    const char *answer = http_lab_send(method, resource, "100", body != NULL ? JSON : NULL, body);

    snprintf(text, sizeof(text), "%d %s", http_lab_status(answer), member(answer, "reason"));
    return text;
}

static void what_needs_decoded_media_is_refused(void)
{
    static const char *const resources[] = {"archive", "broadcast", "render",
                                            "connect", "dial",      "captions"};
    char path[512], body[512];

    http_lab_open("");
    lab_call("session_create", "{'session_id':'sealed','e2ee':true}");
    lab_call("session_create", "{'session_id':'plain'}");
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        snprintf(path, sizeof(path), "/v2/project/100/%s", resources[i]);
        snprintf(body, sizeof(body), "{\"sessionId\":\"sealed\",\"token\":\"t\",\"x\":{}}");
        CU_ASSERT_STRING_EQUAL(refusal_of("POST", path, body), "409 unavailable_in_e2ee_session");
        CU_ASSERT_STRING_EQUAL(refusal_of("POST", path, "{\"sessionId\":\"plain\"}"),
                               "501 not_implemented");
        CU_ASSERT_STRING_EQUAL(refusal_of("POST", path, "{\"sessionId\":\"other\"}"),
                               "404 unknown_session");
        CU_ASSERT_STRING_EQUAL(refusal_of("POST", path, "{\"session\":\"plain\"}"),
                               "400 invalid_params");
        snprintf(path, sizeof(path), "/v2/project/100/%s?sessionId=sealed", resources[i]);
        CU_ASSERT_STRING_EQUAL(refusal_of("GET", path, NULL), "409 unavailable_in_e2ee_session");
        snprintf(path, sizeof(path), "/v2/project/100/%s?offset=1", resources[i]);
        CU_ASSERT_STRING_EQUAL(refusal_of("GET", path, NULL), "501 not_implemented");
        snprintf(path, sizeof(path), "/v2/project/100/%s/7f0e/stop", resources[i]);
        CU_ASSERT_STRING_EQUAL(refusal_of("POST", path, "{}"), "404 not_found");
    }
    http_lab_close();
}

static void a_refusal_says_why_and_asks_who_first(void)
{
    static const struct {
        const char *project, *resource, *type, *body;
        int status;
    } rows[] = {
        {"100", "/v2/project/all/archive", JSON, "{\"sessionId\":\"sealed\"}", 403},
        {"100", "/v2/project/10/archive", JSON, "{\"sessionId\":\"sealed\"}", 403},
        {"100", "/v2/project/1000/archive", JSON, "{\"sessionId\":\"sealed\"}", 403},
        {"100", "/v2/project/100", JSON, "{\"sessionId\":\"sealed\"}", 403},
        {"nobody", "/v2/project/100/archive", JSON, "{\"sessionId\":\"sealed\"}", 403},
        {"100", "/v2/project/100/", JSON, "{\"sessionId\":\"sealed\"}", 404},
        {"100", "/v2/project/100/stream", JSON, "{\"sessionId\":\"sealed\"}", 404},
        {"100", "/v2/project/100/archives", JSON, "{\"sessionId\":\"sealed\"}", 404},
        {"100", "/v2/project/100/archive", "text/plain", "{\"sessionId\":\"sealed\"}", 415},
        {"100", "/v2/project/100/archive", JSON, "sessionId=sealed", 400},
        {"100", "/v2/project/100/archive", JSON, "[\"sealed\"]", 400},
        {"100", "/v2/project/100/archive", JSON, "{\"sessionId\":[\"sealed\"]}", 400},
        {"100", "/v2/project/100/archive", JSON, "{\"sessionId\":\"plain\",\"sessionId\":\"x\"}",
         400},
        {"100", "/v2/project/100/archive?sessionId=plain&sessionId=sealed", NULL, NULL, 400},
        {"100", "/v2/project/100/archive?sessionId=%zz", NULL, NULL, 400},
    };
    const char *answer;

    http_lab_open("");
    lab_call("session_create", "{'session_id':'sealed','e2ee':true}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_EQUAL(http_lab_status(http_lab_send("POST", rows[i].resource, rows[i].project,
                                                      rows[i].type, rows[i].body)),
                        rows[i].status);
    answer =
        http_lab_send("POST", "/v2/project/100/dial", "100", JSON, "{\"sessionId\":\"sealed\"}");
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\"code\":6104"));
    CU_ASSERT_PTR_NOT_NULL(strstr(member(answer, "message"), "SIP dial-out"));
    CU_ASSERT_PTR_NOT_NULL(strstr(member(answer, "message"), "needs decoded media"));
    http_lab_close();
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static const struct rs_test tests[] = {
    TEST(each_good_form_makes_the_session_that_it_asks_for),
    TEST(each_bad_form_is_refused_and_makes_nothing),
    TEST(the_answer_is_as_opentok_has_it),
    TEST(session_connect_joins_what_http_made),
    TEST(whatever_is_wrong_with_a_token_the_answer_is_the_same),
    TEST(a_body_of_another_type_is_refused),
    TEST(a_host_that_cannot_encrypt_answers_403_for_e2ee_alone),
    TEST(a_host_that_drains_or_is_full_answers_503),
    TEST(what_needs_decoded_media_is_refused),
    TEST(a_refusal_says_why_and_asks_who_first),
};

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    return rs_test_main("opentok", tests, sizeof(tests) / sizeof(tests[0]));
}
