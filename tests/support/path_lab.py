# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of single packets share: frames sent into a daemon one by one, what comes out, and
which counters moved."""

import struct
import time

import frames
import wire

SECONDS = 20  # a machine that others use may keep a worker waiting for some


class Side:
    """One direction through a daemon: into one interface, out of another."""

    def __init__(self, daemon, direction, into, out_of):
        self.daemon = daemon
        self.direction = direction  # "seal" or "open"
        self.into = into
        self.recorder = wire.Recorder(out_of)

    def counters(self):
        return self.daemon.call("stats_get")[self.direction]

    def settled(self, packets_in):
        """The counters once so many have come in and each is accounted for, or when it takes too long."""
        end = time.monotonic() + SECONDS
        while True:
            counters = self.counters()
            came_in, accounted = sums(counters)
            if (came_in >= packets_in and accounted == came_in) or time.monotonic() > end:
                return counters
            time.sleep(0.005)

    def wait_for_frames(self, count):
        """What the recorder has once it has so many, or when it takes too long; never fewer than came."""
        end = time.monotonic() + SECONDS
        while len(self.recorder.frames) < count and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(0.02)  # for one too many to show itself
        return [frame for _, frame in self.recorder.frames]

    def send(self, *sent):
        """Sends frames; returns (frames that came out, {outcome: how many} of what was counted)."""
        before = self.counters()
        self.recorder.frames = []
        wire.play(self.into, sent)
        after = self.settled(before["packets_in"] + len(sent))
        return self.wait_for_frames(after["packets_out"] - before["packets_out"]), moved(before, after)


def moved(before, after):
    """{outcome: by how much} of the outcomes whose counters differ."""
    return {name: after[kind][name] - before[kind][name] for kind in ("passes", "drops")
            for name in after[kind] if after[kind][name] != before[kind][name]}


def sums(counters):
    """(packets in, packets out + drops) of one direction of stats_get."""
    return counters["packets_in"], counters["packets_out"] + sum(counters["drops"].values())


def checksums_are_right(frame):
    """Whether an untagged or tagged frame's IPv4 and UDP checksums and lengths are right."""
    datagram = frames.parse_udp(frame)
    at = datagram.ip_offset
    if frame[at] >> 4 == 4:
        header = (frame[at] & 15) * 4
        addresses, total = frame[at + 12 : at + 20], struct.unpack_from("!H", frame, at + 2)[0]
        if frames.checksum(frame[at : at + header]) != 0:
            return False
    else:
        header, addresses = 40, frame[at + 8 : at + 40]
        total = 40 + struct.unpack_from("!H", frame, at + 4)[0]
    udp = frame[at + header : at + total]
    length, checksum = struct.unpack_from("!HH", udp, 4)
    if length != len(udp) or at + total != len(frame):
        return False
    if checksum == 0:
        return frame[at] >> 4 == 4
    return frames.checksum(addresses + struct.pack("!II", length, frames.PROTOCOL_UDP) + udp) == 0
