/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens DPDK ports and starts them: queues, RSS, offloads, MTU. Why a device would not open is
 * port_explain.c's; no packet is touched here.
 */
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "interface.h"
#include "log.h"
#include "memif.h"
#include "port_close.h"
#include "port_explain.h"

enum {
    DESCRIPTORS = 1024,
    ETHERNET_BYTES = 14,
    VLAN_ROOM_BYTES = 8, /* two tags come on top of the MTU */
    CRC_BYTES = 4,
    /* Of net_af_packet's ring: a frame's size, and what of it the kernel's header takes. */
    AF_PACKET_FRAME_BYTES = 2048,
    AF_PACKET_HEADER_BYTES = 66,
};

static int complain(const struct rs_port *port, int rc, const char *what)
{
    rs_log(RS_LOG_ERROR, "%s: %s: %s", port->name, what, rte_strerror(-rc));
    return rc;
}

/* Marks the port as taken, in DPDK's own books. */
static int take(const struct rs_port *port)
{
    struct rte_eth_dev_owner owner = {.id = RTE_ETH_DEV_NO_OWNER};
    int rc;

    if (rte_eth_dev_owner_get(port->id, &owner) == 0 && owner.id != RTE_ETH_DEV_NO_OWNER) {
        rs_log(RS_LOG_ERROR, "%s: the device is in use already, as %s", port->name, owner.name);
        return -EBUSY;
    }
    rc = rte_eth_dev_owner_new(&owner.id);
    if (rc == 0) {
        snprintf(owner.name, sizeof(owner.name), "%.63s", port->name);
        rc = rte_eth_dev_owner_set(port->id, &owner);
    }
    return rc == 0 ? 0 : complain(port, rc, "cannot be taken");
}

/* Two sockets on one interface would hand each other every frame. */
static int refuse_shared_interface(const struct rs_port *port, const struct rte_eth_dev_info *info)
{
    for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
        struct rte_eth_dev_owner owner;
        struct rte_eth_dev_info other;

        if (id == port->id || !rte_eth_dev_is_valid_port(id) || info->if_index == 0)
            continue;
        if (rte_eth_dev_info_get(id, &other) != 0 || other.if_index != info->if_index)
            continue;
        if (rte_eth_dev_owner_get(id, &owner) != 0)
            continue;
        rs_log(RS_LOG_ERROR, "%s: its interface is in use already, as %s", port->name, owner.name);
        return -EBUSY;
    }
    return 0;
}

/* The port of a device that EAL or rte_dev_probe has found. */
static int find_pci(const char *pci, uint16_t *id)
{
    struct rte_dev_iterator iterator;

    RTE_ETH_FOREACH_MATCHING_DEV(*id, pci, &iterator)
    {
        rte_eth_iterator_cleanup(&iterator);
        return 0;
    }
    return -ENODEV;
}

static int find_vdev(const char *vdev, uint16_t *id)
{
    char device[RTE_ETH_NAME_MAX_LEN];

    snprintf(device, sizeof(device), "%.*s", (int)strcspn(vdev, ","), vdev);
    return rte_eth_dev_get_port_by_name(device, id);
}

/* EAL probes the PCI devices it was told of itself; a vdev that is there was given twice. */
static int probe(struct rs_port *port, const char *pci, const char *vdev)
{
    const char *device = pci != NULL ? pci : vdev;
    int rc = pci != NULL ? find_pci(pci, &port->id) : find_vdev(vdev, &port->id);

    if (rc == 0)
        return 0;
    rc = rte_dev_probe(device);
    if (rc == 0)
        rc = pci != NULL ? find_pci(pci, &port->id) : find_vdev(vdev, &port->id);
    if (rc != 0) {
        char why[160];

        rs_port_explain(pci, vdev, rc, why, sizeof(why));
        rs_log(RS_LOG_ERROR, "%s: %s", port->name, why);
        return -ENODEV;
    }
    return 0;
}

/* net_af_packet drops without a word what its ring's frames do not hold. */
static uint16_t af_packet_mtu(const struct rs_port *port, const char *vdev, uint16_t mtu)
{
    const unsigned int frame_bytes = rs_port_argument(vdev, "framesz", AF_PACKET_FRAME_BYTES);
    const unsigned int taken = AF_PACKET_HEADER_BYTES + ETHERNET_BYTES + VLAN_ROOM_BYTES;
    const unsigned int room = frame_bytes > taken ? frame_bytes - taken : 0;

    if (mtu <= room)
        return mtu;
    rs_log(RS_LOG_WARNING,
           "%s: the interface's MTU is %u, but frames of %u bytes hold packets of %u only; "
           "framesz= and blocksz= make them larger",
           port->name, mtu, frame_bytes, room);
    return (uint16_t)room;
}

/* DPDK knows 1500 for a device on top of a kernel interface, whatever that has. */
static int read_mtu(struct rs_port *port, const struct rte_eth_dev_info *info, const char *vdev)
{
    uint16_t mtu = info->if_index != 0 ? rs_interface_mtu(info->if_index) : 0;
    int rc;

    if (mtu == 0) {
        rc = rte_eth_dev_get_mtu(port->id, &mtu);
        if (rc != 0)
            return complain(port, rc, "the MTU cannot be read");
    }
    if (strcmp(info->driver_name, "net_af_packet") == 0 && vdev != NULL)
        mtu = af_packet_mtu(port, vdev, mtu);
    port->mtu = mtu;
    return 0;
}

static bool is_vdev(const struct rte_eth_dev_info *info)
{
    return strcmp(rte_bus_name(rte_dev_bus(info->device)), "vdev") == 0;
}

static void remove_device(uint16_t id)
{
    struct rte_eth_dev_info info;
    const bool known = rte_eth_dev_info_get(id, &info) == 0;

    rs_port_close_device(id, known ? info.driver_name : NULL);
    /* A PCI device stays with EAL, which found it. */
    if (known && is_vdev(&info))
        rte_dev_remove(info.device);
}

int rs_port_open(struct rs_port *port, const char *name, const char *pci, const char *vdev)
{
    struct rs_port opened = {.id = RTE_MAX_ETHPORTS};
    struct rte_eth_dev_info info;
    int rc;

    snprintf(opened.name, sizeof(opened.name), "%s (%s)", name, pci != NULL ? pci : vdev);
    rc = probe(&opened, pci, vdev);
    if (rc != 0)
        return rc;
    rc = take(&opened);
    if (rc != 0)
        return rc; /* another's: not to be closed */
    rc = rte_eth_dev_info_get(opened.id, &info);
    if (rc != 0) {
        complain(&opened, rc, "does not say what it can do");
        goto remove;
    }
    rc = refuse_shared_interface(&opened, &info);
    if (rc != 0)
        goto remove;
    opened.interface = info.if_index;
    opened.queues_max = rs_memif_is(info.driver_name) ? 1 : UINT16_MAX;
    opened.calls = rs_memif_is(info.driver_name) && !rs_memif_is_server(vdev);
    rc = read_mtu(&opened, &info, vdev);
    if (rc != 0)
        goto remove;
    *port = opened;
    return 0;

remove:
    remove_device(opened.id);
    return rc;
}

int rs_port_set_mtu(struct rs_port *port, uint16_t mtu)
{
    struct rte_eth_dev_info info;
    int rc = rte_eth_dev_info_get(port->id, &info);

    if (rc != 0)
        return complain(port, rc, "does not say what it can do");
    if (port->interface != 0 && mtu > port->mtu) {
        rs_log(RS_LOG_ERROR, "%s: mtu: %u is more than the %u that its interface takes", port->name,
               mtu, port->mtu);
        return -EINVAL;
    }
    if (!is_vdev(&info) && (mtu < info.min_mtu || mtu > info.max_mtu)) {
        rs_log(RS_LOG_ERROR, "%s: mtu: %u is not among the %u to %u that the device takes",
               port->name, mtu, info.min_mtu, info.max_mtu);
        return -EINVAL;
    }
    port->mtu = mtu;
    return 0;
}

void rs_port_set_queues(struct rs_port *port, uint16_t queues)
{
    port->queues_max = queues;
}

void rs_port_queue_limits(const struct rs_port *port, uint16_t *rx_max, uint16_t *tx_max)
{
    struct rte_eth_dev_info info;

    *rx_max = 1;
    *tx_max = 1;
    if (rte_eth_dev_info_get(port->id, &info) != 0)
        return;
    *rx_max = RTE_MIN(info.max_rx_queues, port->queues_max);
    *tx_max = RTE_MIN(info.max_tx_queues, port->queues_max);
}

/*
 * Checksums are left to hardware only. Virtual devices offer the offload and then sum on this CPU
 * (net_tap), or hand the unfinished sum on to a peer that may not finish it (net_virtio*).
 */
static bool sums_in_hardware(const struct rte_eth_dev_info *info)
{
    return !is_vdev(info) && strncmp(info->driver_name, "net_virtio", 10) != 0;
}

/* The MTU in words that rte_eth_dev_configure accepts; what is larger, vdevs carry all the same. */
static uint32_t configurable_mtu(const struct rs_port *port, const struct rte_eth_dev_info *info)
{
    const bool has_max = info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu;
    const uint32_t overhead =
        has_max ? info->max_rx_pktlen - info->max_mtu : ETHERNET_BYTES + CRC_BYTES;
    const uint32_t max = RTE_MIN((uint32_t)info->max_mtu, info->max_rx_pktlen - overhead);

    return RTE_MAX(RTE_MIN((uint32_t)port->mtu, max), (uint32_t)info->min_mtu);
}

/*
 * Not among them: IPv4's checksum, which is updated and never made anew, so that a wrong one stays
 * wrong; and MBUF_FAST_FREE, since what leaves here came from other ports' pools.
 */
static void choose_offloads(const struct rte_eth_dev_info *info, bool chained,
                            struct rte_eth_conf *conf)
{
    uint64_t rx = 0;
    uint64_t tx = 0;

    if (sums_in_hardware(info)) {
        rx |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
        tx |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    }
    if (chained || is_vdev(info)) {
        rx |= RTE_ETH_RX_OFFLOAD_SCATTER;
        tx |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    }
    conf->rxmode.offloads = rx & info->rx_offload_capa;
    conf->txmode.offloads = tx & info->tx_offload_capa;
}

/* Where there is no RSS the device has a way of its own: af_packet's fanout, memif's peer. */
static void choose_rss(const struct rte_eth_dev_info *info, uint16_t rx_queues,
                       struct rte_eth_conf *conf)
{
    const uint64_t hashes = (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & info->flow_type_rss_offloads;

    if (rx_queues < 2 || hashes == 0)
        return;
    conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf->rx_adv_conf.rss_conf.rss_hf = hashes;
}

static int configure(struct rs_port *port, const struct rte_eth_dev_info *info, uint16_t rx_queues,
                     uint16_t tx_queues, const struct rte_mempool *pool)
{
    const uint32_t frame_bytes = port->mtu + ETHERNET_BYTES + VLAN_ROOM_BYTES + CRC_BYTES;
    const uint32_t room = rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool);
    struct rte_eth_conf conf = {.rxmode = {.mtu = configurable_mtu(port, info)}};
    int rc;

    if (rx_queues > info->max_rx_queues || tx_queues > info->max_tx_queues) {
        rs_log(RS_LOG_ERROR, "%s: has %u receive and %u transmit queues, %u and %u are needed",
               port->name, info->max_rx_queues, info->max_tx_queues, rx_queues, tx_queues);
        return -EINVAL;
    }
    choose_offloads(info, frame_bytes + RTE_PKTMBUF_HEADROOM > room, &conf);
    choose_rss(info, rx_queues, &conf);
    rc = rte_eth_dev_configure(port->id, rx_queues, tx_queues, &conf);
    if (rc != 0)
        return complain(port, rc, "cannot be configured");
    port->tx_offload = conf.txmode.offloads;
    return 0;
}

static int set_up_queues(const struct rs_port *port, uint16_t rx_queues, uint16_t tx_queues,
                         struct rte_mempool *pool)
{
    const int socket = rte_eth_dev_socket_id(port->id);
    uint16_t rx_descriptors = DESCRIPTORS;
    uint16_t tx_descriptors = DESCRIPTORS;
    int rc;

    rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_descriptors, &tx_descriptors);
    if (rc != 0)
        return complain(port, rc, "has no descriptors");
    for (uint16_t queue = 0; queue < rx_queues; queue++) {
        rc = rte_eth_rx_queue_setup(port->id, queue, rx_descriptors, (unsigned int)socket, NULL,
                                    pool);
        if (rc != 0)
            return complain(port, rc, "a receive queue cannot be set up");
    }
    for (uint16_t queue = 0; queue < tx_queues; queue++) {
        rc = rte_eth_tx_queue_setup(port->id, queue, tx_descriptors, (unsigned int)socket, NULL);
        if (rc != 0)
            return complain(port, rc, "a transmit queue cannot be set up");
    }
    return 0;
}

int rs_port_start(struct rs_port *port, uint16_t rx_queues, uint16_t tx_queues,
                  struct rte_mempool *pool)
{
    struct rte_eth_dev_info info;
    int rc;

    rc = rte_eth_dev_info_get(port->id, &info);
    if (rc != 0)
        return complain(port, rc, "does not say what it can do");
    rc = configure(port, &info, rx_queues, tx_queues, pool);
    if (rc != 0)
        return rc;
    rc = set_up_queues(port, rx_queues, tx_queues, pool);
    if (rc != 0)
        return rc;
    rc = rte_eth_promiscuous_enable(port->id);
    if (rc != 0 && rc != -ENOTSUP)
        return complain(port, rc, "cannot receive what is addressed to others");
    rc = rte_eth_dev_start(port->id);
    if (rc != 0)
        return complain(port, rc, "cannot be started");
    port->rx_queues = rx_queues;
    port->tx_queues = tx_queues;
    return 0;
}

/* Drivers on top of a kernel interface say "up" for as long as they are started (all but net_tap),
 * so the kernel is asked too. */
bool rs_port_is_up(const struct rs_port *port)
{
    struct rte_eth_link link = {0};

    if (rte_eth_link_get_nowait(port->id, &link) != 0 || link.link_status != RTE_ETH_LINK_UP)
        return false;
    return port->interface == 0 || rs_interface_is_up(port->interface);
}

void rs_port_close(struct rs_port *port)
{
    if (port->name[0] == '\0')
        return;
    remove_device(port->id);
    memset(port, 0, sizeof(*port));
}
