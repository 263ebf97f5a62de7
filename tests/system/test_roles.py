# SPDX-License-Identifier: BSD-3-Clause
"""Who may do what on the control socket: real users and groups, every method, and what is noted of it."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import control_lab  # noqa: E402
import edge  # noqa: E402
import rpc  # noqa: E402
import users  # noqa: E402
from control_lab import FLOW, OTHER_SECRET, SECRET, VP8  # noqa: E402
from users import NOBODY, OPERATOR, OPERATORS, OTHERS, VIEWER, VIEWERS, User  # noqa: E402

ROLES = ("viewer", "operator", "admin")
# Viewers read and hear events, operators change, admins also end it and have the file read again.
LEAST = {
    "rpc_get_methods": "viewer", "get_version": "viewer", "has_end_to_end_encryption_support": "viewer",
    "session_get": "viewer", "session_list": "viewer", "stream_get": "viewer", "stream_list": "viewer",
    "stats_get": "viewer", "stats_busiest": "viewer", "flow_explain": "viewer", "health_get": "viewer",
    "events_subscribe": "viewer", "events_unsubscribe": "viewer",
    "session_create": "operator", "session_connect": "operator", "session_set_encryption_secret": "operator",
    "session_disconnect": "operator", "session_delete": "operator", "stream_publish": "operator",
    "stream_subscribe": "operator", "stream_update": "operator", "stream_delete": "operator",
    "apply_begin": "operator", "apply_add": "operator", "apply_commit": "operator",
    "capture_get": "viewer", "capture_start": "operator", "capture_stop": "operator",
    "config_check": "operator", "drain": "operator", "log_set_level": "operator",
    "config_reload": "admin", "shutdown": "admin",
}
NO_TRANSACTION = ("apply_add", "apply_commit")  # refused to whoever may, for want of one
DAEMON_USER = User(60009, 60009)
AUDIT = re.compile(r"audit: method=(\S+) session=(\S+) stream=(\S+) uid=(\d+) pid=(\d+)(?: \w+=\S+)*? result=(\S+)")


class Lab:
    def __init__(self, daemon):
        self.daemon = daemon

    def client(self, user):
        return users.Client(self.daemon.socket_path, user)

    def audits(self):
        """(method, session, stream, uid, pid, result) of each change in the log."""
        return [(method, session, stream, int(uid), int(pid), result) for method, session, stream, uid, pid, result
                in AUDIT.findall(self.daemon.log())]

    def reset(self):
        """Two sessions and a stream for whoever has something to do with them."""
        client = control_lab.Fixture(self.daemon).fresh()
        client.call("session_create", session_id="connected", e2ee=True)
        client.call("session_connect", session_id="connected", base_key="11" * 32)
        client.call("stream_publish", session_id="connected", stream_id="stream", link="edge0", flow=FLOW,
                    payload_types=VP8)
        client.call("session_create", session_id="created", e2ee=True)
        return client


def parameters(method):
    """With which the method works for whoever may, after Lab.reset()."""
    connected, stream = {"session_id": "connected"}, {"stream_id": "stream"}
    new_stream = connected | {"link": "edge0", "payload_types": VP8, "flow": FLOW | {"dst_port": 20001}}
    return {
        "session_get": connected, "session_create": {"session_id": "made"},
        "session_connect": {"session_id": "created", "base_key": "22" * 32},
        "session_set_encryption_secret": connected | {"base_key": "33" * 32},
        "session_disconnect": connected, "session_delete": connected, "stream_get": stream,
        "stream_publish": new_stream, "stream_subscribe": new_stream,
        "stream_update": stream | {"payload_types": VP8}, "stream_delete": stream,
        "capture_start": stream | {"when": "after"}, "flow_explain": {"flow": FLOW}, "log_set_level": {"level": "info"}, "drain": {"cancel": True},
        "apply_begin": {"dry_run": True}, "apply_add": {"txn": "none"}, "apply_commit": {"txn": "none"},
    }.get(method, {})


def outcome_of(client, method, **params):
    try:
        client.call(method, **params)
    except rpc.RpcError as error:
        return error.reason
    except BrokenPipeError:  # closed already: why was said before
        return client.read_document()["error"]["data"]["reason"]
    return "ok"


def methods_of(client):
    return {one["name"]: one["role"] for one in client.call("rpc_get_methods")["methods"]}


def check_role(checks, lab, user, role):
    """Each method but shutdown, by this user."""
    users.check_possible()
    for method in methods_of(lab.daemon.client()):
        if method == "shutdown" and role == "admin":
            continue
        before = control_lab.snapshot(lab.reset())
        with lab.client(user) as client:
            outcome = outcome_of(client, method, **parameters(method))
            if ROLES.index(role) < ROLES.index(LEAST[method]):
                checks.equal(outcome, "denied", f"{method} as {role}")
                checks.equal(control_lab.snapshot(lab.daemon.client()), before, f"the state after {method} as {role}")
            elif method in NO_TRANSACTION:
                checks.true(outcome not in ("ok", "denied"), f"{method} as {role}: {outcome}")
            else:
                checks.equal(outcome, "ok", f"{method} as {role}")
            checks.equal(outcome_of(client, "get_version"), "ok", f"another call after {method} as {role}")


def every_method_has_its_role(checks, lab):
    listed = methods_of(lab.daemon.client())
    unknown = sorted(listed.keys() - LEAST.keys())
    checks.equal(unknown, [], "methods whose role this test does not know")
    checks.equal(listed, {name: LEAST.get(name) for name in listed}, "roles as rpc_get_methods gives them")


def viewers_read_and_change_nothing(checks, lab):
    check_role(checks, lab, VIEWER, "viewer")


def operators_change_and_do_not_end_it(checks, lab):
    check_role(checks, lab, OPERATOR, "operator")


def root_does_everything(checks, lab):
    check_role(checks, lab, User(0, 0), "admin")


def viewers_hear_events(checks, lab):
    users.check_possible()
    with lab.client(VIEWER) as client:
        client.call("events_subscribe", types=["secret_staged"])
        lab.reset()
        event = client.wait_event("secret_staged")
        checks.equal(event and event["session_id"], "connected", "the session of the event heard")


def role_of(lab, user):
    """By what is refused."""
    with lab.client(user) as client:
        if outcome_of(client, "get_version") == "denied":
            return None
        if outcome_of(client, "session_delete", session_id="none") == "denied":
            return "viewer"
        return "operator"


def membership_counts_however_it_is_had(checks, lab):
    users.check_possible()
    many = tuple(range(62000, 62200))
    rows = (
        ("the operators' as a further group", User(60010, 60010, (OPERATORS,)), "operator"),
        ("the operators' as the only group", User(60010, OPERATORS), "operator"),
        ("the last of 200 groups", User(60010, 60010, many + (OPERATORS,)), "operator"),
        ("the first of 200 groups", User(60010, 60010, (OPERATORS - 1000,) + many + (VIEWERS,)), "viewer"),
        ("the viewers' as a further group", User(60010, 60010, (VIEWERS,)), "viewer"),
        ("the viewers' as the only group", User(60010, VIEWERS), "viewer"),
        ("both", User(60010, VIEWERS, (OPERATORS,)), "operator"),
        ("both, the other way", User(60010, OPERATORS, (VIEWERS,)), "operator"),
    )
    for what, user, expected in rows:
        checks.equal(role_of(lab, user), expected, what)


def anyone_else_is_denied_and_closed(checks, lab):
    users.check_possible()
    # A user's number that is a group's makes nobody its member.
    for user in (NOBODY, User(60010, 60010, (OTHERS,)), User(60010, OTHERS), User(OPERATORS, 60010)):
        before = len(lab.daemon.log())
        with lab.client(user) as client:
            reply = client.read_document()
            checks.equal((reply["id"], reply["error"]["code"], reply["error"]["data"]["reason"],
                          reply["error"]["data"]["retryable"]), (None, 6117, "denied", False), f"{user}")
            checks.equal(client.read_document(), None, f"after that, {user}")
            noted = f"audit: denied uid={user.uid} pid={client.pid}\n"
            checks.equal(lab.daemon.log()[before:].count(noted), 1, f"{noted.strip()!r} in the log")


def each_change_is_noted_with_who_made_it_and_each_that_was_refused(checks, lab):
    users.check_possible()
    changing = [name for name in methods_of(lab.daemon.client()) if LEAST[name] != "viewer"]
    for user in (OPERATOR, VIEWER):
        for method in changing:
            lab.reset()
            before, params = len(lab.audits()), parameters(method)
            with lab.client(user) as client:
                outcome = outcome_of(client, method, **params)
                mine = [line for line in lab.audits()[before:] if line[4] == client.pid]
                session = params.get("session_id", "-")
                stream = params.get("stream_id", "-")
                if method == "stream_delete" and outcome == "ok":
                    session = "connected"
                checks.equal([(line[0], line[3], line[5]) for line in mine], [(method, user.uid, outcome)],
                             f"noted of {method} by {user.uid}")
                if method not in ("stream_publish", "stream_subscribe", "stream_update"):
                    checks.equal([line[1:3] for line in mine], [(session, stream)], f"noted of {method}: what of")
    with lab.client(OPERATOR) as client:
        before = len(lab.audits())
        for method in sorted(methods_of(client).keys() - set(changing)):
            outcome_of(client, method, **parameters(method))
        outcome_of(client, "session_delete", session_id="none")
        checks.equal([(line[0], line[1], line[5]) for line in lab.audits()[before:]],
                     [("session_delete", "none", "unknown_session")], "noted of reading, and of a change in vain")


def no_secret_is_noted_whoever_gives_it(checks, lab):
    users.check_possible()
    secrets = (SECRET, OTHER_SECRET, "5e" * 32, "s3cr3t")
    for user in (OPERATOR, VIEWER):
        lab.reset()
        with lab.client(user) as client:
            for method in ("session_connect", "session_set_encryption_secret", "session_create", "secret_" + SECRET):
                for params in ({"encryption_secret": SECRET}, {"base_key": secrets[2]},
                               {"encryption_secret": OTHER_SECRET, "base_key": secrets[2]},
                               {"encryption_secret": secrets[3]}, {SECRET: OTHER_SECRET}):
                    outcome_of(client, method, session_id="created", **params)
            for line in (f'{{"jsonrpc":"2.0","id":1,"method":"session_connect","encryption_secret":"{SECRET}"}}',
                         f'{{"jsonrpc":"2.0","id":"{SECRET}","method":"session_delete"}}',
                         f'{{"jsonrpc":"2.0","id":"{SECRET}', f"{SECRET}", f'["{SECRET}"]'):
                control_lab.raw(client, line.encode())
    checks.true("session_connect" in lab.daemon.log(), "the log names no change")
    for secret in secrets:
        checks.true(secret not in lab.daemon.log(), f"{secret!r} in the log")


def the_daemons_own_user_is_an_admin(checks, lab):
    """A daemon of an ordinary user: root and that user end it, a member of root's group does not."""
    users.check_possible()
    directory = lab.daemon.directory.parent / "ordinary"
    prefix = ["setpriv", "--reuid", str(DAEMON_USER.uid), "--regid", str(DAEMON_USER.gid), "--clear-groups"]
    users.make_open(directory, DAEMON_USER)
    daemon = edge.Edge(directory, users.quiet_links(), prefix=prefix, lock_keys="no", daemon=users.daemon_in(directory))
    with daemon:
        owner = pathlib.Path(f"/proc/{daemon.process.pid}").stat().st_uid
        checks.equal(owner, DAEMON_USER.uid, "the daemon's user")
        for user, denied in ((DAEMON_USER, False), (User(DAEMON_USER.uid, NOBODY.gid), False),
                             (User(60010, 0), True), (User(60010, DAEMON_USER.gid), True), (NOBODY, True)):
            with users.Client(daemon.socket_path, user) as client:
                checks.equal(outcome_of(client, "session_delete", session_id="none"),
                             "denied" if denied else "unknown_session", f"{user}")
        with users.Client(daemon.socket_path, DAEMON_USER) as client:
            checks.equal(outcome_of(client, "shutdown"), "ok", "shutdown by the daemon's user")
        checks.equal(daemon.process.wait(30), 0, "its exit code")


def an_admin_ends_it(checks, lab):
    users.check_possible()
    with lab.client(User(0, 0, (VIEWERS,))) as client:
        checks.equal(outcome_of(client, "shutdown"), "ok", "shutdown by root")
    checks.equal(lab.daemon.process.wait(30), 0, "exit code")
    checks.true(not lab.daemon.socket_path.exists(), "the socket is still there")


TESTS = (
    every_method_has_its_role,
    viewers_read_and_change_nothing,
    operators_change_and_do_not_end_it,
    root_does_everything,
    viewers_hear_events,
    membership_counts_however_it_is_had,
    anyone_else_is_denied_and_closed,
    each_change_is_noted_with_who_made_it_and_each_that_was_refused,
    no_secret_is_noted_whoever_gives_it,
    the_daemons_own_user_is_an_admin,
    an_admin_ends_it,
)


if __name__ == "__main__":
    with users.laboratory() as laboratory:
        cases.run("test_roles", TESTS, Lab(laboratory))
