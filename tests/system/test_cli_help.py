# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl's help, its manual page and its completion name the same commands and options."""

import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402

MANUAL = edge.ROOT / "control" / "man" / "rtpsealctl.1"


def run(*words):
    done = subprocess.run([edge.CTL, "--socket", "/nowhere", *words], capture_output=True, text=True, timeout=30,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{words}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def commands():
    """The words that name each command, as --help lists them."""
    block = run("--help").split("\n\n")[2]
    rows = [re.match(r"  (\S+) +(?:(\S+)  +)?\S", line) for line in block.splitlines()]
    wide = [line[12:24].strip() for line in block.splitlines()]
    # A long name reaches into the column of verbs, and has none.
    return [[row[1], *([verb] if verb and len(row[1]) < 11 else [])] for row, verb in zip(rows, wide)]


def options(text):
    return set(re.findall(r"^  (--[a-z0-9-]+)", text, re.M))


def entries():
    """(commands, options) that have an entry of their own in the manual page."""
    page = MANUAL.read_text().replace("\\-", "-")
    tags = re.findall(r"^\.TP\n\.(?:B|BI|BR) (.*)$", page, re.M)
    plain = [re.sub(r"\\f.", "", tag).replace('"', "") for tag in tags]
    listed = [tag.split() for tag in plain]
    return listed, {word.rstrip(",") for words in listed for word in words if word.startswith("--")}


def every_command_is_in_the_manual_page(checks):
    listed, _ = entries()
    names = commands()
    checks.true(len(names) >= 27, f"commands found in --help: {names}")
    for words in names:
        rests = [entry[len(words):] for entry in listed if entry[:len(words)] == words]
        # Behind a command's own words stand only those for its values, in capitals.
        checks.true(any(not rest or not rest[0][0].islower() for rest in rests), f"no entry {' '.join(words)}")


def every_option_is_in_the_manual_page(checks):
    _, named = entries()
    found = options(run("--help"))
    for words in commands():
        found |= options(run(*words, "--help"))
    checks.true(len(found) >= 35, f"options found in --help: {found}")
    checks.equal(sorted(found - named), [], "options without an entry")


def every_option_of_a_command_is_completed(checks):
    for words in commands():
        shown = options(run(*words, "--help")) | {"--help", "--version"}
        offered = subprocess.run([edge.CTL, "--complete", *words, "--"], capture_output=True, text=True, timeout=30,
                                 check=True).stdout.split()
        checks.equal(sorted(offered), sorted(shown), f"options of {' '.join(words)}")


def the_manual_page_is_well_formed(checks):
    if not shutil.which("groff"):
        raise cases.Skip("groff is not installed: scripts/setup test")
    for page in sorted(MANUAL.parent.glob("*.[1-8]")):
        done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", page], capture_output=True, text=True, timeout=30,
                              check=False)
        checks.equal((done.returncode, done.stderr), (0, ""), page.name)


TESTS = (
    every_command_is_in_the_manual_page,
    every_option_is_in_the_manual_page,
    every_option_of_a_command_is_completed,
    the_manual_page_is_well_formed,
)

if __name__ == "__main__":
    cases.run("test_cli_help", TESTS)
