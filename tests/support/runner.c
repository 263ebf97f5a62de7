/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/TestRun.h>

static unsigned int skipped;

void rs_test_skip(const char *reason)
{
    const CU_pTest test = CU_get_current_test();

    printf("SKIP %s: %s\n", test != NULL ? test->pName : "?", reason);
    skipped++;
}

static void print_failures(const char *suite)
{
    for (CU_pFailureRecord f = CU_get_failure_list(); f != NULL; f = f->pNext) {
        printf("FAIL %s/%s: %s:%u: %s\n", suite, f->pTest != NULL ? f->pTest->pName : "?",
               f->strFileName != NULL ? f->strFileName : "?", f->uiLineNumber,
               f->strCondition != NULL ? f->strCondition : "?");
    }
}

int rs_test_main(const char *suite, const struct rs_test *tests, size_t count)
{
    const char *only = getenv("RS_TEST");
    CU_pSuite registered;
    unsigned int ran, failed;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    registered = CU_add_suite(suite, NULL, NULL);
    for (size_t i = 0; i < count && registered != NULL; i++) {
        if (only == NULL || strcmp(only, tests[i].name) == 0)
            CU_add_test(registered, tests[i].name, tests[i].run);
    }
    CU_run_all_tests();
    ran = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed();
    print_failures(suite);
    printf("%s: %u passed, %u failed, %u skipped\n", suite, ran - failed - skipped, failed,
           skipped);
    CU_cleanup_registry();
    if (ran == 0)
        return 2;
    return failed == 0 ? 0 : 1;
}
