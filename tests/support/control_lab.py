# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of the control socket share: a daemon with one link, and how to look at it."""

import tempfile

import cases
import edge
import netns
import rpc

SECRET = "correct horse battery staple"
OTHER_SECRET = "a second one, just as good"
RANGES = [{"ip": "198.51.100.0/24", "ports": "20000-20999"}]
FLOW = {"src_ip": "203.0.113.10", "src_port": 40000, "dst_ip": "198.51.100.20", "dst_port": 20000}
VP8 = {"96": {"codec": "VP8"}}


def refused(checks, client, code, reason, param, method, **params):
    """The call must be refused with exactly this."""
    what = f"{method} {str(params)[:120]}"
    try:
        result = client.call(method, **params)
    except rpc.RpcError as error:
        checks.equal((error.code, error.reason, error.param), (code, reason, param), what)
        checks.true(isinstance(error.message, str) and error.message, f"{what}: no message")
        checks.true(isinstance(error.retryable, bool), f"{what}: retryable is {error.retryable!r}")
    else:
        checks.true(False, f"{what}: was not refused, but gave {result}")


def raw(client, line):
    """Sends a line as it is; returns (code, reason) of the error that comes back, or the reply."""
    client.send_bytes(line + b"\n")
    reply = client.read_reply()
    error = (reply or {}).get("error")
    return (error["code"], error["data"]["reason"]) if error else reply


def stream_params(**changes):
    return {"session_id": "s", "link": "edge0", "flow": FLOW, "payload_types": VP8} | changes


def snapshot(client):
    """All that the daemon holds, without what only counts."""
    sessions = client.call("session_list")["sessions"]
    details = [client.call("session_get", session_id=s["session_id"]) for s in sessions]
    for session in details:
        session.pop("seal"), session.pop("open")
        for key in session["keys"]:
            key.pop("age_ms")
    return details, client.call("stream_list")["streams"]


class Fixture:
    """One daemon for all tests; each begins without sessions."""

    def __init__(self, daemon):
        self.daemon = daemon

    def fresh(self):
        client = self.daemon.client()
        for session in client.call("session_list")["sessions"]:
            client.call("session_delete", session_id=session["session_id"])
        return client

    def connected(self, session="s", **settings):
        client = self.fresh()
        client.call("session_create", session_id=session, e2ee=True, **settings)
        client.call("session_connect", session_id=session, encryption_secret=SECRET)
        return client


def run(name, tests):
    """Runs the tests against one daemon in a namespace of its own."""
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links) as daemon:
            cases.run(name, tests, Fixture(daemon))
