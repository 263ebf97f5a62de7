/* SPDX-License-Identifier: BSD-3-Clause */
/* What of the daemon's configuration asks something of the host. */
#pragma once

#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RS_DOCTOR_PORTS_MAX = 128, RS_DOCTOR_NAME_MAX = 64, RS_DOCTOR_ERROR_MAX = 512 };

enum rs_doctor_config_state {
    RS_DOCTOR_CONFIG_ABSENT,
    RS_DOCTOR_CONFIG_UNREADABLE, /* `error` says why */
    RS_DOCTOR_CONFIG_BAD,        /* it cannot be made sense of; `error` says why */
    RS_DOCTOR_CONFIG_READ,       /* keys and values may still be wrong: the daemon checks them */
};

enum rs_doctor_hugepages { RS_DOCTOR_HUGE_AUTO, RS_DOCTOR_HUGE_REQUIRED, RS_DOCTOR_HUGE_OFF };

/* A port: of a PCI device, or virtual. */
struct rs_doctor_port {
    char path[32];                   /* "links[0].plain" */
    char pci[RS_DOCTOR_NAME_MAX];    /* its address, or empty */
    const char *vdev;                /* "net_af_packet0,iface=veth1", or NULL; owned */
    char driver[RS_DOCTOR_NAME_MAX]; /* of a vdev: "net_af_packet" */
    char interface[IFNAMSIZ];        /* of the kernel, that a vdev sits on, or empty */
};

/* Without a configuration the lists are empty, and the rest is what the daemon takes by itself. */
struct rs_doctor_config {
    enum rs_doctor_config_state state;
    const char *path;
    char error[RS_DOCTOR_ERROR_MAX];

    cpu_set_t cpus;
    size_t cpu_count;
    uint32_t memory_mb;
    enum rs_doctor_hugepages hugepages;
    struct rs_doctor_port ports[RS_DOCTOR_PORTS_MAX]; /* plain and sealed of each link in turn */
    size_t port_count;
    uint32_t sessions, senders;
    bool lock_keys;
    unsigned int overhead_bytes; /* by which the session's usual suite makes packets longer */
    char *socket, *operators, *viewers; /* owned */
};

/* Reads the file at `path`, which is kept. Returns the configuration, whatever its state; the
 * caller frees it. NULL: no memory. */
struct rs_doctor_config *rs_doctor_config_read(const char *path);
void rs_doctor_config_free(struct rs_doctor_config *config);

/* The number behind `key`= of a vdev's arguments; `otherwise` where there is none. */
uint32_t rs_doctor_argument(const struct rs_doctor_port *port, const char *key, uint32_t otherwise);

/* Whether the vdev is of that driver. */
bool rs_doctor_port_is(const struct rs_doctor_port *port, const char *driver);
