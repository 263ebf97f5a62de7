# SPDX-License-Identifier: BSD-3-Clause
"""PCI NICs: the daemon in a virtual machine, on two emulated ones of each kind, by vfio-pci and on hugepages.
Recordings go in from outside; what one kind seals, another opens, byte for byte."""

import json
import os
import pathlib
import sys
import tempfile
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import path_lab  # noqa: E402
import pcap  # noqa: E402
import vm  # noqa: E402


class Nic(NamedTuple):
    """A kind of NIC: qemu's name, DPDK's driver, the suite that a link of two such seals with, and the MTU
    that it is configured with, if any."""

    kind: str
    driver: str
    suite: str
    overhead: int
    mtu: int | None = None


NICS = (
    Nic("e1000", "net_e1000_em", "AES_256_CTR_HMAC_SHA512_80", 28, 9000),
    Nic("vmxnet3", "net_vmxnet3", "AES_256_GCM_SHA512_128", 34, 9000),
    Nic("virtio-net-pci", "net_virtio", "AES_128_CTR_HMAC_SHA256_80", 28),
)
KINDS = [nic.kind for nic in NICS]
OPENERS = dict(zip(KINDS, KINDS[1:] + KINDS[:1]))  # where what a link has sealed is opened
SESSION = "in-the-machine"
SECONDS = 2  # of the recordings
IN_FLIGHT = 128
PATIENCE_SECONDS = 20


def stream(kind, one, direction, suite):
    flow = frames.parse_udp(pcap.read(call.MEDIA / f"{one.name}.pcap")[0][1]).flow
    return {"stream_id": f"{kind}-{one.name}-{direction}", "session_id": SESSION, "direction": direction, "link": kind,
            "flow": {"src_ip": flow.src, "src_port": flow.src_port, "dst_ip": flow.dst, "dst_port": flow.dst_port},
            "ssrc": [one.ssrc], "payload_types": {str(one.payload_type): {"codec": one.codec}}, "suite": suite}


def port(nic, address):
    return {"pci": address} | ({"mtu": nic.mtu} if nic.mtu else {})


def files(addresses):
    """The daemon's configuration and what it is to carry, as the image has them."""
    config = {
        "cpus": [1], "memory": {"mb": 256, "hugepages": "required"}, "control": {"socket": "/run/control.sock"},
        "links": [edge.link(nic.kind, *(port(nic, addresses[f"{nic.kind}-{side}"]) for side in ("plain", "sealed")),
                            call.RANGES) for nic in NICS],
        "limits": {"sessions": 16, "streams": 64, "senders": 256}, "lock_keys": "yes"}
    streams = [made for nic in NICS for one in call.RECORDINGS for made in (
        stream(nic.kind, one, "seal", nic.suite), stream(OPENERS[nic.kind], one, "open", nic.suite))]
    state = {"sessions": [{"session_id": SESSION, "e2ee": True}], "streams": streams}
    return {"etc/rtpseald.yaml": json.dumps(config), "etc/state.yaml": json.dumps(state)}


class Rig:
    """The machine with a running daemon, which has its session and its streams."""

    def __init__(self, machine):
        self.machine = machine
        self.ctl_words = "rtpsealctl --socket /run/control.sock --json "
        machine.must("rtpseald -c /etc/rtpseald.yaml >/log 2>&1 & daemon=$!")
        end = time.monotonic() + PATIENCE_SECONDS
        while machine.run(self.ctl_words + "version")[0] != 0:
            if machine.run("kill -0 $daemon")[0] != 0 or time.monotonic() > end:
                raise RuntimeError(f"the daemon did not start:\n{machine.must('cat /log')}\n{machine.log()}")
            time.sleep(0.2)
        self.ctl("apply -f /etc/state.yaml")
        self.ctl(f"session connect {SESSION} --secret-stdin", f"echo {call.new_secret()} | ")

    def ctl(self, words, before=""):
        return json.loads(self.machine.must(before + self.ctl_words + words))

    def ports(self):
        return self.ctl("stats --scope port")["ports"]

    def is_up(self, kind, side):
        return next(port["up"] for port in self.ports() if (port["link"], port["side"]) == (kind, side))

    def counters(self, kind, direction):
        """One direction of a link, as its entry counts."""
        side = {"seal": "plain", "open": "sealed"}[direction]
        return next(port[direction] for port in self.ports() if (port["link"], port["side"]) == (kind, side))

    def send(self, into, sent, out_of, expected=None):
        """Frames through the machine, few enough at a time for every queue. Returns those that came out:
        as many as `expected` (as were sent, without it), or what there is when it takes too long."""
        into, out = self.machine.wires[into], self.machine.wires[out_of].frames
        expected = len(sent) if expected is None else expected
        out.clear()
        end = time.monotonic() + PATIENCE_SECONDS
        for number, frame in enumerate(sent):
            while expected and number - len(out) >= IN_FLIGHT and time.monotonic() < end:
                time.sleep(0.001)
            into.send(frame)
        while len(out) < expected and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(0.2)  # for one too many to show itself
        return list(out)

    def counted(self, checks, kind, direction, sent):
        """Sends frames that are to be dropped, and returns {outcome: how many} of what was counted."""
        ends = ("plain", "sealed") if direction == "seal" else ("sealed", "plain")
        before = self.counters(kind, direction)
        came = self.send(f"{kind}-{ends[0]}", sent, f"{kind}-{ends[1]}", expected=0)
        checks.equal(len(came), 0, f"{kind}: frames that came out")
        return path_lab.moved(before, self.counters(kind, direction))


def ports_are_what_they_are_meant_to_be(checks, rig):
    is_ = {(port["link"], port["side"]): (port["driver"], port["up"], port["mtu"]) for port in rig.ports()}
    wanted = {(nic.kind, side): (nic.driver, True, nic.mtu or 1500) for nic in NICS for side in ("plain", "sealed")}
    checks.equal(is_, wanted, "ports")


def what_one_kind_seals_another_opens(checks, rig):
    sent = [frame for _, frame in call.load(SECONDS)]
    for kind, _, _, overhead, _ in NICS:
        opener = OPENERS[kind]
        sealed = rig.send(f"{kind}-plain", sent, f"{kind}-sealed")
        checks.equal(len(sealed), len(sent), f"{kind}: sealed of those sent")
        checks.equal({len(b) - len(a) for a, b in zip(sent, sealed)}, {overhead}, f"{kind}: bytes added")
        checks.equal([n for n, frame in enumerate(sealed) if not path_lab.checksums_are_right(frame)], [],
                     f"{kind}: sealed frames whose lengths or checksums are wrong")
        opened = rig.send(f"{opener}-sealed", sealed, f"{opener}-plain")
        checks.true(opened == sent, f"{kind} to {opener}: what came out is not what went in:"
                                    f" {len(opened)} of {len(sent)} frames")
        text = b"".join(sealed)
        clear = [n for n, frame in enumerate(sent) if len(frame) > 200 and frame[-32:] in text
                 and frames.parse_udp(frame).payload[1] & 127 != 102]
        checks.equal(clear, [], f"{kind}: frames whose ends left in clear")


def jumbo_frames_are_sealed_and_opened(checks, rig):
    """The buffers of net_e1000_em are of 8192 bytes at most: longer frames come in two of them."""
    sealing, opening = NICS[:2]
    one = call.RECORDINGS[3]
    flow = frames.parse_udp(pcap.read(call.MEDIA / f"{one.name}.pcap")[0][1]).flow
    largest = sealing.mtu - sealing.overhead - 40
    sent = [frames.udp_frame(flow, frames.rtp(one.payload_type, number, 0, one.ssrc, os.urandom(bytes_of_body)))
            for number, bytes_of_body in enumerate((1500, 2047, 4096, 8100, 8192, 8193, largest))]
    sealed = rig.send(f"{sealing.kind}-plain", sent, f"{sealing.kind}-sealed")
    checks.equal([len(frame) for frame in sealed], [len(frame) + sealing.overhead for frame in sent], "sealed")
    checks.true(all(map(path_lab.checksums_are_right, sealed)), "sealed frames whose checksums are wrong")
    opened = rig.send(f"{opening.kind}-sealed", sealed, f"{opening.kind}-plain")
    checks.true(opened == sent, f"what came out is not what went in: {len(opened)} of {len(sent)} frames")


def wrong_checksums_of_udp_are_dropped(checks, rig):
    """Whether the NIC has looked at them, or the daemon has."""
    good = call.load(SECONDS)[0][1]
    spoilt = good[:40] + bytes([good[40] ^ 1]) + good[41:]
    for kind in KINDS:
        checks.equal(rig.counted(checks, kind, "seal", [spoilt] * 3), {"bad_checksum": 3}, kind)


def wrong_checksums_of_ipv4_stay_wrong(checks, rig):
    """So that whoever comes next drops the packet, as it would without the daemon."""
    good = call.load(SECONDS)[0][1]
    spoilt = good[:24] + bytes([good[24] ^ 1]) + good[25:]
    for kind in KINDS:
        sealed = rig.send(f"{kind}-plain", [spoilt], f"{kind}-sealed")
        checks.equal([frames.checksum(frame[14:34]) != 0 for frame in sealed], [True], kind)


def plain_media_does_not_pass(checks, rig):
    sent = [frame for _, frame in call.load(SECONDS)][:40]
    for kind in KINDS:
        counted = rig.counted(checks, kind, "open", sent)
        checks.equal(sum(counted.values()), len(sent), f"{kind}: dropped on the way to the plain side: {counted}")


def what_is_no_media_goes_through_as_it_came(checks, rig):
    """Short frames are padded by NICs: these are as long as Ethernet wants them, or of an odd length."""
    outside = frames.Flow("192.0.2.1", 53, "192.0.2.2", 40001)
    sent = [frames.ethernet(b"\0\1\x08\0\6\4\0\1" + bytes(38), ethertype=0x0806),
            frames.udp_frame(outside, bytes(101)), frames.udp_frame(outside, bytes(1472), vlan=7),
            frames.ethernet(bytes(range(47)), ethertype=0x88B5)]
    for kind in KINDS:
        for ends in (("plain", "sealed"), ("sealed", "plain")):
            into, out = (f"{kind}-{end}" for end in ends)
            checks.true(rig.send(into, sent, out) == sent, f"{into} to {out}: not as sent")


def a_cable_that_is_pulled_and_plugged_is_told_of(checks, rig):
    """And media goes on afterwards, on the same port."""
    sent = [frame for _, frame in call.load(SECONDS)][:20]
    for kind in KINDS:
        name = f"{kind}-plain"
        for state, is_up in (("off", False), ("on", True)):
            rig.machine.plug(name, state)
            end = time.monotonic() + PATIENCE_SECONDS
            while rig.is_up(kind, "plain") != is_up and time.monotonic() < end:
                time.sleep(0.1)
            checks.equal(rig.is_up(kind, "plain"), is_up, f"{name}, cable {state}: up")
            checks.equal(rig.ctl("health")["ready"], is_up, f"{name}, cable {state}: ready")
        checks.equal(len(rig.send(name, sent, f"{kind}-sealed")), len(sent), f"{name}: sealed afterwards")


def every_packet_is_accounted_for(checks, rig):
    for port in rig.ports():
        counters = port["seal" if port["side"] == "plain" else "open"]
        came_in, accounted = path_lab.sums(counters)
        checks.equal(accounted, came_in, f"{port['link']}, {port['side']}: out and dropped of those that came in")
        checks.equal((port["rx_packets"], port["rx_missed"], port["rx_errors"], port["rx_no_mbuf"]),
                     (came_in, 0, 0, 0), f"{port['link']}, {port['side']}: received, missed, errors, without mbuf")


def it_ends_in_order(checks, rig):
    rig.machine.must("kill $daemon")
    checks.equal(rig.machine.run("wait $daemon")[0], 0, "the daemon's exit code")
    log = rig.machine.must("cat /log")
    # EAL says lines of its own about interrupts, which are not used.
    checks.equal([line for line in log.splitlines() if line.startswith("error:")], [], "errors in the log")


TESTS = (
    ports_are_what_they_are_meant_to_be,
    what_one_kind_seals_another_opens,
    jumbo_frames_are_sealed_and_opened,
    wrong_checksums_of_udp_are_dropped,
    wrong_checksums_of_ipv4_stay_wrong,
    plain_media_does_not_pass,
    what_is_no_media_goes_through_as_it_came,
    a_cable_that_is_pulled_and_plugged_is_told_of,
    every_packet_is_accounted_for,
    it_ends_in_order,
)


def no_machine(_checks):
    vm.require()


def main():
    try:
        vm.require()
    except cases.Skip:
        cases.run("test_vm", (no_machine,))
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        nics = {f"{kind}-{side}": kind for kind in KINDS for side in ("plain", "sealed")}
        with vm.Machine(directory, nics, files) as machine:
            cases.run("test_vm", TESTS, Rig(machine))


if __name__ == "__main__":
    main()
