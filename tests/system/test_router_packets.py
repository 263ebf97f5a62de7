# SPDX-License-Identifier: BSD-3-Clause
"""What recordings lack, through a router: descriptors of every form into every other, layers dropped,
publishers switched at key frames, retransmissions, padding of every length; and what must not open."""

import contextlib
import copy
import itertools
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import descriptors  # noqa: E402
import keyframes  # noqa: E402
import netns  # noqa: E402
import routed_lab  # noqa: E402
import router  # noqa: E402
from descriptors import Vp8, Vp9  # noqa: E402
from routed_lab import SUBSCRIBED, SUBSCRIBED_RTX, noise  # noqa: E402

VP8_KEY = bytes.fromhex("5001009d012a4001b400")  # RFC 6386: 320 by 180
VP8_FORMS = (
    {"extended": False},
    {"extended": True},  # without a field
    {"picture_id": 100, "long_picture_id": False},
    {"picture_id": 0x7ABC},
    {"picture_id": 77, "long_picture_id": False, "tl0picidx": 200, "tid": 2},
    {"picture_id": 0x1234, "tl0picidx": 255, "tid": 1, "layer_sync": True, "keyidx": 31},
    {"keyidx": 5},
)
VP9_FORMS = (
    {},
    {"picture_id": 100, "long_picture_id": False},
    {"picture_id": 0x7ABC},
    {"picture_id": 9, "tid": 1, "sid": 2, "tl0picidx": 200},
    {"picture_id": 0x1234, "structure": bytes.fromhex("38" "014000b4" "02800168" "010404")},
    {"flexible": True, "inter_picture": True, "picture_id": 0x55, "references": bytes.fromhex("030502")},
)
H264_SPS = bytes.fromhex("6742c00dda0507ec0440000003004000000c83c50aa8")


H264_FRAGMENTS = [b"\x7c\x85" + noise(80, 1), b"\x7c\x05" + noise(80, 2), b"\x7c\x45" + noise(3, 3)]
H265_VPS, H265_SLICE = b"\x40\x01" + noise(21, 4), b"\x26\x01" + noise(300, 5)
# Bodies without a descriptor that a router rewrites.
SINGLE = {
    "H264": [H264_SPS, b"\x65" + noise(200, 6), *H264_FRAGMENTS,
             b"\x78" + struct.pack("!H", len(H264_SPS)) + H264_SPS + struct.pack("!H", 2) + b"\x68\xce"],
    "H265": [H265_VPS, H265_SLICE, b"\x62\x01\x93" + noise(90, 7), b"\x62\x01\x13" + noise(90, 8),
             b"\x60\x01" + b"".join(struct.pack("!H", len(u)) + u for u in (H265_VPS, H265_SLICE))],
    "AV1": [b"\x08\x0a" + noise(90, 9), b"\x50" + noise(90, 10), b"\x10"],
    "opus": [b"\xfc" + noise(50, 11), b"\xfc", b"\xf8\xff\xfe"],
    "other": [noise(160, 12), b"\x00", noise(17, 13)],
}


def vp8_frames():
    """A key frame's start, an inter frame's, a later packet of its first partition, another partition."""
    return (({"start": True}, VP8_KEY + noise(300, 1)), ({"start": True}, b"\x31" + noise(200, 2)),
            ({}, noise(200, 3)), ({"start": True, "partition": 3}, noise(90, 4)))


def forwarded(*steps):
    """Makes a route of steps that each take a packet and give one."""

    def make():
        forward = routed_lab.Forwarder()

        def route(packet):
            packet = forward(packet)
            for step in steps:
                packet = step(packet)
            return [packet]

        return route

    return make


def vp8_descriptors_of_every_form_become_any_other(checks, lab):
    for target in VP8_FORMS:
        packets = [lab.packet("VP8", Vp8(**form, **frame).write() + rest)
                   for form in VP8_FORMS for frame, rest in vp8_frames()]

        def change(packet, target=target):
            def to_target(descriptor):
                kept = (descriptor.start, descriptor.partition)
                vars(descriptor).update(vars(Vp8(**target)))
                descriptor.start, descriptor.partition = kept
            return router.vp8(packet, to_target)

        out = lab.through(checks, f"to {target}", packets, forwarded(change))
        checks.equal({len(a.body) - len(Vp8(**target).write()) for a in out[:4]},
                     {len(rest) for _, rest in vp8_frames()}, f"to {target}: bytes behind the descriptor")


def vp9_descriptors_of_every_form_become_any_other(checks, lab):
    for target in VP9_FORMS:
        packets = [lab.packet("VP9", Vp9(begin=begin, **form).write() + rest)
                   for form in VP9_FORMS for begin, rest in ((True, b"\x82" + noise(200, 5)), (False, noise(90, 6)))]

        def change(packet, target=target):
            def to_target(descriptor):
                begin = descriptor.begin
                vars(descriptor).update(vars(Vp9(**target)))
                descriptor.begin = begin
            return router.vp9(packet, to_target)

        lab.through(checks, f"to {target}", packets, forwarded(change))


class Vp8Layers:
    """Forwards temporal layers up to one; picture ids and TL0PICIDX close up over what is dropped."""

    def __init__(self, highest):
        self.highest, self.dropped = highest, set()
        self.forward = routed_lab.Forwarder()

    def __call__(self, packet):
        descriptor, _ = descriptors.read_vp8(packet.body)
        if descriptor.tid > self.highest:
            self.dropped.add(descriptor.picture_id)
            return []

        def close_up(descriptor):
            descriptor.picture_id = descriptor.picture_id - len(self.dropped) & 0x7FFF
            descriptor.tl0picidx = descriptor.tl0picidx + 17 & 255
            descriptor.keyidx = descriptor.keyidx + 3 & 31

        return [router.vp8(self.forward(packet), close_up)]


def vp8_temporal_layers_are_dropped(checks, lab):
    for highest in (0, 1, 2):
        packets = []
        for picture in range(60):
            tid = (0, 2, 1, 2)[picture % 4]
            for part in range(2):
                descriptor = Vp8(start=part == 0, picture_id=0x7FF0 + picture & 0x7FFF, tl0picidx=picture // 4,
                                 tid=tid, layer_sync=tid > 0, keyidx=7)
                frame = (VP8_KEY if picture == 0 else b"\x31") if part == 0 else b""
                packets.append(lab.packet("VP8", descriptor.write() + frame + noise(150, picture),
                                          marker=part == 1))
        out = lab.through(checks, f"up to {highest}", packets, lambda: Vp8Layers(highest))
        checks.equal(len(out), (30, 60, 120)[highest], f"up to {highest}: packets forwarded")


class Vp9Layers:
    """Forwards spatial and temporal layers up to some; marks the highest that is left as the picture's
    end, and numbers pictures anew."""

    def __init__(self, highest_sid, highest_tid):
        self.sid, self.tid = highest_sid, highest_tid
        self.forward = routed_lab.Forwarder()

    def __call__(self, packet):
        descriptor, _ = descriptors.read_vp9(packet.body)
        if descriptor.sid > self.sid or descriptor.tid > self.tid:
            return []
        packet = self.forward(packet.but(marker=descriptor.sid == self.sid and descriptor.end))

        def renumber(descriptor):
            descriptor.picture_id = descriptor.picture_id * 3 & 0x7FFF
            descriptor.tl0picidx = descriptor.tl0picidx + 9

        return [router.vp9(packet, renumber)]


def vp9_spatial_and_temporal_layers_are_dropped(checks, lab):
    structure = bytes.fromhex("50" "00a0005a" "014000b4" "02800168")  # three sizes
    for flexible, sid, tid in itertools.product((False, True), (0, 1, 2), (0, 1)):
        packets = []
        for picture, layer, part in itertools.product(range(12), range(3), range(2)):
            descriptor = Vp9(inter_picture=picture > 0, flexible=flexible, begin=part == 0, end=part == 1,
                             picture_id=picture + 0x100, tid=picture & 1, sid=layer, inter_layer=layer > 0,
                             tl0picidx=picture // 2, references=b"\x02" if flexible and picture > 0 else b"",
                             structure=structure if picture == layer == part == 0 else b"")
            first = b"" if part else (b"\x86" if picture else b"\x82")
            packets.append(lab.packet("VP9", descriptor.write() + first + noise(120, picture),
                                      marker=layer == 2 and part == 1))
        out = lab.through(checks, f"flexible {flexible}, up to {sid}, {tid}", packets,
                          lambda: Vp9Layers(sid, tid))
        checks.equal((len(out), sum(packet.marker for packet in out)),
                     (2 * (sid + 1) * 6 * (tid + 1), 6 * (tid + 1)), "packets forwarded, and marked")


class Switcher:
    """One outgoing stream of several publishers: every so often another is wanted, and taken up at its
    next key frame as this router knows one. Sequence numbers and picture ids go on."""

    def __init__(self, codec, who):
        self.codec, self.who = codec, who
        self.current = self.wanted = None
        self.seen, self.picture_id = 0, 0x7FF8
        self.forward = routed_lab.Forwarder()

    def begins(self, packet):
        if self.codec == "opus":
            return True
        return keyframes.is_key(keyframes.answers(self.codec, packet.body)[self.who])

    def __call__(self, packet):
        self.seen += 1
        self.wanted = self.seen // 24 % 3
        if packet.ssrc & 3 == self.wanted != self.current and self.begins(packet):
            self.current = self.wanted
        if packet.ssrc & 3 != self.current:
            return []
        packet = self.forward(packet)
        if self.codec != "VP8":
            return [packet]
        self.picture_id += 1
        return [router.vp8(packet, lambda d: setattr(d, "picture_id", self.picture_id))]


def turn_of(codec, number):
    """A body of a stream that has a key frame every fourth packet."""
    key = number % 4 == 3
    if codec == "VP8":
        return Vp8(start=True, picture_id=number).write() + (VP8_KEY if key else b"\x31") + noise(100, number)
    if codec == "VP9":
        structure = bytes.fromhex("10014000b4") if key else b""
        return (Vp9(inter_picture=not key, begin=True, end=True, picture_id=number, structure=structure).write()
                + (b"\x82" if key else b"\x86") + noise(100, number))
    if codec == "H264":
        slice_ = b"\x65" + noise(100, number)
        return (b"\x78" + struct.pack("!H", len(H264_SPS)) + H264_SPS + struct.pack("!H", 101) + slice_
                if key else b"\x41" + noise(100, number))
    return b"\xfc" + noise(60, number)


def one_outgoing_ssrc_switches_among_publishers(checks, lab):
    rows = [("opus", None)] + [(codec, who) for codec in ("VP8", "VP9", "H264")
                               for who in keyframes.RULES[codec]]
    for codec, who in rows:
        packets = [lab.packet(codec, turn_of(codec, number), number % 3) for number in range(150)]
        out = lab.through(checks, f"{codec}, as {who} does", packets, lambda: Switcher(codec, who))
        bodies = [packet.body[-60:] for packet in packets]
        sources = [bodies.index(packet.body[-60:]) % 3 for packet in out]
        switches = sum(a != b for a, b in zip(sources, sources[1:]))
        checks.true(switches >= 4, f"{codec}, as {who} does: only {switches} switches")
        checks.equal({packet.ssrc for packet in out}, {routed_lab.OUT_SSRC}, f"{codec}: SSRCs")


def padding_of_every_length_is_added_and_stripped(checks, lab):
    bare = [lab.packet("opus", b"\xfc" + noise(40, n)) for n in range(255)]
    lengths = iter(list(range(1, 256)) * 2)
    lab.through(checks, "added", bare, forwarded(lambda packet: packet.but(padding=next(lengths))))
    padded = [lab.packet("opus", b"\xfc" + noise(40, n), padding=1 + n) for n in range(255)]
    lab.through(checks, "stripped", padded, forwarded(lambda packet: packet.but(padding=0)))
    padded = [packet.but(sequence=packet.sequence ^ 0x100) for packet in padded]
    lab.through(checks, "of another length", padded,
                forwarded(lambda packet: packet.but(padding=256 - packet.padding)))


def header_extensions_and_csrcs_come_and_go(checks, lab):
    kinds = [None, (router.ONE_BYTE, b""), (router.ONE_BYTE, bytes.fromhex("10aa0000")),
             (router.TWO_BYTE, bytes.fromhex("0100") + bytes(62)), (0x1234, bytes(240))]
    for target, csrcs in itertools.product(kinds, ((), (1, 2), tuple(range(15)))):
        packets = [lab.packet("H264", b"\x41" + noise(100, n), extension=own, csrcs=(9,) * n)
                   for n, own in enumerate(kinds)]
        lab.through(checks, f"to {target and hex(target[0])} and {len(csrcs)} CSRCs", packets, forwarded(
            lambda packet: packet.but(extension=target, csrcs=csrcs, marker=not packet.marker)))


def media_of(codec):
    """A few bodies of a codec, of every kind that its rule tells apart."""
    if codec == "VP8":
        return [Vp8(**form, **frame).write() + rest for form in VP8_FORMS for frame, rest in vp8_frames()]
    if codec in SINGLE:
        return SINGLE[codec]
    return [turn_of(codec, number) for number in range(8)]


def retransmissions_from_the_routers_cache_open(checks, lab):
    """In RTX of its own numbering; also of what it was sent as RTX, unwrapped or numbered anew."""
    for codec, number in SUBSCRIBED_RTX.items():

        def wrap(packet, number=number):
            return router.rtx(packet, routed_lab.OUT_SSRC + 1, number, packet.sequence * 5)

        def unwrap(packet):
            return packet.but(body=packet.body[2:], sequence=struct.unpack_from("!H", packet.body)[0])

        bodies = media_of(codec)
        lab.through(checks, f"{codec}, wrapped", [lab.packet(codec, body) for body in bodies], forwarded(wrap))
        made = [lab.packet(codec, struct.pack("!H", 9000 + n) + body,
                           payload_type=routed_lab.PUBLISHED_RTX[codec]) for n, body in enumerate(bodies)]
        lab.through(checks, f"{codec}, unwrapped", made, lambda codec=codec: lambda packet: [
            unwrap(packet).but(payload_type=SUBSCRIBED[codec], ssrc=routed_lab.OUT_SSRC)])
        made = [packet.but(ssrc=0xA0000001) for packet in copy.deepcopy(made)]
        lab.through(checks, f"{codec}, with another OSN", made, lambda number=number: lambda packet: [
            packet.but(payload_type=number, body=b"\x12\x34" + packet.body[2:])])


def codecs_without_a_descriptor_pass_likewise(checks, lab):
    for codec, bodies in SINGLE.items():
        lab.through(checks, codec, [lab.packet(codec, body) for body in bodies], forwarded())


def duplicates_open_once_in_whatever_order(checks, lab):
    packets = [lab.packet("opus", b"\xfc" + noise(50, n)) for n in range(200)]
    forward = routed_lab.Forwarder()
    routed = [forward(packet) for packet in lab.sealed(packets)]
    opened, counted = lab.deliver(routed[::-1] + routed[100:])
    checks.equal(counted, {"opened": 200, "replay": 100}, "counted")
    checks.equal([packet.body for packet in opened], [packet.body for packet in packets[::-1]], "bodies")


def flipped(at, bit=1):
    def change(packet):
        body = bytearray(packet.body)
        body[at] ^= bit
        return packet.but(body=bytes(body))
    return change


def what_a_router_must_not_touch_does_not_open(checks, lab):
    start = Vp8(start=True, picture_id=5).write()
    rows = (
        ("a key frame's height", "VP8", start + VP8_KEY + noise(90, 1), flipped(4 + 8), "auth_failed"),
        ("a key frame made an inter frame", "VP8", start + VP8_KEY + noise(90, 1), flipped(4), "auth_failed"),
        ("a frame's start hidden", "VP8", start + b"\x31" + noise(90, 1),
         lambda p: router.vp8(p, lambda d: setattr(d, "start", False)), "auth_failed"),
        ("another codec's payload type", "VP8", start + b"\x31" + noise(90, 1),
         lambda p: p.but(payload_type=SUBSCRIBED["H264"]), "auth_failed"),
        ("a payload type that nobody named", "VP8", start + b"\x31" + noise(90, 1),
         lambda p: p.but(payload_type=126), "unknown_payload_type"),
        ("a descriptor that runs past the end", "VP8", start[:3] + b"\x31",
         lambda p: p.but(body=b"\x90\xf0" + p.body[-28:]), "malformed"),
        ("VP9's first byte", "VP9", Vp9(begin=True).write() + b"\x82" + noise(90, 1), flipped(1), "auth_failed"),
        ("an H264 unit's type", "H264", b"\x65" + noise(90, 1), flipped(0), "auth_failed"),
        ("a parameter set", "H264", H264_SPS, flipped(6), "auth_failed"),
        ("an aggregate taken apart", "H264", turn_of("H264", 3),
         lambda p: p.but(body=p.body[5 + len(H264_SPS) :]), "auth_failed"),
        ("sizes of an aggregate", "H264", turn_of("H264", 3), flipped(2), "malformed"),
        ("Opus's TOC", "opus", b"\xfc" + noise(50, 1), flipped(0, 4), "auth_failed"),
        ("the media", "opus", b"\xfc" + noise(50, 1), flipped(20), "auth_failed"),
        ("the tag", "opus", b"\xfc" + noise(50, 1), flipped(-19), "auth_failed"),
    )
    for what, codec, body, change, outcome in rows:
        packet = routed_lab.Forwarder()(lab.sealed([lab.packet(codec, body)])[0])
        checks.equal(lab.deliver([change(packet)]), ([], {outcome: 1}), what)
        opened, counted = lab.deliver([packet])
        checks.equal((counted, [p.body for p in opened]), ({"opened": 1}, [body]), f"{what}: untouched, later")


TESTS = (
    vp8_descriptors_of_every_form_become_any_other,
    vp9_descriptors_of_every_form_become_any_other,
    vp8_temporal_layers_are_dropped,
    vp9_spatial_and_temporal_layers_are_dropped,
    one_outgoing_ssrc_switches_among_publishers,
    padding_of_every_length_is_added_and_stripped,
    header_extensions_and_csrcs_come_and_go,
    retransmissions_from_the_routers_cache_open,
    codecs_without_a_descriptor_pass_likewise,
    duplicates_open_once_in_whatever_order,
    what_a_router_must_not_touch_does_not_open,
)


def main():
    netns.enter()
    network = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory)
        with contextlib.closing(network), publisher, subscriber:
            cases.run("test_router_packets", TESTS, routed_lab.Lab(publisher, subscriber))


if __name__ == "__main__":
    main()
