# SPDX-License-Identifier: BSD-3-Clause
"""A made-up host for `rtpsealctl doctor`: a tree of the files by which Linux tells about itself."""

import json
import os
import pathlib
import subprocess

import edge

FLAGS = ("fpu cmov sse4_2 aes pclmulqdq avx avx2 bmi2 avx512f avx512dq avx512cd avx512bw avx512vl vaes vpclmulqdq"
         " gfni avx512ifma sha_ni constant_tsc nonstop_tsc")
ALL_CAPABILITIES, NO_CAPABILITIES = "000001ffffffffff", "0000000000000000"
CONFIG = "/etc/rtpseal/rtpseald.yaml"
DRIVERS = "/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0"
UNIT = "/etc/systemd/system/rtpseald.service"


class Link(str):
    """A symbolic link to this."""


class Directory:
    """An empty directory, with a mode."""

    def __init__(self, mode=0o755):
        self.mode = mode


def status(capabilities=ALL_CAPABILITIES, cpus="0-7", uid=0, extra=""):
    return f"Name:\tsh\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapEff:\t{capabilities}\nCpus_allowed_list:\t{cpus}\n{extra}"


def limits(memlock="8388608"):
    return ("Limit                     Soft Limit           Hard Limit           Units\n"
            f"Max locked memory         {memlock:<20} {memlock:<20} bytes\n")


def config(cpus=(2, 3), plain=None, sealed=None, **settings):
    """A configuration with one link, as text."""
    link = {"name": "edge0", "plain": plain or {"vdev": "net_af_packet0,iface=eth1"},
            "sealed": sealed or {"vdev": "net_af_packet1,iface=eth2"}, "media": [{"ports": "20000-29999"}]}
    return json.dumps({"cpus": list(cpus), "links": [link]} | settings)


def pci(driver, node="0"):
    """Two PCI ports, as files and as configuration."""
    addresses = ("0000:03:00.0", "0000:03:00.1")
    tree = {CONFIG: config(plain={"pci": addresses[0]}, sealed={"pci": "03:00.1"})}
    for address in addresses:
        device = f"/sys/bus/pci/devices/{address}"
        tree |= {f"{device}/class": "0x020000", f"{device}/numa_node": node,
                 f"{device}/driver": Link(f"../../../../bus/pci/drivers/{driver}") if driver else None}
    return tree


def cpu(number, sibling=None, node=0, governor="performance"):
    base = f"/sys/devices/system/cpu/cpu{number}"
    return {f"{base}/topology/thread_siblings_list": str(number) if sibling is None else f"{number},{sibling}",
            f"{base}/cpufreq/scaling_governor": governor}


def hugepages(free, total=None, size=2048, base="/sys/kernel/mm/hugepages"):
    directory = f"{base}/hugepages-{size}kB"
    return {f"{directory}/free_hugepages": str(free), f"{directory}/nr_hugepages": str(free if total is None else total)}


def meminfo(available_kb=8000000, swap_kb=0):
    return (f"MemTotal:       16000000 kB\nMemAvailable:   {available_kb:>8} kB\nSwapTotal:      {swap_kb:>8} kB\n"
            "Hugepagesize:       2048 kB\n")


def good():
    """A host on which nothing stops or slows the daemon."""
    tree = {
        "/proc/cpuinfo": f"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: {FLAGS}\n",
        "/proc/sys/kernel/osrelease": "6.1.0-18-amd64",
        "/proc/meminfo": meminfo(),
        "/proc/self/status": status(),
        "/proc/self/limits": limits(),
        "/proc/interrupts": "            CPU0       CPU1\n  24:          5          0   PCI-MSI  nvme0q0\n"
                            "  25:          0          0   PCI-MSI  nobody\n NMI:          7          7   Non-maskable\n",
        "/proc/irq/24/effective_affinity_list": "0-1",
        "/proc/irq/25/effective_affinity_list": "2",
        "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
        "/sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm",
        "/sys/devices/system/cpu/online": "0-3",
        "/sys/devices/system/cpu/isolated": "2-3",
        "/sys/devices/system/cpu/nohz_full": "2-3",
        "/sys/devices/system/node/node0/cpulist": "0-3",
        "/sys/kernel/iommu_groups/0": Directory(),
        "/sys/kernel/iommu_groups/1": Directory(),
        "/sys/bus/pci/drivers/vfio-pci": Directory(),
        "/sys/class/net/eth1/flags": "0x1103",
        "/sys/class/net/eth1/mtu": "1500",
        "/sys/class/net/eth2/flags": "0x1103",
        "/sys/class/net/eth2/mtu": "1528",
        "/etc/group": "root:x:0:\nrtpseal:x:990:ann\nrtpseal-view:x:991:bob\n",
        "/etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
        "/run/rtpseal": Directory(),
        CONFIG: config(),
    }
    for name in ("bus_vdev", "bus_pci", "net_af_packet"):
        tree[f"{DRIVERS}/librte_{name}.so.23"] = ""
    for number in range(4):
        tree |= cpu(number)
    return tree | hugepages(300) | hugepages(300, base="/sys/devices/system/node/node0/hugepages")


def build(root, tree):
    """Makes the files; what is None is left out."""
    root = pathlib.Path(root)
    for name, content in tree.items():
        path = root / name.lstrip("/")
        if content is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content)
        elif isinstance(content, Directory):
            path.mkdir(exist_ok=True)
            path.chmod(content.mode)
        else:
            path.write_text(content if content.endswith("\n") else content + "\n")


def run(*words, prefix=(), **environment):
    """rtpsealctl doctor, to its end."""
    return subprocess.run([*prefix, str(edge.CTL), "doctor", *words], capture_output=True, text=True, timeout=60,
                          check=False, env=os.environ | environment)


def findings(*words, **settings):
    """(exit code, list of findings)."""
    done = run("--json", *words, **settings)
    return done.returncode, json.loads(done.stdout)


def of(found, check):
    """The findings of one check."""
    return [finding for finding in found if finding["check"] == check]


def state(found, check):
    """The worst state of a check's findings; None: it did not run."""
    order = ("ok", "unknown", "slow", "stops")
    return max((finding["state"] for finding in of(found, check)), key=order.index, default=None)
