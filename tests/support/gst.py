# SPDX-License-Identifier: BSD-3-Clause
"""GStreamer as publisher and player: live encoders of test sources, decoders whose pictures and samples are kept
raw, and pictures made of those.

One test picture feeds every video encoder, and is kept as well: frame n that a player decodes is compared with
frame n of the source.
"""

import pathlib
import shutil
import signal
import subprocess
import time
from typing import NamedTuple

import netns

WIDTH, HEIGHT, FRAMES_PER_SECOND = 320, 180, 25
PICTURE_BYTES = WIDTH * HEIGHT * 3 // 2  # I420
OPUS_SAMPLES, OPUS_PER_SECOND, TONE_HZ = 960, 50, 440
MTU = 1200
GAP = 4  # between pictures side by side
START_SECONDS = 20
RAW = f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FRAMES_PER_SECOND}/1"
QUEUE = "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0"


class Stream(NamedTuple):
    """One stream: how it is sent and how it is played."""

    name: str
    codec: str
    payload_type: int
    ssrc: int
    port: int
    encoder: str
    payloader: str
    decoder: str
    media: str = "video"
    clock: int = 90000

    @property
    def frame_bytes(self):
        """Of one decoded frame in a player's file."""
        return PICTURE_BYTES if self.media == "video" else OPUS_SAMPLES * 2


STREAMS = (
    Stream("vp8", "VP8", 96, 0x11A00001, 20000,
           "vp8enc deadline=1 cpu-used=8 target-bitrate=600000 keyframe-max-dist=25", "rtpvp8pay picture-id-mode=15-bit",
           "rtpvp8depay ! vp8dec"),
    Stream("h264", "H264", 102, 0x11A00003, 20002,
           "x264enc tune=zerolatency speed-preset=veryfast bitrate=600 key-int-max=25 ! video/x-h264,profile=baseline",
           "rtph264pay config-interval=-1 aggregate-mode=zero-latency", "rtph264depay ! avdec_h264 max-threads=1"),
    Stream("vp9", "VP9", 98, 0x11A00002, 20004,
           "vp9enc deadline=1 cpu-used=8 target-bitrate=600000 keyframe-max-dist=25 lag-in-frames=0",
           "rtpvp9pay picture-id-mode=15-bit", "rtpvp9depay ! vp9dec"),
    Stream("opus", "OPUS", 111, 0x11A00004, 20006, "opusenc bitrate=48000 frame-size=20", "rtpopuspay",
           "rtpopusdepay ! opusdec ! audioconvert", "audio", 48000),
)
VIDEO = [stream for stream in STREAMS if stream.media == "video"]
OPUS = STREAMS[-1]


def missing():
    """What GStreamer needs for this and does not have, or None."""
    if not shutil.which("gst-launch-1.0"):
        return "gst-launch-1.0"
    words = " ".join(f"{one.encoder} ! {one.payloader} ! {one.decoder}" for one in STREAMS) + " ! compositor ! pngenc"
    for element in (part.split()[0] for part in words.split("!") if "/" not in part.split()[0]):
        if subprocess.run(["gst-inspect-1.0", "--exists", element], check=False).returncode != 0:
            return f"GStreamer's {element}"
    return None


def launch(pipeline, prefix=(), log=subprocess.DEVNULL):
    return subprocess.Popen([*prefix, "setpriv", "--pdeathsig", "KILL", "gst-launch-1.0", "-q", "-e", *pipeline.split()],
                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)


class Publisher:
    """Sends `seconds` of every stream, live, and keeps the source's pictures in the file `source`."""

    def __init__(self, seconds, source, address, prefix):
        self.pictures, self.buffers = int(seconds * FRAMES_PER_SECOND), int(seconds * OPUS_PER_SECOND)
        video = (f"videotestsrc is-live=true num-buffers={self.pictures} pattern=zone-plate kx2=16 ky2=16 kt=6 ! {RAW}"
                 f" ! tee name=t t. ! {QUEUE} ! filesink location={source}")
        branches = [f"t. ! {QUEUE} ! {self.rest_of(stream, address)}" for stream in VIDEO]
        audio = (f"audiotestsrc is-live=true num-buffers={self.buffers} samplesperbuffer={OPUS_SAMPLES}"
                 f" freq={TONE_HZ} ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! {self.rest_of(OPUS, address)}")
        self.process = launch(" ".join([video, *branches, audio]), prefix)

    @staticmethod
    def rest_of(stream, address):
        return (f"{stream.encoder} ! {stream.payloader} pt={stream.payload_type} ssrc={stream.ssrc} mtu={MTU}"
                f" ! udpsink host={address} port={stream.port} bind-port={stream.port} sync=false async=false")

    def wait(self, seconds):
        code = self.process.wait(seconds)
        if code != 0:
            raise RuntimeError(f"the publisher's pipeline ended with {code}")

    def close(self):
        self.process.kill()
        self.process.wait()


class Player:
    """Decodes one stream that arrives at its port, and keeps what it has decoded, raw, in a file."""

    def __init__(self, stream, directory, prefix=()):
        self.stream = stream
        self.path = pathlib.Path(directory) / f"{stream.name}.raw"
        raw = "video/x-raw,format=I420" if stream.media == "video" else "audio/x-raw,format=S16LE,channels=1"
        self.log_path = self.path.with_suffix(".log")
        with open(self.log_path, "wb") as log:
            self.process = launch(
                f"udpsrc port={stream.port} buffer-size=4000000 caps=application/x-rtp,media={stream.media},"
                f"clock-rate={stream.clock},encoding-name={stream.codec},payload={stream.payload_type}"
                f" ! {stream.decoder} ! {raw} ! filesink location={self.path} buffer-mode=2 sync=false async=false",
                prefix, log)

    def wait_until_listening(self):
        end = time.monotonic() + START_SECONDS
        while not netns.is_bound(self.process, "udp", self.stream.port):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.stream.name}: the player did not start:\n{self.log_path.read_text()}")
            time.sleep(0.02)

    def count(self):
        """How many whole frames it has decoded."""
        return self.path.stat().st_size // self.stream.frame_bytes if self.path.exists() else 0

    def stop(self):
        """Ends it in order, so that decoders give what they hold; one that gave up before is left as it is."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.close()
        return self

    def close(self):
        self.process.kill()
        self.process.wait()

    def frame(self, number):
        with open(self.path, "rb") as file:
            file.seek(number * self.stream.frame_bytes)
            return file.read(self.stream.frame_bytes)


def write_png(rows, path):
    """Rows of pictures (I420, as players keep them; None: white) as one PNG file."""
    pads, sources, files = [], [], []
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            if picture is None:
                continue
            number, file = len(files), path.with_suffix(f".{y}-{x}")
            file.write_bytes(picture)
            files.append(file)
            pads.append(f"sink_{number}::xpos={x * (WIDTH + GAP)} sink_{number}::ypos={y * (HEIGHT + GAP)}")
            sources.append(f"filesrc location={file} blocksize={PICTURE_BYTES} ! rawvideoparse width={WIDTH}"
                           f" height={HEIGHT} format=i420 framerate=1/1 ! compositor.sink_{number}")
    width = max(len(row) for row in rows) * (WIDTH + GAP) - GAP
    height = len(rows) * (HEIGHT + GAP) - GAP
    code = launch(f"compositor name=compositor background=white {' '.join(pads)}"
                  f" ! video/x-raw,width={width},height={height} ! videoconvert ! pngenc snapshot=true"
                  f" ! filesink location={path} {' '.join(sources)}").wait(START_SECONDS)
    for file in files:
        file.unlink()
    if code != 0:
        raise RuntimeError(f"{path} could not be written: gst-launch-1.0 ended with {code}")
