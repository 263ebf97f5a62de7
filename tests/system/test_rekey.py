# SPDX-License-Identifier: BSD-3-Clause
"""Twenty changes of secret while recordings flow through two edges: nothing lost, nothing garbled,
every replaced key wiped, memory flat."""

import contextlib
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import netns  # noqa: E402
from edge import keep_little_that_is_freed  # noqa: E402

CHANGES = 20
DELAY_MS, GRACE_MS = 1000, 3000
STRETCH, STRETCH_SANITIZED = 4, 6  # the recordings' nine seconds, played this much slower, if need be
RETIRED_WITHIN_SECONDS = 10
GROWTH_MAX_KIB = 1024


def stretched(factor):
    merged = call.load(9)
    began = merged[0][0]
    return [(began + (at - began) * factor, frame) for at, frame in merged]


def resident_kib(edge):
    for line in pathlib.Path(f"/proc/{edge.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def wait_until_active(edges, epoch):
    for edge in edges:
        while not any(key["state"] == "active" and key["epoch"] == epoch
                      for key in edge.call("session_get", session_id=call.SESSION)["keys"]):
            time.sleep(0.02)


def events_of(edge):
    """All that the daemon has told so far, oldest first."""
    with edge.client() as client:
        count = client.call("events_subscribe", from_seq=1)["next_seq"] - 1
        while len(client.events) < count:
            client.events.append(client.read_document()["params"])
        return client.events


class Play:
    """One call with all its changes, for all tests."""

    def __init__(self, publisher, subscriber):
        self.edges = (publisher, subscriber)
        call.connect(publisher, subscriber, call.new_secret())
        self.media = call.Media(stretched(STRETCH_SANITIZED if publisher.is_sanitized() else STRETCH))
        for number in range(CHANGES):
            edges = self.edges if number % 2 == 0 else self.edges[::-1]
            call.at_once(edges, "session", "set-secret", call.SESSION, "--secret-stdin",
                         "--activate-after-ms", str(DELAY_MS), "--grace-ms", str(GRACE_MS),
                         stdin=call.new_secret())
            wait_until_active(self.edges, number + 2)
            if number == CHANGES // 2:
                self.resident = [resident_kib(edge) for edge in self.edges]
        self.playing_to_the_end = self.media.player.is_playing()
        self.resident_after = [resident_kib(edge) for edge in self.edges]
        self.media.player.stop()
        self.media.finish(publisher, subscriber)
        self.events = [self.settled_events(edge) for edge in self.edges]

    @staticmethod
    def settled_events(edge):
        end = time.monotonic() + RETIRED_WITHIN_SECONDS
        while True:
            events = events_of(edge)
            if (sum(event["type"] == "secret_retired" for event in events) >= CHANGES
                    or time.monotonic() > end):
                return events
            time.sleep(0.1)


def media_flowed_during_every_change(checks, play):
    checks.true(play.playing_to_the_end, "the recordings ended before the last change: stretch them")


def nothing_is_lost_or_garbled(checks, play):
    for one in call.RECORDINGS:
        outcome = play.media.outcome(one.ssrc)
        checks.true(len(outcome.sent) > 100, f"{one.name}: too few packets to tell")
        checks.equal(len(outcome.lost), 0, f"{one.name}: packets lost")
        checks.equal(len(outcome.garbled), 0, f"{one.name}: packets garbled")
        checks.equal(len(outcome.received), len(outcome.sent), f"{one.name}: packets out")


def every_key_is_staged_activated_and_wiped_in_turn(checks, play):
    for edge, events in zip(play.edges, play.events):
        workers = edge.call("get_version")["workers"]
        for kind, first, last in (("secret_staged", 1, CHANGES + 1), ("secret_activated", 1, CHANGES + 1),
                                  ("secret_retired", 1, CHANGES)):
            epochs = [event["epoch"] for event in events if event["type"] == kind]
            checks.equal(epochs, list(range(first, last + 1)), f"epochs of {kind}")
        wiped = {event["workers_wiped"] for event in events if event["type"] == "secret_retired"}
        checks.equal(wiped, {workers}, "workers that wiped each key")
        keys = edge.call("session_get", session_id=call.SESSION)["keys"]
        checks.equal([(key["epoch"], key["state"]) for key in keys], [(CHANGES + 1, "active")], "keys left")


def memory_is_flat(checks, play):
    for before, after in zip(play.resident, play.resident_after):
        checks.true(after - before <= GROWTH_MAX_KIB, f"grew from {before} to {after} KiB")


TESTS = (
    media_flowed_during_every_change,
    nothing_is_lost_or_garbled,
    every_key_is_staged_activated_and_wiped_in_turn,
    memory_is_flat,
)


def main():
    netns.enter()
    keep_little_that_is_freed()
    network = call.Network()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory)
        with contextlib.closing(network), publisher, subscriber:
            cases.run("test_rekey", TESTS, Play(publisher, subscriber))


if __name__ == "__main__":
    main()
