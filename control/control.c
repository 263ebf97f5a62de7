/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small things that several parts of control share: the clock, random names. No state.
 */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

uint64_t rs_control_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void rs_control_random_hex(char *out, unsigned int bytes)
{
    unsigned char byte;

    for (unsigned int i = 0; i < bytes; i++) {
        /* Up to 256 bytes getrandom(2) neither blocks after boot nor is cut short. */
        if (getrandom(&byte, 1, 0) != 1)
            abort();
        snprintf(out + 2 * i, 3, "%02x", byte);
    }
}
