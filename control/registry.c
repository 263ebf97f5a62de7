/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two maps of names and the dataplane's observer. What a session or a stream can do is in files
 * of their own.
 */
#include "registry.h"

#include <stdlib.h>

#include "control/health.h"
#include "control/keys.h"
#include "control/session.h"
#include "control/stream.h"

const struct rs_observer rs_registry_observer = {
    .key_activated = rs_keys_activated,
    .key_retired = rs_keys_retired,
    .stream_trouble = rs_stream_record_trouble,
    .auth_failure_rate = rs_stream_record_auth_alarm,
    .stream_activity = rs_stream_record_activity,
    .stream_shortage = rs_stream_record_shortage,
    .worker_stalled = rs_health_worker_stalled,
    .port_changed = rs_health_port_changed,
};

struct rs_registry *rs_registry_create(struct event_base *base, const struct rs_config *config,
                                       struct rs_dataplane *dataplane, struct rs_events *events,
                                       struct rs_counts *counts)
{
    struct rs_registry *registry = calloc(1, sizeof(*registry));

    if (registry == NULL)
        return NULL;
    if (rs_map_init(&registry->sessions_by_id) != 0 || rs_map_init(&registry->streams_by_id) != 0) {
        rs_map_fini(&registry->sessions_by_id);
        free(registry);
        return NULL;
    }
    registry->base = base;
    registry->config = config;
    registry->dataplane = dataplane;
    registry->events = events;
    registry->counts = counts;
    registry->next_serial = 1;
    TAILQ_INIT(&registry->sessions);
    TAILQ_INIT(&registry->streams);
    TAILQ_INIT(&registry->active_keys.list);
    return registry;
}

void rs_registry_destroy(struct rs_registry *registry)
{
    struct rs_session_record *session;

    if (registry == NULL)
        return;
    while ((session = TAILQ_FIRST(&registry->sessions)) != NULL)
        rs_session_record_delete(session);
    rs_map_fini(&registry->sessions_by_id);
    rs_map_fini(&registry->streams_by_id);
    free(registry);
}

struct rs_session_record *rs_registry_find_session(const struct rs_registry *registry,
                                                   const char *id)
{
    struct rs_map_node *node = rs_map_find(&registry->sessions_by_id, id);

    return node != NULL ? rs_session_record_of(node) : NULL;
}

struct rs_stream_record *rs_registry_find_stream(const struct rs_registry *registry, const char *id)
{
    struct rs_map_node *node = rs_map_find(&registry->streams_by_id, id);

    return node != NULL ? rs_stream_record_of(node) : NULL;
}
