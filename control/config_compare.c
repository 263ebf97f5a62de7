/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations compared as text: a row says how a key is written, and whether it can change while
 * the daemon runs. What can is taken up in reload.c.
 */
#include "config_compare.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void write_fn(FILE *out, const struct rs_config *config);

static void write_cpus(FILE *out, const struct rs_config *config)
{
    for (size_t i = 0; i < config->dataplane.cpu_count; i++)
        fprintf(out, "%s%u", i > 0 ? "," : "", config->dataplane.cpus[i]);
}

static void write_memory_mb(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->dataplane.memory_mb);
}

static void write_hugepages(FILE *out, const struct rs_config *config)
{
    static const char *const words[] = {"auto", "required", "off"};

    fputs(words[config->dataplane.hugepages], out);
}

static void write_socket(FILE *out, const struct rs_config *config)
{
    fputs(config->socket_path, out);
}

static void write_operators(FILE *out, const struct rs_config *config)
{
    fputs(config->operators, out);
}

static void write_viewers(FILE *out, const struct rs_config *config)
{
    fputs(config->viewers, out);
}

static void write_requests(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->requests_per_second);
}

static void write_enabled(FILE *out, const struct rs_config *config)
{
    fputs(config->e2ee.enabled ? "true" : "false", out);
}

static void write_suite(FILE *out, const struct rs_config *config)
{
    fputs(config->e2ee.suite->name, out);
}

static void write_grace(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->e2ee.grace_ms);
}

static void write_activate_after(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->e2ee.activate_after_ms);
}

static void write_window(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->e2ee.replay_window);
}

static void write_alarm(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->dataplane.auth_failure_alarm);
}

static void write_sessions(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->dataplane.max_sessions);
}

static void write_streams(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->dataplane.max_streams);
}

static void write_senders(FILE *out, const struct rs_config *config)
{
    fprintf(out, "%u", config->dataplane.max_senders);
}

static void write_http_listen(FILE *out, const struct rs_config *config)
{
    fputs(config->http.listen != NULL ? config->http.listen : "", out);
}

static void write_http_projects(FILE *out, const struct rs_config *config)
{
    for (size_t i = 0; i < config->http.project_count; i++) {
        const struct rs_project_config *project = &config->http.projects[i];

        fprintf(out, "%s%s %s %s", i > 0 ? "; " : "", project->key, project->secret_file,
                project->e2ee == RS_PROJECT_E2EE_ALWAYS ? "always" : "on_request");
    }
}

static void write_lock_keys(FILE *out, const struct rs_config *config)
{
    fputs(config->dataplane.lock_policy == RS_LOCK_REQUIRED ? "true" : "false", out);
}

static void write_capture(FILE *out, const struct rs_config *config)
{
    fputs(config->capture_directory != NULL ? config->capture_directory : "none", out);
}

static void write_user(FILE *out, const struct rs_config *config)
{
    fputs(config->user != NULL ? config->user : "none", out);
}

static void write_sandbox(FILE *out, const struct rs_config *config)
{
    fputs(config->sandbox ? "true" : "false", out);
}

static void write_port(FILE *out, const struct rs_port_config *port)
{
    fputs(port->pci != NULL ? port->pci : port->vdev, out);
    if (port->mtu != 0)
        fprintf(out, " mtu %u", port->mtu);
    if (port->queues != 0)
        fprintf(out, " queues %u", port->queues);
}

static void write_links(FILE *out, const struct rs_config *config)
{
    for (size_t i = 0; i < config->dataplane.link_count; i++) {
        const struct rs_link_config *link = &config->dataplane.links[i];

        fprintf(out, "%s%s ", i > 0 ? "; " : "", link->name);
        write_port(out, &link->plain);
        fputs(" - ", out);
        write_port(out, &link->sealed);
        if (link->icmp_too_big)
            fputs(" icmp_too_big", out);
        if (link->reassemble)
            fputs(" reassemble", out);
    }
}

static const struct {
    const char *key;
    bool live;
    write_fn *write;
} rows[] = {
    {"cpus", false, write_cpus},
    {"memory.mb", false, write_memory_mb},
    {"memory.hugepages", false, write_hugepages},
    {"links", false, write_links},
    {"control.socket", false, write_socket},
    {"control.operators", true, write_operators},
    {"control.viewers", true, write_viewers},
    {"control.requests_per_second", true, write_requests},
    {"e2ee.enabled", true, write_enabled},
    {"e2ee.suite", true, write_suite},
    {"e2ee.grace_ms", true, write_grace},
    {"e2ee.activate_after_ms", true, write_activate_after},
    {"e2ee.replay_window", true, write_window},
    {"e2ee.auth_failure_alarm", true, write_alarm},
    {"limits.sessions", true, write_sessions},
    {"limits.streams", false, write_streams},
    {"limits.senders", false, write_senders},
    {"lock_keys", false, write_lock_keys},
    {"capture.directory", false, write_capture},
    {"user", false, write_user},
    {"sandbox", false, write_sandbox},
    {"http.listen", false, write_http_listen},
    {"http.projects", false, write_http_projects},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void write_media(FILE *out, const struct rs_link_config *link)
{
    for (size_t i = 0; i < link->media_count; i++) {
        const struct rs_range *range = &link->media[i];
        char address[INET6_ADDRSTRLEN] = "any";

        if (range->family != 0)
            inet_ntop(range->family == 4 ? AF_INET : AF_INET6, range->address, address,
                      sizeof(address));
        fprintf(out, "%s%s/%u %u-%u", i > 0 ? ", " : "", address, range->prefix_bits,
                range->port_first, range->port_last);
    }
}

static void write_injected(FILE *out, const struct rs_link_config *link)
{
    fputs(link->injected == RS_INJECTED_PASS_KNOWN ? "pass_known" : "drop", out);
}

/* What two links have in common but for this may differ in a running daemon. */
static const struct {
    const char *key;
    void (*write)(FILE *out, const struct rs_link_config *link);
} link_rows[] = {{"media", write_media}, {"injected", write_injected}};

enum { LINK_ROWS = sizeof(link_rows) / sizeof(link_rows[0]) };

static char *text_of_row(size_t row, const struct rs_config *config)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    if (out == NULL)
        return NULL;
    rows[row].write(out, config);
    fclose(out);
    return text;
}

static char *text_of_link(size_t row, const struct rs_link_config *link)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    if (out == NULL)
        return NULL;
    link_rows[row].write(out, link);
    fclose(out);
    return text;
}

/* Takes the texts over where they differ. Returns false without memory. */
static bool add(struct rs_config_difference *differences, size_t *count, const char *key, bool live,
                char *one, char *other)
{
    const bool complete = one != NULL && other != NULL;

    if (!complete || strcmp(one, other) == 0) {
        free(one);
        free(other);
        return complete;
    }
    differences[*count] = (struct rs_config_difference){.live = live, .one = one, .other = other};
    snprintf(differences[*count].key, sizeof(differences[*count].key), "%s", key);
    ++*count;
    return true;
}

static bool compare_rows(const struct rs_config *one, const struct rs_config *other,
                         struct rs_config_difference *differences, size_t *count, bool *same_links)
{
    for (size_t row = 0; row < ROWS; row++) {
        const size_t before = *count;

        if (!add(differences, count, rows[row].key, rows[row].live, text_of_row(row, one),
                 text_of_row(row, other)))
            return false;
        if (rows[row].write == write_links)
            *same_links = *count == before;
    }
    return true;
}

static bool compare_links(const struct rs_config *one, const struct rs_config *other,
                          struct rs_config_difference *differences, size_t *count)
{
    for (size_t link = 0; link < one->dataplane.link_count; link++) {
        for (size_t row = 0; row < LINK_ROWS; row++) {
            char key[64];

            snprintf(key, sizeof(key), "links[%zu].%s", link, link_rows[row].key);
            if (!add(differences, count, key, true, text_of_link(row, &one->dataplane.links[link]),
                     text_of_link(row, &other->dataplane.links[link])))
                return false;
        }
    }
    return true;
}

struct rs_config_difference *rs_config_compare(const struct rs_config *one,
                                               const struct rs_config *other, size_t *count)
{
    const size_t most = ROWS + LINK_ROWS * one->dataplane.link_count;
    struct rs_config_difference *differences = calloc(most, sizeof(*differences));
    bool same_links = false;

    *count = 0;
    if (differences == NULL)
        return NULL;
    if (compare_rows(one, other, differences, count, &same_links) &&
        (!same_links || compare_links(one, other, differences, count)))
        return differences;
    rs_config_differences_free(differences, *count);
    return NULL;
}

void rs_config_differences_free(struct rs_config_difference *differences, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(differences[i].one);
        free(differences[i].other);
    }
    free(differences);
}
