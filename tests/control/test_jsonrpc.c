/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines that are requests, and many more that are not (JSON-RPC 2.0, sections 4 and 5.1).
 */
#include "control/jsonrpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tests/support/runner.h"

static const struct {
    const char *line;
    int code; /* 0: a good request */
} rows[] = {
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", 0},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"m\",\"params\":{}}", 0},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", 0},
    {"  {\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"m\"}\r", 0},
    {"{", -32700},
    {"nonsense", -32700},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"} {}", -32700},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"m\"}", -32700},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"a\":1,\"a\":2}}", -32700},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", -32700},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"encryption_secret\":1,\"x\":"
     "\"\xc0\xaf\"}}",
     -32700},
    {"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"m\"}", -32700},
    {"7", -32600},
    {"null", -32600},
    {"\"m\"", -32600},
    {"[]", -32600},
    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}]", -32600},
    {"{}", -32600},
    {"{\"id\":1,\"method\":\"m\"}", -32600},
    {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", -32600},
    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", -32600},
    {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"m\"}", -32600},
    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}", -32600},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", -32600},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32600},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":7}", -32600},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[1]}", -32602},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"encryption_secret\":"
     "\"12345678\xff\"}}",
     6004},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"encryption_secret\":"
     "\"1234567\xed\xa0\x80\"}}",
     6004},
};

static void each_line_is_taken_or_refused_with_its_code(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rs_error error = {0};
        struct rs_call call;
        char line[256];
        int code;

        snprintf(line, sizeof(line), "%s", rows[i].line);
        code = rs_jsonrpc_parse(line, strlen(line), &call, &error) == 0
                   ? 0
                   : rs_reasons[error.reason].code;
        if (code != rows[i].code)
            printf("row %zu: got %d, expected %d\n", i, code, rows[i].code);
        CU_ASSERT_EQUAL(code, rows[i].code);
        rs_jsonrpc_end(&call);
    }
}

static void an_error_never_repeats_what_the_line_holds(void)
{
    static const char *const lines[] = {
        "{\"encryption_secret\":\"hunter2!hunter2\" x",
        "{\"jsonrpc\":\"2.0\",\"encryption_secret\":\"hunter2!hunter2",
        "{\"encryption_secret\":\"hunter2!hunter2\xff\"}",
        "{\"jsonrpc\":\"hunter2!hunter2\"}",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct rs_error error = {0};
        struct rs_call call;
        char line[256];

        snprintf(line, sizeof(line), "%s", lines[i]);
        CU_ASSERT_EQUAL(rs_jsonrpc_parse(line, strlen(line), &call, &error), -1);
        CU_ASSERT_PTR_NULL(strstr(error.message, "hunter2"));
        rs_jsonrpc_end(&call);
    }
}

/* Lists in lists, `depth` of them. */
static int parse_nested(size_t depth, struct rs_error *error)
{
    static char line[60000];
    struct rs_call call;
    int result;

    memset(line, '[', depth);
    memset(line + depth, ']', depth);
    result = rs_jsonrpc_parse(line, 2 * depth, &call, error);
    rs_jsonrpc_end(&call);
    return result;
}

static void depth_is_bounded(void)
{
    static const char in_string[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"[[[[[[[[[[[[[[[[[[\\\"[\"}";
    struct rs_error error = {0};
    char line[sizeof(in_string)];
    struct rs_call call;

    CU_ASSERT_EQUAL(parse_nested(RS_DEPTH_MAX, &error), -1);
    CU_ASSERT_EQUAL(error.reason, RS_E_INVALID_REQUEST); /* it was read: it is a batch */
    CU_ASSERT_EQUAL(parse_nested(RS_DEPTH_MAX + 1, &error), -1);
    CU_ASSERT_EQUAL(error.reason, RS_E_PARSE_ERROR);
    CU_ASSERT_EQUAL(parse_nested(30000, &error), -1);
    CU_ASSERT_EQUAL(error.reason, RS_E_PARSE_ERROR);
    memcpy(line, in_string, sizeof(line));
    CU_ASSERT_EQUAL(rs_jsonrpc_parse(line, strlen(line), &call, &error), 0);
    rs_jsonrpc_end(&call);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static void what_a_request_holds_lies_in_locked_memory(void)
{
    char line[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"s\":\"hush hush hush\"}}";
    struct rs_call call;
    struct rs_error error;

    CU_ASSERT_EQUAL_FATAL(rs_jsonrpc_parse(line, strlen(line), &call, &error), 0);
    CU_ASSERT(CRYPTO_secure_allocated(json_string_value(json_object_get(call.params, "s"))));
    rs_jsonrpc_end(&call);
    CU_ASSERT_EQUAL(CRYPTO_secure_used(), 0);
}

static const struct rs_test tests[] = {
    TEST(what_a_request_holds_lies_in_locked_memory),
    TEST(each_line_is_taken_or_refused_with_its_code),
    TEST(an_error_never_repeats_what_the_line_holds),
    TEST(depth_is_bounded),
};

int main(void)
{
    rs_jsonrpc_init();
    return rs_test_main("jsonrpc", tests, sizeof(tests) / sizeof(tests[0]));
}
