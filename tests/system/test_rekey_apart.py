# SPDX-License-Identifier: BSD-3-Clause
"""Two edges that are told of a new key at different times. Less than activate_after_ms apart nothing is
lost, in either order, whatever the router holds back; further apart, what is lost is counted, said, and
over once both know the key."""

import collections
import contextlib
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import netns  # noqa: E402
import rekey_lab  # noqa: E402
import router  # noqa: E402

# The grace is the shortest that is accepted: activate_after_ms + 2000.
NEAR = {"activate_after_ms": 2700, "grace_ms": 4700}
NEAR_APART_SECONDS = 1.5
SPARE_MS = 1000  # what is left of the delay; the other edge's clock, and its CPU, may be late by that
HELD_BACK_SECONDS = 2.0
FAR = {"activate_after_ms": 300, "grace_ms": 2300}
RUN = 8  # packets in a row that cannot be opened before it is said


class Careless:
    """A router that drops every twentieth packet, sends others twice, and holds a third of all back for
    up to two seconds, so that they come in any order."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.dropped, self.twice = 0, 0

    def __call__(self, frame):
        kind = self.random.choices(("drop", "twice", "late", "usual"), (5, 5, 30, 60))[0]
        delay = self.random.uniform(0, HELD_BACK_SECONDS)
        if kind == "drop":
            self.dropped += 1
            return []
        self.twice += kind == "twice"
        return {"twice": [(0, frame), (delay, frame)], "late": [(delay, frame)], "usual": [(0, frame)]}[kind]


def key_tags_in_order(frames):
    """The key tags of sealed frames, each where it is seen first."""
    return list(dict.fromkeys(rekey_lab.Sealed(frame).key_tag for frame in frames))


def nothing_is_lost_when_told_less_than_the_delay_apart(checks, edges):
    """The sealing edge first, then the opening edge first; loss, disorder and duplicates throughout."""
    publisher, subscriber = edges
    careless = Careless(6)
    one = rekey_lab.Call(edges, "near", 20300, careless)
    tags = [one.first_tag]
    for key, first, second in ((1, publisher, subscriber), (2, subscriber, publisher)):
        began = time.monotonic()
        one.set_key(first, key, **NEAR)
        time.sleep(NEAR_APART_SECONDS)
        tags.append(one.set_key(second, key, **NEAR)["key_tag"])
        apart_ms = (time.monotonic() - began) * 1000
        checks.true(apart_ms < NEAR["activate_after_ms"], f"told {apart_ms:.0f} ms apart: the machine is too busy")
        one.wait_until_active()
    one.finish()
    late_ms = one.latest_ms(NEAR["activate_after_ms"])
    if one.counted.get("secret_mismatch") and late_ms > SPARE_MS:
        raise cases.Skip(f"the machine is too busy: a key was active {late_ms:.0f} ms behind its time")
    forwarded = {frame: None for _, frame in one.routed}
    checks.true(careless.dropped > 40 and careless.twice > 40, "the router was careful")
    checks.equal(key_tags_in_order(one.sealed), tags, "keys that sealed, in order")
    checks.equal(one.counted, {"opened": len(forwarded), "replay": careless.twice}, "counted")
    checks.equal(len(one.lost()), 0, "lost that the router did not drop")
    checks.true(one.received == {one.plain_of(frame): 1 for frame in forwarded}, "what came out was changed")
    checks.equal(len(one.events_of("encryption_secret_mismatch")), 0, "mismatches told")
    one.check_never_repeats(checks, "near")
    late = disorder_of_keys(one.routed)
    checks.true(late > 50, f"only {late} packets came behind ones of a newer key: nothing was tried")


def disorder_of_keys(routed):
    """How many packets were forwarded behind one that a newer key had sealed."""
    newest, count, order = 0, 0, key_tags_in_order([frame for _, frame in routed])
    for _, frame in routed:
        age = order.index(rekey_lab.Sealed(frame).key_tag)
        newest = max(newest, age)
        count += age < newest
    return count


def check_told(checks, one, seen, held, opens):
    """One mismatch and one match for each stream, with tags and counts."""
    told = one.events_of("encryption_secret_mismatch")
    checks.equal([(event["cause"], event["code"], event["key_tag"], event["key_tags_held"]) for event in told],
                 [("unknown_key_tag", 6003, seen, held)] * 2, "mismatches told")
    matches = [event for event in one.events_of("encryption_secret_match") if not event["first"]]
    checks.equal([(event["key_tag"], event["after"]) for event in matches],
                 [(opens, "unknown_key_tag")] * 2, "matches told")
    lost = collections.Counter(router.read_frame(frame).ssrc for _, frame in one.lost())
    checks.equal({event["ssrc"]: event["packets"] for event in matches}, dict(lost), "packets lost by SSRC")
    # At least the row that it takes: packets are counted on until it is told.
    checks.true(all(RUN <= event["packets"] < lost[event["ssrc"]] for event in told), "packets that led to these")
    streams = {f"{one.session}-{codec}" for codec, _, _ in rekey_lab.STREAMS}
    checks.equal({event["stream_id"] for event in told}, streams, "streams with a mismatch")
    checks.equal({event["stream_id"] for event in matches}, streams, "streams with a match")
    firsts = [event["key_tag"] for event in one.events_of("encryption_secret_match") if event["first"]]
    checks.equal(firsts, [one.first_tag] * 2, "key tags of the first packets opened")


def check_counts(checks, one, tag):
    """Lost is what this key sealed, all at one stretch, and as many as were counted."""
    lost = one.lost()
    checks.true(len(lost) > 4 * RUN, f"only {len(lost)} packets were lost: nothing was tried")
    if not lost:
        return
    checks.equal(one.counted, {"opened": len(one.sent) - len(lost), "secret_mismatch": len(lost)}, "counted")
    checks.equal({rekey_lab.Sealed(frame).key_tag for _, frame in lost}, {tag}, "keys of what was lost")
    numbers = [number for number, routed in enumerate(one.routed) if routed in set(lost)]
    checks.equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "one stretch")
    checks.equal(one.received.total(), len(one.sent) - len(lost), "packets out")
    one.check_never_repeats(checks, one.session)


def the_sealing_edge_far_ahead_is_told_counted_and_over(checks, edges):
    """Until the opening edge is told, it cannot open what the new key seals; from then on it can."""
    publisher, subscriber = edges
    one = rekey_lab.Call(edges, "far-ahead", 20320)
    old = one.first_tag
    time.sleep(0.5)
    one.set_key(publisher, 1, **FAR)
    one.wait_until_active()
    time.sleep(1.0)
    new = one.set_key(subscriber, 1, **FAR)["key_tag"]
    one.finish()
    check_told(checks, one, new, [old], new)
    check_counts(checks, one, new)
    first = next(n for n, (_, frame) in enumerate(one.routed) if rekey_lab.Sealed(frame).key_tag == new)
    checks.true(one.routed[first] == one.lost()[0], "the first lost is not the first that the new key sealed")


def the_opening_edge_far_ahead_is_told_counted_and_over(checks, edges):
    """Once its grace is over, it cannot open what the old key still seals, until the other edge moves."""
    publisher, subscriber = edges
    one = rekey_lab.Call(edges, "far-behind", 20340)
    old = one.first_tag
    time.sleep(0.5)
    new = one.set_key(subscriber, 1, **FAR)["key_tag"]
    while len(subscriber.call("session_get", session_id="far-behind")["keys"]) > 1:
        time.sleep(0.02)
    time.sleep(0.7)
    one.set_key(publisher, 1, **FAR)
    one.finish()
    check_told(checks, one, old, [new], new)
    check_counts(checks, one, old)
    last = max(n for n, (_, frame) in enumerate(one.routed) if rekey_lab.Sealed(frame).key_tag == old)
    checks.true(one.routed[last] == one.lost()[-1], "the last lost is not the last that the old key sealed")
    retired = [event["epoch"] for event in one.events_of("secret_retired")]
    checks.equal(retired, [1], "epochs retired at the opening edge")


TESTS = (
    nothing_is_lost_when_told_less_than_the_delay_apart,
    the_sealing_edge_far_ahead_is_told_counted_and_over,
    the_opening_edge_far_ahead_is_told_counted_and_over,
)


def main():
    netns.enter()
    network = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        edges = network.edges(directory)
        with contextlib.closing(network), edges[0], edges[1]:
            cases.run("test_rekey_apart", TESTS, edges)


if __name__ == "__main__":
    main()
