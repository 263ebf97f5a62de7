/* SPDX-License-Identifier: BSD-3-Clause */
/* Silent calls with short timeouts: a shell waits for their end before it shows the next key. */
#include "complete_ask.h"

#include <stdbool.h>
#include <string.h>

#include "control/client.h"

enum { TIMEOUT_MS = 300, PAGES_MAX = 4, PAGE_ENTRIES = 1000 };

struct source {
    const char *what;
    const char *method;
    const char *list, *name; /* members: of the result, and of the list's entries */
    bool in_pages;
};

static const struct source sources[] = {
    {"session", "session_list", "sessions", "session_id", true},
    {"stream", "stream_list", "streams", "stream_id", true},
    {"link", "stats_get", "ports", "link", false},
    {"event", "rpc_get_methods", "events", "type", false},
    {"method", "rpc_get_methods", "methods", "name", false},
};

/* Ports come in pairs of one link: a name is taken once. */
static void add_names(json_t *names, const struct source *source, const json_t *result)
{
    json_t *entry, *last = NULL;
    size_t index;

    json_array_foreach(json_object_get(result, source->list), index, entry) {
        json_t *name = json_object_get(entry, source->name);

        if (json_is_string(name) && !json_equal(name, last))
            json_array_append(names, name);
        last = name;
    }
}

/* One page; *cursor becomes that of the next, or NULL. */
static void ask(struct rs_client *client, const struct source *source, json_t **cursor,
                json_t *names)
{
    json_t *params = source->in_pages
                         ? json_pack("{s:i, s:o*}", "limit", PAGE_ENTRIES, "cursor", *cursor)
                     : strcmp(source->what, "link") == 0 ? json_pack("{s:s}", "scope", "port")
                                                         : NULL;
    struct rs_client_reply reply = {0};

    *cursor = NULL;
    if (rs_client_call_within(client, source->method, params, TIMEOUT_MS, &reply) == 0) {
        add_names(names, source, reply.result);
        *cursor = json_incref(json_object_get(reply.result, "cursor"));
    }
    json_decref(params);
    json_decref(reply.result);
    json_decref(reply.error);
}

json_t *rs_complete_ask(const char *socket, const char *what)
{
    json_t *names = json_array(), *cursor = NULL;
    struct rs_client *client;

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(sources[i].what, what) != 0 ||
            rs_client_open_within(socket, TIMEOUT_MS, &client) != 0)
            continue;
        for (int page = 0; page < PAGES_MAX && (page == 0 || cursor != NULL); page++)
            ask(client, &sources[i], &cursor, names);
        rs_client_close(client);
    }
    json_decref(cursor);
    return names;
}
