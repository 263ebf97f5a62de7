# SPDX-License-Identifier: BSD-3-Clause
"""A daemon with an HTTP listener: asked by curl, abused over plain sockets, and with media running."""

import contextlib
import json
import pathlib
import socket
import subprocess
import tempfile
import time
from typing import NamedTuple

import edge
import frames
import netns
import tokens
import wire

ADDRESS = ("127.0.0.1", 9470)
URL = f"http://{ADDRESS[0]}:{ADDRESS[1]}"
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
FLOW = frames.Flow("203.0.113.10", 40000, "198.51.100.20", 20000)
KEY, ALWAYS = "100", "always"  # projects: as asked for, and always end-to-end encrypted
SECRET = "6b3f0a9d2c5e8f1a4b7c0d3e6f9a2b5c8d1e4f7a"
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def http(directory, listen=f"{ADDRESS[0]}:{ADDRESS[1]}"):
    """The configuration's `http`, and the secret's file that it needs."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    secret = directory / "project-secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return {"listen": listen, "projects": [{"key": KEY, "secret_file": str(secret)},
                                           {"key": ALWAYS, "secret_file": str(secret), "e2ee": "always"}]}


class Answer(NamedTuple):
    status: int
    headers: str
    body: str

    def json(self):
        return json.loads(self.body)


def curl(path, *options, url=URL, token=None, form=None, body=None, config=""):
    """Asks with curl. The token is not on the command line, where everyone could read it."""
    config += f'header = "X-OPENTOK-AUTH: {token}"\n' if token else ""
    if form is not None:
        options += ("--data-raw", form, "-H", f"Content-Type: {FORM}")
    if body is not None:
        options += ("--data-raw", json.dumps(body), "-H", f"Content-Type: {JSON}")
    done = subprocess.run(["curl", "-sS", "-i", "--max-time", "20", "--path-as-is", "-K", "-", *options, url + path],
                          input=config.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"curl {path}: {done.stderr.decode().strip()}")
    headers, _, rest = done.stdout.decode().partition("\r\n\r\n")
    return Answer(int(headers.split()[1]), headers, rest)


def create(form, key=KEY):
    """POST /session/create with a good token."""
    return curl("/session/create", token=tokens.of_now(key, SECRET), form=form)


def dial(timeout=20):
    made = socket.socket()
    made.settimeout(timeout)
    made.connect(ADDRESS)
    return made


def read_to_end(connection):
    """All that comes until the other side closes; b"" too where it just does so."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            got += data
    return got


def status_of(answer):
    """The status of a raw answer; None: it is none."""
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else None


class Media:
    """RTP through the daemon, sealed by it, at an even pace until stopped."""

    PER_SECOND = 300
    LATE_SECONDS = 10  # a worker whose CPU is taken away

    def __init__(self, seconds):
        self.recorder = wire.Recorder("sealed-far")
        spacing = 10**9 // self.PER_SECOND
        self.player = wire.Player("plain-far", [
            (number * spacing, self.frame(number)) for number in range(seconds * self.PER_SECOND)]).start()

    @staticmethod
    def frame(number):
        packet = frames.rtp(96, number & 0xFFFF, number * 90, 0xC0FFEE, b"\x10" + number.to_bytes(4, "big") * 20)
        return frames.udp_frame(FLOW, packet)

    def stop(self):
        """Returns the sequence numbers sent, and those that came out."""
        sent = len(self.player.stop().sent)
        end = time.monotonic() + self.LATE_SECONDS
        while len(self.recorder.frames) < sent and time.monotonic() < end:
            time.sleep(0.02)
        out = [frames.parse_rtp(frames.parse_udp(frame).payload) for _, frame in self.recorder.stop()]
        return [number & 0xFFFF for number in range(sent)], [packet.sequence for packet in out]


class Lab:
    def __init__(self, daemon):
        self.daemon = daemon

    def start_media(self, seconds):
        """Through a session and a stream of its own."""
        with self.daemon.client() as client:
            client.call("session_create", session_id="media", e2ee=True)
            client.call("session_connect", session_id="media", base_key="ab" * 32)
            client.call("stream_publish", session_id="media", link="edge0", payload_types={"96": {"codec": "VP8"}},
                        flow={"dst_ip": FLOW.dst, "dst_port": FLOW.dst_port})
        return Media(seconds)

    def end_media(self, checks, media):
        sent, came = media.stop()
        checks.true(len(sent) > media.PER_SECOND, f"only {len(sent)} packets were sent: nothing is shown")
        checks.true(came == sent, f"of {len(sent)} packets came out {len(came)}, all but {set(sent) - set(came)}")
        self.daemon.call("session_delete", session_id="media")

    def status(self, name):
        """A number of the process's status, in KiB."""
        text = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.daemon.process.pid}/fd").iterdir()))

    def wait_ready(self, ready, seconds=10):
        """The answer of /readyz once it is that, or when it takes too long."""
        end = time.monotonic() + seconds
        while (answer := curl("/readyz")).status != (200 if ready else 503) and time.monotonic() < end:
            time.sleep(0.05)
        return answer


@contextlib.contextmanager
def laboratory():
    """The daemon in a namespace of its own; enter that before."""
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links, http=http(directory)) as daemon:
            yield Lab(daemon)
