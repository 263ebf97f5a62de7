# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl's commands that operate a daemon, at a real one: a desired state of 10,000 streams, what
happens to a flow, its configuration, health, draining, and its end."""

import json
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
from control_lab import OTHER_SECRET, SECRET  # noqa: E402

OK, REFUSED, USAGE, UNREACHABLE = range(4)
MANY = 10000
RANGES = [{"ip": "198.51.100.0/24", "ports": "10000-59999"}]


def stream(number, codec="VP8"):
    return f"""- stream_id: cam-{number}
  session_id: room-{number % 4}
  direction: seal
  link: edge0
  flow: {{dst_ip: 198.51.100.20, dst_port: {10000 + number}}}
  payload_types: {{96: {{codec: {codec}}}, 97: {{codec: rtx, apt: 96}}}}
"""


SESSIONS = "sessions:\n" + "".join(f"- {{session_id: room-{number}, e2ee: {str(number < 3).lower()}}}\n"
                                   for number in range(4))


def apply(daemon, text, *words):
    return daemon.ctl("apply", "-f", "-", *words, stdin=text)


def empty(daemon):
    if apply(daemon, "{}").returncode != OK:
        raise RuntimeError("the daemon could not be emptied")
    return daemon.client()


def sums(text, kind):
    """{change: how many} of a printed sum, without what is 0."""
    line = next(line for line in text.splitlines() if line.startswith(f"{kind} "))
    words = line.removeprefix(kind).replace(",", "").split()
    return {name: int(count) for count, name in zip(words[::2], words[1::2]) if int(count)}


def a_file_of_ten_thousand_streams_is_applied_and_again_changes_nothing(checks, daemon):
    client = empty(daemon)
    state = SESSIONS + "streams:\n" + "".join(map(stream, range(MANY)))
    begin = time.monotonic()
    done = apply(daemon, state)
    took = time.monotonic() - begin
    checks.equal((done.returncode, done.stderr), (OK, ""), "exit code")
    checks.equal((sums(done.stdout, "sessions"), sums(done.stdout, "streams")), ({"created": 4}, {"created": MANY}), "sums")
    checks.true("3 waiting for a secret (rtpsealctl session connect ID): room-0, room-1, room-2\n" in done.stdout
                and "1 waiting to be connected (rtpsealctl session connect ID): room-3\n" in done.stdout, done.stdout)
    checks.equal(client.call("stats_get")["streams"], MANY, "streams of the daemon")
    checks.true(took < 60, f"it took {took:.1f} s")
    again = apply(daemon, state)
    checks.equal((sums(again.stdout, "sessions"), sums(again.stdout, "streams")),
                 ({"unchanged": 4}, {"unchanged": MANY}), "the same again")
    changed = state.replace(stream(7), stream(7, "VP9")).replace(stream(4321), "")
    dry = apply(daemon, changed, "--dry-run")
    checks.equal(dry.stdout.splitlines()[:2], ["~ stream cam-7 (payload_types)", "- stream cam-4321"], "differences")
    checks.equal(client.call("stats_get")["streams"], MANY, "streams after a dry run")
    result = json.loads(apply(daemon, "{}", "--dry-run", "--json").stdout)
    checks.equal(len(result["differences"]), MANY + 4, "differences of all pages")
    checks.equal(apply(daemon, changed).returncode, OK, "the change itself")
    checks.equal(client.call("stream_get", stream_id="cam-7")["payload_types"]["96"], {"codec": "VP9"}, "a stream of it")


def an_entry_that_is_wrong_is_named_and_nothing_is_done(checks, daemon):
    client = empty(daemon)
    streams = [stream(number) for number in range(1000)]
    streams[777] = streams[777].replace("dst_port: 10777", "dst_port: 70777")
    done = apply(daemon, SESSIONS + "streams:\n" + "".join(streams))
    checks.equal((done.returncode, done.stdout), (REFUSED, ""), "exit code")
    checks.true("parameter streams[777].flow.dst_port\n" in done.stderr, done.stderr)
    checks.equal(client.call("session_list")["sessions"], [], "sessions afterwards")
    done = apply(daemon, SESSIONS + "streams:\n" + stream(1) + stream(2).replace("dst_port: 10002", "dst_port: 10001"))
    checks.true(done.returncode == REFUSED and "flow_in_use" in done.stderr and "cam-2" in done.stderr, done.stderr)


def why_tells_what_a_packet_meets(checks, daemon):
    client = empty(daemon)
    apply(daemon, SESSIONS + "streams:\n" + stream(0) + stream(3))
    told = daemon.ctl("why", "198.51.100.20:10000", "--direction", "seal").stdout
    checks.true("from the plain to the sealed side it is dropped, counted as no_key.\n" in told, told)
    client.call("session_connect", session_id="room-0", encryption_secret=SECRET)
    client.call("session_connect", session_id="room-3")
    for words, expected in (
            (("203.0.113.10:40000>198.51.100.20:10000", "--payload-type", "96"), ("it is sealed, counted as sealed",
             "stream cam-0 of session room-0", "Its codec is VP8.", "it is dropped, counted as no_stream")),
            (("198.51.100.20:10003",), ("it passes unchanged, counted as passed", "stream cam-3 of session room-3")),
            (("[2001:db8::1]:40000>[2001:db8::2]:10000",), ("A packet from [2001:db8::1]:40000 to [2001:db8::2]:10000:",
             "it passes as on a wire, counted as bridged"))):
        done = daemon.ctl("why", *words)
        checks.equal((done.returncode, done.stderr), (OK, ""), f"{words}")
        for text in expected:
            checks.true(text in done.stdout, f"{words}: {text!r} is not in {done.stdout!r}")


def payload_types_change_by_name(checks, daemon):
    client = empty(daemon)
    apply(daemon, SESSIONS + "streams:\n" + stream(0))
    updated = daemon.ctl_json("stream", "update", "cam-0", "--pt", "111=opus")
    checks.equal(updated["payload_types"], {"111": {"codec": "opus"}}, "what it answers")
    checks.equal(client.call("stream_get", stream_id="cam-0")["payload_types"], {"111": {"codec": "opus"}}, "later")
    checks.equal(daemon.ctl_json("stats", "busiest"), {"streams": []}, "the busiest, without packets")
    checks.equal(daemon.ctl("stats", "busiest", "--limit", "0").returncode, REFUSED, "no rows")


def the_configuration_is_compared_and_taken_up(checks, daemon):
    checks.equal(daemon.ctl_json("config", "check")["changes"], [], "as it was started")
    config = daemon.config | {"control": daemon.config["control"] | {"requests_per_second": 777}, "lock_keys": "no"}
    daemon.config_path.write_text(json.dumps(config))
    told = daemon.ctl("config", "check").stdout
    checks.true("control.requests_per_second" in told and "777" in told and "lock_keys" in told, told)
    done = daemon.ctl_json("reload")
    checks.equal([change["key"] for change in done["applied"]], ["control.requests_per_second"], "taken up")
    checks.equal([change["key"] for change in done["needs_restart"]], ["lock_keys"], "for a restart")
    daemon.config_path.write_text("cpus: [")
    done = daemon.ctl("reload")
    checks.true(done.returncode == REFUSED and "invalid_configuration (6119)" in done.stderr, done.stderr)
    daemon.config_path.write_text(json.dumps(daemon.config))
    checks.equal(daemon.ctl("reload").returncode, OK, "the first file again")


def draining_is_begun_said_and_cancelled(checks, daemon):
    empty(daemon)
    checks.equal(daemon.ctl_json("drain")["draining"], True, "drain")
    checks.equal(daemon.ctl_json("health")["draining"], True, "health")
    done = apply(daemon, SESSIONS)
    checks.true(done.returncode == REFUSED and "draining (6118), may be tried again" in done.stderr, done.stderr)
    checks.equal(daemon.ctl("drain").stdout.split()[:2], ["draining", "true"], "for people")
    checks.equal(daemon.ctl_json("drain", "--cancel")["draining"], False, "cancel")
    checks.equal(apply(daemon, SESSIONS).returncode, OK, "apply afterwards")


def a_secret_is_changed_while_much_else_is_there(checks, daemon):
    client = empty(daemon)
    apply(daemon, SESSIONS + "streams:\n" + "".join(map(stream, range(2000))))
    client.call("session_connect", session_id="room-1", encryption_secret=SECRET)
    done = daemon.ctl("session", "set-secret", "room-1", "--secret-stdin", "--activate-after-ms", "300", "--grace-ms",
                      "2300", stdin=OTHER_SECRET)
    checks.equal((done.returncode, done.stderr), (OK, ""), "exit code")
    checks.true("  active on 1 of 1 workers in " in done.stdout
                and "  lost 0  previous key wiped on 1 of 1 workers after " in done.stdout, done.stdout)


def the_log_says_as_much_as_it_is_told_to(checks, daemon):
    checks.equal(daemon.ctl("log-level", "debug").stdout, "done\n", "log-level")
    checks.equal(daemon.ctl("log-level", "loud").returncode, REFUSED, "no such level")
    checks.equal(daemon.ctl("log-level", "info").returncode, OK, "back again")


def shutdown_ends_it_in_order(checks, daemon):
    checks.equal(daemon.ctl("shutdown").stdout, "done\n", "shutdown")
    checks.equal(daemon.process.wait(30), 0, "the daemon's exit code")
    checks.equal(daemon.ctl("health").returncode, UNREACHABLE, "health afterwards")
    daemon.start()
    checks.equal(daemon.ctl_json("health")["alive"], True, "health of the next one")


TESTS = (
    a_file_of_ten_thousand_streams_is_applied_and_again_changes_nothing,
    an_entry_that_is_wrong_is_named_and_nothing_is_done,
    why_tells_what_a_packet_meets,
    payload_types_change_by_name,
    the_configuration_is_compared_and_taken_up,
    draining_is_begun_said_and_cancelled,
    a_secret_is_changed_while_much_else_is_there,
    the_log_says_as_much_as_it_is_told_to,
    shutdown_ends_it_in_order,
)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    limits = {"sessions": 64, "streams": 2 * MANY, "senders": 256}
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links, limits=limits) as daemon:
            cases.run("test_cli_daemon", TESTS, daemon)


if __name__ == "__main__":
    main()
