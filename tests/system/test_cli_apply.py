# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl apply: files it takes and refuses, the requests it makes of them, and what it prints."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import stub  # noqa: E402
import terminal  # noqa: E402

OK, REFUSED, USAGE, UNREACHABLE = range(4)
REQUEST_MAX = 60 * 1024 + 256  # entries, and the envelope
NONE = {"created": 0, "changed": 0, "replaced": 0, "deleted": 0, "unchanged": 0}
CLEAR = "\r\033[K"

YAML = """
# what edge A carries
sessions:
  - {session_id: room-1, e2ee: true}
  - session_id: room-2
    e2ee: true
    suite: AES_256_GCM_SHA512_128
streams:
  - stream_id: "1"
    session_id: room-1
    direction: seal
    link: edge0
    flow: {dst_ip: 198.51.100.20, dst_port: 20000, vlan: 9}
    payload_types: {96: {codec: VP8}, 97: {codec: rtx, apt: 96}}
    ssrc: [0x10, 17]
"""
DESIRED = {
    "sessions": [{"session_id": "room-1", "e2ee": True},
                 {"session_id": "room-2", "e2ee": True, "suite": "AES_256_GCM_SHA512_128"}],
    "streams": [{"stream_id": "1", "session_id": "room-1", "direction": "seal", "link": "edge0",
                 "flow": {"dst_ip": "198.51.100.20", "dst_port": 20000, "vlan": 9},
                 "payload_types": {"96": {"codec": "VP8"}, "97": {"codec": "rtx", "apt": 96}}, "ssrc": [16, 17]}],
}


class Daemon(stub.Stub):
    """Takes a transaction; `commits` are the answers to apply_commit, one after the other."""

    def __init__(self, directory, commits=None, add=None, sessions=()):
        self.commits = list(commits or [{"txn": 7, "dry_run": False, "sessions": NONE, "streams": NONE,
                                         "unconnected": len(sessions), "differences": []}])
        self.pages = [{"sessions": list(sessions)}]
        super().__init__(directory, apply_begin={"txn": 7, "dry_run": False, "expires_ms": 60000},
                         apply_add=add or {"txn": 7, "sessions": 0, "streams": 0},
                         apply_commit=lambda *_: self.commits.pop(0),
                         session_list=lambda *_: self.pages.pop(0))

    def command(self, *words):
        return [edge.CTL, "--socket", self.path, "apply", *words]

    def apply(self, *words, stdin=""):
        return subprocess.run(self.command(*words), input=stdin, capture_output=True, text=True, timeout=60,
                              check=False)

    def added(self, kind):
        return [entry for params in self.asked("apply_add") for entry in params.get(kind, [])]


def with_daemon(test, **settings):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, Daemon(directory, **settings) as daemon:
        test(daemon, pathlib.Path(directory))


def yaml_and_json_are_sent_as_they_are(checks):
    for name, text in (("a.yaml", YAML), ("a.json", json.dumps(DESIRED)), ("tabs.json", json.dumps(DESIRED, indent="\t")),
                       ("-", YAML), ("-", json.dumps(DESIRED))):
        def test(daemon, directory):
            path = name
            if name != "-":
                (directory / name).write_text(text)
                path = str(directory / name)
            done = daemon.apply("-f", path, stdin=text if name == "-" else "")
            checks.equal((done.returncode, done.stderr), (OK, ""), f"{name}: exit code and errors")
            for kind, entries in DESIRED.items():
                checks.equal(daemon.added(kind), entries, f"{name}: {kind} sent")
            checks.equal([method for method, _ in daemon.calls],
                         ["apply_begin", "apply_add", "apply_add", "apply_commit"], f"{name}: calls")
            checks.true(all(params == {"txn": 7} | {k: v for k, v in params.items() if k in DESIRED}
                            for params in daemon.asked("apply_add")), f"{name}: {daemon.asked('apply_add')}")
            checks.equal(daemon.asked("apply_commit"), [{"txn": 7}], f"{name}: commit")

        with_daemon(test)


def a_file_that_is_wrong_is_refused_with_its_place_and_nothing_is_asked(checks):
    stream = dict(DESIRED["streams"][0])
    rows = (
        ("sessions: [\n", ":2:1: did not find expected"),
        ("sessions: []\nsessions: []\n", ":2:1: this key is there already"),
        ("rooms: []\n", 'unknown key "rooms"'),
        ("- a\n", "to be a mapping"),
        ("", "nothing in it"),
        ("sessions: {}\n", '"sessions" is to be a list'),
        ("streams: [{}, 17]\n", "streams[1] is to be an object"),
        (json.dumps({"streams": [stream, stream | {"stream_id": "x" * 70000}]}), "streams[1] is larger than"),
        ("sessions:\n- {session_id: a, encryption_secret: geheimnis!}\n", "sessions[0] holds a secret"),
        ("streams:\n- {}\n- {x: {y: [{base_key: geheimnis!}]}}\n", "streams[1] holds a secret"),
        ('{"sessions": [{"base_key": "geheimnis!"}]}', "sessions[0] holds a secret"),
    )
    for text, why in rows:
        def test(daemon, directory):
            file = directory / "file"
            file.write_text(text)
            done = daemon.apply("-f", str(file))
            checks.equal((done.returncode, done.stdout), (USAGE, ""), f"{text[:60]!r}: exit code")
            checks.true(why in done.stderr and str(file) in done.stderr, f"{text[:60]!r}: {done.stderr}")
            checks.true("geheimnis" not in done.stderr, "the secret is printed")
            checks.equal(daemon.calls, [], f"{text[:60]!r}: calls")
            done = daemon.apply("-f", str(file), "--json")
            checks.equal(json.loads(done.stderr)["data"]["reason"], "usage", "as JSON")

        with_daemon(test)


def no_file_is_refused(checks):
    def test(daemon, directory):
        for words in ((), ("-f", "/nowhere"), ("-f", str(directory)), ("-f",), ("a.yaml",)):
            done = daemon.apply(*words)
            checks.equal((done.returncode, daemon.calls), (USAGE, []), f"{words}: {done.stderr}")

    with_daemon(test)


def many_streams():
    stream = DESIRED["streams"][0]
    return [stream | {"stream_id": f"stream-{n}", "flow": {"dst_ip": "198.51.100.20", "dst_port": n + 1},
                      "ssrc": list(range(n % 40 + 1))} for n in range(10000)]


def ten_thousand_streams_go_in_requests_that_fit(checks):
    desired = {"sessions": DESIRED["sessions"], "streams": many_streams()}

    def test(daemon, directory):
        file = directory / "file.json"
        file.write_text(json.dumps(desired))
        begin = time.monotonic()
        done = daemon.apply("--file", str(file))
        took = time.monotonic() - begin
        checks.equal(done.returncode, OK, f"exit code: {done.stderr}")
        checks.true(daemon.added("streams") == desired["streams"], "streams sent, in order")
        checks.true(max(daemon.sizes) <= REQUEST_MAX, f"the largest request: {max(daemon.sizes)}")
        checks.true(len(daemon.calls) < 2 * os.path.getsize(file) / REQUEST_MAX + 5, f"{len(daemon.calls)} requests")
        checks.true(took < 30, f"it took {took:.1f} s")

    with_daemon(test)


def an_error_names_the_entry_of_the_file(checks):
    streams = many_streams()[:1000]
    refused = {}

    def add(params, _):
        entries = params.get("streams", [])
        numbers = [n for n, entry in enumerate(entries) if entry["stream_id"] == "stream-777"]
        if numbers:
            param = f"streams[{numbers[0]}].flow.dst_port"
            refused["param"] = param
            raise stub.Refusal(-32602, "invalid_params", param, f'"{param}" is not an integer, 1 to 65535')
        return {}

    def test(daemon, directory):
        file = directory / "file.json"
        file.write_text(json.dumps({"streams": streams}))
        done = daemon.apply("-f", str(file))
        checks.equal((done.returncode, done.stdout), (REFUSED, ""), "exit code")
        checks.true(refused["param"] != "streams[777].flow.dst_port", "the daemon counts within a request")
        checks.true("parameter streams[777].flow.dst_port\n" in done.stderr, done.stderr)
        checks.true('"streams[777].flow.dst_port" is not an integer' in done.stderr, done.stderr)
        checks.equal(daemon.asked("apply_commit"), [], "commits")
        error = json.loads(daemon.apply("-f", str(file), "--json").stderr)
        checks.equal((error["code"], error["data"]["param"]), (-32602, "streams[777].flow.dst_port"), "as JSON")

    with_daemon(test, add=add)
    refused_begin = stub.Refusal(6118, "draining", retryable=True)

    def refuse(*_):
        raise refused_begin

    def test_begin(daemon, _):
        daemon.answers["apply_begin"] = refuse
        done = daemon.apply("-f", "-", stdin=YAML)
        checks.equal((done.returncode, len(daemon.calls)), (REFUSED, 1), "draining")
        checks.true("draining (6118), may be tried again" in done.stderr, done.stderr)

    with_daemon(test_begin)


DRY_PAGES = [
    {"txn": 7, "dry_run": True, "sessions": NONE | {"deleted": 1}, "streams": NONE | {"created": 1, "changed": 1, "replaced": 1},
     "differences": [{"kind": "stream", "id": "a", "change": "create", "fields": ["flow"]},
                     {"kind": "stream", "id": "b", "change": "change", "fields": ["payload_types", "suite"]}],
     "cursor": "next"},
    {"txn": 7, "dry_run": True, "sessions": NONE | {"deleted": 1}, "streams": NONE | {"created": 1, "changed": 1, "replaced": 1},
     "differences": [{"kind": "stream", "id": "d", "change": "replace", "fields": ["flow"]},
                     {"kind": "session", "id": "c", "change": "delete", "fields": []}]},
]


def a_dry_run_prints_all_differences_and_commits_nothing(checks):
    def test(daemon, _):
        done = daemon.apply("-f", "-", "--dry-run", stdin=YAML)
        checks.equal((done.returncode, done.stderr), (OK, ""), "exit code")
        checks.equal(done.stdout,
                     "+ stream a\n~ stream b (payload_types, suite)\n-/+ stream d (flow)\n- session c\n"
                     "sessions 0 created, 0 changed, 0 replaced, 1 deleted, 0 unchanged\n"
                     "streams  1 created, 1 changed, 1 replaced, 0 deleted, 0 unchanged\n"
                     "nothing was changed: this was a dry run\n", "what it prints")
        checks.equal(daemon.asked("apply_begin"), [{"dry_run": True}], "begin")
        checks.equal([params.get("dry_run") for params in daemon.asked("apply_commit")], [True, True], "commits are dry")
        checks.equal([params.get("cursor") for params in daemon.asked("apply_commit")], [None, "next"], "pages")

    with_daemon(test, commits=DRY_PAGES)

    def test_json(daemon, _):
        done = daemon.apply("-f", "-", "--dry-run", "--json", stdin=YAML)
        checks.equal((done.returncode, done.stdout.count("\n")), (OK, 1), "one document")
        result = json.loads(done.stdout)
        checks.equal([row["id"] for row in result["differences"]], ["a", "b", "d", "c"], "all differences")
        checks.equal(sorted(result), ["differences", "dry_run", "sessions", "streams"], "members")

    with_daemon(test_json, commits=DRY_PAGES)


def what_waits_for_a_secret_is_named(checks):
    sessions = [{"session_id": f"room-{n}", "state": "created", "e2ee": True} for n in range(12)]
    sessions += [{"session_id": "plain", "state": "created", "e2ee": False},
                 {"session_id": "done", "state": "connected", "e2ee": True}]

    def test(daemon, _):
        daemon.pages = [{"sessions": sessions[:5], "cursor": "more"}, {"sessions": sessions[5:]}]
        done = daemon.apply("-f", "-", stdin=YAML)
        checks.equal(done.stdout.splitlines()[2:],
                     ["12 waiting for a secret (rtpsealctl session connect ID): "
                      + ", ".join(f"room-{n}" for n in range(10)) + " and 2 more",
                      "1 waiting to be connected (rtpsealctl session connect ID): plain"], "for people")
        checks.equal([params.get("cursor") for params in daemon.asked("session_list")], [None, "more"], "pages")

    with_daemon(test, sessions=sessions)

    def test_json(daemon, _):
        result = json.loads(daemon.apply("-f", "-", "--json", stdin=YAML).stdout)
        checks.equal((len(result["wait_for_secret"]), result["wait_for_connect"]), (12, ["plain"]), "for scripts")

    with_daemon(test_json, sessions=sessions)


def a_terminal_shows_how_far_it_is(checks):
    def test(daemon, directory):
        file = directory / "file.json"
        file.write_text(json.dumps({"streams": many_streams()[:2000]}))
        with tempfile.TemporaryFile("w+") as out:
            code, shown, _ = terminal.run(daemon.command("-f", str(file)), stdout=out)
            out.seek(0)
            printed = out.read()
        checks.equal(code, OK, f"exit code: {shown}")
        counts = [line for line in shown.split(CLEAR) if "sessions and streams sent" in line]
        checks.true(len(counts) > 3 and counts[0].startswith("[....................] 0 of 2000"), f"{counts[:2]}")
        checks.true("making the change" in shown, shown[-200:])
        checks.equal(shown.rsplit(CLEAR, 1)[-1].strip(), "", "what stays on the terminal")
        checks.true(printed.startswith("sessions 0 created"), printed)

    with_daemon(test)


def a_daemon_that_goes_away_is_exit_code_3(checks):
    def test(daemon, _):
        daemon.answers["apply_add"] = lambda _, connection: connection.close()
        done = daemon.apply("-f", "-", stdin=YAML)
        checks.equal((done.returncode, done.stdout), (UNREACHABLE, ""), done.stderr)

    with_daemon(test)


TESTS = (
    yaml_and_json_are_sent_as_they_are,
    a_file_that_is_wrong_is_refused_with_its_place_and_nothing_is_asked,
    no_file_is_refused,
    ten_thousand_streams_go_in_requests_that_fit,
    an_error_names_the_entry_of_the_file,
    a_dry_run_prints_all_differences_and_commits_nothing,
    what_waits_for_a_secret_is_named,
    a_terminal_shows_how_far_it_is,
    a_daemon_that_goes_away_is_exit_code_3,
)

if __name__ == "__main__":
    cases.run("test_cli_apply", TESTS)
