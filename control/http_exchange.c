/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers in, answers out. Which answer is not here.
 */
#include "http_exchange.h"

#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>

#include "control/control.h"

unsigned int rs_exchange_count_headers(const struct rs_exchange *exchange, const char *name,
                                       const char **value)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(exchange->request);
    const struct evkeyval *header;
    unsigned int count = 0;

    TAILQ_FOREACH(header, headers, next) {
        if (strcasecmp(header->key, name) != 0)
            continue;
        *value = header->value;
        count++;
    }
    return count;
}

const char *rs_exchange_header(const struct rs_exchange *exchange, const char *name)
{
    const char *value = NULL;

    return rs_exchange_count_headers(exchange, name, &value) == 1 ? value : NULL;
}

bool rs_exchange_is_type(const struct rs_exchange *exchange, const char *type)
{
    const char *value = rs_exchange_header(exchange, "Content-Type");
    const size_t length = strlen(type);

    return value != NULL && strncasecmp(value, type, length) == 0 &&
           (value[length] == '\0' || strchr("; \t", value[length]) != NULL);
}

void rs_exchange_reply_text(struct rs_exchange *exchange, enum rs_http_status status,
                            const char *type, struct evbuffer *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);

    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    /* RFC 9110 section 9.3.2: an answer to HEAD has no body, which evhttp leaves to us. */
    if (evhttp_request_get_command(exchange->request) == EVHTTP_REQ_HEAD)
        evbuffer_drain(body, evbuffer_get_length(body));
    rs_counts_http(&exchange->control->counts, exchange->resource, (int)status);
    evhttp_send_reply(exchange->request, status, NULL, body);
}

static int append(const char *text, size_t bytes, void *out)
{
    return evbuffer_add(out, text, bytes);
}

void rs_exchange_reply(struct rs_exchange *exchange, enum rs_http_status status, json_t *body)
{
    struct evbuffer *out = evbuffer_new();

    if (out == NULL || json_dump_callback(body, append, out, JSON_COMPACT) != 0 ||
        evbuffer_add(out, "\n", 1) != 0)
        evhttp_send_error(exchange->request, RS_HTTP_INTERNAL, NULL); /* no memory to count on */
    else
        rs_exchange_reply_text(exchange, status, "application/json", out);
    if (out != NULL)
        evbuffer_free(out);
    json_decref(body);
}

void rs_exchange_fail(struct rs_exchange *exchange, enum rs_http_status status,
                      const struct rs_error *error)
{
    const struct rs_reason_row *row = &rs_reasons[error->reason];

    rs_exchange_reply(exchange, status,
                      json_pack("{s:i, s:s, s:s}", "code", row->code, "message", error->message,
                                "reason", row->name));
}

static const char *reason_of(enum rs_http_status status)
{
    switch (status) {
    case RS_HTTP_BAD_REQUEST:
        return "invalid_request";
    case RS_HTTP_NOT_FOUND:
        return "not_found";
    case RS_HTTP_BAD_METHOD:
        return "method_not_allowed";
    case RS_HTTP_BAD_TYPE:
        return "unsupported_media_type";
    case RS_HTTP_NOT_IMPLEMENTED:
        return "not_implemented";
    default:
        return "internal_error";
    }
}

void rs_exchange_refuse(struct rs_exchange *exchange, enum rs_http_status status,
                        const char *message)
{
    rs_exchange_reply(exchange, status,
                      json_pack("{s:i, s:s, s:s}", "code", (int)status, "message", message,
                                "reason", reason_of(status)));
}
