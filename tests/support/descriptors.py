# SPDX-License-Identifier: BSD-3-Clause
"""The payload descriptors of VP8 (RFC 7741 section 4.2) and VP9 (RFC 9628 section 4.2): read into
fields, changed there, and written again, as media routers do."""

import dataclasses
import struct


@dataclasses.dataclass
class Vp8:
    """A VP8 descriptor; a field that is None is not in it."""

    non_reference: bool = False
    start: bool = False
    partition: int = 0
    picture_id: int = None
    long_picture_id: bool = True  # 15 bits, otherwise 7
    tl0picidx: int = None
    tid: int = None
    layer_sync: bool = False
    keyidx: int = None
    extended: bool = False  # X, also where nothing follows the second byte

    def write(self):
        flags = ((self.picture_id is not None) << 7 | (self.tl0picidx is not None) << 6
                 | (self.tid is not None) << 5 | (self.keyidx is not None) << 4)
        extended = self.extended or flags != 0
        out = bytes([extended << 7 | self.non_reference << 5 | self.start << 4 | self.partition])
        if extended:
            out += bytes([flags])
        out += write_picture_id(self.picture_id, self.long_picture_id)
        if self.tl0picidx is not None:
            out += bytes([self.tl0picidx & 255])
        if self.tid is not None or self.keyidx is not None:
            out += bytes([(self.tid or 0) << 6 | self.layer_sync << 5 | (self.keyidx or 0) & 31])
        return out


def read_vp8(body):
    """Returns (Vp8, the bytes behind it)."""
    first, at, flags = body[0], 1, 0
    descriptor = Vp8(bool(first & 0x20), bool(first & 0x10), first & 7, extended=bool(first & 0x80))
    if descriptor.extended:
        flags, at = body[1], 2
    if flags & 0x80:
        descriptor.picture_id, descriptor.long_picture_id, at = read_picture_id(body, at)
    if flags & 0x40:
        descriptor.tl0picidx, at = body[at], at + 1
    if flags & 0x30:
        value, at = body[at], at + 1
        descriptor.layer_sync = bool(value & 0x20)
        descriptor.tid = value >> 6 if flags & 0x20 else None
        descriptor.keyidx = value & 31 if flags & 0x10 else None
    return descriptor, body[at:]


@dataclasses.dataclass
class Vp9:
    """A VP9 descriptor. `references` and `structure` are kept as the bytes they are."""

    inter_picture: bool = False
    flexible: bool = False
    begin: bool = False
    end: bool = False
    not_a_reference: bool = False
    picture_id: int = None
    long_picture_id: bool = True
    tid: int = None  # the layer indices are in it or not, all together
    sid: int = 0
    switching_up: bool = False
    inter_layer: bool = False
    tl0picidx: int = 0  # not in flexible mode
    references: bytes = b""
    structure: bytes = b""

    def write(self):
        out = bytes([(self.picture_id is not None) << 7 | self.inter_picture << 6
                     | (self.tid is not None) << 5 | self.flexible << 4 | self.begin << 3
                     | self.end << 2 | (self.structure != b"") << 1 | self.not_a_reference])
        out += write_picture_id(self.picture_id, self.long_picture_id)
        if self.tid is not None:
            out += bytes([self.tid << 5 | self.switching_up << 4 | self.sid << 1 | self.inter_layer])
            if not self.flexible:
                out += bytes([self.tl0picidx & 255])
        return out + self.references + self.structure


def read_vp9(body):
    """Returns (Vp9, the bytes behind it)."""
    first, at = body[0], 1
    descriptor = Vp9(*(bool(first & bit) for bit in (0x40, 0x10, 0x08, 0x04, 0x01)))
    if first & 0x80:
        descriptor.picture_id, descriptor.long_picture_id, at = read_picture_id(body, at)
    if first & 0x20:
        layers, at = body[at], at + 1
        descriptor.tid, descriptor.sid = layers >> 5, layers >> 1 & 7
        descriptor.switching_up, descriptor.inter_layer = bool(layers & 0x10), bool(layers & 1)
        if not descriptor.flexible:
            descriptor.tl0picidx, at = body[at], at + 1
    begin = at
    if descriptor.flexible and descriptor.inter_picture:
        while body[at] & 1:
            at += 1
        at += 1
    descriptor.references, begin = body[begin:at], at
    if first & 0x02:
        at = skip_structure(body, at)
    descriptor.structure = body[begin:at]
    return descriptor, body[at:]


def skip_structure(body, at):
    """RFC 9628 section 4.2.1."""
    flags, at = body[at], at + 1
    at += 4 * ((flags >> 5) + 1) if flags & 0x10 else 0
    if flags & 0x08:
        pictures, at = body[at], at + 1
        for _ in range(pictures):
            at += 1 + (body[at] >> 2 & 3)
    return at


def read_picture_id(body, at):
    """Returns (picture id, whether it has 15 bits, where it ends)."""
    if body[at] & 0x80:
        return struct.unpack_from("!H", body, at)[0] & 0x7FFF, True, at + 2
    return body[at], False, at + 1


def write_picture_id(picture_id, is_long):
    if picture_id is None:
        return b""
    return struct.pack("!H", 0x8000 | picture_id & 0x7FFF) if is_long else bytes([picture_id & 127])
