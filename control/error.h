/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors that control can answer with: one table of codes, words and whether to try again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum rs_reason {
    RS_E_NONE,
    RS_E_PARSE_ERROR,
    RS_E_INVALID_REQUEST,
    RS_E_REQUEST_TOO_LARGE,
    RS_E_METHOD_NOT_FOUND,
    RS_E_INVALID_PARAMS,
    RS_E_INTERNAL_ERROR,
    RS_E_SECRET_MISSING,
    RS_E_PUBLISHER_INTERNAL,
    RS_E_SUBSCRIBER_INTERNAL,
    RS_E_SECRET_MISMATCH,
    RS_E_INVALID_SECRET,
    RS_E_E2EE_NOT_ENABLED,
    RS_E_E2EE_NOT_SUPPORTED,
    RS_E_RELAYED_E2EE,
    RS_E_ARCHIVED_E2EE,
    RS_E_UNAVAILABLE_IN_E2EE,
    RS_E_UNKNOWN_SESSION,
    RS_E_SESSION_EXISTS,
    RS_E_NOT_CONNECTED,
    RS_E_UNKNOWN_STREAM,
    RS_E_FLOW_IN_USE,
    RS_E_UNKNOWN_CODEC,
    RS_E_BAD_PAYLOAD_TYPE,
    RS_E_UNKNOWN_SUITE,
    RS_E_UNKNOWN_LINK,
    RS_E_EPOCH_CONFLICT,
    RS_E_NO_CAPACITY,
    RS_E_RATE_LIMITED,
    RS_E_DENIED,
    RS_E_DRAINING,
    RS_E_INVALID_CONFIG,
    RS_REASONS
};

struct rs_reason_row {
    int code;
    const char *name; /* the stable word */
    bool retryable;   /* unless the error itself says otherwise */
};

/* Indexed by enum rs_reason. A code, once given, is never changed or reused. */
extern const struct rs_reason_row rs_reasons[RS_REASONS];

/* What went wrong with one request. The text never holds a secret. */
struct rs_error {
    enum rs_reason reason; /* RS_E_NONE: nothing */
    bool retryable;
    char param[64]; /* which parameter; empty: none */
    char message[320];
};

/*
 * Fills *error with the reason, the table's retryability and a message, printf-style; `param` may
 * be NULL. Returns -1, so that a caller can pass it on. Any thread.
 */
int rs_error_set(struct rs_error *error, enum rs_reason reason, const char *param,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Puts "KIND ID: " before the message. Returns -1. */
int rs_error_about(struct rs_error *error, const char *kind, const char *id);
