/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who gets a socket's place where several want it at once.
 */
#include "control/listen.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/runner.h"

enum { ROUNDS = 200, CONTENDERS = 8 };

static char path[64];
static pthread_barrier_t start;

/* What is left of a daemon that was killed. */
static void leave_stale(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        abort();
    close(fd);
}

static bool can_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected;

    memcpy(address.sun_path, path, strlen(path) + 1);
    connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return connected;
}

static void *contend(void *arg)
{
    struct stat bound;

    pthread_barrier_wait(&start);
    *(int *)arg = rs_listen_unix(path, 0600, (gid_t)RS_LISTEN_NO_GROUP, &bound);
    return NULL;
}

static void of_many_that_find_a_stale_socket_one_gets_its_place(void)
{
    snprintf(path, sizeof(path), "/tmp/rtpseal-listen-%d.sock", (int)getpid());
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[CONTENDERS];
        int results[CONTENDERS], winners = 0;

        leave_stale();
        pthread_barrier_init(&start, NULL, CONTENDERS);
        for (int i = 0; i < CONTENDERS; i++)
            pthread_create(&threads[i], NULL, contend, &results[i]);
        for (int i = 0; i < CONTENDERS; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < CONTENDERS; i++) {
            winners += results[i] >= 0;
            CU_ASSERT(results[i] >= 0 || results[i] == -EADDRINUSE);
        }
        CU_ASSERT_EQUAL(winners, 1);
        CU_ASSERT(can_connect());
        for (int i = 0; i < CONTENDERS; i++) {
            if (results[i] >= 0)
                close(results[i]);
        }
        pthread_barrier_destroy(&start);
        unlink(path);
    }
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"of_many_that_find_a_stale_socket_one_gets_its_place",
         of_many_that_find_a_stale_socket_one_gets_its_place},
    };

    return rs_test_main("listen", tests, sizeof(tests) / sizeof(tests[0]));
}
