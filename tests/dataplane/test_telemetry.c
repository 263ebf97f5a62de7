/* SPDX-License-Identifier: BSD-3-Clause */
/* What DPDK's telemetry socket answers about a dataplane, compared with its own counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_eal.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum { REPLY_MAX = 16 << 10, CLIENTS = 8, SEALED = 5, BRIDGED = 3 };

static struct rs_host *host;

static int connect_client(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    char greeting[REPLY_MAX];

    snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/dpdk_telemetry.v2",
             rte_eal_get_runtime_dir());
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    CU_ASSERT_FATAL(recv(fd, greeting, sizeof(greeting), 0) > 0);
    return fd;
}

/* The command's answer, borrowed from *document, which is the caller's to decref. */
static const json_t *ask(int fd, const char *command, json_t **document)
{
    static char reply[REPLY_MAX];
    ssize_t bytes;

    CU_ASSERT_EQUAL_FATAL(send(fd, command, strlen(command), 0), (ssize_t)strlen(command));
    bytes = recv(fd, reply, sizeof(reply), 0);
    CU_ASSERT_FATAL(bytes > 0);
    *document = json_loadb(reply, (size_t)bytes, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*document);
    return json_object_get(*document, command);
}

/* A number of the answer by its path; a missing one is -1. */
static json_int_t number(const json_t *answer, const char *first, const char *second,
                         const char *third)
{
    const json_t *at = json_object_get(json_object_get(answer, first), second);

    at = third != NULL ? json_object_get(at, third) : at;
    return json_is_integer(at) ? json_integer_value(at) : -1;
}

static void send_some(void)
{
    const struct rs_legs legs = rs_legs_make(host, NULL);
    const struct rs_test_frame outside = {.dst_port = 9};
    struct rs_leg_packet sealed = rs_leg_sealed(host, legs.seal, 0), bridged = rs_leg_vp8(1);

    for (unsigned int i = 1; i < SEALED; i++)
        rs_leg_sealed(host, legs.seal, i);
    bridged.frame = &outside;
    for (unsigned int i = 0; i < BRIDGED; i++)
        CU_ASSERT_EQUAL(rs_leg_run(host, 1, RS_SEAL, NULL, &bridged, NULL), RS_BRIDGED);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &sealed), RS_OPENED);
    CU_ASSERT_EQUAL(rs_leg_open(host, legs.open, &sealed), RS_REPLAY);
    rs_legs_end(&legs);
}

static void check_direction(const json_t *stats, const json_t *drops, const char *name,
                            enum rs_direction direction)
{
    struct rs_counters sum;

    rs_dataplane_get_counters(host->dataplane, RS_ALL, RS_ALL, direction, &sum);
    CU_ASSERT_EQUAL(number(stats, name, "packets_in", NULL), (json_int_t)sum.packets_in);
    CU_ASSERT_EQUAL(number(stats, name, "bytes_in", NULL), (json_int_t)sum.bytes_in);
    CU_ASSERT_EQUAL(number(stats, name, "packets_out", NULL), (json_int_t)sum.packets_out);
    CU_ASSERT_EQUAL(number(stats, name, "bytes_out", NULL), (json_int_t)sum.bytes_out);
    for (unsigned int o = 0; o < RS_OUTCOMES; o++) {
        const char *outcome = rs_outcome_name((enum rs_outcome)o);
        const json_int_t count = (json_int_t)sum.outcomes[o];
        const bool drop = rs_outcome_is_drop((enum rs_outcome)o);

        CU_ASSERT_EQUAL(number(stats, name, "passes", outcome), drop ? -1 : count);
        CU_ASSERT_EQUAL(number(drops, name, outcome, NULL), drop ? count : -1);
    }
}

static void sums_and_drops_are_the_dataplanes_own(void)
{
    const int fd = connect_client();
    const json_t *stats, *drops;
    json_t *documents[2];

    send_some();
    stats = ask(fd, "/rtpseal/stats", &documents[0]);
    drops = ask(fd, "/rtpseal/drops", &documents[1]);
    CU_ASSERT_EQUAL(number(stats, "seal", "passes", "sealed"), SEALED);
    CU_ASSERT_EQUAL(number(stats, "seal", "passes", "bridged"), BRIDGED);
    CU_ASSERT_EQUAL(number(stats, "open", "packets_in", NULL), 2);
    CU_ASSERT_EQUAL(number(stats, "open", "packets_out", NULL), 1);
    CU_ASSERT_EQUAL(number(drops, "open", "replay", NULL), 1);
    check_direction(stats, drops, "seal", RS_SEAL);
    check_direction(stats, drops, "open", RS_OPEN);
    json_decref(documents[0]);
    json_decref(documents[1]);
    close(fd);
}

static void each_worker_says_its_cpu_and_that_it_turns(void)
{
    const int fd = connect_client();
    json_t *before, *after;
    const json_t *first = ask(fd, "/rtpseal/workers", &before), *second;

    rs_host_settle(host); /* each worker has turned */
    second = ask(fd, "/rtpseal/workers", &after);
    CU_ASSERT_EQUAL(json_object_size(first), host->worker_count);
    for (unsigned int w = 0; w < host->worker_count; w++) {
        struct rs_worker_info info;
        char name[32];

        snprintf(name, sizeof(name), "worker_%u", w);
        rs_dataplane_get_worker(host->dataplane, w, &info);
        CU_ASSERT_EQUAL(number(first, name, "cpu", NULL), (json_int_t)info.cpu);
        CU_ASSERT_EQUAL(number(second, name, "senders", NULL), (json_int_t)info.senders);
        CU_ASSERT(number(second, name, "turns", NULL) > number(first, name, "turns", NULL));
        CU_ASSERT(number(second, name, "idle_cycles", NULL) >
                  number(first, name, "idle_cycles", NULL));
        CU_ASSERT(number(first, name, "busy_cycles", NULL) >= 0);
    }
    json_decref(before);
    json_decref(after);
    close(fd);
}

/* Answers are asked for while the dataplane goes away under them; then there are none. */
static void a_client_that_asks_on_while_the_dataplane_ends_is_answered_null(void)
{
    int fds[CLIENTS];
    const json_t *answer;
    json_t *document;

    for (unsigned int c = 0; c < CLIENTS; c++) {
        fds[c] = connect_client();
        for (unsigned int i = 0; i < 20; i++)
            CU_ASSERT(send(fds[c], "/rtpseal/workers", 16, 0) == 16);
    }
    rs_host_stop(host);
    for (unsigned int c = 0; c < CLIENTS; c++)
        close(fds[c]);
    fds[0] = connect_client();
    answer = ask(fds[0], "/rtpseal/stats", &document);
    CU_ASSERT_TRUE(json_is_null(answer));
    json_decref(document);
    close(fds[0]);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"sums_and_drops_are_the_dataplanes_own", sums_and_drops_are_the_dataplanes_own},
        {"each_worker_says_its_cpu_and_that_it_turns", each_worker_says_its_cpu_and_that_it_turns},
        {"a_client_that_asks_on_while_the_dataplane_ends_is_answered_null",
         a_client_that_asks_on_while_the_dataplane_ends_is_answered_null},
    };
    char directory[] = "/tmp/rtpseal-telemetry-XXXXXX", command[64];
    int rc;

    if (mkdtemp(directory) == NULL || setenv("RUNTIME_DIRECTORY", directory, 1) != 0)
        return 2;
    host = rs_host_start(NULL);
    rc = rs_test_main("telemetry", tests, sizeof(tests) / sizeof(tests[0]));
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command) == 0 ? rc : 1;
}
