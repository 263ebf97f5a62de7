/* SPDX-License-Identifier: BSD-3-Clause */
/* Findings are kept as the JSON that scripts are given; people get the same as lines. */
#include "doctor_finding.h"

#include <stdarg.h>
#include <string.h>

enum { STATE_WIDTH = 8, CHECK_WIDTH = 14 };

static const char *const states[RS_FINDING_STATES] = {
    [RS_FINDING_OK] = "ok",
    [RS_FINDING_SLOW] = "slow",
    [RS_FINDING_STOPS] = "stops",
    [RS_FINDING_UNKNOWN] = "unknown",
};

/* A file's bytes can be anything: where they are no UTF-8, the format stands for itself. */
static json_t *text_of(const char *format, va_list list)
{
    json_t *text = json_vsprintf(format, list);

    return text != NULL ? text : json_string(format);
}

void rs_finding_add(struct rs_findings *findings, enum rs_finding_state state, const char *format,
                    ...)
{
    va_list list;

    va_start(list, format);
    json_array_append_new(findings->list,
                          json_pack("{s:s, s:s, s:o, s:n, s:n}", "check", findings->check, "state",
                                    states[state], "found", text_of(format, list), "consequence",
                                    "mend"));
    va_end(list);
}

static void set_latest(struct rs_findings *findings, const char *name, json_t *text)
{
    const size_t count = json_array_size(findings->list);

    json_object_set_new(json_array_get(findings->list, count - 1), name, text);
}

void rs_finding_leads_to(struct rs_findings *findings, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    set_latest(findings, "consequence", text_of(format, list));
    va_end(list);
}

void rs_finding_mend(struct rs_findings *findings, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    set_latest(findings, "mend", text_of(format, list));
    va_end(list);
}

static const char *member(const json_t *finding, const char *name)
{
    return json_string_value(json_object_get(finding, name));
}

size_t rs_findings_count(const struct rs_findings *findings, enum rs_finding_state state)
{
    size_t count = 0, i;
    const json_t *finding;

    json_array_foreach(findings->list, i, finding)
        count += strcmp(member(finding, "state"), states[state]) == 0;
    return count;
}

static void print_below(FILE *out, const char *sign, const char *text)
{
    if (text != NULL)
        fprintf(out, "%*s%s %s\n", STATE_WIDTH + CHECK_WIDTH + 2, "", sign, text);
}

/* A command, or, for what no command does, words behind a "#": a shell takes both. */
static void print_mend(FILE *out, const char *mend)
{
    if (mend != NULL && mend[0] == '#')
        print_below(out, "#", mend + 2);
    else
        print_below(out, "$", mend);
}

void rs_findings_print(FILE *out, const struct rs_findings *findings)
{
    const json_t *finding;
    size_t i;

    json_array_foreach(findings->list, i, finding) {
        fprintf(out, "%-*s %-*s %s\n", STATE_WIDTH, member(finding, "state"), CHECK_WIDTH,
                member(finding, "check"), member(finding, "found"));
        print_below(out, "->", member(finding, "consequence"));
        print_mend(out, member(finding, "mend"));
    }
    fputc('\n', out);
    for (int state = 0; state < RS_FINDING_STATES; state++)
        fprintf(out, "%s%zu %s", state != 0 ? ", " : "",
                rs_findings_count(findings, (enum rs_finding_state)state), states[state]);
    fputc('\n', out);
}
