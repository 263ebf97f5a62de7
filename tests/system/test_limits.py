# SPDX-License-Identifier: BSD-3-Clause
"""What one client cannot do to the others, and what becomes of the socket's path: a dead daemon's socket is
replaced; a live one, and whatever is no socket, is left alone."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import control_lab  # noqa: E402
import edge  # noqa: E402
import rpc  # noqa: E402

REQUEST_BYTES, CLIENTS = 65536, 64
START_FAILED = 1  # the exit code
SECONDS = 30


def instance_of(client):
    return client.call("get_version")["instance"]


# ---- clients ----------------------------------------------------------------------------------


def the_65th_client_is_told_so_and_nobody_loses_a_place(checks, fixture):
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(fixture.daemon.client()) for _ in range(CLIENTS)]
        instances = {instance_of(client) for client in held}
        checks.equal(len(instances), 1, f"answers to {CLIENTS} clients")
        with fixture.daemon.client() as more:
            reply = more.read_document()
            checks.equal((reply["id"], reply["error"]["code"], reply["error"]["data"]["reason"],
                          reply["error"]["data"]["retryable"]), (None, 6115, "no_capacity", True), "one more")
            checks.equal(more.read_document(), None, "after that")
        checks.equal({instance_of(client) for client in held}, instances, "answers to those before")
        held[17].close()
        checks.true(is_served(fixture), "nobody is served in the place of one that has left")


def is_served(fixture):
    """Whether a newcomer is, once the daemon has seen that another has left."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with fixture.daemon.client() as newcomer, contextlib.suppress(rpc.RpcError, OSError):
            return bool(instance_of(newcomer))
    return False


def padded(size):
    """A request of exactly so many bytes."""
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "get_version"}).encode()
    return request[:-1] + b" " * (size - len(request)) + b"}"


def a_request_is_64_kib_at_most(checks, fixture):
    with fixture.daemon.client() as other:
        for size, accepted in ((REQUEST_BYTES - 1, True), (REQUEST_BYTES, True), (REQUEST_BYTES + 1, False)):
            with fixture.daemon.client() as client:
                reply = control_lab.raw(client, padded(size))
                if accepted:
                    checks.true("result" in reply, f"{size} bytes: {reply}")
                    checks.true(instance_of(client), f"the call after {size} bytes")
                else:
                    checks.equal(reply, (-32600, "request_too_large"), f"{size} bytes")
                    checks.equal(client.read_document(), None, f"after {size} bytes")
        checks.true(instance_of(other), "another client meanwhile")


# ---- the socket's path --------------------------------------------------------------------------


def start_another(fixture, name):
    """Runs a second daemon with the first one's socket, as if by mistake, to its end: (exit code, log)."""
    other = edge.Edge(fixture.daemon.directory / name, [edge.link("edge0", {"vdev": "net_ring0"}, {"vdev": "net_ring1"},
                                                                   control_lab.RANGES)],
                      control={"socket": str(fixture.daemon.socket_path)})
    other.config_path.write_text(json.dumps(other.config))
    done = subprocess.run(["setpriv", "--pdeathsig", "KILL", str(other.daemon), "-c", str(other.config_path)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
                          env=other.environment(), check=False)
    return done.returncode, done.stderr


def a_live_socket_is_not_stolen(checks, fixture):
    client = fixture.connected()
    before = control_lab.snapshot(client)
    instance, inode = instance_of(client), fixture.daemon.socket_path.stat().st_ino
    code, log = start_another(fixture, "thief")
    checks.equal(code, START_FAILED, "the second daemon's exit code")
    checks.true(f"error: control socket {fixture.daemon.socket_path}: another process listens there\n" in log,
                f"it does not say why: {log}")
    checks.equal(fixture.daemon.socket_path.stat().st_ino, inode, "the socket's inode")
    checks.equal(instance_of(client), instance, "the first one's answer to who was there")
    with fixture.daemon.client() as newcomer:
        checks.equal(instance_of(newcomer), instance, "the first one's answer to who comes")
        checks.equal(control_lab.snapshot(newcomer), before, "what the first one holds")


def a_killed_daemons_socket_is_replaced(checks, fixture):
    before = instance_of(fixture.fresh())
    fixture.daemon.process.send_signal(signal.SIGKILL)
    fixture.daemon.process.wait()
    checks.true(fixture.daemon.socket_path.is_socket(), "no socket is left: nothing was tried")
    fixture.daemon.start()
    checks.true(instance_of(fixture.daemon.client()) != before, "the same instance answers")
    checks.equal(fixture.daemon.socket_path.stat().st_mode & 0o777, 0o666, "the socket's mode")


@contextlib.contextmanager
def in_the_way(fixture, make):
    """The daemon's end, and something at its socket's path; afterwards it runs again."""
    path = fixture.daemon.socket_path
    fixture.daemon.stop()
    make(path)
    try:
        yield path
    finally:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        fixture.daemon.start()


def what_is_no_socket_is_left_alone(checks, fixture):
    target = fixture.daemon.directory / "precious"
    target.write_text("precious")
    stale = fixture.daemon.directory / "stale.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(stale))
    rows = (
        ("a file", lambda path: path.write_text("precious"), lambda path: path.read_text() == "precious"),
        ("a directory", lambda path: path.mkdir(), lambda path: path.is_dir()),
        ("a FIFO", os.mkfifo, lambda path: path.is_fifo()),
        ("a symbolic link to a file", lambda path: path.symlink_to(target),
         lambda path: path.is_symlink() and target.read_text() == "precious"),
        ("a symbolic link to a dead socket", lambda path: path.symlink_to(stale),
         lambda path: path.is_symlink() and stale.is_socket()),
        ("a symbolic link to nothing", lambda path: path.symlink_to(target.with_name("nothing")),
         lambda path: path.is_symlink() and not target.with_name("nothing").exists()),
    )
    for what, make, is_there in rows:
        with in_the_way(fixture, make) as path:
            code, log = start_another(fixture, "second")
            checks.equal(code, START_FAILED, f"{what}: exit code")
            checks.true(f"error: control socket {path}: " in log, f"{what}: it does not say why: {log}")
            checks.true(is_there(path), f"{what} is not there any more, or not as it was")


def a_daemon_that_ends_leaves_its_successors_socket_alone(checks, fixture):
    """Somebody has removed the first one's socket, and started a second one at its path."""
    fixture.daemon.socket_path.unlink()
    successor = edge.Edge(fixture.daemon.directory / "successor",
                          [edge.link("edge0", {"vdev": "net_ring0"}, {"vdev": "net_ring1"}, control_lab.RANGES)],
                          control={"socket": str(fixture.daemon.socket_path)})
    successor.socket_path = fixture.daemon.socket_path
    with successor:
        instance = instance_of(successor.client())
        checks.equal(fixture.daemon.stop(), 0, "the first one's exit code")
        checks.true(successor.socket_path.is_socket(), "the second one's socket is gone")
        if successor.socket_path.is_socket():
            checks.equal(instance_of(successor.client()), instance, "who answers")
    checks.true(not successor.socket_path.exists(), "the second one's socket is left behind")
    fixture.daemon.start()


TESTS = (
    the_65th_client_is_told_so_and_nobody_loses_a_place,
    a_request_is_64_kib_at_most,
    a_live_socket_is_not_stolen,
    a_killed_daemons_socket_is_replaced,
    what_is_no_socket_is_left_alone,
    a_daemon_that_ends_leaves_its_successors_socket_alone,
)

if __name__ == "__main__":
    control_lab.run("test_limits", TESTS)
