/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A race of net_memif in DPDK 22.11, kept from happening: when its peer goes away, EAL's interrupt
 * thread unmaps rings in which a worker may be in the middle of a burst. Other drivers are none of
 * this file's business.
 */
#include "memif.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include "rcu.h"

bool rs_memif_is(const char *driver_name)
{
    return strcmp(driver_name, "net_memif") == 0;
}

bool rs_memif_is_server(const char *vdev)
{
    return strstr(vdev, "role=server") != NULL || strstr(vdev, "role=master") != NULL;
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
