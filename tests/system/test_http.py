# SPDX-License-Identifier: BSD-3-Clause
"""The HTTP listener of a real daemon: curl as an application server, a monitor and an abuser. Media runs
through the daemon while it is abused, and all of it must come out."""

import contextlib
import json
import pathlib
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import crowd_lab  # noqa: E402
import edge  # noqa: E402
import http_lab  # noqa: E402
import netns  # noqa: E402
import tokens  # noqa: E402
import users  # noqa: E402
from http_abuse import CLIENTS_MAX, LATE_SECONDS, Abusers, Watch  # noqa: E402
from http_lab import ALIVE, KEY, SECRET, create, curl, dial, status_of  # noqa: E402

MANY = 10000
PATIENCE_SECONDS = 10  # that the daemon has for each request


def health_is_told(checks, lab):
    answer = curl("/healthz")
    checks.equal((answer.status, answer.json()), (200, {"alive": True}), "/healthz")
    answer = curl("/readyz")
    checks.equal((answer.status, answer.json()), (200, {"ready": True, "reasons": []}), "/readyz")
    checks.true("application/json" in answer.headers, f"what it is: {answer.headers}")
    answer = curl("/metrics")
    checks.equal(answer.status, 200, "/metrics")
    checks.true("text/plain; version=0.0.4" in answer.headers and "\nrtpseal_ready 1\n" in answer.body,
                f"/metrics: {answer.headers}")
    netns.ip("link", "set", "plain-far", "down")
    try:
        answer = lab.wait_ready(False)
        checks.equal((answer.status, answer.json()),
                     (503, {"ready": False, "reasons": ["link edge0: the plain port is down"]}), "without a carrier")
        checks.equal(curl("/healthz").status, 200, "/healthz without a carrier")
    finally:
        netns.ip("link", "set", "plain-far", "up")
    checks.equal(lab.wait_ready(True).status, 200, "/readyz with a carrier again")
    lab.daemon.call("drain")
    checks.equal(curl("/readyz").json()["reasons"], ["the daemon drains"], "/readyz while it drains")
    answer = create("e2ee=true")
    checks.equal((answer.status, answer.json()["reason"]), (503, "draining"), "a session while it drains")
    lab.daemon.call("drain", cancel=True)


def a_session_made_by_curl_is_joined_and_seals(checks, lab):
    answer = create("archiveMode=manual&p2p.preference=disabled&e2ee=true")
    checks.equal(answer.status, 200, f"the answer {answer.body}")
    made = answer.json()
    checks.equal([sorted(one) for one in made],
                 [["create_dt", "media_server_url", "project_id", "session_id"]], "the members of the answer")
    with lab.daemon.client() as client:
        session = client.call("session_get", session_id=made[0]["session_id"])
        checks.equal((session["e2ee"], session["media_mode"], session["state"]), (True, "routed", "created"),
                     "the session")
        client.call("session_connect", session_id=session["session_id"], encryption_secret="correct horse")
        client.call("stream_publish", session_id=session["session_id"], link="edge0",
                    payload_types={"96": {"codec": "VP8"}},
                    flow={"dst_ip": http_lab.FLOW.dst, "dst_port": http_lab.FLOW.dst_port})
        media = http_lab.Media(1)
        media.player.wait()
        sent, came = media.stop()
        checks.true(sent and came == sent, f"of {len(sent)} packets came out {len(came)}")
        counters = client.call("session_get", session_id=session["session_id"])["seal"]
        checks.equal(counters["passes"]["sealed"], len(sent), "packets sealed")
        client.call("session_delete", session_id=session["session_id"])


def other_vendors_forms_make_sessions_too(checks, lab):
    form = "archiveMode=manual&location=null&p2p.preference=routed"
    for key, e2ee in ((KEY, False), (http_lab.ALWAYS, True)):
        session = create(form, key).json()[0]["session_id"]
        checks.equal(lab.daemon.call("session_get", session_id=session)["e2ee"], e2ee, f"e2ee of project {key}")
        lab.daemon.call("session_delete", session_id=session)


def wrong_tokens_get_one_and_the_same_403(checks, lab):
    public_key = "-----BEGIN PUBLIC KEY-----\n" + "A" * 392 + "\n-----END PUBLIC KEY-----\n"
    now = int(time.time())
    rows = {
        "none": None,
        "no token": "x",
        "alg none": tokens.of_now(KEY, SECRET, {"alg": "none", "typ": "JWT"}).rsplit(".", 1)[0] + ".",
        "alg none, signed": tokens.of_now(KEY, SECRET, {"alg": "none", "typ": "JWT"}),
        "RS256, the public key as the secret": tokens.of_now(KEY, public_key, {"alg": "RS256", "typ": "JWT"}),
        "HS256, a public key as the secret": tokens.of_now(KEY, public_key),
        "expired": tokens.of_now(KEY, SECRET, iat=now - 400, exp=now - 100),
        "of the future": tokens.of_now(KEY, SECRET, iat=now + 200, exp=now + 400),
        "for too long": tokens.of_now(KEY, SECRET, exp=now + 86400),
        "oversized": tokens.of_now(KEY, SECRET, pad="x" * 4000),
        "another secret": tokens.of_now(KEY, SECRET[::-1]),
        "an unknown project": tokens.of_now("101", SECRET),
        "no ist": tokens.of_now(KEY, SECRET, ist=None),
        "a client's": tokens.of_now(KEY, SECRET, scope="session.connect"),
    }
    before = lab.daemon.call("session_list")
    answers = {name: curl("/session/create", token=token, form="e2ee=true") for name, token in rows.items()}
    checks.equal({name: (answer.status, answer.body) for name, answer in answers.items()},
                 {name: (403, '{"code":6117,"message":"Invalid token","reason":"denied"}\n') for name in rows},
                 "the answers")
    checks.equal(lab.daemon.call("session_list"), before, "the sessions")


def broken_forms_get_400(checks, lab):
    before = lab.daemon.call("session_list")
    for form in ("e2ee=%zz", "e2ee=%", "e2ee=true%00", "e2ee=%ff", "e2ee=true&e2ee=true", "e2ee", "e2ee=yes",
                 "e2ee=true&p2p.preference=enabled", "e2ee=true&archiveMode=always"):
        checks.equal(create(form).status, 400, form)
    checks.equal(lab.daemon.call("session_list"), before, "the sessions")


def what_needs_decoded_media_is_refused(checks, lab):
    sealed, plain = (create(form).json()[0]["session_id"] for form in ("e2ee=true", "e2ee=false"))
    for resource_name in ("archive", "broadcast", "render", "connect", "dial", "captions"):
        for session, expected in ((sealed, (409, "unavailable_in_e2ee_session")), (plain, (501, "not_implemented")),
                                  ("other", (404, "unknown_session"))):
            answer = curl(f"/v2/project/{KEY}/{resource_name}", token=tokens.of_now(KEY, SECRET),
                          body={"sessionId": session, "token": "t"})
            checks.equal((answer.status, answer.json()["reason"]), expected, f"{resource_name} for {session}")
        answer = curl(f"/v2/project/{KEY}/{resource_name}", body={"sessionId": sealed})
        checks.equal(answer.status, 403, f"{resource_name} without a token")
    for session in (sealed, plain):
        lab.daemon.call("session_delete", session_id=session)


# ---- abuse ----------------------------------------------------------------------------------------


def endlessly(question, times):
    """The question for ever; notes when each was asked."""
    while True:
        times.append(time.monotonic())
        yield question


@contextlib.contextmanager
def watched(checks, lab, seconds):
    """Media runs, and the control socket is asked all the time; neither may suffer from what happens here."""
    media = lab.start_media(seconds)
    watch = Watch(lab)
    times = []
    asker = crowd_lab.Asker(lab.daemon, endlessly(("get_version", {}), times), 0.05)
    yield
    asker.stop()
    watch.stop(checks)
    # A machine that is given to others for a while makes one wait long, a loop that is kept busy makes all.
    waits = sorted(after - before for before, after in zip(times, times[1:]))
    checks.true(waits and waits[len(waits) * 9 // 10] < 1, f"the control socket was asked {len(waits)} times: {waits}")
    checks.true(asker.longest < LATE_SECONDS, f"the control socket answered after {asker.longest:.1f} s")
    lab.end_media(checks, media)
    checks.equal(curl("/healthz").status, 200, "/healthz afterwards")


def connect_one_after_the_other(count):
    """Every other one asks something; returns how often each status was the answer."""
    statuses = {}
    for number in range(count):
        with dial() as connection:
            if number % 2 == 0:
                connection.sendall(ALIVE)
                status = status_of(connection.recv(4096))
                statuses[status] = statuses.get(status, 0) + 1
    return statuses


def who_keeps_the_daemon_waiting_is_closed_and_who_does_not_is_served(checks, lab):
    with watched(checks, lab, 60):
        abusers = Abusers()
        statuses = connect_one_after_the_other(MANY)
        checks.equal(curl("/healthz").status, 200, "/healthz meanwhile")
        checks.equal(create("e2ee=false").status, 200, "a session meanwhile")
        closed = abusers.wait()
    checks.equal(sum(statuses.values()), MANY // 2, "answers")
    checks.true(set(statuses) <= {200, 429} and statuses.get(200, 0) > 0, f"the answers were {statuses}")
    checks.equal(len(closed), len(abusers.threads), f"closed were {sorted(closed)}")
    for name, (seconds, answer) in closed.items():
        if name.startswith("endless"):
            checks.true(seconds < LATE_SECONDS, f"{name}: closed after {seconds:.1f} s")
            continue
        checks.true(PATIENCE_SECONDS - 1 < seconds < LATE_SECONDS, f"{name}: closed after {seconds:.1f} s")
        checks.equal(status_of(answer), 408, f"{name}: told {answer[:80]}")


def ten_thousand_connections_at_once(checks, lab):
    needed = MANY + 500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise cases.Skip(f"this process may have {hard} descriptors at most: {needed} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    told = {}
    with watched(checks, lab, 60), selectors.DefaultSelector() as selector:
        for number in range(MANY):
            connection = socket.socket()
            connection.connect(http_lab.ADDRESS)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ)
            if number % 500 == 0:  # behind all those before
                checks.equal(curl("/healthz").status, 200, f"/healthz among {number} others")
        end = time.monotonic() + LATE_SECONDS
        while len(selector.get_map()) > CLIENTS_MAX and time.monotonic() < end:
            for key, _ in selector.select(1):
                selector.unregister(key.fileobj)
                with key.fileobj as connection:
                    status = status_of(read_now(connection))
                    told[status] = told.get(status, 0) + 1
        checks.true(len(selector.get_map()) <= CLIENTS_MAX, f"{len(selector.get_map())} are still there")
        for key in list(selector.get_map().values()):
            key.fileobj.close()
    checks.true(set(told) <= {503, None} and told.get(503, 0) > MANY // 2, f"they were told {told}")


def read_now(connection):
    try:
        return connection.recv(4096)
    except OSError:
        return b""


# ---- the listener itself --------------------------------------------------------------------------


def a_unix_socket_is_for_operators_alone(checks, lab):
    users.check_possible()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        users.make_open(pathlib.Path(directory))
        daemon = users.knowing_groups(pathlib.Path(directory) / "daemon")
        path = daemon.directory / "http.sock"
        daemon.config["http"] = http_lab.http(daemon.directory, f"unix:{path}")
        with daemon:
            status = path.stat()
            checks.equal((status.st_mode & 0o777, status.st_gid), (0o660, users.OPERATORS), "mode and group")
            checks.equal(curl("/healthz", "--unix-socket", str(path), url="http://host").status, 200, "root's curl")
            with users.Client(path, users.OPERATOR) as client:
                client.send_bytes(ALIVE)
                checks.equal(status_of(client.socket.recv(4096)), 200, "an operator's request")
            for user in (users.VIEWER, users.NOBODY):
                with contextlib.suppress(ConnectionError):
                    users.Client(path, user).close()
                    checks.true(False, f"{user} can connect")
        checks.true(not path.exists(), "the socket is still there")


def what_cannot_listen_does_not_start(checks, lab):
    def attempt(directory, **changes):
        daemon = edge.Edge(directory, users.quiet_links())
        settings = http_lab.http(directory, "127.0.0.1:9471") | changes
        daemon.config["http"] = settings
        daemon.config_path.write_text(json.dumps(daemon.config))
        done = subprocess.run([str(daemon.daemon), "-c", str(daemon.config_path)], capture_output=True, text=True,
                              env=daemon.environment(), timeout=30, check=False)
        return done.returncode, done.stderr

    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        code, text = attempt(directory, listen="0.0.0.0:9471")
        checks.equal(code, 3, f"an address that is not loopback's: {text}")
        checks.true("http.listen" in text and "loopback" in text, f"told {text}")
        code, text = attempt(directory, listen=f"{http_lab.ADDRESS[0]}:{http_lab.ADDRESS[1]}")
        checks.equal(code, 1, f"an address in use: {text}")
        checks.true("another process listens there" in text, f"told {text}")
        code, text = attempt(directory, projects=[{"key": "1", "secret_file": "/nowhere/secret"}])
        checks.equal(code, 1, f"a secret that is not there: {text}")
        checks.true("project 1" in text and "/nowhere/secret" in text, f"told {text}")
        code, text = attempt(directory, projects=[{"key": "1", "secret_file": "credential"}])
        checks.equal(code, 1, f"a credential that is not there: {text}")
    checks.equal(curl("/healthz").status, 200, "the daemon that does listen")


def sessions_are_in_the_log_and_secrets_are_not(checks, lab):
    token = tokens.of_now(KEY, SECRET)
    session = curl("/session/create", token=token, form="e2ee=true").json()[0]["session_id"]
    log = lab.daemon.log()
    checks.true(f"audit: http=session_create project={KEY} session={session} result=ok" in log, "the session's line")
    checks.true("audit: http denied requests=" in log, "denials are not in the log")
    for what, text in (("the secret", SECRET), ("a token", token), ("a signature", token.rsplit(".", 1)[1])):
        checks.true(text not in log, f"{what} is in the log")
    for line in log.splitlines():
        checks.true("[warn]" not in line and "[err]" not in line, f"libevent complains: {line}")


TESTS = (
    health_is_told,
    a_session_made_by_curl_is_joined_and_seals,
    other_vendors_forms_make_sessions_too,
    wrong_tokens_get_one_and_the_same_403,
    broken_forms_get_400,
    what_needs_decoded_media_is_refused,
    who_keeps_the_daemon_waiting_is_closed_and_who_does_not_is_served,
    ten_thousand_connections_at_once,
    a_unix_socket_is_for_operators_alone,
    what_cannot_listen_does_not_start,
    sessions_are_in_the_log_and_secrets_are_not,
)

if __name__ == "__main__":
    netns.enter()
    with http_lab.laboratory() as laboratory:
        cases.run("test_http", TESTS, laboratory)
