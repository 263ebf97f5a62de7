/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of checks, in the order in which they are shown: what can stop the daemon first.
 * Nothing here or in the checks changes anything.
 */
#include "doctor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_check.h"
#include "print.h"
#include "say.h"

#define DEFAULT_CONFIG "/etc/rtpseal/rtpseald.yaml"

enum subject {
    HOST,         /* looked at in any case */
    CONFIGURATION /* only where there is one: it says what is to be looked at */
};

static const struct {
    const char *name;
    rs_check_fn *check;
    enum subject subject;
} checks[] = {
    {"configuration", rs_check_configuration, HOST},
    {"cpu", rs_check_cpu, HOST},
    {"kernel", rs_check_kernel, HOST},
    {"clock", rs_check_clock, HOST},
    {"drivers", rs_check_drivers, HOST},
    {"interfaces", rs_check_interfaces, CONFIGURATION},
    {"binding", rs_check_binding, CONFIGURATION},
    {"iommu", rs_check_iommu, HOST},
    {"vfio", rs_check_vfio, HOST},
    {"capabilities", rs_check_capabilities, CONFIGURATION},
    {"memlock", rs_check_memlock, HOST},
    {"memory", rs_check_memory, HOST},
    {"hugepages", rs_check_hugepages, HOST},
    {"cpus", rs_check_cpus, CONFIGURATION},
    {"isolation", rs_check_isolation, CONFIGURATION},
    {"interrupts", rs_check_interrupts, CONFIGURATION},
    {"siblings", rs_check_siblings, CONFIGURATION},
    {"governor", rs_check_governor, CONFIGURATION},
    {"numa", rs_check_numa, CONFIGURATION},
    {"mtu", rs_check_mtu, CONFIGURATION},
    {"offloads", rs_check_offloads, CONFIGURATION},
    {"groups", rs_check_groups, HOST},
    {"socket", rs_check_socket, HOST},
};

void rs_check_mend_boot(const struct rs_doctor *doctor, struct rs_findings *findings,
                        const char *options)
{
    if (rs_host_exists(&doctor->host, "/etc/default/grub"))
        rs_finding_mend(findings,
                        "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&%s /' /etc/default/grub && update-grub "
                        "&& reboot",
                        options);
    else
        rs_finding_mend(findings, "# add to the kernel's command line, and boot: %s", options);
}

static const char *param(const struct rs_args *args, const char *name)
{
    return json_string_value(json_object_get(args->params, name));
}

/* The directory's name, absolute and without a slash at its end; "" for this system. */
static int find_root(const struct rs_args *args, char root[PATH_MAX])
{
    const char *given = param(args, "root");

    root[0] = '\0';
    if (given == NULL)
        return 0;
    if (realpath(given, root) == NULL) {
        rs_say(RS_EXIT_USAGE, "--root %s: there is no such directory", given);
        return -1;
    }
    if (strcmp(root, "/") == 0)
        root[0] = '\0';
    return 0;
}

/* As the daemon does: the option, the environment, and where it usually is. */
static void find_config(const struct rs_args *args, const char *root, char path[PATH_MAX])
{
    const char *given = param(args, "config");

    if (given == NULL && root[0] == '\0')
        given = getenv("RTPSEAL_CONFIG");
    if (given != NULL)
        snprintf(path, PATH_MAX, "%s", given);
    else
        snprintf(path, PATH_MAX, "%.2000s%s", root, DEFAULT_CONFIG);
}

static void run_checks(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i].subject == CONFIGURATION && doctor->config->state != RS_DOCTOR_CONFIG_READ)
            continue;
        findings->check = checks[i].name;
        checks[i].check(doctor, findings);
    }
}

static int examine(const struct rs_args *args, const struct rs_doctor *doctor)
{
    struct rs_findings findings = {.list = json_array()};
    int code;

    run_checks(doctor, &findings);
    if (args->json)
        rs_print_json(stdout, findings.list);
    else
        rs_findings_print(stdout, &findings);
    code = rs_findings_count(&findings, RS_FINDING_STOPS) == 0 ? RS_EXIT_OK : RS_EXIT_REFUSED;
    json_decref(findings.list);
    return code;
}

json_t *rs_doctor_findings(const struct rs_args *args)
{
    char root[PATH_MAX] = "", path[PATH_MAX];
    struct rs_doctor doctor = {.host = {root}};
    struct rs_findings findings = {.list = json_array()};
    struct rs_doctor_config *config;

    find_config(args, root, path);
    config = rs_doctor_config_read(path);
    if (config == NULL)
        return findings.list;
    doctor.config = config;
    doctor.rights = rs_daemon_rights_find(&doctor.host, path);
    run_checks(&doctor, &findings);
    rs_doctor_config_free(config);
    return findings.list;
}

int rs_run_doctor(const struct rs_command *command, struct rs_args *args)
{
    char root[PATH_MAX], path[PATH_MAX];
    struct rs_doctor doctor = {.host = {root}};
    struct rs_doctor_config *config;
    int code = RS_EXIT_USAGE;

    (void)command;
    if (find_root(args, root) != 0)
        return RS_EXIT_USAGE;
    find_config(args, root, path);
    config = rs_doctor_config_read(path);
    if (config == NULL)
        return RS_EXIT_USAGE;
    if (config->state == RS_DOCTOR_CONFIG_ABSENT && param(args, "config") != NULL) {
        rs_say(RS_EXIT_USAGE, "%s", config->error);
    } else {
        const size_t bytes = strlen(root);

        doctor.config = config;
        doctor.rights = rs_daemon_rights_find(
            &doctor.host, strncmp(path, root, bytes) == 0 ? path + bytes : path);
        code = examine(args, &doctor);
    }
    rs_doctor_config_free(config);
    return code;
}
