# SPDX-License-Identifier: BSD-3-Clause
"""The daemon as a service: rights given up on every thread, as whom it runs, and what systemd hears of it."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
import port_lab  # noqa: E402
import users  # noqa: E402

NOBODY = 65534
IPC_LOCK = 1 << 14
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             "--inh-caps=+net_raw,+net_admin,+ipc_lock", "--ambient-caps=+net_raw,+net_admin,+ipc_lock"]
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
WATCHDOG_SECONDS = 1.0  # twice in this
PATIENCE = 10
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
libc = ctypes.CDLL(None, use_errno=True)


class Service(edge.Edge):
    """A daemon whose service manager is this test."""

    def __init__(self, directory, links, **settings):
        super().__init__(directory, links, **settings)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(self.directory / "notify"))
        self.heard = []

    def environment(self):
        return super().environment() | {"NOTIFY_SOCKET": str(self.directory / "notify"),
                                        "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1e6))}

    def hear(self, seconds):
        """All that is said within so long, as lines."""
        end, lines = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            self.manager.settimeout(left)
            with contextlib.suppress(TimeoutError):
                lines += self.manager.recv(4096).decode().splitlines()
        self.heard += lines
        return lines

    def wait_for(self, line):
        end = time.monotonic() + PATIENCE
        while line not in self.hear(0.1):
            if time.monotonic() > end:
                raise RuntimeError(f"{line} was not said: {self.heard}\n{self.log()}")


def nulls():
    return [edge.link("edge0", {"vdev": "net_null0,no-rx=1"}, {"vdev": "net_null1,no-rx=1"}, RANGES)]


def threads(daemon):
    """{thread's name: {key: value} of its status}."""
    found = {}
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        found[f"{status['Name']} {task.name}"] = status
    return found


def sandboxed(daemon):
    """Builds with sanitizers have no sandbox."""
    return "seccomp=yes" in daemon.log()


def check_threads(checks, daemon, uid):
    all_threads = threads(daemon)
    checks.true(len(all_threads) > 4, f"threads: {sorted(all_threads)}")
    for name, status in all_threads.items():
        checks.equal(set(status["Uid"].split()), {str(uid)}, f"{name}: user")
        checks.equal(status["NoNewPrivs"], "1", f"{name}: may not gain rights")
        for kind in ("CapPrm", "CapEff"):
            checks.equal(int(status[kind], 16) & ~IPC_LOCK, 0, f"{name}: {kind}")
        if sandboxed(daemon):
            checks.equal(status["Seccomp"], "2", f"{name}: its system calls are filtered")


def check_works(checks, daemon):
    """A session can be made, which locks memory for its key, and what is dropped is counted."""
    with daemon.client() as client:
        client.call("session_create", session_id="rights", e2ee=True)
        client.call("session_connect", session_id="rights", base_key="5a" * 32)
        client.call("stream_publish", session_id="rights", link="edge0", payload_types={"96": {"codec": "VP8"}},
                    flow={"dst_ip": "198.51.100.20", "dst_port": 20000}, suite="AES_256_GCM_SHA512_128")
        checks.equal(client.call("session_get", session_id="rights")["keys"][0]["state"], "active", "the key")


def every_thread_has_given_up_its_rights(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, edge.Edge(directory, nulls()) as daemon:
        check_threads(checks, daemon, os.geteuid())
        check_works(checks, daemon)
        name, status = next(iter(threads(daemon).items()))
        checks.equal(int(status["CapBnd"], 16) & ~IPC_LOCK, 0, f"{name}: the bounding set")


def it_becomes_the_configured_user_and_ends_in_order(checks):
    users.check_possible()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        os.chmod(directory, 0o755)
        os.chown(directory, NOBODY, NOBODY)
        with edge.Edge(directory, nulls(), user="nobody") as daemon:
            check_threads(checks, daemon, NOBODY)
            for name, status in threads(daemon).items():
                checks.true("0" not in status["Groups"].split(), f"{name}: groups {status['Groups']}")
            check_works(checks, daemon)
            checks.equal(users.Client(daemon.socket_path, users.User(NOBODY, NOBODY)).call("health_get")["ready"], True,
                         "the daemon's own user is an admin")
        checks.true(not daemon.socket_path.exists(), "the control socket is still there")


def a_user_that_is_not_there_is_refused_with_its_name(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        try:
            with edge.Edge(directory, nulls(), user="not-a-user-of-this-host"):
                checks.fail("the daemon started")
        except RuntimeError as error:
            checks.true('user: "not-a-user-of-this-host" is not accepted' in str(error), str(error))


def named_capabilities_are_all_that_an_ordinary_user_needs(checks):
    users.check_possible()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        os.chmod(directory, 0o755)
        run = pathlib.Path(directory) / "run"
        run.mkdir()
        os.chown(run, NOBODY, NOBODY)
        kind = port_lab.KINDS["af_packet"]
        with port_lab.wires(kind), edge.Edge(run, [edge.link("edge0", *kind.ports(run), RANGES)], prefix=AS_NOBODY,
                                             daemon=users.daemon_in(directory)) as daemon:
            check_threads(checks, daemon, NOBODY)
            check_works(checks, daemon)


def without_the_sandbox_it_says_so(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, nulls(), sandbox="no") as daemon:
            checks.true("warning: rtpseald: sandbox: no" in daemon.log(), "not warned of")
            checks.equal({status["Seccomp"] for status in threads(daemon).values()}, {"0"}, "filters")
            check_threads(checks, daemon, os.geteuid())


@contextlib.contextmanager
def held(thread):
    """Stops one thread of a process, for the time of a context."""
    if libc.ptrace(PTRACE_SEIZE, thread, None, None) != 0 or libc.ptrace(PTRACE_INTERRUPT, thread, None, None) != 0:
        raise cases.Skip(f"a thread cannot be stopped here: {os.strerror(ctypes.get_errno())}")
    os.waitpid(thread, 0x40000000)  # __WALL
    try:
        yield
    finally:
        libc.ptrace(PTRACE_DETACH, thread, None, None)


def worker_of(daemon):
    return next(int(name.split()[-1]) for name in threads(daemon) if name.startswith("rte-worker"))


def systemd_hears_that_it_is_ready_lives_reloads_and_ends(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, Service(directory, nulls()) as daemon:
        daemon.wait_for("READY=1")
        checks.true("WATCHDOG=1" in daemon.hear(2 * WATCHDOG_SECONDS), "the watchdog was not fed")
        daemon.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while "READY=1" not in daemon.heard[-2:] or "RELOADING=1" not in daemon.heard:
            daemon.hear(0.1)
            if time.monotonic() > end:
                checks.fail(f"no reload was told: {daemon.heard}")
                break
        checks.equal(daemon.stop(), 0, "exit code")
        checks.true("STOPPING=1" in daemon.hear(0.2), f"the end was not told: {daemon.heard}")


def the_watchdog_is_fed_only_while_all_workers_move(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, Service(directory, nulls()) as daemon:
        daemon.wait_for("WATCHDOG=1")
        with held(worker_of(daemon)):
            daemon.hear(2)  # a worker hangs when it has not moved for a second
            told = daemon.hear(2 * WATCHDOG_SECONDS)
            checks.true("WATCHDOG=1" not in told, "fed while a worker hangs")
            checks.true("STATUS=worker 0 hangs: the watchdog is not fed" in told, f"not said why: {told}")
            checks.equal(daemon.call("health_get")["ready"], False, "ready")
        daemon.hear(1.5)
        checks.true("WATCHDOG=1" in daemon.hear(2 * WATCHDOG_SECONDS), "not fed any more though all move")


TESTS = (
    every_thread_has_given_up_its_rights,
    it_becomes_the_configured_user_and_ends_in_order,
    a_user_that_is_not_there_is_refused_with_its_name,
    named_capabilities_are_all_that_an_ordinary_user_needs,
    without_the_sandbox_it_says_so,
    systemd_hears_that_it_is_ready_lives_reloads_and_ends,
    the_watchdog_is_fed_only_while_all_workers_move,
)


if __name__ == "__main__":
    netns.enter()
    cases.run("test_service", TESTS)
