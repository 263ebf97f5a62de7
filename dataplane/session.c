/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions as control sees them: dataplane.h's functions on top of keyring.c. Their streams are
 * stream.c's. */
#include "session.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane_internal.h"
#include "keyring.h"

struct rs_session *rs_session_create(struct rs_dataplane *dp, enum rs_protection protection,
                                     void *owner)
{
    struct rs_session *session;

    if (dp->session_count >= dp->max_sessions) {
        errno = ENOSPC;
        return NULL;
    }
    session = rs_lines_alloc(sizeof(*session));
    if (session == NULL)
        return NULL;
    session->ring = rs_keyring_create();
    if (session->ring == NULL) {
        free(session);
        errno = ENOMEM;
        return NULL;
    }
    atomic_init(&session->protection, protection);
    session->dataplane = dp;
    session->owner = owner;
    TAILQ_INIT(&session->streams);
    TAILQ_INSERT_TAIL(&dp->sessions, session, entry);
    dp->session_count++;
    return session;
}

void rs_session_set_protection(struct rs_session *session, enum rs_protection protection)
{
    atomic_store_explicit(&session->protection, protection, memory_order_relaxed);
}

void rs_session_destroy(struct rs_session *session)
{
    session->ended = true;
    session->dataplane->session_count--;
    rs_keyring_end(session);
    rs_session_free_if_over(session);
}

void rs_session_free_if_over(struct rs_session *session)
{
    if (!session->ended || !TAILQ_EMPTY(&session->streams))
        return;
    TAILQ_REMOVE(&session->dataplane->sessions, session, entry);
    free(session);
}

int rs_session_stage_key(struct rs_session *session, const uint8_t *base_key, size_t bytes,
                         uint32_t epoch, enum rs_staging *staging, struct rs_key_info *info)
{
    return rs_keyring_stage(session->dataplane->keys, session, base_key, bytes, epoch, staging,
                            info);
}

int rs_session_activate_key(struct rs_session *session, uint32_t *replaced_epoch)
{
    return rs_keyring_activate(session, replaced_epoch);
}

int rs_session_retire_key(struct rs_session *session, uint32_t epoch)
{
    return rs_keyring_retire(session, epoch);
}

int rs_session_retire_all_keys(struct rs_session *session)
{
    return rs_keyring_retire_all(session);
}

void rs_session_get_keyring(const struct rs_session *session, struct rs_keyring_info *info)
{
    rs_keyring_get(session, info);
}

void rs_session_get_counters(const struct rs_session *session, enum rs_direction direction,
                             struct rs_counters *sum)
{
    const struct rs_stream *stream;

    *sum = session->past[direction];
    TAILQ_FOREACH(stream, &session->streams, entry) {
        if (stream->direction != direction)
            continue;
        for (unsigned int w = 0; w < session->dataplane->worker_count; w++)
            rs_counters_add_stream(sum, &stream->slots[w].counters);
    }
}
