/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A part is a row of a table: its method, its params, and which member of the result it is. What a
 * daemon does not have is asked for once and then left out.
 */
#include "top_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BUSIEST_LIMIT = 20,
    SESSIONS_LIMIT = 100,
    /* Sessions whose keys are looked at one by one; others are known by their row alone. */
    DETAILS_MAX = 32,
    METHOD_NOT_FOUND = -32601,
};

static const struct {
    const char *method;
    const char *scope; /* of stats_get */
    int limit;
    const char *member; /* NULL: the whole result */
    bool needed;
} asked[RS_TOP_PARTS] = {
    [RS_TOP_VERSION] = {"get_version", NULL, 0, NULL, true},
    [RS_TOP_DAEMON] = {"stats_get", "daemon", 0, NULL, true},
    [RS_TOP_PORTS] = {"stats_get", "port", 0, "ports", true},
    [RS_TOP_WORKERS] = {"stats_get", "worker", 0, "workers", true},
    [RS_TOP_HEALTH] = {"health_get", NULL, 0, NULL, false},
    [RS_TOP_BUSIEST] = {"stats_busiest", NULL, BUSIEST_LIMIT, "streams", false},
    [RS_TOP_SESSIONS] = {"session_list", NULL, SESSIONS_LIMIT, "sessions", false},
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static json_t *params_of(enum rs_top_part part)
{
    json_t *params = json_object();

    if (asked[part].scope != NULL)
        json_object_set_new(params, "scope", json_string(asked[part].scope));
    if (asked[part].limit != 0)
        json_object_set_new(params, "limit", json_integer(asked[part].limit));
    return params;
}

static void take_part(struct rs_top_sample *sample, enum rs_top_part part, json_t *result,
                      uint64_t began_ns)
{
    json_t *value =
        asked[part].member != NULL ? json_object_get(result, asked[part].member) : result;

    sample->parts[part] = json_incref(value);
    sample->taken_ns[part] = began_ns + (now_ns() - began_ns) / 2;
}

static int ask_part(struct rs_client *client, struct rs_top_lacks *lacks, enum rs_top_part part,
                    struct rs_top_sample *sample, json_t **refused)
{
    const uint64_t began_ns = now_ns();
    json_t *params = params_of(part);
    struct rs_client_reply reply;
    const int error = rs_client_call(client, asked[part].method, params, &reply);

    json_decref(params);
    if (error != 0)
        return error;
    if (reply.error == NULL) {
        take_part(sample, part, reply.result, began_ns);
        json_decref(reply.result);
        return 0;
    }
    if (asked[part].needed) {
        *refused = reply.error;
        return -EACCES;
    }
    lacks->parts[part] = rs_top_number(reply.error, "code", 0) == METHOD_NOT_FOUND;
    json_decref(reply.error);
    return 0;
}

/* The keys of one session, into its row. */
static int ask_keys(struct rs_client *client, json_t *session)
{
    json_t *params = json_pack("{s:O}", "session_id", json_object_get(session, "session_id"));
    struct rs_client_reply reply = {0};
    const int error = rs_client_call(client, "session_get", params, &reply);
    json_t *keys = json_object_get(reply.result, "keys");

    json_decref(params);
    if (error != 0)
        return error;
    if (keys != NULL)
        json_object_set(session, "keys", keys);
    json_decref(reply.result);
    json_decref(reply.error);
    return 0;
}

static int ask_details(struct rs_client *client, const json_t *sessions)
{
    unsigned int looked_at = 0;
    json_t *session;
    size_t i;

    json_array_foreach(sessions, i, session) {
        int error;

        if (!json_is_true(json_object_get(session, "e2ee")) || looked_at++ >= DETAILS_MAX)
            continue;
        error = ask_keys(client, session);
        if (error != 0)
            return error;
    }
    return 0;
}

int rs_top_ask(struct rs_client *client, struct rs_top_lacks *lacks, struct rs_top_sample **sample,
               json_t **refused)
{
    struct rs_top_sample *taken = calloc(1, sizeof(*taken));
    int error = taken != NULL ? 0 : -ENOMEM;

    *refused = NULL;
    for (int part = 0; part < RS_TOP_PARTS && error == 0; part++) {
        if (!lacks->parts[part])
            error = ask_part(client, lacks, (enum rs_top_part)part, taken, refused);
    }
    if (error == 0)
        error = ask_details(client, taken->parts[RS_TOP_SESSIONS]);
    if (error != 0) {
        rs_top_sample_free(taken);
        return error;
    }
    *sample = taken;
    return 0;
}
