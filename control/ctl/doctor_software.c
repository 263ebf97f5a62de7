/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's own check of its configuration, and DPDK's drivers, which are loaded at run time. */
#include "doctor_check.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 1024, ACCEPTED = 0, NOT_ACCEPTED = 3 /* exit codes of --check-config */ };

extern char **environ;

/* ---- configuration ------------------------------------------------------------------------ */

/* The daemon that belongs to this program: beside it, as installed, or as built. */
static bool find_daemon(char path[PATH_MAX])
{
    static const char *const places[] = {"/rtpseald", "/../sbin/rtpseald", "/../rtpseald"};
    char self[PATH_MAX / 2];
    const ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (bytes > 0) {
        self[bytes] = '\0';
        *strrchr(self, '/') = '\0';
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            snprintf(path, PATH_MAX, "%s%s", self, places[i]);
            if (access(path, X_OK) == 0)
                return true;
        }
    }
    snprintf(path, PATH_MAX, "/usr/sbin/rtpseald");
    return access(path, X_OK) == 0;
}

/* Reads what the other end says, to its end; what does not fit is thrown away. */
static void read_all(int fd, char text[OUTPUT_BYTES])
{
    char rest[OUTPUT_BYTES];
    size_t used = 0;
    ssize_t got;

    while ((got = read(fd, rest, sizeof(rest))) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < got && used + 1 < OUTPUT_BYTES; i++)
            text[used++] = rest[i];
    }
    text[used] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

/* Runs a program with its standard error into `text`. Returns its exit code, or -errno. */
static int run(char *const *command, char text[OUTPUT_BYTES])
{
    posix_spawn_file_actions_t actions;
    int ends[2], status, error;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    error = posix_spawn(&child, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error == 0)
        read_all(ends[0], text);
    close(ends[0]);
    if (error != 0)
        return -error;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* Says what the daemon makes of the file. Returns whether it takes it. */
static bool ask_daemon(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    static char check[] = "--check-config", option[] = "-c";
    char daemon[PATH_MAX], text[OUTPUT_BYTES] = "";
    char *command[] = {daemon, check, option, (char *)(uintptr_t)doctor->config->path, NULL};
    int code;

    if (!find_daemon(daemon)) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN,
                       "%s can be read, but rtpseald is not here to check it",
                       doctor->config->path);
        return false;
    }
    code = run(command, text);
    if (code == ACCEPTED)
        return true;
    if (code == NOT_ACCEPTED) {
        rs_finding_add(findings, RS_FINDING_STOPS, "%s", text);
        rs_finding_leads_to(findings, "the daemon does not start");
        rs_finding_mend(findings, "rtpseald --check-config -c %s # once it is mended",
                        doctor->config->path);
    } else {
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "%s cannot be run: %s", daemon,
                       code < 0 ? strerror(-code) : text);
    }
    return false;
}

/* What cannot be made sense of here stops the daemon, unless the daemon knows better. */
static void check_unread(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const struct rs_doctor_config *config = doctor->config;

    if (!rs_host_is_live(&doctor->host)) {
        rs_finding_add(findings, RS_FINDING_STOPS, "%s", config->error);
        rs_finding_leads_to(findings, "the daemon does not start, and what hangs on the "
                                      "configuration was not looked at");
        rs_finding_mend(findings, "rtpseald --check-config -c %s # once it is mended",
                        config->path);
    } else if (ask_daemon(doctor, findings)) {
        rs_finding_add(findings, RS_FINDING_UNKNOWN,
                       "the daemon accepts what the doctor cannot read: %s", config->error);
        rs_finding_leads_to(findings, "what hangs on the configuration was not looked at");
    }
}

static void check_read(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    if (!rs_host_is_live(&doctor->host))
        rs_finding_add(findings, RS_FINDING_OK,
                       "%s can be read; keys and values are checked where the daemon is",
                       doctor->config->path);
    else if (ask_daemon(doctor, findings))
        rs_finding_add(findings, RS_FINDING_OK, "%s is accepted", doctor->config->path);
}

void rs_check_configuration(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const struct rs_doctor_config *config = doctor->config;

    switch (config->state) {
    case RS_DOCTOR_CONFIG_ABSENT:
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "there is no %s", config->path);
        rs_finding_leads_to(findings,
                            "the daemon needs one, and what hangs on it was not looked at");
        rs_finding_mend(findings, "rtpsealctl doctor -c FILE");
        break;
    case RS_DOCTOR_CONFIG_UNREADABLE:
        rs_finding_add(findings, RS_FINDING_UNKNOWN, "%s", config->error);
        rs_finding_leads_to(findings, "what hangs on the configuration was not looked at");
        rs_finding_mend(findings, "sudo rtpsealctl doctor -c %s", config->path);
        break;
    case RS_DOCTOR_CONFIG_BAD:
        check_unread(doctor, findings);
        break;
    case RS_DOCTOR_CONFIG_READ:
        check_read(doctor, findings);
        break;
    }
}

/* ---- drivers ------------------------------------------------------------------------------ */

enum { NAME_BYTES = 64 };

/* Whether a library of DPDK's run-time drivers is installed; -1 where there is no place for them.
 */
static int has_library(const struct rs_doctor *doctor, const char *library)
{
    static const char *const places[] = {"/usr/lib/*/dpdk/pmds-*", "/usr/local/lib/*/dpdk/pmds-*",
                                         "/usr/lib*/dpdk/pmds-*", "/usr/local/lib*/dpdk/pmds-*"};
    int answer = -1;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && answer != 1; i++) {
        char pattern[RS_HOST_PATH_MAX];
        glob_t found;

        snprintf(pattern, sizeof(pattern), "%s%s", doctor->host.root, places[i]);
        if (glob(pattern, GLOB_ONLYDIR, NULL, &found) == 0)
            answer = 0;
        globfree(&found);
        snprintf(pattern, sizeof(pattern), "%s%s/librte_%s.so*", doctor->host.root, places[i],
                 library);
        if (glob(pattern, 0, NULL, &found) == 0)
            answer = 1;
        globfree(&found);
    }
    return answer;
}

/* Debian's package of a library: "net_af_packet" is in librte-net-af-packet23. */
static void write_package(const char *library, char package[NAME_BYTES])
{
    snprintf(package, NAME_BYTES, "librte-%.40s%s", library,
             library[strlen(library) - 1] >= '0' && library[strlen(library) - 1] <= '9' ? "-23"
                                                                                        : "23");
    for (char *at = package; *at != '\0'; at++)
        *at = *at == '_' ? '-' : *at;
}

/* The library of a port's driver; empty: it cannot be told from here. */
static void library_of(const struct rs_doctor *doctor, const struct rs_doctor_port *port,
                       char library[NAME_BYTES])
{
    static const struct {
        const char *driver, *library;
    } others[] = {
        {"net_tun", "net_tap"},    {"net_virtio_user", "net_virtio"}, {"net_bonding", "net_bond"},
        {"mlx5_core", "net_mlx5"}, {"mlx4_core", "net_mlx4"},         {"vfio-pci", "bus_pci"},
    };
    char driver[RS_HOST_PATH_MAX];

    snprintf(driver, sizeof(driver), "%s", port->driver);
    if (port->pci[0] != '\0' &&
        rs_host_link(&doctor->host, driver, "/sys/bus/pci/devices/%s/driver", port->pci) != 0)
        snprintf(driver, sizeof(driver), "vfio-pci");
    snprintf(library, NAME_BYTES, "%.63s", strncmp(driver, "net_", 4) == 0 ? driver : "");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(driver, others[i].driver) == 0)
            snprintf(library, NAME_BYTES, "%s", others[i].library);
    }
    if (library[strspn(library, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        library[0] = '\0';
}

void rs_check_drivers(const struct rs_doctor *doctor, struct rs_findings *findings)
{
    const size_t before = json_array_size(findings->list);
    char library[NAME_BYTES], package[NAME_BYTES];

    if (has_library(doctor, "bus_vdev") != 1) {
        rs_finding_add(findings, RS_FINDING_STOPS, "DPDK's drivers are not installed");
        rs_finding_leads_to(findings, "the daemon can open no port");
        rs_finding_mend(findings, "apt-get install librte-bus-vdev23 librte-bus-pci23 "
                                  "librte-mempool-ring23");
        return;
    }
    for (size_t i = 0; i < doctor->config->port_count; i++) {
        const struct rs_doctor_port *port = &doctor->config->ports[i];

        library_of(doctor, port, library);
        if (library[0] == '\0' || has_library(doctor, library) == 1)
            continue;
        write_package(library, package);
        rs_finding_add(findings, RS_FINDING_STOPS, "%s: DPDK's driver %s is not installed",
                       port->path, library);
        rs_finding_leads_to(findings, "the port cannot be opened: the daemon does not start");
        rs_finding_mend(findings, "apt-get install %s", package);
    }
    if (json_array_size(findings->list) == before)
        rs_finding_add(findings, RS_FINDING_OK, "%s",
                       doctor->config->port_count > 0 ? "DPDK's drivers of all ports are installed"
                                                      : "DPDK's drivers can be loaded");
}
