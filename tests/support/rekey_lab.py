# SPDX-License-Identifier: BSD-3-Clause
"""A call of numbered packets in a session of its own, with a router that may hold packets back, drop
and repeat them; for changing the session's key at either edge while it flows."""

import collections
import datetime
import time

import call
import frames
import router
import rpc
import wire

PACKETS_PER_SECOND = 200  # of both streams together
SECONDS_MAX = 60
TAIL_SECONDS = 0.7  # of media behind the last change
SETTLE_SECONDS = 10
TRAILER = 18
STREAMS = (("VP8", 96, b"\x10\x31"), ("opus", 111, b"\xfc"))


def base_key(number):
    """As hex digits; another for each number."""
    return f"{number:02x}" * 32


def time_of(event):
    return datetime.datetime.fromisoformat(event["time"]).timestamp()


class Sealed:
    """What the end of a sealed frame says, read by hand from the wire format."""

    def __init__(self, frame):
        trailer = router.read_frame(frame).body[-TRAILER:]
        self.kid, self.ctr = trailer[1:9], trailer[9:17]
        self.key_tag = self.kid[6:].hex()


class Call:
    """Starts at once; media flows until finish(). `forward(frame)`: as router.Router's, None for
    unharmed."""

    def __init__(self, edges, session, port, forward=None):
        self.edges, self.session, self.port = edges, session, port
        for one in edges:
            one.call("session_create", session_id=session, e2ee=True)
            self.first_tag = one.call("session_connect", session_id=session, base_key=base_key(0))["key_tag"]
        self.flows = [frames.Flow("203.0.113.10", port + n, "198.51.100.20", port + n)
                      for n in range(len(STREAMS))]
        for one, method in zip(edges, ("stream_publish", "stream_subscribe")):
            for flow, (codec, number, _) in zip(self.flows, STREAMS):
                one.call(method, session_id=session, stream_id=f"{session}-{codec}", link=call.LINK,
                         flow=router.flow_of(flow), payload_types={str(number): {"codec": codec}})
        self.clients = [edge.client() for edge in edges]
        for client in self.clients:
            client.call("events_subscribe")
        self.before = edges[1].call("stats_get")["open"]["packets_in"]
        self.recorder = wire.Recorder("sub0")
        self.router = router.Router(forward or (lambda frame: [(0, frame)]))
        self.player = wire.Player("pub0", list(self.packets())).start()

    def packets(self):
        for number in range(SECONDS_MAX * PACKETS_PER_SECOND):
            which = number % len(STREAMS)
            _, payload_type, front = STREAMS[which]
            body = front + number.to_bytes(4, "big") * 30
            packet = frames.rtp(payload_type, number // len(STREAMS), number * 80, self.port + which, body)
            yield number * 10**9 // PACKETS_PER_SECOND, frames.udp_frame(self.flows[which], packet)

    def set_key(self, edge, number, **settings):
        """Returns the reply; raises rpc.RpcError."""
        return edge.call("session_set_encryption_secret", session_id=self.session,
                         base_key=base_key(number), **settings)

    def wait_until_active(self):
        for edge in self.edges:
            while any(key["state"] == "staged"
                      for key in edge.call("session_get", session_id=self.session)["keys"]):
                time.sleep(0.01)

    def refusal(self, edge, number, **settings):
        """(reason, retryable) of a change that is refused, or None."""
        try:
            self.set_key(edge, number, **settings)
        except rpc.RpcError as error:
            return error.reason, error.retryable
        return None

    def is_settled(self):
        return (len(self.router.came.frames) >= len(self.player.sent) and self.router.is_idle()
                and self.edges[1].call("stats_get")["open"]["packets_in"] - self.before
                >= len(self.router.sent))

    def finish(self):
        """Ends the media and waits for all that is under way; then `sent` (plain frames), `sealed` (as
        they came to the router), `routed` [(time_ns, frame)], `received` (a Counter), `counted`, and
        the session's events at the opening edge, `events`, and at both, `events_at`."""
        self.stop_playing()
        end = time.monotonic() + SETTLE_SECONDS
        while not self.is_settled() and time.monotonic() < end:
            time.sleep(0.02)
        self.sealed = self.router.stop()
        self.routed = self.router.sent
        self.sent = [frame for _, frame in self.player.frames[: len(self.player.sent)]]
        self.received = collections.Counter(frame for _, frame in self.recorder.stop())
        counters = self.edges[1].call("stats_get", scope="session", session_id=self.session)["open"]
        self.counted = {name: count for kind in ("passes", "drops")
                        for name, count in counters[kind].items() if count}
        self.events_at = [[event for event in client.collect_events(0.2)
                           if event.get("session_id") == self.session] for client in self.clients]
        self.events = self.events_at[1]
        for client in self.clients:
            client.close()
        return self

    def stop_playing(self):
        if not self.player.stopping:
            time.sleep(TAIL_SECONDS)
            self.player.stop()

    # ---- afterwards -------------------------------------------------------------------------

    def plain_of(self, sealed):
        """The frame that this one was made of: by flow and sequence number."""
        if not hasattr(self, "plain_by_name"):
            self.plain_by_name = {self.name_of(frame): frame for frame in self.sent}
        return self.plain_by_name[self.name_of(sealed)]

    @staticmethod
    def name_of(frame):
        packet = router.read_frame(frame)
        return packet.ssrc, packet.sequence

    def lost(self):
        """[(time_ns, sealed frame)] of what the router forwarded and never came out."""
        return [(at, frame) for at, frame in self.routed if not self.received[self.plain_of(frame)]]

    def check_unharmed(self, checks, what):
        """All that was sent came out once, as it was; and no key encrypted twice alike."""
        sent = collections.Counter(self.sent)
        checks.equal((sent - self.received).total(), 0, f"{what}: packets lost or changed")
        checks.equal((self.received - sent).total(), 0, f"{what}: packets that nobody sent so")
        self.check_never_repeats(checks, what)

    def check_never_repeats(self, checks, what):
        seen = {(sealed.kid, sealed.ctr) for sealed in map(Sealed, self.sealed)}
        checks.equal(len(seen), len(self.sealed), f"{what}: different (KID, CTR)")
        checks.equal(len(self.sealed), len(self.sent), f"{what}: packets sealed")

    def events_of(self, kind):
        return [event for event in self.events if event["type"] == kind]

    def latest_ms(self, activate_after_ms):
        """By how much an edge was behind its time in activating a key, at most: on a busy machine."""
        late = [0.0]
        for events in self.events_at:
            staged = {event["epoch"]: time_of(event) for event in events if event["type"] == "secret_staged"}
            late += [(time_of(event) - staged[event["epoch"]]) * 1000 - activate_after_ms for event in events
                     if event["type"] == "secret_activated" and event["epoch"] in staged]
        return max(late)
