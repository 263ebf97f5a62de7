# SPDX-License-Identifier: BSD-3-Clause
"""What a link lets pass and what it drops, inside and outside its media ranges, both ways."""

import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import datagrams  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
from datagrams import RTCP, STUN  # noqa: E402
from frames import Flow  # noqa: E402

RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}, {"ip": "2001:db8:5::/48", "ports": "20000-20999"}]
INSIDE = Flow("203.0.113.10", 40000, "198.51.100.20", 20000)
INSIDE6 = Flow("2001:db8:1::1", 40000, "2001:db8:5::1", 20999)
BY_SOURCE = Flow("198.51.100.20", 20000, "203.0.113.10", 40000)
OTHER_PORT = Flow("203.0.113.10", 40000, "198.51.100.20", 21000)
OTHER_IP = Flow("203.0.113.10", 40000, "198.51.101.20", 20000)
OTHER_IP6 = Flow("2001:db8:1::1", 40000, "2001:db8:6::1", 20000)

RTP = frames.rtp(96, 1, 1000, 0x01020304, b"\x10" + bytes(40))
STUN_DATA = datagrams.stun_data(bytes.fromhex("01020304"))
CHANNEL_DATA = datagrams.channel_data(b"data")
DTLS = bytes.fromhex("16fefd000000000000000000040e000000")  # RFC 6347: a handshake record
ZRTP = bytes.fromhex("100000015a52545001020304") + bytes.fromhex("505a0003") + b"HelloACK"  # RFC 6189
QUIC = bytes.fromhex("c300000001088394c8f03e515708000041") + bytes(1200)  # RFC 9000: an Initial


def crc32c(data):
    """RFC 4960 appendix B, as ZRTP ends with."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def icmp(flow, kind, rest):
    body = struct.pack("!BBH", kind, 3, 0) + bytes(4) + rest
    return frames.ip(flow, 1, body[:2] + struct.pack("!H", frames.checksum(body)) + body[4:])


def udp(flow, payload, **changes):
    return frames.udp_frame(flow, payload, **changes)


def fragment(flow, offset_and_flags):
    return frames.ethernet(frames.ip(flow, frames.PROTOCOL_UDP, frames.udp(flow, RTP + bytes(28)),
                                     fragment=offset_and_flags, identification=7))


def broken_length(flow):
    """UDP's length says more than IP holds."""
    datagram = bytearray(frames.udp(flow, RTP))
    datagram[4:6] = struct.pack("!H", len(datagram) + 4)
    return frames.ethernet(frames.ip(flow, frames.PROTOCOL_UDP, bytes(datagram)))


# Outside the ranges, or not UDP: a wire, whatever it holds.
WIRE = (
    ("ARP", frames.ethernet(bytes(28), ethertype=0x0806)),
    ("LLDP", frames.ethernet(b"\x02\x07" + bytes(40), ethertype=0x88CC)),
    ("an ICMP echo to a media address", frames.ethernet(icmp(INSIDE, 8, b"ping" * 5))),
    ("TCP to a media address and port", frames.ethernet(frames.ip(INSIDE, 6, bytes.fromhex("9c404e20") + bytes(20)))),
    ("TCP over IPv6", frames.ethernet(frames.ip(INSIDE6, 6, bytes.fromhex("9c4051ff") + bytes(20)))),
    ("RTP to another port", udp(OTHER_PORT, RTP)),
    ("RTP to another address", udp(OTHER_IP, RTP)),
    ("RTP to another IPv6 address", udp(OTHER_IP6, RTP)),
    ("DNS", udp(INSIDE._replace(dst_port=53), b"\x12\x34\x01\x00" + bytes(30))),
    ("a wrong checksum outside", udp(OTHER_PORT, RTP, udp_checksum=0x1234)),
    ("a broken UDP length outside", broken_length(OTHER_PORT)),
    ("a fragment outside", fragment(OTHER_IP, 0x2000)),
    ("a tagged frame outside", udp(OTHER_PORT, RTP, vlan=100)),
    ("a frame with a tag and no IP", frames.ethernet(bytes(40), vlan=100, ethertype=0x88CC)),
    ("1500 bytes of IP", udp(OTHER_PORT, bytes(1472))),
)

# Inside, not media, and harmless: passes under its own name.
HARMLESS = (
    ("RTCP", "rtcp", udp(INSIDE, RTCP)),
    ("RTCP from a media port", "rtcp", udp(BY_SOURCE, RTCP)),
    ("STUN", "stun", udp(INSIDE, STUN)),
    ("DTLS", "dtls", udp(INSIDE, DTLS)),
    ("QUIC", "quic", udp(INSIDE, QUIC)),
    ("ZRTP", "zrtp", udp(INSIDE, ZRTP + crc32c(ZRTP))),
    ("RTCP over IPv6", "rtcp", udp(INSIDE6, RTCP)),
    ("tagged STUN", "stun", udp(INSIDE, STUN, vlan=100)),
    ("STUN without UDP checksum", "stun", udp(INSIDE, STUN, udp_checksum=0)),
)

# Inside: not named by a stream, and not known to be harmless.
DROPPED = (
    ("RTP", "no_stream", udp(INSIDE, RTP)),
    ("RTP from a media port", "no_stream", udp(BY_SOURCE, RTP)),
    ("RTP over IPv6", "no_stream", udp(INSIDE6, RTP)),
    ("tagged RTP", "no_stream", udp(INSIDE, RTP, vlan=100)),
    ("RTP behind IPv4 options", "no_stream", udp(INSIDE, RTP, options=b"\x01" * 8)),
    ("RTP to the range's last port", "no_stream", udp(INSIDE._replace(dst_port=20999), RTP)),
    ("RTCP with a length that lies", "opaque", udp(INSIDE, RTCP[:-4])),
    ("RTCP with media behind it", "opaque", udp(INSIDE, RTCP + bytes(100))),
    ("STUN with DATA", "tunnelled", udp(INSIDE, STUN_DATA)),
    ("TURN ChannelData", "tunnelled", udp(INSIDE, CHANNEL_DATA)),
    ("STUN with a length that lies", "opaque", udp(INSIDE, STUN + b"media")),
    ("nothing at all", "opaque", udp(INSIDE, b"")),
    ("text", "opaque", udp(INSIDE, b"hello, world")),
    ("RTP version 0", "opaque", udp(INSIDE, b"\x00" + RTP[1:])),
    ("RTP cut in its header", "opaque", udp(INSIDE, RTP[:11])),
    ("a first fragment", "fragment", fragment(INSIDE, 0x2000)),
    ("a later fragment", "fragment", fragment(INSIDE, 0x2001)),
    ("a last fragment", "fragment", fragment(INSIDE, 0x0001)),
    ("IP longer than the frame", "truncated", udp(INSIDE, RTP)[:-5]),
)
# Opened media may not leave on the sealed side, not even as what an ICMP error quotes.
QUOTING = frames.ethernet(icmp(INSIDE._replace(src=INSIDE.dst, dst=INSIDE.src), 3, frames.ip(
    BY_SOURCE, frames.PROTOCOL_UDP, frames.udp(BY_SOURCE, RTP))))


def outside_the_ranges_it_is_a_wire(checks, sides):
    for side in sides:
        for name, frame in WIRE:
            checks.equal(side.send(frame), ([frame], {"bridged": 1}), f"{side.direction}: {name}")


def harmless_packets_pass_unchanged_and_by_name(checks, sides):
    for side in sides:
        for name, outcome, frame in HARMLESS:
            checks.equal(side.send(frame), ([frame], {outcome: 1}), f"{side.direction}: {name}")


def everything_else_inside_is_dropped_by_name(checks, sides):
    for side in sides:
        for name, outcome, frame in DROPPED:
            checks.equal(side.send(frame), ([], {outcome: 1}), f"{side.direction}: {name}")


def an_icmp_error_that_quotes_media_does_not_leave_on_the_sealed_side(checks, sides):
    seal, opening = sides
    checks.equal(seal.send(QUOTING), ([], {"quoted_media": 1}), "to the sealed side")
    checks.equal(opening.send(QUOTING), ([QUOTING], {"bridged": 1}), "to the plain side")


def a_session_without_e2ee_is_passed_unchanged_and_counted(checks, sides):
    daemon = sides[0].daemon
    daemon.call("session_create", session_id="plain")
    daemon.call("session_connect", session_id="plain")
    flow = {"dst_ip": INSIDE.dst, "dst_port": INSIDE.dst_port}
    for method in ("stream_publish", "stream_subscribe"):
        daemon.call(method, session_id="plain", link="edge0", flow=flow, payload_types={"96": {"codec": "VP8"}})
    frame = udp(INSIDE, RTP)
    for side in sides:
        checks.equal(side.send(frame), ([frame], {"passed": 1}), f"{side.direction}: while connected")
    daemon.call("session_delete", session_id="plain")
    for side in sides:
        checks.equal(side.send(frame), ([], {"no_stream": 1}), f"{side.direction}: after deletion")


def a_burst_of_everything_adds_up(checks, sides):
    everything = [row[-1] for row in WIRE + HARMLESS + DROPPED] * 5
    passing = [row[-1] for row in WIRE + HARMLESS] * 5
    for side in sides:
        out, _ = side.send(*everything)
        checks.equal(out, passing, f"{side.direction}: what came out, in order")
        came_in, accounted = path_lab.sums(side.daemon.call("stats_get")[side.direction])
        checks.equal(accounted, came_in, f"{side.direction}: out and drops, against in")


TESTS = (
    outside_the_ranges_it_is_a_wire,
    harmless_packets_pass_unchanged_and_by_name,
    everything_else_inside_is_dropped_by_name,
    an_icmp_error_that_quotes_media_does_not_leave_on_the_sealed_side,
    a_session_without_e2ee_is_passed_unchanged_and_counted,
    a_burst_of_everything_adds_up,
)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.pcap(0, "plain"), edge.pcap(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links) as daemon:
            sides = (path_lab.Side(daemon, "seal", "plain-far", "sealed-far"),
                     path_lab.Side(daemon, "open", "sealed-far", "plain-far"))
            cases.run("test_bridge", TESTS, sides)


if __name__ == "__main__":
    main()
