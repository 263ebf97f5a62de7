# SPDX-License-Identifier: BSD-3-Clause
"""Live media through two edges: a publisher and players by GStreamer, the streams as the edges know them, and
how like its source is what was decoded."""

import pathlib
import socket
import statistics
import time
from typing import NamedTuple

import call
import frames
import gst
import likeness
import live_lab
import path_lab

DRAIN_SECONDS = 10
SETTLE_SECONDS = 0.3  # for what a player has received and not yet decoded
LUMA_BYTES = gst.WIDTH * gst.HEIGHT
SOUND = slice(gst.OPUS_SAMPLES * 2 * 25, gst.OPUS_SAMPLES * 2 * 75)  # one second, half a second in
LIKE_DB = 30.0  # more than a picture that is one frame late has: see late_psnr
TONE_SHARE = 0.9


def connect(publisher, subscriber, secret):
    """One session on both edges, with every stream of the broadcast."""
    for one in (publisher, subscriber):
        one.ctl_json("session", "create", call.SESSION, "--e2ee")
    call.at_once((publisher, subscriber), "session", "connect", call.SESSION, "--secret-stdin", stdin=secret)
    for stream in gst.STREAMS:
        words = ["--session", call.SESSION, "--link", call.LINK, "--id", stream.name, "--dst",
                 f"{live_lab.SUBSCRIBER}:{stream.port}", "--ssrc", hex(stream.ssrc), "--pt",
                 f"{stream.payload_type}={'opus' if stream is gst.OPUS else stream.codec}"]
        publisher.ctl_json("stream", "publish", *words)
        subscriber.ctl_json("stream", "subscribe", *words)


class Broadcast:
    """Some seconds of all streams, from the first packet to the last; use it as a context."""

    def __init__(self, network, edges, directory, seconds):
        self.edges = edges
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.seconds = seconds
        self.source = self.directory / "source.raw"
        self.before = self.counted()
        self.players = [gst.Player(stream, self.directory, network.subscriber.prefix) for stream in gst.STREAMS]
        for player in self.players:
            player.wait_until_listening()
        self.publisher = gst.Publisher(seconds, self.source, live_lab.SUBSCRIBER, network.publisher.prefix)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.publisher, *self.players):
            process.close()

    def counted(self):
        """(sealed at one edge, opened at the other) by stream's name, since the edges started."""
        sealed, opened = ({stream.name: one.call("stream_get", stream_id=stream.name)[direction]["passes"][outcome]
                           for stream in gst.STREAMS}
                          for one, direction, outcome in zip(self.edges, ("seal", "open"), ("sealed", "opened")))
        return sealed, opened

    def packets(self, name):
        """(sealed, opened) of this broadcast's packets of a stream."""
        return tuple(now[name] - before[name] for now, before in zip(self.counted(), self.before))

    def wait_until_decoding(self):
        end = time.monotonic() + gst.START_SECONDS
        while not all(player.count() for player in self.players):
            if time.monotonic() > end:
                raise RuntimeError(f"nothing is decoded of {[p.stream.name for p in self.players if not p.count()]}")
            time.sleep(0.02)

    def finish(self):
        """Waits until all has been sent, opened and decoded."""
        self.publisher.wait(self.seconds * 3 + DRAIN_SECONDS)
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end and not are_settled(self.edges):
            time.sleep(0.05)
        time.sleep(SETTLE_SECONDS)
        for player in self.players:
            player.stop()
        return self

    def picture(self, number):
        """Of the source."""
        with open(self.source, "rb") as file:
            file.seek(number * gst.PICTURE_BYTES)
            return file.read(gst.PICTURE_BYTES)

    def psnr(self, player, number, of=None):
        """Of a decoded picture against the same of the source, or another."""
        return likeness.psnr(player.frame(number), self.picture(number if of is None else of), LUMA_BYTES)

    def best_psnr(self, player, number, step=1):
        """Of a decoded picture, against whichever of the source is the most like it."""
        return max(self.psnr(player, number, of) for of in range(0, self.publisher.pictures, step))

    def late_psnr(self):
        """Of a picture in the place of the one behind it, at best: what a frame lost would be found by."""
        return max(likeness.psnr(self.picture(number), self.picture(number + 1), LUMA_BYTES)
                   for number in range(0, self.publisher.pictures - 1, gst.FRAMES_PER_SECOND))


def are_settled(edges):
    """Whether all that the first edge has sealed of the session has come to the other, and is accounted for."""
    sealing, opening = (edge.call("stats_get", scope="session", session_id=call.SESSION)[direction]
                        for edge, direction in zip(edges, ("seal", "open")))
    return sealing["passes"]["sealed"] <= opening["packets_in"] and all(
        path_lab.sums(counters)[0] == path_lab.sums(counters)[1] for counters in (sealing, opening))


class Likeness(NamedTuple):
    """What a player decoded: how many frames of those sent, and how like the source they are."""

    stream: object
    sent: int
    decoded: int
    mean: float  # dB of pictures, or the tone's share of the sound
    worst: float

    @property
    def is_whole(self):
        return self.decoded == self.sent > 0 and self.worst >= (
            LIKE_DB if self.stream.media == "video" else TONE_SHARE)


def judge(broadcast, player):
    """Every picture against the source's picture of the same number; of sound, one second."""
    stream = player.stream
    if stream.media == "audio":
        # The encoder sends one packet more than it was given where it holds some samples back.
        sent = max(broadcast.publisher.buffers, broadcast.packets(stream.name)[0])
        share = tone_share(player)
        return Likeness(stream, sent, player.count(), share, share)
    decoded = player.count()
    values = [broadcast.psnr(player, number) for number in range(min(decoded, broadcast.publisher.pictures))]
    return Likeness(stream, broadcast.publisher.pictures, decoded, statistics.fmean(values or [0.0]),
                    min(values, default=0.0))


def tone_share(player):
    sound = player.path.read_bytes()[SOUND] if player.path.exists() else b""
    return likeness.tone_share(sound, gst.TONE_HZ, gst.OPUS.clock) if sound else 0.0


def overhear(frames_seen, directory, seconds):
    """What players at the router's place, without a secret, make of the first seconds of such frames."""
    directory.mkdir()
    players = [gst.Player(stream, directory) for stream in gst.STREAMS]
    try:
        for player in players:
            player.wait_until_listening()
        replay(frames_seen, seconds)
        time.sleep(SETTLE_SECONDS)
        return [player.stop() for player in players]
    finally:
        for player in players:
            player.close()


def replay(frames_seen, seconds):
    """Sends the streams' datagrams among these frames to this host's own players, many times as fast."""
    ports = {stream.port for stream in gst.STREAMS}
    chosen = [(at, frames.parse_udp(frame)) for at, frame in frames_seen]
    chosen = [(at, datagram) for at, datagram in chosen if datagram and datagram.flow.dst_port in ports]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for number, (at, datagram) in enumerate(chosen):
            if at > chosen[0][0] + seconds * 10**9:
                break
            sock.sendto(datagram.payload, ("127.0.0.1", datagram.flow.dst_port))
            if number % 8 == 7:
                time.sleep(0.004)
