# SPDX-License-Identifier: BSD-3-Clause
"""A call: the recordings played from a publisher, through an edge that seals, a switch that stands
for the media router, and an edge that opens, to a subscriber.

    pub0 == a-plain [edge A] a-sealed == r-a (router) r-b == b-sealed [edge B] b-plain == sub0
"""

import pathlib
import secrets
import time
from typing import NamedTuple

import edge
import frames
import netns
import pcap
import wire

MEDIA = pathlib.Path(__file__).resolve().parents[1] / "media"
SESSION = "first-call"
LINK = "edge0"
DRAIN_SECONDS = 10
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"},
          {"ip": "2001:db8:5::/48", "ports": "20000-20999"}]


class Recording(NamedTuple):
    name: str
    codec: str
    payload_type: int
    ssrc: int


RECORDINGS = (
    Recording("vp8", "VP8", 96, 0x10A00001),
    Recording("vp9", "VP9", 98, 0x10A00002),
    Recording("h264", "H264", 102, 0x10A00003),
    Recording("opus", "opus", 111, 0x10A00004),
)


def load(seconds):
    """The recordings' first seconds as one, in the order of their times."""
    merged = sorted(frame for one in RECORDINGS for frame in pcap.read(MEDIA / f"{one.name}.pcap"))
    return [(at, frame) for at, frame in merged if at - merged[0][0] < seconds * 10**9]


def ssrc_of(frame):
    """The SSRC of a frame that holds RTP; 0 where it does not."""
    datagram = frames.parse_udp(frame)
    packet = frames.parse_rtp(datagram.payload) if datagram else None
    return packet.ssrc if packet else 0


def sequence_of(frame):
    return frames.parse_rtp(frames.parse_udp(frame).payload).sequence


class Wires:
    """The call's wires and hosts, with nothing between r-a and r-b."""

    def __init__(self):
        netns.add_veth("pub0", "a-plain")
        netns.add_veth("a-sealed", "r-a")
        netns.add_veth("b-sealed", "r-b")
        netns.add_veth("b-plain", "sub0")
        self.hosts = {"a": netns.Host(), "b": netns.Host()}
        for name, host in self.hosts.items():
            host.take(f"{name}-plain")
            host.take(f"{name}-sealed")

    def close(self):
        for host in self.hosts.values():
            host.close()

    def edge(self, name, directory, cpu, **settings):
        """Edge "a" beside the publisher or "b" beside the subscriber; not yet started."""
        ports = (edge.af_packet(0, f"{name}-plain"), edge.af_packet(1, f"{name}-sealed"))
        return edge.Edge(pathlib.Path(directory) / name, [edge.link(LINK, *ports, RANGES)], cpu=cpu,
                         prefix=self.hosts[name].prefix, **settings)

    def edges(self, directory, **settings):
        cpus = edge.cpus()
        return (self.edge("a", directory, cpus[0], **settings),
                self.edge("b", directory, cpus[-1], **settings))


class Network(Wires):
    """The same, with a switch that stands for the media router."""

    def __init__(self):
        super().__init__()
        netns.add_bridge("router", "r-a", "r-b")


def new_secret():
    return secrets.token_urlsafe(18)


def in_turn(edges, *words, stdin):
    """Runs rtpsealctl on one edge after the other. Returns their results."""
    return [edge.ctl_json(*words, stdin=stdin + "\n") for edge in edges]


def at_once(edges, *words, stdin):
    """Runs rtpsealctl on all edges, none waiting for another: deriving a key takes a third of a
    second. Returns their results."""
    running = [edge.start_ctl(*words, "--json", stdin=stdin + "\n") for edge in edges]
    return [edge.finish_ctl(process) for edge, process in zip(edges, running)]


def connect(publisher, subscriber, secret, suite=None, stream_suites=()):
    """One session on both edges, its streams published on one and subscribed to on the other.

    `stream_suites` has the suites, by a recording's name, of streams that override the session's."""
    suite_words = ["--suite", suite] if suite else []
    for one in (publisher, subscriber):
        one.ctl_json("session", "create", SESSION, "--e2ee", *suite_words)
    at_once((publisher, subscriber), "session", "connect", SESSION, "--secret-stdin", stdin=secret)
    for one in RECORDINGS:
        datagram = frames.parse_udp(pcap.read(MEDIA / f"{one.name}.pcap")[0][1])
        flow = datagram.flow
        words = ["--session", SESSION, "--link", LINK, "--id", one.name,
                 "--src", f"{flow.src}:{flow.src_port}", "--dst", f"{flow.dst}:{flow.dst_port}",
                 "--ssrc", hex(one.ssrc), "--pt", f"{one.payload_type}={one.codec}"]
        if one.name in stream_suites:
            words += ["--suite", stream_suites[one.name]]
        publisher.ctl_json("stream", "publish", *words)
        subscriber.ctl_json("stream", "subscribe", *words)


class Outcome(NamedTuple):
    """What became of one stream: frames in (with the time each was sent), lost and not as sent."""

    sent: list  # (time_ns, frame)
    sealed: list  # (time_ns, frame)
    received: list  # frames
    lost: list  # (time_ns or None, frame) of those that did not come out: when they were sealed
    garbled: list  # (time_ns, frame) of those that came out other than they went in
    disordered: bool


def compare(ssrc, sent, sealed, received):
    """Compares what came out of a stream with what went in, whole frames, byte for byte."""
    mine = [(at, frame) for at, frame in sent if ssrc_of(frame) == ssrc]
    out = [frame for _, frame in received if ssrc_of(frame) == ssrc]
    by_sequence = {sequence_of(frame): (index, at, frame) for index, (at, frame) in enumerate(mine)}
    order, garbled = [], []
    for frame in out:
        index, at, original = by_sequence.get(sequence_of(frame), (-1, 0, b""))
        order.append(index)
        if frame != original:
            garbled.append((at, frame))
    came = set(order)
    mine_sealed = [(at, frame) for at, frame in sealed if ssrc_of(frame) == ssrc]
    sealed_at = {sequence_of(frame): at for at, frame in mine_sealed}
    lost = [(sealed_at.get(sequence_of(frame)), frame)
            for index, (_, frame) in enumerate(mine) if index not in came]
    disordered = any(a >= b for a, b in zip(order, order[1:]))
    return Outcome(mine, mine_sealed, out, lost, garbled, disordered)


class Media:
    """Plays recordings while recording the sealed side and the subscriber's. `scope` is of the counters
    that tell when all of it is through; without it, they are the daemon's."""

    def __init__(self, merged, **scope):
        self.scope = scope
        self.sealed_recorder = wire.Recorder("r-a")
        self.recorder = wire.Recorder("sub0")
        self.player = wire.Player("pub0", merged).start()
        self.sealed = self.received = self.sent = ()

    def finish(self, publisher, subscriber):
        """Waits until the edges have looked at all there is, or have not for too long."""
        self.player.wait()
        self.sent = list(zip(self.player.sent, (frame for _, frame in self.player.frames)))
        end = time.monotonic() + DRAIN_SECONDS
        while not self.is_drained(publisher, subscriber) and time.monotonic() < end:
            time.sleep(0.05)
        self.received = self.recorder.stop()
        self.sealed = self.sealed_recorder.stop()
        return self

    def is_drained(self, publisher, subscriber):
        sealing = publisher.call("stats_get", **self.scope)["seal"]
        opening = subscriber.call("stats_get", **self.scope)["open"]
        return (sealing["packets_in"] >= len(self.sent)
                and len(self.sealed_recorder.frames) >= sealing["packets_out"]
                and opening["packets_in"] >= sealing["packets_out"]
                and len(self.recorder.frames) >= opening["packets_out"])

    def outcome(self, ssrc):
        return compare(ssrc, self.sent, self.sealed, self.received)

    def strangers(self):
        """Frames that came out and belong to none of the streams."""
        known = {one.ssrc for one in RECORDINGS}
        return [frame for _, frame in self.received if ssrc_of(frame) not in known]
