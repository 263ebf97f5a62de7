# SPDX-License-Identifier: BSD-3-Clause
"""Clients that keep an HTTP listener waiting, each in its own way, and a look at what they cost it."""

import contextlib
import socket
import threading
import time

from http_lab import ALIVE, dial, read_to_end

LATE_SECONDS = 25  # a machine that is given to others for a while
CLIENTS_MAX = 256
OTHER_DESCRIPTORS = 64  # more than these belong to no client
QUARANTINE_KIB = 262144  # AddressSanitizer's own
GROWTH_KIB = 65536  # 256 clients, each with what is read ahead of it, and room for malloc


def endless(connection, first, more):
    """Sends without end, and without reading, until the daemon closes; returns how many bytes it took."""
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(first)
        while True:
            sent += connection.send(more)
    return sent


def drip(connection, data, stopping):
    """Sends a byte at a time, slowly, until the daemon has closed."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for byte in data:
            connection.send(bytes([byte]))
            if stopping.wait(0.3):
                return


class Abusers:
    """Connections that keep the daemon waiting, each in its own way; when each was closed, and how."""

    SILENT = b""
    HALVES = (b"GET /healthz HTT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
              b"POST /session/create HTTP/1.1\r\nContent-Length: 100\r\n\r\ne2ee=tr",
              b"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
              b"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 200)
    SLOW = (b"GET /healthz HTTP/1.1\r\n" + b"X-Slow: yes\r\n" * 20,
            b"POST /session/create HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)
    ENDLESS = ((b"", b"A" * 65536), (b"GET /healthz HTTP/1.1\r\nX: ", b"A" * 65536),
               (b"GET /healthz HTTP/1.1\r\n", b"X: y\r\n" * 8192),
               (b"POST /session/create HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n", b"A" * 65536),
               (b"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1" * 65536),
               (b"POST /session/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 8192),
               (b"", ALIVE * 1024), (b"", b"GET /metrics HTTP/1.1\r\n\r\n" * 1024))

    def __init__(self):
        self.began = time.monotonic()
        self.stopping = threading.Event()
        self.closed = {}  # name: (seconds, answer)
        self.threads = []
        for number, half in enumerate((self.SILENT, *self.HALVES)):
            self.start(f"half {number}", lambda connection, half=half: connection.sendall(half))
        for number, slow in enumerate(self.SLOW):
            self.start(f"slow {number}", lambda connection, slow=slow: drip(connection, slow, self.stopping))
        for number, (first, more) in enumerate(self.ENDLESS):
            self.start(f"endless {number}", lambda connection, first=first, more=more: endless(connection, first, more))

    def start(self, name, act):
        thread = threading.Thread(target=self.run, args=(name, act), daemon=True)
        self.threads.append(thread)
        thread.start()

    def run(self, name, act):
        with dial(timeout=LATE_SECONDS + 10) as connection:
            # Little is taken at a time, so that answers stay with the daemon.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            act(connection)
            answer = read_to_end(connection)
        self.closed[name] = (time.monotonic() - self.began, answer)

    def wait(self):
        for thread in self.threads:
            thread.join(LATE_SECONDS + 15)
        self.stopping.set()
        return self.closed


class Watch:
    """The most descriptors and memory that the daemon had, looked at all the time, in a thread."""

    def __init__(self, lab):
        self.lab = lab
        self.memory_before = lab.status("VmRSS")
        self.descriptors = self.memory = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(0.02):
            self.descriptors = max(self.descriptors, self.lab.descriptors())
            self.memory = max(self.memory, self.lab.status("VmRSS"))

    def stop(self, checks):
        self.stopping.set()
        self.thread.join()
        checks.true(0 < self.descriptors <= CLIENTS_MAX + OTHER_DESCRIPTORS, f"{self.descriptors} descriptors")
        grown = self.memory - self.memory_before
        limit = GROWTH_KIB + (QUARANTINE_KIB if self.lab.daemon.is_sanitized() else 0)
        checks.true(grown < limit, f"{grown} KiB more memory")
