# SPDX-License-Identifier: BSD-3-Clause
"""Runs a script's tests: quiet about what passed, exact about what did not, skips with reasons."""

import os
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; its text says why."""


class Checks:
    """What a test is given: `equal` and `true` note what is wrong and go on."""

    def __init__(self):
        self.failures = []

    def fail(self, what):
        caller = sys._getframe(2)
        self.failures.append(
            f"{os.path.basename(caller.f_code.co_filename)}:{caller.f_lineno}: {what}")

    def true(self, condition, what):
        if not condition:
            self.fail(what)

    def equal(self, got, expected, what):
        if got != expected:
            self.fail(f"{what}: got {got!r}, expected {expected!r}")


def run_one(test, arguments):
    """Returns 'passed', 'failed' or 'skipped'."""
    checks = Checks()
    try:
        test(checks, *arguments)
    except Skip as skip:
        print(f"SKIP {test.__name__}: {skip}")
        return "skipped"
    except Exception:  # noqa: BLE001: whatever a test throws is its failure
        checks.failures.append(traceback.format_exc().rstrip())
    for failure in checks.failures:
        print(f"FAIL {test.__name__}: {failure}")
    return "failed" if checks.failures else "passed"


def run(suite, tests, *arguments):
    """Runs the tests named in sys.argv, or all; prints the sum and ends the process."""
    chosen = [test for test in tests if len(sys.argv) == 1 or test.__name__ in sys.argv[1:]]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    began = time.monotonic()
    for test in chosen:
        counts[run_one(test, arguments)] += 1
        sys.stdout.flush()
    print(f"{suite}: {counts['passed']} passed, {counts['failed']} failed,"
          f" {counts['skipped']} skipped ({time.monotonic() - began:.1f} s)")
    sys.stdout.flush()
    if not chosen:
        sys.exit(2)
    sys.exit(1 if counts["failed"] else 0)
