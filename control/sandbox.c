/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which system calls and which directories. The calls are those of a daemon at work: libc,
 * libevent, DPDK's ports and threads, libsystemd. To add one is a decision about what an intruder
 * may do.
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

#include <seccomp.h>

#include "control/config.h"
#include "control/privileges.h"

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

static const char *const allowed[] = {
    /* memory */
    "brk",
    "madvise",
    "mlock",
    "mlock2",
    "mmap",
    "mprotect",
    "mremap",
    "msync",
    "munlock",
    "munmap",
    "membarrier",
    "mbind",
    "get_mempolicy",
    "set_mempolicy",
    "memfd_create",
    /* threads, time, signals */
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "clone",
    "clone3",
    "exit",
    "exit_group",
    "futex",
    "futex_waitv",
    "getcpu",
    "getpid",
    "gettid",
    "gettimeofday",
    "nanosleep",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_setaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "tgkill",
    "time",
    "timer_create",
    "timer_delete",
    "timer_settime",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "prctl",
    "arch_prctl",
    "getrandom",
    /* descriptors */
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "fallocate",
    "fcntl",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "ioctl",
    "lseek",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "preadv",
    "pselect6",
    "pwrite64",
    "pwritev",
    "read",
    "readv",
    "select",
    "signalfd4",
    "write",
    "writev",
    /* files */
    "access",
    "chdir",
    "chmod",
    "chown",
    "faccessat",
    "faccessat2",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fstat",
    "fstatfs",
    "getcwd",
    "getdents64",
    "lstat",
    "mkdir",
    "mkdirat",
    "newfstatat",
    "open",
    "openat",
    "readlink",
    "readlinkat",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "stat",
    "statfs",
    "statx",
    "umask",
    "unlink",
    "unlinkat",
    "utimensat",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    /* sockets */
    "accept",
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socket",
    "socketpair",
    /* who and how much */
    "capget",
    "capset",
    "getegid",
    "geteuid",
    "getgid",
    "getgroups",
    "getpgrp",
    "getppid",
    "getrlimit",
    "getrusage",
    "getuid",
    "prlimit64",
    "sysinfo",
    "uname",
    "times",
};

/* What ends the process: nobody but an intruder calls it. */
static const char *const fatal[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "reboot",
    "swapon",
    "swapoff",
    "open_by_handle_at",

    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "iopl",
    "ioperm",
    "personality",
    "acct",
    "settimeofday",
    "clock_settime",
    "io_uring_setup",
    "kcmp",
    "pidfd_getfd",
    "move_mount",
    "fsopen",
    "open_tree",
};

/* A name that this kernel's headers or architecture do not know is none that can be called. */
static int add_rules(scmp_filter_ctx filter, uint32_t action, const char *const *names,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int number = seccomp_syscall_resolve_name(names[i]);
        const int rc = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, number, 0);

        if (rc != 0 && rc != -EDOM)
            return rc;
    }
    return 0;
}

/* `loads`: programs of the kernel, which are unloaded at the end. */
static int filter_calls(const char *const *loads)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc;

    if (filter == NULL)
        return -ENOMEM;
    rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = add_rules(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
    if (rc == 0)
        rc = add_rules(filter, SCMP_ACT_ALLOW, loads, loads[0] != NULL);
    if (rc == 0)
        rc = add_rules(filter, SCMP_ACT_KILL_PROCESS, fatal, sizeof(fatal) / sizeof(fatal[0]));
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}

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
    rc = filter_calls(rs_privileges_has_program(config) ? (const char *const[]){"bpf"}
                                                        : (const char *const[]){NULL});
    if (rc < 0) {
        rs_log(RS_LOG_ERROR, "rtpseald: sandbox: system calls cannot be filtered: %s",
               strerror(-rc));
        return rc;
    }
    entered->filtered = true;
    return 0;
}
