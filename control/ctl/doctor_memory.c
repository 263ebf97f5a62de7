/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that is set apart: hugepages for packets, and pages for keys that are never swapped. */
#include "doctor_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGEPAGES "/sys/kernel/mm/hugepages"
#define NODE      "/sys/devices/system/node/node%d"

enum {
    NODES_MAX = 64,
    USUAL_PAGE_KB = 2048,
    KB = 1 << 10,
    MB = 1 << 20,
    /* Of the daemon's locked memory: what it takes at its start ... */
    SENDER_BYTES = 576,
    RESERVED_SENDERS = 32, /* for each worker */
    FIXED_BYTES = 1280 * KB,
    /* ... and while it runs: for each client, and each session's key, by workers. */
    CLIENTS = 64,
    CLIENT_BYTES = 68 * KB,
    KEY_BYTES = 256,
    /* net_af_packet's ring where nothing is said. */
    RING_FRAMES = 512,
    RING_FRAME_BYTES = 2048,
    RING_BLOCK_BYTES = 4096,
};

/* Of a line as "MemAvailable:   23538000 kB"; 0 where there is none. */
static uint64_t meminfo_kb(const struct rs_doctor *doctor, const char *name)
{
    char text[RS_HOST_LINE_MAX];

    if (rs_host_find(&doctor->host, name, text, "/proc/meminfo") != 0)
        return 0;
    return strtoull(text, NULL, 10);
}

/* ---- hugepages ---------------------------------------------------------------------------- */

struct pages {
    const struct rs_host *host;
    const char *directory;
    uint64_t page_kb; /* of the size that mends are said in */
    uint64_t free_mb; /* of all sizes */
    uint64_t total;   /* pages of that size, free or not */
};

static int count_size(void *context, const char *name)
{
    struct pages *pages = context;
    uint64_t kb;
    int64_t number;

    if (sscanf(name, "hugepages-%" SCNu64 "kB", &kb) != 1)
        return 0;
    number = rs_host_number(pages->host, 0, "%s/%s/free_hugepages", pages->directory, name);
    pages->free_mb += number > 0 ? (uint64_t)number * kb / 1024 : 0;
    if (kb == pages->page_kb) {
        number = rs_host_number(pages->host, 0, "%s/%s/nr_hugepages", pages->directory, name);
        pages->total = number > 0 ? (uint64_t)number : 0;
    }
    return 0;
}

/* Pages to have so that `missing_mb` more are free. */
static uint64_t pages_for(const struct pages *pages, uint64_t missing_mb)
{
    return pages->total + (missing_mb * 1024 + pages->page_kb - 1) / pages->page_kb;
}

/* EAL shares the memory among the nodes as workers are, and takes it elsewhere if it must. */
static void check_node(const struct rs_doctor *doctor, struct rs_findings *findings, int node,
                       const cpu_set_t *workers)
{
    const uint64_t needed_mb = (uint64_t)doctor->config->memory_mb * (uint64_t)CPU_COUNT(workers) /
                               (uint64_t)CPU_COUNT(&doctor->config->cpus);
    char directory[RS_HOST_PATH_MAX];
    struct pages pages = {&doctor->host, directory, USUAL_PAGE_KB, 0, 0};

    snprintf(directory, sizeof(directory), NODE "/hugepages", node);
    if (rs_host_list(&doctor->host, count_size, &pages, "%s", directory) < 0 ||
        pages.free_mb >= needed_mb)
        return;
    rs_finding_add(findings, RS_FINDING_SLOW,
                   "NUMA node %d has %" PRIu64 " MB in free hugepages, its workers want %" PRIu64,
                   node, pages.free_mb, needed_mb);
    rs_finding_leads_to(findings, "packets' memory is taken from another node, which is slower");
    rs_finding_mend(findings, "echo %" PRIu64 " > " NODE "/hugepages/hugepages-2048kB/nr_hugepages",
                    pages_for(&pages, needed_mb - pages.free_mb), node);
}

static void check_nodes(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    for (int node = 0; node < NODES_MAX; node++) {
        cpu_set_t cpus;

        if (rs_host_cpus(&doctor->host, &cpus, NODE "/cpulist", node) != 0)
            continue;
        CPU_AND(&cpus, &cpus, &doctor->config->cpus);
        if (CPU_COUNT(&cpus) > 0)
            check_node(doctor, findings, node, &cpus);
    }
}

static void say_too_few(const struct rs_doctor *doctor, struct rs_findings *findings,
                        const struct pages *pages)
{
    const bool required = doctor->config->hugepages == RS_DOCTOR_HUGE_REQUIRED;
    const uint64_t missing_mb = doctor->config->memory_mb - pages->free_mb;
    const uint64_t count = pages_for(pages, missing_mb);
    char options[64];

    rs_finding_add(findings, required ? RS_FINDING_STOPS : RS_FINDING_SLOW,
                   "%" PRIu64 " MB are free in hugepages, memory.mb is %" PRIu32, pages->free_mb,
                   doctor->config->memory_mb);
    rs_finding_leads_to(findings, "%s",
                        required ? "memory.hugepages is required: the daemon does not start"
                                 : "packets' memory is in small pages: more of the CPU's time goes "
                                   "into finding it");
    snprintf(options, sizeof(options), "hugepages=%" PRIu64, count);
    if (meminfo_kb(doctor, "MemAvailable") > missing_mb * 1024)
        rs_finding_mend(findings, "sysctl vm.nr_hugepages=%" PRIu64, count);
    else
        rs_check_mend_boot(doctor, findings, options);
}

static uint64_t held_mb(const struct rs_doctor *doctor)
{
    char text[RS_HOST_LINE_MAX];

    if (doctor->rights.pid == 0 || rs_host_find(&doctor->host, "HugetlbPages", text,
                                                "/proc/%d/status", doctor->rights.pid) != 0)
        return 0;
    return strtoull(text, NULL, 10) / 1024;
}

void rs_check_hugepages(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const uint64_t page_kb = meminfo_kb(doctor, "Hugepagesize");
    struct pages pages = {&doctor->host, HUGEPAGES, page_kb != 0 ? page_kb : USUAL_PAGE_KB, 0, 0};
    const size_t before = json_array_size(findings->list);

    if (doctor->config->hugepages == RS_DOCTOR_HUGE_OFF) {
        rs_finding_add(findings, RS_FINDING_SLOW, "memory.hugepages is off");
        rs_finding_leads_to(findings, "packets' memory is in small pages: more of the CPU's time "
                                      "goes into finding it");
        rs_finding_mend(findings, "# in %s: memory: {hugepages: auto}", doctor->config->path);
        return;
    }
    if (held_mb(doctor) > 0) {
        rs_finding_add(findings, RS_FINDING_OK,
                       "the running daemon has %" PRIu64 " MB in hugepages", held_mb(doctor));
        return;
    }
    if (rs_host_list(&doctor->host, count_size, &pages, HUGEPAGES) < 0) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, HUGEPAGES " cannot be read");
        return;
    }
    if (pages.free_mb < doctor->config->memory_mb) {
        say_too_few(doctor, findings, &pages);
        return;
    }
    check_nodes(doctor, findings);
    if (json_array_size(findings->list) == before)
        rs_finding_add(findings, RS_FINDING_OK,
                       "%" PRIu64 " MB are free in hugepages, memory.mb is %" PRIu32, pages.free_mb,
                       doctor->config->memory_mb);
}

/* ---- memory as such ----------------------------------------------------------------------- */

static uint64_t workers_of(const struct rs_doctor_config *config)
{
    return config->cpu_count > 0 ? config->cpu_count : 1;
}

/* What is locked before the daemon is ready. */
static uint64_t key_bytes(const struct rs_doctor_config *config)
{
    return (config->senders + workers_of(config) * RESERVED_SENDERS) * SENDER_BYTES + FIXED_BYTES;
}

void rs_check_memory(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const struct rs_doctor_config *config = doctor->config;
    const uint64_t available_mb = meminfo_kb(doctor, "MemAvailable") / 1024;
    struct pages pages = {&doctor->host, HUGEPAGES, USUAL_PAGE_KB, 0, 0};
    uint64_t needed_mb = key_bytes(config) / MB + 1;

    if (doctor->rights.pid != 0) {
        rs_finding_add(findings, RS_FINDING_OK, "the running daemon has its memory");
        return;
    }
    if (available_mb == 0) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "/proc/meminfo names no MemAvailable");
        return;
    }
    rs_host_list(&doctor->host, count_size, &pages, HUGEPAGES);
    if (config->hugepages == RS_DOCTOR_HUGE_OFF || pages.free_mb < config->memory_mb)
        needed_mb += config->memory_mb;
    if (available_mb >= needed_mb) {
        rs_finding_add(findings, RS_FINDING_OK,
                       "%" PRIu64 " MB are available, %" PRIu64 " are needed", available_mb,
                       needed_mb);
        return;
    }
    rs_finding_add(findings, RS_FINDING_STOPS,
                   "%" PRIu64 " MB are available, %" PRIu64 " are needed", available_mb, needed_mb);
    rs_finding_leads_to(findings, "the daemon does not start, or the kernel kills it");
    rs_finding_mend(findings, "# in %s lower \"memory.mb\" or \"limits.senders\"", config->path);
}

/* ---- locked memory ------------------------------------------------------------------------ */

static uint64_t ring_bytes(const struct rs_doctor_port *port)
{
    const uint32_t frame = rs_doctor_argument(port, "framesz", RING_FRAME_BYTES);
    const uint32_t block = rs_doctor_argument(port, "blocksz", RING_BLOCK_BYTES);
    const uint32_t count = rs_doctor_argument(port, "framecnt", RING_FRAMES);

    if (frame == 0 || block < frame)
        return 0;                                           /* it is refused, for another reason */
    return UINT64_C(2) * (count / (block / frame)) * block; /* to receive and to send */
}

/* What ports lock for themselves; net_af_packet's rings one at a time, so the largest counts. */
static uint64_t port_bytes(const struct rs_doctor_config *config)
{
    uint64_t most = 0;

    for (size_t i = 0; i < config->port_count; i++) {
        const struct rs_doctor_port *port = &config->ports[i];
        uint64_t bytes = 0;

        if (port->pci[0] != '\0' || rs_doctor_port_is(port, "net_af_xdp"))
            bytes = (uint64_t)config->memory_mb * MB; /* all that devices may write to */
        else if (rs_doctor_port_is(port, "net_af_packet"))
            bytes = ring_bytes(port);
        if (bytes > most)
            most = bytes;
    }
    return most;
}

static uint64_t running_bytes(const struct rs_doctor_config *config)
{
    return (uint64_t)CLIENTS * CLIENT_BYTES +
           (uint64_t)config->sessions * KEY_BYTES * (1 + workers_of(config));
}

static void mend_memlock(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    static const char drop_in[] = "/etc/systemd/system/rtpseald.service.d";

    if (doctor->rights.has_unit)
        rs_finding_mend(findings,
                        "mkdir -p %s && printf '[Service]\\nLimitMEMLOCK=infinity\\n' > "
                        "%s/memlock.conf && systemctl daemon-reload && systemctl restart rtpseald",
                        drop_in, drop_in);
    else
        rs_finding_mend(findings, "ulimit -l unlimited # as root, in the shell that starts it");
}

static void say_little(const struct rs_doctor *doctor, struct rs_findings *findings,
                       enum rs_finding_state state, const char *consequence)
{
    const uint64_t start = key_bytes(doctor->config) + port_bytes(doctor->config);

    rs_finding_add(findings, state,
                   "%s may lock %" PRIu64 " KiB of memory; it starts with %" PRIu64
                   " and needs %" PRIu64 " at most",
                   doctor->rights.who, doctor->rights.memlock_bytes / KB, start / KB,
                   (start + running_bytes(doctor->config)) / KB);
    if (consequence != NULL) {
        rs_finding_leads_to(findings, "%s", consequence);
        mend_memlock(doctor, findings);
    }
}

/* Without lock_keys: what cannot be locked is used all the same, but by ports. */
static void check_unlocked(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    if (doctor->rights.memlock_bytes < port_bytes(doctor->config))
        say_little(doctor, findings, rs_daemon_lack(&doctor->rights),
                   "its ports cannot be opened: the daemon does not start");
    else if (meminfo_kb(doctor, "SwapTotal") > 0)
        say_little(doctor, findings, RS_FINDING_SLOW,
                   "lock_keys is no: keys may be written to the swap space");
    else
        rs_finding_add(findings, RS_FINDING_OK,
                       "lock_keys is no, and there is no swap space that keys could reach");
}

void rs_check_memlock(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const struct rs_daemon_rights *rights = &doctor->rights;
    const uint64_t start = key_bytes(doctor->config) + port_bytes(doctor->config);

    if (rights->source == RS_RIGHTS_UNKNOWN)
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "no process and no unit tells the limit");
    else if (rs_daemon_may(rights, RS_CAP_IPC_LOCK) || rights->memlock_bytes == UINT64_MAX)
        rs_finding_add(findings, RS_FINDING_OK, "%s may lock as much memory as it needs",
                       rights->who);
    else if (rights->memlock_bytes >= start + running_bytes(doctor->config))
        say_little(doctor, findings, RS_FINDING_OK, NULL);
    else if (!doctor->config->lock_keys)
        check_unlocked(doctor, findings);
    else if (rights->memlock_bytes < start)
        say_little(doctor, findings, rs_daemon_lack(rights), "the daemon does not start");
    else
        say_little(doctor, findings, RS_FINDING_SLOW,
                   "once it is used up, clients and secrets are refused as no_capacity");
}
