/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header that carries the token. How a token is judged is in projects.c.
 */
#include "opentok_auth.h"

#include <time.h>

#include "control/control.h"
#include "control/projects.h"
#include "dataplane/dataplane.h"

enum { DENIALS_SAID_MS = 1000 };

static void note_denial(struct rs_denials *denials)
{
    const uint64_t now_ms = rs_control_now_ms();

    denials->count++;
    if (denials->said_ms != 0 && now_ms - denials->said_ms < DENIALS_SAID_MS)
        return;
    rs_log(RS_LOG_WARNING, "audit: http denied requests=%llu", (unsigned long long)denials->count);
    *denials = (struct rs_denials){.said_ms = now_ms};
}

void rs_opentok_deny(struct rs_exchange *exchange)
{
    struct rs_error error;

    note_denial(exchange->denials);
    rs_error_set(&error, RS_E_DENIED, NULL, "Invalid token");
    rs_exchange_fail(exchange, RS_HTTP_FORBIDDEN, &error);
}

const struct rs_project *rs_opentok_authenticate(const struct rs_exchange *exchange)
{
    const char *token = rs_exchange_header(exchange, "X-OPENTOK-AUTH");

    return token != NULL ? rs_projects_authenticate(exchange->projects, token, time(NULL)) : NULL;
}
