# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of `rtpsealctl top` share: a daemon with one stream and steady traffic."""

import re
import threading
import time

import control_lab
import frames
import wire
from control_lab import FLOW

PACKETS_PER_SECOND = 200
STRANGER = frames.Flow("203.0.113.10", 40000, "198.51.100.20", 20002)  # that no stream names
STRANGER_EACH = 4  # one packet in so many is a stranger's
STREAM = frames.Flow(FLOW["src_ip"], FLOW["src_port"], FLOW["dst_ip"], FLOW["dst_port"])


class Traffic:
    """RTP into the plain side, at an even pace, in a thread. Ends with it: use it as a context."""

    def __init__(self, interface="plain-far"):
        self.interface = interface
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        number, begin = 0, time.monotonic()
        while not self.stopping.is_set():
            flow = STRANGER if number % STRANGER_EACH == 0 else STREAM
            packet = frames.rtp(96, number & 0xFFFF, 90 * number, 0x1234, b"\x90\x80\x92" + bytes(500))
            wire.play(self.interface, [frames.udp_frame(flow, packet)])
            number += 1
            time.sleep(max(0, begin + number / PACKETS_PER_SECOND - time.monotonic()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def fill(client):
    """One session with a key and a stream, as the traffic has it."""
    client.call("session_create", session_id="room-1", e2ee=True)
    client.call("session_connect", session_id="room-1", encryption_secret=control_lab.SECRET)
    client.call("stream_publish", **control_lab.stream_params(session_id="room-1", stream_id="camera"))


def value(text):
    """The number that "12", "98.7 k" or "1.25 M" stands for."""
    digits, _, unit = text.partition(" ")
    return float(digits) * 1000 ** " kMGTP".index(unit or " ")


def directions(screen):
    """{"seal": [packets in, bits in, packets out, bits out, drops], ...} of the screen's head."""
    pattern = re.compile(r"(seal|open)  in +([\d.]+(?: \w)?) pkt/s +([\d.]+(?: \w)?) bit/s  out +([\d.]+(?: \w)?) pkt/s"
                         r" +([\d.]+(?: \w)?) bit/s  drops ([\d.]+(?: \w)?)/s")
    found = (pattern.match(row) for row in screen)
    return {match.group(1): [value(match.group(i)) for i in range(2, 7)] for match in found if match}


def pane(screen, heading):
    """The lines below the heading that begins so, up to the next heading, or the notices at the end."""
    headings = ("LINK ", "WORKER ", "DROPPED AS", "BUSIEST STREAM", "KEY OF SESSION", "EVENT AT", "q quit", "LOST",
                "SILENT", "PAUSED", "RESTARTED")
    lines, inside = [], False
    for row in screen:
        if row.startswith(headings):
            inside = row.startswith(heading)
        elif inside:
            lines.append(row)
    return [line for line in lines if line]
