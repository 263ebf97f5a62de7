/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon may do, and who may ask it. */
#include "doctor_check.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CAPABILITIES_MAX = 4, LIST_BYTES = 160 };

/* ---- capabilities ------------------------------------------------------------------------- */

#define PCI_PORT "pci"

/* Per driver of a port; a 0 ends the list. Memory is rs_check_memlock's matter. */
static const struct {
    const char *driver;
    enum rs_capability needs[CAPABILITIES_MAX];
} ports[] = {
    {"net_af_packet", {RS_CAP_NET_RAW, RS_CAP_NET_ADMIN}},
    {"net_af_xdp", {RS_CAP_NET_RAW, RS_CAP_NET_ADMIN, RS_CAP_SYS_ADMIN}},
    {"net_tap", {RS_CAP_NET_ADMIN}},
    {"net_pcap", {RS_CAP_NET_RAW}},
    {"mlx5_core", {RS_CAP_NET_RAW, RS_CAP_NET_ADMIN}},
    {"mlx4_core", {RS_CAP_NET_RAW, RS_CAP_NET_ADMIN}},
};

/* A port's driver: DPDK's of a vdev, the kernel's of a PCI device. */
static void driver_of(const struct rs_doctor *doctor, const struct rs_doctor_port *port,
                      char driver[RS_HOST_PATH_MAX])
{
    snprintf(driver, RS_HOST_PATH_MAX, "%s", port->driver);
    if (port->pci[0] != '\0')
        (void)rs_host_link(&doctor->host, driver, "/sys/bus/pci/devices/%s/driver", port->pci);
    /* net_pcap needs none for files */
    if (strcmp(driver, "net_pcap") == 0 && port->interface[0] == '\0')
        driver[0] = '\0';
}

static uint64_t needs_of(const char *driver)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        if (strcmp(ports[i].driver, driver) != 0)
            continue;
        for (size_t j = 0; j < CAPABILITIES_MAX && ports[i].needs[j] != 0; j++)
            bits |= UINT64_C(1) << ports[i].needs[j];
    }
    return bits;
}

/* Vfio without an IOMMU wants raw access. */
static uint64_t needs_of_vfio(const struct rs_doctor *doctor, const char *driver)
{
    char unsafe[RS_HOST_LINE_MAX];

    if (strcmp(driver, "vfio-pci") != 0 ||
        rs_host_read(&doctor->host, unsafe,
                     "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode") != 0)
        return 0;
    return unsafe[0] == 'Y' || unsafe[0] == '1' ? UINT64_C(1) << RS_CAP_SYS_RAWIO : 0;
}

static void write_names(uint64_t bits, char text[LIST_BYTES])
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned int bit = 0; bit < 64 && used < LIST_BYTES; bit++) {
        if ((bits >> bit & 1) != 0)
            used += (size_t)snprintf(text + used, LIST_BYTES - used, "%s%s", used > 0 ? " " : "",
                                     rs_capability_name((enum rs_capability)bit));
    }
}

static void mend_capabilities(const struct rs_doctor *doctor, struct rs_findings *findings,
                              const char *names)
{
    static const char drop_in[] = "/etc/systemd/system/rtpseald.service.d";

    if (doctor->rights.has_unit)
        rs_finding_mend(findings,
                        "mkdir -p %s && printf '[Service]\\nAmbientCapabilities=%s\\n"
                        "CapabilityBoundingSet=%s\\n' > %s/capabilities.conf && systemctl "
                        "daemon-reload && systemctl restart rtpseald",
                        drop_in, names, names, drop_in);
    else
        rs_finding_mend(findings,
                        "sudo rtpseald -c %s # as root; in a container, with these "
                        "capabilities added",
                        doctor->config->path);
}

void rs_check_capabilities(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    uint64_t needed = 0;
    char names[LIST_BYTES];

    if (doctor->rights.source == RS_RIGHTS_UNKNOWN) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "no process and no unit tells them");
        return;
    }
    for (size_t i = 0; i < doctor->config->port_count; i++) {
        char driver[RS_HOST_PATH_MAX];

        driver_of(doctor, &doctor->config->ports[i], driver);
        needed |= needs_of(driver) | needs_of_vfio(doctor, driver);
    }
    if ((needed & ~doctor->rights.capabilities) == 0) {
        write_names(needed, names);
        rs_finding_add(findings, RS_FINDING_OK, "%s has what its ports need: %s",
                       doctor->rights.who, needed != 0 ? names : "nothing");
        return;
    }
    write_names(needed & ~doctor->rights.capabilities, names);
    rs_finding_add(findings, rs_daemon_lack(&doctor->rights), "%s lacks %s", doctor->rights.who,
                   names);
    rs_finding_leads_to(findings, "ports cannot be opened: the daemon does not start");
    write_names(needed, names);
    mend_capabilities(doctor, findings, names);
}

/* ---- groups ------------------------------------------------------------------------------- */

static bool has_group(const struct rs_doctor *doctor, const char *name)
{
    char key[RS_DOCTOR_NAME_MAX + 2], rest[RS_HOST_LINE_MAX];

    snprintf(key, sizeof(key), "%.63s:", name);
    if (rs_host_find(&doctor->host, key, rest, "/etc/group") == 0)
        return true;
    return rs_host_is_live(&doctor->host) && getgrnam(name) != NULL; /* of a directory service */
}

static void check_group(const struct rs_doctor *doctor, struct rs_findings *findings,
                        const char *name, const char *key, const char *who)
{
    if (has_group(doctor, name))
        return;
    rs_finding_add(findings, RS_FINDING_SLOW, "there is no group %s (control.%s)", name, key);
    rs_finding_leads_to(findings, "%s", who);
    rs_finding_mend(findings, "groupadd --system %s", name);
}

void rs_check_groups(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const size_t before = json_array_size(findings->list);

    if (!rs_host_exists(&doctor->host, "/etc/group")) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "/etc/group cannot be read");
        return;
    }
    check_group(doctor, findings, doctor->config->operators, "operators",
                "only root and the daemon's own user can make sessions and streams");
    check_group(doctor, findings, doctor->config->viewers, "viewers",
                "nobody can be let read without being let change");
    if (json_array_size(findings->list) == before)
        rs_finding_add(findings, RS_FINDING_OK, "the groups %s and %s are there",
                       doctor->config->operators, doctor->config->viewers);
}

/* ---- the socket --------------------------------------------------------------------------- */

/* Whether somebody answers there: 0, or -errno. */
static int try_to_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, error;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : -errno;
    close(fd);
    return error;
}

static void check_directory(const struct rs_doctor *doctor, struct rs_findings *findings,
                            const char *socket)
{
    const char *slash = strrchr(socket, '/');
    char directory[RS_HOST_PATH_MAX], path[2 * RS_HOST_PATH_MAX];
    struct stat status;

    snprintf(directory, sizeof(directory), "%.*s", slash != NULL ? (int)(slash - socket) : 0,
             socket);
    snprintf(path, sizeof(path), "%s%s", doctor->host.root, directory);
    if (stat(path, &status) != 0 || (status.st_mode & 0001) != 0)
        return; /* the daemon makes it */
    rs_finding_add(findings, RS_FINDING_SLOW, "%s has the mode %03o", directory,
                   (unsigned int)status.st_mode & 0777);
    rs_finding_leads_to(findings, "operators and viewers who do not own it cannot reach the socket "
                                  "in it");
    rs_finding_mend(findings, "chmod a+x %s", directory);
}

static void check_socket_file(const struct rs_doctor *doctor, struct rs_findings *findings,
                              const char *socket, const char *path, const struct stat *status)
{
    if (!S_ISSOCK(status->st_mode)) {
        rs_finding_add(findings, RS_FINDING_STOPS, "%s is there and is no socket", socket);
        rs_finding_leads_to(findings,
                            "the daemon replaces nothing but a socket that nobody listens "
                            "on: it does not start");
        rs_finding_mend(findings, "mv %s %s.aside", socket, socket);
    } else if ((status->st_mode & 0666) != 0666) {
        rs_finding_add(findings, RS_FINDING_SLOW, "%s has the mode %03o", socket,
                       (unsigned int)status->st_mode & 0777);
        rs_finding_leads_to(findings, "operators and viewers cannot connect; who may what is the "
                                      "daemon's to decide");
        rs_finding_mend(findings, "chmod 666 %s", socket);
    } else if (rs_host_is_live(&doctor->host) && try_to_connect(path) == 0) {
        rs_finding_add(findings, RS_FINDING_OK, "a daemon listens on %s", socket);
    } else {
        rs_finding_add(findings, RS_FINDING_OK,
                       "%s is there; a daemon that starts replaces it if nobody listens", socket);
    }
}

void rs_check_socket(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const size_t before = json_array_size(findings->list);
    const char *socket = doctor->config->socket;
    char path[2 * RS_HOST_PATH_MAX];
    struct stat status;

    snprintf(path, sizeof(path), "%s%s", doctor->host.root, socket);
    check_directory(doctor, findings, socket);
    if (lstat(path, &status) == 0)
        check_socket_file(doctor, findings, socket, path, &status);
    else if (errno == EACCES)
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "%s is not for this user to look at", socket);
    else if (json_array_size(findings->list) == before)
        rs_finding_add(findings, RS_FINDING_OK, "nothing is in the way of %s", socket);
}
