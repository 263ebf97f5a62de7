# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own tool reads a running daemon's sums, which are those of the control socket."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import users  # noqa: E402
from frames import Flow  # noqa: E402

TOOL = "dpdk-telemetry.py"
SECONDS = 20  # that a worker may be without its CPU
SOCKET = "dpdk/rte/dpdk_telemetry.v2"
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
NAMED = Flow("203.0.113.10", 40000, "198.51.100.20", 20000)
NAMELESS = NAMED._replace(dst_port=20001)
OUTSIDE = NAMED._replace(dst_port=53)
SECRET = "correct horse battery staple"
NULLS = [edge.link("edge0", {"vdev": "net_null0,no-rx=1"}, {"vdev": "net_null1,no-rx=1"}, RANGES)]
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


class Beside(edge.Edge):
    """A daemon whose run-time files lie where another's do."""

    def __init__(self, directory, links, variables, **settings):
        super().__init__(directory, links, **settings)
        self.variables = variables

    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if name not in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR")}
        return kept | self.variables


def ask(daemon, *commands, instance=0, prefix=()):
    """What the tool prints for each command, in order."""
    done = subprocess.run([*prefix, TOOL, "-i", str(instance)], input="".join(f"{c}\n" for c in commands),
                          env=daemon.environment(), capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{TOOL}: {done.stdout}{done.stderr}")
    return [json.loads(line)[command] for line, command in zip(done.stdout.splitlines(), commands, strict=True)]


def rtp(flow, sequence):
    return frames.udp_frame(flow, frames.rtp(96, sequence, 1000, 0x01020304, b"\x10" + bytes(40)))


def sums_and_drops_are_those_of_stats_get(checks, daemon, _):
    daemon.call("session_create", session_id="s", e2ee=True)
    daemon.call("session_connect", session_id="s", encryption_secret=SECRET)
    daemon.call("stream_publish", session_id="s", link="edge0", payload_types={"96": {"codec": "VP8"}},
                flow={"dst_ip": NAMED.dst, "dst_port": NAMED.dst_port})
    side = path_lab.Side(daemon, "seal", "plain-far", "sealed-far")
    sent = [rtp(NAMED, n) for n in range(7)] + [rtp(NAMELESS, n) for n in range(3)] + [rtp(OUTSIDE, 1)] * 2
    _, moved = side.send(*sent)
    checks.equal(moved, {"sealed": 7, "no_stream": 3, "bridged": 2}, "what was sent")
    stats, drops = ask(daemon, "/rtpseal/stats", "/rtpseal/drops")
    own = daemon.call("stats_get")
    for direction in ("seal", "open"):
        expected = dict(own[direction])
        checks.equal(drops[direction], expected.pop("drops"), f"{direction}: drops")
        checks.equal(stats[direction], expected, f"{direction}: the rest")
    checks.equal(stats["seal"]["passes"]["sealed"], 7, "sealed")
    checks.equal(drops["seal"]["no_stream"], 3, "no_stream")
    checks.equal(ask(daemon, "/rtpseal/workers")[0]["worker_0"]["senders"], 1, "senders")


def workers_say_their_cpus_and_turn(checks, daemon, _):
    first = ask(daemon, "/rtpseal/workers")[0]
    checks.equal({name: worker["cpu"] for name, worker in first.items()}, {"worker_0": daemon.config["cpus"][0]},
                 "workers")
    for counter in ("turns", "idle_cycles"):
        end = time.monotonic() + SECONDS
        now = first
        while now["worker_0"][counter] == first["worker_0"][counter] and time.monotonic() < end:
            now = ask(daemon, "/rtpseal/workers")[0]
        checks.true(now["worker_0"][counter] > first["worker_0"][counter], f"{counter} stands still")


def the_commands_are_listed_with_help(checks, daemon, _):
    names = ("/rtpseal/drops", "/rtpseal/stats", "/rtpseal/workers")
    listed = ask(daemon, "/")[0]
    checks.equal([name for name in listed if name.startswith("/rtpseal/")], list(names), "the list")
    for name in names:
        done = subprocess.run([TOOL], input=f"/help,{name}\n", env=daemon.environment(), capture_output=True,
                              text=True, timeout=30, check=True)
        checks.true("Takes no parameters" in done.stdout, f"{name}: {done.stdout}")


def nothing_is_said_of_a_session_or_a_stream(checks, daemon, _):
    daemon.call("session_create", session_id="a-name-to-find")
    commands = ask(daemon, "/")[0]
    for command, answer in zip(commands, ask(daemon, *commands)):
        for text in ("a-name-to-find", SECRET, NAMED.dst):
            checks.true(text not in json.dumps(answer), f"{command} says {text}")
    daemon.call("session_delete", session_id="a-name-to-find")


def its_threads_keep_off_the_workers_cpu(checks, daemon, _):
    if len(edge.cpus()) < 2:
        raise cases.Skip("one CPU only")
    names = []
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        names.append(name)
        if not name.startswith("rte-worker"):
            allowed = os.sched_getaffinity(int(task.name))
            checks.true(daemon.config["cpus"][0] not in allowed, f"{name} may run on {allowed}")
    checks.true(any(name.startswith("telemetry") for name in names), f"no telemetry among {names}")


def others_cannot_ask(checks, daemon, _):
    if os.geteuid() != 0 or subprocess.run([*AS_NOBODY, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        raise cases.Skip("needs root, to be someone else")
    done = subprocess.run([*AS_NOBODY, TOOL], input="/rtpseal/stats\n", env=daemon.environment(),
                          capture_output=True, text=True, timeout=30, check=False)
    checks.true("packets_in" not in done.stdout, f"nobody was told: {done.stdout}")


def two_daemons_in_one_directory_are_both_asked_and_leave_nothing_behind(checks, daemon, directory):
    with Beside(directory / "second", NULLS, daemon.environment()) as second:
        first_pid, second_pid = (ask(daemon, "/info", instance=i)[0]["pid"] for i in range(2))
        checks.equal((first_pid, second_pid), (daemon.process.pid, second.process.pid), "who answers")
        checks.equal(ask(second, "/rtpseal/stats", instance=1)[0]["seal"]["packets_in"], 0, "the second's")
    checks.equal(ask(daemon, "/info")[0]["pid"], daemon.process.pid, "who answers after the second has ended")
    sockets = sorted(path.name for path in (daemon.directory / SOCKET).parent.iterdir())
    checks.equal(sockets, ["dpdk_telemetry.v2"], "sockets after the second has ended")


def a_socket_left_by_a_crash_is_replaced(checks, daemon, directory):
    crashed = Beside(directory / "crashed", NULLS, {"RUNTIME_DIRECTORY": str(directory / "crashed")})
    crashed.start()
    crashed.kill()
    checks.true((directory / "crashed" / SOCKET).exists(), "the crash left no socket: nothing is tried here")
    with Beside(directory / "crashed", NULLS, crashed.environment()) as again:
        checks.equal(ask(again, "/info")[0]["pid"], again.process.pid, "who answers")
    checks.true(not (directory / "crashed" / SOCKET).exists(), "a socket is left behind")


def a_path_too_long_for_a_socket_is_said_and_the_daemon_runs(checks, _, directory):
    far = directory / ("far" * 30)
    far.mkdir()
    with Beside(directory / "far", NULLS, {"RUNTIME_DIRECTORY": str(far)}) as daemon:
        checks.true("telemetry" in daemon.log(), f"the log does not say so: {daemon.log()}")
        checks.true(daemon.answers(), "it does not run")


def an_ordinary_user_is_answered(checks, _, directory):
    users.check_possible()
    home = directory / "nobody"
    users.make_open(home, users.NOBODY)
    os.chmod(directory, 0o755)
    with Beside(home, NULLS, {"XDG_RUNTIME_DIR": str(home)}, prefix=AS_NOBODY, daemon=users.daemon_in(home)) as daemon:
        stats = ask(daemon, "/rtpseal/stats", prefix=AS_NOBODY)[0]
        checks.equal(stats["open"]["packets_in"], 0, "its own user")
        checks.equal((home / SOCKET).stat().st_uid, NOBODY, "whose socket")


TESTS = (
    sums_and_drops_are_those_of_stats_get,
    workers_say_their_cpus_and_turn,
    the_commands_are_listed_with_help,
    nothing_is_said_of_a_session_or_a_stream,
    its_threads_keep_off_the_workers_cpu,
    others_cannot_ask,
    two_daemons_in_one_directory_are_both_asked_and_leave_nothing_behind,
    a_socket_left_by_a_crash_is_replaced,
    a_path_too_long_for_a_socket_is_said_and_the_daemon_runs,
    an_ordinary_user_is_answered,
)


def main():
    netns.enter()
    if shutil.which(TOOL) is None:
        sys.exit(f"{TOOL} not found: scripts/setup test")
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as name:
        directory = pathlib.Path(name)
        with edge.Edge(directory / "first", links) as daemon:
            cases.run("test_telemetry", TESTS, daemon, directory)


if __name__ == "__main__":
    main()
