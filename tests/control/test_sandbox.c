/* SPDX-License-Identifier: BSD-3-Clause */
/* What a process may still do once it is confined: each row is tried by a child of its own. */
#include "control/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/config.h"
#include "tests/support/runner.h"

enum { SKIPPED = 99 };

static char directory[] = "/tmp/rtpseal-sandbox-XXXXXX";

/* ---- what a child tries: 0 where it worked, else errno ------------------------------------- */

static int run_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int trace_another(void)
{
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0 ? 0 : errno;
}

static int mount_something(void)
{
    return mount("none", directory, "tmpfs", 0, NULL) == 0 ? 0 : errno;
}

static int write_elsewhere(void)
{
    return open("/tmp/rtpseal-sandbox-elsewhere", O_CREAT | O_WRONLY, 0600) >= 0 ? 0 : errno;
}

static int write_a_system_file(void)
{
    return open("/etc/hosts", O_WRONLY) >= 0 ? 0 : errno;
}

static int write_beside_the_socket(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/file", directory);
    return open(path, O_CREAT | O_WRONLY, 0600) >= 0 && unlink(path) == 0 ? 0 : errno;
}

static int read_a_system_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno;
}

static int use_a_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int change_the_hosts_name(void)
{
    return sethostname("x", 1) == 0 ? 0 : errno;
}

/* An allowed call under the numbers of x32, and by the way into the kernel of 32-bit programs. */
static int call_by_x32(void)
{
    return syscall(0x40000000 | SYS_getpid) >= 0 ? 0 : errno;
}

static int call_by_i386(void)
{
    enum { GETPID = 20 };
    int result = GETPID;

    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result >= 0 ? 0 : -result;
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct {
    const char *what;
    int (*attempt)(void);
    int error;  /* 0: it works */
    int signal; /* ends the process */
    bool files; /* needs landlock */
} rows[] = {
    {"another program", run_a_program, 0, SIGSYS, false},
    {"another process's memory", trace_another, 0, SIGSYS, false},
    {"a mount", mount_something, 0, SIGSYS, false},
    {"a call by x32's numbers", call_by_x32, EPERM, 0, false},
    {"a call by i386's numbers", call_by_i386, 0, SIGSYS, false},
    {"a call that the daemon never makes", change_the_hosts_name, EPERM, 0, false},
    {"a file elsewhere", write_elsewhere, EACCES, 0, true},
    {"a file of the system", write_a_system_file, EACCES, 0, true},
    {"a file beside the control socket", write_beside_the_socket, 0, 0, false},
    {"reading", read_a_system_file, 0, 0, false},
    {"a socket", use_a_socket, 0, 0, false},
};

static void attempt(const struct rs_config *config, size_t row)
{
    struct rs_sandbox entered;

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (rs_sandbox_enter(config, &entered) != 0)
        _exit(SKIPPED - 1);
    if (!entered.filtered || (rows[row].files && !entered.confined))
        _exit(SKIPPED);
    _exit(rows[row].attempt());
}

static void a_confined_process_does_its_work_and_no_other(void)
{
    char socket_path[64];
    struct rs_config config = {.socket_path = socket_path};
    unsigned int skipped = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    snprintf(socket_path, sizeof(socket_path), "%s/control.sock", directory);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const pid_t child = fork();
        int status = 0;

        CU_ASSERT_FATAL(child >= 0);
        if (child == 0)
            attempt(&config, i);
        CU_ASSERT_EQUAL_FATAL(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
            skipped++;
        } else if (rows[i].signal != 0) {
            CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == rows[i].signal);
        } else {
            CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == rows[i].error);
        }
    }
    rmdir(directory);
    if (skipped > 0)
        rs_test_skip("without landlock, or with sanitizers, not all of it is confined");
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"a_confined_process_does_its_work_and_no_other",
         a_confined_process_does_its_work_and_no_other},
    };

    return rs_test_main("sandbox", tests, sizeof(tests) / sizeof(tests[0]));
}
