# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl doctor on this host: what it says stops the daemon does, what it says mends does."""

import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import control_lab  # noqa: E402
import doctor_lab as lab  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402

AF_PACKET = (edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"))
SMALL_RINGS = ({"vdev": "net_af_packet0,iface=plain"}, {"vdev": "net_af_packet1,iface=sealed"})
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
HUGEPAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")


def lacking(*capabilities):
    """The prefix of a command that is to run without these."""
    words = ",".join(f"-{name}" for name in capabilities)
    return ("setpriv", f"--bounding-set={words}", f"--inh-caps={words}")


class Daemon(edge.Edge):
    """A daemon that need not start."""

    def __init__(self, directory, ports=AF_PACKET, prefix=(), **settings):
        super().__init__(directory, [edge.link("edge0", *ports, control_lab.RANGES)], prefix=prefix, **settings)
        self.config_path.write_text(json.dumps(self.config))

    def starts(self):
        try:
            with self:
                return True
        except RuntimeError:
            return False

    def examined(self):
        """What the doctor says with the same rights."""
        code, found = lab.findings("-c", str(self.config_path), prefix=self.prefix)
        return code, found


def check_mend(checks, daemon, check, before="slow", after="ok"):
    """The check's findings are as said before their mends are run by a shell, and after."""
    found = lab.of(daemon.examined()[1], check)
    checks.equal({finding["state"] for finding in found}, {before}, f"{check} before: {found}")
    for finding in found:
        done = subprocess.run(["bash", "-c", finding["mend"]], capture_output=True, text=True, check=False)
        checks.equal((done.returncode, done.stderr), (0, ""), f"{finding['mend']}")
    found = lab.of(daemon.examined()[1], check)
    checks.equal({finding["state"] for finding in found}, {after}, f"{check} after: {found}")


def it_runs_on_this_host_with_and_without_root(checks, directory):
    for words, prefix in (((), ()), ((), NOBODY)):
        done = lab.run("--json", *words, prefix=prefix)
        checks.true(done.returncode in (0, 1) and done.stderr == "", f"{prefix}: {done}")
        found = json.loads(done.stdout)
        checks.equal(done.returncode, int(any(f["state"] == "stops" for f in found)), f"{prefix}: exit code")
        flags = pathlib.Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split()
        expected = "stops" if "aes" not in flags else "ok" if "vaes" in flags and "sha_ni" in flags else "slow"
        checks.equal(lab.state(found, "cpu"), expected, f"{prefix}: the CPU")
        checks.true(os.uname().release in lab.of(found, "kernel")[0]["found"], f"{prefix}: the kernel")


def a_configuration_that_may_not_be_read_is_unknown(checks, directory):
    daemon = Daemon(directory)
    daemon.config_path.chmod(0o600)
    daemon.directory.chmod(0o755)
    code, found = lab.findings("-c", str(daemon.config_path), prefix=NOBODY)
    checks.equal((code, lab.state(found, "configuration")), (0, "unknown"), f"{lab.of(found, 'configuration')}")
    checks.true("sudo" in lab.of(found, "configuration")[0]["mend"], "what mends it")


def a_configuration_is_judged_by_the_daemon(checks, directory):
    good, bad = Daemon(directory / "good"), Daemon(directory / "bad", e2ee={"grace_ms": 1000})
    checks.equal(lab.state(good.examined()[1], "configuration"), "ok", "a good one")
    code, found = bad.examined()
    checks.equal((code, lab.state(found, "configuration")), (1, "stops"), "a bad one")
    checks.true("e2ee.grace_ms" in lab.of(found, "configuration")[0]["found"], f"{lab.of(found, 'configuration')}")


def yaml_that_only_the_daemon_reads_is_not_called_wrong(checks, directory):
    daemon = Daemon(directory)
    daemon.config_path.write_text(daemon.config_path.read_text().replace('"cpus": [', '"cpus": &first ['))
    accepted = subprocess.run([edge.DAEMON, "--check-config", "-c", daemon.config_path], capture_output=True, check=False)
    expected = "unknown" if accepted.returncode == 0 else "stops"
    checks.equal(lab.state(daemon.examined()[1], "configuration"), expected, "with an anchor")


def what_stops_a_daemon_is_said_and_else_it_starts(checks, directory):
    rows = (
        ("all rights", AF_PACKET, (), {}, None),
        ("no CAP_NET_RAW", AF_PACKET, lacking("net_raw"), {}, "capabilities"),
        ("no CAP_NET_ADMIN", AF_PACKET, lacking("net_admin"), {}, "capabilities"),
        ("no CAP_SYS_ADMIN", AF_PACKET, lacking("sys_admin"), {}, None),
        ("pcap, no CAP_NET_ADMIN", (edge.pcap(0, "plain"), edge.pcap(1, "sealed")), lacking("net_admin"), {}, None),
        ("pcap, no CAP_NET_RAW", (edge.pcap(0, "plain"), edge.pcap(1, "sealed")), lacking("net_raw"), {}, "capabilities"),
        ("tap, no CAP_NET_RAW", ({"vdev": "net_tap0"}, {"vdev": "net_tap1"}), lacking("net_raw"), {}, None),
        ("tap, no CAP_NET_ADMIN", ({"vdev": "net_tap0"}, {"vdev": "net_tap1"}), lacking("net_admin"), {}, "capabilities"),
        ("no interface", (edge.af_packet(0, "nowhere"), AF_PACKET[1]), (), {}, "interfaces"),
        ("no driver", ({"vdev": "net_nonsense0"}, AF_PACKET[1]), (), {}, "drivers"),
        ("a CPU that is not ours", AF_PACKET, ("taskset", "-c", str(edge.cpus()[0])), {"cpus": [edge.cpus()[-1]]}, "cpus"),
        ("hugepages", AF_PACKET, (), {"memory": {"mb": 1000, "hugepages": "required"}}, "hugepages"),
    )
    for number, (name, ports, prefix, settings, stopped_by) in enumerate(rows):
        if "taskset" in prefix and (shutil.which("taskset") is None or len(edge.cpus()) < 2):
            continue
        daemon = Daemon(directory / str(number), ports, prefix, **settings)
        code, found = daemon.examined()
        stops = {finding["check"] for finding in found if finding["state"] == "stops"}
        checks.equal((stops, code), ({stopped_by} if stopped_by else set(), int(bool(stopped_by))), f"{name}: what stops it")
        checks.equal(daemon.starts(), not stopped_by, f"{name}: whether it starts")


def the_limit_of_locked_memory_is_where_it_says(checks, directory):
    prefix = lacking("ipc_lock")
    settings = {"ports": SMALL_RINGS, "limits": {"sessions": 64, "streams": 256, "senders": 2000}}
    found = lab.of(Daemon(directory / "0", prefix=("prlimit", "--memlock=65536", *prefix), **settings).examined()[1], "memlock")
    start, most = (int(number) for number in re.search(r"starts with (\d+) and needs (\d+) at most", found[0]["found"]).groups())
    checks.true(2000 < start < most, f"what is needed: {found}")
    for number, (kib, state) in enumerate(((start, "slow"), (start * 3 // 4, "stops")), 1):
        daemon = Daemon(directory / str(number), prefix=("prlimit", f"--memlock={kib * 1024}", *prefix), **settings)
        checks.equal(lab.state(daemon.examined()[1], "memlock"), state, f"{kib} KiB")
        checks.equal(daemon.starts(), state != "stops", f"whether it starts with {kib} KiB")


def a_running_daemon_is_found_by_its_configuration(checks, directory):
    directory.chmod(0o755)
    with Daemon(directory, prefix=lacking("sys_admin")) as daemon:
        _, found = daemon.examined()
        checks.true(f"(process {daemon.process.pid})" in lab.of(found, "capabilities")[0]["found"],
                    f"{lab.of(found, 'capabilities')}")
        checks.equal(lab.of(found, "socket")[0]["found"], f"a daemon listens on {daemon.socket_path}", "the socket")
    checks.true("(process" not in lab.of(daemon.examined()[1], "capabilities")[0]["found"], "after its end")


def interfaces_and_mtu_are_mended(checks, directory):
    daemon = Daemon(directory)
    netns.ip("link", "set", "sealed", "down")
    check_mend(checks, daemon, "interfaces", before="stops")
    for name in ("sealed", "sealed-far"):
        netns.ip("link", "set", name, "mtu", "1500")
    check_mend(checks, daemon, "mtu")
    for name in ("sealed", "sealed-far"):
        checks.equal(pathlib.Path(f"/proc/sys/net/ipv6/conf/{name}/mtu").read_text().strip(), "1528", f"MTU of {name}")


def checksums_are_mended(checks, directory):
    if shutil.which("ethtool") is None:
        raise cases.Skip("ethtool is not installed: scripts/setup test")
    daemon = Daemon(directory)
    for name in ("plain-far", "sealed-far"):
        subprocess.run(["ethtool", "-K", name, "tx", "on"], check=True, capture_output=True)
    check_mend(checks, daemon, "offloads")
    shown = subprocess.run(["ethtool", "-k", "plain-far"], check=True, capture_output=True, text=True).stdout
    checks.true("tx-checksumming: off" in shown, shown)


def the_other_end_in_another_namespace_is_not_guessed(checks, directory):
    netns.ip("link", "add", "dev", "near", "type", "veth", "peer", "name", "far")
    netns.ip("link", "set", "near", "up")
    other = netns.Host()
    try:
        other.take("far")
        daemon = Daemon(directory, (edge.af_packet(0, "near"), AF_PACKET[1]))
        found = [f for f in lab.of(daemon.examined()[1], "offloads") if "near" in f["found"]]
        checks.equal([f["state"] for f in found], ["unknown"], f"{found}")
        checks.true(found and "another network namespace" in found[0]["found"], f"{found}")
    finally:
        netns.ip("link", "delete", "near")
        other.close()


def large_frames_are_mended_as_it_says(checks, directory):
    for name in ("plain", "plain-far", "sealed", "sealed-far"):
        netns.ip("link", "set", name, "mtu", "9028" if name.startswith("sealed") else "9000")
    try:
        found = lab.of(Daemon(directory / "0", SMALL_RINGS).examined()[1], "mtu")
        checks.equal([f["state"] for f in found], ["slow", "slow"], f"{found}")
        arguments = [f["mend"].split("append ")[1].split(" ")[0] for f in found]
        ports = [{"vdev": port["vdev"] + more} for port, more in zip(SMALL_RINGS, arguments)]
        daemon = Daemon(directory / "1", ports)
        checks.equal(lab.state(daemon.examined()[1], "mtu"), "ok", f"with {arguments}")
        with daemon:
            mtus = [port["mtu"] for port in daemon.call("stats_get", scope="port")["ports"]]
            checks.equal(mtus, [9000, 9028], "what the daemon's ports carry")
    finally:
        for name in ("plain", "plain-far", "sealed", "sealed-far"):
            netns.ip("link", "set", name, "mtu", "1528" if name.startswith("sealed") else "1500")


def the_sockets_place_is_mended(checks, directory):
    daemon = Daemon(directory)
    directory.chmod(0o700)
    check_mend(checks, daemon, "socket")
    daemon.socket_path.write_text("")
    check_mend(checks, daemon, "socket", before="stops")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(daemon.socket_path))
        daemon.socket_path.chmod(0o600)
        check_mend(checks, daemon, "socket")
        checks.equal(stat.S_IMODE(daemon.socket_path.stat().st_mode), 0o666, "its mode")


def hugepages_are_mended(checks, directory):
    before = HUGEPAGES.read_text()
    daemon = Daemon(directory, memory={"mb": 64, "hugepages": "required"})
    if not os.access(HUGEPAGES, os.W_OK) or int(before) > 0 or os.geteuid() != 0:
        raise cases.Skip("hugepages are not this test's to change here")
    try:
        probe = subprocess.run(["sysctl", "-q", "vm.nr_hugepages=32"], capture_output=True, check=False)
        if probe.returncode != 0 or int(HUGEPAGES.read_text()) < 32:
            raise cases.Skip("this host does not give hugepages")
        HUGEPAGES.write_text("0")
        check_mend(checks, daemon, "hugepages", before="stops")
        with daemon:
            checks.true(daemon.call("get_version")["hugepages"], "the daemon takes them")
            found = lab.of(daemon.examined()[1], "hugepages")
            checks.equal(found[0]["found"], "the running daemon has 64 MB in hugepages", "and the doctor sees that")
    finally:
        HUGEPAGES.write_text(before)


def looking_changes_nothing(checks, directory):
    daemon = Daemon(directory)

    def state():
        shown = subprocess.run("ip -d link; cat /proc/sys/vm/nr_hugepages /proc/modules; ls -lR " + shlex.quote(str(directory)),
                               shell=True, capture_output=True, text=True, check=True)
        return shown.stdout

    before = state()
    daemon.examined()
    checks.equal(state(), before, "interfaces, hugepages, modules and files")


TESTS = (
    it_runs_on_this_host_with_and_without_root,
    a_configuration_that_may_not_be_read_is_unknown,
    a_configuration_is_judged_by_the_daemon,
    yaml_that_only_the_daemon_reads_is_not_called_wrong,
    what_stops_a_daemon_is_said_and_else_it_starts,
    the_limit_of_locked_memory_is_where_it_says,
    a_running_daemon_is_found_by_its_configuration,
    interfaces_and_mtu_are_mended,
    checksums_are_mended,
    the_other_end_in_another_namespace_is_not_guessed,
    large_frames_are_mended_as_it_says,
    the_sockets_place_is_mended,
    hugepages_are_mended,
    looking_changes_nothing,
)


def in_directory(test):
    """The test with a directory of its own."""

    def run(checks):
        with tempfile.TemporaryDirectory(prefix="rtpseal-doctor-") as directory:
            test(checks, pathlib.Path(directory))

    run.__name__ = test.__name__
    return run


if __name__ == "__main__":
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far", mtu=1528)
    cases.run("doctor_live", [in_directory(test) for test in TESTS])
