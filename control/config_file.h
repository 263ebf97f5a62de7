/* SPDX-License-Identifier: BSD-3-Clause */
/* The file as it is written: its structure checked, its values still text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* All strings may be NULL: not given. */
struct rs_file_port {
    char *pci, *vdev, *mtu, *queues;
};

struct rs_file_range {
    char *ip, *ports;
};

struct rs_file_link {
    char *name, *injected, *icmp_too_big, *reassemble;
    struct rs_file_port *plain, *sealed;
    struct rs_file_range *media;
    uint32_t media_count;
};

struct rs_file_memory {
    char *mb, *hugepages;
};

struct rs_file_control {
    char *socket, *operators, *viewers, *requests_per_second;
};

struct rs_file_e2ee {
    char *enabled, *suite, *grace_ms, *activate_after_ms, *replay_window, *auth_failure_alarm;
};

struct rs_file_limits {
    char *sessions, *streams, *senders;
};

struct rs_file_project {
    char *key, *secret_file, *e2ee;
};

struct rs_file_http {
    char *listen;
    struct rs_file_project *projects;
    uint32_t projects_count;
};

struct rs_file_capture {
    char *directory;
};

struct rs_file {
    char **cpus;
    uint32_t cpus_count;
    struct rs_file_memory *memory;
    struct rs_file_link *links;
    uint32_t links_count;
    struct rs_file_control *control;
    struct rs_file_e2ee *e2ee;
    struct rs_file_limits *limits;
    struct rs_file_http *http;
    struct rs_file_capture *capture;
    char *lock_keys, *user, *sandbox;
};

/* Reads YAML. Returns NULL with one line in `error`; else the caller frees it. */
struct rs_file *rs_file_parse(const char *name, const char *text, size_t bytes, char *error,
                              size_t error_size);
void rs_file_free(struct rs_file *file);
