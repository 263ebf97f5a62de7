# SPDX-License-Identifier: BSD-3-Clause
"""Reads and writes Ethernet recordings in the classic pcap format, with nanosecond times."""

import struct

MAGIC_NS = 0xA1B23C4D
MAGIC_US = 0xA1B2C3D4
LINK_ETHERNET = 1
FILE_HEADER = struct.Struct("=IHHiIII")


def write(path, frames):
    """Writes (time_ns, frame) pairs in the order given."""
    with open(path, "wb") as out:
        out.write(FILE_HEADER.pack(MAGIC_NS, 2, 4, 0, 0, 65535, LINK_ETHERNET))
        for time_ns, frame in frames:
            out.write(struct.pack("=IIII", time_ns // 10**9, time_ns % 10**9, len(frame), len(frame)))
            out.write(frame)


def byte_order(magic):
    """Returns (order, ticks in ns) of a file that starts with these four bytes."""
    for order in "<>":
        value = struct.unpack(order + "I", magic)[0]
        if value in (MAGIC_NS, MAGIC_US):
            return order, 1 if value == MAGIC_NS else 1000
    raise ValueError("not a pcap file")


def read(path):
    """Returns the file's (time_ns, frame) pairs in its own order."""
    with open(path, "rb") as file:
        data = file.read()
    order, tick_ns = byte_order(data[:4])
    if struct.unpack_from(order + "I", data, 20)[0] != LINK_ETHERNET:
        raise ValueError(f"{path}: not an Ethernet capture")
    frames, at = [], FILE_HEADER.size
    while at < len(data):
        seconds, ticks, kept, length = struct.unpack_from(order + "IIII", data, at)
        at += 16
        if kept != length or at + kept > len(data):
            raise ValueError(f"{path}: frame {len(frames) + 1} is cut short")
        frames.append((seconds * 10**9 + ticks * tick_ns, data[at : at + kept]))
        at += kept
    return frames
