/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A part is a row of a table. What cannot be had is left out, and why is said in its place: a
 * daemon that does not run is no reason to have nothing.
 */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "doctor.h"
#include "document.h"
#include "print.h"
#include "say.h"
#include "scrub.h"

enum {
    TIMEOUT_MS = 10000,
    EVENT_MS = 200,
    EVENTS_MAX = 10000,
    PAGES_MAX = 100,
    FILE_MAX_BYTES = 1 << 20
};

#define DEFAULT_CONFIG "/etc/rtpseal/rtpseald.yaml"

static const struct {
    const char *name, *method, *scope;
    const char *list; /* comes in pages of this */
} parts[] = {
    {"version", "get_version", NULL, NULL},
    {"support", "has_end_to_end_encryption_support", NULL, NULL},
    {"health", "health_get", NULL, NULL},
    {"configuration_differs", "config_check", NULL, NULL},
    {"daemon", "stats_get", "daemon", NULL},
    {"ports", "stats_get", "port", NULL},
    {"workers", "stats_get", "worker", NULL},
    {"busiest", "stats_busiest", NULL, NULL},
    {"capture", "capture_get", NULL, NULL},
    {"sessions", "session_list", NULL, "sessions"},
    {"streams", "stream_list", NULL, "streams"},
};

/* ---- the daemon ----------------------------------------------------------------------------- */

static json_t *said(const char *why)
{
    return json_pack("{s:s}", "not_available", why);
}

/* The result, or why there is none. */
static json_t *ask(struct rs_client *client, const char *method, json_t *params)
{
    struct rs_client_reply reply = {0};
    const int error = rs_client_call_within(client, method, params, TIMEOUT_MS, &reply);
    const char *message;
    json_t *why;

    if (error != 0)
        return said(rs_client_error_text(error));
    if (reply.error == NULL)
        return reply.result;
    message = json_string_value(json_object_get(reply.error, "message"));
    why = said(message != NULL ? message : "refused");
    json_decref(reply.error);
    return why;
}

/* All pages of a list, as one. */
static json_t *ask_pages(struct rs_client *client, const char *method, const char *list)
{
    json_t *all = json_array(), *params = json_pack("{s:i}", "limit", 1000);

    for (unsigned int page = 0; page < PAGES_MAX; page++) {
        json_t *result = ask(client, method, params), *rows = json_object_get(result, list);
        json_t *cursor = json_object_get(result, "cursor");

        if (!json_is_array(rows)) {
            json_decref(all);
            json_decref(params);
            return result;
        }
        json_array_extend(all, rows);
        if (json_is_string(cursor))
            json_object_set(params, "cursor", cursor);
        else
            page = PAGES_MAX;
        json_decref(result);
    }
    json_decref(params);
    return all;
}

/* What is still in the ring. */
static json_t *ask_events(struct rs_client *client)
{
    json_t *params = json_pack("{s:i}", "from_seq", 1), *all = json_array(), *event;
    json_t *result = ask(client, "events_subscribe", params);

    json_decref(params);
    json_decref(result);
    while (json_array_size(all) < EVENTS_MAX &&
           rs_client_next_event_within(client, EVENT_MS, &event) == 0)
        json_array_append_new(all, event);
    return all;
}

static void add_daemon(json_t *bundle, const struct rs_args *args)
{
    struct rs_client *client;
    const int error = rs_client_open_within(args->socket, TIMEOUT_MS, &client);

    if (error != 0) {
        json_object_set_new(bundle, "daemon", said(rs_client_error_text(error)));
        return;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        json_t *params = json_object(), *result;

        if (parts[i].scope != NULL)
            json_object_set_new(params, "scope", json_string(parts[i].scope));
        result = parts[i].list != NULL ? ask_pages(client, parts[i].method, parts[i].list)
                                       : ask(client, parts[i].method, params);
        json_object_set_new(bundle, parts[i].name, result);
        json_decref(params);
    }
    json_object_set_new(bundle, "events", ask_events(client));
    rs_client_close(client);
}

/* ---- the host ------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(FILE_MAX_BYTES + 1) : NULL;

    if (text != NULL) {
        *bytes = fread(text, 1, FILE_MAX_BYTES, file);
        text[*bytes] = '\0';
    }
    if (file != NULL)
        fclose(file);
    return text;
}

/* Lines of a file that begin with the word. */
static json_t *lines_of(const char *path, const char *word)
{
    size_t bytes;
    char *text = read_file(path, &bytes), *state = NULL;
    json_t *lines = json_array();

    for (char *line = text != NULL ? strtok_r(text, "\n", &state) : NULL; line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        if (strncmp(line, word, strlen(word)) == 0 && json_array_size(lines) < 64)
            json_array_append_new(lines, json_string(line));
    }
    free(text);
    return lines;
}

/* Not the host's name: that is an address too. */
static json_t *describe_host(void)
{
    struct utsname name = {.sysname = ""};

    uname(&name);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "system", name.sysname, "kernel",
                     name.release, "machine", name.machine, "os", lines_of("/etc/os-release", ""),
                     "cpus", lines_of("/proc/cpuinfo", "model name"), "memory",
                     lines_of("/proc/meminfo", ""), "command_line", lines_of("/proc/cmdline", ""));
}

static json_t *read_configuration(const struct rs_args *args)
{
    const char *given = json_string_value(json_object_get(args->params, "config"));
    const char *path = given != NULL ? given : getenv("RTPSEAL_CONFIG");
    struct rs_document_error error;
    json_t *document = NULL;
    char *text;
    size_t bytes = 0;

    path = path != NULL ? path : DEFAULT_CONFIG;
    text = read_file(path, &bytes);
    if (text == NULL)
        return json_pack("{s:s, s:s}", "path", path, "not_available", strerror(errno));
    if (rs_document_parse(text, bytes, &document, &error) != 0)
        document = said(error.text);
    free(text);
    return json_pack("{s:s, s:o}", "path", path, "content", document);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static json_t *make_bundle(const struct rs_args *args)
{
    const time_t now = time(NULL);
    char made[32];
    struct tm utc;
    json_t *bundle;

    strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    bundle = json_pack("{s:s, s:s, s:o, s:o, s:o}", "made_at", made, "rtpsealctl", RTPSEAL_VERSION,
                       "host", describe_host(), "configuration", read_configuration(args), "doctor",
                       rs_doctor_findings(args));
    add_daemon(bundle, args);
    rs_scrub_secrets(bundle);
    return bundle;
}

static int write_bundle(const json_t *bundle, const char *path)
{
    const int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    FILE *out = path == NULL ? stdout : fd >= 0 ? fdopen(fd, "w") : NULL;
    int rc;

    if (out == NULL)
        return rs_say(RS_EXIT_USAGE, "--output %s: %s", path, strerror(errno));
    rc = json_dumpf(bundle, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF ? 0 : -1;
    if (path != NULL && fclose(out) != 0)
        rc = -1;
    return rc == 0 ? RS_EXIT_OK
                   : (int)rs_say(RS_EXIT_USAGE, "it cannot be written: %s", strerror(errno));
}

int rs_run_bundle(const struct rs_command *command, struct rs_args *args)
{
    const char *path = json_string_value(json_object_get(args->params, "output"));
    json_t *bundle = make_bundle(args);
    int code;

    (void)command;
    if (json_is_true(json_object_get(args->params, "scrub_addresses"))) {
        json_t *scrubbed = rs_scrub_addresses(bundle);

        json_decref(bundle);
        bundle = scrubbed;
    }
    if (bundle == NULL)
        return rs_say(RS_EXIT_USAGE, "there is no memory");
    code = write_bundle(bundle, path);
    json_decref(bundle);
    return code;
}
