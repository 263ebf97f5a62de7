/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Some drivers hear on EAL's interrupt thread that their peer comes and goes, and do not bear that
 * another thread closes the port meanwhile: DPDK 22.11 then uses what was freed. Those are closed
 * on that thread.
 */
#include "port_close.h"

#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>

struct closing {
    uint16_t port;
    sem_t done;
};

static bool hears_of_its_peer(const char *driver_name)
{
    static const char *const drivers[] = {"net_memif", "net_virtio_user"};

    for (size_t i = 0; driver_name != NULL && i < RTE_DIM(drivers); i++) {
        if (strcmp(driver_name, drivers[i]) == 0)
            return true;
    }
    return false;
}

static void stop_and_close(uint16_t port)
{
    rte_eth_dev_stop(port);
    rte_eth_dev_close(port);
}

/* An alarm: EAL's interrupt thread. */
static void close_there(void *context)
{
    struct closing *closing = context;

    stop_and_close(closing->port);
    sem_post(&closing->done);
}

void rs_port_close_device(uint16_t id, const char *driver_name)
{
    struct closing closing = {.port = id};

    sem_init(&closing.done, 0, 0);
    if (!hears_of_its_peer(driver_name) || rte_eal_alarm_set(1, close_there, &closing) != 0) {
        stop_and_close(id);
    } else {
        while (sem_wait(&closing.done) != 0)
            ; /* a signal */
    }
    sem_destroy(&closing.done);
}
