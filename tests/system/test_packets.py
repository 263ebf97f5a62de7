# SPDX-License-Identifier: BSD-3-Clause
"""Single packets of every shape through an edge that seals and an edge that opens: what goes over
the sealed side, that it comes out as it went in, and what a router must not get away with."""

import contextlib
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
from frames import Flow  # noqa: E402

OVERHEAD = 28  # of the default suite: a tag of 10, the SFrame header of 17 and the last byte
TRAILER = 18  # SFrame header and last byte
SSRC = 0x0BADCAFE
FLOW = Flow("203.0.113.10", 41000, "198.51.100.20", 20100)
FLOW6 = Flow("2001:db8:1::1", 41000, "2001:db8:5::20", 20100)
TYPES = {"96": {"codec": "VP8"}, "98": {"codec": "VP9"}, "102": {"codec": "H264"}, "104": {"codec": "H265"},
         "45": {"codec": "AV1"}, "111": {"codec": "opus"}, "0": {"codec": "PCMU"}, "63": {"codec": "red"},
         "99": {"codec": "rtx", "apt": 98}, "105": {"codec": "rtx", "apt": 104}, "1": {"codec": "rtx", "apt": 0}}

EXTENSION = bytes.fromhex("bede000110aa0000")  # RFC 8285, one element of one byte
VP8_DESCRIPTOR = bytes.fromhex("90809234")  # RFC 7741: X, S, PID 0; I; a 15-bit picture id
VP8_KEY = bytes.fromhex("3001009d012a4001b400") + bytes(range(100))
VP8_INTER = bytes.fromhex("3101") + bytes(range(100))
H264_SPS = bytes.fromhex("6742c00d") + bytes(range(20))
H264_IDR = bytes.fromhex("65") + bytes(range(100))
STAP_A = b"\x78" + struct.pack("!H", len(H264_SPS)) + H264_SPS + struct.pack("!H", len(H264_IDR)) + H264_IDR
H265_VPS = bytes.fromhex("4001") + bytes(range(20))
H265_IDR = bytes.fromhex("2601") + bytes(range(100))
AP = b"\x60\x01" + struct.pack("!H", len(H265_VPS)) + H265_VPS + struct.pack("!H", len(H265_IDR)) + H265_IDR
VP9_KEY = bytes.fromhex("8a9234" "18" "0140" "00b4") + bytes(range(100))  # I, B, V: no N_G, Y for one layer


class Lab:
    """Two edges with one session, and the wires between."""

    def __init__(self, publisher, subscriber):
        self.publisher, self.subscriber = publisher, subscriber
        self.number = 0
        self.seal = path_lab.Side(publisher, "seal", "pub0", "r-a")
        # What the router sends on to the opening edge enters here too.
        self.open = path_lab.Side(subscriber, "open", "r-b", "sub0")

    def rtp(self, payload_type, body, **changes):
        self.number += 1
        return frames.rtp(payload_type, self.number, 160 * self.number, SSRC, body, **changes)

    def carry(self, frame):
        """Plays a frame into the sealing edge; the router is slow enough to look at it on its way.

        Returns (sealed frames, opened frames, what each edge counted)."""
        before = self.open.counters()
        self.open.recorder.frames = []
        sealed, counted = self.seal.send(frame)
        after = self.open.settled(before["packets_in"] + len(sealed))
        opened = self.open.wait_for_frames(after["packets_out"] - before["packets_out"])
        return sealed, opened, counted, path_lab.moved(before, after)

    def sealed_frame(self, body=bytes(60), payload_type=111):
        """A sealed frame that the opening edge has opened already."""
        sealed, _, _, _ = self.carry(frames.udp_frame(FLOW, self.rtp(payload_type, body)))
        return sealed[0]


def connect(publisher, subscriber):
    for edge, method in ((publisher, "stream_publish"), (subscriber, "stream_subscribe")):
        edge.call("session_create", session_id="packets", e2ee=True)
        edge.call("session_connect", session_id="packets", base_key="5a" * 48)
        for flow in (FLOW, FLOW6):
            for vlan in ({}, {"vlan": 100}):
                edge.call(method, session_id="packets", link=call.LINK,
                          flow={"dst_ip": flow.dst, "dst_port": flow.dst_port} | vlan,
                          payload_types=TYPES)


def shapes(lab):
    """(what, frame, bytes of the body that stay clear at its front or None, sealed whole?)"""
    udp, rtp = frames.udp_frame, lab.rtp
    return (
        ("VP8 key frame", udp(FLOW, rtp(96, VP8_DESCRIPTOR + VP8_KEY)), 4 + 10, False),
        ("VP8 inter frame", udp(FLOW, rtp(96, VP8_DESCRIPTOR + VP8_INTER)), 4 + 1, False),
        ("VP8 continuation", udp(FLOW, rtp(96, b"\x80\x80\x92\x34" + bytes(50))), 4, False),
        ("VP8 descriptor past the end", udp(FLOW, rtp(96, b"\x90\x80\x92")), 0, True),
        ("VP9 key frame", udp(FLOW, rtp(98, VP9_KEY)), 8 + 1, False),
        ("H264 parameter set", udp(FLOW, rtp(102, H264_SPS)), len(H264_SPS), False),
        ("H264 slice", udp(FLOW, rtp(102, H264_IDR)), 1, False),
        ("H264 FU-A", udp(FLOW, rtp(102, b"\x7c\x85" + bytes(80))), 2, False),
        ("H264 STAP-A", udp(FLOW, rtp(102, STAP_A)), None, False),
        ("H265 parameter set", udp(FLOW, rtp(104, H265_VPS)), len(H265_VPS), False),
        ("H265 slice", udp(FLOW, rtp(104, H265_IDR)), 2, False),
        ("H265 FU", udp(FLOW, rtp(104, b"\x62\x01\x93" + bytes(80))), 3, False),
        ("H265 AP", udp(FLOW, rtp(104, AP)), None, False),
        ("H265 AP whose size lies", udp(FLOW, rtp(104, AP[:-1])), 0, True),
        ("AV1", udp(FLOW, rtp(45, b"\x18" + bytes(80))), 1, False),
        ("RTX of VP9", udp(FLOW, rtp(99, b"\x12\x34" + VP9_KEY)), 2 + 8 + 1, False),
        ("RTX of an H265 AP", udp(FLOW, rtp(105, b"\x12\x34" + AP)), None, False),
        ("RTX of a codec without a rule", udp(FLOW, rtp(1, b"\x12\x34" + bytes(160))), 2, True),
        ("RTX of nothing", udp(FLOW, rtp(105, b"\x12\x34")), 2, True),
        ("RED", udp(FLOW, rtp(63, b"\x6f" + bytes(50))), 0, True),
        ("opus", udp(FLOW, rtp(111, b"\xfc" + bytes(60))), 1, False),
        ("opus, its TOC alone", udp(FLOW, rtp(111, b"\xfc")), 1, False),
        ("a codec without a rule", udp(FLOW, rtp(0, bytes(160))), 0, True),
        ("a payload type that nobody named", udp(FLOW, rtp(97, bytes(50))), 0, True),
        ("CSRCs", udp(FLOW, rtp(111, b"\xfc" + bytes(20), csrcs=range(15))), 1, False),
        ("padding", udp(FLOW, rtp(111, b"\xfc" + bytes(20), padding=7)), 1, False),
        ("IPv4 options", udp(FLOW, rtp(111, b"\xfc" + bytes(20)), options=b"\x01" * 40), 1, False),
        ("a VLAN tag", udp(FLOW, rtp(111, b"\xfc" + bytes(20)), vlan=100), 1, False),
        ("no UDP checksum", udp(FLOW, rtp(111, b"\xfc" + bytes(20)), udp_checksum=0), 1, False),
        ("IPv6", udp(FLOW6, rtp(111, b"\xfc" + bytes(21))), 1, False),
        ("IPv6 with a VLAN tag", udp(FLOW6, rtp(111, b"\xfc" + bytes(21)), vlan=100), 1, False),
        ("the largest that fits", udp(FLOW, rtp(111, bytes(1500 - 20 - 8 - 12 - OVERHEAD))), 1, False),
    )


def every_shape_is_sealed_and_comes_out_as_it_went_in(checks, lab):
    for what, frame, clear, whole in shapes(lab):
        sealed, opened, counted, opening = lab.carry(frame)
        checks.equal((counted, opening), ({"sealed": 1}, {"opened": 1}), f"{what}: counted")
        checks.equal(opened, [frame], f"{what}: what came out")
        checks.equal(len(sealed), 1, f"{what}: sealed frames")
        if sealed:
            check_sealed(checks, what, frame, sealed[0], clear, whole)


def check_sealed(checks, what, frame, sealed, clear, whole):
    plain_rtp = frames.parse_rtp(frames.parse_udp(frame).payload)
    sealed_rtp = frames.parse_rtp(frames.parse_udp(sealed).payload)
    checks.equal(len(sealed), len(frame) + OVERHEAD, f"{what}: length on the sealed side")
    checks.equal(sealed_rtp.header, plain_rtp.header, f"{what}: the RTP header")
    checks.equal(sealed_rtp.padding, plain_rtp.padding, f"{what}: the padding")
    checks.true(path_lab.checksums_are_right(sealed), f"{what}: checksums or lengths on the sealed side")
    if clear is not None:
        checks.equal(sealed_rtp.body[:clear], plain_rtp.body[:clear], f"{what}: the clear bytes")
    body, trailer = sealed_rtp.body[: len(plain_rtp.body)], sealed_rtp.body[-TRAILER:]
    if clear is not None and len(body) > clear + 8:
        checks.true(body[clear:] != plain_rtp.body[clear:], f"{what}: not encrypted")
    checks.equal(trailer[0], 0xFF, f"{what}: the SFrame config byte")
    checks.equal(trailer[-1], 0b01_0_10001 | (0b00_1_00000 if whole else 0), f"{what}: the last byte")


def an_aggregate_keeps_sizes_that_walk_to_its_end(checks, lab):
    sealed = lab.sealed_frame(STAP_A, 102)
    body = frames.parse_rtp(frames.parse_udp(sealed).payload).body
    at, units = 1, []
    while at < len(body):
        size = struct.unpack_from("!H", body, at)[0]
        units.append(body[at + 2 : at + 2 + size])
        at += 2 + size
    checks.equal(at, len(body), "where the units end")
    checks.equal(units[0], H264_SPS, "the parameter set, in clear")
    checks.equal((units[1][:1], len(units[1])), (H264_IDR[:1], len(H264_IDR) + OVERHEAD), "the slice")
    checks.true(H264_IDR[1:] not in body, "the slice is in clear")


def an_empty_payload_passes_both_edges_unchanged(checks, lab):
    for what, packet in (("no body", lab.rtp(111, b"")), ("padding alone", lab.rtp(111, b"", padding=200))):
        frame = frames.udp_frame(FLOW, packet)
        checks.equal(lab.carry(frame), ([frame], [frame], {"empty": 1}, {"empty": 1}), what)


def what_would_not_fit_is_dropped_by_name(checks, lab):
    frame = frames.udp_frame(FLOW, lab.rtp(111, bytes(1500 - 20 - 8 - 12 - OVERHEAD + 1)))
    checks.equal(lab.carry(frame), ([], [], {"too_big": 1}, {}), "one byte more than fits")


def a_wrong_checksum_is_never_laundered(checks, lab):
    frame = frames.udp_frame(FLOW, lab.rtp(111, b"\xfc" + bytes(30)), udp_checksum=0x1234)
    checks.equal(lab.carry(frame), ([], [], {"bad_checksum": 1}, {}), "over IPv4")
    frame = frames.udp_frame(FLOW6, lab.rtp(111, b"\xfc" + bytes(30)), udp_checksum=0)
    checks.equal(lab.carry(frame), ([], [], {"bad_checksum": 1}, {}), "none over IPv6")


def a_payload_is_never_sealed_twice_alike(checks, lab):
    bodies = {frames.parse_rtp(frames.parse_udp(lab.sealed_frame()).payload).body for _ in range(20)}
    checks.equal(len(bodies), 20, "different bodies on the sealed side")


def rebuilt(sealed, change):
    """The sealed frame with another UDP payload, checksums right."""
    datagram = frames.parse_udp(sealed)
    return frames.udp_frame(datagram.flow, bytes(change(bytearray(datagram.payload))))


def flip(at, bit=1):
    def change(payload):
        payload[at] ^= bit
        return payload
    return change


def a_router_may_rewrite_the_rtp_header_and_vp8_descriptor(checks, lab):
    original = frames.udp_frame(FLOW, lab.rtp(96, VP8_DESCRIPTOR + VP8_INTER))
    sealed, _, _, _ = lab.carry(original)

    def rewrite(payload):
        header = frames.rtp(96, 7, 8, 0x11112222, b"", marker=1)
        return header + b"\x90\x80\x05" + payload[12 + 4 :]  # a picture id of one byte

    # The same (KID, CTR) again would be a replay: so it goes to a stream that has not seen it.
    lab.subscriber.call("session_disconnect", session_id="packets")
    lab.subscriber.call("session_delete", session_id="packets")
    reconnect(lab.subscriber)
    expected = rebuilt(original, lambda p: frames.rtp(96, 7, 8, 0x11112222, b"\x90\x80\x05" + p[16:], marker=1))
    checks.equal(lab.open.send(rebuilt(sealed[0], rewrite)), ([expected], {"opened": 1}), "rewritten")


def reconnect(subscriber):
    subscriber.call("session_create", session_id="packets", e2ee=True)
    subscriber.call("session_connect", session_id="packets", base_key="5a" * 48)
    subscriber.call("stream_subscribe", session_id="packets", link=call.LINK,
                    flow={"dst_ip": FLOW.dst, "dst_port": FLOW.dst_port},
                    payload_types=TYPES)


def a_forged_packet_is_dropped_by_name_and_changes_nothing(checks, lab):
    sealed = lab.sealed_frame(b"\xfc" + bytes(59))
    header = -TRAILER
    rows = (
        ("the same again", "replay", lambda p: p),
        ("a flipped TOC", "replay", flip(12)),
        ("the count of one to come", "auth_failed", flip(-3)),
        ("another key's tag", "secret_mismatch", flip(header + 8)),
        ("a sender nobody knows", "auth_failed", flip(header + 2)),
        ("another suite's code", "suite_mismatch", flip(header + 6, 0x01)),
        ("a newer version", "bad_version", flip(-1, 0x80)),
        ("another SFrame config", "not_sealed", flip(header, 0x01)),
        ("a KID without its top bit", "not_sealed", flip(header + 1, 0x80)),
        ("a CTR without its top bit", "not_sealed", flip(header + 9, 0x80)),
        ("another header length", "not_sealed", flip(-1, 0x02)),
        ("plain media", "not_sealed", lambda p: frames.rtp(111, 9, 9, SSRC, b"\xfc" + bytes(50))),
        ("17 bytes", "not_sealed", lambda p: p[:12] + p[-17:]),
        ("cut down to the trailer", "not_sealed", lambda p: p[:12] + p[-TRAILER:]),
        ("an unnamed payload type", "unknown_payload_type", lambda p: flip(1)(flip(-3)(p))),
        ("text", "opaque", lambda p: b"hello, hello, hello"),
    )
    for what, outcome, change in rows:
        checks.equal(lab.open.send(rebuilt(sealed, change)), ([], {outcome: 1}), what)
    frame = frames.udp_frame(FLOW, lab.rtp(111, b"\xfc" + bytes(30)))
    checks.equal(lab.carry(frame)[1:], ([frame], {"sealed": 1}, {"opened": 1}), "a good one after all these")


def plain_media_never_leaves_without_a_usable_key(checks, lab):
    """Also with a stream whose session has been left, and with none at all."""
    lab.publisher.call("session_disconnect", session_id="packets")
    frame = frames.udp_frame(FLOW, lab.rtp(111, b"\xfc" + bytes(30)))
    checks.equal(lab.carry(frame), ([], [], {"no_stream": 1}, {}), "after disconnect")
    lab.publisher.call("session_delete", session_id="packets")
    checks.equal(lab.carry(frame), ([], [], {"no_stream": 1}, {}), "after deletion")


def everything_adds_up_on_both_edges(checks, lab):
    for edge in (lab.publisher, lab.subscriber):
        stats = edge.call("stats_get")
        for direction in ("seal", "open"):
            came_in, accounted = path_lab.sums(stats[direction])
            checks.equal(accounted, came_in, f"{direction}: out and drops, against in")
        checks.true(stats["seal"]["packets_in"] + stats["open"]["packets_in"] > 0, "nothing was counted")


TESTS = (
    every_shape_is_sealed_and_comes_out_as_it_went_in,
    an_aggregate_keeps_sizes_that_walk_to_its_end,
    an_empty_payload_passes_both_edges_unchanged,
    what_would_not_fit_is_dropped_by_name,
    a_wrong_checksum_is_never_laundered,
    a_payload_is_never_sealed_twice_alike,
    a_forged_packet_is_dropped_by_name_and_changes_nothing,
    a_router_may_rewrite_the_rtp_header_and_vp8_descriptor,
    plain_media_never_leaves_without_a_usable_key,
    everything_adds_up_on_both_edges,
)


def main():
    netns.enter()
    network = call.Network()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory)
        with contextlib.closing(network), publisher, subscriber:
            connect(publisher, subscriber)
            cases.run("test_packets", TESTS, Lab(publisher, subscriber))


if __name__ == "__main__":
    main()
