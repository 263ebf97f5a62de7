/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which directories, and that both are in force. Which system calls is in sandbox_calls.c.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control/config.h"
#include "control/privileges.h"
#include "control/sandbox_calls.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZERS 1
#endif
#endif
#ifndef HAS_SANITIZERS
#define HAS_SANITIZERS 0
#endif

/* ---- files ---------------------------------------------------------------------------------- */

static const uint64_t changes =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

/* A directory that is not there needs no rule. */
static int allow_below(int rules, const char *directory)
{
    struct landlock_path_beneath_attr beneath = {
        .allowed_access = changes & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE};
    int rc;

    beneath.parent_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return 0;
    rc = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    rc = rc == 0 ? 0 : -errno;
    close(beneath.parent_fd);
    return rc;
}

static int allow_around(int rules, const char *file)
{
    char *copy = strdup(file);
    int rc;

    if (copy == NULL)
        return -ENOMEM;
    rc = allow_below(rules, dirname(copy));
    free(copy);
    return rc;
}

/* "…,socket=/run/x.sock,…": where memif, vhost-user and virtio-user have theirs. */
static int allow_device(int rules, const char *vdev)
{
    const char *slash = vdev != NULL ? strstr(vdev, "=/") : NULL;

    for (; slash != NULL; slash = strstr(slash + 1, "=/")) {
        char path[256];
        int rc;

        snprintf(path, sizeof(path), "%.*s", (int)strcspn(slash + 1, ","), slash + 1);
        rc = allow_around(rules, path);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int allow_all(int rules, const struct rs_config *config)
{
    const char *runtime = getenv("RUNTIME_DIRECTORY");
    const char *http = config->http.listen;
    int rc = allow_around(rules, config->socket_path);

    if (rc == 0 && http != NULL && strncmp(http, "unix:", 5) == 0)
        rc = allow_around(rules, http + 5);
    if (rc == 0)
        rc = allow_below(rules, runtime != NULL ? runtime : "/var/run/dpdk");
    if (rc == 0 && config->capture_directory != NULL)
        rc = allow_below(rules, config->capture_directory);
    if (rc == 0)
        rc = allow_below(rules,
                         "/dev"); /* null, shm, hugepages, vfio: what is there has its modes */
    for (size_t i = 0; rc == 0 && i < config->dataplane.link_count; i++) {
        rc = allow_device(rules, config->dataplane.links[i].plain.vdev);
        if (rc == 0)
            rc = allow_device(rules, config->dataplane.links[i].sealed.vdev);
    }
    return rc;
}

/* Returns 1, 0 where the kernel has no landlock, or -errno. */
static int confine_files(const struct rs_config *config)
{
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = changes};
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    int rc;

    if (rules < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
    rc = allow_all(rules, config);
    if (rc == 0)
        rc = syscall(SYS_landlock_restrict_self, rules, 0) == 0 ? 1 : -errno;
    close(rules);
    return rc;
}

int rs_sandbox_enter(const struct rs_config *config, struct rs_sandbox *entered)
{
    int rc;

    *entered = (struct rs_sandbox){.filtered = false};
    if (HAS_SANITIZERS)
        return 0;
    rc = confine_files(config);
    if (rc < 0) {
        rs_log(RS_LOG_ERROR, "rtpseald: sandbox: files cannot be confined: %s", strerror(-rc));
        return rc;
    }
    entered->confined = rc == 1;
    rc = rs_sandbox_filter_calls(rs_privileges_has_program(config));
    if (rc < 0) {
        rs_log(RS_LOG_ERROR, "rtpseald: sandbox: system calls cannot be filtered: %s",
               strerror(-rc));
        return rc;
    }
    entered->filtered = true;
    return 0;
}
