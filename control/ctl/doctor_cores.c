/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CPUs that the configuration gives to workers: whether they are there, and what else the
 * kernel lets run on them. A worker polls and never gives its CPU away.
 */
#include "doctor_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS "/sys/devices/system/cpu"

enum { IRQS_MAX = 256, LIST_BYTES = 512 };

static void minus(cpu_set_t *result, const cpu_set_t *all, const cpu_set_t *without)
{
    cpu_set_t common;

    CPU_AND(&common, all, without);
    CPU_XOR(result, all, &common);
}

/* ---- whether they are there --------------------------------------------------------------- */

/* Of those online, the CPUs that a daemon from this shell may run on; of another daemon, all. */
static void find_allowed(const struct rs_doctor *doctor, const cpu_set_t *online,
                         cpu_set_t *allowed)
{
    char text[RS_HOST_LINE_MAX];

    *allowed = *online;
    if (doctor->rights.source != RS_RIGHTS_SHELL ||
        rs_host_find(&doctor->host, "Cpus_allowed_list", text, "/proc/self/status") != 0)
        return;
    rs_host_parse_cpus(text, allowed);
    CPU_AND(allowed, allowed, online);
}

static void say_absent(const struct rs_doctor *doctor, struct rs_findings *findings,
                       const cpu_set_t *absent, const cpu_set_t *usable, const char *what)
{
    char text[RS_HOST_CPUS_TEXT], rest[RS_HOST_CPUS_TEXT];

    rs_host_write_cpus(absent, text);
    rs_host_write_cpus(usable, rest);
    rs_finding_add(findings, RS_FINDING_STOPS, "CPU %s is %s", text, what);
    rs_finding_leads_to(findings, "the daemon does not start");
    rs_finding_mend(findings, "# in %s give \"cpus\" other ones, of %s", doctor->config->path,
                    rest);
}

void rs_check_cpus(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const cpu_set_t *workers = &doctor->config->cpus;
    cpu_set_t online, allowed, absent, rest;
    char text[RS_HOST_CPUS_TEXT];

    if (rs_host_cpus(&doctor->host, &online, CPUS "/online") != 0) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, CPUS "/online cannot be read");
        return;
    }
    find_allowed(doctor, &online, &allowed);
    minus(&absent, workers, &online);
    if (CPU_COUNT(&absent) > 0) {
        say_absent(doctor, findings, &absent, &online, "not online");
        return;
    }
    minus(&absent, workers, &allowed);
    if (CPU_COUNT(&absent) > 0) {
        say_absent(doctor, findings, &absent, &allowed, "not one that the daemon may run on");
        return;
    }
    minus(&rest, &allowed, workers);
    rs_host_write_cpus(workers, text);
    if (CPU_COUNT(&rest) == 0) {
        rs_finding_add(findings, RS_FINDING_SLOW, "every CPU (%s) has a worker", text);
        rs_finding_leads_to(findings, "the daemon's control and all other programs take time from "
                                      "workers: packets are lost then");
        rs_finding_mend(findings, "# in %s leave one CPU out of \"cpus\"", doctor->config->path);
    } else if (CPU_ISSET(0, workers)) {
        rs_finding_add(findings, RS_FINDING_SLOW, "a worker has CPU 0");
        rs_finding_leads_to(findings, "the kernel does its own work there, and nothing keeps it "
                                      "off: packets may be lost meanwhile");
        rs_host_write_cpus(&rest, text);
        rs_finding_mend(findings, "# in %s give \"cpus\" another one, of %s", doctor->config->path,
                        text);
    } else {
        rs_finding_add(findings, RS_FINDING_OK, "workers have CPU %s, and others are left", text);
    }
}

/* ---- what else runs on them --------------------------------------------------------------- */

void rs_check_isolation(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    cpu_set_t isolated, partition, ticking, shared;
    char text[RS_HOST_CPUS_TEXT], all[RS_HOST_CPUS_TEXT], options[4 * RS_HOST_CPUS_TEXT];

    rs_host_cpus(&doctor->host, &isolated, CPUS "/isolated");
    rs_host_cpus(&doctor->host, &partition, "/sys/fs/cgroup/cpuset.cpus.isolated");
    CPU_OR(&isolated, &isolated, &partition);
    rs_host_cpus(&doctor->host, &ticking, CPUS "/nohz_full");
    minus(&shared, &doctor->config->cpus, &isolated);
    minus(&ticking, &doctor->config->cpus, &ticking);
    rs_host_write_cpus(&doctor->config->cpus, all);
    snprintf(options, sizeof(options), "isolcpus=managed_irq,domain,%s nohz_full=%s rcu_nocbs=%s",
             all, all, all);
    if (CPU_COUNT(&shared) > 0) {
        rs_host_write_cpus(&shared, text);
        rs_finding_add(findings, RS_FINDING_SLOW, "CPU %s is not isolated (isolcpus)", text);
        rs_finding_leads_to(findings, "the scheduler puts other programs on it: while one of them "
                                      "runs, packets wait and may be lost");
        rs_check_mend_boot(doctor, findings, options);
    } else if (CPU_COUNT(&ticking) > 0) {
        rs_host_write_cpus(&ticking, text);
        rs_finding_add(findings, RS_FINDING_SLOW,
                       "CPU %s is isolated, but has the scheduler's tick (no nohz_full)", text);
        rs_finding_leads_to(findings, "it is interrupted 100 to 1000 times a second");
        rs_check_mend_boot(doctor, findings, options);
    } else {
        rs_finding_add(findings, RS_FINDING_OK, "CPU %s is isolated and without tick", all);
    }
}

/* ---- interrupts --------------------------------------------------------------------------- */

struct irqs {
    const struct rs_doctor *doctor;
    int numbers[IRQS_MAX];
    size_t count;
};

/* Whether the interrupt ever came: most of those that have a directory are nobody's. */
static bool is_used(const struct rs_doctor *doctor, const char *name)
{
    char key[64], counts[RS_HOST_LINE_MAX];

    for (int blanks = 0; blanks < 8; blanks++) {
        snprintf(key, sizeof(key), "%*s%.32s:", blanks, "", name);
        if (rs_host_find(&doctor->host, key, counts, "/proc/interrupts") != 0)
            continue;
        counts[strspn(counts, " 0123456789")] = '\0'; /* what follows is the device's name */
        return strpbrk(counts, "123456789") != NULL;
    }
    return false;
}

static int look_at_irq(void *context, const char *name)
{
    struct irqs *irqs = context;
    const struct rs_host *host = &irqs->doctor->host;
    cpu_set_t cpus;

    if (name[strspn(name, "0123456789")] != '\0' || irqs->count == IRQS_MAX)
        return 0;
    if (rs_host_cpus(host, &cpus, "/proc/irq/%s/effective_affinity_list", name) != 0 &&
        rs_host_cpus(host, &cpus, "/proc/irq/%s/smp_affinity_list", name) != 0)
        return 0;
    CPU_AND(&cpus, &cpus, &irqs->doctor->config->cpus);
    if (CPU_COUNT(&cpus) > 0 && is_used(irqs->doctor, name))
        irqs->numbers[irqs->count++] = atoi(name);
    return 0;
}

static void write_irqs(const struct irqs *irqs, char text[LIST_BYTES])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < irqs->count && used < LIST_BYTES; i++)
        used += (size_t)snprintf(text + used, LIST_BYTES - used, "%s%d", i > 0 ? " " : "",
                                 irqs->numbers[i]);
}

void rs_check_interrupts(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    struct irqs irqs = {.doctor = doctor};
    cpu_set_t online, rest;
    char text[LIST_BYTES], cpus[RS_HOST_CPUS_TEXT];

    if (rs_host_list(&doctor->host, look_at_irq, &irqs, "/proc/irq") < 0) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "/proc/irq cannot be read");
        return;
    }
    if (irqs.count == 0) {
        rs_finding_add(findings, RS_FINDING_OK, "no device interrupts the workers' CPUs");
        return;
    }
    rs_host_cpus(&doctor->host, &online, CPUS "/online");
    minus(&rest, &online, &doctor->config->cpus);
    write_irqs(&irqs, text);
    rs_host_write_cpus(&rest, cpus);
    rs_finding_add(findings, RS_FINDING_SLOW, "interrupts %s go to workers' CPUs", text);
    rs_finding_leads_to(findings, "each takes some microseconds from a worker");
    if (CPU_COUNT(&rest) > 0)
        rs_finding_mend(
            findings, "%sfor irq in %s; do echo %s > /proc/irq/$irq/smp_affinity_list; done",
            rs_host_exists(&doctor->host, "/etc/default/irqbalance") ? "systemctl stop irqbalance; "
                                                                     : "",
            text, cpus);
}

/* ---- siblings and speed ------------------------------------------------------------------- */

/* Says what shares a core with a worker's CPU; returns how much there was to say. */
static int look_at_core(const struct rs_doctor *doctor, struct rs_findings *findings, int cpu,
                        const cpu_set_t *isolated)
{
    cpu_set_t siblings, workers, others;
    char text[RS_HOST_CPUS_TEXT];

    if (rs_host_cpus(&doctor->host, &siblings, CPUS "/cpu%d/topology/thread_siblings_list", cpu) !=
        0)
        return 0;
    CPU_CLR(cpu, &siblings);
    CPU_AND(&workers, &siblings, &doctor->config->cpus);
    minus(&others, &siblings, &doctor->config->cpus);
    minus(&others, &others, isolated);
    if (CPU_COUNT(&workers) > 0) {
        rs_host_write_cpus(&workers, text);
        rs_finding_add(findings, RS_FINDING_SLOW,
                       "the worker on CPU %d shares its core with that on %s", cpu, text);
        rs_finding_leads_to(findings, "the two together do little more than one alone");
        rs_finding_mend(findings, "# in %s give \"cpus\" one CPU of each core",
                        doctor->config->path);
    } else if (CPU_COUNT(&others) > 0) {
        rs_host_write_cpus(&others, text);
        rs_finding_add(findings, RS_FINDING_SLOW,
                       "the worker on CPU %d shares its core with CPU %s", cpu, text);
        rs_finding_leads_to(findings, "what runs there takes a part of the worker's speed");
        rs_host_spell_cpus(&others, text);
        rs_finding_mend(findings, "for cpu in %s; do echo 0 > " CPUS "/cpu$cpu/online; done", text);
    }
    return CPU_COUNT(&workers) + CPU_COUNT(&others);
}

void rs_check_siblings(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    cpu_set_t isolated;
    int said = 0;

    rs_host_cpus(&doctor->host, &isolated, CPUS "/isolated");
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &doctor->config->cpus))
            said += look_at_core(doctor, findings, cpu, &isolated);
    }
    if (said == 0)
        rs_finding_add(findings, RS_FINDING_OK, "each worker has a core of its own");
}

void rs_check_governor(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    char governor[RS_HOST_LINE_MAX], last[RS_HOST_LINE_MAX] = "", text[RS_HOST_CPUS_TEXT];
    cpu_set_t saving;
    bool known = false;

    CPU_ZERO(&saving);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &doctor->config->cpus) ||
            rs_host_read(&doctor->host, governor, CPUS "/cpu%d/cpufreq/scaling_governor", cpu) != 0)
            continue;
        known = true;
        if (strcmp(governor, "performance") == 0)
            continue;
        CPU_SET(cpu, &saving);
        memcpy(last, governor, sizeof(last));
    }
    if (CPU_COUNT(&saving) == 0) {
        rs_finding_add(findings, RS_FINDING_OK, "%s",
                       known ? "the workers' CPUs run at full speed (governor performance)"
                             : "the kernel does not change the CPUs' speed");
        return;
    }
    rs_host_write_cpus(&saving, text);
    rs_finding_add(findings, RS_FINDING_SLOW, "the governor of CPU %s is %.40s", text, last);
    rs_finding_leads_to(findings, "the CPU may run below its speed, and packets wait for it");
    rs_host_spell_cpus(&saving, text);
    rs_finding_mend(findings,
                    "for cpu in %s; do echo performance > " CPUS
                    "/cpu$cpu/cpufreq/scaling_governor; done",
                    text);
}
