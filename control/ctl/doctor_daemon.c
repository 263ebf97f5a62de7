/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the daemon's process by its configuration, and reading limits where they are written. */
#include "doctor_daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT           "rtpseald.service"
#define DEFAULT_CONFIG "/etc/rtpseal/rtpseald.yaml"

enum { COMMAND_MAX = 4096 };

static const uint64_t unit_memlock_bytes = 8 << 20; /* what systemd gives where nothing is said */

static const struct {
    const char *name;
    enum rs_capability bit;
} capabilities[] = {
    {"CAP_NET_ADMIN", RS_CAP_NET_ADMIN}, {"CAP_NET_RAW", RS_CAP_NET_RAW},
    {"CAP_IPC_LOCK", RS_CAP_IPC_LOCK},   {"CAP_SYS_RAWIO", RS_CAP_SYS_RAWIO},
    {"CAP_SYS_ADMIN", RS_CAP_SYS_ADMIN},
};

enum { CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]) };

const char *rs_capability_name(enum rs_capability capability)
{
    for (size_t i = 0; i < CAPABILITIES; i++) {
        if (capabilities[i].bit == capability)
            return capabilities[i].name;
    }
    return "?";
}

enum rs_finding_state rs_daemon_lack(const struct rs_daemon_rights *rights)
{
    return rights->of_user ? RS_FINDING_UNKNOWN : RS_FINDING_STOPS;
}

bool rs_daemon_may(const struct rs_daemon_rights *rights, enum rs_capability capability)
{
    return (rights->capabilities >> capability & 1) != 0;
}

/* ---- a process ---------------------------------------------------------------------------- */

static void read_process(const struct rs_host *host, const char *pid,
                         struct rs_daemon_rights *rights)
{
    char text[RS_HOST_LINE_MAX];

    if (rs_host_find(host, "CapEff", text, "/proc/%s/status", pid) == 0)
        rights->capabilities = strtoull(text, NULL, 16);
    if (rs_host_find(host, "Max locked memory", text, "/proc/%s/limits", pid) == 0)
        rights->memlock_bytes =
            strncmp(text, "unlimited", 9) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* The configuration that a command line names: words parted by NULs, closed by two of them. */
static const char *config_of(const char *command)
{
    for (const char *word = command; *word != '\0'; word += strlen(word) + 1) {
        const char *next = word + strlen(word) + 1;

        if ((strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0) && *next != '\0')
            return next;
        if (strncmp(word, "--config=", 9) == 0)
            return word + 9;
        if (strncmp(word, "-c", 2) == 0 && word[2] != '\0')
            return word + 2;
    }
    return DEFAULT_CONFIG;
}

struct search {
    const struct rs_host *host;
    const char *config_path;
    int pid;
};

static bool has_config(const struct search *search, const char *pid)
{
    char path[RS_HOST_PATH_MAX], command[COMMAND_MAX + 2];
    FILE *file;
    size_t bytes;

    snprintf(path, sizeof(path), "%s/proc/%s/cmdline", search->host->root, pid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    bytes = fread(command, 1, COMMAND_MAX, file);
    fclose(file);
    command[bytes] = command[bytes + 1] = '\0';
    return strcmp(config_of(command), search->config_path) == 0;
}

static int look_at_process(void *context, const char *name)
{
    struct search *search = context;
    char command[RS_HOST_LINE_MAX];

    if (name[strspn(name, "0123456789")] != '\0' ||
        rs_host_read(search->host, command, "/proc/%s/comm", name) != 0 ||
        strcmp(command, "rtpseald") != 0 || !has_config(search, name))
        return 0;
    search->pid = atoi(name);
    return 1;
}

/* ---- the unit ----------------------------------------------------------------------------- */

struct unit {
    bool found, has_user, has_bounds;
    uint64_t ambient, bounds, memlock_bytes;
};

static uint64_t capabilities_in(const char *list)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < CAPABILITIES; i++) {
        if (rs_host_has_word(list, capabilities[i].name))
            bits |= UINT64_C(1) << capabilities[i].bit;
    }
    return list[0] == '~' ? ~capabilities_in(list + 1) : bits;
}

/* "infinity", "64M", "65536", "1G:2G": the soft one counts. */
static uint64_t bytes_of(const char *text)
{
    static const char units[] = "KMGT";
    char *end;
    uint64_t bytes;
    const char *unit;

    if (strncmp(text, "infinity", 8) == 0)
        return UINT64_MAX;
    bytes = strtoull(text, &end, 10);
    unit = *end != '\0' ? strchr(units, *end) : NULL;
    return unit != NULL ? bytes << (10 * (unit - units + 1)) : bytes;
}

/* Lists add up, and an empty value empties them; the last of the others counts. */
static void take_setting(struct unit *unit, const char *line)
{
    const char *equals = strchr(line, '=');
    const char *value = equals != NULL ? equals + 1 : "";
    const size_t name = equals != NULL ? (size_t)(equals - line) : 0;

    if (name == 4 && strncmp(line, "User", name) == 0)
        unit->has_user = value[0] != '\0' && strcmp(value, "root") != 0 && strcmp(value, "0") != 0;
    if (name == 12 && strncmp(line, "LimitMEMLOCK", name) == 0)
        unit->memlock_bytes = value[0] != '\0' ? bytes_of(value) : unit_memlock_bytes;
    if (name == 19 && strncmp(line, "AmbientCapabilities", name) == 0)
        unit->ambient = value[0] != '\0' ? unit->ambient | capabilities_in(value) : 0;
    if (name == 21 && strncmp(line, "CapabilityBoundingSet", name) == 0) {
        unit->bounds = value[0] != '\0' && unit->has_bounds ? unit->bounds | capabilities_in(value)
                                                            : capabilities_in(value);
        unit->has_bounds = true;
    }
}

static void read_unit_file(const struct rs_host *host, struct unit *unit, const char *path)
{
    char whole[RS_HOST_PATH_MAX], line[RS_HOST_LINE_MAX];
    FILE *file;

    snprintf(whole, sizeof(whole), "%s%s", host->root, path);
    file = fopen(whole, "re");
    if (file == NULL)
        return;
    unit->found = true;
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        take_setting(unit, line);
    }
    fclose(file);
}

struct drop_ins {
    const struct rs_host *host;
    struct unit *unit;
    const char *directory;
};

static int take_drop_in(void *context, const char *name)
{
    const struct drop_ins *drop_ins = context;
    const size_t bytes = strlen(name);
    char path[RS_HOST_PATH_MAX];

    if (bytes > 5 && strcmp(name + bytes - 5, ".conf") == 0) {
        snprintf(path, sizeof(path), "%s/" UNIT ".d/%s", drop_ins->directory, name);
        read_unit_file(drop_ins->host, drop_ins->unit, path);
    }
    return 0;
}

static struct unit read_unit(const struct rs_host *host)
{
    /* The first that has it counts; drop-ins of all do. */
    static const char *const directories[] = {"/etc/systemd/system", "/run/systemd/system",
                                              "/usr/local/lib/systemd/system",
                                              "/usr/lib/systemd/system", "/lib/systemd/system"};
    struct unit unit = {.memlock_bytes = unit_memlock_bytes};
    enum { DIRECTORIES = sizeof(directories) / sizeof(directories[0]) };

    for (int i = 0; i < DIRECTORIES && !unit.found; i++) {
        char path[RS_HOST_PATH_MAX];

        snprintf(path, sizeof(path), "%s/" UNIT, directories[i]);
        read_unit_file(host, &unit, path);
    }
    for (int i = DIRECTORIES - 1; i >= 0 && unit.found; i--) {
        struct drop_ins drop_ins = {host, &unit, directories[i]};

        rs_host_list(host, take_drop_in, &drop_ins, "%s/" UNIT ".d", directories[i]);
    }
    return unit;
}

static void take_unit(const struct unit *unit, struct rs_daemon_rights *rights)
{
    rights->source = RS_RIGHTS_UNIT;
    snprintf(rights->who, sizeof(rights->who), UNIT);
    rights->capabilities = unit->has_user ? unit->ambient : UINT64_MAX;
    if (unit->has_bounds)
        rights->capabilities &= unit->bounds;
    rights->memlock_bytes = unit->memlock_bytes;
}

struct rs_daemon_rights rs_daemon_rights_find(const struct rs_host *host, const char *config_path)
{
    const struct unit unit = read_unit(host);
    struct rs_daemon_rights rights = {.source = RS_RIGHTS_UNKNOWN, .has_unit = unit.found};
    struct search search = {.host = host, .config_path = config_path};
    char pid[16];

    rs_host_list(host, look_at_process, &search, "/proc");
    if (search.pid != 0) {
        rights.source = RS_RIGHTS_RUNNING;
        rights.pid = search.pid;
        snprintf(rights.who, sizeof(rights.who), "the running daemon (process %d)", search.pid);
        snprintf(pid, sizeof(pid), "%d", search.pid);
        read_process(host, pid, &rights);
        return rights;
    }
    if (unit.found) {
        take_unit(&unit, &rights);
    } else if (rs_host_exists(host, "/proc/self/status")) {
        char uid[RS_HOST_LINE_MAX] = "0";

        (void)rs_host_find(host, "Uid", uid, "/proc/self/status");
        rights.source = RS_RIGHTS_SHELL;
        rights.of_user = strtoul(uid, NULL, 10) != 0;
        snprintf(rights.who, sizeof(rights.who), "a daemon started from this shell");
        read_process(host, "self", &rights);
    }
    return rights;
}
