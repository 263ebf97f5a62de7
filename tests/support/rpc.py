# SPDX-License-Identifier: BSD-3-Clause
"""A client of the control socket: JSON-RPC 2.0, one document per line each way."""

import json
import socket
import time


class RpcError(Exception):
    """An error that the daemon answered with."""

    def __init__(self, error):
        data = error.get("data") or {}
        super().__init__(f"{error.get('code')} {data.get('reason')}: {error.get('message')}")
        self.code = error.get("code")
        self.reason = data.get("reason")
        self.param = data.get("param")
        self.retryable = data.get("retryable")
        self.message = error.get("message")


class Client:
    """One connection. Events that arrive between replies are kept in `events`."""

    def __init__(self, path, timeout=10):
        self.socket = self.connect(str(path), timeout)
        self.buffer = b""
        self.last_id = 0
        self.events = []

    @staticmethod
    def connect(path, timeout):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(timeout)
        made.connect(path)
        return made

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def read_document(self):
        """The next line as JSON, or None where the daemon has closed the connection."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def read_reply(self):
        """The next document that is not an event; those are put aside."""
        while True:
            document = self.read_document()
            if document is None or document.get("method") != "event":
                return document
            self.events.append(document["params"])

    def call(self, method, **params):
        """Returns the result; raises RpcError."""
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.send_bytes(json.dumps(request).encode() + b"\n")
        reply = self.read_reply()
        if reply is None:
            raise ConnectionError(f"{method}: the daemon closed the connection")
        if reply.get("id") not in (self.last_id, None):
            raise AssertionError(f"{method}: reply to another request: {reply}")
        if "error" in reply:
            raise RpcError(reply["error"])
        return reply["result"]

    def collect_events(self, seconds):
        """Waits that long for events; returns all that have come."""
        before = self.socket.gettimeout()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                document = self.read_document()
            except TimeoutError:
                break
            if document is None:
                break
            self.events.append(document["params"])
        self.socket.settimeout(before)
        events, self.events = self.events, []
        return events

    def wait_event(self, kind, seconds=5):
        """The next event of that type; earlier ones of other types are dropped. None: none came."""
        return self.wait_event_of((kind,), seconds)

    def wait_event_of(self, kinds, seconds=5):
        """The same for several types."""
        before = self.socket.gettimeout()
        end = time.monotonic() + seconds
        try:
            while (left := end - time.monotonic()) > 0:
                if not self.events:
                    self.socket.settimeout(left)
                    document = self.read_document()
                    if document is None:
                        return None
                    self.events.append(document["params"])
                event = self.events.pop(0)
                if event["type"] in kinds:
                    return event
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(before)
        return None
