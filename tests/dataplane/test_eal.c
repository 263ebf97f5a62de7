/* SPDX-License-Identifier: BSD-3-Clause */
/* Which CPUs and memory EAL is given, and what it is refused. One start per process is all there
 * is. */
#include "dataplane/eal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "tests/support/runner.h"

static unsigned int worker_cpu;
static cpu_set_t allowed;

static void bad_configurations_are_refused_before_anything_starts(void)
{
    const unsigned int absent[] = {CPU_SETSIZE - 1};
    const unsigned int twice[] = {worker_cpu, worker_cpu};
    struct rs_dataplane_config config = {
        .cpus = absent, .cpu_count = 1, .memory_mb = 64, .hugepages = RS_HUGEPAGES_OFF};
    bool hugepages = true;
    cpu_set_t now;

    CU_ASSERT_EQUAL(rs_eal_start(&config, &hugepages), -EINVAL);
    config.cpus = twice;
    config.cpu_count = 2;
    CU_ASSERT_EQUAL(rs_eal_start(&config, &hugepages), -EINVAL);
    config.cpu_count = 0;
    CU_ASSERT_EQUAL(rs_eal_start(&config, &hugepages), -EINVAL);
    config.cpu_count = RS_MAX_WORKERS + 1;
    CU_ASSERT_EQUAL(rs_eal_start(&config, &hugepages), -EINVAL);
    config.cpu_count = 1;
    config.hugepages = RS_HUGEPAGES_REQUIRED;
    config.memory_mb = 1U << 30;
    CU_ASSERT_EQUAL(rs_eal_start(&config, &hugepages), -ENOMEM);
    CU_ASSERT_TRUE(hugepages);
    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(now), &now), 0);
    CU_ASSERT_TRUE(CPU_EQUAL(&now, &allowed));
}

static void eal_starts_without_hugepages(void)
{
    struct rs_dataplane_config config = {
        .cpus = &worker_cpu, .cpu_count = 1, .memory_mb = 64, .hugepages = RS_HUGEPAGES_OFF};
    bool hugepages = true;
    void *memory;

    CU_ASSERT_EQUAL_FATAL(rs_eal_start(&config, &hugepages), 0);
    CU_ASSERT_FALSE(hugepages);
    memory = rte_malloc(NULL, 32 << 20, 0);
    CU_ASSERT_PTR_NOT_NULL(memory);
    rte_free(memory);
}

static void the_main_thread_keeps_off_the_workers_cpu(void)
{
    cpu_set_t mine;

    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof(mine), &mine), 0);
    if (CPU_COUNT(&allowed) > 1)
        CU_ASSERT_FALSE(CPU_ISSET(worker_cpu, &mine));
    CU_ASSERT_EQUAL(rte_lcore_id(), 0);
    CU_ASSERT_EQUAL(rte_lcore_count(), 2);
}

/* What /proc says of a thread: a line of its status, without the name. */
static void read_status(const char *thread, const char *name, char *out, size_t max)
{
    char path[300], line[4096];
    FILE *file;

    out[0] = '\0';
    snprintf(path, sizeof(path), "/proc/self/task/%s/status", thread);
    file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            snprintf(out, max, "%.*s", (int)strcspn(line + strlen(name), "\n"),
                     line + strlen(name));
    }
    fclose(file);
}

static bool may_run_on(const char *thread, unsigned int cpu)
{
    cpu_set_t cpus;

    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(atoi(thread), sizeof(cpus), &cpus), 0);
    return CPU_ISSET(cpu, &cpus);
}

static void threads_of_eals_own_keep_off_the_workers_cpu(void)
{
    DIR *directory = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned int telemetry = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(directory);
    while ((entry = readdir(directory)) != NULL) {
        char name[64];

        if (entry->d_name[0] == '.')
            continue;
        read_status(entry->d_name, "Name:\t", name, sizeof(name));
        telemetry += strncmp(name, "telemetry", 9) == 0;
        if (CPU_COUNT(&allowed) > 1)
            CU_ASSERT_EQUAL(may_run_on(entry->d_name, worker_cpu),
                            strncmp(name, "rte-worker", 10) == 0);
    }
    closedir(directory);
    CU_ASSERT(telemetry > 0);
}

static int cpu_of_worker(void *cpu)
{
    cpu_set_t mine;

    sched_getaffinity(0, sizeof(mine), &mine);
    *(int *)cpu = CPU_COUNT(&mine) == 1 ? sched_getcpu() : -1;
    return 0;
}

static void a_worker_is_pinned_to_its_cpu(void)
{
    int cpu = -1;

    CU_ASSERT_EQUAL_FATAL(rte_eal_remote_launch(cpu_of_worker, &cpu, rs_eal_worker_lcore(0)), 0);
    CU_ASSERT_EQUAL(rte_eal_wait_lcore(rs_eal_worker_lcore(0)), 0);
    CU_ASSERT_EQUAL(cpu, (int)worker_cpu);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"bad_configurations_are_refused_before_anything_starts",
         bad_configurations_are_refused_before_anything_starts},
        {"eal_starts_without_hugepages", eal_starts_without_hugepages},
        {"the_main_thread_keeps_off_the_workers_cpu", the_main_thread_keeps_off_the_workers_cpu},
        {"threads_of_eals_own_keep_off_the_workers_cpu",
         threads_of_eals_own_keep_off_the_workers_cpu},
        {"a_worker_is_pinned_to_its_cpu", a_worker_is_pinned_to_its_cpu},
    };
    int rc;

    sched_getaffinity(0, sizeof(allowed), &allowed);
    for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        worker_cpu = CPU_ISSET(cpu, &allowed) ? cpu : worker_cpu;
    rc = rs_test_main("eal", tests, sizeof(tests) / sizeof(tests[0]));
    rs_eal_stop();
    return rc;
}
