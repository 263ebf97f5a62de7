# SPDX-License-Identifier: BSD-3-Clause
"""One daemon whose sealed side gets packets that the model in Python has sealed, with whatever secret,
suite and version a test wants; and what the daemon tells of them."""

import contextlib
import pathlib
import random
import sys
import tempfile
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "model"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import wire_format as model  # noqa: E402

LINK = "edge0"
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-29999"}]
SUITE = "AES_256_CTR_HMAC_SHA512_80"
OTHER_SUITE = "AES_128_GCM_SHA256_128"
SUITES = {SUITE: 0x0006, OTHER_SUITE: 0x0004}
CODEC, PAYLOAD_TYPE = "opus", 111
TYPES = {str(PAYLOAD_TYPE): {"codec": CODEC}}
TROUBLE = ("encryption_secret_mismatch", "encryption_secret_match", "plaintext_blocked",
           "wire_version_mismatch", "suite_mismatch")
RUN = 8  # packets in a row before trouble is told
VERSION_BITS, VERSION_2 = 0xC0, 0x80
FENCE_SECONDS = 20

_base_keys = {}


def base_key(text):
    """32 bytes for each text, as hex digits: a key that costs no derivation."""
    return model.expand("sha256", b"a test's key", text.encode(), 32).hex()


def derived(secret, session):
    """What the daemon derives from a secret, by the model; once for each, since it takes a while."""
    if (secret, session) not in _base_keys:
        _base_keys[secret, session] = model.base_key(secret, session)
    return _base_keys[secret, session]


class Sender:
    """A sender of another edge: seals by the model, counting up from 0."""

    def __init__(self, key, suite=SUITE, sender_id=None):
        """`key`: the raw bytes, or as hex digits."""
        self.suite = next(one for one in model.SUITES if one.number == SUITES[suite])
        secret = model.extract(self.suite.digest, bytes.fromhex(key) if isinstance(key, str) else key)
        tag = model.key_tag(self.suite.digest, secret)
        self.key_tag = f"{tag:04x}"
        self.kid = model.make_kid(random.getrandbits(43) if sender_id is None else sender_id, self.suite, tag)
        self.keys = model.sender_keys(self.suite, secret, self.kid)
        self.count = 0

    def seal(self, body):
        """The next payload."""
        ctr = model.make_ctr(7, self.count)
        self.count += 1
        return model.seal(self.suite, CODEC, body, self.kid, ctr, self.keys)


def of_version_2(payload):
    """The payload, as an edge of a later version would mark it."""
    return payload[:-1] + bytes([payload[-1] & ~VERSION_BITS & 0xFF | VERSION_2])


def corrupted(payload):
    """The payload with one bit of its ciphertext turned over."""
    return payload[:1] + bytes([payload[1] ^ 1]) + payload[2:]


def body(number):
    """An Opus packet like no other."""
    return b"\xfc" + number.to_bytes(4, "big") * 6


class Stream(NamedTuple):
    """A stream that the daemon knows; makes frames for it."""

    name: str
    flow: frames.Flow
    ssrc: int

    def frame(self, number, payload, ssrc=None):
        packet = frames.rtp(PAYLOAD_TYPE, number & 0xFFFF, number * 960 & 0xFFFFFFFF,
                            self.ssrc if ssrc is None else ssrc, payload)
        return frames.udp_frame(self.flow, packet)


class Lab:
    """The daemon, both directions through it, and a listener."""

    def __init__(self, daemon, plain="plain-far", sealed="sealed-far"):
        """`plain`, `sealed`: the far ends of its wires."""
        self.daemon = daemon
        self.watch_again(plain, sealed)
        self.client = daemon.client(timeout=30)
        self.listener = daemon.client(timeout=30)
        self.listener.call("events_subscribe")
        self.ports = 20000
        self.numbers = 0

    def watch_again(self, plain, sealed):
        """Sends into these interfaces and listens to them: again, where they have gone and come back."""
        self.seal = path_lab.Side(self.daemon, "seal", plain, sealed)
        self.open = path_lab.Side(self.daemon, "open", sealed, plain)

    def session(self, name, key=None, **settings):
        """A connected session; with a `key`, base_key() of that text, it is end-to-end encrypted."""
        self.client.call("session_create", session_id=name, e2ee=key is not None, **settings)
        secret = {} if key is None else {"base_key": base_key(key)}
        self.client.call("session_connect", session_id=name, **secret)
        return name

    def forget(self):
        for one in self.client.call("session_list", limit=1000)["sessions"]:
            self.client.call("session_delete", session_id=one["session_id"])
        self.told()

    def stream(self, session, name, method="stream_subscribe", **settings):
        self.ports += 1
        made = Stream(name, frames.Flow("203.0.113.10", self.ports, "198.51.100.20", self.ports), self.ports)
        self.client.call(method, session_id=session, stream_id=name, link=LINK, payload_types=TYPES,
                         flow={"dst_ip": made.flow.dst, "dst_port": made.flow.dst_port}, **settings)
        return made

    def number(self):
        self.numbers += 1
        return self.numbers

    def frame(self, stream, sender, spoil=lambda payload: payload, ssrc=None):
        """The stream's next frame, sealed by this sender and then spoilt; and the plain one in it."""
        number = self.number()
        plain = body(number)
        return (stream.frame(number, spoil(sender.seal(plain)), ssrc), stream.frame(number, plain, ssrc))

    def frames(self, count, stream, sender, *args, **options):
        return [self.frame(stream, sender, *args, **options)[0] for _ in range(count)]

    def told(self):
        """The trouble told of since the last time. Waits for no time, but for what is told of a stream
        made for this, by the same worker behind all that went before."""
        mark = f"fence-{self.number()}"
        self.session(mark, mark)
        self.open.send(self.frame(self.stream(mark, mark), Sender(base_key(mark)))[0])
        events = []
        while True:
            event = self.listener.wait_event_of(TROUBLE, FENCE_SECONDS)
            if event is None:
                raise RuntimeError(f"nothing is told of {mark}; before it {events}")
            if event["stream_id"] == mark:
                break
            events.append(event)
        self.client.call("session_delete", session_id=mark)
        return events


def in_brief(events):
    """What of an event of trouble tells it from others."""
    return [(event["type"], event["stream_id"], event.get("cause") or event.get("after")) for event in events]


@contextlib.contextmanager
def laboratory(**settings):
    """A daemon in a namespace of its own."""
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link(LINK, edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links, **settings) as daemon:
            yield Lab(daemon)


def run(name, tests, **settings):
    """Runs the tests against one daemon."""
    with laboratory(**settings) as lab:
        cases.run(name, tests, lab)
