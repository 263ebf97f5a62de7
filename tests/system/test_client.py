# SPDX-License-Identifier: BSD-3-Clause
"""The daemon driven by programs of others: one in C with an installed librtpseal-client, and plain
socat and jq as an operator types them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import control_lab  # noqa: E402
import edge  # noqa: E402
from control_lab import OTHER_SECRET, SECRET  # noqa: E402

EXAMPLE = edge.ROOT / "tests" / "support" / "client_example.c"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*command, **settings):
    """Runs a command to its end; raises where it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120,
                          check=False, **settings)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def sanitizers():
    """What a program that uses a sanitized library has to be compiled with."""
    options = json.loads(run("meson", "introspect", "--buildoptions", edge.BUILD))
    chosen = next(option["value"] for option in options if option["name"] == "b_sanitize")
    return [] if chosen in ("none", [], "") else [f"-fsanitize={chosen}"]


class Installed:
    """A copy of what the build installs, in a directory of its own."""

    def __init__(self, directory):
        self.root = pathlib.Path(directory)
        run("meson", "install", "-C", edge.BUILD, "--no-rebuild", "--destdir", self.root)
        self.library = next(self.root.rglob("librtpseal-client.so.0"))
        self.environment = os.environ | {
            "PKG_CONFIG_PATH": str(next(self.root.rglob("rtpseal-client.pc")).parent),
            "PKG_CONFIG_SYSROOT_DIR": str(self.root)}

    def flags(self, *words):
        return run("pkg-config", *words, "rtpseal-client", env=self.environment).split()

    def compile(self, *flags):
        """Returns the program made of the example."""
        program = self.root / "client_example"
        run("gcc", *STRICT, *sanitizers(), "-o", program, EXAMPLE, *self.flags("--cflags"), *flags)
        return program

    def run_example(self, program, socket):
        return run(program, socket, input=f"{SECRET}\n{OTHER_SECRET}\n",
                   env=os.environ | {"LD_LIBRARY_PATH": str(self.library.parent)}).splitlines()


EXPECTED = [
    "get_version api_version 1",
    'session_create state "created"',
    "session_connect epoch 1",
    'stream_publish direction "seal"',
    "event secret_activated",
    "session_set_encryption_secret epoch 2",
    "event secret_activated",
    "event secret_retired",
]


def a_program_in_c_drives_the_daemon_by_the_installed_library(checks, fixture):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        installed = Installed(directory)
        for flags in (installed.flags("--libs"),
                      ["-l:librtpseal-client.a" if word == "-lrtpseal-client" else word
                       for word in installed.flags("--static", "--libs")]):
            client = fixture.fresh()
            program = installed.compile(*flags)
            lines = installed.run_example(program, fixture.daemon.socket_path)
            told = [line for line in lines if not line.startswith("event ") or line in EXPECTED]
            checks.equal(told, EXPECTED, f"what it printed, linked by {flags}")
            checks.equal([stream["stream_id"] for stream in client.call("stream_list")["streams"]], ["one"],
                         "streams of the daemon")
            checks.equal(client.call("session_get", session_id="example")["epoch"], 2, "epoch")


def the_library_shows_its_own_names_only(checks, _):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        installed = Installed(directory)
        declared = set(re.findall(r"\b(rs_client_\w+)\(", next(installed.root.rglob("client.h")).read_text()))
        shown = run("nm", "-D", "--defined-only", "--format=posix", installed.library)
        names = {line.split()[0].split("@")[0] for line in shown.splitlines() if line.split()[1] in "TDBRVW"}
        checks.true(len(declared) > 5, f"declared: {declared}")
        checks.equal(names, declared, "names that the shared library defines")
        needed = run("objdump", "-p", installed.library)
        checks.true("SONAME               librtpseal-client.so.0\n" in needed, needed)
        checks.true(not re.search(r"NEEDED +lib(rte_|crypto|event|cyaml)", needed), needed)


def operator(fixture, line):
    """What a shell makes of a line, as an operator types it; S is the control socket."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], capture_output=True, text=True, timeout=30,
                          env=os.environ | {"S": str(fixture.daemon.socket_path)}, check=False)
    return done.stdout.strip() if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr}"


CREATE = """jq -nc '{jsonrpc: "2.0", id: 1, method: "session_create", params: {session_id: "room-1", e2ee: true}}' |
    socat -t 5 - "UNIX:$S" | jq -r .result.state"""
CONNECT = """jq -Rc '{jsonrpc: "2.0", id: 1, method: "session_connect",
    params: {session_id: "room-1", encryption_secret: .}}' <<<"correct horse battery staple" |
    socat -t 5 - "UNIX:$S" | jq -r '.result | "\\(.state) \\(.epoch)"'"""
PUBLISH = """echo '{"jsonrpc":"2.0","id":1,"method":"stream_publish","params":{"session_id":"room-1",
    "link":"edge0","flow":{"dst_ip":"198.51.100.20","dst_port":20000},"payload_types":{"96":{"codec":"VP8"}}}}' |
    tr -d '\\n' | sed 's/$/\\n/' | socat -t 5 - "UNIX:$S" | jq -c '.result.flow'"""
REFUSED = """echo '{"jsonrpc":"2.0","id":1,"method":"session_get","params":{"session_id":"none"}}' |
    socat -t 5 - "UNIX:$S" | jq -r .error.data.reason"""
DROPS = """echo '{"jsonrpc":"2.0","id":1,"method":"stats_get"}' | socat -t 5 - "UNIX:$S" |
    jq '[.result.seal, .result.open | .packets_in - .packets_out - (.drops | add)] | add'"""
TWO = """printf '%s\\n' '{"jsonrpc":"2.0","id":"a","method":"get_version"}' \
    '{"jsonrpc":"2.0","id":"b","method":"session_list"}' | socat -t 5 - "UNIX:$S" | jq -r .id | paste -sd,"""
FOLLOW = """(echo '{"jsonrpc":"2.0","id":1,"method":"events_subscribe","params":{"from_seq":1}}'; sleep 1) |
    socat -t 1 - "UNIX:$S" | jq -r 'select(.method == "event").params |
    select(.session_id == "room-1") | "\\(.type) \\(.epoch)"' | head -n 1"""


def socat_and_jq_are_enough(checks, fixture):
    for tool in ("socat", "jq"):
        if not shutil.which(tool):
            raise cases.Skip(f"{tool} is not installed: scripts/setup test")
    fixture.fresh()
    for line, expected in ((CREATE, "created"), (CONNECT, "connected 1"),
                           (PUBLISH, '{"dst_ip":"198.51.100.20","dst_port":20000}'),
                           (REFUSED, "unknown_session"), (DROPS, "0"), (TWO, "a,b"),
                           (FOLLOW, "secret_staged 1")):
        checks.equal(operator(fixture, line), expected, line)


TESTS = (
    a_program_in_c_drives_the_daemon_by_the_installed_library,
    the_library_shows_its_own_names_only,
    socat_and_jq_are_enough,
)

if __name__ == "__main__":
    control_lab.run("test_client", TESTS)
