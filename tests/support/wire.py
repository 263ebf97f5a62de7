# SPDX-License-Identifier: BSD-3-Clause
"""Puts frames on an interface at a recording's pace, and records what arrives on another."""

import socket
import struct
import threading
import time

SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_STATISTICS = 6
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
PACKET_OUTGOING = 4
VLAN_VALID, VLAN_TPID_VALID = 1 << 4, 1 << 6
RECEIVE_BYTES = 16 << 20


def give_room(sock):
    """Room for what comes while the process is kept waiting."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
    except PermissionError:  # in an ordinary user's namespace
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)


class Player:
    """Plays (time_ns, frame) pairs on an interface, in a thread."""

    def __init__(self, interface, frames):
        self.frames = frames
        self.sent = []  # when each was sent: time.time_ns()
        self.latest_ns = 0  # how far behind its time the latest one was
        self.stopping = False
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # receives nothing
        self.socket.bind((interface, 0))
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        offset = time.monotonic_ns() - (self.frames[0][0] if self.frames else 0)
        for at, frame in self.frames:
            if self.stopping:
                return
            wait = at + offset - time.monotonic_ns()
            if wait > 0:
                time.sleep(wait / 1e9)
            else:
                self.latest_ns = max(self.latest_ns, -wait)
            self.sent.append(time.time_ns())
            self.socket.send(frame)

    def start(self):
        self.thread.start()
        return self

    def is_playing(self):
        return self.thread.is_alive()

    def stop(self):
        """Ends playing, whatever is left."""
        self.stopping = True
        return self.wait()

    def wait(self):
        self.thread.join()
        self.socket.close()
        return self


def play(interface, frames):
    """Sends frames one behind the other, without times."""
    Player(interface, [(0, frame) for frame in frames]).start().wait()


class Recorder:
    """Records every frame that arrives on an interface (not those sent out of it), in a thread.

    `make_socket`: another host's, netns.Host.socket, where the interface is there."""

    def __init__(self, interface, make_socket=socket.socket):
        self.frames = []  # (time_ns, frame)
        self.socket = make_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((interface, ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        give_room(self.socket)
        self.socket.settimeout(0.05)
        self.stopping = False
        self.error = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                frame, ancillary, _, address = self.socket.recvmsg(65536, 256)
            except TimeoutError:
                if self.stopping:
                    return
                continue
            except OSError as error:  # the interface is gone
                self.error = error
                return
            if address[2] != PACKET_OUTGOING:
                self.frames.append(self.restore(frame, ancillary))

    @staticmethod
    def restore(frame, ancillary):
        """The frame with its time, and with the VLAN tag that the kernel took out of it."""
        time_ns = 0
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("qq", data)
                time_ns = seconds * 10**9 + nanoseconds
            elif level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tag, tpid = struct.unpack("=IIIHHHH", data)
                if status & VLAN_VALID:
                    tpid = tpid if status & VLAN_TPID_VALID else 0x8100
                    frame = frame[:12] + struct.pack("!HH", tpid, tag) + frame[12:]
        return time_ns, frame

    def stop(self, settle=0.2):
        """Ends recording once nothing more has come for a moment. Returns what came."""
        seen = -1
        while seen != len(self.frames):
            seen = len(self.frames)
            time.sleep(settle)
        self.stopping = True
        self.thread.join()
        if self.error:
            raise self.error
        statistics = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        dropped = struct.unpack("=II", statistics)[1]
        self.socket.close()
        if dropped:
            raise RuntimeError(f"the recorder itself lost {dropped} frames: nothing can be said")
        return self.frames

    def take(self, settle=0.2):
        """What has come since the last time, once nothing more comes for a moment."""
        time.sleep(settle)
        frames, self.frames = self.frames, []
        return [frame for _, frame in frames]
