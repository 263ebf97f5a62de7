# SPDX-License-Identifier: BSD-3-Clause
"""Recordings through a router that treats packets as media routers do: readdressed, every field of the
RTP header rewritten, descriptors of other lengths, padding, loss, retransmission, duplicates, disorder.
What it forwards opens, and is what it would have made of the plain packets."""

import collections
import contextlib
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import keyframes  # noqa: E402
import netns  # noqa: E402
import pcap  # noqa: E402
import router  # noqa: E402
import wire  # noqa: E402

SPEED = 3  # the recordings' nine seconds, played faster
SETTLE_SECONDS = 10
SUBSCRIBED = {96: 97, 98: 99, 102: 103, 111: 110}  # payload types that the router writes
RTX = {97: 105, 99: 106, 103: 107, 110: 108}
CODECS = {one.payload_type: one.codec for one in call.RECORDINGS}
RANDOM = random.Random(20261121)


# ---- what the router does to a packet -----------------------------------------------------------------


def other_vp8_descriptor(kind, number):
    """By turns: another picture id; a short one; none at all; TL0PICIDX and TID more; KEYIDX too; the
    extension without a field."""

    def change(descriptor):
        descriptor.picture_id = descriptor.picture_id + 1000 & 0x7FFF
        descriptor.long_picture_id = kind != 1
        if kind in (2, 5):
            descriptor.picture_id, descriptor.extended = None, kind == 5
        if kind in (3, 4):
            descriptor.tl0picidx, descriptor.tid, descriptor.layer_sync = number & 255, number & 3, True
        if kind == 4:
            descriptor.keyidx = number & 31

    return change


def other_vp9_descriptor(kind):
    """By turns: another picture id; a short one; none."""

    def change(descriptor):
        descriptor.picture_id = None if kind == 2 else descriptor.picture_id + 1000 & 0x7FFF
        descriptor.long_picture_id = kind != 1

    return change


EXTENSIONS = (
    lambda own: own,
    lambda own: None,
    lambda own: (router.ONE_BYTE, bytes.fromhex("10aa220033000000")),
    lambda own: (router.TWO_BYTE, bytes.fromhex("01010203040500000a000000")),
)


def rewritten(packet):
    """What the router makes of a packet. It follows from the RTP header, and looks at the descriptor."""
    number = packet.sequence
    out = packet.but(
        ssrc=packet.ssrc ^ 0x55000000, sequence=number + 5000, timestamp=packet.timestamp + 123456789,
        payload_type=SUBSCRIBED[packet.payload_type], marker=packet.marker ^ (number % 6 == 0),
        extension=EXTENSIONS[number % len(EXTENSIONS)](packet.extension),
        csrcs=(packet.ssrc, number) if number % 9 == 0 else (),
        padding=1 + number % 100 if number % 5 == 0 else 0)
    codec = CODECS[packet.payload_type]
    if codec == "VP8":
        return router.vp8(out, other_vp8_descriptor(number % 6, number))
    if codec == "VP9" and packet.body[0] & 0x80:
        return router.vp9(out, other_vp9_descriptor(number % 3))
    return out


def retransmitted(packet):
    return router.rtx(packet, packet.ssrc + 0x100, RTX[packet.payload_type], packet.sequence * 7)


def key_of(packet):
    return packet.ssrc, packet.sequence


def fates(plain):
    """What becomes of each packet: dropped for good, lost and sent again later as it was or as RTX,
    sent twice, held back a little, or sent on as usual: {key: (kind, seconds)}."""
    kinds = ("drop", "resend", "rtx", "twice", "late", "usual")
    chosen = RANDOM.choices(kinds, (5, 10, 10, 10, 15, 50), k=len(plain))
    return {key_of(packet): (kind, RANDOM.uniform(0.05, 1.5)) for packet, kind in zip(plain, chosen)}


def forward_by(fate, packet):
    """[(seconds, packet)] that the router sends for one that has come."""
    kind, seconds = fate[key_of(packet)]
    changed = rewritten(packet)
    return {"drop": [], "resend": [(seconds, changed)], "rtx": [(seconds, retransmitted(changed))],
            "twice": [(0, changed), (seconds, changed)], "late": [(seconds, changed)],
            "usual": [(0, changed)]}[kind]


# ---- the calls ----------------------------------------------------------------------------------------


class Play:
    """The recordings played once through a router."""

    def __init__(self, publisher, subscriber, forward):
        merged = call.load(9)
        began = merged[0][0]
        self.plain = [router.read_frame(frame) for _, frame in merged]
        before = subscriber.call("stats_get")["open"]
        recorder = wire.Recorder("sub0")
        between = router.Router(
            lambda frame: [(delay, router.write_frame(packet)) for delay, packet
                           in forward(router.read_frame(frame))])
        wire.Player("pub0", [(began + (at - began) // SPEED, frame) for at, frame in merged]).start().wait()
        self.wait(publisher, subscriber, between, before["packets_in"])
        self.came = [router.read_frame(frame) for frame in between.stop()]
        self.received = [frame for _, frame in recorder.stop()]
        self.sent = [frame for _, frame in between.sent]
        after = subscriber.call("stats_get")["open"]
        self.counted = {name: after[kind][name] - before[kind][name] for kind in ("passes", "drops")
                        for name in after[kind] if after[kind][name] != before[kind][name]}

    def wait(self, publisher, subscriber, between, before):
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end and not (
                between.seen >= len(self.plain) and between.is_idle()
                and subscriber.call("stats_get")["open"]["packets_in"] - before >= len(between.sent)):
            time.sleep(0.02)


class Lab:
    def __init__(self, publisher, subscriber):
        self.rewriting = Play(publisher, subscriber, lambda packet: [(0, rewritten(packet))])
        self.fate = fates(self.rewriting.plain)
        self.disorder = Play(publisher, subscriber, lambda packet: forward_by(self.fate, packet))


def connect(publisher, subscriber):
    for one in (publisher, subscriber):
        one.call("session_create", session_id="routed", e2ee=True)
        one.call("session_connect", session_id="routed", base_key="a7" * 64)
    for one in call.RECORDINGS:
        flow = frames.parse_udp(pcap.read(call.MEDIA / f"{one.name}.pcap")[0][1]).flow
        publisher.call("stream_publish", session_id="routed", link=call.LINK, flow=router.flow_of(flow),
                       ssrc=one.ssrc, payload_types={str(one.payload_type): {"codec": one.codec}})
    types = {str(SUBSCRIBED[one.payload_type]): {"codec": one.codec} for one in call.RECORDINGS}
    types |= {str(number): {"codec": "rtx", "apt": apt} for apt, number in RTX.items()}
    subscriber.call("stream_subscribe", session_id="routed", link=call.LINK,
                    flow=router.flow_of(router.SUBSCRIBER), payload_types=types)


# ---- the tests ----------------------------------------------------------------------------------------


def all_that_is_rewritten_opens_as_the_router_would_have_written_it_in_plain(checks, lab):
    play = lab.rewriting
    expected = [router.write_frame(rewritten(packet)) for packet in play.plain]
    checks.true(len(expected) > 1600, f"only {len(expected)} packets were played")
    checks.equal(play.counted, {"opened": len(expected)}, "counted")
    checks.equal(len(play.received), len(expected), "packets that came out")
    wrong = [number for number, (a, b) in enumerate(zip(play.received, expected)) if a != b]
    checks.equal(wrong, [], "packets that came out otherwise")


def the_router_has_rewritten_what_it_says(checks, lab):
    """Guards the test above against a router that does nothing."""
    seen = collections.Counter()
    for before, frame in zip(lab.rewriting.plain, lab.rewriting.received):
        after = router.read_frame(frame)
        for field in ("ssrc", "sequence", "timestamp", "payload_type", "marker", "csrcs"):
            seen[field] += getattr(before, field) != getattr(after, field)
        seen["extension added"] += before.extension is None and after.extension is not None
        seen["extension removed"] += before.extension is not None and after.extension is None
        seen["padding added"] += before.padding < after.padding
        seen["padding stripped"] += before.padding > 0 and after.padding == 0
        codec, change = CODECS[before.payload_type], len(after.body) - len(before.body)
        seen[f"{codec} {change:+}"] += 1
    rows = ["ssrc", "sequence", "timestamp", "payload_type", "marker", "csrcs", "extension added",
            "extension removed", "padding added", "padding stripped", "VP9 +0", "VP9 -1", "VP9 -2"]
    for what in rows + [f"VP8 {change:+}" for change in (-3, -2, -1, 0, 2)]:
        checks.true(seen[what] >= 10, f"{what}: {seen[what]} times")
    checks.true(not any(seen[f"{codec} {change:+}"] for codec in ("H264", "opus") for change in (-1, 1)),
                "a payload without a descriptor has changed its length")


def lost_late_and_retransmitted_packets_open_once(checks, lab):
    play = lab.disorder
    routed = [(lab.fate[key_of(packet)][0], packet) for packet in play.plain]
    expected = collections.Counter()
    for kind, packet in routed:
        if kind == "rtx":
            expected[router.write_frame(retransmitted(rewritten(packet)))] += 1
        elif kind != "drop":
            expected[router.write_frame(rewritten(packet))] += 1
    kinds = collections.Counter(kind for kind, _ in routed)
    checks.true(min(kinds.values()) > 50 and len(kinds) == 6, f"too few of a kind: {kinds}")
    checks.equal(play.counted, {"opened": expected.total(), "replay": kinds["twice"]}, "counted")
    received = collections.Counter(play.received)
    checks.equal((expected - received).total(), 0, "packets lost that the router did not drop")
    checks.equal((received - expected).total(), 0, "packets that came out otherwise or twice")


def key_frames_look_the_same_sealed_and_plain(checks, lab):
    sealed = {key_of(packet): packet for packet in lab.rewriting.came}
    keys = collections.Counter()
    for packet in lab.rewriting.plain:
        codec = CODECS[packet.payload_type]
        plain_says = keyframes.answers(codec, packet.body)
        checks.equal(keyframes.answers(codec, sealed[key_of(packet)].body), plain_says,
                     f"{codec}, sequence {packet.sequence}")
        for who, answer in plain_says.items():
            keys[f"{codec} {who}"] += keyframes.is_key(answer)
    # One every 50 frames of 225; the recording of H.264 repeats its parameter sets twice more.
    for codec, count in (("VP8", 5), ("VP9", 5), ("H264", 7)):
        for who in ("mediasoup", "LiveKit", "Janus"):
            checks.equal(keys[f"{codec} {who}"], count, f"{codec} key frames in the recording, by {who}")


TESTS = (
    all_that_is_rewritten_opens_as_the_router_would_have_written_it_in_plain,
    the_router_has_rewritten_what_it_says,
    lost_late_and_retransmitted_packets_open_once,
    key_frames_look_the_same_sealed_and_plain,
)


def main():
    netns.enter()
    network = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory)
        with contextlib.closing(network), publisher, subscriber:
            connect(publisher, subscriber)
            cases.run("test_router", TESTS, Lab(publisher, subscriber))


if __name__ == "__main__":
    main()
