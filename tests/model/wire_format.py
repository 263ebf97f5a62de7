# SPDX-License-Identifier: BSD-3-Clause
"""The wire format in Python, written from its specification (dataplane/README.md) alone and sharing
nothing with the dataplane, so that each can be held against the other."""

import hashlib
import hmac
from typing import NamedTuple

import aes

VERSION = 1
HEADER_BYTES = 17
PARAMETER_SET_MAX = 256


class Suite(NamedTuple):
    number: int
    code: int
    digest: str
    nka: int
    nk: int
    nt: int
    method: str


SUITES = (
    Suite(0x0001, 1, "sha256", 16, 48, 10, "hmac"),
    Suite(0x0002, 2, "sha256", 16, 48, 8, "hmac"),
    Suite(0x0003, 3, "sha256", 16, 48, 4, "hmac"),
    Suite(0x0004, 4, "sha256", 16, 16, 16, "gcm"),
    Suite(0x0005, 5, "sha512", 32, 32, 16, "gcm"),
    Suite(0x0006, 6, "sha512", 32, 96, 10, "hmac"),
    Suite(0x0007, 7, "sha512", 32, 96, 8, "hmac"),
    Suite(0x0008, 8, "sha512", 32, 96, 4, "hmac"),
    Suite(0xF001, 15, "sha512", 32, 32, 0, "ctr"),
)


# ---- keys --------------------------------------------------------------------------------------

def base_key(secret, session_id):
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), b"rtpseal/1 " + session_id.encode(),
                               220000, 64)


def extract(digest, key):
    """HKDF-Extract with an empty salt (RFC 5869 section 2.2)."""
    return hmac.digest(bytes(hashlib.new(digest).digest_size), key, digest)


def expand(digest, key, info, size):
    """HKDF-Expand (RFC 5869 section 2.3)."""
    out, block, number = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(key, block + info + bytes([number]), digest)
        out, number = out + block, number + 1
    return out[:size]


def key_tag(digest, sframe_secret):
    return int.from_bytes(expand(digest, sframe_secret, b"rtpseal key tag", 2), "big")


def fingerprint(digest, sframe_secret):
    bits = int.from_bytes(expand(digest, sframe_secret, b"rtpseal fingerprint", 15), "big")
    return " ".join(f"{(bits >> shift & 0xfffff) % 100000:05}" for shift in range(100, -1, -20))


def make_kid(sender_id, suite, tag):
    return 1 << 63 | sender_id << 20 | suite.code << 16 | tag


def make_ctr(prefix, count):
    return 1 << 63 | prefix << 32 | count


def sender_keys(suite, sframe_secret, kid):
    label = kid.to_bytes(8, "big") + suite.number.to_bytes(2, "big")
    return (expand(suite.digest, sframe_secret, b"SFrame 1.0 Secret key " + label, suite.nk),
            expand(suite.digest, sframe_secret, b"SFrame 1.0 Secret salt " + label, 12))


# ---- layouts: which bytes are free, clear, sealed ----------------------------------------------

class Malformed(Exception):
    """The body does not parse by its codec's rule: it is sealed whole."""


class Layout:
    """One letter per byte: f(ree), c(lear), s(ealed); and where the last unit's size is."""

    def __init__(self, free, clear, total):
        if free > total:
            raise Malformed
        clear = min(clear, total - free)
        self.kinds = "f" * free + "c" * clear + "s" * (total - free - clear)
        self.last_size = None


def at(body, index):
    if index >= len(body):
        raise Malformed
    return body[index]


def vp8(body):
    """RFC 7741 section 4.2."""
    first, end = at(body, 0), 1
    if first & 0x80:
        extension, end = at(body, 1), 2
        if extension & 0x80:
            end += 2 if at(body, end) & 0x80 else 1
        end += bool(extension & 0x40) + bool(extension & 0x30)
    if end > len(body):
        raise Malformed
    clear = 0
    if first & 0x10 and first & 0x07 == 0 and end < len(body):
        clear = 1 if body[end] & 1 else 10
    return Layout(end, clear, len(body))


def vp9(body):
    """RFC 9628 section 4.2."""
    first, end = at(body, 0), 1
    flexible = first & 0x10
    if first & 0x80:
        end += 2 if at(body, end) & 0x80 else 1
    if first & 0x20:
        end += 1 if flexible else 2
    if flexible and first & 0x40:
        for number in range(4):
            if number == 3:
                raise Malformed
            end += 1
            if not at(body, end - 1) & 1:
                break
    if first & 0x02:
        structure = at(body, end)
        end += 1
        if structure & 0x10:
            end += 4 * ((structure >> 5) + 1)
        if structure & 0x08:
            pictures = at(body, end)
            end += 1
            for _ in range(pictures):
                end += 1 + (at(body, end) >> 2 & 3)
    if end > len(body):
        raise Malformed
    return Layout(end, 1 if first & 0x08 else 0, len(body))


def _units(body, header, is_parameter_set, fixed):
    """STAP-A and AP: units behind 16-bit sizes."""
    kinds, place, last = "c" * fixed, fixed, None
    while place < len(body):
        if place + 2 > len(body):
            raise Malformed
        size = int.from_bytes(body[place:place + 2], "big")
        unit = body[place + 2:place + 2 + size]
        if size < header or len(unit) < size:
            raise Malformed
        last = place
        clear = size if is_parameter_set(unit) else header
        kinds += "cc" + "c" * clear + "s" * (size - clear)
        place += 2 + size
    layout = Layout(0, 0, 0)
    layout.kinds, layout.last_size = kinds, last
    return layout


def _h264_parameter_set(unit):
    return (unit[0] & 0x80 == 0 and unit[0] & 0x60 != 0 and unit[0] & 0x1f in (7, 8)
            and len(unit) <= PARAMETER_SET_MAX)


def _h265_parameter_set(unit):
    return (unit[0] & 0x80 == 0 and unit[0] >> 1 & 0x3f in (32, 33, 34)
            and len(unit) <= PARAMETER_SET_MAX)


def h264(body):
    """RFC 6184 sections 5.6 to 5.8."""
    kind = body[0] & 0x1f
    if kind == 24:
        return _units(body, 1, _h264_parameter_set, 1)
    clear = {28: 2, 29: 4}.get(kind, len(body) if _h264_parameter_set(body) else 1)
    return Layout(0, clear, len(body))


def h265(body):
    """RFC 7798 section 4.4."""
    kind = body[0] >> 1 & 0x3f
    if kind == 48 and len(body) >= 2:
        return _units(body, 2, _h265_parameter_set, 2)
    clear = 3 if kind == 49 else len(body) if len(body) >= 2 and _h265_parameter_set(body) else 2
    return Layout(0, clear, len(body))


# The number in the authenticated data, and the rule.
CODECS = {
    "VP8": (1, vp8),
    "VP9": (2, vp9),
    "H264": (3, h264),
    "H265": (4, h265),
    "AV1": (5, lambda body: Layout(0, 1, len(body))),
    "opus": (6, lambda body: Layout(0, 1, len(body))),
    "other": (0, None),
}


def lay_out(codec, body):
    """Returns (codec number or 0, layout, sealed whole?)."""
    retransmission = codec.startswith("rtx:")
    number, rule = CODECS[codec.removeprefix("rtx:")]
    free = 2 if retransmission else 0
    if rule is not None and len(body) > free:
        try:
            layout = rule(body[free:])
            layout.kinds = "f" * free + layout.kinds
            if layout.last_size is not None:
                layout.last_size += free
            return number, layout, False
        except Malformed:
            pass
    return 0, Layout(min(free, len(body)), 0, len(body)), True


# ---- sealing -----------------------------------------------------------------------------------

def encrypt(suite, key, salt, ctr, aad, text):
    """RFC 9605 section 4.5."""
    nonce = bytes(a ^ b for a, b in zip(salt, ctr.to_bytes(12, "big")))
    if suite.method == "gcm":
        return aes.gcm_seal(key, nonce, text, aad)
    sealed = aes.ctr(key[:suite.nka], nonce + bytes(4), text)
    if suite.method == "ctr":
        return sealed, b""
    lengths = b"".join(size.to_bytes(8, "big") for size in (len(aad), len(sealed), suite.nt))
    tag = hmac.digest(key[suite.nka:], lengths + nonce + aad + sealed, suite.digest)
    return sealed, tag[:suite.nt]


def seal(suite, codec, body, kid, ctr, keys):
    """The sealed payload of a plain body of at least one byte."""
    number, layout, whole = lay_out(codec, body)
    overhead = suite.nt + HEADER_BYTES + 1
    body = bytearray(body)
    if layout.last_size is not None:
        size = int.from_bytes(body[layout.last_size:layout.last_size + 2], "big") + overhead
        body[layout.last_size:layout.last_size + 2] = size.to_bytes(2, "big")
    header = b"\xff" + kid.to_bytes(8, "big") + ctr.to_bytes(8, "big")
    trailer = bytes([VERSION << 6 | whole << 5 | HEADER_BYTES])
    clear = bytes(byte for byte, kind in zip(body, layout.kinds) if kind == "c")
    text = bytes(byte for byte, kind in zip(body, layout.kinds) if kind == "s")
    sealed, tag = encrypt(suite, *keys, ctr, header + trailer + bytes([number]) + clear, text)
    stream = iter(sealed)
    out = bytes(next(stream) if kind == "s" else byte for byte, kind in zip(body, layout.kinds))
    return out + tag + header + trailer
