# SPDX-License-Identifier: BSD-3-Clause
"""A configuration file that changes under a running daemon: what is taken up at once, by SIGHUP and by
config_reload, what waits for a restart, and that a wrong file changes nothing."""

import json
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import rpc  # noqa: E402
from control_lab import refused  # noqa: E402
from frames import Flow  # noqa: E402

RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
WIDER = RANGES + [{"ip": "198.51.100.0/24", "ports": "30000-30999"}]
OPUS_SILENCE = b"\xf8\xff\xfe"  # known to be made up by media routers


def packet_to(port, payload=b"\x10" + bytes(40), payload_type=96):
    flow = Flow("203.0.113.10", 40000, "198.51.100.20", port)
    return frames.udp_frame(flow, frames.rtp(payload_type, 1, 1000, 0x01020304, payload))


class Fixture:
    """A daemon whose file each test writes anew from the one that it started with."""

    def __init__(self, daemon, links, sides):
        self.daemon, self.links, self.sides = daemon, links, sides
        self.first = json.loads(daemon.config_path.read_text())

    def write(self, media=RANGES, injected="drop", **changes):
        links = [self.links[0] | {"media": media, "injected": injected}]
        self.daemon.config_path.write_text(json.dumps(self.first | {"links": links} | changes))

    def reload(self, **changes):
        """Returns ({key: (before, after)} of what was taken up, the same of what waits)."""
        self.write(**changes)
        result = self.daemon.call("config_reload")
        return tuple({row["key"]: (row["now"], row["file"]) for row in result[part]}
                     for part in ("applied", "needs_restart"))

    def wait_log(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.daemon.log() and time.monotonic() < end:
            time.sleep(0.02)
        return text in self.daemon.log()


def media_ranges_and_injected_frames_change_live(checks, fixture):
    seal, opened = fixture.sides
    applied, waiting = fixture.reload()
    checks.equal((applied, waiting), ({}, {}), "the same file")
    checks.equal(seal.send(packet_to(30000)), ([packet_to(30000)], {"bridged": 1}), "outside the ranges")
    applied, waiting = fixture.reload(media=WIDER, injected="pass_known")
    checks.equal((sorted(applied), waiting), (["links[0].injected", "links[0].media"], {}), "taken up")
    checks.equal(seal.send(packet_to(30000)), ([], {"no_stream": 1}), "now inside")
    with fixture.daemon.client() as client:
        client.call("session_create", session_id="s", e2ee=True)
        client.call("session_connect", session_id="s", encryption_secret="correct horse battery staple")
        client.call("stream_subscribe", session_id="s", link="edge0", stream_id="x",
                    flow={"dst_ip": "198.51.100.20", "dst_port": 30000}, payload_types={"111": {"codec": "opus"}})
        silence = packet_to(30000, OPUS_SILENCE, 111)
        checks.equal(opened.send(silence), ([silence], {"injected": 1}), "known frames pass")
        fixture.reload(media=WIDER)
        checks.equal(opened.send(silence), ([], {"not_sealed": 1}), "and are dropped again")
        fixture.write(media=RANGES)
        refused(checks, client, 6119, "invalid_configuration", "flow", "config_reload")
        checks.equal(opened.send(silence), ([], {"not_sealed": 1}), "a stream's range stays")
        client.call("session_delete", session_id="s")
    applied, _ = fixture.reload()
    checks.equal(sorted(applied), ["links[0].media"], "once the stream is gone")
    checks.equal(seal.send(packet_to(30000)), ([packet_to(30000)], {"bridged": 1}), "outside again")


def sighup_takes_it_up_and_logs_it(checks, fixture):
    fixture.write(e2ee={"grace_ms": 7777}, memory={"mb": 128, "hugepages": "off"})
    fixture.daemon.process.send_signal(signal.SIGHUP)
    checks.true(fixture.wait_log("e2ee.grace_ms: 30000 -> 7777"), "the log tells what was taken up")
    checks.true(fixture.wait_log("memory.mb: 96 -> 128, after a restart"), "the log tells what waits")
    session = fixture.daemon.call("session_create", session_id="s")
    checks.equal(session["grace_ms"], 7777, "a new session's grace")
    fixture.daemon.call("session_delete", session_id="s")
    fixture.write(e2ee={"grace_ms": "soon"})
    fixture.daemon.process.send_signal(signal.SIGHUP)
    checks.true(fixture.wait_log("SIGHUP: nothing changed: "), "a wrong file is said")
    checks.true("e2ee.grace_ms" in fixture.daemon.log().rsplit("nothing changed", 1)[1], "with the key")
    checks.true(fixture.daemon.alive(), "the daemon goes on")


def the_switch_for_the_whole_host_can_be_turned(checks, fixture):
    with fixture.daemon.client() as client:
        fixture.reload(e2ee={"enabled": False})
        refused(checks, client, 6100, "e2ee_not_enabled", "e2ee", "session_create", e2ee=True)
        checks.equal(client.call("has_end_to_end_encryption_support")["supported"], False, "supported")
        fixture.reload()
        checks.equal(client.call("has_end_to_end_encryption_support")["supported"], True, "supported again")


def requests_are_limited_for_each_user(checks, fixture):
    fixture.reload(control=fixture.first["control"] | {"requests_per_second": 20})
    refusals = 0
    with fixture.daemon.client() as client:
        for _ in range(60):
            try:
                client.call("get_version")
            except rpc.RpcError as error:
                checks.equal((error.code, error.reason, error.retryable), (6116, "rate_limited", True), "too many")
                refusals += 1
        checks.true(refusals > 0, "60 requests at once were all answered")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                fixture.write()
                client.call("config_reload")
                break
            except rpc.RpcError:
                time.sleep(0.1)
        for _ in range(60):
            client.call("get_version")


def a_check_changes_nothing(checks, fixture):
    fixture.reload()
    fixture.write(limits={"sessions": 3, "streams": 999, "senders": 256})
    result = fixture.daemon.call("config_check")
    checks.equal({row["key"]: row["live"] for row in result["changes"]},
                 {"limits.sessions": True, "limits.streams": False}, "what would change")
    checks.equal(fixture.daemon.call("get_version")["limits"]["sessions"], 64, "what is in use")
    fixture.write()


TESTS = (
    media_ranges_and_injected_frames_change_live,
    sighup_takes_it_up_and_logs_it,
    the_switch_for_the_whole_host_can_be_turned,
    requests_are_limited_for_each_user,
    a_check_changes_nothing,
)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links) as daemon:
            sides = (path_lab.Side(daemon, "seal", "plain-far", "sealed-far"),
                     path_lab.Side(daemon, "open", "sealed-far", "plain-far"))
            cases.run("test_reload", TESTS, Fixture(daemon, links, sides))


if __name__ == "__main__":
    main()
