# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl: its exit codes, where it takes secrets from, and what it prints."""

import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import control_lab  # noqa: E402
import edge  # noqa: E402
import terminal  # noqa: E402
from control_lab import OTHER_SECRET, SECRET  # noqa: E402

STREAM = ("--session", "s", "--link", "edge0", "--dst", "198.51.100.20:20000", "--pt", "96=VP8")
OK, REFUSED, USAGE, UNREACHABLE = range(4)


def bare(*words, stdin="", **environment):
    """rtpsealctl without a socket on its command line."""
    return subprocess.run([edge.CTL, *words], input=stdin, capture_output=True, text=True, timeout=30,
                          env=os.environ | environment, check=False)


def a_secret_on_the_command_line_is_refused_with_the_reason(checks, fixture):
    client = fixture.connected()
    before = control_lab.snapshot(client)
    for words in (("--secret", OTHER_SECRET), (f"--secret={OTHER_SECRET}",), ("--secret",),
                  ("--encryption-secret", OTHER_SECRET), (f"--base-key={'ab' * 32}",)):
        done = fixture.daemon.ctl("session", "set-secret", "s", *words)
        checks.equal(done.returncode, USAGE, f"exit code of {words}")
        checks.true("never taken from the command line" in done.stderr, f"no reason: {done.stderr}")
        checks.true(OTHER_SECRET not in done.stderr + done.stdout, "the secret is printed")
    params = json.dumps({"session_id": "s", "encryption_secret": OTHER_SECRET})
    done = fixture.daemon.ctl("call", "session_set_encryption_secret", params)
    checks.equal(done.returncode, USAGE, "exit code of call with a secret")
    checks.equal(control_lab.snapshot(client), before, "the daemon's state after all this")


def secrets_come_from_stdin_files_and_as_base_keys(checks, fixture):
    client = fixture.fresh()
    secret_file, key_file = fixture.daemon.directory / "secret", fixture.daemon.directory / "key"
    for file, text in ((secret_file, SECRET), (key_file, "ab" * 32)):
        file.write_text(text + "\nnot this line\n")
        file.chmod(0o600)
    rows = (
        (("--secret-stdin",), SECRET + "\nnot this line\n", {"encryption_secret": SECRET}),
        (("--secret-stdin",), SECRET, {"encryption_secret": SECRET}),
        (("--secret-file", str(secret_file)), "", {"encryption_secret": SECRET}),
        (("--base-key-file", str(key_file)), "", {"base_key": "ab" * 32}),
    )
    for words, stdin, same in rows:
        client = fixture.fresh()
        client.call("session_create", session_id="s", e2ee=True)
        done = fixture.daemon.ctl("session", "connect", "s", *words, "--json", stdin=stdin)
        checks.equal((done.returncode, done.stderr), (OK, ""), f"{words}")
        got = json.loads(done.stdout)["fingerprint"]
        client = fixture.fresh()
        client.call("session_create", session_id="s", e2ee=True)
        expected = client.call("session_connect", session_id="s", **same)["fingerprint"]
        checks.equal(got, expected, f"fingerprint by {words}")


def a_secret_file_that_others_can_read_is_warned_of(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    file = fixture.daemon.directory / "open-secret"
    file.write_text(SECRET)
    file.chmod(0o644)
    done = fixture.daemon.ctl("session", "connect", "s", "--secret-file", str(file))
    checks.equal(done.returncode, OK, "exit code")
    checks.true("others can read" in done.stderr and "chmod 600" in done.stderr, done.stderr)


def a_secret_that_cannot_be_read_is_a_usage_error(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    rows = (("--secret-file", "/nowhere"), ("--base-key-file", "/"), ("--secret-stdin",),
            ("--secret-stdin", "--secret-file", "/dev/null"), ("--secret-file", "/dev/null"))
    for words in rows:
        done = fixture.daemon.ctl("session", "connect", "s", *words)
        checks.equal(done.returncode, USAGE, f"exit code of {words}")
        checks.true(done.stderr.startswith("rtpsealctl: "), f"{words}: {done.stderr}")
    checks.equal(client.call("session_get", session_id="s")["state"], "created", "the session's state")


def the_prompt_shows_nothing_and_gives_the_terminal_back(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    command = fixture.daemon.ctl_command("session", "connect", "s")
    code, shown, echoes = terminal.run(command, [SECRET, OTHER_SECRET])
    checks.equal((code, echoes), (USAGE, True), f"two that differ: {shown}")
    checks.true("not the same" in shown, shown)
    code, shown, echoes = terminal.run(command, [SECRET, SECRET])
    checks.equal((code, echoes), (OK, True), f"the same twice: {shown}")
    checks.true(SECRET not in shown and OTHER_SECRET not in shown, "the terminal showed a secret")
    code, shown, echoes = terminal.run(command, ["\x03"])
    checks.equal((code, echoes), (-2, True), f"interrupted: {shown}")


def without_terminal_or_source_it_says_what_to_use(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    done = subprocess.run(fixture.daemon.ctl_command("session", "connect", "s"), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, start_new_session=True, check=False, timeout=30)
    checks.equal(done.returncode, USAGE, "exit code")
    checks.true("--secret-file" in done.stderr, done.stderr)


def json_is_the_daemons_own_result(checks, fixture):
    client = fixture.connected()
    rows = (("session_list", {}, ("session", "list")), ("get_version", {}, ("version",)),
            ("has_end_to_end_encryption_support", {}, ("support",)), ("rpc_get_methods", {}, ("methods",)),
            ("stats_get", {"scope": "worker"}, ("stats", "--scope", "worker")),
            ("session_get", {"session_id": "s"}, ("session", "get", "s")))
    for method, params, words in rows:
        printed = fixture.daemon.ctl_json(*words)
        called = fixture.daemon.ctl_json("call", method, json.dumps(params))
        result = client.call(method, **params)
        for got in (printed, called):
            checks.equal(list(got), list(result), f"{words}: members and their order")
            for key in got.get("keys", []) + result.get("keys", []):
                key.pop("age_ms", None)  # goes on from one call to the next
            if method != "stats_get":
                checks.equal(got, result, f"{words}")


def streams_are_made_listed_and_deleted(checks, fixture):
    fixture.connected()
    made = fixture.daemon.ctl_json("stream", "publish", *STREAM, "--src", "203.0.113.1:4000", "--ssrc",
                                   "0x10,17", "--vlan", "9", "--pt", "111=opus", "--id", "one")
    checks.equal(made["flow"], {"src_ip": "203.0.113.1", "src_port": 4000, "dst_ip": "198.51.100.20",
                                "dst_port": 20000, "vlan": 9}, "flow")
    checks.equal((made["ssrc"], sorted(made["payload_types"])), ([16, 17], ["111", "96"]), "the rest")
    done = fixture.daemon.ctl("stream", "publish", *STREAM[:4], "--dst", "[2001:db8::5]:20000", "--pt", "0=other")
    checks.equal(done.returncode, REFUSED, "IPv6 outside the IPv4 range")
    listed = fixture.daemon.ctl("stream", "list")
    checks.true("one" in listed.stdout and listed.returncode == OK, listed.stdout)
    checks.equal(fixture.daemon.ctl("stream", "delete", "one").returncode, OK, "delete")
    checks.equal(fixture.daemon.ctl_json("stream", "list")["streams"], [], "streams at the end")


def retransmissions_name_their_apt(checks, fixture):
    client = fixture.connected()
    made = fixture.daemon.ctl_json("stream", "publish", *STREAM, "--pt", "97=rtx:96", "--pt", "104=H265",
                                   "--pt", "105=RTX:104", "--pt", "8=pcma", "--id", "one")
    shown = {"8": {"codec": "PCMA"}, "96": {"codec": "VP8"}, "97": {"codec": "rtx", "apt": 96},
             "104": {"codec": "H265"}, "105": {"codec": "rtx", "apt": 104}}
    checks.equal(made["payload_types"], shown, "payload types of the new stream")
    checks.equal(fixture.daemon.ctl_json("stream", "get", "one")["payload_types"], shown, "later")
    before = control_lab.snapshot(client)
    for words in (("97=rtx",), ("97=rtx:98",), ("97=rtx:97",), ("97=rtx:96", "--pt", "98=rtx:97"), ("97=VP9:96",)):
        done = fixture.daemon.ctl("stream", "publish", *STREAM, "--ssrc", "1", "--pt", *words)
        checks.equal(done.returncode, REFUSED, f"exit code of {words}: {done.stderr}")
        checks.true("invalid_params" in done.stderr and "payload_types" in done.stderr, done.stderr)
        checks.true("apt" in done.stderr, f"what is accepted is not said: {done.stderr}")
    checks.equal(control_lab.snapshot(client), before, "the daemon's state after all this")


def the_daemons_no_is_exit_code_1_with_reason_and_parameter(checks, fixture):
    fixture.connected()
    done = fixture.daemon.ctl("stream", "publish", *STREAM[:-1], "70=VP8")
    checks.equal(done.returncode, REFUSED, "exit code")
    for word in ("bad_payload_type", "6111", "payload_types"):
        checks.true(word in done.stderr, f"{word} not in {done.stderr}")
    done = fixture.daemon.ctl("--json", "session", "get", "nobody")
    checks.equal((done.returncode, done.stdout), (REFUSED, ""), "with --json")
    checks.equal(json.loads(done.stderr)["data"]["reason"], "unknown_session", "the error as JSON")


def a_wrong_command_line_is_exit_code_2_and_calls_nothing(checks, fixture):
    client = fixture.connected()
    before = control_lab.snapshot(client)
    rows = ((), ("nonsense",), ("session",), ("session", "explode"), ("session", "get"),
            ("session", "get", "a", "b"), ("session", "list", "--pt", "96=VP8"), ("--bogus",),
            ("stream", "publish"), ("stream", "publish", *STREAM[:-2]),
            ("stream", "publish", *STREAM, "--src", "203.0.113.1"),
            ("stream", "publish", *STREAM, "--src", "2001:db8::1:5"),
            ("stream", "publish", *STREAM, "--vlan", "0"), ("stream", "publish", *STREAM, "--ssrc", "1,,2"),
            ("stream", "publish", *STREAM, "--ssrc", "4294967296"), ("stream", "publish", *STREAM, "--pt", "96=opus"),
            ("stream", "publish", *STREAM, "--pt", "VP8"), ("stream", "publish", *STREAM, "--pt", "128=VP8"),
            ("stream", "publish", *STREAM, "--pt", "97=rtx:"), ("stream", "publish", *STREAM, "--pt", "97=rtx:VP8"),
            ("stream", "publish", *STREAM, "--pt", "97=rtx:128"), ("stream", "publish", *STREAM, "--pt", "97=rtx:96:1"),
            ("session", "create", "--grace-ms", "soon"), ("call",), ("call", "get_version", "[]"),
            ("call", "get_version", "{"), ("events", "--count", "-1"))
    for words in rows:
        done = fixture.daemon.ctl(*words)
        checks.equal(done.returncode, USAGE, f"exit code of {words}: {done.stderr}")
    checks.equal(control_lab.snapshot(client), before, "the daemon's state after all this")


def no_daemon_is_exit_code_3(checks, fixture):
    for words, environment in ((("--socket", "/nowhere/x.sock", "version"), {}),
                               (("version",), {"RTPSEAL_SOCKET": "/nowhere/y.sock"}),
                               (("--socket", "/" + "x" * 200, "version"), {})):
        done = bare(*words, **environment)
        checks.equal(done.returncode, UNREACHABLE, f"exit code of {words}")
    done = bare("version", RTPSEAL_SOCKET=str(fixture.daemon.socket_path))
    checks.equal(done.returncode, OK, "by RTPSEAL_SOCKET")


def help_needs_no_daemon_and_says_more_with_one(checks, fixture):
    checks.equal(bare("--help").returncode, OK, "exit code of --help")
    checks.true("exit codes" in bare("--help").stdout, "no exit codes in --help")
    alone = bare("stream", "publish", "--help", RTPSEAL_SOCKET="/nowhere").stdout
    told = fixture.daemon.ctl("stream", "publish", "--help").stdout
    checks.true("--dst IP:PORT" in alone, alone)
    checks.true(told.startswith(alone) and "payload_types" in told, told)


def events_are_followed_up_to_a_count(checks, fixture):
    listener = fixture.daemon.client()
    listener.call("events_subscribe")
    client = fixture.connected(activate_after_ms=0, grace_ms=0)
    listener.wait_event("secret_activated", 15)  # of the first secret
    follower = subprocess.Popen(fixture.daemon.ctl_command("events", "--json", "--count", "2", "--types",
                                                           "secret_staged,secret_activated"), text=True,
                                stdout=subprocess.PIPE)
    time.sleep(0.3)
    client.call("session_set_encryption_secret", session_id="s", encryption_secret=OTHER_SECRET)
    lines = [json.loads(line) for line in follower.communicate(timeout=5)[0].splitlines()]
    checks.equal([event["type"] for event in lines], ["secret_staged", "secret_activated"], "events")
    checks.equal(follower.returncode, OK, "exit code")
    first = str(lines[0]["seq"])
    done = fixture.daemon.ctl("events", "--from-seq", first, "--types", "secret_activated", "--count", "1")
    checks.equal(len(done.stdout.splitlines()), 1, "lines for people")
    checks.true("secret_activated" in done.stdout and "epoch=2" in done.stdout, done.stdout)


TESTS = (
    a_secret_on_the_command_line_is_refused_with_the_reason,
    secrets_come_from_stdin_files_and_as_base_keys,
    a_secret_file_that_others_can_read_is_warned_of,
    a_secret_that_cannot_be_read_is_a_usage_error,
    the_prompt_shows_nothing_and_gives_the_terminal_back,
    without_terminal_or_source_it_says_what_to_use,
    json_is_the_daemons_own_result,
    streams_are_made_listed_and_deleted,
    retransmissions_name_their_apt,
    the_daemons_no_is_exit_code_1_with_reason_and_parameter,
    a_wrong_command_line_is_exit_code_2_and_calls_nothing,
    no_daemon_is_exit_code_3,
    help_needs_no_daemon_and_says_more_with_one,
    events_are_followed_up_to_a_count,
)

if __name__ == "__main__":
    control_lab.run("test_cli", TESTS)
