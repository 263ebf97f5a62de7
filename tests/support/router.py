# SPDX-License-Identifier: BSD-3-Clause
"""A media router between the two edges: takes RTP apart and puts it together again as one does, and
sends on, in its own time, what it makes of each packet."""

import dataclasses
import heapq
import socket
import struct
import threading
import time

import descriptors
import frames
import wire

ONE_BYTE, TWO_BYTE = 0xBEDE, 0x1000  # kinds of header extensions, RFC 8285
SUBSCRIBER = frames.Flow("198.51.100.20", 20500, "192.0.2.50", 50000)


def flow_of(flow):
    """As the control socket wants it."""
    return {"src_ip": flow.src, "src_port": flow.src_port, "dst_ip": flow.dst, "dst_port": flow.dst_port}


@dataclasses.dataclass
class Packet:
    """An RTP packet's parts, each free to be changed."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    body: bytes
    marker: bool = False
    csrcs: tuple = ()
    extension: tuple = None  # (profile, bytes, a multiple of 4)
    padding: int = 0  # bytes, the count among them

    def write(self):
        first = 0x80 | bool(self.padding) << 5 | (self.extension is not None) << 4 | len(self.csrcs)
        out = struct.pack("!BBHII", first, self.marker << 7 | self.payload_type, self.sequence & 0xFFFF,
                          self.timestamp & 0xFFFFFFFF, self.ssrc)
        out += b"".join(struct.pack("!I", csrc) for csrc in self.csrcs)
        if self.extension is not None:
            out += struct.pack("!HH", self.extension[0], len(self.extension[1]) // 4) + self.extension[1]
        out += self.body
        return out + bytes(self.padding - 1) + bytes([self.padding]) if self.padding else out

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


def read(payload):
    """A UDP payload as a Packet."""
    rtp = frames.parse_rtp(payload)
    at = 12 + 4 * (payload[0] & 15)
    extension = None
    if payload[0] & 0x10:
        extension = (struct.unpack_from("!H", payload, at)[0], rtp.header[at + 4 :])
    return Packet(rtp.payload_type, rtp.sequence, rtp.timestamp, rtp.ssrc, rtp.body, rtp.marker,
                  struct.unpack_from(f"!{payload[0] & 15}I", payload, 12), extension, len(rtp.padding))


def read_frame(frame):
    return read(frames.parse_udp(frame).payload)


def write_frame(packet, flow=SUBSCRIBER):
    """A frame from the router to a subscriber."""
    return frames.udp_frame(flow, packet.write())


def vp8(packet, change):
    """The packet with what `change` has done to its VP8 descriptor."""
    descriptor, frame = descriptors.read_vp8(packet.body)
    change(descriptor)
    return packet.but(body=descriptor.write() + frame)


def vp9(packet, change):
    descriptor, frame = descriptors.read_vp9(packet.body)
    change(descriptor)
    return packet.but(body=descriptor.write() + frame)


def rtx(packet, ssrc, payload_type, sequence):
    """A retransmission out of the router's cache (RFC 4588): its own SSRC, sequence and OSN."""
    return packet.but(ssrc=ssrc, payload_type=payload_type, sequence=sequence & 0xFFFF, padding=0,
                      body=struct.pack("!H", packet.sequence & 0xFFFF) + packet.body)


class Router:
    """Sends on `out_of` what `forward` makes of each frame that arrives on `into`: a list of
    (seconds to hold it back, frame). In a thread."""

    def __init__(self, forward, into="r-a", out_of="r-b"):
        self.forward = forward
        self.came = wire.Recorder(into)
        self.sent = []  # (time_ns, frame)
        self.held = []  # heap of (when, number, frame)
        self.out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.out.bind((out_of, 0))
        self.seen = self.number = 0
        self.stopping, self.error = False, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.stopping:
                self.take()
                self.release()
                time.sleep(0.001)
        except Exception as error:  # noqa: BLE001: told to the test by stop()
            self.error = error

    def take(self):
        while self.seen < len(self.came.frames):
            _, frame = self.came.frames[self.seen]
            self.seen += 1
            for delay, changed in self.forward(frame):
                self.number += 1
                heapq.heappush(self.held, (time.monotonic() + delay, self.number, changed))

    def release(self):
        while self.held and self.held[0][0] <= time.monotonic():
            _, _, frame = heapq.heappop(self.held)
            self.sent.append((time.time_ns(), frame))
            self.out.send(frame)

    def is_idle(self):
        return self.error is not None or (self.seen == len(self.came.frames) and not self.held)

    def stop(self):
        """Ends it once it holds nothing back; returns the frames that came."""
        came = self.came.stop()
        while not self.is_idle():
            time.sleep(0.005)
        self.stopping = True
        self.thread.join()
        self.out.close()
        if self.error:
            raise self.error
        return [frame for _, frame in came]
