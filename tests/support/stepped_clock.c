/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a daemon: its wall clock is off by as many seconds as the file named by
 * RTPSEAL_TEST_CLOCK says, 8 bytes that a test may change at any time. Other clocks go on as they
 * are.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_s;

static __attribute__((constructor)) void open_offset(void)
{
    const char *path = getenv("RTPSEAL_TEST_CLOCK");
    const int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped =
        fd >= 0 ? mmap(NULL, sizeof(*offset_s), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (mapped == MAP_FAILED)
        abort();
    close(fd);
    offset_s = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    const int rc = (int)syscall(SYS_clock_gettime, clock, time);

    if (rc == 0 && offset_s != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += *offset_s;
    return rc;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
