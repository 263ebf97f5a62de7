/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions: begun, filled, ended by their connection, by a commit or by time. Nothing here
 * looks at what there is already.
 */
#include "apply.h"

#include <stdlib.h>

#include <event2/event.h>

#include "control/config.h"
#include "control/control.h"
#include "control/registry.h"

static size_t transactions;

static void free_sessions(struct rs_wanted_sessions *sessions)
{
    struct rs_wanted_session *session;

    while ((session = TAILQ_FIRST(sessions)) != NULL) {
        TAILQ_REMOVE(sessions, session, entry);
        free(session);
    }
}

static void free_streams(struct rs_wanted_streams *streams)
{
    struct rs_wanted_stream *stream;

    while ((stream = TAILQ_FIRST(streams)) != NULL) {
        TAILQ_REMOVE(streams, stream, entry);
        free(stream);
    }
}

void rs_apply_part_clear(struct rs_apply_part *part)
{
    free_sessions(&part->sessions);
    free_streams(&part->streams);
}

void rs_apply_end(struct rs_apply **slot)
{
    struct rs_apply *apply = *slot;

    if (apply == NULL)
        return;
    *slot = NULL;
    transactions--;
    event_free(apply->expiry);
    rs_map_fini(&apply->sessions_by_id);
    rs_map_fini(&apply->streams_by_id);
    free_sessions(&apply->sessions);
    free_streams(&apply->streams);
    free(apply);
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
    struct rs_apply *apply = arg;

    (void)fd;
    (void)what;
    rs_apply_end(apply->slot);
}

void rs_apply_touch(struct rs_apply *apply)
{
    static const struct timeval idle = {RS_APPLY_IDLE_MS / 1000, 0};

    evtimer_add(apply->expiry, &idle);
}

/* Frees what failed halfway, too. */
static struct rs_apply *make(struct rs_registry *registry)
{
    struct rs_apply *apply = calloc(1, sizeof(*apply));

    if (apply == NULL)
        return NULL;
    apply->expiry = evtimer_new(registry->base, on_expiry, apply);
    if (apply->expiry != NULL && rs_map_init(&apply->sessions_by_id) == 0 &&
        rs_map_init(&apply->streams_by_id) == 0)
        return apply;
    if (apply->expiry != NULL)
        event_free(apply->expiry);
    rs_map_fini(&apply->sessions_by_id);
    rs_map_fini(&apply->streams_by_id);
    free(apply);
    return NULL;
}

int rs_apply_begin(struct rs_registry *registry, struct rs_apply **slot, struct rs_error *error)
{
    struct rs_apply *apply;

    rs_apply_end(slot);
    if (transactions == RS_APPLY_MAX)
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL,
                            "%d transactions are under way: try again when one has ended",
                            RS_APPLY_MAX);
    apply = make(registry);
    if (apply == NULL)
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "no memory for a transaction");
    transactions++;
    apply->registry = registry;
    apply->slot = slot;
    TAILQ_INIT(&apply->sessions);
    TAILQ_INIT(&apply->streams);
    rs_control_random_hex(apply->txn, (RS_APPLY_TXN_BYTES - 1) / 2);
    rs_apply_touch(apply);
    *slot = apply;
    return 0;
}

static int fail_twice(struct rs_error *error, const char *list, size_t index, const char *member,
                      const char *id)
{
    char param[sizeof(error->param)];

    snprintf(param, sizeof(param), "%s[%zu].%s", list, index, member);
    return rs_error_set(error, RS_E_INVALID_PARAMS, param, "%s is named twice", id);
}

/* Enters what it can; stops at the first that is there already. */
static int enter_sessions(struct rs_apply *apply, struct rs_apply_part *part,
                          struct rs_error *error)
{
    struct rs_wanted_session *session;
    size_t index = 0;

    TAILQ_FOREACH(session, &part->sessions, entry) {
        if (rs_map_find(&apply->sessions_by_id, session->id) != NULL)
            return fail_twice(error, "sessions", index, "session_id", session->id);
        session->by_id.key = session->id;
        rs_map_add(&apply->sessions_by_id, &session->by_id);
        index++;
    }
    return 0;
}

static int enter_streams(struct rs_apply *apply, struct rs_apply_part *part, struct rs_error *error)
{
    struct rs_wanted_stream *stream;
    size_t index = 0;

    TAILQ_FOREACH(stream, &part->streams, entry) {
        if (rs_map_find(&apply->streams_by_id, stream->id) != NULL)
            return fail_twice(error, "streams", index, "stream_id", stream->id);
        stream->by_id.key = stream->id;
        rs_map_add(&apply->streams_by_id, &stream->by_id);
        index++;
    }
    return 0;
}

/* Takes out again what has been entered: only those have a key. */
static void leave(struct rs_apply *apply, struct rs_apply_part *part)
{
    struct rs_wanted_session *session;
    struct rs_wanted_stream *stream;

    TAILQ_FOREACH(session, &part->sessions, entry) {
        if (session->by_id.key != NULL)
            rs_map_remove(&apply->sessions_by_id, &session->by_id);
    }
    TAILQ_FOREACH(stream, &part->streams, entry) {
        if (stream->by_id.key != NULL)
            rs_map_remove(&apply->streams_by_id, &stream->by_id);
    }
}

static int check_limits(const struct rs_apply *apply, struct rs_error *error)
{
    const struct rs_dataplane_config *limits = &apply->registry->config->dataplane;

    if (apply->sessions_by_id.count > limits->max_sessions)
        return rs_error_set(error, RS_E_NO_CAPACITY, "sessions", "limits.sessions is %u",
                            limits->max_sessions);
    if (apply->streams_by_id.count > limits->max_streams)
        return rs_error_set(error, RS_E_NO_CAPACITY, "streams", "limits.streams is %u",
                            limits->max_streams);
    return 0;
}

int rs_apply_add(struct rs_apply *apply, struct rs_apply_part *part, struct rs_error *error)
{
    if (enter_sessions(apply, part, error) != 0 || enter_streams(apply, part, error) != 0 ||
        check_limits(apply, error) != 0) {
        leave(apply, part);
        return -1;
    }
    TAILQ_CONCAT(&apply->sessions, &part->sessions, entry);
    TAILQ_CONCAT(&apply->streams, &part->streams, entry);
    return 0;
}
