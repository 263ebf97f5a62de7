# SPDX-License-Identifier: BSD-3-Clause
"""bash completion of rtpsealctl: what bash itself makes of a half-typed line."""

import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import stub  # noqa: E402
from control_lab import OTHER_SECRET, SECRET  # noqa: E402

SCRIPT = edge.ROOT / "control" / "ctl" / "completion.bash"
SESSIONS = [{"session_id": f"room-{n}"} for n in range(1100)] + [{"session_id": "stage"}]
STREAMS = [{"stream_id": "cam:left"}, {"stream_id": "cam:right"}, {"stream_id": "mic"}]
ANSWERS = {
    "session_list": lambda params, _: {"sessions": SESSIONS[:1000], "cursor": "1000"} if "cursor" not in params
    else {"sessions": SESSIONS[1000:]},
    "stream_list": {"streams": STREAMS},
    "stats_get": {"ports": [{"link": "edge0", "side": "plain"}, {"link": "edge0", "side": "sealed"},
                            {"link": "north", "side": "plain"}, {"link": "north", "side": "sealed"}]},
    "rpc_get_methods": {"methods": [{"name": "session_get"}, {"name": "session_list"}],
                        "events": [{"type": "secret_staged"}, {"type": "secret_retired"}, {"type": "gap"}]},
}

# As readline calls it for a line with the cursor at its end.
BASH = """
source "$SCRIPT"
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_LINE=$LINE COMP_POINT=${#LINE}
_rtpsealctl
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(socket, line, cwd=None):
    """What bash offers in place of the line's last word; behind the last ':' or '=' of it."""
    done = subprocess.run(["bash", "--norc", "-c", BASH], capture_output=True, text=True, timeout=30, check=False,
                          cwd=cwd, env=os.environ | {"SCRIPT": str(SCRIPT), "RTPSEAL_SOCKET": str(socket),
                                                     "LINE": line, "PATH": f"{edge.CTL.parent}:{os.environ['PATH']}"})
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"{line!r}: exit code {done.returncode}: {done.stderr}")
    return done.stdout.split()


def with_stub(test):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, stub.Stub(directory, **ANSWERS) as daemon:
        test(daemon)


ROWS = (
    ("rtpsealctl sess", ["session"]),
    ("rtpsealctl session ", ["create", "connect", "set-secret", "get", "list", "disconnect", "delete"]),
    ("rtpsealctl session d", ["disconnect", "delete"]),
    ("rtpsealctl stream up", ["update"]),
    ("rtpsealctl co", ["config"]),
    ("rtpsealctl config ", ["check"]),
    ("rtpsealctl stats ", ["busiest"]),
    ("rtpsealctl log-level ", ["error", "warning", "info", "debug"]),
    ("rtpsealctl nonsense ", []),
    ("rtpsealctl apply --", ["--file", "--dry-run", "--socket", "--json", "--help", "--version"]),
    ("rtpsealctl --json drain --", ["--cancel", "--socket", "--help", "--version"]),
    ("rtpsealctl stream publish --pt 96=VP8 --p", ["--pt"]),
    ("rtpsealctl stats --scope ", ["daemon", "port", "worker", "session", "stream"]),
    ("rtpsealctl stats --scope=s", ["session", "stream"]),
    ("rtpsealctl session create --media-mode r", ["routed", "relayed"]),
    ("rtpsealctl session create --archive-mode ", ["manual", "always"]),
    ("rtpsealctl session create --suite AES_256_G", ["AES_256_GCM_SHA512_128"]),
    ("rtpsealctl why 192.0.2.1:5 --direction ", ["seal", "open"]),
    ("rtpsealctl stream publish --pt 96=VP", ["VP8", "VP9"]),
    ("rtpsealctl stream publish --pt=96=H", ["H264", "H265"]),
    ("rtpsealctl stream publish --pt 9", []),
    ("rtpsealctl session get sta", ["stage"]),
    ("rtpsealctl session get room-109", ["room-109"] + [f"room-109{n}" for n in range(10)]),
    ("rtpsealctl session get room-1 ", []),
    ("rtpsealctl session create ", [f"room-{n}" for n in range(1100)] + ["stage"]),
    ("rtpsealctl stream list --session st", ["stage"]),
    ("rtpsealctl stream delete cam", ["cam:left", "cam:right"]),
    ("rtpsealctl stream delete cam:", ["left", "right"]),
    ("rtpsealctl stream delete cam:l", ["left"]),
    ("rtpsealctl stream publish --link ", ["edge0", "north"]),
    ("rtpsealctl events --types secret_s", ["secret_staged"]),
    ("rtpsealctl events --types gap,secret_r", ["gap,secret_retired"]),
    ("rtpsealctl call session_", ["session_get", "session_list"]),
)


def words_come_from_the_programs_own_tables_and_the_daemon(checks, *_):
    def test(daemon):
        for line, expected in ROWS:
            checks.equal(complete(daemon.path, line), expected, repr(line))

    with_stub(test)


def no_daemon_is_no_error(checks, *_):
    for line in ("rtpsealctl session get ", "rtpsealctl stream publish --link ", "rtpsealctl call "):
        checks.equal(complete("/nowhere", line), [], repr(line))
    checks.equal(complete("/nowhere", "rtpsealctl session ge"), ["get"], "what needs no daemon")


def a_daemon_that_does_not_answer_is_not_waited_for(checks, *_):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with stub.Stub(directory, session_list=lambda *_: time.sleep(20)) as daemon:
            begin = time.monotonic()
            checks.equal(complete(daemon.path, "rtpsealctl session get "), [], "sessions")
            checks.true(time.monotonic() - begin < 10, f"it took {time.monotonic() - begin:.1f} s")
            begin = time.monotonic()
            checks.equal(complete(daemon.path, "rtpsealctl --socket /nowhere session get "), [], "at another socket")
            checks.equal(len(daemon.asked("session_list")), 1, "calls at the first one")


def files_are_completed_where_files_are_meant(checks, *_):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        for name in ("state.yaml", "state.json", "other"):
            pathlib.Path(directory, name).touch()
        for line in ("rtpsealctl apply -f sta", "rtpsealctl apply --file sta", "rtpsealctl apply --file=sta",
                     "rtpsealctl session connect s --secret-file sta", "rtpsealctl --socket sta"):
            checks.equal(sorted(complete("/nowhere", line, directory)), ["state.json", "state.yaml"], repr(line))
        checks.equal(complete("/nowhere", "rtpsealctl session get sta", directory), [], "where no file is meant")


def secrets_are_neither_offered_nor_asked_for(checks, *_):
    def test(daemon):
        for line in ("rtpsealctl session connect s --sec", "rtpsealctl session set-secret s --"):
            offered = complete(daemon.path, line)
            checks.true("--secret-stdin" in offered, f"{line}: {offered}")
            for option in ("--secret", "--encryption-secret", "--base-key"):
                checks.true(option not in offered, f"{line}: {option} is offered")
        for line in ("rtpsealctl session connect s --secret ", "rtpsealctl session connect s --base-key "):
            checks.equal(complete(daemon.path, line), [], repr(line))
        line = f"rtpsealctl call session_connect {SECRET[:7]} {OTHER_SECRET[:5]} "
        checks.equal((complete(daemon.path, line), daemon.calls), ([], []), "behind a secret")

    with_stub(test)


def bash_completes_as_one_types(checks, *_):
    """An interactive bash on a terminal: the tab key itself, with the default word breaks."""
    def test(daemon):
        environment = os.environ | {"RTPSEAL_SOCKET": daemon.path, "PATH": f"{edge.CTL.parent}:{os.environ['PATH']}",
                                    "INPUTRC": "/dev/null", "TERM": "dumb", "PS1": "", "HISTFILE": ""}
        for typed, expected in (("rtpsealctl session set-s\t sta\t", "rtpsealctl session set-secret stage"),
                                ("rtpsealctl stream delete cam:l\t", "rtpsealctl stream delete cam:left"),
                                ("rtpsealctl stats --scope=wor\t", "rtpsealctl stats --scope=worker")):
            pid, master = pty.fork()
            if pid == 0:
                os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], environment)
            try:
                # What the line has become is echoed by the command that it turns into.
                os.write(master, f"source {SCRIPT}; echo rea''dy\n".encode())
                read_until(master, b"ready\r\n")
                os.write(master, typed.encode() + b"\x01echo 'GOT:\x05:END'\n")
                line = read_until(master, b":END\r\n").decode().rsplit("GOT:", 1)[-1]
            finally:
                os.close(master)
                os.waitpid(pid, 0)
            checks.equal(" ".join(line.removesuffix(":END\r\n").split()), expected, repr(typed))

    with_stub(test)


def read_until(master, end, seconds=20):
    shown, deadline = b"", time.monotonic() + seconds
    while not shown.endswith(end):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited for {end} in {shown}")
        shown += os.read(master, 1024)
    return shown


def fixed_values_are_those_of_the_daemon(checks, *_):
    """What is completed without a daemon is what a real one takes."""
    daemon = edge.BUILD / "tests" / "control" / "rtpseald-fake"
    links = [edge.link("edge0", {"vdev": "a"}, {"vdev": "b"}, [{"ports": "1000"}])]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, \
            edge.Edge(directory, links, daemon=daemon) as running:
        support = running.call("has_end_to_end_encryption_support")
        checks.equal(sorted(complete("/nowhere", "rtpsealctl session create --suite ")),
                     sorted(suite["name"] for suite in support["suites"]), "suites")
        checks.equal(sorted(complete("/nowhere", "rtpsealctl stream publish --pt 96=")), sorted(support["codecs"]),
                     "codecs")
        for line, method, param in (("session create --media-mode ", "session_create", "media_mode"),
                                    ("session create --archive-mode ", "session_create", "archive_mode"),
                                    ("stats --scope ", "stats_get", "scope"), ("log-level ", "log_set_level", "level"),
                                    ("why 1.1.1.1:1 --direction ", "flow_explain", "direction")):
            row = next((row for row in running.call("rpc_get_methods")["methods"] if row["name"] == method), None)
            if row is None:
                raise cases.Skip(f"the daemon has no method {method}")
            values = next(one["values"] for one in row["params"] if one["name"] == param)
            checks.equal(complete("/nowhere", f"rtpsealctl {line}"), values, line)


TESTS = (
    words_come_from_the_programs_own_tables_and_the_daemon,
    no_daemon_is_no_error,
    a_daemon_that_does_not_answer_is_not_waited_for,
    files_are_completed_where_files_are_meant,
    secrets_are_neither_offered_nor_asked_for,
    bash_completes_as_one_types,
    fixed_values_are_those_of_the_daemon,
)

if __name__ == "__main__":
    cases.run("test_cli_complete", TESTS)
