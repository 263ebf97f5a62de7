# SPDX-License-Identifier: BSD-3-Clause
"""What media routers take for a key frame, by the rules of four of them: the same of sealed packets as
of plain ones, and as the codecs' documents have it."""

import contextlib
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import keyframes  # noqa: E402
import netns  # noqa: E402
import routed_lab  # noqa: E402
from descriptors import Vp8, Vp9  # noqa: E402
from routed_lab import noise  # noqa: E402

TIMES = 20  # each row: sealed bytes are random, and must not be what an answer hangs on
ALL, NONE = {"mediasoup", "LiveKit", "Jitsi", "Janus"}, set()
JANUS_LEAST_BYTES = 16


def vp8(frame, **fields):
    return Vp8(**{"start": True, "picture_id": 0x1234} | fields).write() + frame


def vp8_key(width, height, start_code=keyframes.START_CODE):
    """RFC 6386 section 9.1: a key frame's tag, start code, width and height."""
    return bytes.fromhex("500100") + start_code + struct.pack("<HH", width, height) + noise(100, 1)


VP8_INTER = bytes.fromhex("310100") + noise(100, 2)
# Who says that it is a key frame.
VP8 = (
    ("a key frame", vp8(vp8_key(320, 180)), ALL),
    ("a key frame whose size is scaled", vp8(vp8_key(1280 | 1 << 14, 720 | 2 << 14)), ALL),
    ("with all that a descriptor can hold", vp8(vp8_key(640, 360), tl0picidx=3, tid=0, keyidx=4), ALL),
    ("with a short picture id", vp8(vp8_key(640, 360), picture_id=5, long_picture_id=False), ALL),
    ("with a bare descriptor", vp8(vp8_key(320, 180), picture_id=None), {"LiveKit", "Jitsi"}),
    ("another start code", vp8(vp8_key(320, 180, b"\x9d\x01\x2b")), {"mediasoup", "LiveKit", "Jitsi"}),
    ("an inter frame", vp8(VP8_INTER), NONE),
    ("an inter frame with the start code", vp8(b"\x51" + vp8_key(320, 180)[1:]), NONE),
    ("a key frame's later packet", vp8(vp8_key(320, 180), start=False), NONE),
)


def vp9(frame, **fields):
    return Vp9(**{"begin": True, "picture_id": 0x1234} | fields).write() + frame


# RFC 9628 section 4.2.1: one layer of 320 by 180.
STRUCTURE = bytes.fromhex("10014000b4")
# The VP9 bitstream's first byte: marker 10, profile, show_existing_frame, frame type (1: not a key frame).
VP9_KEY, VP9_INTER, VP9_AGAIN = (bytes([first]) + noise(100, 3) for first in (0x82, 0x86, 0x88))
VP9 = (
    ("a key frame", vp9(VP9_KEY, structure=STRUCTURE), ALL),
    ("without a structure", vp9(VP9_KEY), ALL - {"Janus"}),
    ("its base layer", vp9(VP9_KEY, tid=0, sid=0, structure=STRUCTURE), ALL),
    ("a layer above it", vp9(VP9_INTER, tid=0, sid=1, inter_layer=True), NONE),
    ("a layer that needs no other", vp9(VP9_KEY, tid=0, sid=1), {"LiveKit", "Jitsi"}),
    ("in flexible mode", vp9(VP9_KEY, flexible=True, tid=0, structure=STRUCTURE), ALL),
    ("of profile 3", vp9(b"\xb0" + noise(100, 4)), ALL - {"Janus"}),
    ("a later packet of it", vp9(VP9_KEY, begin=False), {"Jitsi"}),
    ("an inter frame", vp9(VP9_INTER, inter_picture=True), NONE),
    ("one in flexible mode", vp9(VP9_INTER, inter_picture=True, flexible=True, references=b"\x03\x04"), NONE),
    ("an inter frame of profile 3", vp9(b"\xb2" + noise(100, 5), inter_picture=True), NONE),
    ("a frame shown again", vp9(VP9_AGAIN, inter_picture=True), NONE),
)

SPS, PPS = bytes.fromhex("6742c00d") + noise(18, 6), bytes.fromhex("68ce3c80") + noise(14, 7)
IDR, SLICE, SEI = b"\x65" + noise(100, 8), b"\x41" + noise(100, 9), b"\x06" + noise(20, 10)


def aggregate(header, *units):
    return header + b"".join(struct.pack("!H", len(unit)) + unit for unit in units)


# RFC 6184: types 5 IDR, 6 SEI, 7 SPS, 8 PPS, 24 STAP-A, 28 FU-A, 29 FU-B.
H264 = (
    ("a parameter set", SPS, ALL),
    ("one that is too long for one", SPS + noise(300, 11), ALL),
    ("one that nothing refers to", b"\x07" + SPS[1:], ALL),
    ("an aggregate with one", aggregate(b"\x78", SPS, PPS, IDR), ALL),
    ("an aggregate of one", aggregate(b"\x78", SPS), ALL),
    ("an aggregate with one in second place", aggregate(b"\x78", PPS, SPS, IDR), ALL),
    ("an aggregate with one at its end", aggregate(b"\x78", SLICE, SPS), ALL - {"Jitsi"}),
    ("the begin of one in fragments", b"\x7c\x87" + noise(80, 12), ALL - {"Jitsi"}),
    ("likewise by FU-B", b"\x7d\x87\x00\x01" + noise(80, 13), ALL - {"Jitsi"}),
    ("a fragment that is not its begin", b"\x7c\x07" + noise(80, 14), {"Janus"}),
    ("a picture parameter set", PPS, {"Jitsi"}),
    ("an IDR slice", IDR, {"Jitsi"}),
    ("supplemental information", SEI, {"Jitsi"}),
    ("the begin of an IDR slice in fragments", b"\x7c\x85" + noise(80, 15), {"Jitsi"}),
    ("an aggregate of slices", aggregate(b"\x58", SLICE, SLICE, SLICE), NONE),
    ("a slice", SLICE, NONE),
    ("a fragment of a slice", b"\x5c\x81" + noise(80, 16), NONE),
    ("a fragment of a slice, not its begin", b"\x5c\x01" + noise(80, 17), NONE),
)


def unit(kind, count=60):
    """RFC 7798 section 1.1.4: a NAL unit of that type, layer 0, temporal id 1."""
    return bytes([kind << 1, 1]) + noise(count, kind)


BOTH, RFC = {"LiveKit", "RFC 7798"}, {"RFC 7798"}
H265 = (
    ("a video parameter set", unit(32), RFC),
    ("a sequence parameter set", unit(33), BOTH),
    ("a picture parameter set", unit(34), BOTH),
    ("one too long for one", unit(33, 300), BOTH),
    ("an aggregate with them", aggregate(b"\x60\x01", unit(32), unit(33), unit(34), unit(19)), BOTH),
    ("an aggregate with one at its end", aggregate(b"\x60\x01", unit(1), unit(34)), BOTH),
    ("an aggregate with VPS alone", aggregate(b"\x60\x01", unit(32), unit(1)), RFC),
    ("the begin of one in fragments", b"\x62\x01" + bytes([0x80 | 33]) + noise(80, 18), RFC),
    ("a fragment that is not its begin", b"\x62\x01" + bytes([33]) + noise(80, 19), NONE),
    ("an IDR slice", unit(19), NONE),
    ("a slice", unit(1), NONE),
    ("an aggregate of slices", aggregate(b"\x60\x01", unit(1), unit(1)), NONE),
    ("a fragment of an IDR slice", b"\x62\x01" + bytes([0x80 | 19]) + noise(80, 20), NONE),
)


def same_answers(checks, lab, codec, rows):
    """By every router, TIMES of each row; and by hand who takes it for a key frame."""
    bodies = [body for _, body, _ in rows]
    sealed = lab.sealed([lab.packet(codec, body) for body in bodies * TIMES])
    for number, packet in enumerate(sealed):
        what, body, expected = rows[number % len(rows)]
        plain_says, sealed_says = keyframes.answers(codec, body), keyframes.answers(codec, packet.body)
        checks.equal(sealed_says, plain_says, f"{what}: sealed, against plain")
        checks.equal({who for who, answer in plain_says.items() if keyframes.is_key(answer)}, expected,
                     f"{what}: who takes it for a key frame")
        if checks.failures:
            return


def vp8_key_frames_look_the_same(checks, lab):
    same_answers(checks, lab, "VP8", VP8)
    checks.equal(keyframes.answers("VP8", VP8[1][1])["LiveKit"], (True, (1280, 720)), "the size LiveKit reads")
    checks.equal(keyframes.answers("VP8", VP8[0][1])["Jitsi"], (True, 180), "the height Jitsi reads")


def vp8_partitions_other_than_the_first_are_no_key_frames(checks, lab):
    """Of plain packets LiveKit takes any begin of a partition with an even first byte for one, so its
    answer is not asked for."""
    bodies = [vp8(bytes([n]) + noise(90, n), partition=1 + n % 7) for n in range(100)]
    for packet in lab.sealed([lab.packet("VP8", body) for body in bodies]):
        said = keyframes.answers("VP8", packet.body)
        checks.equal([keyframes.is_key(said[who]) for who in ("mediasoup", "Jitsi", "Janus")], [False] * 3,
                     "another partition")


def vp9_key_frames_look_the_same(checks, lab):
    same_answers(checks, lab, "VP9", VP9)


def h264_parameter_sets_look_the_same(checks, lab):
    same_answers(checks, lab, "H264", H264)


def h265_parameter_sets_look_the_same(checks, lab):
    same_answers(checks, lab, "H265", H265)


def a_short_parameter_set_is_long_enough_for_janus_once_sealed(checks, lab):
    """The one answer that sealing changes: Janus looks at no payload of fewer than 16 bytes."""
    body = SPS[: JANUS_LEAST_BYTES - 1]
    sealed = lab.sealed([lab.packet("H264", body)])[0].body
    checks.equal((keyframes.janus_h264(body), keyframes.janus_h264(sealed)), (False, True), "Janus")
    checks.equal(sealed[: len(body)], body, "the parameter set, in clear")


TESTS = (
    vp8_key_frames_look_the_same,
    vp8_partitions_other_than_the_first_are_no_key_frames,
    vp9_key_frames_look_the_same,
    h264_parameter_sets_look_the_same,
    h265_parameter_sets_look_the_same,
    a_short_parameter_set_is_long_enough_for_janus_once_sealed,
)


def main():
    netns.enter()
    network = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory)
        with contextlib.closing(network), publisher, subscriber:
            cases.run("test_router_keyframes", TESTS, routed_lab.Lab(publisher, subscriber))


if __name__ == "__main__":
    main()
