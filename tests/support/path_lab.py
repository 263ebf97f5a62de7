# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of single packets share: frames sent into a daemon one by one, what comes out, and
which counters moved."""

import struct
import time

import frames
import wire

SECONDS = 5


class Side:
    """One direction through a daemon: into one interface, out of another."""

    def __init__(self, daemon, direction, into, out_of):
        self.daemon = daemon
        self.direction = direction  # "seal" or "open"
        self.into = into
        self.recorder = wire.Recorder(out_of)

    def counters(self):
        """{"packets_in", "packets_out", and every outcome by its name}."""
        counters = self.daemon.call("stats_get")[self.direction]
        return {"packets_in": counters["packets_in"], "packets_out": counters["packets_out"],
                **counters["passes"], **counters["drops"]}

    def send(self, *sent):
        """Sends frames; returns (frames that came out, {outcome: how many} of what was counted)."""
        before = self.counters()
        self.recorder.frames = []
        wire.play(self.into, sent)
        end = time.monotonic() + SECONDS
        while (after := self.counters())["packets_in"] < before["packets_in"] + len(sent):
            if time.monotonic() > end:
                break
            time.sleep(0.005)
        time.sleep(0.02)
        moved = {name: after[name] - before[name] for name in after if after[name] != before[name]}
        out = moved.pop("packets_out", 0)
        moved.pop("packets_in", 0)
        while len(self.recorder.frames) < out and time.monotonic() < end:
            time.sleep(0.005)
        return [frame for _, frame in self.recorder.frames], moved


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
