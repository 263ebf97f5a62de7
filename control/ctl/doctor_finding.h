/* SPDX-License-Identifier: BSD-3-Clause */
/* What a check has found: a list that grows, for people and for scripts. */
#pragma once

#include <jansson.h>
#include <stdio.h>

enum rs_finding_state {
    RS_FINDING_OK,
    RS_FINDING_SLOW,    /* the daemon runs, but slower, with loss, or without something it has */
    RS_FINDING_STOPS,   /* it does not start, or carries nothing */
    RS_FINDING_UNKNOWN, /* it could not be looked at */
    RS_FINDING_STATES
};

/* Owner: who runs the checks. */
struct rs_findings {
    const char *check; /* the running check's name */
    json_t *list;      /* {check, state, found, consequence, mend}; the last two may be null */
};

/* Adds a finding: what is there, without a full stop. */
void rs_finding_add(struct rs_findings *findings, enum rs_finding_state state, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/* What the latest finding leads to, and the command that mends it; words behind "# " where no
 * command does, or behind a command. */
void rs_finding_leads_to(struct rs_findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rs_finding_mend(struct rs_findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many there are of a state. */
size_t rs_findings_count(const struct rs_findings *findings, enum rs_finding_state state);

/* As a table with a sum below. */
void rs_findings_print(FILE *out, const struct rs_findings *findings);
