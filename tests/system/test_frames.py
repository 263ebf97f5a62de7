# SPDX-License-Identifier: BSD-3-Clause
"""Frames as networks have them, built and read by scapy: tags, options, extension headers, jumbo frames,
odd lengths, padding, fragments, lengths that lie. Each is sealed and opened, dropped by name, or left alone."""

import logging
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402

logging.getLogger("scapy").setLevel(logging.ERROR)  # it would speak of this namespace's few routes
try:
    from scapy.layers.inet import (IP, UDP, IPOption_LSRR, IPOption_RR, IPOption_Router_Alert,
                                   IPOption_Timestamp, TCP, fragment)
    from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                    IPv6ExtHdrRouting, RouterAlert, fragment6)
    from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether, GRE
    from scapy.packet import Padding, Raw
except ImportError:
    Ether = None

LINK = "edge0"
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}, {"ip": "2001:db8:5::/48", "ports": "20000-20999"}]
SSRC = 0x5EA1
MTU, PLAIN_MTU = 9000, 8000
OVERHEAD = 28  # of the default suite


def ether():
    return Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01")


def ip4(**fields):
    return IP(**{"src": "203.0.113.10", "dst": "198.51.100.20", "flags": "DF"} | fields)


def ip6(**fields):
    return IPv6(**{"src": "2001:db8:1::1", "dst": "2001:db8:5::20"} | fields)


def udp(**fields):
    return UDP(**{"sport": 41000, "dport": 20100} | fields)


class Rtp:
    """Payloads of UDP: Opus, each with a sequence number of its own."""

    number = 0

    @classmethod
    def of(cls, body_bytes):
        cls.number += 1
        header = bytes([0x80, 111]) + cls.number.to_bytes(2, "big") + bytes(4) + SSRC.to_bytes(4, "big")
        return Raw(header + bytes(n % 251 + 1 for n in range(body_bytes)))


class Lab:
    """One daemon, which seals and opens the same streams."""

    def __init__(self, daemon):
        self.seal = path_lab.Side(daemon, "seal", "plain-far", "sealed-far")
        self.open = path_lab.Side(daemon, "open", "sealed-far", "plain-far")
        self.daemon = daemon
        daemon.call("session_create", session_id="frames", e2ee=True)
        daemon.call("session_connect", session_id="frames", base_key="5a" * 48)
        for method in ("stream_publish", "stream_subscribe"):
            for address in ("198.51.100.20", "2001:db8:5::20"):
                for vlan in ({}, {"vlan": 100}):
                    daemon.call(method, session_id="frames", link=LINK, payload_types={"111": {"codec": "opus"}},
                                flow={"dst_ip": address, "dst_port": 20100} | vlan)


def with_payload(frame, payload):
    """The frame with another payload of UDP, and lengths and checksums that scapy makes."""
    packet = Ether(frame)
    packet[UDP].remove_payload()
    packet = packet / Raw(payload)
    for layer, names in ((IP, ("len", "chksum")), (IPv6, ("plen",)), (UDP, ("len",))):
        if layer in packet:
            for name in names:
                delattr(packet[layer], name)
    if packet[UDP].chksum != 0:
        del packet[UDP].chksum
    return bytes(packet)


def payload_of(frame):
    return bytes(Ether(frame)[UDP].payload)


# ---- sealed and opened --------------------------------------------------------------------------------


def media():
    """(what, frame, the frame without Ethernet's padding)"""
    rtp = Rtp.of
    whole = [
        ("IPv4", ether() / ip4() / udp() / rtp(80)),
        ("a tag", ether() / Dot1Q(vlan=100) / ip4() / udp() / rtp(80)),
        ("a tag with priority", ether() / Dot1Q(vlan=100, prio=5) / ip4() / udp() / rtp(80)),
        ("a tag of priority alone", ether() / Dot1Q(vlan=0, prio=7) / ip4() / udp() / rtp(80)),
        ("a service tag", ether() / Dot1AD(vlan=100) / ip4() / udp() / rtp(80)),
        ("a tag, IPv6", ether() / Dot1Q(vlan=100) / ip6() / udp() / rtp(80)),
        ("DSCP, ECN and hops to live", ether() / ip4(tos=0xB9, ttl=1, id=0xFFFF, flags=0) / udp() / rtp(80)),
        ("router alert", ether() / ip4(options=[IPOption_Router_Alert()]) / udp() / rtp(80)),
        ("record route and timestamps",
         ether() / ip4(options=[IPOption_RR(routers=["0.0.0.0"] * 3), IPOption_Timestamp(flg=0, timestamp=0)])
         / udp() / rtp(80)),
        ("IPv6", ether() / ip6(tc=0xB8, fl=0xBEEF, hlim=2) / udp() / rtp(80)),
        ("hop-by-hop options", ether() / ip6() / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / udp() / rtp(80)),
        ("options, a finished route, options",
         ether() / ip6() / IPv6ExtHdrHopByHop(options=[RouterAlert()])
         / IPv6ExtHdrRouting(addresses=["2001:db8:7::1"], segleft=0) / IPv6ExtHdrDestOpt() / udp() / rtp(81)),
        ("no checksum", ether() / ip4() / udp(chksum=0) / rtp(80)),
    ]
    whole += [(f"a body of {n} bytes", ether() / ip / udp() / rtp(n)) for n in (1, 2, 3, 15, 16, 17, 31, 33, 1447)
              for ip in (ip4(), ip6())]
    whole += [(f"a jumbo frame, {n} bytes of body", ether() / ip4() / udp() / rtp(n))
              for n in (1500, 2048, 4095, 4096, 7961 - OVERHEAD)]
    rows = [(what, bytes(frame), bytes(frame)) for what, frame in whole]
    short = bytes(ether() / ip4() / udp() / rtp(2))
    return rows + [("Ethernet's padding", short + bytes(60 - len(short)), short),
                   ("padding that is not zero", short + b"\xee" * 9, short)]


def media_is_sealed_and_opened(checks, lab):
    for what, frame, stripped in media():
        sealed, counted = lab.seal.send(frame)
        checks.equal((len(sealed), counted), (1, {"sealed": 1}), f"{what}: sealed")
        if len(sealed) != 1:
            continue
        checks.equal(len(sealed[0]), len(stripped) + OVERHEAD, f"{what}: length of the sealed frame")
        checks.true(with_payload(sealed[0], payload_of(sealed[0])) == sealed[0],
                    f"{what}: lengths or checksums are not those that scapy makes")
        checks.true(with_payload(sealed[0], payload_of(stripped)) == with_payload(stripped, payload_of(stripped)),
                    f"{what}: a header has changed")
        checks.true(payload_of(stripped)[13:] not in sealed[0] or len(payload_of(stripped)) < 20,
                    f"{what}: in clear")
        opened, counted = lab.open.send(sealed[0])
        checks.equal((opened == [stripped], counted), (True, {"opened": 1}), f"{what}: opened")


# ---- dropped by name ----------------------------------------------------------------------------------


def fragments(packet, into, bytes_each):
    return [bytes(piece) for piece in into(packet, bytes_each)]


def drops():
    """(what, outcome, frames)"""
    rtp = Rtp.of
    four, six = ether() / ip4(flags=0) / udp() / rtp(600), ether() / ip6() / IPv6ExtHdrFragment() / udp() / rtp(1700)
    pieces, pieces6 = fragments(four, fragment, 208), fragments(six, fragment6, 1280)
    tiny = fragments(ether() / ip4(flags=0) / udp() / rtp(40), fragment, 8)  # RFC 1858
    elsewhere = ether() / ip4(dst="198.51.100.77", flags=0) / udp(dport=9) / rtp(600)
    tagged = fragments(ether() / Dot1Q(vlan=100) / ip4(flags=0) / udp() / rtp(600), fragment, 208)
    return [
        ("fragments of IPv4: first, middle, last", "fragment", pieces),
        ("fragments, the last one first", "fragment", pieces[::-1]),
        ("fragments with a tag", "fragment", tagged),
        ("fragments of 8 bytes", "fragment", tiny),
        ("fragments that overlap", "fragment", [pieces[0], pieces[0], pieces[1]]),
        ("later fragments to an address of a range", "fragment", fragments(elsewhere, fragment, 208)[1:]),
        ("fragments of IPv6", "fragment", pieces6),
        ("a fragment of IPv6 that is whole", "fragment",
         [bytes(ether() / ip6() / IPv6ExtHdrFragment() / udp() / rtp(80))]),
        ("two tags: no stream can name them", "no_stream",
         [bytes(ether() / Dot1AD(vlan=100) / Dot1Q(vlan=100) / ip4() / udp() / rtp(80)),
          bytes(ether() / Dot1Q(vlan=100) / Dot1Q(vlan=100) / ip6() / udp() / rtp(80))]),
        ("a tag that no stream names", "no_stream", [bytes(ether() / Dot1Q(vlan=101) / ip4() / udp() / rtp(80))]),
        ("UDP shorter than IP", "opaque", [bytes(ether() / ip4() / udp(len=60) / rtp(80)),
                                           bytes(ether() / ip6() / udp(len=60) / rtp(80))]),
        ("UDP longer than IP", "opaque", [bytes(ether() / ip4() / udp(len=101) / rtp(80))]),
        ("UDP of no length", "opaque", [bytes(ether() / ip4() / udp(len=0) / rtp(80))]),
        ("UDP-Lite", "opaque", [bytes(ether() / ip4(proto=136) / Raw(bytes(udp(len=8, chksum=1))) / rtp(80)),
                                bytes(ether() / ip6(nh=136) / Raw(bytes(udp(len=8, chksum=1))) / rtp(80))]),
        ("IP longer than the frame", "truncated", [bytes(ether() / ip4(len=121) / udp() / rtp(80)),
                                                   bytes(ether() / ip6(plen=101) / udp() / rtp(80))]),
        ("a source route with hops to go", "truncated",
         [bytes(ether() / ip4(options=[IPOption_LSRR(pointer=4, routers=["192.0.2.1"])]) / udp() / rtp(80))]),
        ("a route of IPv6 with hops to go", "truncated",
         [bytes(ether() / ip6() / IPv6ExtHdrRouting(addresses=["2001:db8:7::1"], segleft=1) / udp() / rtp(80))]),
        ("five tags", "truncated",
         [bytes(ether() / Dot1Q() / Dot1Q() / Dot1Q() / Dot1Q() / Dot1Q() / ip4() / udp() / rtp(80))]),
        ("a wrong checksum", "bad_checksum", [bytes(ether() / ip4() / udp(chksum=0x1234) / rtp(80)),
                                              bytes(ether() / ip6() / udp(chksum=0) / rtp(80))]),
        ("a byte more than fits", "too_big", [bytes(ether() / ip4() / udp() / rtp(MTU - OVERHEAD - 40 + 1)),
                                              bytes(ether() / ip6() / udp() / rtp(MTU - OVERHEAD - 60 + 1)),
                                              bytes(ether() / Dot1Q(vlan=100) / ip6() / IPv6ExtHdrDestOpt() / udp()
                                                    / rtp(MTU - OVERHEAD - 68 + 1))]),
    ]


def what_could_be_media_is_dropped_by_name(checks, lab):
    for what, outcome, sent in drops():
        checks.true(len(sent) > 0, f"{what}: nothing to send")
        checks.equal(lab.seal.send(*sent), ([], {outcome: len(sent)}), what)


def the_largest_that_fit_are_sealed(checks, lab):
    for what, ip, headers in (("IPv4", ip4(), 40), ("IPv6", ip6(), 60)):
        frame = bytes(ether() / ip / udp() / Rtp.of(MTU - OVERHEAD - headers))
        sealed, counted = lab.seal.send(frame)
        checks.equal(([len(one) for one in sealed], counted), ([14 + MTU], {"sealed": 1}), what)


def what_opens_to_more_than_the_plain_port_takes_is_dropped(checks, lab):
    """And nobody on the sealed side is told what was in it. Frames may have four tags on top."""
    frame = bytes(ether() / ip4() / udp() / Rtp.of(PLAIN_MTU - 40 + 16 + 1))
    sealed, _ = lab.seal.send(frame)
    lab.seal.recorder.frames = []
    checks.equal(lab.open.send(*sealed), ([], {"too_big": 1}), "one byte more than fits")
    checks.equal(lab.seal.wait_for_frames(0), [], "what left on the sealed side")


# ---- left alone ---------------------------------------------------------------------------------------


def others():
    outside = udp(dport=9)
    whole = ether() / ip4(dst="192.0.2.9", flags=0) / outside / Raw(bytes(600))
    return [
        ("ARP", [ether() / ARP(psrc="203.0.113.10", pdst="203.0.113.1") / Padding(bytes(18))]),
        ("TCP", [ether() / ip4() / TCP(sport=1, dport=20100) / Raw(bytes(33))]),
        ("ESP", [ether() / ip4(proto=50) / Raw(bytes(33)), ether() / ip6(nh=50) / Raw(bytes(33))]),
        ("two tags, outside", [ether() / Dot1AD(vlan=5) / Dot1Q(vlan=6) / ip4() / outside / Raw(bytes(33))]),
        ("UDP-Lite, outside", [ether() / ip4(proto=136) / Raw(bytes(outside)) / Raw(bytes(33))]),
        ("fragments elsewhere", [Ether(piece) for piece in fragments(whole, fragment, 208)]),
        ("UDP shorter than IP, outside", [ether() / ip4() / udp(dport=9, len=20) / Raw(bytes(33))]),
        ("a wrong checksum, outside", [ether() / ip4() / udp(dport=9, chksum=1) / Raw(bytes(33))]),
        ("padding, outside", [ether() / ip4() / outside / Raw(b"x") / Padding(bytes(17))]),
        ("a jumbo frame", [ether() / ip4() / outside / Raw(bytes(PLAIN_MTU - 28))]),
        ("GRE", [ether() / ip4(dst="192.0.2.9") / GRE() / ip4(dst="192.0.2.10") / TCP()]),
        ("an unknown type", [ether() / Raw(b"") / Raw(bytes(61))]),
    ]


def the_rest_passes_as_it_came(checks, lab):
    for what, packets in others():
        sent = [bytes(packet) for packet in packets]
        for side in (lab.seal, lab.open):
            checks.equal(side.send(*sent), (sent, {"bridged": len(sent)}), f"{what}, {side.direction}")


def every_packet_is_accounted_for(checks, lab):
    stats = lab.daemon.call("stats_get")
    for direction in ("seal", "open"):
        came_in, accounted = path_lab.sums(stats[direction])
        checks.true(came_in > 0, f"{direction}: nothing came in")
        checks.equal(accounted, came_in, f"{direction}: out and dropped of those that came in")


TESTS = (
    media_is_sealed_and_opened,
    what_could_be_media_is_dropped_by_name,
    the_largest_that_fit_are_sealed,
    what_opens_to_more_than_the_plain_port_takes_is_dropped,
    the_rest_passes_as_it_came,
    every_packet_is_accounted_for,
)


def without_scapy(_checks):
    raise cases.Skip("python3-scapy is not installed: scripts/setup test")


def main():
    if Ether is None:
        cases.run("test_frames", (without_scapy,))
    netns.enter()
    netns.add_veth("plain", "plain-far", MTU)
    netns.add_veth("sealed", "sealed-far", MTU)
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        plain = edge.pcap(0, "plain") | {"mtu": PLAIN_MTU}
        links = [edge.link(LINK, plain, edge.pcap(1, "sealed") | {"mtu": MTU}, RANGES) | {"icmp_too_big": True}]
        with edge.Edge(directory, links, memory={"mb": 192, "hugepages": "off"}) as daemon:
            cases.run("test_frames", TESTS, Lab(daemon))


if __name__ == "__main__":
    main()
