/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From text values to one checked configuration: defaults, overrides, ranges, and what must not
 * occur twice. How the file is written is in config_file.c, how one value is in config_value.c.
 */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "config_file.h"
#include "config_http.h"
#include "config_links.h"
#include "config_value.h"

enum { FILE_MAX_BYTES = 1 << 20, PATH_TEXT = 96, CAPTURE_PATH_MAX = 160 };

bool rs_config_grace_fits(uint64_t grace_ms, uint64_t activate_after_ms)
{
    if (grace_ms == 0 && activate_after_ms == 0)
        return true;
    return grace_ms >= activate_after_ms + RS_GRACE_MARGIN_MS;
}

/* The value that counts, and who is to blame for it: the override's origin stands alone. */
static const char *pick(const struct rs_reader *file, struct rs_override override,
                        const char *in_file, const char **path, struct rs_reader *reader)
{
    *reader = *file;
    if (override.value == NULL)
        return in_file;
    reader->name = NULL;
    *path = override.origin;
    return override.value;
}

/* "1,3,5" from the command line or the environment. */
static void read_cpu_list(struct rs_reader *reader, struct rs_override list, unsigned int *cpus,
                          size_t *count)
{
    struct rs_reader outside = *reader;
    char *copy = rs_value_copy(&outside, list.value), *state = NULL;

    outside.name = NULL;
    for (char *cpu = copy != NULL ? strtok_r(copy, ",", &state) : NULL; cpu != NULL;
         cpu = strtok_r(NULL, ",", &state))
        rs_value_cpu(&outside, list.origin, cpu, cpus, count, RS_MAX_WORKERS);
    if (*count == 0)
        rs_value_fail(&outside, list.origin, list.value, "a list of CPUs such as 1,2");
    reader->failed = outside.failed;
    free(copy);
}

static void read_cpus(struct rs_reader *reader, const struct rs_file *file, struct rs_override list,
                      struct rs_dataplane_config *config)
{
    unsigned int *cpus = calloc(RS_MAX_WORKERS, sizeof(cpus[0]));
    char path[PATH_TEXT];

    config->cpus = cpus;
    if (cpus == NULL) {
        rs_value_fail_memory(reader);
        return;
    }
    if (list.value != NULL) {
        read_cpu_list(reader, list, cpus, &config->cpu_count);
        return;
    }
    for (uint32_t i = 0; i < file->cpus_count; i++) {
        snprintf(path, sizeof(path), "cpus[%u]", i);
        rs_value_cpu(reader, path, file->cpus[i], cpus, &config->cpu_count, RS_MAX_WORKERS);
    }
    if (file->cpus_count == 0)
        rs_value_fail(reader, "cpus", NULL, "a list of CPUs, one for each worker");
}

static void read_e2ee(struct rs_reader *reader, const struct rs_file *file,
                      struct rs_config *config)
{
    static const struct rs_file_e2ee absent;
    const struct rs_file_e2ee *text = file->e2ee != NULL ? file->e2ee : &absent;
    struct rs_e2ee_config *e2ee = &config->e2ee;
    const char *names[64] = {NULL};
    unsigned int index;

    for (size_t i = 0; i < rs_suite_count && i + 1 < 64; i++)
        names[i] = rs_suites[i].name;
    e2ee->enabled = rs_value_bool(reader, "e2ee.enabled", text->enabled, true);
    index = rs_value_word(reader, "e2ee.suite", text->suite, names, UINT32_MAX);
    e2ee->suite = index != UINT32_MAX ? &rs_suites[index] : rs_suite_default();
    e2ee->grace_ms =
        rs_value_number(reader, "e2ee.grace_ms", text->grace_ms, 0, RS_GRACE_MS_MAX, 30000);
    e2ee->activate_after_ms = rs_value_number(reader, "e2ee.activate_after_ms",
                                              text->activate_after_ms, 0, RS_ACTIVATE_MS_MAX, 2000);
    if (!rs_config_grace_fits(e2ee->grace_ms, e2ee->activate_after_ms))
        rs_value_fail(reader, "e2ee.grace_ms", text->grace_ms != NULL ? text->grace_ms : "30000",
                      "at least activate_after_ms + 2000, or both 0");
    e2ee->replay_window = rs_value_number(reader, "e2ee.replay_window", text->replay_window, 0,
                                          RS_REPLAY_MAX_WINDOW, 4096);
    if (e2ee->replay_window != 0 && e2ee->replay_window < RS_REPLAY_MIN_WINDOW)
        rs_value_fail(reader, "e2ee.replay_window", text->replay_window,
                      "64 to 8192, or 0 for none");
    config->dataplane.auth_failure_alarm = rs_value_number(
        reader, "e2ee.auth_failure_alarm", text->auth_failure_alarm, 0, RS_AUTH_ALARM_MAX, 10);
}

static void read_memory(struct rs_reader *reader, const struct rs_file *file,
                        struct rs_override memory_mb, struct rs_dataplane_config *config)
{
    static const char *const hugepages[] = {"auto", "required", "off", NULL};
    static const struct rs_file_memory absent;
    const struct rs_file_memory *text = file->memory != NULL ? file->memory : &absent;
    struct rs_reader source;
    const char *path = "memory.mb";
    const char *mb = pick(reader, memory_mb, text->mb, &path, &source);

    config->memory_mb = rs_value_number(&source, path, mb, RS_MEMORY_MB_MIN, RS_MEMORY_MB_MAX, 512);
    reader->failed = source.failed;
    config->hugepages =
        (enum rs_hugepages)rs_value_word(reader, "memory.hugepages", text->hugepages, hugepages, 0);
}

static void read_limits(struct rs_reader *reader, const struct rs_file *file,
                        struct rs_dataplane_config *config)
{
    static const struct rs_file_limits absent;
    const struct rs_file_limits *text = file->limits != NULL ? file->limits : &absent;
    const uint32_t max = 1 << 24;

    config->max_sessions =
        rs_value_number(reader, "limits.sessions", text->sessions, 1, max, 65536);
    config->max_streams = rs_value_number(reader, "limits.streams", text->streams, 1, max, 262144);
    config->max_senders = rs_value_number(reader, "limits.senders", text->senders, 1, max, 262144);
    config->lock_policy = rs_value_bool(reader, "lock_keys", file->lock_keys, true)
                              ? RS_LOCK_REQUIRED
                              : RS_LOCK_TRIED;
}

static void read_control(struct rs_reader *reader, const struct rs_file *file,
                         const struct rs_overrides *overrides, struct rs_config *config)
{
    static const struct rs_file_control absent;
    const struct rs_file_control *text = file->control != NULL ? file->control : &absent;
    const char *path = "control.socket";
    struct rs_reader source;
    const char *socket = pick(reader, overrides->socket, text->socket, &path, &source);
    const struct rs_override level = overrides->log_level;

    if (socket != NULL &&
        (socket[0] != '/' || strlen(socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)))
        rs_value_fail(&source, path, socket, "an absolute path of at most 107 bytes");
    config->socket_path = rs_value_copy(&source, socket != NULL ? socket : RS_SOCKET_PATH);
    config->operators =
        rs_value_copy(&source, text->operators != NULL ? text->operators : "rtpseal");
    config->viewers =
        rs_value_copy(&source, text->viewers != NULL ? text->viewers : "rtpseal-view");
    config->log_level = RS_LOG_INFO;
    source.name = NULL;
    if (level.value != NULL && rs_log_parse_level(level.value, &config->log_level) != 0)
        rs_value_fail(&source, level.origin, level.value, "error, warning, info or debug");
    reader->failed = source.failed;
}

static void read_requests(struct rs_reader *reader, const struct rs_file *file,
                          struct rs_config *config)
{
    const char *text = file->control != NULL ? file->control->requests_per_second : NULL;

    config->requests_per_second =
        rs_value_number(reader, "control.requests_per_second", text, 0, RS_REQUESTS_MAX, 5000);
}

static void read_rights(struct rs_reader *reader, const struct rs_file *file,
                        struct rs_override sandbox, struct rs_config *config)
{
    const char *path = "sandbox";
    struct rs_reader source;
    const char *text = pick(reader, sandbox, file->sandbox, &path, &source);

    config->sandbox = rs_value_bool(&source, path, text, true);
    reader->failed = source.failed;
    if (file->user == NULL)
        return;
    config->user = rs_value_copy(reader, file->user);
    if (getpwnam(file->user) == NULL)
        rs_value_fail(reader, "user", file->user, "the name of a user of this host");
}

static void read_capture(struct rs_reader *reader, const struct rs_file *file,
                         struct rs_config *config)
{
    const char *directory = file->capture != NULL ? file->capture->directory : NULL;

    if (file->capture == NULL)
        return;
    if (directory == NULL || directory[0] != '/' || strlen(directory) > CAPTURE_PATH_MAX)
        rs_value_fail(reader, "capture.directory", directory,
                      "an absolute path of at most 160 bytes");
    else
        config->capture_directory = rs_value_copy(reader, directory);
}

static struct rs_config *read_all(struct rs_reader *reader, const struct rs_file *file,
                                  const struct rs_overrides *overrides)
{
    struct rs_config *config = calloc(1, sizeof(*config));

    if (config == NULL) {
        rs_value_fail_memory(reader);
        return NULL;
    }
    read_cpus(reader, file, overrides->cpus, &config->dataplane);
    read_memory(reader, file, overrides->memory_mb, &config->dataplane);
    rs_config_read_links(reader, file, &config->dataplane);
    read_control(reader, file, overrides, config);
    read_requests(reader, file, config);
    read_e2ee(reader, file, config);
    read_limits(reader, file, &config->dataplane);
    rs_config_read_http(reader, file->http, &config->http);
    read_capture(reader, file, config);
    read_rights(reader, file, overrides->sandbox, config);
    if (!reader->failed)
        return config;
    rs_config_free(config);
    return NULL;
}

/* An error is one line, whatever the file holds: a value in it may have line ends of its own. */
static void make_one_line(char *error)
{
    for (; *error != '\0'; error++) {
        if ((unsigned char)*error < 0x20 || *error == 0x7f)
            *error = '?';
    }
}

struct rs_config *rs_config_parse(const char *name, const char *text, size_t bytes,
                                  const struct rs_overrides *overrides,
                                  char error[RS_CONFIG_ERROR_MAX])
{
    static const struct rs_overrides none;
    struct rs_reader reader = {name, error, RS_CONFIG_ERROR_MAX, false};
    struct rs_file *file = rs_file_parse(name, text, bytes, error, RS_CONFIG_ERROR_MAX);
    struct rs_config *config;

    if (file == NULL) {
        make_one_line(error);
        return NULL;
    }
    config = read_all(&reader, file, overrides != NULL ? overrides : &none);
    rs_file_free(file);
    if (config == NULL)
        make_one_line(error);
    return config;
}

struct rs_config *rs_config_load(const char *path, const struct rs_overrides *overrides,
                                 char error[RS_CONFIG_ERROR_MAX])
{
    FILE *stream = fopen(path, "re");
    char *text = stream != NULL ? malloc(FILE_MAX_BYTES) : NULL;
    struct rs_config *config = NULL;
    size_t bytes;

    if (text == NULL) {
        snprintf(error, RS_CONFIG_ERROR_MAX, "%s: %s", path, strerror(errno));
    } else {
        bytes = fread(text, 1, FILE_MAX_BYTES, stream);
        if (ferror(stream))
            snprintf(error, RS_CONFIG_ERROR_MAX, "%s: %s", path, strerror(errno));
        else if (bytes == FILE_MAX_BYTES)
            snprintf(error, RS_CONFIG_ERROR_MAX, "%s: is longer than 1 MiB", path);
        else
            config = rs_config_parse(path, text, bytes, overrides, error);
    }
    free(text);
    if (stream != NULL)
        fclose(stream);
    return config;
}

void rs_config_free(struct rs_config *config)
{
    if (config == NULL)
        return;
    rs_config_free_links(&config->dataplane);
    free((unsigned int *)config->dataplane.cpus);
    free(config->socket_path);
    free(config->operators);
    free(config->viewers);
    rs_config_free_http(&config->http);
    free(config->capture_directory);
    free(config->user);
    free(config);
}
