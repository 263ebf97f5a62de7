/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Turns the configuration into EAL's command line and starts it: which CPUs, which memory, which
 * devices. Ports are opened in port.c, after this.
 */
#include "eal.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#define HUGEPAGES_DIRECTORY "/sys/kernel/mm/hugepages"
/* Below the directory for run-time files; a second process there has a number behind it. */
#define TELEMETRY_SOCKET "/dpdk/rte/dpdk_telemetry.v2:32767"

/* The fixed options, and one -a with its address per port of a link. */
enum { ARGUMENTS_MAX = 24 + 4 * RS_MAX_LINKS };

struct arguments {
    char *values[ARGUMENTS_MAX + 1];
    int count;
    int failed; /* -errno of the first that did not fit */
};

static void __attribute__((format(printf, 2, 3)))
add(struct arguments *arguments, const char *format, ...)
{
    va_list list;
    int written;

    if (arguments->count == ARGUMENTS_MAX) {
        arguments->failed = -E2BIG;
        return;
    }
    va_start(list, format);
    written = vasprintf(&arguments->values[arguments->count], format, list);
    va_end(list);
    if (written < 0) {
        arguments->values[arguments->count] = NULL;
        arguments->failed = -ENOMEM;
        return;
    }
    arguments->count++;
}

static void free_arguments(char *const *owned, int count)
{
    for (int i = 0; i < count; i++)
        free(owned[i]);
}

/* Checks the workers' CPUs against `allowed`; what is left of it becomes *main_cpus. */
static int share_cpus(const struct rs_dataplane_config *config, const cpu_set_t *allowed,
                      cpu_set_t *main_cpus)
{
    *main_cpus = *allowed;
    if (config->cpu_count == 0 || config->cpu_count > RS_MAX_WORKERS) {
        rs_log(RS_LOG_ERROR, "cpus: %zu given, 1 to %d are needed", config->cpu_count,
               RS_MAX_WORKERS);
        return -EINVAL;
    }
    for (size_t i = 0; i < config->cpu_count; i++) {
        const unsigned int cpu = config->cpus[i];

        if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, allowed)) {
            rs_log(RS_LOG_ERROR,
                   "cpus: CPU %u is not one that this process may run on (see Cpus_allowed_list in "
                   "/proc/self/status)",
                   cpu);
            return -EINVAL;
        }
        if (!CPU_ISSET(cpu, main_cpus)) {
            rs_log(RS_LOG_ERROR, "cpus: CPU %u is given twice", cpu);
            return -EINVAL;
        }
        CPU_CLR(cpu, main_cpus);
    }
    if (CPU_COUNT(main_cpus) == 0) {
        rs_log(RS_LOG_WARNING, "cpus: every CPU has a worker, so control shares theirs");
        *main_cpus = *allowed;
    }
    return 0;
}

static int move_main_thread(const struct rs_dataplane_config *config, cpu_set_t *main_cpus)
{
    cpu_set_t allowed;
    int rc;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        rc = -errno;
        rs_log(RS_LOG_ERROR, "cannot ask for the CPUs allowed: %s", strerror(-rc));
        return rc;
    }
    rc = share_cpus(config, &allowed, main_cpus);
    if (rc != 0)
        return rc;
    /* Before EAL starts threads of its own, which inherit this. */
    if (sched_setaffinity(0, sizeof(*main_cpus), main_cpus) != 0) {
        rc = -errno;
        rs_log(RS_LOG_ERROR, "cannot move the main thread off the workers' CPUs: %s",
               strerror(-rc));
        return rc;
    }
    return 0;
}

/* "0@(0,2,3),1@1": lcore 0 is main, lcore i + 1 is worker i. */
static void add_lcores(struct arguments *arguments, const struct rs_dataplane_config *config,
                       const cpu_set_t *main_cpus)
{
    char text[8 * (CPU_SETSIZE + RS_MAX_WORKERS)];
    size_t used = (size_t)snprintf(text, sizeof(text), "0@(");
    const char *separator = "";

    for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, main_cpus))
            continue;
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", separator, cpu);
        separator = ",";
    }
    used += (size_t)snprintf(text + used, sizeof(text) - used, ")");
    for (unsigned int i = 0; i < config->cpu_count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, ",%u@%u", rs_eal_worker_lcore(i),
                                 config->cpus[i]);
    add(arguments, "--lcores");
    add(arguments, "%s", text);
    add(arguments, "--main-lcore");
    add(arguments, "0");
}

static uint64_t read_number(const char *path)
{
    unsigned long long number = 0;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%llu", &number) != 1)
        number = 0;
    fclose(file);
    return number;
}

/* Free hugepages of all sizes, in MiB. EAL takes them anonymously: no mounted hugetlbfs is needed.
 */
static uint64_t free_hugepages_mb(void)
{
    DIR *directory = opendir(HUGEPAGES_DIRECTORY);
    const struct dirent *entry;
    uint64_t kb = 0;

    if (directory == NULL)
        return 0;
    while ((entry = readdir(directory)) != NULL) {
        unsigned long long page_kb;
        char path[sizeof(HUGEPAGES_DIRECTORY) + sizeof(entry->d_name) + sizeof("//free_hugepages")];

        if (sscanf(entry->d_name, "hugepages-%llukB", &page_kb) != 1)
            continue;
        snprintf(path, sizeof(path), "%s/%s/free_hugepages", HUGEPAGES_DIRECTORY, entry->d_name);
        kb += page_kb * read_number(path);
    }
    closedir(directory);
    return kb / 1024;
}

/* Before EAL is started, since it cannot be asked twice. */
static int choose_hugepages(const struct rs_dataplane_config *config, bool *hugepages)
{
    const uint64_t free_mb = free_hugepages_mb();
    const bool enough = free_mb >= config->memory_mb;

    if (config->hugepages == RS_HUGEPAGES_REQUIRED && !enough) {
        rs_log(RS_LOG_ERROR,
               "memory: hugepages are required and %u MB are configured, but %llu MB are free; "
               "`sysctl vm.nr_hugepages=%u` reserves enough pages of 2 MB",
               config->memory_mb, (unsigned long long)free_mb, (config->memory_mb + 1) / 2);
        return -ENOMEM;
    }
    *hugepages = enough && config->hugepages != RS_HUGEPAGES_OFF;
    return 0;
}

static void add_memory(struct arguments *arguments, uint32_t memory_mb, bool hugepages)
{
    if (hugepages) {
        add(arguments, "--in-memory"); /* a crash leaves nothing behind, nobody else can map it */
        add(arguments, "--single-file-segments"); /* a vhost-user backend maps 8 files at most */
    } else {
        add(arguments, "--no-huge");
        add(arguments,
            "--no-shconf"); /* what --in-memory stands for; EAL refuses the two at once */
        add(arguments, "--iova-mode=va");
    }
    add(arguments, "-m");
    add(arguments, "%u", memory_mb);
}

static void add_device(struct arguments *arguments, const struct rs_port_config *port)
{
    if (port->pci == NULL)
        return;
    add(arguments, "-a");
    add(arguments, "%s", port->pci);
}

/* EAL looks at the named PCI devices only, and at none where none is named. */
static void add_devices(struct arguments *arguments, const struct rs_dataplane_config *config)
{
    const int before = arguments->count;

    for (size_t i = 0; i < config->link_count; i++) {
        add_device(arguments, &config->links[i].plain);
        add_device(arguments, &config->links[i].sealed);
    }
    if (arguments->count == before)
        add(arguments, "--no-pci");
}

/* EAL does not start where the path of its telemetry socket is too long for one. */
static bool telemetry_fits(void)
{
    const char *directory = getenv("RUNTIME_DIRECTORY");
    size_t bytes;

    if (directory == NULL && getuid() != 0)
        directory = getenv("XDG_RUNTIME_DIR");
    bytes = (directory != NULL ? strlen(directory) : 0) + sizeof(TELEMETRY_SOCKET);
    if (bytes <= sizeof(((struct sockaddr_un *)0)->sun_path))
        return true;
    rs_log(RS_LOG_WARNING, "the path of the directory for run-time files is too long for DPDK's "
                           "telemetry socket: it cannot be asked");
    return false;
}

static int start_eal(struct arguments *arguments, uint32_t memory_mb)
{
    char *values[ARGUMENTS_MAX + 1];
    int rc;

    if (arguments->failed != 0) {
        rs_log(RS_LOG_ERROR, "cannot start DPDK: %s", strerror(-arguments->failed));
        return arguments->failed;
    }
    /* getopt moves the pointers about. */
    memcpy(values, arguments->values, sizeof(values));
    if (rte_eal_init(arguments->count, values) >= 0)
        return 0;
    rc = rte_errno > 0 ? -rte_errno : -EIO;
    rs_log(RS_LOG_ERROR, "cannot start DPDK with %u MB: %s", memory_mb, rte_strerror(-rc));
    return rc;
}

int rs_eal_start(const struct rs_dataplane_config *config, bool *hugepages)
{
    struct arguments arguments = {.count = 0};
    cpu_set_t main_cpus;
    bool huge;
    int rc;

    rc = choose_hugepages(config, &huge);
    if (rc != 0)
        return rc;
    rc = move_main_thread(config, &main_cpus);
    if (rc != 0)
        return rc;
    add(&arguments, "rtpseal");
    add_lcores(&arguments, config, &main_cpus);
    add_memory(&arguments, config->memory_mb, huge);
    add_devices(&arguments, config);
    if (!telemetry_fits())
        add(&arguments, "--no-telemetry");
    add(&arguments, "--log-level=*:error");
    rc = start_eal(&arguments, config->memory_mb);
    free_arguments(arguments.values, arguments.count);
    if (rc == 0)
        *hugepages = huge;
    return rc;
}

void rs_eal_stop(void)
{
    rte_eal_cleanup();
}

unsigned int rs_eal_worker_lcore(unsigned int worker)
{
    return worker + 1;
}
