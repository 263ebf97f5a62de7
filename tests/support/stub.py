# SPDX-License-Identifier: BSD-3-Clause
"""A stand-in for the daemon: answers each method as a test says, and keeps what it was asked."""

import json
import os
import socket
import threading

import rpc


class Refusal(Exception):
    """Raised by an answer: the method is refused with this error."""

    def __init__(self, code, reason, param=None, message="no", retryable=False):
        super().__init__(reason)
        data = {"reason": reason, "retryable": retryable} | ({"param": param} if param else {})
        self.error = {"code": code, "message": message, "data": data}


class Connection:
    def __init__(self, sock):
        self.socket = sock
        self.seq = 0

    def send(self, document):
        self.socket.sendall(json.dumps(document, separators=(",", ":")).encode() + b"\n")

    def send_event(self, kind, time="2026-01-01T00:00:00.000000000Z", **members):
        self.seq += 1
        self.send({"jsonrpc": "2.0", "method": "event",
                   "params": {"instance": "stub", "seq": self.seq, "time": time, "type": kind} | members})

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)


class Stub:
    """`answers`: for each method a result, or a function of (params, connection) that returns one."""

    def __init__(self, directory, **answers):
        self.path = os.path.join(directory, "stub.sock")
        self.answers = answers
        self.calls = []  # (method, params)
        self.sizes = []  # bytes of each request
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        connection = Connection(sock)
        with sock, sock.makefile("rb") as lines:
            try:
                for line in lines:
                    self.sizes.append(len(line))
                    self.answer(json.loads(line), connection)
            except OSError:
                pass

    def answer(self, request, connection):
        method, params = request["method"], request.get("params", {})
        self.calls.append((method, params))
        answer = self.answers.get(method)
        try:
            if answer is None:
                raise Refusal(-32601, "method_not_found", message=f"no method {method}")
            result = answer(params, connection) if callable(answer) else answer
        except Refusal as refusal:
            connection.send({"jsonrpc": "2.0", "id": request["id"], "error": refusal.error})
        else:
            connection.send({"jsonrpc": "2.0", "id": request["id"], "result": result})

    def asked(self, method):
        """The params of each call of it."""
        return [params for name, params in self.calls if name == method]

    def client(self):
        return rpc.Client(self.path)
