/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where to listen, and for which projects. Their secrets are read by projects.c, at the start.
 */
#include "config_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"

enum { PATH_TEXT = 96 };

/* Keys are in session ids, in log lines, and in paths of URLs. */
static void read_key(struct rs_reader *reader, unsigned int index, const char *key)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    char path[PATH_TEXT];

    snprintf(path, sizeof(path), "http.projects[%u].key", index);
    if (key == NULL || key[0] == '\0' || strlen(key) > RS_PROJECT_KEY_MAX ||
        strspn(key, allowed) != strlen(key))
        rs_value_fail(reader, path, key, "1 to 36 characters of A-Z a-z 0-9 -");
}

static void read_secret_file(struct rs_reader *reader, unsigned int index, const char *name)
{
    char path[PATH_TEXT];

    snprintf(path, sizeof(path), "http.projects[%u].secret_file", index);
    if (name == NULL || name[0] == '\0' || name[0] == '.' ||
        (name[0] != '/' && strchr(name, '/') != NULL))
        rs_value_fail(reader, path, name, "an absolute path, or the name of a systemd credential");
}

static void read_project(struct rs_reader *reader, unsigned int index,
                         const struct rs_file_project *file, struct rs_http_config *config)
{
    static const char *const policies[] = {"on_request", "always", NULL};
    struct rs_project_config *project = &config->projects[index];
    char path[PATH_TEXT];

    read_key(reader, index, file->key);
    read_secret_file(reader, index, file->secret_file);
    snprintf(path, sizeof(path), "http.projects[%u].e2ee", index);
    project->e2ee = (enum rs_project_e2ee)rs_value_word(reader, path, file->e2ee, policies,
                                                        RS_PROJECT_E2EE_ON_REQUEST);
    project->key = rs_value_copy(reader, file->key != NULL ? file->key : "");
    project->secret_file =
        rs_value_copy(reader, file->secret_file != NULL ? file->secret_file : "");
    for (unsigned int i = 0; i < index && !reader->failed; i++) {
        if (strcmp(config->projects[i].key, project->key) != 0)
            continue;
        snprintf(path, sizeof(path), "http.projects[%u].key", index);
        rs_value_fail(reader, path, project->key, "each key once");
    }
}

void rs_config_read_http(struct rs_reader *reader, const struct rs_file_http *file,
                         struct rs_http_config *config)
{
    static const char accepted[] = "an address of loopback with a port (127.0.0.1:9470, "
                                   "[::1]:9470), or unix:/PATH of at most 107 bytes";
    struct rs_listen_address address;

    if (file == NULL)
        return;
    if (file->listen == NULL || rs_listen_parse(file->listen, &address) != 0)
        rs_value_fail(reader, "http.listen", file->listen, accepted);
    if (file->projects_count > RS_PROJECTS_MAX)
        rs_value_fail(reader, "http.projects[64]", "", "64 projects at most");
    config->listen = rs_value_copy(reader, file->listen);
    config->projects = calloc(file->projects_count + 1, sizeof(config->projects[0]));
    if (config->listen == NULL || config->projects == NULL) {
        rs_value_fail_memory(reader);
        return;
    }
    config->project_count = file->projects_count;
    for (unsigned int i = 0; i < config->project_count; i++)
        read_project(reader, i, &file->projects[i], config);
}

void rs_config_free_http(struct rs_http_config *config)
{
    for (size_t i = 0; i < config->project_count; i++) {
        free(config->projects[i].key);
        free(config->projects[i].secret_file);
    }
    free(config->projects);
    free(config->listen);
}
