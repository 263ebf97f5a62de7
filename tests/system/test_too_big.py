# SPDX-License-Identifier: BSD-3-Clause
"""Packets that no longer fit once they are sealed: what the kernel's own sockets make of the daemon's
messages, what scapy reads in them, and when there are none."""

import logging
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import wire  # noqa: E402

logging.getLogger("scapy").setLevel(logging.ERROR)  # it would speak of this namespace's few routes
try:
    from scapy.layers.inet import ICMP, IP
    from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
    from scapy.layers.l2 import Dot1Q, Ether
except ImportError:
    Ether = None

LINK = "edge0"
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}, {"ip": "2001:db8:5::/48", "ports": "20000-20999"}]
FLOW = frames.Flow("203.0.113.10", 41000, "198.51.100.20", 20100)
FLOW6 = frames.Flow("2001:db8:1::10", 41000, "2001:db8:5::20", 20100)
MTU, OVERHEAD, VLAN = 1500, 28, 100
IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU, PMTUDISC_DO = 10, 14, 23, 24, 2
DONT_FRAGMENT = 0x4000
PATIENCE_SECONDS = 5


def rtp(bytes_in_all):
    return frames.rtp(111, 1, 160, 0x5EA1, bytes(bytes_in_all - 12))


def media(flow, ip_bytes, fragment=DONT_FRAGMENT, vlan=None):
    """A packet of IP that is so long."""
    room = ip_bytes - (48 if ":" in flow.src else 28)
    return frames.ethernet(frames.ip(flow, frames.PROTOCOL_UDP, frames.udp(flow, rtp(room)), fragment=fragment),
                           vlan)


class Lab:
    """A daemon between this namespace's host, with addresses of its own, and the sealed side."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.seal = path_lab.Side(daemon, "seal", "host", "sealed-far")
        self.back = wire.Recorder("host")
        daemon.call("session_create", session_id="s", e2ee=True)
        daemon.call("session_connect", session_id="s", base_key="5a" * 48)
        for flow, vlan in ((FLOW, {}), (FLOW, {"vlan": VLAN}), (FLOW6, {})):
            daemon.call("stream_publish", session_id="s", link=LINK, payload_types={"111": {"codec": "opus"}},
                        flow={"dst_ip": flow.dst, "dst_port": flow.dst_port} | vlan)

    def told(self):
        return self.daemon.call("stats_get", scope="port")["ports"][0]["icmp_too_big"]

    def answers(self, *sent):
        """Sends frames that do not fit. Returns what came back, and what was counted."""
        time.sleep(0.05)  # so that the message before is no reason to say nothing
        before = self.told()
        self.back.frames = []
        out, counted = self.seal.send(*sent)
        end = time.monotonic() + PATIENCE_SECONDS
        while len(self.back.frames) < self.told() - before and time.monotonic() < end:
            time.sleep(0.005)
        return [frame for _, frame in self.back.frames], out, counted


def the_kernel_learns_how_long_packets_may_be(checks, lab):
    rows = ((socket.AF_INET, FLOW, socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_MTU, 28),
            (socket.AF_INET6, FLOW6, socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_MTU, 48))
    for family, flow, level, discover, mtu, headers in rows:
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(level, discover, PMTUDISC_DO)
            sender.bind((flow.src, flow.src_port))
            sender.connect((flow.dst, flow.dst_port))
            checks.equal(sender.getsockopt(level, mtu), MTU, f"{flow.src}: MTU at first")
            sender.send(rtp(MTU - headers))
            end = time.monotonic() + PATIENCE_SECONDS
            while sender.getsockopt(level, mtu) == MTU and time.monotonic() < end:
                time.sleep(0.01)
            checks.equal(sender.getsockopt(level, mtu), MTU - OVERHEAD, f"{flow.src}: MTU once told")
            sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # the message is an error of the socket's, too
            try:
                sender.send(rtp(MTU - OVERHEAD - headers + 1))
                checks.true(False, f"{flow.src}: one byte more can still be sent")
            except OSError:
                pass
            lab.seal.recorder.frames = []
            sender.send(rtp(MTU - OVERHEAD - headers))
            sealed = [one for one in lab.seal.wait_for_frames(1) if frames.parse_udp(one)]
            checks.equal([len(one) for one in sealed], [14 + MTU], f"{flow.src}: the longest that fits, sealed")


def messages_are_as_scapy_reads_them(checks, lab):
    for flow, vlan, quoted in ((FLOW, None, 548), (FLOW, VLAN, 548), (FLOW6, None, 1232)):
        sent = media(flow, MTU, vlan=vlan)
        at = 14 if vlan is None else 18
        back, out, counted = lab.answers(sent)
        checks.equal((out, counted, len(back)), ([], {"too_big": 1}, 1), f"{flow.src}: sealed, counted, told")
        if len(back) != 1:
            continue
        packet = Ether(back[0])
        version = IPv6 if ":" in flow.src else IP
        kind = ICMPv6PacketTooBig if version is IPv6 else ICMP
        checks.equal((packet.dst, packet.src), (Ether(sent).src, Ether(sent).dst), f"{flow.src}: Ethernet")
        checks.equal(packet[Dot1Q].vlan if Dot1Q in packet else None, vlan, f"{flow.src}: the tag")
        checks.equal((packet[version].src, packet[version].dst), (flow.dst, flow.src), f"{flow.src}: addresses")
        if kind is ICMP:
            checks.equal((packet[kind].type, packet[kind].code, packet[kind].nexthopmtu), (3, 4, MTU - OVERHEAD),
                         "type, code, MTU")
        else:
            checks.equal((packet[kind].code, packet[kind].mtu), (0, MTU - OVERHEAD), "code, MTU")
        checks.equal(bytes(packet[kind].payload), sent[at : at + quoted], f"{flow.src}: what is quoted")
        for layer, name in ((version, "chksum"), (version, "len"), (version, "plen"), (kind, "chksum"),
                            (kind, "cksum")):
            if name in packet[layer].fields:
                delattr(packet[layer], name)
        checks.true(bytes(packet) == back[0], f"{flow.src}: lengths or checksums are not those that scapy makes")


def nobody_is_told_who_may_not_be(checks, lab):
    multicast = FLOW._replace(dst="198.51.100.20", src="0.0.0.0")
    to_many = media(FLOW, MTU)
    rows = (
        ("without DF", media(FLOW, MTU, fragment=0)),
        ("to many hosts", b"\x01\x00\x5e\x00\x00\x01" + to_many[6:]),
        ("from nobody", media(multicast, MTU)),
    )
    for what, sent in rows:
        back, out, counted = lab.answers(sent)
        checks.equal((back, out, counted), ([], [], {"too_big": 1}), what)


def what_fits_is_not_told_of(checks, lab):
    back, out, counted = lab.answers(media(FLOW, MTU - OVERHEAD))
    checks.equal((back, len(out), counted), ([], 1, {"sealed": 1}), "the longest that fits")


def messages_are_few(checks, lab):
    sent = [media(FLOW, MTU)] * 500
    began = time.monotonic()
    back, _, counted = lab.answers(*sent)
    most = 2 + 100 * (time.monotonic() - began)
    checks.equal(counted, {"too_big": len(sent)}, "counted")
    checks.true(1 <= len(back) <= most, f"{len(back)} messages, {most:.0f} at most")


def every_packet_is_accounted_for(checks, lab):
    for direction in ("seal", "open"):
        came_in, accounted = path_lab.sums(lab.daemon.call("stats_get")[direction])
        checks.equal(accounted, came_in, f"{direction}: out and dropped of those that came in")


TESTS = (
    the_kernel_learns_how_long_packets_may_be,
    messages_are_as_scapy_reads_them,
    nobody_is_told_who_may_not_be,
    what_fits_is_not_told_of,
    messages_are_few,
    every_packet_is_accounted_for,
)


def make_host():
    """The plain wire's far end as a host of this kernel, with the media's destinations behind it."""
    pathlib.Path("/proc/sys/net/ipv6/conf/host/disable_ipv6").write_text("0")
    for name in ("accept_ra", "router_solicitations", "dad_transmits"):
        pathlib.Path(f"/proc/sys/net/ipv6/conf/host/{name}").write_text("0")
    netns.ip("addr", "add", f"{FLOW.src}/24", "dev", "host")
    netns.ip("addr", "add", f"{FLOW6.src}/64", "dev", "host", "nodad")
    netns.ip("route", "add", "198.51.100.0/24", "dev", "host")
    netns.ip("-6", "route", "add", "2001:db8:5::/48", "dev", "host")
    subprocess.run(["ethtool", "-K", "host", "tx", "off"], check=True, stdout=subprocess.DEVNULL)


def without_scapy(_checks):
    raise cases.Skip("python3-scapy is not installed: scripts/setup test")


def main():
    if Ether is None:
        cases.run("test_too_big", (without_scapy,))
    netns.enter()
    netns.add_veth("plain", "host", MTU)
    netns.add_veth("sealed", "sealed-far", MTU)
    make_host()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        links = [edge.link(LINK, edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)
                 | {"icmp_too_big": True}]
        # With two workers, one writes the messages and the other sends them.
        with edge.Edge(directory, links, cpus=edge.cpus()[:2]) as daemon:
            cases.run("test_too_big", TESTS, Lab(daemon))


if __name__ == "__main__":
    main()
