# SPDX-License-Identifier: BSD-3-Clause
"""Builds and reads Ethernet frames with IPv4 or IPv6, UDP and RTP, checksums right unless asked."""

import ipaddress
import struct
from typing import NamedTuple

MAC_PUBLISHER = bytes.fromhex("020000000001")
MAC_SUBSCRIBER = bytes.fromhex("020000000002")
ETHERTYPE_IPV4, ETHERTYPE_VLAN, ETHERTYPE_IPV6 = 0x0800, 0x8100, 0x86DD
PROTOCOL_UDP = 17


class Flow(NamedTuple):
    """Where a datagram comes from and goes to, as on the wire."""

    src: str
    src_port: int
    dst: str
    dst_port: int

    def __str__(self):
        return f"{self.src}:{self.src_port} -> {self.dst}:{self.dst_port}"


class Datagram(NamedTuple):
    """What is found in a frame that holds UDP."""

    flow: Flow
    ip_offset: int
    payload: bytes


class Rtp(NamedTuple):
    """An RTP packet's fields and its parts: header + body + padding is the whole packet."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    header: bytes
    body: bytes
    padding: bytes


def checksum(data):
    """The Internet checksum (RFC 1071) of the bytes."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(flow, payload, udp_checksum=None):
    """A UDP datagram for the flow; `udp_checksum` puts a value of its own in the field."""
    source, target = ipaddress.ip_address(flow.src).packed, ipaddress.ip_address(flow.dst).packed
    length = 8 + len(payload)
    header = struct.pack("!HHHH", flow.src_port, flow.dst_port, length, 0)
    pseudo = source + target + struct.pack("!II", length, PROTOCOL_UDP)
    if udp_checksum is None:
        udp_checksum = checksum(pseudo + header + payload) or 0xFFFF
    return header[:6] + struct.pack("!H", udp_checksum) + payload


def ip(flow, protocol, payload, fragment=0, options=b"", identification=0):
    """An IPv4 or IPv6 packet. `fragment` is IPv4's flags and offset as one 16-bit value."""
    source, target = ipaddress.ip_address(flow.src), ipaddress.ip_address(flow.dst)
    if source.version == 6:
        return (
            struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
            + source.packed + target.packed + payload
        )
    words = 5 + len(options) // 4
    header = struct.pack(
        "!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), identification, fragment, 64,
        protocol, 0,
    ) + source.packed + target.packed + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ethernet(packet, vlan=None, ethertype=None):
    """A frame from the publisher's MAC to the subscriber's around an IP packet or other bytes."""
    if ethertype is None:
        ethertype = ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ETHERTYPE_IPV4
    tag = b"" if vlan is None else struct.pack("!HH", ETHERTYPE_VLAN, vlan)
    return MAC_SUBSCRIBER + MAC_PUBLISHER + tag + struct.pack("!H", ethertype) + packet


def udp_frame(flow, payload, vlan=None, udp_checksum=None, options=b""):
    """The usual case: a frame with one whole UDP datagram."""
    return ethernet(ip(flow, PROTOCOL_UDP, udp(flow, payload, udp_checksum), options=options), vlan)


def rtp(payload_type, sequence, timestamp, ssrc, body, marker=0, padding=0, csrcs=()):
    """An RTP packet; `padding` bytes of it at the end (RFC 3550 section 5.1)."""
    first = 0x80 | (0x20 if padding else 0) | len(csrcs)
    header = struct.pack("!BBHII", first, marker << 7 | payload_type, sequence, timestamp, ssrc)
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return header + b"".join(struct.pack("!I", c) for c in csrcs) + body + tail


def parse_udp(frame):
    """The Datagram in a frame, or None where it is not a whole UDP datagram right behind IP."""
    offset = 18 if frame[12:14] == b"\x81\x00" else 14
    if len(frame) < offset + 28:
        return None
    if frame[offset] >> 4 == 4:
        header = (frame[offset] & 15) * 4
        if frame[offset + 9] != PROTOCOL_UDP or frame[offset + 6 : offset + 8] not in (
            b"\0\0", b"\x40\0"):
            return None
        source, target = frame[offset + 12 : offset + 16], frame[offset + 16 : offset + 20]
    elif frame[offset] >> 4 == 6 and frame[offset + 6] == PROTOCOL_UDP:
        header = 40
        source, target = frame[offset + 8 : offset + 24], frame[offset + 24 : offset + 40]
    else:
        return None
    at = offset + header
    src_port, dst_port, length = struct.unpack_from("!HHH", frame, at)
    flow = Flow(str(ipaddress.ip_address(source)), src_port, str(ipaddress.ip_address(target)), dst_port)
    return Datagram(flow, offset, frame[at + 8 : at + length])


def parse_rtp(packet):
    """The Rtp in a UDP payload, or None where it is not one."""
    if len(packet) < 12 or packet[0] >> 6 != 2:
        return None
    _, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", packet)
    at = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        if at + 4 > len(packet):
            return None
        at += 4 + 4 * struct.unpack_from("!H", packet, at + 2)[0]
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if at > end:
        return None
    return Rtp(bool(second & 0x80), second & 0x7F, sequence, timestamp, ssrc, packet[:at],
               packet[at:end], packet[end:])
