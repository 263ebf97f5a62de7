# SPDX-License-Identifier: BSD-3-Clause
"""Runs benchmark programs: to their end, or several in turns, of which all but one are stopped."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build" / "tests" / "bench"


class Failed(Exception):
    """A program that could not measure; the text says why."""


def exists(name):
    return (PROGRAMS / name).exists()


def own_directory(directory):
    """An environment in which DPDK keeps what it has at run time in a directory of its own: it would ask
    other processes for their telemetry, and wait for those that are stopped."""
    return {**os.environ, "RUNTIME_DIRECTORY": directory, "XDG_RUNTIME_DIR": directory}


def command(name, *args):
    """Ends with this process, however that ends: one that is stopped would be forgotten."""
    return ["setpriv", "--pdeathsig", "KILL", PROGRAMS / name, *map(str, args)]


def run(name, *args, timeout=120):
    """Runs a program to its end and returns its lines of JSON."""
    with tempfile.TemporaryDirectory(prefix="rtpseal-bench-") as directory:
        done = subprocess.run(command(name, *args), capture_output=True, text=True, timeout=timeout,
                              env=own_directory(directory), check=False)
    if done.returncode != 0:
        raise Failed(f"{name} {' '.join(map(str, args))}: {done.stderr.strip() or done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Program:
    """A program that answers each line of input by one of JSON, and is stopped in between: its worker
    would otherwise poll on the CPU that the next one measures on."""

    def __init__(self, name, *args):
        self.name = " ".join([name, *map(str, args)])
        self.directory = tempfile.TemporaryDirectory(prefix="rtpseal-bench-")
        self.process = subprocess.Popen(command(name, *args), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=own_directory(self.directory.name))

    def ask(self, line):
        self.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Failed(f"{self.name}: {self.process.stderr.read().strip() or 'ended'}")
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(answer)

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()


@contextlib.contextmanager
def programs(rows):
    """{key: (name, arguments...)} started as {key: Program}; one after the other, as each has a worker
    that is on the next one's CPU until it is asked for the first time."""
    started = {}
    try:
        for key, row in rows.items():
            started[key] = Program(*row)
            started[key].process.send_signal(signal.SIGSTOP)
        yield started
    finally:
        for program in started.values():
            program.close()

