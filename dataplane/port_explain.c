/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks for the reason why DPDK could not probe a device, since it says only that it could not. It
 * reads the system and changes nothing; opening ports is port.c's.
 */
#include "port_explain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_errno.h>

#define PCI_DIRECTORY "/sys/bus/pci/devices"

/* Copies the text behind `key`= in "name,key=value,...". Returns whether it is there. */
static bool find_argument(const char *vdev, const char *key, char *value, size_t bytes)
{
    const size_t key_length = strlen(key);

    for (const char *at = strchr(vdev, ','); at != NULL; at = strchr(at, ',')) {
        at++;
        if (strncmp(at, key, key_length) != 0 || at[key_length] != '=')
            continue;
        at += key_length + 1;
        snprintf(value, bytes, "%.*s", (int)strcspn(at, ","), at);
        return true;
    }
    return false;
}

static bool has_driver(const char *vdev, const char *driver)
{
    return strncmp(vdev, driver, strlen(driver)) == 0;
}

/* Of the drivers that sit on a kernel interface. */
static bool explain_interface(const char *vdev, char *why, size_t bytes)
{
    char interface[64];
    int fd;

    if (!has_driver(vdev, "net_af_packet") && !has_driver(vdev, "net_af_xdp"))
        return false;
    if (!find_argument(vdev, "iface", interface, sizeof(interface))) {
        snprintf(why, bytes, "iface= is missing");
        return true;
    }
    if (if_nametoindex(interface) == 0) {
        snprintf(why, bytes, "no such interface");
        return true;
    }
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        snprintf(why, bytes, "a raw socket is refused (%s): it needs CAP_NET_RAW", strerror(errno));
        return true;
    }
    close(fd);
    return false;
}

static bool explain_file(const char *vdev, char *why, size_t bytes)
{
    char path[512];

    if (!has_driver(vdev, "net_pcap") || !find_argument(vdev, "rx_pcap", path, sizeof(path)))
        return false;
    if (access(path, R_OK) == 0)
        return false;
    snprintf(why, bytes, "the file of rx_pcap= cannot be read: %s", strerror(errno));
    return true;
}

static bool explain_pci(const char *pci, char *why, size_t bytes)
{
    char path[128];
    char driver[256];
    ssize_t length;

    snprintf(path, sizeof(path), PCI_DIRECTORY "/%s", pci);
    if (access(path, F_OK) != 0) {
        snprintf(why, bytes, "no such PCI device (lspci -D lists them)");
        return true;
    }
    snprintf(path, sizeof(path), PCI_DIRECTORY "/%s/driver", pci);
    length = readlink(path, driver, sizeof(driver) - 1);
    driver[length < 0 ? 0 : length] = '\0';
    if (strstr(driver, "vfio-pci") != NULL)
        return false;
    snprintf(why, bytes, "it is bound to %s: bind it to vfio-pci (dpdk-devbind.py -b vfio-pci %s)",
             length < 0 ? "no driver" : strrchr(driver, '/') + 1, pci);
    return true;
}

void rs_port_explain(const char *pci, const char *vdev, int rc, char *why, size_t bytes)
{
    if (pci != NULL && explain_pci(pci, why, bytes))
        return;
    if (vdev != NULL && (explain_interface(vdev, why, bytes) || explain_file(vdev, why, bytes)))
        return;
    if (vdev != NULL && rc == -EFAULT) {
        /* Drivers are loaded at run time: a package that is missing looks like a wrong name. */
        snprintf(why, bytes,
                 "no driver goes by that name: is its package (librte-net-*) installed?");
        return;
    }
    snprintf(why, bytes, "DPDK cannot open it (%s): are its arguments right?",
             rc < -1 ? rte_strerror(-rc) : "no reason given");
}

unsigned int rs_port_argument(const char *vdev, const char *key, unsigned int otherwise)
{
    char value[32];

    return find_argument(vdev, key, value, sizeof(value)) ? (unsigned int)strtoul(value, NULL, 10)
                                                          : otherwise;
}
