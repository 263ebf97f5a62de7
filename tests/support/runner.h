/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs one file's tests under CUnit: quiet about what passed, exact about what did not. */
#pragma once

#include <stddef.h>

#include <CUnit/CUnit.h>

/* The name is a sentence: old_key_opens_until_the_grace_is_over. */
struct rs_test {
    const char *name;
    void (*run)(void);
};

/*
 * Runs the tests and prints a line per failure, a line per skip, and a summary
 * "<suite>: N passed, N failed, N skipped". Returns an exit code: 0, 1 on a failure, or 2 where
 * nothing ran. With RS_TEST=name in the environment only that test runs.
 */
int rs_test_main(const char *suite, const struct rs_test *tests, size_t count);

/* Marks the running test as skipped, for a reason that is printed; the caller then returns. */
void rs_test_skip(const char *reason);
