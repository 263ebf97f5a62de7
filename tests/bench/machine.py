# SPDX-License-Identifier: BSD-3-Clause
"""The machine that figures hold for: what it is, what else went on, and hugepages for the time."""

import contextlib
import json
import os
import pathlib
import re
import subprocess

import harness

PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
PAGE_MB = 2


def change_pages(count):
    """By so many, and returns by how many they then changed: others on this machine may reserve some too."""
    before = int(PAGES.read_text())
    PAGES.write_text(str(max(before + count, 0)))
    return int(PAGES.read_text()) - before


@contextlib.contextmanager
def hugepages(megabytes):
    """Reserves hugepages where that is allowed, and gives them back."""
    added = change_pages(megabytes // PAGE_MB) if os.geteuid() == 0 else 0
    try:
        yield
    finally:
        if added > 0:
            change_pages(-added)


def cpu_times():
    """(all, stolen) ticks of all CPUs since the start."""
    ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return sum(ticks[:8]), ticks[7]


def cpu_model():
    found = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1) if found else "unknown CPU"


def commit():
    """Of the checkout, with a + where it has been changed since; None where it is none."""
    done = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=harness.ROOT, capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or None


def build_type():
    """Of build/: figures are those of a release."""
    options = json.loads((harness.ROOT / "build" / "meson-info" / "intro-buildoptions.json").read_text())
    return next(option["value"] for option in options if option["name"] == "buildtype")


def srtp_version():
    """With what it encrypts with: Debian's is built with NSS, the slow one of its choices."""
    if not harness.exists("srtp"):
        return "missing"
    linked = subprocess.run(["ldd", harness.PROGRAMS / "srtp"], capture_output=True, text=True, check=False).stdout
    version = subprocess.run(["pkg-config", "--modversion", "libsrtp2"], capture_output=True, text=True, check=False).stdout
    return f"{version.strip()} ({'NSS, slow' if 'libnss' in linked else 'not NSS'})"


class Watch:
    """What the machine is, and what it had to do beside from now until told()."""

    def __init__(self):
        self.before = cpu_times()
        self.machine = {"cpu": cpu_model(), "cpus": os.cpu_count(), "commit": commit(), "build": build_type(),
                        "libsrtp2": srtp_version(), "load": os.getloadavg()[0], **harness.run("host")[0]}

    def told(self):
        everything, stolen = (now - then for now, then in zip(cpu_times(), self.before))
        return {**self.machine, "steal": stolen / max(everything, 1)}


def line(machine):
    return (f"{machine['cpu']}, {machine['cpus']} CPUs, TSC {machine['tsc_hz'] / 1e9:.2f} GHz, IPsec-MB"
            f" {machine['ipsec_mb']} ({machine['isa']}), {machine['dpdk']}, {machine['openssl']},"
            f" libsrtp2 {machine['libsrtp2']}, build of type {machine['build']},"
            f" hugepages {'yes' if machine['hugepages'] else 'no'}, load {machine['load']:.1f} at the start,"
            f" {machine['steal']:.1%} stolen")
