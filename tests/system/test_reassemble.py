# SPDX-License-Identifier: BSD-3-Clause
"""A link that puts fragments together: pieces made by scapy come out as one sealed datagram, whoever cut it, on
whichever worker; what is never whole is dropped by name, piece by piece."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import test_frames  # noqa: E402
import wire  # noqa: E402
from test_frames import MTU, OVERHEAD, PLAIN_MTU, Rtp, ether, fragments, ip4, ip6, udp  # noqa: E402

if test_frames.Ether is not None:
    from test_frames import Dot1Q, Ether, IPv6ExtHdrFragment, Raw, fragment, fragment6


def send(side, sent, came_in):
    """Sends frames of which so many packets are made. Returns what came out and {outcome: how many}."""
    before = side.counters()
    side.recorder.frames = []
    wire.play(side.into, sent)
    after = side.settled(before["packets_in"] + came_in)
    return side.wait_for_frames(after["packets_out"] - before["packets_out"]), path_lab.moved(before, after)


def rows():
    """(what, the datagram in one frame, its pieces in some order)"""
    body = Rtp.of(600)
    four, tagged = ether() / ip4(flags=0) / udp() / body, ether() / Dot1Q(vlan=100) / ip4(flags=0) / udp() / body
    jumbo = ether() / ip4(flags=0) / udp() / Rtp.of(PLAIN_MTU - 40)
    six, long = Rtp.of(1700), udp() / Rtp.of(PLAIN_MTU - 60)
    pieces = fragments(four, fragment, 208)
    pieces6 = fragments(ether() / ip6() / IPv6ExtHdrFragment(id=6) / udp() / six, fragment6, 1280)
    return [
        ("in order", four, pieces),
        ("backwards", four, pieces[::-1]),
        ("a tag", tagged, fragments(tagged, fragment, 208)),
        ("what an MTU of 1500 has made of a jumbo frame", jumbo, fragments(jumbo, fragment, 1480)),
        ("IPv6", ether() / ip6() / udp() / six, pieces6),
        ("IPv6, backwards", ether() / ip6() / udp() / six, pieces6[::-1]),
        ("IPv6, a jumbo frame", ether() / ip6() / long,
         fragments(ether() / ip6() / IPv6ExtHdrFragment(id=7) / long, fragment6, 1500)),
    ]


def what_a_sender_has_cut_is_sealed_whole_and_opened(checks, lab):
    for what, whole, pieces in rows():
        checks.true(len(pieces) > 1, f"{what}: nothing was cut")
        sealed, counted = send(lab.seal, pieces, 1)
        checks.equal(([len(frame) for frame in sealed], counted), ([len(whole) + OVERHEAD], {"sealed": 1}),
                     f"{what}: sealed")
        checks.equal(lab.open.send(*sealed), ([bytes(whole)], {"opened": 1}), f"{what}: opened")


def what_a_router_has_cut_is_opened_whole(checks, lab):
    frame = bytes(ether() / ip4(flags=0) / udp() / Rtp.of(1400))
    sealed, _ = lab.seal.send(frame)
    pieces = fragments(Ether(sealed[0]), fragment, 800)
    checks.equal(send(lab.open, pieces[::-1], 1), ([frame], {"opened": 1}), "cut after sealing")


def a_datagram_that_is_not_to_a_media_port_passes_whole(checks, lab):
    whole = ether() / ip4(flags=0) / udp(dport=9) / Raw(bytes(600))
    checks.equal(send(lab.seal, fragments(whole, fragment, 208), 1), ([bytes(whole)], {"bridged": 1}), "to port 9")


def what_is_to_elsewhere_is_left_in_pieces(checks, lab):
    pieces = fragments(ether() / ip4(dst="192.0.2.9", flags=0) / udp() / Raw(bytes(600)), fragment, 208)
    checks.equal(lab.seal.send(*pieces), (pieces, {"bridged": len(pieces)}), "to an address of no range")


def what_is_never_whole_is_dropped_piece_by_piece(checks, lab):
    whole = ether() / ip4(flags=0) / udp() / Rtp.of(600)
    pieces = fragments(whole, fragment, 208)
    for what, sent in (("a gap", [pieces[0], pieces[2]]), ("the first twice", [pieces[0], pieces[0]]),
                       ("none but the last", pieces[-1:])):
        checks.equal(send(lab.seal, sent, len(sent)), ([], {"fragment": len(sent)}), what)
    checks.equal(send(lab.seal, pieces, 1)[1], {"sealed": 1}, "all of them, later")


def what_is_hidden_in_pieces_is_seen_once_they_are_whole(checks, lab):
    """No piece says what it is a piece of."""
    media = bytes(Rtp.of(1450))
    attribute = b"\x00\x13" + len(media).to_bytes(2, "big") + media + bytes(-len(media) % 4)
    for what, outcome, payload in (
            ("RTP that no stream names", "no_stream", media),
            ("ChannelData", "tunnelled", b"\x40\x00" + len(media).to_bytes(2, "big") + media),
            ("STUN DATA", "tunnelled",
             b"\x00\x16" + len(attribute).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + attribute),
            ("no protocol", "opaque", b"\xc0" + media[1:])):
        datagram = udp(dport=20999) / Raw(payload)
        for family, pieces in ((4, fragments(ether() / ip4(flags=0) / datagram, fragment, 208)),
                               (6, fragments(ether() / ip6() / IPv6ExtHdrFragment(id=9) / datagram, fragment6, 1280))):
            checks.true(len(pieces) > 1, f"{what}, IPv{family}: nothing was cut")
            checks.equal(send(lab.seal, pieces, 1), ([], {outcome: 1}), f"{what}, IPv{family}")


def what_is_too_long_once_it_is_whole_is_dropped_by_name(checks, lab):
    for what, body, outcome in (("once sealed", MTU - OVERHEAD - 40 + 1, "too_big"), ("for a buffer", MTU + 1000, "segmented")):
        pieces = fragments(ether() / ip4(flags=0) / udp() / Rtp.of(body), fragment, 1480)
        checks.equal(send(lab.seal, pieces, 1), ([], {outcome: 1}), what)


def a_wrong_checksum_stays_wrong(checks, lab):
    pieces = fragments(ether() / ip4(flags=0) / udp(chksum=0x1234) / Rtp.of(600), fragment, 208)
    checks.equal(send(lab.seal, pieces, 1), ([], {"bad_checksum": 1}), "UDP's")
    broken = bytearray(pieces[0])
    broken[24] ^= 1
    checks.equal(send(lab.seal, [bytes(broken)], 1), ([], {"fragment": 1}), "IP's")


def every_frame_is_accounted_for(checks, lab):
    """What a port has received: packets, and fragments that became a part of one."""
    for port, direction in zip(lab.daemon.call("stats_get", scope="port")["ports"], ("seal", "open")):
        came_in, accounted = path_lab.sums(port[direction])
        checks.equal(accounted, came_in, f"{direction}: out and dropped of those that came in")
        checks.true(port["fragments_joined"] > 0, f"{direction}: nothing was put together")
        checks.equal(came_in + port["fragments_joined"], port["rx_packets"], f"{direction}: frames")


TESTS = (
    what_a_sender_has_cut_is_sealed_whole_and_opened,
    what_a_router_has_cut_is_opened_whole,
    a_datagram_that_is_not_to_a_media_port_passes_whole,
    what_is_to_elsewhere_is_left_in_pieces,
    what_is_never_whole_is_dropped_piece_by_piece,
    what_is_hidden_in_pieces_is_seen_once_they_are_whole,
    what_is_too_long_once_it_is_whole_is_dropped_by_name,
    a_wrong_checksum_stays_wrong,
    every_frame_is_accounted_for,
)


def main():
    if test_frames.Ether is None:
        cases.run("test_reassemble", (test_frames.without_scapy,))
    netns.enter()
    netns.add_veth("plain", "plain-far", MTU + 2000)
    netns.add_veth("sealed", "sealed-far", MTU)
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        plain = edge.pcap(0, "plain") | {"mtu": PLAIN_MTU}
        links = [edge.link(test_frames.LINK, plain, edge.pcap(1, "sealed") | {"mtu": MTU}, test_frames.RANGES)
                 | {"reassemble": True}]
        # One queue, and two workers where there are two CPUs: a datagram goes to whom a whole one would go.
        settings = {"cpus": edge.cpus()[:2], "memory": {"mb": 320, "hugepages": "off"}}
        with edge.Edge(directory, links, **settings) as daemon:
            cases.run("test_reassemble", TESTS, test_frames.Lab(daemon))


if __name__ == "__main__":
    main()
