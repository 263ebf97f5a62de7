# SPDX-License-Identifier: BSD-3-Clause
"""What clients and users cannot do to others, and what becomes of the socket's path: a dead daemon's socket is
replaced; a live one, and whatever is no socket, is left alone."""

import collections
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
import cases  # noqa: E402
import control_lab  # noqa: E402
import edge  # noqa: E402
import rpc  # noqa: E402
import users  # noqa: E402
from users import OPERATOR, VIEWER, User  # noqa: E402

REQUEST_BYTES, DEPTH, CLIENTS, VIEWERS = 65536, 16, 64, 48
PER_SECOND, AT_ONCE = 50, 300  # requests
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


def is_served(fixture, user=User(0, 0)):
    """Whether a newcomer is, once the daemon has seen that another has left."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with users.Client(fixture.daemon.socket_path, user) as newcomer, contextlib.suppress(rpc.RpcError, OSError):
            return bool(instance_of(newcomer))
    return False


def refusal_of(client):
    """The reason that a client is told which is turned away."""
    return client.read_document()["error"]["data"]["reason"]


def viewers_leave_room_for_those_who_act(checks, fixture):
    users.check_possible()
    path, others = fixture.daemon.socket_path, VIEWER._replace(uid=VIEWER.uid + 1)
    with contextlib.ExitStack() as stack:
        watching = [stack.enter_context(users.Client(path, (VIEWER, others)[number % 2]))
                    for number in range(VIEWERS)]
        instances = {instance_of(client) for client in watching}
        checks.equal(len(instances), 1, f"answers to {VIEWERS} viewers")
        for user in (VIEWER, others):
            checks.equal(refusal_of(stack.enter_context(users.Client(path, user))), "no_capacity", f"{user}, one more")
        acting = [stack.enter_context(users.Client(path, OPERATOR)) for _ in range(CLIENTS - VIEWERS)]
        checks.equal({instance_of(client) for client in acting + watching}, instances,
                     f"answers to {CLIENTS - VIEWERS} operators beside them")
        checks.equal(refusal_of(stack.enter_context(users.Client(path, OPERATOR))), "no_capacity",
                     "one operator more")
        acting[0].close()
        checks.true(is_served(fixture, OPERATOR), "nobody is served in the place of an operator that has left")
        checks.equal(refusal_of(stack.enter_context(users.Client(path, VIEWER))), "no_capacity",
                     "a viewer in an operator's place")
        watching[0].close()
        checks.true(is_served(fixture, VIEWER), "nobody is served in the place of a viewer that has left")


# ---- requests ---------------------------------------------------------------------------------


def ask_at_once(*clients):
    """AT_ONCE changes in vain by each, none waiting for another: how each was refused."""
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "session_delete", "params": {"session_id": "none"}})
    for client in clients:
        client.send_bytes((line + "\n").encode() * AT_ONCE)
    errors = [client.read_reply()["error"] for client in clients for _ in range(AT_ONCE)]
    return collections.Counter((error["data"]["reason"], error["code"], error["data"]["retryable"])
                               for error in errors)


ANSWERED, LIMITED = ("unknown_session", 6105, False), ("rate_limited", 6116, True)


def a_user_asks_so_often_and_no_other_is_kept_waiting(checks, fixture):
    users.check_possible()
    directory = fixture.daemon.directory.parent / "slow"
    with users.knowing_groups(directory, requests_per_second=PER_SECOND) as daemon:
        path, other_user = daemon.socket_path, OPERATOR._replace(uid=OPERATOR.uid + 10)
        with users.Client(path, OPERATOR) as one, users.Client(path, OPERATOR) as two, \
                users.Client(path, other_user) as other:
            began = time.monotonic()
            counted = ask_at_once(one, two)
            most = PER_SECOND * (2 + time.monotonic() - began)
            checks.equal(counted.keys(), {ANSWERED, LIMITED}, "how requests were answered")
            checks.true(PER_SECOND <= counted[ANSWERED] <= most,
                        f"{counted[ANSWERED]} answered of one user, over both connections")
            checks.equal(daemon.log().count("method=session_delete"), counted[ANSWERED],
                         "changes noted: those that had their turn")
            checks.true(instance_of(other), "another user meanwhile")
            checks.true(PER_SECOND - 1 <= ask_at_once(other)[ANSWERED], "the other user's turn is not its own")
            checks.true(is_in_turn(one), "the first user has no turn any more")


def is_in_turn(client):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(rpc.RpcError):
            return bool(instance_of(client))
        time.sleep(0.01)
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


def nested(depth, opening=b"[", closing=b"]"):
    """A request whose innermost value is that deep: the request itself is 1, its parameters 2."""
    inner = depth - 2
    return (b'{"jsonrpc":"2.0","id":1,"method":"get_version","params":{"x":' + opening * inner + b"1"
            + closing * inner + b"}}")


def a_request_nests_at_most_16_deep(checks, fixture):
    with fixture.daemon.client() as client:
        for what, parts in (("lists", (b"[", b"]")), ("objects", (b'{"y":', b"}"))):
            checks.equal(control_lab.raw(client, nested(DEPTH, *parts)), (-32602, "invalid_params"),
                         f"{DEPTH} deep, {what}")
            for depth in (DEPTH + 1, 1000, 9000):
                checks.equal(control_lab.raw(client, nested(depth, *parts)), (-32700, "parse_error"),
                             f"{depth} deep, {what}")
        for text in (b"[" * 1000, b'\\"' + b"{" * 1000, b"\\\\" * 10 + b"]}" * 100):
            line = b'{"jsonrpc":"2.0","id":1,"method":"get_version","params":{"x":"' + text + b'"}}'
            checks.equal(control_lab.raw(client, line), (-32602, "invalid_params"), f"brackets in a text: {text[:8]}")
        checks.true(instance_of(client), "the call after all this")


# ---- the socket's path --------------------------------------------------------------------------


def start_another(fixture, name):
    """Runs a second daemon with the first one's socket, as if by mistake, to its end: (exit code, log)."""
    other = edge.Edge(fixture.daemon.directory / name, users.quiet_links(),
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
    successor = edge.Edge(fixture.daemon.directory / "successor", users.quiet_links(),
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
    viewers_leave_room_for_those_who_act,
    a_user_asks_so_often_and_no_other_is_kept_waiting,
    a_request_is_64_kib_at_most,
    a_request_nests_at_most_16_deep,
    a_live_socket_is_not_stolen,
    a_killed_daemons_socket_is_replaced,
    what_is_no_socket_is_left_alone,
    a_daemon_that_ends_leaves_its_successors_socket_alone,
)

if __name__ == "__main__":
    with users.laboratory() as laboratory:
        cases.run("test_limits", TESTS, control_lab.Fixture(laboratory))
