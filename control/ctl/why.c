/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks flow_explain and prints its answers. What a flow's packets meet is the daemon's to say. */
#include "why.h"

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "exit_code.h"
#include "print.h"

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static const char *side_words(const char *direction)
{
    return direction != NULL && strcmp(direction, "open") == 0
               ? "from the sealed to the plain side"
               : "from the plain to the sealed side";
}

/* "wire" and the like in words that need no table. */
static const char *verdict_words(const char *verdict)
{
    static const char *const words[][2] = {
        {"wire", "passes as on a wire"}, {"sealed", "is sealed"},   {"opened", "is opened"},
        {"passed", "passes unchanged"},  {"dropped", "is dropped"},
    };

    for (size_t i = 0; verdict != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i][0], verdict) == 0)
            return words[i][1];
    }
    return verdict != NULL ? verdict : "-";
}

static void print_endpoint(const json_t *flow, const char *ip_name, const char *port_name)
{
    const char *ip = text_of(flow, ip_name);
    const long long port = (long long)json_integer_value(json_object_get(flow, port_name));

    printf(ip != NULL && strchr(ip, ':') != NULL ? "[%s]:%lld" : "%s:%lld", ip != NULL ? ip : "-",
           port);
}

/* "A packet from 192.0.2.1:5004 to [2001:db8::1]:5004, VLAN 9, SSRC 17:" */
static void print_question(const json_t *params)
{
    static const char *const members[][2] = {{"ssrc", "SSRC"}, {"payload_type", "payload type"}};
    const json_t *flow = json_object_get(params, "flow"), *vlan = json_object_get(flow, "vlan");

    fputs("A packet", stdout);
    if (json_object_get(flow, "src_ip") != NULL) {
        fputs(" from ", stdout);
        print_endpoint(flow, "src_ip", "src_port");
    }
    fputs(" to ", stdout);
    print_endpoint(flow, "dst_ip", "dst_port");
    if (vlan != NULL)
        printf(", VLAN %lld", (long long)json_integer_value(vlan));
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const json_t *value = json_object_get(params, members[i][0]);

        if (value != NULL)
            printf(", %s %lld", members[i][1], (long long)json_integer_value(value));
    }
    puts(":");
}

static void print_answer(const json_t *answer)
{
    const char *stream = text_of(answer, "stream_id"), *session = text_of(answer, "session_id");
    const char *codec = text_of(answer, "codec"), *why = text_of(answer, "why");
    const char *outcome = text_of(answer, "outcome"), *link = text_of(answer, "link");

    printf("\nOn link %s %s it %s, counted as %s.\n", link != NULL ? link : "-",
           side_words(text_of(answer, "direction")), verdict_words(text_of(answer, "verdict")),
           outcome != NULL ? outcome : "-");
    printf("  %s\n", why != NULL ? why : "-");
    if (stream != NULL)
        printf("  It belongs to stream %s", stream);
    if (stream != NULL && session != NULL)
        printf(" of session %s", session);
    if (stream != NULL)
        puts(".");
    if (codec != NULL)
        printf("  Its codec is %s.\n", codec);
}

int rs_run_why(const struct rs_command *command, struct rs_args *args)
{
    json_t *result, *answer;
    size_t index;
    const int code = rs_ask_once(args, command->method, args->params, &result);

    if (code != RS_EXIT_OK)
        return code;
    if (args->json) {
        rs_print_json(stdout, result);
    } else {
        print_question(args->params);
        json_array_foreach(json_object_get(result, "answers"), index, answer)
            print_answer(answer);
    }
    json_decref(result);
    return code;
}
