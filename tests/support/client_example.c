/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program of somebody else's that drives the daemon by librtpseal-client: makes an e2ee session,
 * publishes a stream, changes the secret and waits until it seals. Compiled against an installed
 * copy, so it includes nothing of the source tree.
 *   client_example SOCKET    both secrets: the first two lines of standard input
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rtpseal/client.h>

static struct rs_client *client;

static void fail(const char *what, int error)
{
    fprintf(stderr, "%s: %s\n", what, rs_client_error_text(error));
    exit(1);
}

/* Calls a method; ends the program where it is refused. Takes over the params. */
static json_t *call(const char *method, json_t *params)
{
    struct rs_client_reply reply;
    const int error = rs_client_call_within(client, method, params, 10000, &reply);

    json_decref(params);
    if (error != 0)
        fail(method, error);
    if (reply.error != NULL) {
        fprintf(stderr, "%s: ", method);
        json_dumpf(reply.error, stderr, 0);
        exit(1);
    }
    return reply.result;
}

static void print_member(const char *method, json_t *params, const char *name)
{
    json_t *result = call(method, params);

    printf("%s %s ", method, name);
    json_dumpf(json_object_get(result, name), stdout, JSON_ENCODE_ANY | JSON_COMPACT);
    putchar('\n');
    json_decref(result);
}

/* As an event loop does: sleeps on the descriptor, then takes all that has come. */
static void wait_for_event(const char *type)
{
    for (;;) {
        struct pollfd ready = {.fd = rs_client_fd(client), .events = POLLIN};
        json_t *event;
        int error;

        while ((error = rs_client_next_event_within(client, 0, &event)) == 0) {
            const char *said = json_string_value(json_object_get(event, "type"));
            const int found = said != NULL && strcmp(said, type) == 0;

            printf("event %s\n", said);
            json_decref(event);
            if (found)
                return;
        }
        if (error != -ETIMEDOUT)
            fail("events", error);
        if (poll(&ready, 1, 10000) != 1)
            fail("events", -ETIMEDOUT);
    }
}

static json_t *with_secret(void)
{
    char line[512];

    if (fgets(line, sizeof(line), stdin) == NULL)
        exit(2);
    line[strcspn(line, "\n")] = '\0';
    return json_pack("{s:s, s:s}", "session_id", "example", "encryption_secret", line);
}

int main(int argc, char **argv)
{
    int error;

    if (argc != 2)
        return 2;
    error = rs_client_open_within(argv[1], 10000, &client);
    if (error != 0)
        fail(argv[1], error);
    print_member("get_version", NULL, "api_version");
    json_decref(call("events_subscribe", NULL));
    print_member("session_create",
                 json_pack("{s:s, s:b, s:i, s:i}", "session_id", "example", "e2ee", 1,
                           "activate_after_ms", 300, "grace_ms", 2300),
                 "state");
    print_member("session_connect", with_secret(), "epoch");
    print_member("stream_publish",
                 json_pack("{s:s, s:s, s:s, s:{s:s, s:i}, s:{s:{s:s}}}", "session_id", "example",
                           "stream_id", "one", "link", "edge0", "flow", "dst_ip", "198.51.100.20",
                           "dst_port", 20000, "payload_types", "96", "codec", "VP8"),
                 "direction");
    wait_for_event("secret_activated"); /* of the first */
    print_member("session_set_encryption_secret", with_secret(), "epoch");
    wait_for_event("secret_activated");
    wait_for_event("secret_retired");
    rs_client_close(client);
    return 0;
}
