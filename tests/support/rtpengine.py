# SPDX-License-Identifier: BSD-3-Clause
"""rtpengine as the relay between two hosts, in userspace: its process, and calls set up by its control protocol
"ng" (bencode in UDP datagrams) with SDP of plain RTP."""

import pathlib
import re
import shutil
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NG_PORT = 2223
SECONDS = 5


def find():
    """The program, installed or in .tools/; None where it is missing or its libraries are."""
    program = shutil.which("rtpengine") or ROOT / ".tools" / "rtpengine-daemon" / "rtpengine"
    works = pathlib.Path(program).exists() and subprocess.run(
        [program, "--version"], capture_output=True, check=False).returncode == 0
    return str(program) if works else None


def encode(value):
    """Bencode of bytes, text, lists and dicts."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    return b"d" + b"".join(encode(key) + encode(value[key]) for key in sorted(value)) + b"e"


def decode(data, at=0):
    """(value, offset behind it); texts are str."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in b"ld":
        at, values = at + 1, []
        while data[at : at + 1] != b"e":
            value, at = decode(data, at)
            values.append(value)
        return (values if kind == b"l" else dict(zip(values[::2], values[1::2]))), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end].decode(), end


def write_sdp(address, medias):
    """`medias`: (kind, port, payload type, encoding) each."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0"]
    for kind, port, number, encoding in medias:
        lines += [f"m={kind} {port} RTP/AVP {number}", f"a=rtpmap:{number} {encoding}"]
    return "\r\n".join(lines) + "\r\n"


def ports_of(sdp):
    return [int(port) for port in re.findall(r"^m=\w+ (\d+)", sdp, re.M)]


class Relay:
    """The process, between the interfaces' addresses {name: address}. Ends with it: use it as a context."""

    def __init__(self, program, interfaces, ports, log):
        self.number = 0
        self.log_path = log
        words = [f"--interface={name}/{address}" for name, address in interfaces.items()]
        with open(log, "wb") as file:
            # Without a table the kernel's module is not asked for.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program, "--foreground", "--log-stderr", "--table=-1", *words,
                 f"--port-min={ports[0]}", f"--port-max={ports[1]}", f"--listen-ng=127.0.0.1:{NG_PORT}"],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.2)
        self.socket.connect(("127.0.0.1", NG_PORT))

    def __enter__(self):
        if self.call("ping") != {"result": "pong"}:
            raise RuntimeError("rtpengine answers a ping otherwise")
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def call(self, command, **fields):
        """The reply to a command; asked again, under the same cookie, where none comes."""
        self.number += 1
        cookie = b"%d " % self.number
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.socket.send(cookie + encode({"command": command} | named))
                reply = self.socket.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                time.sleep(0.02)
                continue
            if reply.startswith(cookie):
                return decode(reply, len(cookie))[0]
        raise RuntimeError(f"rtpengine does not answer:\n{pathlib.Path(self.log_path).read_text()[-1000:]}")

    def connect(self, call_id, caller, callee, medias):
        """A call from (interface, address) to another, whose ports are those of `medias` at both. Returns
        the ports that the relay took towards the caller and towards the callee."""
        names = {"call_id": call_id, "from_tag": "a"}
        settings = {"ICE": "remove", "replace": ["origin", "session-connection"]}
        offered = self.call("offer", sdp=write_sdp(caller[1], medias), direction=[caller[0], callee[0]], **names, **settings)
        answered = self.call("answer", sdp=write_sdp(callee[1], medias), to_tag="b", **names, **settings)
        for reply in (offered, answered):
            if reply["result"] != "ok":
                raise RuntimeError(f"rtpengine refuses the call: {reply}")
        return ports_of(answered["sdp"]), ports_of(offered["sdp"])

    def packets(self, call_id):
        """How many packets of RTP it has received in a call, as it counts them."""
        return self.call("query", call_id=call_id)["totals"]["RTP"]["packets"]
