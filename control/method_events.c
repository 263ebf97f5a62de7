/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods that turn events on and off for a connection. Events themselves are in events.c.
 */
#include "handlers.h"

static int parse_types(const json_t *array, uint32_t *types, struct rs_error *error)
{
    const json_t *value;
    size_t i;

    *types = 0;
    json_array_foreach(array, i, value) {
        const char *name = json_string_value(value);
        const enum rs_event_type type = name != NULL ? rs_event_find(name) : RS_EVENT_TYPES;

        if (type == RS_EVENT_TYPES)
            return rs_error_set(error, RS_E_INVALID_PARAMS, "types",
                                "\"types\" has what is no type of event, at index %zu", i);
        *types |= 1u << type;
    }
    return 0;
}

enum rs_reply rs_method_events_subscribe(struct rs_request *request, const void *params)
{
    const struct rs_events_params *wanted = params;
    struct rs_events *events = request->control->events;
    uint32_t types = (1u << RS_EVENT_TYPES) - 1;

    if (wanted->types != NULL && parse_types(wanted->types, &types, &request->error) != 0)
        return RS_REPLY_NOW;
    if (request->subscriber != NULL)
        rs_events_subscribe(events, request->subscriber, types, rs_optional_or(wanted->from_seq, 0),
                            wanted->instance);
    request->result = json_pack("{s:s, s:I}", "instance", rs_events_instance(events), "next_seq",
                                (json_int_t)rs_events_next_seq(events));
    return RS_REPLY_NOW;
}

enum rs_reply rs_method_events_unsubscribe(struct rs_request *request, const void *params)
{
    (void)params;
    if (request->subscriber != NULL)
        rs_events_unsubscribe(request->control->events, request->subscriber);
    request->result = json_object();
    return RS_REPLY_NOW;
}
