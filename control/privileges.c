/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gives up rights. glibc changes user and groups for all threads; the kernel has capabilities and
 * no_new_privs for each thread alone, and DPDK's threads are not ours to run code on: so each is
 * sent a signal whose handler does it, as glibc does it for users.
 */
#include "privileges.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "control/config.h"

enum { PATIENCE_S = 5, CAPABILITIES = 64, WORDS = 2 };

/* What the handler does and says; main waits for each thread before it goes on to the next. */
static struct {
    uint64_t kept;
    int error;
    sem_t done;
} order;

static uint64_t bit(unsigned int capability)
{
    return UINT64_C(1) << capability;
}

/* ---- one thread: nothing but system calls --------------------------------------------------- */

static int get(uint64_t *permitted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[WORDS] = {{0}};

    if (syscall(SYS_capget, &header, data) != 0)
        return -errno;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return 0;
}

static int set(uint64_t capabilities)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[WORDS] = {{0}};

    for (unsigned int w = 0; w < WORDS; w++) {
        data[w].permitted = (uint32_t)(capabilities >> 32 * w);
        data[w].effective = data[w].permitted;
    }
    return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

/* The bounding set takes CAP_SETPCAP; who lacks that could add nothing by it either. */
static int give_up(uint64_t kept)
{
    uint64_t permitted = 0;
    int rc = get(&permitted);

    if (rc != 0)
        return rc;
    if (permitted & bit(CAP_SETPCAP)) {
        for (unsigned int c = 0; c < CAPABILITIES; c++) {
            if ((kept & bit(c)) == 0 && prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1)
                prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
        }
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    return set(permitted & kept);
}

static void on_order(int number)
{
    const int saved_errno = errno;
    const int rc = give_up(order.kept);

    (void)number;
    if (rc != 0)
        order.error = rc;
    sem_post(&order.done);
    errno = saved_errno;
}

/* ---- all threads ---------------------------------------------------------------------------- */

static int tell(pid_t thread, int number)
{
    struct timespec until;

    if (syscall(SYS_tgkill, getpid(), thread, number) != 0)
        return errno == ESRCH ? 0 : -errno; /* it has ended */
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_S;
    while (sem_clockwait(&order.done, CLOCK_MONOTONIC, &until) != 0) {
        if (errno != EINTR)
            return -errno;
    }
    return order.error;
}

static int tell_others(int number)
{
    DIR *threads = opendir("/proc/self/task");
    struct dirent *entry;
    int rc = 0;

    if (threads == NULL)
        return -errno;
    while (rc == 0 && (entry = readdir(threads)) != NULL) {
        const pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

        if (thread > 0 && thread != getpid())
            rc = tell(thread, number);
    }
    closedir(threads);
    return rc;
}

int rs_privileges_signal(void)
{
    return SIGRTMIN + 3;
}

static int give_up_everywhere(uint64_t kept, uint64_t kept_here)
{
    const int number = rs_privileges_signal();
    struct sigaction action = {.sa_handler = on_order, .sa_flags = SA_RESTART}, before;
    int rc;

    order.kept = kept;
    order.error = 0;
    if (sem_init(&order.done, 0, 0) != 0 || sigaction(number, &action, &before) != 0)
        return -errno;
    rc = tell_others(number);
    sigaction(number, &before, NULL);
    sem_destroy(&order.done);
    return rc == 0 ? give_up(kept | kept_here) : rc;
}

/* ---- the process ---------------------------------------------------------------------------- */

/* Keys are locked whenever a session or a suite is new. Returns whether that takes no right any
 * more. */
static bool unlimit_locked_memory(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit now;

    if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0)
        return true;
    return getrlimit(RLIMIT_MEMLOCK, &now) == 0 && now.rlim_cur == RLIM_INFINITY;
}

static int become(const char *name)
{
    const struct passwd *user;

    errno = 0;
    user = getpwnam(name);
    if (user == NULL)
        return errno != 0 ? -errno : -ENOENT;
    if (user->pw_uid == geteuid())
        return 0;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || initgroups(name, user->pw_gid) != 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return -errno;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* which a change of user may have set again */
    return 1;
}

static int complain(const char *what, const char *about, int rc)
{
    rs_log(RS_LOG_ERROR, "rtpseald: %s%s: %s", what, about, strerror(-rc));
    return rc;
}

static bool is_af_xdp(const struct rs_port_config *port)
{
    return port->vdev != NULL && strncmp(port->vdev, "net_af_xdp", 10) == 0;
}

bool rs_privileges_has_program(const struct rs_config *config)
{
    for (size_t i = 0; i < config->dataplane.link_count; i++) {
        if (is_af_xdp(&config->dataplane.links[i].plain) ||
            is_af_xdp(&config->dataplane.links[i].sealed))
            return true;
    }
    return false;
}

int rs_privileges_drop(const struct rs_config *config, struct rs_privileges *dropped)
{
    const bool has_program = rs_privileges_has_program(config);
    uint64_t had = 0;
    int rc = get(&had);

    *dropped = (struct rs_privileges){.may_lock = !unlimit_locked_memory()};
    dropped->may_unload = has_program;
    if (rc != 0)
        return complain("capabilities cannot be read", "", rc);
    if (config->user != NULL) {
        rc = become(config->user);
        if (rc < 0)
            return complain("user: cannot become ", config->user, rc);
        dropped->switched = rc == 1;
    }
    rc = give_up_everywhere(dropped->may_lock ? bit(CAP_IPC_LOCK) : 0,
                            has_program ? bit(CAP_NET_ADMIN) | bit(CAP_BPF) : 0);
    if (rc != 0)
        return complain("capabilities cannot be given up", "", rc);
    dropped->may_lock = dropped->may_lock && (had & bit(CAP_IPC_LOCK)) != 0;
    return 0;
}
