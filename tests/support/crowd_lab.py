# SPDX-License-Identifier: BSD-3-Clause
"""One daemon that opens 10,000 streams of one session, and frames for all of them at once. Nothing here
records what comes out: the kernel counts it."""

import collections
import contextlib
import json
import pathlib
import socket
import tempfile
import threading
import time

import edge
import frames
import netns
import sealed_lab

STREAMS = 10000
PORTS = 5000  # of one address
SESSION = "crowd"
WINDOW = 500  # frames sent ahead of what the daemon has taken: well below a ring of edge.RING_FRAMES
REQUESTS = 200  # sent at once
REQUESTS_PER_SECOND = 4000  # a daemon may refuse more of one user
SETTLE_SECONDS = 60
RIGHT, WRONG = "right", "wrong"


def flow_of(number):
    return frames.Flow("203.0.113.10", 40000, f"198.51.100.{1 + number // PORTS}", 20000 + number % PORTS)


def received_on(interface):
    """Frames that have arrived there, as the kernel counted them."""
    for line in pathlib.Path("/proc/self/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == interface:
            return int(counts.split()[1])
    raise RuntimeError(f"no interface {interface}")


class Crowd:
    """The daemon with its streams, which hold the wrong secret at first."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.client = daemon.client(timeout=SETTLE_SECONDS)
        self.asker = daemon.client(timeout=SETTLE_SECONDS)
        self.right = sealed_lab.Sender(sealed_lab.base_key(RIGHT))
        self.stranger = sealed_lab.Sender(sealed_lab.base_key("nobody's"))
        self.headers = []  # of the frames of each stream
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("sealed-far", 0))
        self.client.call("session_create", session_id=SESSION, e2ee=True)
        self.client.call("session_connect", session_id=SESSION, base_key=sealed_lab.base_key(WRONG))
        self.subscribe()

    @staticmethod
    def name(number):
        return f"stream-{number}"

    def names(self):
        return {self.name(number) for number in range(STREAMS)}

    def request(self, number):
        flow = flow_of(number)
        params = {"session_id": SESSION, "stream_id": self.name(number), "link": sealed_lab.LINK,
                  "payload_types": sealed_lab.TYPES, "flow": {"dst_ip": flow.dst, "dst_port": flow.dst_port}}
        return json.dumps({"jsonrpc": "2.0", "id": number, "method": "stream_subscribe", "params": params}) + "\n"

    def subscribe(self):
        """Many requests at a time, without waiting for each reply."""
        began = time.monotonic()
        for first in range(0, STREAMS, REQUESTS):
            numbers = range(first, first + REQUESTS)
            self.client.send_bytes("".join(map(self.request, numbers)).encode())
            refused = [reply for reply in (self.client.read_reply() for _ in numbers) if "result" not in reply]
            if refused:
                raise RuntimeError(f"{len(refused)} streams were refused: {refused[0]}")
            time.sleep(max(0.0, began + (first + REQUESTS) / REQUESTS_PER_SECOND - time.monotonic()))

    def set_secret(self, text):
        self.client.call("session_set_encryption_secret", session_id=SESSION, activate_after_ms=0, grace_ms=0,
                         base_key=sealed_lab.base_key(text))

    # ---- frames ---------------------------------------------------------------------------

    def frames(self, sender):
        """One frame for each stream, of one payload: a KID's counts are a stream's own."""
        payload = sender.seal(sealed_lab.body(1))
        packet = frames.rtp(sealed_lab.PAYLOAD_TYPE, sender.count, sender.count * 960, 0xC0FFEE, payload)
        if not self.headers:  # without UDP checksums, which IPv4 allows, they are those of every packet
            self.headers = [frames.udp_frame(flow_of(number), packet, udp_checksum=0)[: -len(packet)]
                            for number in range(STREAMS)]
        return [header + packet for header in self.headers]

    def taken(self):
        """Packets that have come in on the sealed side."""
        return self.asker.call("stats_get")["open"]["packets_in"]

    def send(self, made):
        """Sends frames without losing one, however slow the daemon is, and waits until it has them."""
        before = self.taken()
        for first in range(0, len(made), WINDOW):
            for frame in made[first : first + WINDOW]:
                self.socket.send(frame)
            self.wait_until_taken(before + min(len(made), first + WINDOW) - WINDOW)
        self.wait_until_taken(before + len(made))

    def wait_until_taken(self, count):
        end = time.monotonic() + SETTLE_SECONDS
        while (taken := self.taken()) < count:
            if time.monotonic() > end:
                raise RuntimeError(f"the daemon has taken {taken} packets of {count}")
            time.sleep(0.001)

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


class Asker:
    """A client that asks all the time, every `seconds`, in a thread; keeps the longest wait for a reply.
    `questions` gives (method, parameters) for ever, or as long as there is something to ask."""

    def __init__(self, daemon, questions, seconds):
        self.client = daemon.client(timeout=SETTLE_SECONDS)
        self.questions, self.seconds = questions, seconds
        self.longest, self.answers, self.error = 0.0, 0, None
        self.stopping = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        due = time.monotonic()
        try:
            for method, params in self.questions:
                if self.stopping:
                    return
                began = time.monotonic()
                self.client.call(method, **params)
                self.longest = max(self.longest, time.monotonic() - began)
                self.answers += 1
                due += self.seconds
                time.sleep(max(0.0, due - time.monotonic()))
        except Exception as error:  # noqa: BLE001: told by whoever waits for the end
            self.error = error

    def is_asking(self):
        return self.thread.is_alive()

    def stop(self):
        self.stopping = True
        self.thread.join()
        self.client.close()
        if self.error:
            raise self.error
        return self


class Listener:
    """A subscriber that reads when told to."""

    def __init__(self, daemon, **params):
        self.client = daemon.client(timeout=SETTLE_SECONDS)
        self.next_seq = self.client.call("events_subscribe", **params)["next_seq"]
        self.read = collections.deque(self.client.events)  # and not taken yet
        self.client.events.clear()

    def keep_lines(self, data):
        *lines, self.client.buffer = (self.client.buffer + data).split(b"\n")
        self.read.extend(json.loads(line)["params"] for line in lines)

    def take_one(self):
        while not self.read:
            data = self.client.socket.recv(1 << 18)
            if not data:
                raise RuntimeError("the daemon has closed the connection")
            self.keep_lines(data)
        return self.read.popleft()

    def take(self, count):
        """The next so many events, gaps among them; raises where they do not come."""
        return [self.take_one() for _ in range(count)]

    def take_until(self, kinds, count):
        """The next events, to the end of so many of these types; what else is said is among them."""
        taken = []
        while count > 0:
            taken.append(self.take_one())
            count -= taken[-1]["type"] in kinds
        return taken

    def nibble(self):
        """Reads some of what lies in the socket, so that the daemon sees somebody reading; takes no event."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(8):
                self.keep_lines(self.client.socket.recv(65536, socket.MSG_DONTWAIT))

    def take_more(self):
        """What comes within a moment."""
        taken, self.read = [*self.read], collections.deque()
        return taken + self.client.collect_events(0.3)

    def close(self):
        self.client.close()


@contextlib.contextmanager
def crowd():
    netns.enter()
    edge.keep_little_that_is_freed()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link(sealed_lab.LINK, edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"),
                       sealed_lab.RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links, memory={"mb": 256, "hugepages": "off"},
                       limits={"sessions": 64, "streams": 2 * STREAMS, "senders": 2 * STREAMS},
                       lock_keys="no") as daemon:
            yield Crowd(daemon)
