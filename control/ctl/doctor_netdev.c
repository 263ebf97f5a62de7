/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks the kernel by ioctl where it is this system: /sys shows the interfaces of the namespace that
 * it was mounted in, which need not be this process's.
 */
#include "doctor_netdev.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

enum { STATS_MAX = 512 };

/* ---- of this system ----------------------------------------------------------------------- */

static int ask(int fd, const char *name, unsigned long what, struct ifreq *request)
{
    snprintf(request->ifr_name, sizeof(request->ifr_name), "%.15s", name);
    return ioctl(fd, what, request);
}

static int ask_ethtool(int fd, const char *name, void *command)
{
    struct ifreq request = {.ifr_data = command};

    return ask(fd, name, SIOCETHTOOL, &request);
}

/* 0 or 1, or -1 where it cannot be asked. */
static int64_t ethtool_value(int fd, const char *name, uint32_t what)
{
    struct ethtool_value value = {.cmd = what};

    return ask_ethtool(fd, name, &value) == 0 ? (int64_t)value.data : -1;
}

static void read_driver(int fd, const char *name, struct rs_netdev *device)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

    if (ask_ethtool(fd, name, &info) == 0)
        snprintf(device->driver, sizeof(device->driver), "%.31s", info.driver);
    device->is_pair = strcmp(device->driver, "veth") == 0;
}

static void read_offloads(int fd, const char *name, struct rs_netdev *device)
{
    const int64_t sums = ethtool_value(fd, name, ETHTOOL_GTXCSUM);
    const int64_t gro = ethtool_value(fd, name, ETHTOOL_GGRO);
    const int64_t flags = ethtool_value(fd, name, ETHTOOL_GFLAGS);

    device->has_offloads = sums >= 0 && gro >= 0 && flags >= 0;
    device->sums_when_sending = sums > 0;
    device->merges_when_receiving = gro > 0 || (flags > 0 && (flags & ETH_FLAG_LRO) != 0);
}

/* A veth's first statistic is the index of its other end, in whichever namespace that is. */
static unsigned int peer_index(int fd, const char *name)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ethtool_stats *stats;
    unsigned int index = 0;

    if (ask_ethtool(fd, name, &info) != 0 || info.n_stats == 0 || info.n_stats > STATS_MAX)
        return 0;
    stats = calloc(1, sizeof(*stats) + info.n_stats * sizeof(stats->data[0]));
    if (stats == NULL)
        return 0;
    stats->cmd = ETHTOOL_GSTATS;
    stats->n_stats = info.n_stats;
    if (ask_ethtool(fd, name, stats) == 0)
        index = (unsigned int)stats->data[0];
    free(stats);
    return index;
}

/* The other end, if the interface of that index here is one: indices repeat in other namespaces. */
static void find_peer(int fd, const char *name, struct rs_netdev *device)
{
    struct rs_netdev other = {.exists = true};
    char peer[IFNAMSIZ];

    if (if_indextoname(peer_index(fd, name), peer) == NULL)
        return;
    read_driver(fd, peer, &other);
    if (other.is_pair && peer_index(fd, peer) == if_nametoindex(name))
        memcpy(device->peer, peer, sizeof(device->peer));
}

static void look_live(const char *name, struct rs_netdev *device)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_flags = 0};

    if (fd < 0)
        return;
    device->exists = ask(fd, name, SIOCGIFFLAGS, &request) == 0;
    device->up = device->exists && (request.ifr_flags & IFF_UP) != 0;
    if (device->exists && ask(fd, name, SIOCGIFMTU, &request) == 0)
        device->mtu = request.ifr_mtu;
    if (device->exists) {
        read_driver(fd, name, device);
        read_offloads(fd, name, device);
    }
    if (device->is_pair)
        find_peer(fd, name, device);
    close(fd);
}

/* ---- of another --------------------------------------------------------------------------- */

#define INTERFACE "/sys/class/net/%s"

static void look_at_files(const struct rs_host *host, const char *name, struct rs_netdev *device)
{
    char text[RS_HOST_LINE_MAX];

    device->exists = rs_host_exists(host, INTERFACE, name);
    device->up = rs_host_read(host, text, INTERFACE "/flags", name) == 0 &&
                 (strtoul(text, NULL, 16) & IFF_UP) != 0;
    device->mtu = (int)rs_host_number(host, 0, INTERFACE "/mtu", name);
}

struct rs_netdev rs_netdev_look(const struct rs_host *host, const char *name)
{
    struct rs_netdev device = {.exists = false};

    if (rs_host_is_live(host))
        look_live(name, &device);
    else
        look_at_files(host, name, &device);
    return device;
}
