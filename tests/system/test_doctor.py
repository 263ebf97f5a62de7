# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl doctor on made-up hosts: each check where all is well, and where something is not."""

import functools
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import doctor_lab as lab  # noqa: E402
from doctor_lab import CONFIG, DRIVERS, UNIT, Directory, config, cpu, hugepages, limits, meminfo, pci, status  # noqa: E402

CHECKS = ["configuration", "cpu", "kernel", "clock", "drivers", "interfaces", "binding", "iommu", "vfio", "capabilities",
          "memlock", "memory", "hugepages", "cpus", "isolation", "interrupts", "siblings", "governor", "numa", "mtu",
          "offloads", "groups", "socket"]
OFFLOADS = {"offloads": "unknown"}  # no file tells them
CLOCK = "/sys/devices/system/clocksource/clocksource0"
CPUS = "/sys/devices/system/cpu"
NOIOMMU = {"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "Y"}
NO_IOMMU = {"/sys/kernel/iommu_groups/0": None, "/sys/kernel/iommu_groups/1": None}
FEW = {"senders": 300, "sessions": 100}
GUEST = {"/proc/cpuinfo": f"vendor_id : GenuineIntel\nflags : {lab.FLAGS} hypervisor\n"}


class Row(NamedTuple):
    """What is changed on the good host, and what one check then says of it."""

    check: str
    state: str
    found: str  # a part of it
    mend: object  # a part of it; None: there is none
    tree: dict
    others: dict = {}  # other checks that are not ok then


def without(*features):
    flags = " ".join(flag for flag in lab.FLAGS.split() if flag not in features)
    return {"/proc/cpuinfo": f"vendor_id\t: GenuineIntel\nflags\t\t: {flags}\n"}


def nodes(first, second):
    """Two NUMA nodes with two CPUs each, and so many free hugepages."""
    base = "/sys/devices/system/node/node{}"
    return {base.format(0) + "/cpulist": "0-1", base.format(1) + "/cpulist": "2-3"} | hugepages(
        first, base=base.format(0) + "/hugepages") | hugepages(second, base=base.format(1) + "/hugepages")


def boot(options):
    return f"sed -i 's/^GRUB_CMDLINE_LINUX=\"/&{options} /' /etc/default/grub && update-grub && reboot"


ISOLATE = boot("isolcpus=managed_irq,domain,2-3 nohz_full=2-3 rcu_nocbs=2-3")
SHELL = {"/proc/self/status": status(lab.NO_CAPABILITIES)}

ROWS = (
    Row("cpu", "stops", "lacks aes", None, without("aes")),
    Row("cpu", "stops", "lacks pclmulqdq", "host-passthrough", {"/proc/cpuinfo": "flags : sse4_2 cmov aes avx hypervisor\n"}),
    Row("cpu", "slow", "SSE code: the CPU lacks avx2", None, without("avx2")),
    Row("cpu", "slow", "AVX2 code: the CPU lacks avx512bw", None, without("avx512bw")),
    Row("cpu", "slow", "AVX512 code: the CPU lacks vaes vpclmulqdq", None, without("vaes", "vpclmulqdq")),
    Row("cpu", "slow", "lacks sha_ni", None, without("sha_ni")),
    Row("cpu", "unknown", "no flags", None, {"/proc/cpuinfo": "model name : x\n"}),
    Row("kernel", "stops", "Linux 4.3", "linux-image-amd64", {"/proc/sys/kernel/osrelease": "4.3.9"}),
    Row("kernel", "slow", "Linux 4.9", "linux-image-amd64", {"/proc/sys/kernel/osrelease": "4.9.0-19-amd64"}),
    Row("kernel", "stops", "Linux 4.15", "linux-image-amd64",
        {"/proc/sys/kernel/osrelease": "4.15.0", CONFIG: config(plain={"vdev": "net_af_xdp0,iface=eth1"}),
         f"{DRIVERS}/librte_net_af_xdp.so.23": ""}),
    Row("kernel", "unknown", "", None, {"/proc/sys/kernel/osrelease": None}),
    Row("clock", "slow", "hpet", f"echo tsc > {CLOCK}/current_clocksource", {f"{CLOCK}/current_clocksource": "hpet"}),
    Row("clock", "slow", "acpi_pm", boot("tsc=reliable"),
        {f"{CLOCK}/current_clocksource": "acpi_pm", f"{CLOCK}/available_clocksource": "acpi_pm"}),
    Row("clock", "ok", "kvm-clock", None, {f"{CLOCK}/current_clocksource": "kvm-clock"}),
    Row("drivers", "stops", "net_af_packet", "apt-get install librte-net-af-packet23",
        {f"{DRIVERS}/librte_net_af_packet.so.23": None}),
    Row("drivers", "stops", "net_tap", "apt-get install librte-net-tap23",
        {CONFIG: config(plain={"vdev": "net_tun0"})}),
    Row("drivers", "stops", "net_mlx5", "apt-get install librte-net-mlx5-23", pci("mlx5_core")),
    Row("drivers", "stops", "not installed", "librte-bus-vdev23", {f"{DRIVERS}/librte_bus_vdev.so.23": None}),
    Row("interfaces", "stops", "no interface eth1", "links[0].plain",
        {"/sys/class/net/eth1/flags": None, "/sys/class/net/eth1/mtu": None}),
    Row("interfaces", "stops", "eth2 is down", "ip link set dev eth2 up", {"/sys/class/net/eth2/flags": "0x1002"}),
    Row("binding", "ok", "bound to vfio-pci", None, pci("vfio-pci")),
    Row("binding", "ok", "bound to mlx5_core", None, pci("mlx5_core") | {f"{DRIVERS}/librte_net_mlx5.so.23": ""}),
    Row("binding", "stops", "0000:03:00.1 is bound to ixgbe", "dpdk-devbind.py -b vfio-pci 0000:03:00.1", pci("ixgbe")),
    Row("binding", "stops", "bound to no driver", "dpdk-devbind.py -b vfio-pci 0000:03:00.1", pci(None)),
    Row("binding", "stops", "ixgbe", "ip link set dev ens1f0 down && driverctl set-override 0000:03:00.0 vfio-pci",
        pci("ixgbe") | {"/usr/sbin/driverctl": "", "/sys/bus/pci/devices/0000:03:00.0/net/ens1f0": Directory()}),
    Row("binding", "slow", "uio_pci_generic", "dpdk-devbind.py", pci("uio_pci_generic")),
    Row("binding", "stops", "no PCI device 0000:05:00.0", "one of: 0000:03:00.0 0000:03:00.1",
        pci("vfio-pci") | {CONFIG: config(plain={"pci": "0000:05:00.0"}, sealed={"pci": "0000:03:00.1"})}),
    Row("iommu", "ok", "the IOMMU is off", None, NO_IOMMU),
    Row("iommu", "stops", "the IOMMU is off", boot("intel_iommu=on iommu=pt"), pci("vfio-pci") | NO_IOMMU),
    Row("iommu", "stops", "off", boot("amd_iommu=on iommu=pt"), pci("vfio-pci") | NO_IOMMU |
        {"/proc/cpuinfo": f"vendor_id\t: AuthenticAMD\nflags\t\t: {lab.FLAGS}\n"}),
    Row("iommu", "stops", "off", "enable_unsafe_noiommu_mode=1", pci("vfio-pci") | NO_IOMMU | GUEST),
    Row("iommu", "slow", "vfio goes without", None, pci("vfio-pci") | NO_IOMMU | NOIOMMU),
    Row("vfio", "ok", "not loaded", None, {"/sys/bus/pci/drivers/vfio-pci": None}),
    Row("vfio", "stops", "not loaded", "modprobe vfio-pci", pci("ixgbe") | {"/sys/bus/pci/drivers/vfio-pci": None},
        {"binding": "stops"}),
    Row("vfio", "stops", "has no vfio-pci", "apt-get install linux-image-amd64", pci("ixgbe") | {
        "/sys/bus/pci/drivers/vfio-pci": None, "/lib/modules/6.1.0-18-amd64/modules.dep": "kernel/fs/ext4/ext4.ko:\n"},
        {"binding": "stops"}),
    Row("vfio", "stops", "not loaded", "modprobe vfio-pci", pci("ixgbe") | {
        "/sys/bus/pci/drivers/vfio-pci": None,
        "/lib/modules/6.1.0-18-amd64/modules.dep": "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n"},
        {"binding": "stops"}),
    Row("capabilities", "stops", "this shell lacks CAP_NET_ADMIN CAP_NET_RAW", "sudo rtpseald -c", SHELL |
        {"/proc/self/limits": limits("unlimited")}),
    Row("capabilities", "unknown", "this shell lacks CAP_NET_ADMIN CAP_NET_RAW", "sudo rtpseald -c",
        {"/proc/self/status": status(lab.NO_CAPABILITIES, uid=1000), "/proc/self/limits": limits("unlimited")}),
    Row("capabilities", "ok", "CAP_NET_ADMIN CAP_NET_RAW", None, {"/proc/self/status": status("0000000000007000")}),
    Row("capabilities", "stops", "lacks CAP_SYS_RAWIO", "sudo", pci("vfio-pci") | NO_IOMMU | NOIOMMU |
        {"/proc/self/status": status("0000000000007000")}, {"iommu": "slow"}),
    Row("capabilities", "stops", "rtpseald.service lacks CAP_NET_RAW", "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW",
        {UNIT: "[Service]\nUser=rtpseal\nAmbientCapabilities=CAP_NET_ADMIN CAP_IPC_LOCK\n"}),
    Row("capabilities", "ok", "rtpseald.service has", None, {UNIT: "[Service]\nUser=rtpseal\nAmbientCapabilities=\n"
        "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW\nAmbientCapabilities=CAP_IPC_LOCK\n"}),
    Row("capabilities", "stops", "lacks CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW",
        {UNIT: "[Service]\nCapabilityBoundingSet=~CAP_NET_RAW\n"}),
    Row("memlock", "stops", "may lock 8192 KiB", "ulimit -l unlimited", {"/proc/self/status": status("0000000000003000")}),
    Row("memlock", "ok", "may lock 8192 KiB", None, {"/proc/self/status": status("0000000000003000"),
                                                   CONFIG: config(limits=FEW)}),
    Row("memlock", "slow", "may lock 8192 KiB", "ulimit -l unlimited", {"/proc/self/status": status("0000000000003000"),
        CONFIG: config(limits=FEW | {"senders": 1000})}),
    Row("memlock", "unknown", "may lock 8192 KiB", "ulimit", {"/proc/self/status": status("0000000000003000", uid=1000)}),
    Row("memlock", "ok", "as much memory as it needs", None, {"/proc/self/status": status("0000000000003000"),
                                                            "/proc/self/limits": limits("unlimited")}),
    Row("memlock", "stops", "may lock 8192 KiB", "LimitMEMLOCK=infinity",
        {UNIT: "[Service]\nUser=rtpseal\nAmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW\n"}),
    Row("memlock", "ok", "may lock 1048576 KiB", None,
        {UNIT: "[Service]\nUser=rtpseal\nAmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW\nLimitMEMLOCK=8M\n",
         UNIT + ".d/more.conf": "[Service]\nLimitMEMLOCK=1G\n"}),
    Row("memlock", "slow", "may lock 8192 KiB", "ulimit", {"/proc/self/status": status("0000000000003000"),
        "/proc/meminfo": meminfo(swap_kb=1000), CONFIG: config(lock_keys="no")}),
    Row("memlock", "ok", "no swap space", None, {"/proc/self/status": status("0000000000003000"),
                                               CONFIG: config(lock_keys="no")}),
    Row("memlock", "stops", "may lock 8192 KiB", "ulimit", {"/proc/self/status": status("0000000000003000"),
        CONFIG: config(plain={"vdev": "net_af_packet0,iface=eth1,framecnt=4096"}, limits=FEW)}),
    Row("memory", "stops", "100 MB are available", "memory.mb", {"/proc/meminfo": meminfo(100 * 1024)}),
    Row("memory", "stops", "600 MB are available", "memory.mb",
        {"/proc/meminfo": meminfo(600 * 1024), CONFIG: config(memory={"hugepages": "off"})}, {"hugepages": "slow"}),
    Row("hugepages", "slow", "200 MB are free", "sysctl vm.nr_hugepages=306", hugepages(100, 150)),
    Row("hugepages", "stops", "200 MB are free", "sysctl vm.nr_hugepages=306", hugepages(100, 150) |
        {CONFIG: config(memory={"hugepages": "required"})}),
    Row("hugepages", "slow", "0 MB are free", boot("hugepages=256"), hugepages(0) | {"/proc/meminfo": meminfo(100000)},
        {"memory": "stops"}),
    Row("hugepages", "slow", "off", "hugepages: auto", {CONFIG: config(memory={"hugepages": "off"})}),
    Row("hugepages", "ok", "1024 MB are free", None, hugepages(0) | hugepages(1, size=1048576)),
    Row("hugepages", "slow", "NUMA node 1 has 20 MB in free hugepages, its workers want 512",
        "echo 256 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages", nodes(300, 10)),
    Row("hugepages", "ok", "600 MB are free", None, nodes(0, 300)),
    Row("hugepages", "unknown", "cannot be read", None, {f"/sys/kernel/mm/hugepages/hugepages-2048kB/{name}": None
                                                       for name in ("free_hugepages", "nr_hugepages")}),
    Row("cpus", "stops", "CPU 9 is not online", "of 0-3", {CONFIG: config(cpus=(2, 9))}, {"isolation": "slow"}),
    Row("cpus", "stops", "CPU 3 is not one that the daemon may run on", "of 0-2", {"/proc/self/status": status(cpus="0-2")}),
    Row("cpus", "slow", "every CPU (0-3) has a worker", "leave one CPU", {CONFIG: config(cpus=(0, 1, 2, 3)),
        f"{CPUS}/isolated": "0-3", f"{CPUS}/nohz_full": "0-3", "/proc/irq/24/effective_affinity_list": "7"}),
    Row("cpus", "slow", "a worker has CPU 0", "of 1,3", {CONFIG: config(cpus=(0, 2)), f"{CPUS}/isolated": "0,2",
        f"{CPUS}/nohz_full": "0,2", "/proc/irq/24/effective_affinity_list": "1"}),
    Row("isolation", "slow", "CPU 3 is not isolated", ISOLATE, {f"{CPUS}/isolated": "2"}),
    Row("isolation", "slow", "CPU 2-3 is not isolated", ISOLATE, {f"{CPUS}/isolated": ""}),
    Row("isolation", "ok", "", None, {f"{CPUS}/isolated": "", "/sys/fs/cgroup/cpuset.cpus.isolated": "2-3"}),
    Row("isolation", "slow", "CPU 2-3 is isolated, but has the scheduler's tick", ISOLATE, {f"{CPUS}/nohz_full": None}),
    Row("isolation", "slow", "not isolated", "# add to the kernel's command line, and boot: isolcpus=managed_irq,domain,2-3",
        {f"{CPUS}/isolated": None, "/etc/default/grub": None}),
    Row("interrupts", "slow", "interrupts 24 go", "for irq in 24; do echo 0-1 > /proc/irq/$irq/smp_affinity_list; done",
        {"/proc/irq/24/effective_affinity_list": "3"}),
    Row("interrupts", "slow", "interrupts 24 go", "systemctl stop irqbalance; for irq in 24;",
        {"/proc/irq/24/effective_affinity_list": None, "/proc/irq/24/smp_affinity_list": "0-3",
         "/etc/default/irqbalance": ""}),
    Row("siblings", "slow", "the worker on CPU 2 shares its core with that on 3", "one CPU of each core",
        cpu(2, sibling=3) | cpu(3, sibling=2)),
    Row("siblings", "slow", "the worker on CPU 3 shares its core with CPU 1",
        f"for cpu in 1; do echo 0 > {CPUS}/cpu$cpu/online; done", cpu(3, sibling=1)),
    Row("siblings", "ok", "", None, cpu(3, sibling=4) | {f"{CPUS}/isolated": "2-4"}),
    Row("governor", "slow", "CPU 2-3 is powersave",
        f"for cpu in 2 3; do echo performance > {CPUS}/cpu$cpu/cpufreq/scaling_governor; done",
        cpu(2, governor="powersave") | cpu(3, governor="powersave")),
    Row("governor", "ok", "does not change", None, {f"{CPUS}/cpu{n}/cpufreq/scaling_governor": None for n in (2, 3)}),
    Row("numa", "slow", "0000:03:00.0 is on NUMA node 0, workers' CPU 2-3 is not", 'give "cpus" some of 1',
        pci("vfio-pci") | nodes(300, 300)),
    Row("numa", "ok", "", None, pci("vfio-pci", node="1") | nodes(300, 300)),
    Row("numa", "ok", "", None, pci("vfio-pci", node="-1") | nodes(300, 300)),
    Row("mtu", "slow", "the MTU of eth2 is 1500", "ip link set dev eth2 mtu 1528", {"/sys/class/net/eth2/mtu": "1500"}),
    Row("mtu", "ok", "", None, {"/sys/class/net/eth2/mtu": "1518", CONFIG: config(e2ee={"suite": "AES_256_CTR"})}),
    Row("mtu", "slow", "1528", "mtu 1534", {CONFIG: config(e2ee={"suite": "AES_256_GCM_SHA512_128"})}),
    Row("mtu", "slow", "1521", "mtu 1522", {"/sys/class/net/eth2/mtu": "1521",
                                         CONFIG: config(e2ee={"suite": "AES_256_CTR_HMAC_SHA512_32"})}),
    Row("mtu", "slow", "ring's frames hold packets of 1960 bytes", "framesz=9088,blocksz=12288",
        {"/sys/class/net/eth1/mtu": "9000", "/sys/class/net/eth2/mtu": "9028"}),
    Row("mtu", "slow", "the MTU of eth2 is 8985", "ip link set dev eth2 mtu 8984 #",
        {"/sys/class/net/eth2/mtu": "8985", CONFIG: config(
            sealed={"vdev": "net_af_packet1,iface=eth2,framesz=2048"})}),
    Row("mtu", "ok", "", None, {"/sys/class/net/eth1/mtu": "9000", "/sys/class/net/eth2/mtu": "9028", CONFIG: config(
        plain={"vdev": "net_af_packet0,iface=eth1,framesz=16384,blocksz=16384"},
        sealed={"vdev": "net_af_packet1,iface=eth2,framesz=16384,blocksz=16384"})}),
    Row("groups", "slow", "no group rtpseal (control.operators)", "groupadd --system rtpseal",
        {"/etc/group": "rtpseal-view:x:991:\n"}),
    Row("groups", "slow", "no group watchers (control.viewers)", "groupadd --system watchers",
        {CONFIG: config(control={"viewers": "watchers"})}),
    Row("groups", "unknown", "", None, {"/etc/group": None}),
    Row("socket", "slow", "/run/rtpseal has the mode 750", "chmod a+x /run/rtpseal", {"/run/rtpseal": Directory(0o750)}),
    Row("socket", "stops", "is no socket", "mv /run/rtpseal/control.sock", {"/run/rtpseal/control.sock": "a file"}),
    Row("configuration", "stops", "line 2", "rtpseald --check-config -c", {CONFIG: "cpus: [1]\ncpus: [2]\n"}),
    Row("configuration", "unknown", "there is no", "rtpsealctl doctor -c FILE", {CONFIG: None}),
)


def examine(tree, *words):
    """(exit code, findings) of the doctor on a host of these files."""
    with tempfile.TemporaryDirectory(prefix="rtpseal-doctor-") as root:
        lab.build(root, tree)
        return lab.findings("--root", root, *words)


@functools.cache
def examine_row(number):
    return examine(lab.good() | ROWS[number].tree)


def a_good_host_has_nothing_to_mend(checks):
    for name, tree in (("interfaces", {}), ("vfio-pci", pci("vfio-pci"))):
        code, found = examine(lab.good() | tree)
        checks.equal([finding for finding in found if finding["state"] != "ok" and finding["check"] != "offloads"], [],
                     f"{name}: what is not ok")
        checks.equal(code, 0, f"{name}: exit code")
        checks.equal(list(dict.fromkeys(finding["check"] for finding in found)), CHECKS, f"{name}: checks")


def each_check_says_what_is_wrong_and_what_mends_it(checks):
    for number, row in enumerate(ROWS):
        what = f"row {number}, {row.check} {row.state} {row.found!r}"
        code, found = examine_row(number)
        of_check = lab.of(found, row.check)
        said = [f for f in of_check if f["state"] == row.state and row.found in f["found"]
                and (f["mend"] is None if row.mend is None else row.mend in (f["mend"] or ""))]
        checks.true(said, f"{what}: {of_check}")
        expected = OFFLOADS | {row.check: row.state} | row.others
        states = {finding["check"]: lab.state(found, finding["check"]) for finding in found} | OFFLOADS
        checks.equal({check: now for check, now in states.items() if now != "ok" or check == row.check}, expected,
                     f"{what}: checks that are not ok")
        checks.equal(code, int("stops" in expected.values()), f"{what}: exit code")
        for finding in found:
            checks.equal(list(finding), ["check", "state", "found", "consequence", "mend"], f"{what}: members")
            if finding["state"] in ("slow", "stops"):
                checks.true(finding["consequence"], f"{what}: no consequence of {finding}")


def every_check_is_seen_in_a_good_and_a_bad_form(checks):
    bad = {row.check for row in ROWS if row.state in ("slow", "stops")}
    checks.equal(sorted(set(CHECKS) - bad - {"offloads"}), [], "checks without a row in which they find something")


def without_a_configuration_the_host_alone_is_looked_at(checks):
    for tree in ({CONFIG: None}, {CONFIG: "cpus: [1\n"}):
        _, found = examine(lab.good() | tree)
        checks.equal([name for name in CHECKS if lab.of(found, name)],
                     ["configuration", "cpu", "kernel", "clock", "drivers", "iommu", "vfio", "memlock", "memory", "hugepages",
                      "groups", "socket"], "checks")
        _, found = examine(lab.good() | tree | NO_IOMMU)
        checks.equal(lab.state(found, "iommu"), "unknown", "whether the IOMMU is needed")


def the_daemons_process_tells_its_own_rights(checks):
    process = {"/proc/77/comm": "rtpseald", "/proc/77/cmdline": f"/usr/sbin/rtpseald\0-c\0{CONFIG}\0",
               "/proc/77/status": status("0000000000001000", extra="HugetlbPages:\t  524288 kB\n"),
               "/proc/77/limits": limits()}
    other = {"/proc/78/comm": "rtpseald", "/proc/78/cmdline": "rtpseald\0--config=/elsewhere.yaml\0",
             "/proc/78/status": status(lab.NO_CAPABILITIES), "/proc/78/limits": limits("0")}
    _, found = examine(lab.good() | process | other | hugepages(0))
    checks.true("the running daemon (process 77) lacks CAP_NET_RAW" in lab.of(found, "capabilities")[0]["found"],
                f"{lab.of(found, 'capabilities')}")
    checks.equal(lab.state(found, "memlock"), "stops", "its limit of locked memory")
    checks.true("the running daemon has 512 MB" in lab.of(found, "hugepages")[0]["found"], f"{lab.of(found, 'hugepages')}")
    _, found = examine(lab.good() | other)
    checks.equal(lab.state(found, "capabilities"), "ok", "another configuration's daemon")
    _, found = examine(lab.good() | process | {"/proc/77/cmdline": "rtpseald\0"})
    checks.equal(lab.state(found, "capabilities"), "stops", "a daemon with the usual configuration")


def people_get_the_same_as_scripts(checks):
    tree = lab.good() | pci("ixgbe") | {f"{CPUS}/isolated": "", "/etc/default/grub": None}
    with tempfile.TemporaryDirectory(prefix="rtpseal-doctor-") as root:
        lab.build(root, tree)
        _, found = lab.findings("--root", root)
        text = lab.run("--root", root).stdout
    lines = [line.strip() for line in text.splitlines()]
    for finding in found:
        checks.true(re.search(rf"^{finding['state']} +{finding['check']} +{re.escape(finding['found'])}$", text, re.M),
                    f"not said: {finding}")
        if finding["consequence"]:
            checks.true("-> " + finding["consequence"] in lines, f"consequence: {finding}")
        if finding["mend"]:
            mend = finding["mend"] if finding["mend"].startswith("#") else "$ " + finding["mend"]
            checks.true(mend in lines, f"mend: {finding}")
    counts = {state: sum(f["state"] == state for f in found) for state in ("ok", "slow", "stops", "unknown")}
    checks.equal(lines[-1], ", ".join(f"{count} {state}" for state, count in counts.items()), "the sum")


def every_command_is_one_that_a_shell_takes(checks):
    mends = {finding["mend"] for number in range(len(ROWS)) for finding in examine_row(number)[1] if finding["mend"]}
    checks.true(len(mends) > 30, f"only {len(mends)} mends")
    for mend in mends:
        done = subprocess.run(["bash", "-n", "-c", mend], capture_output=True, text=True, check=False)
        checks.equal((done.returncode, done.stderr), (0, ""), f"{mend}")


def names_in_commands_are_plain(checks):
    for interface in ("eth0;reboot", "$(id)", "-x", "a b", "x" * 16):
        _, found = examine(lab.good() | {CONFIG: config(plain={"vdev": f"net_af_packet0,iface={interface}"})})
        checks.true(all(interface not in (f["mend"] or "") for f in found), f"{interface} stands in a command")


def a_wrong_command_line_is_exit_code_2(checks):
    with tempfile.TemporaryDirectory() as root:
        for words in (("-c", "/nowhere.yaml"), ("--root", "/nowhere"), ("extra",), ("--scope", "port"), ("-c",)):
            checks.equal(lab.run("--root", root, *words).returncode, 2, f"{words}")


TESTS = (
    a_good_host_has_nothing_to_mend,
    each_check_says_what_is_wrong_and_what_mends_it,
    every_check_is_seen_in_a_good_and_a_bad_form,
    without_a_configuration_the_host_alone_is_looked_at,
    the_daemons_process_tells_its_own_rights,
    people_get_the_same_as_scripts,
    every_command_is_one_that_a_shell_takes,
    names_in_commands_are_plain,
    a_wrong_command_line_is_exit_code_2,
)

if __name__ == "__main__":
    cases.run("doctor", TESTS)
