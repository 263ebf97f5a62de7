# SPDX-License-Identifier: BSD-3-Clause
"""The main job on real media, told to a newcomer: sealed, carried, opened, and compared.

Runs in a network namespace of its own. Exits with 0 only if every byte and every count is right.
"""

import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import netns  # noqa: E402
import pcap  # noqa: E402

SECONDS = 9
CHANGES_AT = (0.5, 2.5, 4.5)
WRONG_AT, RIGHT_AT, RIGHT_AT_LATEST = 6.5, 7.5, 8.3
NOTICED_AFTER = 8  # packets in a row
DELAY_MS, GRACE_MS = 700, 2700
SETTLE_NS = 20_000_000  # what was under way when the right secret was back
SHORT = {"encryption_secret_mismatch": "mismatch", "encryption_secret_match": "match"}


class Follower:
    """`rtpsealctl events` on one edge, from its start to its end."""

    def __init__(self, edge):
        self.process = subprocess.Popen(edge.ctl_command("events", "--json"), text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        return [json.loads(line) for line in self.process.communicate()[0].splitlines()]


class Clock:
    """Seconds since the media began."""

    def __init__(self):
        self.began_ns = time.time_ns()

    def now(self):
        return (time.time_ns() - self.began_ns) / 1e9

    def of(self, time_ns):
        return (time_ns - self.began_ns) / 1e9

    def of_event(self, event):
        """From RFC 3339 with nanoseconds, in UTC."""
        whole, fraction = event["time"].rstrip("Z").split(".")
        seconds = time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone
        return self.of(int(seconds) * 10**9 + int(fraction.ljust(9, "0")))

    def wait(self, at):
        time.sleep(max(0.0, at - self.now()))


class Change:
    """A secret given to both edges while media flows."""

    def __init__(self, clock, edges, tell, order):
        self.at_ns = time.time_ns()
        self.at = clock.now()
        self.secret = call.new_secret()
        self.order = order
        replies = tell(edges, "session", "set-secret", call.SESSION, "--secret-stdin", "--activate-after-ms",
                       str(DELAY_MS), "--grace-ms", str(GRACE_MS), stdin=self.secret)
        self.epoch = replies[0]["epoch"]
        self.fingerprint = replies[0]["fingerprint"]
        if replies[0]["fingerprint"] != replies[1]["fingerprint"]:
            raise RuntimeError(f"the edges name one secret differently: {replies}")


def set_at_once(edge, secret):
    edge.ctl_json("session", "set-secret", call.SESSION, "--secret-stdin", "--activate-after-ms", "0",
                  "--grace-ms", "0", stdin=secret + "\n")


def wait_until_active(*edges):
    """A next change may come once none is staged."""
    for edge in edges:
        while any(key["state"] == "staged"
                  for key in edge.ctl_json("session", "get", call.SESSION)["keys"]):
            time.sleep(0.05)


class Story:
    """What happened, in the order in which it did."""

    def __init__(self, directory, publisher, subscriber):
        self.directory = directory
        self.publisher, self.subscriber = publisher, subscriber
        self.problems = []
        self.changes = []

    def run(self):
        call.connect(self.publisher, self.subscriber, call.new_secret())
        follower = Follower(self.subscriber)
        time.sleep(0.1)
        self.media = call.Media(call.load(SECONDS))
        self.clock = Clock()
        for number, at in enumerate(CHANGES_AT):
            self.change(number, at)
        self.mistake()
        self.media.finish(self.publisher, self.subscriber)
        self.counters = self.read_counters()
        self.events = [e for e in follower.stop() if e["type"] in SHORT]
        self.outcomes = [(one, self.media.outcome(one.ssrc)) for one in call.RECORDINGS]
        self.sealed_path = self.directory / "sealed.pcap"
        pcap.write(self.sealed_path, self.media.sealed)

    def change(self, number, at):
        """Whichever edge is told first, nothing is lost: told in turn, and told at once."""
        rows = ((self.subscriber, self.publisher), call.in_turn, "the opening edge first"), \
               ((self.publisher, self.subscriber), call.at_once, "both at once")
        self.clock.wait(at)
        self.changes.append(Change(self.clock, *rows[number % 2]))
        wait_until_active(self.publisher, self.subscriber)

    def mistake(self):
        """The opening edge alone, at once: a wrong secret, and the right one again."""
        self.clock.wait(WRONG_AT)
        self.mismatch_before = self.count_mismatch(self.read_counters())
        self.wrong_ns = time.time_ns()
        set_at_once(self.subscriber, call.new_secret())
        self.clock.wait(RIGHT_AT)
        while not self.is_noticed() and self.clock.now() < RIGHT_AT_LATEST:
            time.sleep(0.05)
        self.right_ns = time.time_ns()
        set_at_once(self.subscriber, self.changes[-1].secret)
        self.mended_ns = time.time_ns() + SETTLE_NS

    def is_noticed(self):
        """Whether each stream has missed enough packets for the edge to say so."""
        return all(opened["drops"]["secret_mismatch"] >= NOTICED_AFTER
                   for opened in self.read_counters()[1].values())

    def read_counters(self):
        """Each edge's counters of each stream, by the recording's name."""
        return [{one.name: edge.ctl_json("stream", "get", one.name)[direction]
                 for one in call.RECORDINGS}
                for edge, direction in ((self.publisher, "seal"), (self.subscriber, "open"))]

    @staticmethod
    def count_mismatch(counters):
        return sum(opened["drops"]["secret_mismatch"] for opened in counters[1].values())

    # ---- what must be so --------------------------------------------------------------------

    def expect(self, condition, what):
        if not condition:
            self.problems.append(what)

    def astray(self, outcome):
        """Lost for no reason: never sealed, or sealed with the right secret back in its place."""
        return [(at or self.clock.began_ns, frame) for at, frame in outcome.lost
                if at is None or at > self.mended_ns]

    def check(self):
        self.expect(self.mismatch_before == 0, f"{self.mismatch_before} packets counted as secret_mismatch"
                    " before there was a wrong secret")
        for one, outcome in self.outcomes:
            self.check_stream(one, outcome)
        strangers = self.media.strangers()
        self.expect(not strangers, f"{len(strangers)} frames came out that nobody sent")
        kinds = {(e["type"], e.get("stream_id")) for e in self.events}
        for one in call.RECORDINGS:
            for kind in SHORT:
                self.expect((kind, one.name) in kinds, f"{one.name}: no event {kind}")

    def check_stream(self, one, outcome):
        at_edge_a, at_edge_b = (counters[one.name] for counters in self.counters)
        astray = self.astray(outcome)
        mismatch = at_edge_b["drops"]["secret_mismatch"]
        self.expect(not outcome.garbled, f"{one.name}: {len(outcome.garbled)} packets garbled")
        self.expect(not outcome.disordered, f"{one.name}: packets out of order or twice")
        self.expect(not astray, f"{one.name}: {len(astray)} packets lost while the secrets agreed, at"
                    f" {', '.join(f'{self.clock.of(at):.3f} s' for at, _ in astray[:5])}")
        self.expect(outcome.lost, f"{one.name}: opened with a wrong secret")
        self.expect(len(outcome.lost) == mismatch, f"{one.name}: {len(outcome.lost)} packets not"
                    f" delivered, but secret_mismatch is {mismatch}")
        self.expect(len(outcome.sealed) == len(outcome.sent) == at_edge_a["passes"]["sealed"],
                    f"{one.name}: {len(outcome.sent)} packets in, {len(outcome.sealed)} on the sealed"
                    f" side, counted {at_edge_a['passes']['sealed']}")
        clear = {frame for _, frame in outcome.sent} & {frame for _, frame in outcome.sealed}
        self.expect(not clear, f"{one.name}: {len(clear)} packets left in clear")

    def explain(self):
        """Where packets went, for whoever has to find out why."""
        print(f"  the player was late by {self.media.player.latest_ns / 1e6:.1f} ms at most")
        for edge, direction in ((self.publisher, "seal"), (self.subscriber, "open")):
            counters = edge.call("stats_get")[direction]
            counted = {name: count for name, count in counters["drops"].items() if count}
            print(f"  {direction}: in {counters['packets_in']}, out {counters['packets_out']}, drops {counted}")
            for port in edge.call("stats_get", scope="port")["ports"]:
                told = {name: port[name] for name in ("rx_packets", "tx_packets", "rx_missed", "rx_errors",
                                                      "rx_no_mbuf", "tx_errors")}
                print(f"  {direction}: {port['side']} port {told}")

    # ---- what is told -----------------------------------------------------------------------

    def tell(self):
        self.tell_streams()
        self.tell_changes()
        self.tell_mistake()
        print(f"\nsealed side, as the router saw it: {self.sealed_path}")

    def tell_streams(self):
        print(f"{'stream':8}{'packets in':>11}{'bytes in':>10}{'sealed bytes':>14}{'overhead':>10}"
              f"{'packets out':>13}{'identical':>11}")
        for one, outcome in self.outcomes:
            plain, sealed = sum(len(f) for _, f in outcome.sent), sum(len(f) for _, f in outcome.sealed)
            print(f"{one.codec:8}{len(outcome.sent):11}{plain:10}{sealed:14}"
                  f"{(sealed - plain) / plain:10.1%}{len(outcome.received):13}"
                  f"{len(outcome.received) - len(outcome.garbled):11}")

    def tell_changes(self):
        print("\nsecret changed while media flowed"
              f" (seals after {DELAY_MS} ms, the old one opens for {GRACE_MS} ms more)")
        ends = [change.at_ns for change in self.changes[1:]] + [self.wrong_ns]
        for change, end in zip(self.changes, ends):
            sent, lost, garbled = (
                sum(change.at_ns <= at < end for _, outcome in self.outcomes for at, _ in what(outcome))
                for what in (lambda o: o.sent, self.astray, lambda o: o.garbled))
            print(f"  at {change.at:5.2f} s  epoch {change.epoch}  {change.fingerprint}"
                  f"  {change.order}: {sent} packets, {lost} lost, {garbled} garbled")

    def tell_mistake(self):
        lost = sum(len(outcome.lost) for _, outcome in self.outcomes)
        counted = self.count_mismatch(self.counters)
        told = [(self.clock.of(self.wrong_ns), "given, at once"),
                (self.clock.of(self.right_ns), "the right one given again, at once")]
        told += [(self.clock.of_event(event), f"event {event['type']}: {event['stream_id']}")
                 for event in self.events if not event.get("first")]
        print("\na wrong secret on the opening edge")
        for at, what in sorted(told):
            print(f"  at {at:5.2f} s  {what}")
        print(f"  {lost} packets not delivered = {counted} counted as secret_mismatch")


def tell_what_runs(edge):
    version = edge.ctl_json("version")
    suite = edge.ctl_json("session", "get", call.SESSION)["suite"]
    print(f"rtpseal {version['version']}, DPDK {version['dpdk_version'].removeprefix('DPDK ')}, IPsec-MB"
          f" {version['ipsec_mb_version']} ({version['isa']}), {suite}\n")


def run(directory):
    network = call.Network()
    publisher, subscriber = network.edges(directory)
    with contextlib.closing(network), publisher, subscriber:
        story = Story(directory, publisher, subscriber)
        story.run()
        tell_what_runs(publisher)
        story.check()
        story.tell()
        if story.problems:
            print("\nwhat the edges counted")
            story.explain()
        codes = publisher.stop(), subscriber.stop()
    story.expect(codes == (0, 0), f"the daemons ended with {codes}")
    return story


def main():
    netns.enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="rtpseal-quickstart-"))
    try:
        story = run(directory)
        for file in ("a", "b"):
            shutil.rmtree(directory / file)
    except BaseException:
        shutil.rmtree(directory)
        raise
    if story.problems:
        print("\nFAIL")
        for problem in story.problems:
            print(f"  {problem}")
        sys.exit(1)
    delivered = sum(len(outcome.received) for _, outcome in story.outcomes)
    print(f"\nPASS: all {delivered} packets that came out are identical to what went in, byte for byte;"
          " every other one is accounted for")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"quickstart: {error}")
    except KeyboardInterrupt:
        sys.exit("quickstart: interrupted")
