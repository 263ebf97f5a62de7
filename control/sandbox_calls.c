/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which system calls: those of a daemon at work, by libc, libevent, DPDK's ports and threads,
 * libsystemd. To add one is a decision about what an intruder may do.
 */
#include "sandbox_calls.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

enum { PROGRAM_STEPS_MAX = 2048 };

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
static int add_all_rules(scmp_filter_ctx filter, const char *const *loads)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);

    if (rc == 0)
        rc = add_rules(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
    if (rc == 0)
        rc = add_rules(filter, SCMP_ACT_ALLOW, loads, loads[0] != NULL);
    if (rc == 0)
        rc = add_rules(filter, SCMP_ACT_KILL_PROCESS, fatal, sizeof(fatal) / sizeof(fatal[0]));
    return rc;
}

/* What the kernel is given. */
struct program {
    struct sock_filter steps[PROGRAM_STEPS_MAX];
    unsigned short count;
};

/* libseccomp writes a program to a descriptor only. */
static int read_program(scmp_filter_ctx filter, struct program *program)
{
    const int fd = memfd_create("program", MFD_CLOEXEC);
    ssize_t bytes;
    int rc;

    if (fd < 0)
        return -errno;
    rc = seccomp_export_bpf(filter, fd);
    bytes = pread(fd, program->steps, sizeof(program->steps), 0);
    close(fd);
    if (rc == 0 && (bytes <= 0 || (size_t)bytes == sizeof(program->steps)))
        rc = bytes < 0 ? -EIO : -E2BIG;
    program->count = (unsigned short)(rc == 0 ? (size_t)bytes / sizeof(program->steps[0]) : 0);
    return rc;
}

static int make_program(const char *const *loads, struct program *program)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc;

    if (filter == NULL)
        return -ENOMEM;
    rc = add_all_rules(filter, loads);
    if (rc == 0)
        rc = read_program(filter, program);
    seccomp_release(filter);
    return rc;
}

/* Where memory runs short, libseccomp 2.5 can leave rules out and say nothing. So a program is made
 * twice, and has to come out the same. */
int rs_sandbox_filter_calls(const char *const *loads)
{
    struct program one, other;
    struct sock_fprog given = {.filter = one.steps};
    int rc = make_program(loads, &one);

    if (rc == 0)
        rc = make_program(loads, &other);
    if (rc != 0)
        return rc;
    if (one.count != other.count ||
        memcmp(one.steps, other.steps, one.count * sizeof(one.steps[0])) != 0)
        return -ENOMEM;
    given.len = one.count;
    rc = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &given);
    if (rc > 0)
        return -EBUSY; /* a thread that has a filter of its own */
    return rc == 0 ? 0 : -errno;
}
