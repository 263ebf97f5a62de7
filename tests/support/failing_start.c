/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a daemon together with failing_memory.c: RTPSEAL_FAIL_ALLOCATION says which
 * allocation fails, 0 none, and at the end the file RTPSEAL_ALLOCATIONS is told how many were asked
 * for.
 */
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/failing_memory.h"

static char path[256];

/* Whose code it was that did not bear it. */
static void on_crash(int number)
{
    void *frames[16];

    backtrace_symbols_fd(frames, backtrace(frames, 16), STDERR_FILENO);
    signal(number, SIG_DFL);
    raise(number);
}

static __attribute__((constructor)) void arm(void)
{
    const char *number = getenv("RTPSEAL_FAIL_ALLOCATION"), *told = getenv("RTPSEAL_ALLOCATIONS");

    signal(SIGSEGV, on_crash);
    if (told != NULL)
        snprintf(path, sizeof(path), "%s", told);
    failing_memory_arm(number != NULL ? strtoul(number, NULL, 10) : 0);
}

static __attribute__((destructor)) void tell(void)
{
    const int fd = path[0] != '\0' ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    char text[32];

    if (fd < 0)
        return;
    snprintf(text, sizeof(text), "%lu", failing_memory_asked());
    if (write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}
