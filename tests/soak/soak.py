# SPDX-License-Identifier: BSD-3-Clause
"""Recordings looped through an edge that seals, a router that loses and reorders, and an edge that opens, while
the secret changes every second, statistics are polled ten times a second, and streams come and go. At the end
every packet is accounted for, none is garbled, and memory is where it was."""

import argparse
import contextlib
import datetime
import json
import pathlib
import random
import secrets
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import call  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import pcap  # noqa: E402

TRAFFIC = edge.BUILD / "tests/soak/soak_traffic"
COPIES, PORT_STEP = 4, 20  # streams of each recording; as traffic.c has it
RATE, LOSS, HELD = 12000, 5, 20  # packets a second; of a thousand
DELAY_MS, GRACE_MS = 400, 2400
POLL_SECONDS, CHANGE_SECONDS, COME_AND_GO_SECONDS = 0.1, 1.0, 0.7
GROWTH_MAX_KIB = 1024  # beyond the events, of which a daemon keeps the last 65,536
EVENT_EXTRA_BYTES = 48  # what an event takes beside its line: its place in the ring, and malloc's own
WARM_UP = 0.25  # of the time: what memory is compared with is read then
PASSES_BY = ("bridged",)  # what the kernel's own packets would be


class Stream:
    """One stream: what both edges are told of it."""

    def __init__(self, recording, copy):
        datagram = frames.parse_udp(pcap.read(call.MEDIA / f"{recording.name}.pcap")[0][1])
        self.id = f"{recording.name}-{copy}"
        self.parameters = {
            "session_id": call.SESSION, "link": call.LINK, "stream_id": self.id,
            "flow": {"src_ip": datagram.flow.src, "src_port": datagram.flow.src_port, "dst_ip": datagram.flow.dst,
                     "dst_port": datagram.flow.dst_port + PORT_STEP * copy},
            "payload_types": {str(recording.payload_type): {"codec": recording.codec}}}


def write_frames(path):
    """What traffic.c reads: recording, offset of UDP, length, bytes."""
    with open(path, "wb") as out:
        for number, recording in enumerate(call.RECORDINGS):
            for _, frame in pcap.read(call.MEDIA / f"{recording.name}.pcap"):
                payload = frames.parse_udp(frame).payload
                out.write(struct.pack("=HHH", number, frame.index(payload) - 8, len(frame)))
                out.write(frame)


def resident_kib(daemon):
    text = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


class Soak:
    """Two edges, traffic between them, and three who ask things of them."""

    def __init__(self, options, edges, traffic):
        self.options, self.edges, self.traffic = options, edges, traffic
        self.streams = [Stream(recording, copy) for recording in call.RECORDINGS for copy in range(COPIES)]
        self.random = random.Random(options.seed)
        self.stop = threading.Event()
        self.seconds, self.memory, self.measured, self.errors = [], [], [], []
        self.changes = self.polls = self.comings = 0
        self.slowest_poll = 0.0

    def tell_both(self, method, **parameters):
        for one in self.edges:
            one.call(method, **parameters)

    def begin(self):
        self.tell_both("session_create", session_id=call.SESSION, e2ee=True, activate_after_ms=DELAY_MS, grace_ms=GRACE_MS)
        self.tell_both("session_connect", session_id=call.SESSION, base_key=secrets.token_hex(48))
        for stream in self.streams:
            self.add(stream)

    def add(self, stream):
        self.edges[1].call("stream_subscribe", **stream.parameters)
        self.edges[0].call("stream_publish", **stream.parameters)

    def remove(self, stream):
        self.edges[0].call("stream_delete", stream_id=stream.id)
        self.edges[1].call("stream_delete", stream_id=stream.id)

    def every(self, seconds, what):
        """Until the end; what goes wrong is kept, and ends it."""
        due = time.monotonic() + seconds
        while not self.stop.wait(max(0, due - time.monotonic())):
            try:
                what()
            except Exception as error:  # noqa: BLE001: whatever it is
                self.errors.append(f"{what.__name__}: {error}")
                self.stop.set()
            due += seconds

    def change_secret(self):
        self.tell_both("session_set_encryption_secret", session_id=call.SESSION, base_key=secrets.token_hex(48),
                       activate_after_ms=DELAY_MS, grace_ms=GRACE_MS)
        self.changes += 1

    def poll(self):
        began = time.monotonic()
        for one in self.edges:
            with one.client() as client:
                client.call("stats_get", scope="daemon")
                client.call("stats_get", scope="session", session_id=call.SESSION)
        self.slowest_poll = max(self.slowest_poll, time.monotonic() - began)
        self.polls += 1
        if self.polls % 10 == 0:
            self.memory.append([resident_kib(one) for one in self.edges])
            self.measured.append(time.time())

    def come_and_go(self):
        stream = self.random.choice(self.streams)
        self.remove(stream)
        time.sleep(0.2)
        self.add(stream)
        self.comings += 1

    def run(self):
        threads = [threading.Thread(target=self.every, args=row) for row in (
            (CHANGE_SECONDS, self.change_secret), (POLL_SECONDS, self.poll), (COME_AND_GO_SECONDS, self.come_and_go))]
        for thread in threads:
            thread.start()
        end = None
        for line in self.traffic.stdout:
            told = json.loads(line)
            if told["what"] == "end":
                end = told
            else:
                self.seconds.append(told)
                self.show(told)
            if self.errors:
                self.traffic.terminate()
        self.stop.set()
        for thread in threads:
            thread.join()
        return end

    def show(self, told):
        if sys.stdout.isatty():
            print(f"\r{told['seconds']:7.0f} s  {told['sent']:>10} sent  {told['received']:>10} received  "
                  f"{told['garbled']} garbled  p99 {told['p99_us']} us", end="", flush=True)


def counters(daemon, direction):
    """Of the daemon: packets in, out, passes and drops by name, without the kernel's own."""
    said = daemon.call("stats_get", scope="daemon")[direction]
    outcomes = {name: count for kind in ("passes", "drops") for name, count in said[kind].items() if count}
    by = sum(outcomes.pop(name, 0) for name in PASSES_BY)
    return said["packets_in"] - by, said["packets_out"] - by, outcomes


def events_of(daemon):
    """All that the daemon still has to tell."""
    with daemon.client() as client:
        client.call("events_subscribe", from_seq=1)
        return client.collect_events(1)


def kept_kib(events, since):
    """What the events from then on take in the daemon that keeps them."""
    begin = datetime.datetime.fromtimestamp(since, datetime.timezone.utc).isoformat()
    return sum(len(json.dumps(event)) + EVENT_EXTRA_BYTES for event in events if event["time"] >= begin) // 1024


def growth(soak):
    """Of each edge since the warm-up: resident KiB then, and now, and what of it events take."""
    warm = int(len(soak.memory) * WARM_UP)
    return [(soak.memory[warm][number], soak.memory[-1][number], kept_kib(events_of(daemon), soak.measured[warm]))
            for number, daemon in enumerate(soak.edges)] if soak.memory else []


def account(soak, end):
    """What has to hold, in words, where it does not."""
    wrong = list(soak.errors)
    a_in, a_out, sealing = counters(soak.edges[0], "seal")
    b_in, b_out, opening = counters(soak.edges[1], "open")

    def same(what, one, other):
        if one != other:
            wrong.append(f"{what}: {one} against {other}")

    if end is None:
        return ["the traffic ended before its time", *wrong], sealing, opening
    same("sent, and come to the first edge", end["sent"], a_in)
    same("come to the first edge, and accounted for there", a_in, sum(sealing.values()))
    same("left the first edge, and come to the router", a_out, end["router"])
    same("come to the router, and lost or forwarded by it", end["router"], end["lost"] + end["forwarded"])
    same("forwarded, and come to the second edge", end["forwarded"], b_in)
    same("come to the second edge, and accounted for there", b_in, sum(opening.values()))
    same("left the second edge, and received", b_out, end["received"])
    for name in ("garbled", "strange", "unsent", "missed"):
        same(name, end[name], 0)
    if unexpected := set(sealing) - {"sealed", "no_stream"}:
        wrong.append(f"drops where it seals: { {name: sealing[name] for name in unexpected} }")
    if unexpected := set(opening) - {"opened", "no_stream"}:
        wrong.append(f"drops where it opens: { {name: opening[name] for name in unexpected} }")
    if end["received"] < end["sent"] // 2:
        wrong.append(f"only {end['received']} of {end['sent']} came through")
    wrong.extend(f"an edge has grown from {before} to {after} KiB, of which events are {kept}"
                 for before, after, kept in growth(soak) if after - before - kept > GROWTH_MAX_KIB)
    return wrong, sealing, opening


def draw(soak, path):
    """The picture; False where there is no matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, figsize=(10, 9), sharex=True, constrained_layout=True)
    at = [told["seconds"] for told in soak.seconds]
    for name in ("sent", "received"):
        counts = [told[name] for told in soak.seconds]
        axes[0].plot(at[1:], [(b - a) / (t - s) for a, b, s, t in zip(counts, counts[1:], at, at[1:])], label=name, linewidth=0.8)
    axes[0].set_ylabel("packets a second")
    axes[0].legend()
    for name in ("p50_us", "p99_us", "max_us"):
        axes[1].plot(at, [max(told[name], 1) for told in soak.seconds], label=name.removesuffix("_us"), linewidth=0.8)
    axes[1].set_yscale("log")
    axes[1].set_ylabel("from publisher to subscriber, us")
    axes[1].legend()
    for number, name in enumerate(("seals", "opens")):
        axes[2].plot(range(1, len(soak.memory) + 1), [row[number] / 1024 for row in soak.memory], label=f"the edge that {name}",
                     linewidth=0.8)
    axes[2].set_ylabel("resident, MiB")
    axes[2].set_ylim(bottom=0)
    axes[2].set_xlabel("seconds")
    axes[2].legend()
    figure.suptitle(f"{soak.changes} changes of secret, {soak.comings} streams gone and come again, {soak.polls} polls")
    figure.savefig(path, dpi=100)
    return True


def report(soak, end, out):
    wrong, sealing, opening = account(soak, end)
    out.mkdir(parents=True, exist_ok=True)
    (out / "soak.json").write_text(json.dumps({
        "end": end, "seal": sealing, "open": opening, "changes": soak.changes, "comings": soak.comings, "polls": soak.polls,
        "slowest_poll_ms": round(soak.slowest_poll * 1000, 1), "memory_kib": soak.memory, "seconds": soak.seconds,
        "wrong": wrong}))
    print("\r" if sys.stdout.isatty() else "", end="")
    if end is not None:
        print(f"{end['seconds']:.0f} s: {end['sent']} packets sent, {sealing.get('sealed', 0)} sealed, {end['lost']} lost by the router,"
              f" {opening.get('opened', 0)} opened, {end['received']} received, {end['garbled']} garbled")
        print(f"  dropped by name: {sealing.get('no_stream', 0)} + {opening.get('no_stream', 0)} no_stream, of streams that were gone")
    print(f"  {soak.changes} changes of secret, {soak.comings} streams gone and come again, {soak.polls} polls,"
          f" the slowest {soak.slowest_poll * 1000:.0f} ms")
    for before, after, kept in growth(soak):
        print(f"  resident after the warm-up: {before} to {after} KiB, of which events are {kept}")
    print(f"  {out / 'soak.json'}" + (f", {out / 'soak.png'}" if draw(soak, out / "soak.png") else " (no picture: no matplotlib)"))
    for line in wrong:
        print(f"FAIL {line}")
    for number, daemon in enumerate(soak.edges if wrong else ()):
        (out / f"edge{number}.log").write_text(daemon.log())
        (out / f"edge{number}.events").write_text("\n".join(map(json.dumps, events_of(daemon))))
        print(f"  {out}/edge{number}.log and .events say more")
    print("PASS: every packet is accounted for" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=1)
    parser.add_argument("--rate", type=int, default=RATE, help=f"packets a second; {RATE}")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000, help="of what is lost, and late, and goes")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/soak")
    options = parser.parse_args()
    netns.enter()
    print(f"seed {options.seed}: {options.rate} packets a second in {len(call.RECORDINGS) * COPIES} streams for {options.minutes:g} minutes;"
          f" {LOSS} of a thousand are lost, {HELD} late")
    wires = call.Wires()
    with contextlib.closing(wires), tempfile.TemporaryDirectory(prefix="rtpseal-soak-") as directory:
        write_frames(pathlib.Path(directory) / "frames")
        first, second = wires.edges(directory)
        with first, second:
            command = [str(TRAFFIC), f"{directory}/frames", "pub0", "r-a", "r-b", "sub0", str(options.minutes * 60),
                       str(options.rate), str(COPIES), str(LOSS), str(HELD), str(options.seed)]
            soak = Soak(options, (first, second), None)
            soak.begin()
            with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdout=subprocess.PIPE, text=True) as traffic:
                soak.traffic = traffic
                end = soak.run()
            sys.exit(report(soak, end, options.out))


if __name__ == "__main__":
    main()
