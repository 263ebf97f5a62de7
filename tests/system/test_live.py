# SPDX-License-Identifier: BSD-3-Clause
"""Live encoders and players over two edges and a router: scripts/demo-live in its short form."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import bystanders  # noqa: E402
import cases  # noqa: E402
import gst  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n"


def what_players_get_and_the_router_does_not(checks):
    missing = gst.missing() or bystanders.missing()
    if missing:
        raise cases.Skip(f"there is no {missing}: scripts/setup live")
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        done = subprocess.run(["/usr/bin/python3", str(HERE / "demo_live.py"), "--short", "--output", directory],
                              capture_output=True, text=True, timeout=180, check=False)
        checks.true(done.returncode == 0 and "\nPASS" in done.stdout,
                    f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        names = [f"received-{stream.name}" for stream in gst.VIDEO] + ["summary"]
        written = {path.stem: path.read_bytes()[:8] for path in pathlib.Path(directory).glob("*.png")}
        checks.equal(written, dict.fromkeys(names, PNG), "pictures written")


if __name__ == "__main__":
    cases.run("test_live", (what_players_get_and_the_router_does_not,))
