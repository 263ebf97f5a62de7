/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which system calls: those of a daemon at work, by libc, libevent, DPDK's ports and threads,
 * libsystemd. To add one is a decision about what an intruder may do. The program is written here
 * and not by libseccomp, which takes thousands of allocations for it and does not bear that one of
 * them fails.
 */
#include "sandbox_calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int allowed[] = {
    /* memory */
    SYS_brk,
    SYS_madvise,
    SYS_mlock,
    SYS_mlock2,
    SYS_mmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_msync,
    SYS_munlock,
    SYS_munmap,
    SYS_membarrier,
    SYS_mbind,
    SYS_get_mempolicy,
    SYS_set_mempolicy,
    SYS_memfd_create,
    /* threads, time, signals */
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_clone,
    SYS_clone3,
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_futex_waitv,
    SYS_getcpu,
    SYS_getpid,
    SYS_gettid,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_setaffinity,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_sigaltstack,
    SYS_tgkill,
    SYS_time,
    SYS_timer_create,
    SYS_timer_delete,
    SYS_timer_settime,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_prctl,
    SYS_arch_prctl,
    SYS_getrandom,
    /* descriptors */
    SYS_close,
    SYS_close_range,
    SYS_dup,
    SYS_dup2,
    SYS_dup3,
    SYS_epoll_create,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_wait,
    SYS_eventfd2,
    SYS_fallocate,
    SYS_fcntl,
    SYS_fdatasync,
    SYS_flock,
    SYS_fsync,
    SYS_ftruncate,
    SYS_ioctl,
    SYS_lseek,
    SYS_pipe2,
    SYS_poll,
    SYS_ppoll,
    SYS_pread64,
    SYS_preadv,
    SYS_pselect6,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_read,
    SYS_readv,
    SYS_select,
    SYS_signalfd4,
    SYS_write,
    SYS_writev,
    /* files */
    SYS_access,
    SYS_chdir,
    SYS_chmod,
    SYS_chown,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_fstat,
    SYS_fstatfs,
    SYS_getcwd,
    SYS_getdents64,
    SYS_lstat,
    SYS_mkdir,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_open,
    SYS_openat,
    SYS_readlink,
    SYS_readlinkat,
    SYS_rename,
    SYS_renameat,
    SYS_renameat2,
    SYS_rmdir,
    SYS_stat,
    SYS_statfs,
    SYS_statx,
    SYS_umask,
    SYS_unlink,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    /* sockets */
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_connect,
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_listen,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_setsockopt,
    SYS_shutdown,
    SYS_socket,
    SYS_socketpair,
    /* who and how much */
    SYS_capget,
    SYS_capset,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getpgrp,
    SYS_getppid,
    SYS_getrlimit,
    SYS_getrusage,
    SYS_getuid,
    SYS_prlimit64,
    SYS_sysinfo,
    SYS_uname,
    SYS_times,
};

/* What ends the process: nobody but an intruder calls it. */
static const int fatal[] = {
    SYS_execve,
    SYS_execveat,
    SYS_fork,
    SYS_vfork,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_open_by_handle_at,

    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_iopl,
    SYS_ioperm,
    SYS_personality,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_io_uring_setup,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_move_mount,
    SYS_fsopen,
    SYS_open_tree,
};

/* ---- the program ---------------------------------------------------------------------------- */

enum {
    CALLS = sizeof(allowed) / sizeof(allowed[0]) + sizeof(fatal) / sizeof(fatal[0]) + 1,
    STEPS = 4 + 2 * CALLS + 1
};

struct program {
    struct sock_filter steps[STEPS];
    unsigned short count;
};

static void add(struct program *program, struct sock_filter step)
{
    program->steps[program->count++] = step;
}

static void add_end(struct program *program, unsigned int action)
{
    add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void add_load(struct program *program, unsigned int offset)
{
    add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

/* Goes on with the next step where what was loaded is `value`, and with the one behind it where
 * not. */
static void add_if(struct program *program, unsigned int value)
{
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
}

static void add_if_not(struct program *program, unsigned int value)
{
    add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
}

static void add_calls(struct program *program, const int *calls, size_t count, unsigned int action)
{
    for (size_t i = 0; i < count; i++) {
        add_if(program, (unsigned int)calls[i]);
        add_end(program, action);
    }
}

/* A call of x32, or by another architecture's numbers, is none of those listed. */
static void write_program(struct program *program, bool unloads)
{
    static const int unload = SYS_bpf;

    add_load(program, offsetof(struct seccomp_data, arch));
    add_if_not(program, AUDIT_ARCH_X86_64);
    add_end(program, SECCOMP_RET_KILL_PROCESS);
    add_load(program, offsetof(struct seccomp_data, nr));
    add_calls(program, allowed, sizeof(allowed) / sizeof(allowed[0]), SECCOMP_RET_ALLOW);
    add_calls(program, &unload, unloads, SECCOMP_RET_ALLOW);
    add_calls(program, fatal, sizeof(fatal) / sizeof(fatal[0]), SECCOMP_RET_KILL_PROCESS);
    add_end(program, SECCOMP_RET_ERRNO | EPERM);
}

int rs_sandbox_filter_calls(bool unloads)
{
    struct program program = {.count = 0};
    struct sock_fprog given = {.filter = program.steps};
    long rc;

    write_program(&program, unloads);
    given.len = program.count;
    /* Of all threads at once; a thread that has a filter of its own is in the way. */
    rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &given);
    if (rc > 0)
        return -EBUSY;
    return rc == 0 ? 0 : -errno;
}
