# SPDX-License-Identifier: BSD-3-Clause
"""Runs a build's unit tests through meson and sums up what each of them printed."""

import json
import pathlib
import re
import subprocess
import sys

SUMMARY = re.compile(r"^\S+: (\d+) passed, (\d+) failed, (\d+) skipped$", re.M)


def counts_of(test):
    """(passed, failed, skipped) of one test program; a program that just exits counts as one."""
    summary = SUMMARY.findall(test.get("stdout", ""))
    ended_well = test["result"] in ("OK", "EXPECTEDFAIL")
    if not summary:
        return (1, 0, 0) if ended_well else (0, 1, 0)
    passed, failed, skipped = (sum(int(row[i]) for row in summary) for i in range(3))
    # A crash or a sanitizer's report behind a clean summary is a failure too.
    return passed, failed if ended_well else max(failed, 1), skipped


def show(test):
    output = test.get("stdout", "") + test.get("stderr", "")
    for line in output.splitlines():
        if line.startswith(("SKIP ", "FAIL ")):
            print(line)
    if counts_of(test)[1] and not re.search(r"^FAIL ", output, re.M):
        print(f"FAIL {test['name']}: {test['result']}, exit code {test['returncode']}")
        print("\n".join(f"    {line}" for line in output.splitlines()[-40:]))


def main():
    build = pathlib.Path(sys.argv[1])
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--quiet"],
                          capture_output=True, text=True, check=False)
    if not log.exists():
        sys.exit(f"no unit test ran:\n{done.stdout}{done.stderr}")
    tests = [json.loads(line) for line in log.read_text().splitlines()]
    for test in tests:
        show(test)
    passed, failed, skipped = (sum(counts_of(test)[i] for test in tests) for i in range(3))
    if done.returncode and not failed:
        print(f"FAIL meson test: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        failed = 1
    print(f"units: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not tests else 0)


if __name__ == "__main__":
    main()
