# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl's commands that ask one thing: what they send for their words and options, and how the
answer reads, with a stand-in for the daemon."""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import stub  # noqa: E402

OK, REFUSED, USAGE, UNREACHABLE = range(4)


def ask(answers, *words):
    """Returns (the finished process, the stub's calls)."""
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, stub.Stub(directory, **answers) as daemon:
        done = subprocess.run([edge.CTL, "--socket", daemon.path, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30, check=False)
        return done, daemon.calls


ASKED = (
    (("stream", "update", "one", "--pt", "96=VP8", "--pt", "97=rtx:96"), "stream_update",
     {"stream_id": "one", "payload_types": {"96": {"codec": "VP8"}, "97": {"codec": "rtx", "apt": 96}}}),
    (("stats", "busiest"), "stats_busiest", {}),
    (("stats", "busiest", "--limit", "5"), "stats_busiest", {"limit": 5}),
    (("stats", "--scope", "port"), "stats_get", {"scope": "port"}),
    (("config", "check"), "config_check", {}),
    (("reload",), "config_reload", {}),
    (("drain",), "drain", {}),
    (("drain", "--cancel"), "drain", {"cancel": True}),
    (("health",), "health_get", {}),
    (("log-level", "debug"), "log_set_level", {"level": "debug"}),
    (("shutdown",), "shutdown", {}),
    (("why", "192.0.2.1:5004>198.51.100.20:20000"), "flow_explain",
     {"flow": {"src_ip": "192.0.2.1", "src_port": 5004, "dst_ip": "198.51.100.20", "dst_port": 20000}}),
    (("why", "[2001:db8::1]:5004>[2001:db8::2]:20000", "--ssrc", "0x11", "--vlan", "9", "--link", "edge0",
      "--payload-type", "96", "--direction", "seal"), "flow_explain",
     {"flow": {"src_ip": "2001:db8::1", "src_port": 5004, "dst_ip": "2001:db8::2", "dst_port": 20000, "vlan": 9},
      "ssrc": 17, "link": "edge0", "payload_type": 96, "direction": "seal"}),
    (("why", "198.51.100.20:20000", "--src", "192.0.2.1:5004"), "flow_explain",
     {"flow": {"src_ip": "192.0.2.1", "src_port": 5004, "dst_ip": "198.51.100.20", "dst_port": 20000}}),
    (("why", "198.51.100.20:20000"), "flow_explain", {"flow": {"dst_ip": "198.51.100.20", "dst_port": 20000}}),
    (("events", "--count", "0", "--from-seq", "9", "--instance", "abc", "--types", "gap,drain"), "events_subscribe",
     {"from_seq": 9, "instance": "abc", "types": ["gap", "drain"]}),
)


def words_and_options_become_params(checks, *_):
    for words, method, params in ASKED:
        def refuse(*_):
            raise stub.Refusal(6117, "denied")

        for answer, code in (({"some": "thing"}, OK), (refuse, REFUSED)):
            if words[0] == "events" and code == OK:
                continue  # would follow without end
            done, calls = ask({method: answer}, *words, "--json")
            checks.equal(calls, [(method, params)], f"what {words} asks")
            checks.equal(done.returncode, code, f"exit code of {words}: {done.stderr}")
            printed = (done.stdout, done.stderr)[code != OK]
            expected = {"some": "thing"} if code == OK else \
                {"code": 6117, "message": "no", "data": {"reason": "denied", "retryable": False}}
            checks.equal(json.loads(printed), expected, f"what {words} prints")
            checks.equal((done.stdout + done.stderr).count("\n"), 1, f"documents and lines of {words}")


def what_is_wrong_is_one_json_document_too(checks, *_):
    rows = (((), USAGE, "usage"), (("why",), USAGE, "usage"), (("why", "198.51.100.20"), USAGE, "usage"), (("why", "a>b"), USAGE, "usage"),
            (("why", "192.0.2.1:1>"), USAGE, "usage"), (("why", ">192.0.2.1:1"), USAGE, "usage"),
            (("why", "192.0.2.1:1>[2001:db8::1]:1>192.0.2.1:1"), USAGE, "usage"),
            (("stream", "update", "one"), USAGE, "usage"), (("stream", "update", "--pt", "96=VP8"), USAGE, "usage"),
            (("log-level",), USAGE, "usage"), (("config",), USAGE, "usage"), (("config", "explode"), USAGE, "usage"),
            (("reload", "now"), USAGE, "usage"), (("stats", "--limit", "5"), USAGE, "usage"), (("--bogus",), USAGE, "usage"),
            (("stats", "--scope"), USAGE, "usage"), (("drain", "--cancel=yes"), USAGE, "usage"))
    for words, code, reason in rows:
        done, calls = ask({}, "--json", *words)
        checks.equal((done.returncode, done.stdout, calls), (code, "", []), f"{words}: exit code")
        error = json.loads(done.stderr)
        checks.equal((error["data"], bool(error["message"])), ({"reason": reason, "retryable": False}, True), f"{words}")
        done, _ = ask({}, *words)
        checks.true(done.returncode == code and (done.stderr.startswith("rtpsealctl: ") or not words),
                    f"{words}: {done.stderr}")
    done = subprocess.run([edge.CTL, "--json", "--socket", "/nowhere", "version"], capture_output=True, text=True,
                          timeout=30, check=False)
    checks.equal((done.returncode, json.loads(done.stderr)),
                 (UNREACHABLE, {"message": "/nowhere: No such file or directory",
                                "data": {"reason": "unreachable", "retryable": True}}), "no daemon")


def a_word_that_may_be_a_secret_is_not_repeated(checks, *_):
    for words in (("session", "set-secret", "s", "geheimnis!"), ("session", "connect", "s", "--secrets=geheimnis!"),
                  ("session", "connect", "s", "--base=geheimnis!"), ("session", "connect", "s", "geheimnis!", "x")):
        for form in ((), ("--json",)):
            done, calls = ask({}, *words, *form)
            checks.equal((done.returncode, calls), (USAGE, []), f"{words}")
            checks.true("geheimnis" not in done.stdout + done.stderr, f"{words}: {done.stderr}")


ANSWERS = {"answers": [
    {"link": "edge0", "direction": "seal", "outcome": "sealed", "verdict": "sealed", "stream_id": "cam", "session_id": "room",
     "codec": "VP8", "why": "Stream cam names this flow and the session's key is active."},
    {"link": "edge0", "direction": "open", "outcome": "no_stream", "verdict": "dropped",
     "why": "It lies in a media range, and no stream names it."},
    {"link": "edge1", "direction": "seal", "outcome": "bridged", "verdict": "wire", "why": "It lies in no media range."},
    {"link": "edge1", "direction": "open", "outcome": "passed", "verdict": "passed", "stream_id": "a", "session_id": "b",
     "why": "The session is without e2ee."},
]}
SENTENCES = """A packet from [2001:db8::1]:5004 to [2001:db8::2]:20000, VLAN 9, SSRC 17, payload type 96:

On link edge0 from the plain to the sealed side it is sealed, counted as sealed.
  Stream cam names this flow and the session's key is active.
  It belongs to stream cam of session room.
  Its codec is VP8.

On link edge0 from the sealed to the plain side it is dropped, counted as no_stream.
  It lies in a media range, and no stream names it.

On link edge1 from the plain to the sealed side it passes as on a wire, counted as bridged.
  It lies in no media range.

On link edge1 from the sealed to the plain side it passes unchanged, counted as passed.
  The session is without e2ee.
  It belongs to stream a of session b.
"""


def why_answers_in_sentences(checks, *_):
    done, _ = ask({"flow_explain": ANSWERS}, "why", "[2001:db8::1]:5004>[2001:db8::2]:20000", "--ssrc", "17",
                  "--vlan", "9", "--payload-type", "96")
    checks.equal((done.returncode, done.stdout), (OK, SENTENCES), "for people")
    done, _ = ask({"flow_explain": {"answers": []}}, "why", "198.51.100.20:20000")
    checks.equal(done.stdout, "A packet to 198.51.100.20:20000:\n", "without answers")
    done, _ = ask({"flow_explain": ANSWERS}, "why", "198.51.100.20:20000", "--json")
    checks.equal(json.loads(done.stdout), ANSWERS, "for scripts")


READS = (
    (("stats", "busiest"), "stats_busiest",
     {"streams": [{"stream_id": "cam", "link": "edge0", "packets_per_second": 99.96, "bits_per_second": 1e6},
                  {"stream_id": "m", "link": "edge0", "packets_per_second": 5, "bits_per_second": 0.25}]},
     "streams\n  stream_id  link   packets_per_second  bits_per_second\n"
     "  cam        edge0  100.0               1000000.0\n  m          edge0  5                   0.2\n"),
    (("health",), "health_get",
     {"alive": True, "ready": False, "draining": False, "reasons": ["worker 1 stands still", "link edge0 is down"],
      "workers": [{"worker": 0, "cpu": 1, "state": "polling", "stalled_ms": 0}], "ports": []},
     "alive     true\nready     false\ndraining  false\nreasons   worker 1 stands still, link edge0 is down\n"
     "workers\n  worker  cpu  state    stalled_ms\n  0       1    polling  0\nports     -\n"),
    (("config", "check"), "config_check",
     {"path": "/etc/x.yaml", "changes": [{"key": "limits.sessions", "now": "64", "file": "128", "live": True}]},
     "path  /etc/x.yaml\nchanges\n  key              now  file  live\n  limits.sessions  64   128   true\n"),
    (("shutdown",), "shutdown", {}, "done\n"),
    (("methods",), "rpc_get_methods",
     {"methods": [{"name": "drain", "role": "operator", "help": "Stops.", "params": [{"name": "cancel"}]}],
      "events": [{"type": "gap", "help": "Lost."}], "errors": [{"code": 6118, "reason": "draining", "retryable": True}]},
     "methods\n  name   role      help\n  drain  operator  Stops.\nevents\n  type  help\n  gap   Lost.\n"
     "errors\n  code  reason    retryable\n  6118  draining  true\n"),
)


def answers_read_as_lines_and_tables(checks, *_):
    for words, method, result, text in READS:
        done, _ = ask({method: result}, *words)
        checks.equal((done.returncode, done.stdout), (OK, text), f"{words}")


def help_says_what_the_daemon_takes_and_what_sets_it(checks, *_):
    methods = {"methods": [{"name": "flow_explain", "role": "viewer", "help": "Explains.", "params": [
        {"name": "flow", "type": "object", "required": True, "help": "which", "accepted": "an object"},
        {"name": "unheard_of", "type": "string", "required": False, "help": "new", "accepted": "text"}]}]}
    done, _ = ask({"rpc_get_methods": methods}, "why", "--help")
    told = ("The daemon's method flow_explain, for the role viewer: Explains.\n\n"
            "  flow (object, required): which\n    accepted  an object\n"
            "    set by    [SRC_IP:PORT>]DST_IP:PORT, --src, --vlan\n\n"
            "  unheard_of (string): new\n    accepted  text\n    set by    rtpsealctl itself\n")
    checks.true(done.returncode == OK and done.stdout.endswith(told), done.stdout)
    hung, _ = ask({"rpc_get_methods": lambda _, connection: connection.close()}, "why", "--help")
    checks.equal(hung.stdout, done.stdout.removesuffix("\n" + told), "with a daemon that does not answer")


TESTS = (
    words_and_options_become_params,
    what_is_wrong_is_one_json_document_too,
    a_word_that_may_be_a_secret_is_not_repeated,
    why_answers_in_sentences,
    answers_read_as_lines_and_tables,
    help_says_what_the_daemon_takes_and_what_sets_it,
)

if __name__ == "__main__":
    cases.run("test_cli_ask", TESTS)
