/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK ports: probing, queues, RSS, offloads, MTU. Cold. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

struct rs_port {
    uint16_t id; /* DPDK's */
    uint16_t mtu;
    uint16_t rx_queues, tx_queues; /* set up */
    uint16_t queues_max;           /* to be used; UINT16_MAX: as many as there are */
    bool calls;                    /* its peer, and only when it is started */
    uint64_t tx_offload;           /* RTE_ETH_TX_OFFLOAD_* in use */
    unsigned int interface;        /* the kernel's index of what is underneath; 0: nothing */
    char name[128];                /* for people: "edge0 plain (0000:03:00.0)" */
};

/*
 * Probes a port: `pci` "0000:03:00.0" or `vdev` "net_af_packet0,iface=veth1", the other NULL.
 * `name` "edge0 plain" is copied, with the device in brackets behind it. Main thread after
 * rte_eal_init; blocks. Returns 0, or -errno after logging what is wrong with which port.
 */
int rs_port_open(struct rs_port *port, const char *name, const char *pci, const char *vdev);

/*
 * Before the port is started: the longest IP packet in bytes, other than the device's own MTU.
 * Virtual devices without an interface take any. Returns 0, or -errno after logging what the port
 * takes.
 */
int rs_port_set_mtu(struct rs_port *port, uint16_t mtu);

/* Before the port is started: uses no more queues than that, 1 or more, each way. */
void rs_port_set_queues(struct rs_port *port, uint16_t queues);

/*
 * How many receive and transmit queues the opened port can have. Of memif one, unless told how many
 * rings its peer makes: queues of the driver without a ring of the peer's read another's.
 */
void rs_port_queue_limits(const struct rs_port *port, uint16_t *rx_max, uint16_t *tx_max);

/*
 * Configures the queues, spreads flows over receive queues by RSS where there are several, takes
 * checksum offloads the port has, turns promiscuous mode on (a bump in the wire), and starts it.
 * Returns 0 or -errno, logged.
 */
int rs_port_start(struct rs_port *port, uint16_t rx_queues, uint16_t tx_queues,
                  struct rte_mempool *pool);

/* Whether a started port has a link: as its driver says, and the kernel of an interface underneath.
 * Main thread; does not block. */
bool rs_port_is_up(const struct rs_port *port);

/* Stops and closes. Safe on a port that never started. */
void rs_port_close(struct rs_port *port);
