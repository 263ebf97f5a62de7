/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of errors: codes, stable words, whether the same request may succeed later. How an
 * error is put on the wire is not here.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct rs_reason_row rs_reasons[RS_REASONS] = {
    [RS_E_NONE] = {0, "none", false},
    /* JSON-RPC 2.0 section 5.1 */
    [RS_E_PARSE_ERROR] = {-32700, "parse_error", false},
    [RS_E_INVALID_REQUEST] = {-32600, "invalid_request", false},
    [RS_E_REQUEST_TOO_LARGE] = {-32600, "request_too_large", false},
    [RS_E_METHOD_NOT_FOUND] = {-32601, "method_not_found", false},
    [RS_E_INVALID_PARAMS] = {-32602, "invalid_params", false},
    [RS_E_INTERNAL_ERROR] = {-32603, "internal_error", false},
    /* encryption */
    [RS_E_SECRET_MISSING] = {6000, "encryption_secret_missing", false},
    [RS_E_PUBLISHER_INTERNAL] = {6001, "publisher_encryption_internal_error", true},
    [RS_E_SUBSCRIBER_INTERNAL] = {6002, "subscriber_decryption_internal_error", true},
    [RS_E_SECRET_MISMATCH] = {6003, "encryption_secret_mismatch", false},
    [RS_E_INVALID_SECRET] = {6004, "invalid_encryption_secret", false},
    /* the rest */
    [RS_E_E2EE_NOT_ENABLED] = {6100, "e2ee_not_enabled", false},
    [RS_E_E2EE_NOT_SUPPORTED] = {6101, "e2ee_not_supported", false},
    [RS_E_RELAYED_E2EE] = {6102, "relayed_session_cannot_be_e2ee", false},
    [RS_E_ARCHIVED_E2EE] = {6103, "always_archived_session_cannot_be_e2ee", false},
    [RS_E_UNAVAILABLE_IN_E2EE] = {6104, "unavailable_in_e2ee_session", false},
    [RS_E_UNKNOWN_SESSION] = {6105, "unknown_session", false},
    [RS_E_SESSION_EXISTS] = {6106, "session_exists", false},
    [RS_E_NOT_CONNECTED] = {6107, "not_connected", false},
    [RS_E_UNKNOWN_STREAM] = {6108, "unknown_stream", false},
    [RS_E_FLOW_IN_USE] = {6109, "flow_in_use", false},
    [RS_E_UNKNOWN_CODEC] = {6110, "unknown_codec", false},
    [RS_E_BAD_PAYLOAD_TYPE] = {6111, "bad_payload_type", false},
    [RS_E_UNKNOWN_SUITE] = {6112, "unknown_suite", false},
    [RS_E_UNKNOWN_LINK] = {6113, "unknown_link", false},
    [RS_E_EPOCH_CONFLICT] = {6114, "epoch_conflict", true},
    [RS_E_NO_CAPACITY] = {6115, "no_capacity", true},
    [RS_E_RATE_LIMITED] = {6116, "rate_limited", true},
    [RS_E_DENIED] = {6117, "denied", false},
    [RS_E_DRAINING] = {6118, "draining", true},
    [RS_E_INVALID_CONFIG] = {6119, "invalid_configuration", false},
};

int rs_error_set(struct rs_error *error, enum rs_reason reason, const char *param,
                 const char *format, ...)
{
    va_list args;

    error->reason = reason;
    error->retryable = rs_reasons[reason].retryable;
    snprintf(error->param, sizeof(error->param), "%s", param != NULL ? param : "");
    va_start(args, format);
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    return -1;
}

int rs_error_about(struct rs_error *error, const char *kind, const char *id)
{
    char message[sizeof(error->message)];

    memcpy(message, error->message, sizeof(message));
    snprintf(error->message, sizeof(error->message), "%s %s: %.*s", kind, id,
             (int)sizeof(message) / 2, message);
    return -1;
}
