/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between what is wanted and what there is. Nothing is changed here: that is
 * apply_commit.c's.
 */
#include "apply_plan.h"

#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/registry.h"

/* A session that differs in one of these is another one. */
#define IDENTITY_FIELDS (1u << RS_FIELD_MEDIA_MODE | 1u << RS_FIELD_E2EE)

const char *rs_change_name(enum rs_change_kind kind)
{
    static const char *const names[RS_CHANGES] = {"none", "create", "change", "replace", "delete"};

    return names[kind];
}

const char *rs_field_name(enum rs_field field)
{
    static const char *const names[RS_FIELDS] = {
        "media_mode",    "e2ee",       "archive_mode", "suite", "grace_ms", "activate_after_ms",
        "replay_window", "session_id", "direction",    "link",  "flow",     "ssrc",
        "payload_types"};

    return names[field];
}

static uint32_t differs(bool different, enum rs_field field)
{
    return different ? 1u << field : 0;
}

/* ---- sessions ----------------------------------------------------------------------------- */

static uint32_t compare_options(const struct rs_session_options *a,
                                const struct rs_session_options *b)
{
    return differs(a->media_mode != b->media_mode, RS_FIELD_MEDIA_MODE) |
           differs(a->e2ee != b->e2ee, RS_FIELD_E2EE) |
           differs(a->archive_mode != b->archive_mode, RS_FIELD_ARCHIVE_MODE) |
           differs(a->suite != b->suite, RS_FIELD_SUITE) |
           differs(a->grace_ms != b->grace_ms, RS_FIELD_GRACE_MS) |
           differs(a->activate_after_ms != b->activate_after_ms, RS_FIELD_ACTIVATE_AFTER_MS) |
           differs(a->replay_window != b->replay_window, RS_FIELD_REPLAY_WINDOW);
}

static void add_session(struct rs_plan *plan, const struct rs_session_change *change)
{
    plan->session_kinds[change->kind]++;
    if (change->kind != RS_CHANGE_NONE)
        plan->sessions[plan->session_count++] = *change;
}

static int plan_wanted_session(struct rs_plan *plan, struct rs_wanted_session *wanted,
                               struct rs_error *error)
{
    struct rs_session_change change = {.wanted = wanted};

    if (rs_session_check_options(plan->registry, &wanted->options, error) != 0)
        return rs_error_about(error, "session", wanted->id);
    change.present = rs_registry_find_session(plan->registry, wanted->id);
    wanted->record = change.present;
    if (change.present == NULL) {
        change.kind = RS_CHANGE_CREATE;
    } else {
        change.fields = compare_options(&change.present->options, &wanted->options);
        change.kind = change.fields == 0                ? RS_CHANGE_NONE
                      : change.fields & IDENTITY_FIELDS ? RS_CHANGE_REPLACE
                                                        : RS_CHANGE_CHANGE;
    }
    if (change.kind == RS_CHANGE_CREATE || change.kind == RS_CHANGE_REPLACE)
        wanted->record = NULL;
    add_session(plan, &change);
    return 0;
}

static int plan_sessions(struct rs_plan *plan, struct rs_apply *apply, struct rs_error *error)
{
    struct rs_wanted_session *wanted;
    struct rs_session_record *present;

    TAILQ_FOREACH(wanted, &apply->sessions, entry) {
        if (plan_wanted_session(plan, wanted, error) != 0)
            return -1;
    }
    TAILQ_FOREACH(present, &plan->registry->sessions, entry) {
        const struct rs_session_change change = {.kind = RS_CHANGE_DELETE, .present = present};

        if (rs_map_find(&apply->sessions_by_id, present->id) == NULL)
            add_session(plan, &change);
    }
    return 0;
}

/* ---- streams ------------------------------------------------------------------------------ */

/* In whatever order they were named. */
static bool same_ssrcs(const struct rs_stream_options *a, const struct rs_stream_record *b)
{
    size_t found = 0;

    if (a->ssrc_count != b->ssrc_count)
        return false;
    for (size_t i = 0; i < a->ssrc_count; i++) {
        for (size_t j = 0; j < b->ssrc_count; j++)
            found += a->ssrcs[i] == b->ssrcs[j];
    }
    return found == a->ssrc_count;
}

static uint32_t compare_stream(const struct rs_stream_change *change,
                               const struct rs_wanted_session *session)
{
    const struct rs_stream_options *wanted = &change->wanted->options;
    const struct rs_stream_record *present = change->present;

    return differs(present->session != session->record, RS_FIELD_SESSION) |
           differs(present->direction != wanted->direction, RS_FIELD_DIRECTION) |
           differs(present->link != change->link, RS_FIELD_LINK) |
           differs(memcmp(&present->flow, &wanted->flow, sizeof(present->flow)) != 0,
                   RS_FIELD_FLOW) |
           differs(!same_ssrcs(wanted, present), RS_FIELD_SSRC) |
           differs(memcmp(&present->payload_types, &wanted->payload_types,
                          sizeof(present->payload_types)) != 0,
                   RS_FIELD_PAYLOAD_TYPES) |
           differs(present->suite != wanted->suite, RS_FIELD_SUITE) |
           differs(present->replay_window != wanted->replay_window.value, RS_FIELD_REPLAY_WINDOW);
}

static struct rs_wanted_session *find_session(const struct rs_apply *apply,
                                              const struct rs_wanted_stream *stream)
{
    struct rs_map_node *node = rs_map_find(&apply->sessions_by_id, stream->session_id);

    if (node == NULL)
        return NULL;
    return (struct rs_wanted_session *)((char *)node - offsetof(struct rs_wanted_session, by_id));
}

static void add_stream(struct rs_plan *plan, const struct rs_stream_change *change)
{
    plan->stream_kinds[change->kind]++;
    if (change->kind != RS_CHANGE_NONE)
        plan->streams[plan->stream_count++] = *change;
}

/* Each suite once, and not that of the stream's session, which was tested with the session. */
static int check_suite(struct rs_plan *plan, const struct rs_wanted_stream *wanted,
                       const struct rs_wanted_session *session, uint32_t *tested,
                       struct rs_error *error)
{
    const uint32_t bit = 1u << (wanted->options.suite - rs_suites);

    if (!session->options.e2ee || wanted->options.suite == session->options.suite ||
        (*tested & bit) != 0)
        return 0;
    *tested |= bit;
    return rs_stream_check_suite(plan->registry, &wanted->options, error);
}

static int plan_wanted_stream(struct rs_plan *plan, struct rs_apply *apply,
                              struct rs_wanted_stream *wanted, uint32_t *tested,
                              struct rs_error *error)
{
    struct rs_wanted_session *session = find_session(apply, wanted);
    struct rs_stream_change change = {.wanted = wanted};

    if (session == NULL)
        return rs_error_set(error, RS_E_UNKNOWN_SESSION, "session_id",
                            "stream %s: its session is not among those named", wanted->id);
    wanted->session = session;
    if (wanted->options.suite == NULL)
        wanted->options.suite = session->options.suite;
    if (!wanted->options.replay_window.given)
        wanted->options.replay_window = (struct rs_optional){true, session->options.replay_window};
    if (rs_stream_check_link(plan->registry, &wanted->options, &change.link, error) != 0 ||
        check_suite(plan, wanted, session, tested, error) != 0)
        return rs_error_about(error, "stream", wanted->id);
    change.present = rs_registry_find_stream(plan->registry, wanted->id);
    if (change.present == NULL) {
        change.kind = RS_CHANGE_CREATE;
    } else {
        change.fields = compare_stream(&change, session);
        change.kind = change.fields == 0 ? RS_CHANGE_NONE : RS_CHANGE_CHANGE;
    }
    add_stream(plan, &change);
    return 0;
}

static int plan_streams(struct rs_plan *plan, struct rs_apply *apply, struct rs_error *error)
{
    struct rs_wanted_stream *wanted;
    struct rs_stream_record *present;
    uint32_t tested = 0;

    TAILQ_FOREACH(wanted, &apply->streams, entry) {
        if (plan_wanted_stream(plan, apply, wanted, &tested, error) != 0)
            return -1;
    }
    TAILQ_FOREACH(present, &plan->registry->streams, entry) {
        const struct rs_stream_change change = {.kind = RS_CHANGE_DELETE, .present = present};

        if (rs_map_find(&apply->streams_by_id, present->id) == NULL)
            add_stream(plan, &change);
    }
    return 0;
}

/* ---- the plan ----------------------------------------------------------------------------- */

int rs_plan_make(struct rs_apply *apply, struct rs_plan *plan, struct rs_error *error)
{
    const struct rs_registry *registry = apply->registry;

    *plan = (struct rs_plan){.registry = apply->registry};
    plan->sessions = calloc(apply->sessions_by_id.count + registry->sessions_by_id.count + 1,
                            sizeof(plan->sessions[0]));
    plan->streams = calloc(apply->streams_by_id.count + registry->streams_by_id.count + 1,
                           sizeof(plan->streams[0]));
    if (plan->sessions == NULL || plan->streams == NULL)
        rs_error_set(error, RS_E_NO_CAPACITY, NULL, "no memory to compare with what there is");
    else if (plan_sessions(plan, apply, error) == 0 && plan_streams(plan, apply, error) == 0)
        return 0;
    rs_plan_free(plan);
    return -1;
}

void rs_plan_free(struct rs_plan *plan)
{
    free(plan->sessions);
    free(plan->streams);
    *plan = (struct rs_plan){0};
}

struct rs_session_record *rs_plan_busy_session(const struct rs_plan *plan)
{
    for (size_t i = 0; i < plan->session_count; i++) {
        if (plan->sessions[i].present != NULL && plan->sessions[i].present->busy)
            return plan->sessions[i].present;
    }
    for (size_t i = 0; i < plan->stream_count; i++) {
        const struct rs_stream_record *stream = plan->streams[i].present;

        if (stream != NULL && stream->session->busy)
            return stream->session;
    }
    return NULL;
}
