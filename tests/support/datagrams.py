# SPDX-License-Identifier: BSD-3-Clause
"""What goes beside RTP on the ports of media: RTCP, STUN, and TURN's ways to carry data."""

import struct

COOKIE = bytes.fromhex("2112a442") + bytes(12)  # of STUN, and a transaction id
# RFC 3550 section 6: a receiver report without blocks, then a source description.
RTCP = bytes.fromhex("80c9000101020304") + bytes.fromhex("81ca0003010203040103616263000000")
STUN = bytes.fromhex("00010000") + COOKIE  # RFC 8489: a binding request


def stun_data(data):
    """RFC 8656: an indication with a DATA attribute; `data` is a multiple of 4 bytes."""
    return struct.pack("!HH", 0x0017, 4 + len(data)) + COOKIE + struct.pack("!HH", 0x0013, len(data)) + data


def channel_data(data):
    """RFC 8656 section 12.4."""
    return struct.pack("!HH", 0x4000, len(data)) + data
