/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC 2.0 envelopes and the memory that jansson uses for them. What a method means is not
 * here; nor does anything here repeat what a request holds, jansson's own error texts included.
 */
#include "jsonrpc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/memory.h"

/* Stands for each byte that is not UTF-8, where a broken line is read once more. */
enum { BAD_BYTE_MARK = 0x7f };

int rs_jsonrpc_init(void)
{
    const int error = rs_memory_init();

    json_set_alloc_funcs(rs_memory_alloc, rs_memory_free);
    return error;
}

/* The length of the well-formed UTF-8 sequence (RFC 3629 section 4) at `s`, 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    const unsigned char first = s[0];
    size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((first == 0xe0 && s[1] < 0xa0) || (first == 0xed && s[1] > 0x9f) ||
        (first == 0xf0 && s[1] < 0x90) || (first == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

static void mark_bad_bytes(char *line, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        const size_t length = utf8_length((const unsigned char *)line + i, bytes - i);

        if (length == 0)
            line[i] = BAD_BYTE_MARK;
        i += length != 0 ? length : 1;
    }
}

/* Brackets outside strings, before anything is parsed: each level costs the parser stack. */
static bool nests_too_deep(const char *line, size_t bytes)
{
    unsigned int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < bytes; i++) {
        const char c = line[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > RS_DEPTH_MAX)
            return true;
    }
    return false;
}

static int read_envelope(struct rs_call *call, struct rs_error *error)
{
    json_t *id, *version, *method, *params;

    if (json_is_array(call->root))
        return rs_error_set(error, RS_E_INVALID_REQUEST, NULL, "batches are not accepted");
    if (!json_is_object(call->root))
        return rs_error_set(error, RS_E_INVALID_REQUEST, NULL, "a request is a JSON object");
    id = json_object_get(call->root, "id");
    if (id != NULL && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
        return rs_error_set(error, RS_E_INVALID_REQUEST, NULL,
                            "\"id\" is a string, a number or null");
    call->id = id;
    version = json_object_get(call->root, "jsonrpc");
    if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
        return rs_error_set(error, RS_E_INVALID_REQUEST, NULL, "\"jsonrpc\" is \"2.0\"");
    method = json_object_get(call->root, "method");
    if (!json_is_string(method))
        return rs_error_set(error, RS_E_INVALID_REQUEST, NULL, "\"method\" is a string");
    params = json_object_get(call->root, "params");
    if (json_is_array(params))
        return rs_error_set(error, RS_E_INVALID_PARAMS, NULL,
                            "parameters are given by name, in an object");
    if (params != NULL && !json_is_object(params))
        return rs_error_set(error, RS_E_INVALID_REQUEST, NULL, "\"params\" is an object");
    call->method = json_string_value(method);
    call->params = params;
    return 0;
}

/*
 * A line that is not UTF-8 is not JSON. If it is broken in nothing but its secret, though, the
 * caller is better served by hearing just that, under the request's own id.
 */
static int explain_bad_utf8(char *line, size_t bytes, struct rs_call *call, struct rs_error *error)
{
    struct rs_error ignored;
    json_t *secret;

    mark_bad_bytes(line, bytes);
    call->root =
        json_loadb(line, bytes, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (call->root != NULL && read_envelope(call, &ignored) == 0) {
        secret = json_object_get(call->params, "encryption_secret");
        if (json_is_string(secret) &&
            memchr(json_string_value(secret), BAD_BYTE_MARK, json_string_length(secret)) != NULL)
            return rs_error_set(error, RS_E_INVALID_SECRET, "encryption_secret",
                                "the secret is not valid UTF-8");
    }
    call->id = json_null();
    return rs_error_set(error, RS_E_PARSE_ERROR, NULL, "the line is not valid UTF-8");
}

int rs_jsonrpc_parse(char *line, size_t bytes, struct rs_call *call, struct rs_error *error)
{
    json_error_t where;

    *call = (struct rs_call){.id = json_null()};
    if (nests_too_deep(line, bytes))
        return rs_error_set(error, RS_E_PARSE_ERROR, NULL, "a request nests at most %d deep",
                            RS_DEPTH_MAX);
    call->root =
        json_loadb(line, bytes, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (call->root != NULL)
        return read_envelope(call, error);
    if (json_error_code(&where) == json_error_invalid_utf8)
        return explain_bad_utf8(line, bytes, call, error);
    if (json_error_code(&where) == json_error_duplicate_key)
        return rs_error_set(error, RS_E_PARSE_ERROR, NULL, "a key is given twice, before byte %d",
                            where.position);
    return rs_error_set(error, RS_E_PARSE_ERROR, NULL, "not a JSON document, at byte %d",
                        where.position);
}

void rs_jsonrpc_end(struct rs_call *call)
{
    json_decref(call->root);
    *call = (struct rs_call){0};
}

/* Steals `envelope`. */
static char *dump_line(json_t *envelope, size_t *bytes)
{
    const size_t length = envelope != NULL ? json_dumpb(envelope, NULL, 0, JSON_COMPACT) : 0;
    char *text = length != 0 ? malloc(length + 1) : NULL;

    if (text != NULL) {
        json_dumpb(envelope, text, length, JSON_COMPACT);
        text[length] = '\n';
        *bytes = length + 1;
    }
    json_decref(envelope);
    return text;
}

char *rs_jsonrpc_result(json_t *id, json_t *result, size_t *bytes)
{
    return dump_line(json_pack("{s:s, s:O, s:O}", "jsonrpc", "2.0", "id",
                               id != NULL ? id : json_null(), "result", result),
                     bytes);
}

char *rs_jsonrpc_notification(const char *method, json_t *params, size_t *bytes)
{
    return dump_line(
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params), bytes);
}

char *rs_jsonrpc_error(json_t *id, const struct rs_error *error, size_t *bytes)
{
    const struct rs_reason_row *row = &rs_reasons[error->reason];
    json_t *data = json_pack("{s:s, s:b}", "reason", row->name, "retryable", error->retryable);

    if (error->param[0] != '\0')
        json_object_set_new(data, "param", json_string(error->param));
    return dump_line(json_pack("{s:s, s:O, s:{s:i, s:s, s:o}}", "jsonrpc", "2.0", "id",
                               id != NULL ? id : json_null(), "error", "code", row->code, "message",
                               error->message, "data", data),
                     bytes);
}

void rs_jsonrpc_free(char *text)
{
    free(text);
}
