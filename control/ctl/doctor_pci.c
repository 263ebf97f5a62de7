/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports that are PCI devices: DPDK drives them itself, by way of vfio-pci and the IOMMU, or beside
 * the kernel's driver where that lets it.
 */
#include "doctor_check.h"

#include <stdio.h>
#include <string.h>

#define DEVICE  "/sys/bus/pci/devices/%s"
#define NOIOMMU "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

enum { DEVICES_TEXT = 200 };

/* Drivers of the kernel that share a device with DPDK. */
static bool is_bifurcated(const char *driver)
{
    return strcmp(driver, "mlx5_core") == 0 || strcmp(driver, "mlx4_core") == 0;
}

/* Whether a port goes by vfio-pci, or would once it is bound as it should be. */
static bool wants_vfio(const struct rs_doctor *doctor, const struct rs_doctor_port *port)
{
    char driver[RS_HOST_PATH_MAX];

    return port->pci[0] != '\0' &&
           (rs_host_link(&doctor->host, driver, DEVICE "/driver", port->pci) != 0 ||
            !is_bifurcated(driver));
}

static bool any_wants_vfio(const struct rs_doctor *doctor)
{
    for (size_t i = 0; i < doctor->config->port_count; i++) {
        if (wants_vfio(doctor, &doctor->config->ports[i]))
            return true;
    }
    return false;
}

/* What it is to lack something that only PCI ports need. */
static enum rs_finding_state state_of_lack(const struct rs_doctor *doctor)
{
    if (any_wants_vfio(doctor))
        return RS_FINDING_STOPS;
    return doctor->config->state == RS_DOCTOR_CONFIG_READ ? RS_FINDING_OK : RS_FINDING_UNKNOWN;
}

static void say_what_for(struct rs_findings *findings, enum rs_finding_state state)
{
    if (state == RS_FINDING_STOPS)
        rs_finding_leads_to(findings, "DPDK cannot take the PCI ports: the daemon does not start");
    else if (state == RS_FINDING_UNKNOWN)
        rs_finding_leads_to(findings, "ports of PCI devices need it, others do not");
    else
        rs_finding_leads_to(findings, "no port of the configuration needs it");
}

/* ---- IOMMU and vfio ----------------------------------------------------------------------- */

static int visit_none(void *context, const char *name)
{
    (void)context;
    (void)name;
    return 1;
}

static void mend_iommu(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    char vendor[RS_HOST_LINE_MAX] = "";

    (void)rs_host_find(&doctor->host, "vendor_id", vendor, "/proc/cpuinfo");
    if (rs_check_is_virtual(doctor))
        rs_finding_mend(findings,
                        "modprobe vfio enable_unsafe_noiommu_mode=1; echo Y > " NOIOMMU
                        "; modprobe vfio-pci # a guest without an IOMMU: the device can then "
                        "write to all of its memory");
    else
        rs_check_mend_boot(doctor, findings,
                           strcmp(vendor, "GenuineIntel") == 0 ? "intel_iommu=on iommu=pt"
                                                               : "amd_iommu=on iommu=pt");
}

void rs_check_iommu(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const int groups = rs_host_list(&doctor->host, visit_none, NULL, "/sys/kernel/iommu_groups");
    char unsafe[RS_HOST_LINE_MAX] = "N";
    enum rs_finding_state state = state_of_lack(doctor);

    (void)rs_host_read(&doctor->host, unsafe, NOIOMMU);
    if (groups > 0) {
        rs_finding_add(findings, RS_FINDING_OK, "the IOMMU is on, with %d groups of devices",
                       groups);
        return;
    }
    if (unsafe[0] == 'Y' || unsafe[0] == '1') {
        rs_finding_add(findings, state == RS_FINDING_STOPS ? RS_FINDING_SLOW : RS_FINDING_OK,
                       "there is no IOMMU, and vfio goes without (enable_unsafe_noiommu_mode)");
        rs_finding_leads_to(findings, "PCI ports work, need CAP_SYS_RAWIO, and can write to all "
                                      "memory, keys included");
        return;
    }
    rs_finding_add(findings, state, "the IOMMU is off: there are no groups of devices");
    say_what_for(findings, state);
    if (state != RS_FINDING_OK)
        mend_iommu(doctor, findings);
}

/* Whether the kernel's packages have the module at all; without their list, it is taken for true.
 */
static bool kernel_has_vfio(const struct rs_doctor *doctor)
{
    char release[RS_HOST_LINE_MAX], line[RS_HOST_LINE_MAX];

    if (rs_host_read(&doctor->host, release, "/proc/sys/kernel/osrelease") != 0 ||
        !rs_host_exists(&doctor->host, "/lib/modules/%.200s/modules.dep", release))
        return true;
    return rs_host_find(&doctor->host, "kernel/drivers/vfio/pci/vfio-pci.ko", line,
                        "/lib/modules/%.200s/modules.dep", release) == 0;
}

void rs_check_vfio(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    enum rs_finding_state state = state_of_lack(doctor);

    if (rs_host_exists(&doctor->host, "/sys/bus/pci/drivers/vfio-pci")) {
        rs_finding_add(findings, RS_FINDING_OK, "vfio-pci is loaded");
        return;
    }
    if (kernel_has_vfio(doctor)) {
        rs_finding_add(findings, state, "vfio-pci is not loaded");
        say_what_for(findings, state);
        if (state != RS_FINDING_OK)
            rs_finding_mend(
                findings, "modprobe vfio-pci && echo vfio-pci > /etc/modules-load.d/vfio-pci.conf");
        return;
    }
    rs_finding_add(findings, state, "this kernel has no vfio-pci");
    say_what_for(findings, state);
    if (state != RS_FINDING_OK)
        rs_finding_mend(findings, "apt-get install linux-image-amd64 && reboot");
}

/* ---- binding ------------------------------------------------------------------------------ */

struct devices {
    const struct rs_host *host;
    char text[DEVICES_TEXT];
    size_t used;
};

/* Of class 0x02, network controllers. */
static int add_if_network(void *context, const char *name)
{
    struct devices *devices = context;
    char class[RS_HOST_LINE_MAX];

    if (rs_host_read(devices->host, class, DEVICE "/class", name) == 0 &&
        strncmp(class, "0x02", 4) == 0 && devices->used < sizeof(devices->text))
        devices->used +=
            (size_t)snprintf(devices->text + devices->used, sizeof(devices->text) - devices->used,
                             "%s%s", devices->used > 0 ? " " : "", name);
    return 0;
}

static void say_no_device(const struct rs_doctor *doctor, struct rs_findings *findings,
                          const struct rs_doctor_port *port)
{
    struct devices devices = {.host = &doctor->host};

    rs_host_list(&doctor->host, add_if_network, &devices, "/sys/bus/pci/devices");
    rs_finding_add(findings, RS_FINDING_STOPS, "%s: there is no PCI device %s", port->path,
                   port->pci);
    rs_finding_leads_to(findings, "the daemon does not start");
    rs_finding_mend(findings, "# in %s give %s one of: %s", doctor->config->path, port->path,
                    devices.used > 0 ? devices.text : "none, this host has no network device");
}

struct first_name {
    char name[RS_DOCTOR_NAME_MAX];
};

static int take_first(void *context, const char *name)
{
    struct first_name *first = context;

    snprintf(first->name, sizeof(first->name), "%.63s", name);
    return 1;
}

static void mend_binding(const struct rs_doctor *doctor, struct rs_findings *findings,
                         const char *pci)
{
    struct first_name interface = {""};
    char down[2 * RS_DOCTOR_NAME_MAX] = "";

    rs_host_list(&doctor->host, take_first, &interface, DEVICE "/net", pci);
    if (interface.name[0] != '\0')
        snprintf(down, sizeof(down), "ip link set dev %s down && ", interface.name);
    if (rs_host_exists(&doctor->host, "/usr/sbin/driverctl"))
        rs_finding_mend(findings, "%sdriverctl set-override %s vfio-pci", down, pci);
    else
        rs_finding_mend(findings, "%sdpdk-devbind.py -b vfio-pci %s", down, pci);
}

static void check_port(const struct rs_doctor *doctor, struct rs_findings *findings,
                       const struct rs_doctor_port *port)
{
    char driver[RS_HOST_PATH_MAX] = "no driver";

    if (!rs_host_exists(&doctor->host, DEVICE, port->pci)) {
        say_no_device(doctor, findings, port);
        return;
    }
    (void)rs_host_link(&doctor->host, driver, DEVICE "/driver", port->pci);
    if (strcmp(driver, "vfio-pci") == 0) {
        rs_finding_add(findings, RS_FINDING_OK, "%s: %s is bound to vfio-pci", port->path,
                       port->pci);
    } else if (is_bifurcated(driver)) {
        rs_finding_add(findings, RS_FINDING_OK, "%s: %s is bound to %s, which shares it with DPDK",
                       port->path, port->pci, driver);
    } else if (strcmp(driver, "igb_uio") == 0 || strcmp(driver, "uio_pci_generic") == 0) {
        rs_finding_add(findings, RS_FINDING_SLOW, "%s: %s is bound to %s", port->path, port->pci,
                       driver);
        rs_finding_leads_to(findings, "it can write to all memory, keys included, and needs root; "
                                      "rtpseald has not been run so");
        mend_binding(doctor, findings, port->pci);
    } else {
        rs_finding_add(findings, RS_FINDING_STOPS, "%s: %s is bound to %s", port->path, port->pci,
                       driver);
        rs_finding_leads_to(findings, "DPDK cannot take it: the daemon does not start. Binding it "
                                      "takes it away from the kernel, its addresses too");
        mend_binding(doctor, findings, port->pci);
    }
}

void rs_check_binding(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const size_t before = json_array_size(findings->list);

    for (size_t i = 0; i < doctor->config->port_count; i++) {
        if (doctor->config->ports[i].pci[0] != '\0')
            check_port(doctor, findings, &doctor->config->ports[i]);
    }
    if (json_array_size(findings->list) == before)
        rs_finding_add(findings, RS_FINDING_OK, "no port is a PCI device");
}

/* ---- NUMA --------------------------------------------------------------------------------- */

static void check_node(const struct rs_doctor *doctor, struct rs_findings *findings,
                       const struct rs_doctor_port *port, int node)
{
    cpu_set_t near, away;
    char text[RS_HOST_CPUS_TEXT], good[RS_HOST_CPUS_TEXT];

    if (rs_host_cpus(&doctor->host, &near, "/sys/devices/system/node/node%d/cpulist", node) != 0)
        return;
    CPU_AND(&away, &near, &doctor->config->cpus);
    CPU_XOR(&away, &away, &doctor->config->cpus);
    if (CPU_COUNT(&away) == 0)
        return;
    CPU_CLR(0, &near);
    rs_host_write_cpus(&away, text);
    rs_host_write_cpus(&near, good);
    rs_finding_add(findings, RS_FINDING_SLOW, "%s: %s is on NUMA node %d, workers' CPU %s is not",
                   port->path, port->pci, node, text);
    rs_finding_leads_to(findings, "every packet crosses from one node to the other");
    rs_finding_mend(findings, "# in %s give \"cpus\" some of %s", doctor->config->path, good);
}

void rs_check_numa(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const size_t before = json_array_size(findings->list);

    for (size_t i = 0; i < doctor->config->port_count; i++) {
        const struct rs_doctor_port *port = &doctor->config->ports[i];
        const int64_t node = port->pci[0] != '\0'
                                 ? rs_host_number(&doctor->host, -1, DEVICE "/numa_node", port->pci)
                                 : -1;

        if (node >= 0)
            check_node(doctor, findings, port, (int)node);
    }
    if (json_array_size(findings->list) == before)
        rs_finding_add(findings, RS_FINDING_OK, "no worker is away from its ports");
}
