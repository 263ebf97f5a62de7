# SPDX-License-Identifier: BSD-3-Clause
"""A real relay between two edges: rtpengine, in userspace, takes sealed media on one side and sends it on from
another address and port; all of it opens on the far side, as it was, while the secret changes."""

import collections
import contextlib
import pathlib
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import live_lab  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import rtpengine  # noqa: E402
import wire  # noqa: E402

SECONDS, CHANGE_AT = 3, 1.0
PORTS = 20000, 20199  # inside the edges' media ranges, those of the relay too
FIRST_PORT = 20500  # of the hosts
CALL = "relayed"
ENCODINGS = {"VP8": ("video", "VP8/90000"), "VP9": ("video", "VP9/90000"), "H264": ("video", "H264/90000"),
             "opus": ("audio", "opus/48000/2")}
SETTLE_SECONDS = 10


def port_of(number):
    return FIRST_PORT + 2 * number


class Host:
    """A host's sockets, one per stream, and what came to them."""

    def __init__(self, host, address):
        self.sockets = [host.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in call.RECORDINGS]
        self.received = [[] for _ in call.RECORDINGS]
        self.stopping = False
        for number, sock in enumerate(self.sockets):
            sock.bind((address, port_of(number)))
            wire.give_room(sock)
            sock.settimeout(0.1)
        self.threads = [threading.Thread(target=self.receive, args=pair, daemon=True)
                        for pair in zip(self.sockets, self.received)]
        for thread in self.threads:
            thread.start()

    def receive(self, sock, received):
        while not self.stopping:
            with contextlib.suppress(TimeoutError):
                received.append(sock.recv(65536))

    def close(self):
        self.stopping = True
        for thread, sock in zip(self.threads, self.sockets):
            thread.join()
            sock.close()


class Lab:
    """One call through the relay, from its first packet to its last, with a change of secret in the middle."""

    def __init__(self, network, edges, relay):
        self.edges, self.relay = edges, relay
        medias = [(ENCODINGS[one.codec][0], port_of(number), one.payload_type, ENCODINGS[one.codec][1])
                  for number, one in enumerate(call.RECORDINGS)]
        self.towards_a, self.towards_b = relay.connect(CALL, ("a", live_lab.PUBLISHER), ("b", live_lab.SUBSCRIBER), medias)
        self.connect()
        self.seen = wire.Recorder("r-a")
        self.publisher = Host(network.publisher, live_lab.PUBLISHER)
        self.subscriber = Host(network.subscriber, live_lab.SUBSCRIBER)
        self.sent = [[] for _ in call.RECORDINGS]

    def connect(self):
        for edge in self.edges:
            edge.ctl_json("session", "create", call.SESSION, "--e2ee")
        call.at_once(self.edges, "session", "connect", call.SESSION, "--secret-stdin", stdin=call.new_secret())
        for number, one in enumerate(call.RECORDINGS):
            words = ["--session", call.SESSION, "--link", call.LINK, "--id", one.name, "--ssrc", hex(one.ssrc),
                     "--pt", f"{one.payload_type}={one.codec}"]
            self.edges[0].ctl_json("stream", "publish", *words, "--dst", f"{live_lab.ROUTER_A}:{self.towards_a[number]}")
            self.edges[1].ctl_json("stream", "subscribe", *words, "--src", f"{live_lab.ROUTER_B}:{self.towards_b[number]}",
                                   "--dst", f"{live_lab.SUBSCRIBER}:{port_of(number)}")

    def play(self):
        numbers = {one.ssrc: number for number, one in enumerate(call.RECORDINGS)}
        recorded = call.load(SECONDS)
        changing = threading.Timer(CHANGE_AT, self.change_secret)
        changing.start()
        began = time.monotonic_ns() - recorded[0][0]
        for at, frame in recorded:
            time.sleep(max(0, began + at - time.monotonic_ns()) / 1e9)
            number, packet = numbers[call.ssrc_of(frame)], frames.parse_udp(frame).payload
            self.sent[number].append(packet)
            self.publisher.sockets[number].sendto(packet, (live_lab.ROUTER_A, self.towards_a[number]))
        changing.join()
        self.wait()

    def change_secret(self):
        call.in_turn(reversed(self.edges), "session", "set-secret", call.SESSION, "--secret-stdin",
                     "--activate-after-ms", "100", "--grace-ms", "5000", stdin=call.new_secret())

    def wait(self):
        end = time.monotonic() + SETTLE_SECONDS
        while sum(map(len, self.subscriber.received)) < sum(map(len, self.sent)) and time.monotonic() < end:
            time.sleep(0.05)
        self.sealed = [frames.parse_udp(frame) for _, frame in self.seen.stop()]
        self.relayed = self.relay.packets(CALL)
        self.publisher.close()
        self.subscriber.close()


def all_that_was_sent_comes_out_as_it_was(checks, lab):
    for one, sent, received in zip(call.RECORDINGS, lab.sent, lab.subscriber.received):
        checks.true(len(sent) > 0, f"{one.name}: nothing was sent")
        missing, strange = collections.Counter(sent), collections.Counter(received)
        checks.equal(((missing - strange).total(), (strange - missing).total()), (0, 0),
                     f"{one.name}: of {len(sent)} packets lost or changed, and came though never sent")


def the_relay_has_forwarded_each_and_seen_none(checks, lab):
    count = sum(map(len, lab.sent))
    checks.equal(lab.relayed, count, "packets that the relay counted")
    to_relay = [datagram.payload for datagram in lab.sealed
                if datagram and datagram.flow.dst == live_lab.ROUTER_A and datagram.flow.dst_port in lab.towards_a]
    checks.equal(len(to_relay), count, "packets on their way to the relay")
    plain = {packet for sent in lab.sent for packet in sent}
    checks.equal(len(plain & set(to_relay)), 0, "packets that came to it in clear")


def the_edges_account_for_every_packet(checks, lab):
    for edge, direction, outcome in zip(lab.edges, ("seal", "open"), ("sealed", "opened")):
        counters = edge.call("stats_get", scope="session", session_id=call.SESSION)[direction]
        checks.equal(counters["passes"][outcome], sum(map(len, lab.sent)), f"packets {outcome}")
        checks.equal(sum(counters["drops"].values()), 0, f"{direction}: drops")
        checks.equal(edge.call("session_get", session_id=call.SESSION)["epoch"], 2, f"{direction}: epoch")
        for way in ("seal", "open"):
            came_in, accounted = path_lab.sums(edge.call("stats_get")[way])
            checks.equal(accounted, came_in, f"{direction}ing edge, {way}: packets out and dropped, against in")


TESTS = (all_that_was_sent_comes_out_as_it_was, the_relay_has_forwarded_each_and_seen_none,
         the_edges_account_for_every_packet)


def sealed_media_goes_through_a_relay(checks):
    raise cases.Skip("there is no rtpengine: scripts/setup relay")


def main():
    program = rtpengine.find()
    if not program:
        cases.run("test_relay", [sealed_media_goes_through_a_relay])
    netns.enter()
    network = live_lab.Network()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory, contextlib.closing(network):
        edges = network.edges(directory)
        for edge in edges:
            edge.config["links"][0]["media"] = [{"ports": "20000-20999"}]
        interfaces = {"a": live_lab.ROUTER_A, "b": live_lab.ROUTER_B}
        with edges[0], edges[1], rtpengine.Relay(program, interfaces, PORTS, pathlib.Path(directory) / "relay") as relay:
            lab = Lab(network, edges, relay)
            lab.play()
            cases.run("test_relay", TESTS, lab)


if __name__ == "__main__":
    main()
