/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a new file to a running daemon: what may change is moved into the configuration in use, and
 * those who have made something of it are told. What differs is config_compare.c's matter.
 */
#include "reload.h"

#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "control/rate.h"
#include "control/registry.h"
#include "control/server.h"
#include "control/stream.h"

struct rs_reload {
    struct rs_control *control;
    struct rs_config *running;
    const char *path;
    const struct rs_overrides *overrides;
};

struct rs_reload *rs_reload_create(struct rs_control *control, struct rs_config *running,
                                   const char *path, const struct rs_overrides *overrides)
{
    struct rs_reload *reload = calloc(1, sizeof(*reload));

    if (reload != NULL)
        *reload = (struct rs_reload){control, running, path, overrides};
    return reload;
}

void rs_reload_destroy(struct rs_reload *reload)
{
    free(reload);
}

const char *rs_reload_path(const struct rs_reload *reload)
{
    return reload->path;
}

static struct rs_config *load(const struct rs_reload *reload, struct rs_error *error)
{
    char message[RS_CONFIG_ERROR_MAX] = "";
    struct rs_config *config = rs_config_load(reload->path, reload->overrides, message);

    if (config == NULL)
        rs_error_set(error, RS_E_INVALID_CONFIG, NULL, "%s", message);
    return config;
}

static int compare(const struct rs_reload *reload, const struct rs_config *file,
                   struct rs_config_difference **differences, size_t *count, struct rs_error *error)
{
    *differences = rs_config_compare(reload->running, file, count);
    if (*differences == NULL)
        return rs_error_set(error, RS_E_INTERNAL_ERROR, NULL, "no memory");
    return 0;
}

int rs_reload_check(struct rs_reload *reload, struct rs_config_difference **differences,
                    size_t *count, struct rs_error *error)
{
    struct rs_config *file = load(reload, error);
    int result;

    if (file == NULL)
        return -1;
    result = compare(reload, file, differences, count, error);
    rs_config_free(file);
    return result;
}

/* Outside the ranges a link is a wire: no stream's media may come to lie there. */
static int check_streams(const struct rs_reload *reload, const struct rs_config *file,
                         struct rs_error *error)
{
    const struct rs_stream_record *stream;

    TAILQ_FOREACH(stream, &reload->control->registry->streams, entry) {
        const struct rs_link_config *link = &file->dataplane.links[stream->link];

        if (rs_stream_check_flow(link, &stream->flow, error) != 0) {
            error->reason = RS_E_INVALID_CONFIG;
            return rs_error_about(error, "stream", stream->id);
        }
    }
    return 0;
}

static int set_link(const struct rs_reload *reload, const struct rs_config *config,
                    unsigned int link)
{
    const struct rs_link_config *wanted = &config->dataplane.links[link];

    return rs_dataplane_set_link(reload->control->dataplane, link, wanted->media,
                                 wanted->media_count, wanted->injected);
}

/* All links or, but for want of memory twice, none. */
static int set_links(const struct rs_reload *reload, const struct rs_config *file,
                     struct rs_error *error)
{
    for (unsigned int link = 0; link < file->dataplane.link_count; link++) {
        if (set_link(reload, file, link) == 0)
            continue;
        while (link-- > 0) {
            if (set_link(reload, reload->running, link) != 0)
                rs_log(RS_LOG_ERROR, "rtpseald: no memory to put link %s back as it was",
                       reload->running->dataplane.links[link].name);
        }
        return rs_error_set(error, RS_E_NO_CAPACITY, NULL, "no memory for the links' ranges");
    }
    return 0;
}

/* The file's links become those in use, and the other way round: the caller frees the file. */
static void swap_links(struct rs_config *running, struct rs_config *file)
{
    for (size_t i = 0; i < running->dataplane.link_count; i++) {
        struct rs_link_config *one = (struct rs_link_config *)&running->dataplane.links[i];
        struct rs_link_config *other = (struct rs_link_config *)&file->dataplane.links[i];
        const struct rs_link_config before = *one;

        one->media = other->media;
        one->media_count = other->media_count;
        one->injected = other->injected;
        other->media = before.media;
        other->media_count = before.media_count;
    }
}

static void swap_text(char **one, char **other)
{
    char *before = *one;

    *one = *other;
    *other = before;
}

/* Cannot fail. */
static void take_up(const struct rs_reload *reload, struct rs_config *file)
{
    const struct rs_control *control = reload->control;
    struct rs_config *running = reload->running;

    running->e2ee = file->e2ee;
    swap_text(&running->operators, &file->operators);
    swap_text(&running->viewers, &file->viewers);
    running->requests_per_second = file->requests_per_second;
    running->dataplane.max_sessions = file->dataplane.max_sessions;
    running->dataplane.auth_failure_alarm = file->dataplane.auth_failure_alarm;
    rs_rate_set(control->rate, running->requests_per_second);
    rs_dataplane_set_max_sessions(control->dataplane, running->dataplane.max_sessions);
    rs_dataplane_set_auth_failure_alarm(control->dataplane, running->dataplane.auth_failure_alarm);
    rs_server_set_groups(control->server);
}

static bool links_differ(const struct rs_config_difference *differences, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(differences[i].key, "links") == 0)
            return true;
    }
    return false;
}

/* Links that are not the same can only change with a restart, ranges and all. */
static int change(const struct rs_reload *reload, struct rs_config *file, bool same_links,
                  struct rs_error *error)
{
    if (same_links &&
        (check_streams(reload, file, error) != 0 || set_links(reload, file, error) != 0))
        return -1;
    if (same_links)
        swap_links(reload->running, file);
    take_up(reload, file);
    return 0;
}

int rs_reload_run(struct rs_reload *reload, struct rs_config_difference **differences,
                  size_t *count, struct rs_error *error)
{
    struct rs_config *file = load(reload, error);
    int result;

    if (file == NULL)
        return -1;
    result = compare(reload, file, differences, count, error);
    if (result == 0) {
        result = change(reload, file, !links_differ(*differences, *count), error);
        if (result != 0)
            rs_config_differences_free(*differences, *count);
    }
    rs_config_free(file);
    return result;
}
