# SPDX-License-Identifier: BSD-3-Clause
"""A daemon that is killed at any moment while media flows and methods run: the next one starts, knows nothing, and
with the same secret seals under counters that were never used."""

import contextlib
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import port_lab  # noqa: E402
import rpc  # noqa: E402
import sealed_lab  # noqa: E402
import test_faults  # noqa: E402
import wire  # noqa: E402
from sealed_lab import LINK, RANGES, TYPES  # noqa: E402

KILLS, SEED = 6, 11
SHORTEST, LONGEST = 0.05, 0.5  # seconds under load until it is killed
GAP_NS = 500_000  # between two packets
STREAM = sealed_lab.Stream("media", frames.Flow("203.0.113.10", 20001, "198.51.100.20", 20001), 20001)


def key():
    return sealed_lab.base_key("the same for all of them")


def set_up(daemon):
    with daemon.client() as client:
        client.call("session_create", session_id="media", e2ee=True)
        client.call("session_connect", session_id="media", base_key=key())
        client.call("stream_publish", session_id="media", stream_id="media", link=LINK, payload_types=TYPES,
                    flow={"dst_ip": STREAM.flow.dst, "dst_port": STREAM.flow.dst_port})


def use_methods(daemon, number):
    """All that changes something, over and over, until the daemon is gone."""
    with contextlib.suppress(OSError, rpc.RpcError, ValueError), daemon.client(timeout=2) as client:
        for n in range(1_000_000):
            name = f"round-{number}-{n}"
            client.call("session_create", session_id=name, e2ee=True)
            client.call("session_connect", session_id=name, encryption_secret=f"a secret of round {n}")
            client.call("stream_subscribe", session_id=name, stream_id=name, link=LINK, payload_types=TYPES,
                        flow={"dst_ip": STREAM.flow.dst, "dst_port": 21000 + n % 1000})
            client.call("session_set_encryption_secret", session_id=name, base_key=sealed_lab.base_key(name),
                        activate_after_ms=0, grace_ms=0)
            client.call("session_delete", session_id=name)


def packets():
    return [(n * GAP_NS, STREAM.frame(n, sealed_lab.body(n))) for n in range(int(1e9 / GAP_NS))]


def pair(frame):
    """(KID, CTR) of a sealed frame."""
    sealed = frames.parse_rtp(frames.parse_udp(frame).payload).body
    return sealed[-17:-9], sealed[-9:-1]


def killed_under_load_nothing_is_left_and_no_counter_comes_again(checks):
    draw, before, pairs = random.Random(SEED), test_faults.left(), []
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        capture = pathlib.Path(directory) / "capture"
        capture.mkdir()
        links = [edge.link(LINK, edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
        daemon = edge.Edge(directory, links, capture={"directory": str(capture)})
        recorder = wire.Recorder("sealed-far")
        for number in range(KILLS):
            daemon.start()
            checks.equal(daemon.call("session_list")["sessions"], [], f"round {number}: sessions at its start")
            set_up(daemon)
            methods = threading.Thread(target=use_methods, args=(daemon, number))
            player = wire.Player("plain-far", packets()).start()
            methods.start()
            if number % 2:
                daemon.call("capture_start", stream_id="media", when="after")
            time.sleep(draw.uniform(SHORTEST, LONGEST))
            daemon.kill()
            player.stop()
            methods.join()
            checks.equal(test_faults.left(), before, f"round {number}: files left behind")
            pairs.append({pair(frame) for _, frame in recorder.frames})
            checks.equal(len(pairs[-1]), len(recorder.frames), f"round {number}: a counter came twice within it")
            checks.true(len(pairs[-1]) > 0, f"round {number}: nothing was sealed")
            recorder.frames = []
        checks.equal(len(set().union(*pairs)), sum(len(one) for one in pairs), "counters that came again after a kill")
        with daemon:
            port_lab.wait_for_ports(daemon, up=True)
            lab = sealed_lab.Lab(daemon)
            port_lab.Media(lab, "afterwards").check(checks, "the one after all of them")


TESTS = (killed_under_load_nothing_is_left_and_no_counter_comes_again,)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    cases.run("test_killed", TESTS)


if __name__ == "__main__":
    main()
