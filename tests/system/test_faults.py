# SPDX-License-Identifier: BSD-3-Clause
"""A daemon that is killed at any moment leaves nothing in the way of the next; one that cannot log, or whose wall
clock jumps, goes on."""

import collections
import contextlib
import datetime
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import rpc  # noqa: E402

KILLS = 20
LONGEST = 0.8  # seconds until it is killed: its start takes most of this
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
YEAR = 365 * 86400
ACTIVATE_MS, GRACE_MS = 200, 2200
HUNG_SECONDS = 20
STRIDE, STRIDE_LONG = 149, 11
FAILING = edge.BUILD / "tests" / "librtpseal-failing-start.so"
# What a library says that ends the process itself where it gets no memory: OpenSSL's secure heap, EAL, liburcu at the
# end, glibc's look-up of groups and its loader.
NOT_OURS = ("OpenSSL internal error", "PANIC in rte_", "urcu_qsbr_barrier", "nss_database", "getgrnam", "thread-local data: ABORT")
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


def a_wall_clock_that_jumps_moves_nothing_but_the_time_of_events(checks):
    clock = edge.BUILD / "tests" / "librtpseal-stepped-clock.so"
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        offset = pathlib.Path(directory) / "clock"
        offset.write_bytes(struct.pack("q", 0))
        preload = ["env", f"LD_PRELOAD={clock}", "ASAN_OPTIONS=verify_asan_link_order=0", f"RTPSEAL_TEST_CLOCK={offset}"]
        with edge.Edge(directory, nulls(), prefix=preload) as daemon, daemon.client() as listener:
            use(daemon)
            listener.call("events_subscribe")
            checks.true(listener.wait_event("secret_activated") is not None, "the first secret is active")
            for epoch, jump in enumerate((YEAR, -YEAR), 2):
                began = time.monotonic()
                daemon.call("session_set_encryption_secret", session_id="killed", base_key=f"{epoch:02x}" * 32,
                            activate_after_ms=ACTIVATE_MS, grace_ms=GRACE_MS)
                with open(offset, "r+b") as file:
                    file.write(struct.pack("q", jump))
                for kind, after_ms in (("secret_activated", ACTIVATE_MS), ("secret_retired", ACTIVATE_MS + GRACE_MS)):
                    event = listener.wait_event(kind, 10)
                    checks.true(event is not None, f"{kind} is not told after a jump of {jump} s")
                    if event is None:
                        continue
                    took_ms = (time.monotonic() - began) * 1000
                    checks.true(after_ms - 50 < took_ms < after_ms + 1500, f"{kind} after {took_ms:.0f} ms, not {after_ms}")
                    said = datetime.datetime.fromisoformat(event["time"][:19] + "+00:00").timestamp()
                    checks.true(abs(said - time.time() - jump) < 5, f"{kind} is said to be at {event['time']}")
            checks.equal(daemon.call("health_get")["ready"], True, "it is ready")


def start(daemon, number, count):
    """One daemon whose `number`th allocation fails; (whether it was ready, exit code, what it said)."""
    failing = {"LD_PRELOAD": str(FAILING), "RTPSEAL_FAIL_ALLOCATION": str(number), "RTPSEAL_ALLOCATIONS": str(count)}
    process = subprocess.Popen([str(edge.DAEMON), "-c", str(daemon.config_path)], env=daemon.environment() | failing,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
    said, ready = [], False
    with contextlib.closing(process.stdout):
        timer = threading.Timer(HUNG_SECONDS, process.kill)
        timer.start()
        for line in process.stdout:
            said.append(line)
            if "ready version" in line:
                ready = True
                process.terminate()
        process.wait()
        timer.cancel()
    return ready, process.returncode, "".join(said)


def with_one_allocation_less_it_starts_or_says_why_not(checks):
    if not FAILING.exists():
        raise cases.Skip("sanitizers have a malloc of their own")
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        daemon, count = edge.Edge(directory, nulls(), limits={"sessions": 8, "streams": 16, "senders": 16}), pathlib.Path(directory) / "count"
        daemon.config_path.write_text(json.dumps(daemon.config))
        before = left()
        checks.equal(start(daemon, 0, count)[:2], (True, 0), "with all of them")
        total = int(count.read_text())
        outcomes = collections.Counter()
        for number in range(1, total + 1, STRIDE_LONG if os.environ.get("RTPSEAL_ALL") == "yes" else STRIDE):
            ready, code, said = start(daemon, number, count)
            errors = [line for line in said.splitlines() if line.startswith(("error: ", "rtpseald: "))]
            theirs = any(word in said for word in NOT_OURS)
            checks.true(theirs or (code == 0 if ready else code in (1, 3) and len(errors) > 0),
                        f"allocation {number} of {total}: ready {ready}, exit code {code}: {said[-600:]}")
            outcomes["ready" if ready else "refused"] += 1
        checks.true(min(outcomes["ready"], outcomes["refused"]) > 0, f"all of them were the same: {outcomes}")
        checks.equal(left(), before, "files left behind")
        checks.equal(daemon.socket_path.exists(), False, "its socket is left behind")


TESTS = (
    killed_at_any_moment_it_leaves_nothing_and_the_next_starts,
    where_nothing_can_be_logged_it_goes_on,
    a_wall_clock_that_jumps_moves_nothing_but_the_time_of_events,
    with_one_allocation_less_it_starts_or_says_why_not,
)


if __name__ == "__main__":
    os.environ.setdefault("RTPSEAL_LOG_LEVEL", "info")
    cases.run("test_faults", TESTS)
