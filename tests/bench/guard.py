# SPDX-License-Identifier: BSD-3-Clause
"""Instructions per packet of a fixed workload, counted by callgrind, against the figures kept beside this
file. Two figures of each case: all of them, and those of the project's own code. They depend on compiler
and libraries, so they are kept with these, and others are told apart, not compared."""

import collections
import json
import pathlib
import re
import subprocess
import tempfile

import harness

KEPT = pathlib.Path(__file__).with_name("instructions.json")
ALLOWED = 0.02  # more than this above the kept figure is a regression
ENVIRONMENT = ("isa", "ipsec_mb", "compiler")


def read_dump(path):
    """What a dump is of, and its instructions by (object, function), without those of callees."""
    name, at, called = None, [None, None], False
    names, spent = {}, collections.Counter()
    for line in path.read_text().splitlines():
        if match := re.match(r"desc: Trigger: Client Request: (.*)", line):
            name = match[1]
        elif match := re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?", line):
            if match[4]:
                names[match[2], match[3]] = match[4]
            if not match[1]:
                at[match[2] == "fn"] = names[match[2], match[3]]
        elif line.startswith("calls="):
            called = True  # the next line is what the callee took, and is counted there
        elif match := re.match(r"[+*\-\d]\S* (\d+)$", line):
            if not called:
                spent[tuple(at)] += int(match[1])
            called = False
    return name, spent


def is_own(place):
    return place[0].endswith("/instructions")


def dumps():
    """({what they depend on}, {case: Counter of instructions per packet by (object, function)})"""
    with tempfile.TemporaryDirectory(prefix="rtpseal-guard-") as directory:
        done = subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", harness.PROGRAMS / "instructions"],
                              cwd=directory, capture_output=True, text=True, timeout=300, check=False,
                              env=harness.own_directory(directory))
        if done.returncode != 0:
            raise harness.Failed(f"instructions, under valgrind: {done.stderr.strip()}")
        said = json.loads(done.stdout.splitlines()[-1])
        cases = {}
        for path in pathlib.Path(directory).glob("callgrind.out.*.*"):
            name, spent = read_dump(path)
            if name is not None and name.startswith("0x"):
                cases[name] = {place: n / said["packets"] for place, n in spent.items()}
    return {key: said[key] for key in ENVIRONMENT}, dict(sorted(cases.items()))


def count():
    """({what they depend on}, {case: {"all": ..., "own": ...}})"""
    environment, cases = dumps()
    return environment, {name: {"all": round(sum(spent.values())),
                                "own": round(sum(n for place, n in spent.items() if is_own(place)))}
                         for name, spent in cases.items()}


def load():
    return json.loads(KEPT.read_text()) if KEPT.exists() else []


def keep(environment, cases):
    rows = [row for row in load() if row["environment"] != environment]
    KEPT.write_text(json.dumps(rows + [{"environment": environment, "instructions": cases}], indent=1) + "\n")
    print(f"kept in {KEPT}")


def compare(cases, kept):
    """Prints a row for each case; returns how many are worse than what was kept, or are gone."""
    print(f"{'instructions per packet':26}{'all':>8}{'kept':>8}{'own':>8}{'kept':>8}")
    worse = 0
    for name, before in kept.items():
        now = cases.get(name)
        if now is None:
            print(f"FAIL guard: {name} was not measured")
            worse += 1
            continue
        print(f"{name:26}{now['all']:8}{before['all']:8}{now['own']:8}{before['own']:8}")
        for figure, what in (("all", "all code"), ("own", "its own code")):
            if now[figure] > before[figure] * (1 + ALLOWED):
                print(f"FAIL guard: {name}: {now[figure]} instructions in {what}, {before[figure]} were kept;"
                      f" more than {ALLOWED:.0%} above is a regression")
                worse += 1
                break
    return worse


def main(wants_to_keep):
    """Returns the process's exit code."""
    if not harness.exists("instructions"):
        print("SKIP guard: valgrind's header callgrind.h was not there when this was built")
        print("guard: 0 passed, 0 failed, 1 skipped")
        return 0
    environment, cases = count()
    if wants_to_keep:
        keep(environment, cases)
        return 0
    rows = [row for row in load() if row["environment"] == environment]
    if not rows:
        print(f"SKIP guard: no figures are kept for {', '.join(environment.values())}; scripts/bench --guard=keep"
              " keeps those of this machine")
        print("guard: 0 passed, 0 failed, 1 skipped")
        return 0
    kept = rows[0]["instructions"]
    worse = compare(cases, kept)
    print(f"guard: {len(kept) - worse} passed, {worse} failed, 0 skipped")
    return 1 if worse else 0
