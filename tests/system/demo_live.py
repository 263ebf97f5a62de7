# SPDX-License-Identifier: BSD-3-Clause
"""The main job on live media, told to whoever wants to see it: encoders and players of GStreamer on hosts with
kernels of their own, two edges and a router between them. Exits with 0 only if all of it held.
"""

import argparse
import concurrent.futures
import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import broadcast  # noqa: E402
import bystanders  # noqa: E402
import call  # noqa: E402
import cases  # noqa: E402
import gst  # noqa: E402
import live_lab  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import wire  # noqa: E402

CHANGES, CHANGES_SHORT = 30, 10
EVERY_SECONDS = 1.0
TAIL_SECONDS = 0.5  # of media before the first change and, above what that takes, behind the last
DELAY_MS, GRACE_MS = 100, 2100  # the opening edge is told first
MISTAKE_SECONDS = 6.0  # of media around a wrong secret
BEFORE_SECONDS, GONE_SECONDS = 0.7, 1.0
OVERHEARD_SECONDS = 2
RECOGNISABLE_DB = 20.0  # a picture next to another, unlike one has 10 or so
RECOGNISABLE_SHARE = 0.1
EVENT_SECONDS = 10
MISMATCH, MATCH = "encryption_secret_mismatch", "encryption_secret_match"
NAMES = [stream.name for stream in gst.STREAMS]


class Story:
    """What is shown, in the order in which it happens; `problems` has what did not hold."""

    def __init__(self, network, edges, directory, changes):
        self.network, self.edges, self.directory = network, edges, directory
        self.changes = changes
        self.problems = []
        self.publisher, self.subscriber = network.publisher, network.subscriber  # as bystanders want them
        self.seen_a, self.seen_b = wire.Recorder("r-a"), wire.Recorder("r-b")
        self.plain_recorder = wire.Recorder("sub0", self.subscriber.socket)
        self.secret = call.new_secret()
        broadcast.connect(*edges, self.secret)

    def expect(self, condition, what):
        if not condition:
            self.problems.append(what)

    def run(self):
        self.steady()
        self.overhear()
        self.mistake()
        self.count()

    # ---- secrets that change, and all else on the same links -------------------------------

    def steady(self):
        seconds = self.changes * EVERY_SECONDS + 2 * TAIL_SECONDS
        with broadcast.Broadcast(self.network, self.edges, self.directory / "steady", seconds) as shown:
            shown.wait_until_decoding()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                beside = pool.submit(self.bystanders)
                self.change_secrets()
                self.beside = beside.result()
            shown.finish()
            self.likenesses = [broadcast.judge(shown, player) for player in shown.players]
            self.late = shown.late_psnr()
            self.packets = {name: shown.packets(name) for name in NAMES}
            self.middle = shown.publisher.pictures // 2
            self.source_picture = shown.picture(self.middle)
            self.pictures = [player.frame(self.middle) for player in shown.players if player.stream in gst.VIDEO]
            self.heard = list(self.seen_a.frames)
            self.plain = self.plain_recorder.stop()
            self.shown = shown
        self.expect(self.late < broadcast.LIKE_DB, f"a picture that is late has {self.late:.1f} dB: nothing can be said")
        for one in self.likenesses:
            self.expect(one.is_whole, f"{one.stream.name}: {one.decoded} of {one.sent} frames, at worst {one.worst:.2f}")
            sealed, opened = self.packets[one.stream.name]
            self.expect(sealed == opened, f"{one.stream.name}: {sealed} packets sealed, {opened} opened")
        for name, problem in self.beside:
            self.expect(problem is None or isinstance(problem, cases.Skip), f"{name}: {problem}")

    def bystanders(self):
        """[(what, None or what is wrong or a Skip)]"""
        found = []
        for name, part in bystanders.PARTS:
            try:
                found.append((name, part(self)))
            except cases.Skip as skip:
                found.append((name, skip))
            except (OSError, subprocess.SubprocessError, RuntimeError) as error:
                found.append((name, f"{type(error).__name__}: {error}"))
        return found

    def change_secrets(self):
        """One every second, counted from the first: it takes each edge a third of a second to derive a key."""
        began = time.monotonic()
        self.changed_at = []
        for number in range(self.changes):
            time.sleep(max(0.0, began + number * EVERY_SECONDS - time.monotonic()))
            self.changed_at.append(time.monotonic() - began)
            self.secret = call.new_secret()
            call.in_turn(reversed(self.edges), "session", "set-secret", call.SESSION, "--secret-stdin",
                         "--activate-after-ms", str(DELAY_MS), "--grace-ms", str(GRACE_MS), stdin=self.secret)

    # ---- at the router's place --------------------------------------------------------------

    def overhear(self):
        """The same players, fed with what came to the router; a decoder may well make some picture of noise. And,
        fed in the same way with what came to the subscriber, they show that they would have recognised it."""
        self.overheard, self.router_pictures = self.played("router", self.heard)
        self.control, _ = self.played("control", self.plain)
        for stream in gst.STREAMS:
            limit = RECOGNISABLE_SHARE if stream is gst.OPUS else RECOGNISABLE_DB
            (_, best), (_, plain_best) = self.overheard[stream.name], self.control[stream.name]
            self.expect(best < limit, f"{stream.name}: {best:.2f} at the router's place, which is recognisable")
            self.expect(plain_best > limit, f"{stream.name}: a player that was given the plain side did not recognise it")

    def played(self, name, frames):
        """{stream: (frames decoded, how like the source at best)} of these frames, and each last picture."""
        found, pictures = {}, []
        for player in broadcast.overhear(frames, self.directory / name, OVERHEARD_SECONDS):
            numbers = range(0, player.count(), 5)
            if player.stream is gst.OPUS:
                best = broadcast.tone_share(player)
            else:
                best = max((self.shown.best_psnr(player, number, step=5) for number in numbers), default=0.0)
                pictures.append(player.frame(player.count() - 1) if player.count() else None)
            found[player.stream.name] = player.count(), best
        return found, pictures

    # ---- a wrong secret ---------------------------------------------------------------------

    def mistake(self):
        with self.edges[1].client() as client, \
                broadcast.Broadcast(self.network, self.edges, self.directory / "mistake", MISTAKE_SECONDS) as shown:
            shown.wait_until_decoding()
            client.call("events_subscribe")
            time.sleep(BEFORE_SECONDS)
            self.mismatches = self.give_and_hear(client, call.new_secret(), MISMATCH)
            time.sleep(broadcast.SETTLE_SECONDS)
            before = [player.count() for player in shown.players]
            time.sleep(GONE_SECONDS)
            gone = [player.count() for player in shown.players]
            self.matches = self.give_and_hear(client, self.secret, MATCH)
            shown.finish()
            self.mistaken = list(zip(NAMES, before, (b - a for a, b in zip(before, gone)),
                                     (player.count() - b for player, b in zip(shown.players, gone))))
            last = {player.stream.name: shown.best_psnr(player, player.count() - 1) for player in shown.players
                    if player.stream in gst.VIDEO}
        for name, _, during, after in self.mistaken:
            self.expect(name in self.mismatches, f"{name}: no event {MISMATCH}")
            self.expect(name in self.matches, f"{name}: no event {MATCH}")
            self.expect(during == 0, f"{name}: {during} frames decoded with a wrong secret")
            self.expect(after > 0, f"{name}: nothing decoded after the right secret was back")
        for name, best in last.items():
            self.expect(best >= broadcast.LIKE_DB, f"{name}: the last picture is like none of the source's: {best:.1f} dB")

    def give_and_hear(self, client, secret, kind):
        """Gives the opening edge a secret at once. Returns {stream: seconds until its event}."""
        self.edges[1].ctl_json("session", "set-secret", call.SESSION, "--secret-stdin", "--activate-after-ms", "0",
                               "--grace-ms", "0", stdin=secret + "\n")
        given, heard = time.monotonic(), {}
        while set(heard) != set(NAMES):
            event = client.wait_event(kind, EVENT_SECONDS)
            if event is None:
                break
            heard.setdefault(event["stream_id"], time.monotonic() - given)
        return heard

    # ---- what the edges counted -------------------------------------------------------------

    def count(self):
        self.counters = []
        for name, edge in zip("AB", self.edges):
            for direction in ("seal", "open"):
                counters = edge.call("stats_get")[direction]
                came_in, accounted = path_lab.sums(counters)
                self.counters.append((name, direction, counters))
                self.expect(came_in == accounted, f"edge {name}, {direction}: {came_in} packets in, {accounted}"
                            " packets out and dropped")
        for recorder in (self.seen_a, self.seen_b):
            recorder.stop()

    # ---- what is told -----------------------------------------------------------------------

    def write_pictures(self, output):
        output.mkdir(parents=True, exist_ok=True)
        for stream, picture in zip(gst.VIDEO, self.pictures):
            gst.write_png([[picture]], output / f"received-{stream.name}.png")
        gst.write_png([[self.source_picture] * len(gst.VIDEO), self.pictures, self.router_pictures],
                      output / "summary.png")

    def tell(self):
        every = max((b - a for a, b in zip(self.changed_at, self.changed_at[1:])), default=0.0)
        print(f"{len(self.changed_at)} changes of secret in {self.changed_at[-1]:.1f} s, {every:.2f} s apart at most; a"
              f" picture that is one frame late would have {self.late:.1f} dB\n")
        print(f"{'':8}{'frames':>8}{'':>9}{'PSNR of pictures, or':>24}{'packets':>17}{'at the router':>22}")
        print(f"{'stream':8}{'sent':>8}{'decoded':>9}{'tone in sound':>15}{'worst':>9}{'sealed':>9}{'opened':>8}"
              f"{'decoded':>12}{'at best':>10}")
        for one in self.likenesses:
            sealed, opened = self.packets[one.stream.name]
            decoded, best = self.overheard[one.stream.name]
            mean, worst, best = (say(one.stream, value) for value in (one.mean, one.worst, best))
            print(f"{one.stream.name:8}{one.sent:8}{one.decoded:9}{mean:>15}{worst:>9}{sealed:9}{opened:8}{decoded:12}"
                  f"{best if decoded else '-':>10}")
        decoded = ", ".join(f"{one.name} {self.control[one.name][0]} ({say(one, self.control[one.name][1])})"
                            for one in gst.STREAMS)
        print(f"the players at the router, given the plain side instead: {decoded}")
        print(f"\na wrong secret on the opening edge, and the right one again\n{'':8}{'frames':>8}{'event':>14}{'frames in':>14}"
              f"{'event':>10}{'frames':>8}\n{'stream':8}{'before':>8}{'mismatch':>14}{f'{GONE_SECONDS:.0f} s':>14}{'match':>10}"
              f"{'after':>8}")
        for name, before, during, after in self.mistaken:
            told = [f"{heard[name]:.2f} s" if name in heard else "none" for heard in (self.mismatches, self.matches)]
            print(f"{name:8}{before:8}{told[0]:>14}{during:14}{told[1]:>10}{after:8}")
        print("\nat the same time through the same links")
        for name, problem in self.beside:
            told = "as it must be" if problem is None else f"not tried: {problem}" if isinstance(problem, cases.Skip) \
                else f"FAILED: {problem}"
            print(f"  {name:32}{told}")
        print()
        for name, direction, counters in self.counters:
            dropped = ", ".join(f"{count} {drop}" for drop, count in counters["drops"].items() if count)
            print(f"edge {name}, {direction}: {counters['packets_in']} in = {counters['packets_out']} out + dropped:"
                  f" {dropped or 'none'}")


def say(stream, value):
    return f"{value:.1%}" if stream is gst.OPUS else f"{value:.1f} dB"


def run(directory, changes, output):
    network = live_lab.Network()
    edges = network.edges(directory)
    with contextlib.closing(network), edges[0], edges[1]:
        story = Story(network, edges, directory, changes)
        story.run()
        story.write_pictures(output)
        story.tell()
    return story.problems


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo-live")
    parser.add_argument("--short", action="store_true", help=f"{CHANGES_SHORT} changes of secret instead of {CHANGES}")
    parser.add_argument("--output", type=pathlib.Path, help="where the pictures go")
    given = parser.parse_args()
    missing = gst.missing() or bystanders.missing()
    if missing:
        sys.exit(f"demo-live: there is no {missing}: scripts/setup live")
    netns.enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    output = given.output or pathlib.Path(tempfile.mkdtemp(prefix="rtpseal-demo-live-"))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="rtpseal-live-"))
    try:
        problems = run(directory, CHANGES_SHORT if given.short else CHANGES, output)
    finally:
        shutil.rmtree(directory)
    print(f"\npictures: {output}/received-*.png; {output}/summary.png has the source, what was received, and what a"
          " decoder made of it at the router's place")
    for problem in problems:
        print(f"FAIL {problem}")
    if problems:
        sys.exit(1)
    print("PASS: every frame sent was decoded, none could be recognised without the secret, every packet is accounted for")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.SubprocessError) as error:
        sys.exit(f"demo-live: {error}")
    except KeyboardInterrupt:
        sys.exit("demo-live: interrupted")
