/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks the kernel about an interface. The index is asked for each time, since an interface may have
 * gone, or come back under another name.
 */
#include "interface.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns whether the kernel has answered. */
static bool ask(unsigned int index, unsigned long what, struct ifreq *request)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool answered;

    if (fd < 0)
        return false;
    answered = if_indextoname(index, request->ifr_name) != NULL && ioctl(fd, what, request) == 0;
    close(fd);
    return answered;
}

uint16_t rs_interface_mtu(unsigned int index)
{
    struct ifreq request = {.ifr_mtu = 0};

    if (!ask(index, SIOCGIFMTU, &request))
        return 0;
    return (uint16_t)(request.ifr_mtu < UINT16_MAX ? request.ifr_mtu : UINT16_MAX);
}

bool rs_interface_is_up(unsigned int index)
{
    struct ifreq request = {.ifr_flags = 0};

    return ask(index, SIOCGIFFLAGS, &request) && (request.ifr_flags & IFF_UP) != 0 &&
           (request.ifr_flags & IFF_RUNNING) != 0;
}
