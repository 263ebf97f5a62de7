/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for keys: what the kernel says of it, and what it holds and no longer holds. */
#include "dataplane/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/runner.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FLAGS_BYTES = 512 };

/* The kernel's flags of the mapping that starts at `memory`, as in proc(5), smaps, VmFlags. */
static void get_flags(const void *memory, char flags[FLAGS_BYTES])
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[FLAGS_BYTES];
    uintptr_t start, end;
    bool found = false;

    flags[0] = '\0';
    while (smaps != NULL && fgets(line, sizeof(line), smaps) != NULL) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
            found = start <= (uintptr_t)memory && (uintptr_t)memory < end;
        if (found && strncmp(line, "VmFlags:", 8) == 0)
            strcpy(flags, line + 8);
    }
    if (smaps != NULL)
        fclose(smaps);
}

/* Takes the right to lock memory away, and gives it back. */
static struct rlimit saved_limit;

static void forbid_locking(void)
{
    struct rlimit none;

    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_MEMLOCK, &saved_limit), 0);
    none = (struct rlimit){0, saved_limit.rlim_max};
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    if (getuid() == 0)
        CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
}

static void allow_locking(void)
{
    if (getuid() == 0)
        CU_ASSERT_EQUAL_FATAL(seteuid(0), 0);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_MEMLOCK, &saved_limit), 0);
}

static void mapped_memory_is_locked_and_kept_from_dumps_and_children(void)
{
    uint8_t *memory = rs_secret_map(5000);
    char flags[FLAGS_BYTES];

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    get_flags(memory, flags);
    CU_ASSERT_PTR_NOT_NULL(strstr(flags, " lo"));
    CU_ASSERT_PTR_NOT_NULL(strstr(flags, " dd"));
    CU_ASSERT_PTR_NOT_NULL(strstr(flags, " dc"));
    for (size_t i = 0; i < 5000; i++) {
        CU_ASSERT_EQUAL_FATAL(memory[i], 0);
        memory[i] = 0xa5;
    }
    rs_secret_unmap(memory, 5000);
}

static void a_child_has_no_such_memory(void)
{
    uint8_t *memory = rs_secret_map(64);
    int pipes[2], status = -1;
    pid_t child;

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
    child = fork();
    if (child == 0)
        _exit(write(pipes[1], memory, 1) == -1 && errno == EFAULT ? 0 : 1);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(pipes[0]);
    close(pipes[1]);
    rs_secret_unmap(memory, 64);
}

static void unmapped_memory_is_gone(void)
{
    void *memory = rs_secret_map(4096);

    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_EQUAL(msync(memory, 4096, MS_ASYNC), 0);
    rs_secret_unmap(memory, 4096);
    CU_ASSERT_EQUAL(msync(memory, 4096, MS_ASYNC), -1);
    CU_ASSERT_EQUAL(errno, ENOMEM);
}

static void unmapping_nothing_is_allowed(void)
{
    rs_secret_unmap(NULL, 4096);
    CU_PASS("returned");
}

static void more_than_there_is_cannot_be_mapped(void)
{
    CU_ASSERT_PTR_NULL(rs_secret_map(SIZE_MAX));
    CU_ASSERT_EQUAL(errno, ENOMEM);
    CU_ASSERT_PTR_NULL(rs_secret_map(SIZE_MAX / 4));
    CU_ASSERT_EQUAL(errno, ENOMEM);
}

static void memory_that_must_be_locked_and_cannot_is_refused(void)
{
    void *memory;
    int error;

    rs_secret_set_policy(RS_LOCK_REQUIRED);
    forbid_locking();
    memory = rs_secret_map(64);
    error = errno;
    allow_locking();
    CU_ASSERT_PTR_NULL(memory);
    CU_ASSERT_TRUE(error == EPERM || error == ENOMEM);
}

static void memory_that_need_not_be_locked_is_had_with_one_warning(void)
{
    int pipes[2], saved = dup(STDERR_FILENO);
    void *first, *second;
    char log[1024];
    ssize_t n;

    CU_ASSERT_EQUAL_FATAL(pipe2(pipes, O_NONBLOCK), 0);
    rs_secret_set_policy(RS_LOCK_TRIED);
    forbid_locking();
    dup2(pipes[1], STDERR_FILENO);
    first = rs_secret_map(64);
    second = rs_secret_map(64);
    dup2(saved, STDERR_FILENO);
    allow_locking();
    rs_secret_set_policy(RS_LOCK_REQUIRED);
    n = read(pipes[0], log, sizeof(log) - 1);
    log[n > 0 ? n : 0] = '\0';
    CU_ASSERT_PTR_NOT_NULL(first);
    CU_ASSERT_PTR_NOT_NULL(second);
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "cannot be locked"));
    CU_ASSERT_TRUE(n > 0 && strchr(log, '\n') == log + n - 1);
    rs_secret_unmap(first, 64);
    rs_secret_unmap(second, 64);
    close(pipes[0]);
    close(pipes[1]);
    close(saved);
}

static void wiping_leaves_zeros_and_no_more_than_asked(void)
{
    uint8_t bytes[100];

    memset(bytes, 0xff, sizeof(bytes));
    rs_secret_wipe(bytes + 10, 80);
    for (size_t i = 0; i < sizeof(bytes); i++)
        CU_ASSERT_EQUAL(bytes[i], i < 10 || i >= 90 ? 0xff : 0);
}

static void secrets_are_equal_only_in_every_byte(void)
{
    static const struct {
        const char *a, *b;
        size_t bytes;
        bool equal;
    } rows[] = {
        {"0123456789", "0123456789", 10, true},
        {"", "", 0, true},
        {"0123456789", "012345678X", 9, true},
        {"0123456789", "012345678X", 10, false},
        {"X123456789", "0123456789", 10, false},
        {"0123X56789", "0123456789", 10, false},
        {"0", "1", 1, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        CU_ASSERT_EQUAL(rs_secret_equal(rows[i].a, rows[i].b, rows[i].bytes), rows[i].equal);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

int main(void)
{
    static const struct rs_test tests[] = {
        TEST(mapped_memory_is_locked_and_kept_from_dumps_and_children),
        TEST(a_child_has_no_such_memory),
        TEST(unmapped_memory_is_gone),
        TEST(unmapping_nothing_is_allowed),
        TEST(more_than_there_is_cannot_be_mapped),
        TEST(memory_that_must_be_locked_and_cannot_is_refused),
        TEST(memory_that_need_not_be_locked_is_had_with_one_warning),
        TEST(wiping_leaves_zeros_and_no_more_than_asked),
        TEST(secrets_are_equal_only_in_every_byte),
    };

    return rs_test_main("secret", tests, COUNT(tests));
}
