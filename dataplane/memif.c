/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two races of net_memif in DPDK 22.11, kept from happening. When its peer goes away, EAL's
 * interrupt thread unmaps rings in which a worker may be in the middle of a burst; and where main
 * closes a port, that thread may be disconnecting the same one. Other drivers are none of this
 * file's business.
 */
#include "memif.h"

#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include "rcu.h"

struct closing {
    uint16_t port;
    sem_t done;
};

bool rs_memif_is(const char *driver_name)
{
    return strcmp(driver_name, "net_memif") == 0;
}

bool rs_memif_is_server(const char *vdev)
{
    return strstr(vdev, "role=server") != NULL || strstr(vdev, "role=master") != NULL;
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

void rs_memif_close(uint16_t port)
{
    struct closing closing = {.port = port};

    sem_init(&closing.done, 0, 0);
    if (rte_eal_alarm_set(1, close_there, &closing) != 0) {
        stop_and_close(port);
    } else {
        while (sem_wait(&closing.done) != 0)
            ; /* a signal */
    }
    sem_destroy(&closing.done);
}

/*
 * munmap(2), in place of libc's: the driver calls it on EAL's interrupt thread the moment its peer
 * is gone. There it waits first until each worker has ended the turn that it is in. By then the
 * port is marked as not connected, so that no later turn enters its rings. Other threads do not
 * wait.
 */
int munmap(void *address, size_t bytes)
{
    if (rte_thread_is_intr() == 1)
        rs_rcu_wait();
    return (int)syscall(SYS_munmap, address, bytes);
}
