/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration: a file, then the environment, then the command line, to one checked struct. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/dataplane.h"

#define RS_CONFIG_PATH "/etc/rtpseal/rtpseald.yaml"
#define RS_SOCKET_PATH "/run/rtpseal/control.sock"

/* What a session has that names nothing else. */
struct rs_e2ee_config {
    bool enabled;
    const struct rs_suite *suite;
    uint32_t grace_ms, activate_after_ms, replay_window;
};

/* Which sessions of an application server's project are end-to-end encrypted. */
enum rs_project_e2ee { RS_PROJECT_E2EE_ON_REQUEST, RS_PROJECT_E2EE_ALWAYS };

struct rs_project_config {
    char *key;
    char *secret_file; /* a path or, without a slash, the name of a systemd credential */
    enum rs_project_e2ee e2ee;
};

struct rs_http_config {
    char *listen; /* for rs_listen_parse; NULL: no HTTP */
    struct rs_project_config *projects;
    size_t project_count;
};

/* Owner: main. After the start only reload.c changes it. */
struct rs_config {
    struct rs_dataplane_config dataplane; /* all that it points to belongs to this struct */
    struct rs_e2ee_config e2ee;
    char *socket_path;
    char *operators, *viewers;    /* group names */
    uint32_t requests_per_second; /* of each user; 0: any number */
    struct rs_http_config http;
    enum rs_log_level log_level;
    char *capture_directory; /* NULL: nothing is captured */
    char *user;              /* to become once all is open; NULL: none */
    bool sandbox;            /* system calls and files are confined */
};

/* Values that come before the file's; NULL: not given. Borrowed. */
struct rs_override {
    const char *value;
    const char *origin; /* "--cpus" or "RTPSEAL_CPUS", for the error */
};

struct rs_overrides {
    struct rs_override socket, log_level, cpus, memory_mb, sandbox;
};

enum { RS_CONFIG_ERROR_MAX = 512 };

/*
 * Reads and checks. Returns the configuration, which the caller owns, or NULL with one line in
 * `error` that names file, key path, value and what is accepted. Main thread, at start.
 */
struct rs_config *rs_config_load(const char *path, const struct rs_overrides *overrides,
                                 char error[RS_CONFIG_ERROR_MAX]);

/* The same from memory; `name` stands for the file in errors. */
struct rs_config *rs_config_parse(const char *name, const char *text, size_t bytes,
                                  const struct rs_overrides *overrides,
                                  char error[RS_CONFIG_ERROR_MAX]);

void rs_config_free(struct rs_config *config);

/* What each number may be, for the file and for methods alike. */
enum {
    RS_MEMORY_MB_MIN = 64,
    RS_MEMORY_MB_MAX = 1048576,
    RS_GRACE_MS_MAX = 86400000,
    RS_ACTIVATE_MS_MAX = 3600000,
    RS_GRACE_MARGIN_MS = 2000,
    RS_AUTH_ALARM_MAX = 1000000,
    RS_REQUESTS_MAX = 1000000,
};

/* Whether the grace covers the delay: at least RS_GRACE_MARGIN_MS more, unless both are 0. Pure. */
bool rs_config_grace_fits(uint64_t grace_ms, uint64_t activate_after_ms);
