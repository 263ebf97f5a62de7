# SPDX-License-Identifier: BSD-3-Clause
"""How media routers tell a key frame: their rules, written anew from their public sources.

mediasoup          worker/src/RTC/Codecs/{VP8,VP9,H264}.cpp
LiveKit            pkg/sfu/buffer/helpers.go
Jitsi Videobridge  nlj/rtp/codec/{vp8/Vp8Packet,vp9/Vp9Packet}.kt, nlj/codec/vp8/Vp8Utils.kt and the
                   DePacketizer.java of VP8, VP9 and H.264 in libjitsi
Janus              src/utils.c

Each takes a packet's RTP payload without padding and returns its answer.
"""

import struct

import descriptors

START_CODE = bytes.fromhex("9d012a")  # RFC 6386 section 9.1
SPS = 7  # of H.264


# ---- VP8: the first bit of a frame says that it is no key frame -------------------------------------


def mediasoup_vp8(body):
    if not body[0] & 0x80:
        return False  # it leaves packets without the extension alone
    descriptor, frame = descriptors.read_vp8(body)
    return descriptor.start and descriptor.partition == 0 and frame != b"" and not frame[0] & 1


def livekit_vp8(body):
    """Whether, and the size. It looks at S alone; that is the same where PID is 0."""
    descriptor, frame = descriptors.read_vp8(body)
    if not descriptor.start or frame == b"" or frame[0] & 1:
        return False, None
    if frame[3:6] != START_CODE:
        return True, None
    width, height = struct.unpack_from("<HH", frame, 6)
    return True, (width & 0x3FFF, height & 0x3FFF)


def jitsi_vp8(body):
    """Whether, and the height, which it chooses among simulcast streams by."""
    descriptor, frame = descriptors.read_vp8(body)
    if not descriptor.start or descriptor.partition != 0 or frame == b"" or frame[0] & 1:
        return False, -1
    return True, (frame[8] | frame[9] << 8) & 0x3FFF


def janus_vp8(body):
    if len(body) < 16 or not body[0] & 0x80:
        return False
    descriptor, frame = descriptors.read_vp8(body)
    return descriptor.start and not frame[0] & 1 and frame[3:6] == START_CODE


# ---- VP9: the descriptor says all; LiveKit looks at the frame's first byte ---------------------------


def mediasoup_vp9(body):
    descriptor, _ = descriptors.read_vp9(body)
    return not descriptor.inter_picture and descriptor.begin and descriptor.sid == 0


def livekit_vp9(body):
    descriptor, frame = descriptors.read_vp9(body)
    if not descriptor.begin or frame == b"" or frame[0] >> 6 != 2:
        return False
    profile = frame[0] >> 4 & 3
    return frame[0] & (0x0C if profile != 3 else 0x06) == 0


def jitsi_vp9(body):
    """Whether, and the layers that it forwards by."""
    descriptor, _ = descriptors.read_vp9(body)
    key = not descriptor.inter_picture and (
        descriptor.tid is None or descriptor.sid == 0 or not descriptor.inter_layer)
    return key, descriptor.tid, descriptor.sid


def janus_vp9(body):
    """A scalability structure with sizes."""
    if len(body) < 16:
        return False
    structure = descriptors.read_vp9(body)[0].structure
    return structure != b"" and bool(structure[0] & 0x10) and any(structure[1:5])


# ---- H.264: a sequence parameter set, alone, aggregated or fragmented ---------------------------------


def aggregated_types(body):
    """The first byte of each unit, as a walk over the sizes finds them (RFC 6184 section 5.7.1)."""
    at = 1
    while at + 2 < len(body):
        size = struct.unpack_from("!H", body, at)[0]
        yield body[at + 2]
        at += 2 + size


def mediasoup_h264(body):
    if len(body) < 2:
        return False
    kind = body[0] & 31
    if kind == 24:
        return any(header & 31 == SPS for header in aggregated_types(body))
    if kind in (28, 29):
        return body[1] & 0x9F == 0x80 | SPS
    return kind == SPS


def sizes_fit(body):
    """Whether the units of an aggregate end exactly where it does."""
    at = 1
    while at + 2 < len(body):
        at += 2 + struct.unpack_from("!H", body, at)[0]
    return at == len(body)


def livekit_h264(body):
    """A unit that runs past the end of an aggregate ends its search."""
    if body[0] & 31 == 24 and not sizes_fit(body):
        return False
    return mediasoup_h264(body)


def jitsi_h264(body):
    """IDR slices, parameter sets and SEI, alone or first in an aggregate whose sizes fit; IDR
    slices in fragments."""
    kind = body[0] & 31
    if kind == 28:
        return len(body) > 1 and body[1] & 31 == 5
    if kind == 24:
        return len(body) > 3 and sizes_fit(body) and body[3] & 31 in (5, 6, 7, 8)
    return kind in (5, 6, 7, 8)


def janus_h264(body):
    if len(body) < 16:
        return False
    kind = body[0] & 31
    if kind == 24:
        return any(header & 31 == SPS for header in aggregated_types(body))
    return kind == SPS or (kind in (28, 29) and body[1] & 31 == SPS)


# ---- H.265: a parameter set, likewise ---------------------------------------------------------------


def h265_with(kinds, fragment_kind):
    """The rule for these NAL unit types; `fragment_kind` reads a type out of an FU's third byte."""

    def rule(body):
        if len(body) < 3:
            return False
        kind = body[0] >> 1 & 63
        if kind == 48:
            at = 2
            while at + 2 < len(body):
                if body[at + 2] >> 1 & 63 in kinds:
                    return True
                at += 2 + struct.unpack_from("!H", body, at)[0]
            return False
        return fragment_kind(body[2]) in kinds if kind == 49 else kind in kinds

    return rule


# LiveKit reads the FU header like a NAL unit header, one bit off; what it answers stays the same.
livekit_h265 = h265_with((33, 34), lambda header: header >> 1 & 63)
# RFC 7798 section 4.4.3: a fragment counts where it begins a unit.
rfc_h265 = h265_with((32, 33, 34), lambda header: header & 63 if header & 0x80 else 0)

RULES = {
    "VP8": {"mediasoup": mediasoup_vp8, "LiveKit": livekit_vp8, "Jitsi": jitsi_vp8, "Janus": janus_vp8},
    "VP9": {"mediasoup": mediasoup_vp9, "LiveKit": livekit_vp9, "Jitsi": jitsi_vp9, "Janus": janus_vp9},
    "H264": {"mediasoup": mediasoup_h264, "LiveKit": livekit_h264, "Jitsi": jitsi_h264, "Janus": janus_h264},
    "H265": {"LiveKit": livekit_h265, "RFC 7798": rfc_h265},
}


def answers(codec, body):
    """What every router says of a payload: {router: answer}."""
    return {router: rule(body) for router, rule in RULES.get(codec, {}).items()}


def is_key(answer):
    return bool(answer[0] if isinstance(answer, tuple) else answer)
