# SPDX-License-Identifier: BSD-3-Clause
"""A daemon that is killed at any moment leaves nothing in the way of the next, and one that cannot log goes on."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import rpc  # noqa: E402

KILLS = 20
LONGEST = 0.8  # seconds until it is killed: its start takes most of this
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
KEPT = ("/dev/shm", "/dev/hugepages", "/var/run/dpdk")


def nulls():
    return [edge.link("edge0", {"vdev": "net_null0,no-rx=1"}, {"vdev": "net_null1,no-rx=1"}, RANGES)]


def left():
    """What lies where DPDK or the kernel could have kept something."""
    return sorted(str(path) for place in KEPT for path in pathlib.Path(place).rglob("*"))


def use(daemon):
    with daemon.client() as client:
        client.call("session_create", session_id="killed", e2ee=True)
        client.call("session_connect", session_id="killed", base_key="5a" * 32)
        client.call("stream_publish", session_id="killed", link="edge0", payload_types={"96": {"codec": "VP8"}},
                    flow={"dst_ip": "198.51.100.20", "dst_port": 20000})
        return client.call("session_get", session_id="killed")["keys"][0]["state"]


def killed_at_any_moment_it_leaves_nothing_and_the_next_starts(checks):
    draw, before = random.Random(9), left()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        daemon = edge.Edge(directory, nulls())
        daemon.start()
        daemon.kill()
        with open(daemon.log_path, "ab") as log:
            for number in range(KILLS):
                process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", str(edge.DAEMON), "-c", str(daemon.config_path)],
                                           stdout=log, stderr=log, env=daemon.environment())
                time.sleep(draw.uniform(0, LONGEST))
                checks.equal(process.poll(), None, f"it ended by itself before kill {number}: {daemon.log()[-400:]}")
                if number % 2 and daemon.socket_path.exists():
                    try:
                        with daemon.client(timeout=1) as client:
                            client.send_bytes(b'{"jsonrpc":"2.0","id":1,"method":"session_create","params":{"e2ee":true}}\n')
                    except (OSError, rpc.RpcError):
                        pass  # not there yet
                process.kill()
                process.wait()
        checks.equal(left(), before, "files left behind")
        daemon.start()
        checks.equal(use(daemon), "active", "the next one works")
        checks.equal(daemon.stop(), 0, "its exit code")
        checks.true(not daemon.socket_path.exists(), "its socket is left behind")


def where_nothing_can_be_logged_it_goes_on(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        daemon = edge.Edge(directory, nulls())
        daemon.log_path.symlink_to("/dev/full")
        daemon.start()
        checks.equal(use(daemon), "active", "it works")
        with daemon.client() as client:
            client.call("log_set_level", level="debug")
            for _ in range(200):
                client.call("get_version")
            checks.equal(client.call("health_get")["ready"], True, "it is ready")
        daemon.process.send_signal(signal.SIGTERM)
        checks.equal(daemon.process.wait(20), 0, "its exit code")


TESTS = (
    killed_at_any_moment_it_leaves_nothing_and_the_next_starts,
    where_nothing_can_be_logged_it_goes_on,
)


if __name__ == "__main__":
    os.environ.setdefault("RTPSEAL_LOG_LEVEL", "info")
    cases.run("test_faults", TESTS)
