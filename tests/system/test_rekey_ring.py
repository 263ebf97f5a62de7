# SPDX-License-Identifier: BSD-3-Clause
"""Keys that change back, change again before their turn, and change faster than the ring has room for,
told to both edges one after the other while media flows: what is refused is said, and nothing is lost."""

import contextlib
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import netns  # noqa: E402
import rekey_lab  # noqa: E402

CONFLICT = ("epoch_conflict", True)  # reason, and that trying again may help
PREVIOUS_MAX = 6
QUICK = {"activate_after_ms": 150, "grace_ms": 30000}
PATIENCE_SECONDS = 12


def tell(one, key, **settings):
    """Both edges, the opening edge first; returns their replies once both seal with it."""
    replies = [one.set_key(edge, key, **settings) for edge in reversed(one.edges)]
    one.wait_until_active()
    return replies


def keys_of(edge, one):
    return [(key["epoch"], key["state"]) for key in edge.call("session_get", session_id=one.session)["keys"]]


def a_key_that_returns_is_moved_and_its_packets_stay_spent(checks, edges):
    """A, B, A, B: nothing is lost, no (KID, CTR) comes twice, and what A sealed at first is a replay."""
    one = rekey_lab.Call(edges, "return", 20400)
    tags = [one.first_tag]
    for number, key in enumerate((1, 0, 1)):
        time.sleep(0.5)
        replies = tell(one, key, **QUICK)
        checks.equal({reply["epoch"] for reply in replies}, {number + 2}, f"change {number + 1}: epochs")
        tags.append(replies[0]["key_tag"])
        checks.equal([state for _, state in keys_of(edges[1], one)], ["active", "previous"],
                     f"change {number + 1}: keys in the ring")
    checks.equal(tags, [tags[0], tags[1]] * 2, "key tags")
    one.stop_playing()
    again = [frame for _, frame in one.router.sent[:100]]
    for frame in again:
        one.router.out.send(frame)
    one.router.sent.extend((0, frame) for frame in again)
    one.finish()
    checks.equal({rekey_lab.Sealed(frame).key_tag for frame in again}, {tags[0]}, "keys of what is replayed")
    checks.equal(one.counted, {"opened": len(one.sent), "replay": len(again)}, "counted")
    one.check_unharmed(checks, "A, B, A, B")
    checks.equal(one.events_of("encryption_secret_mismatch"), [], "mismatches told")


def a_second_change_while_one_is_staged_is_refused_and_harms_nothing(checks, edges):
    one = rekey_lab.Call(edges, "staged", 20420)
    time.sleep(0.4)
    slow = {"activate_after_ms": 1200, "grace_ms": 3200}
    for edge in reversed(edges):
        epoch = one.set_key(edge, 1, **slow)["epoch"]
        before = keys_of(edge, one)
        checks.equal(before, [(epoch, "staged"), (1, "active")], "keys while one is staged")
        checks.equal([one.refusal(edge, key, **slow) for key in (2, 3)], [CONFLICT] * 2, "others meanwhile")
        checks.equal(one.set_key(edge, 0, **slow)["epoch"], 1, "the active one again")
        checks.equal(keys_of(edge, one), before, "keys after all these")
    one.wait_until_active()
    replies = tell(one, 2, **QUICK)
    one.finish()
    checks.equal(len({reply["epoch"] for reply in replies}), 1, "epochs of both edges")
    checks.equal(len({rekey_lab.Sealed(frame).key_tag for frame in one.sealed}), 3, "keys that sealed")
    one.check_unharmed(checks, "a second change")
    checks.equal(one.counted, {"opened": len(one.sent)}, "counted")


def changes_faster_than_the_ring_are_refused_until_there_is_room(checks, edges):
    """Six previous keys and the active one fill it. The oldest is out of its grace some seconds later,
    and the change that was refused is accepted; all that was sealed in between opens."""
    one = rekey_lab.Call(edges, "ring", 20440)
    time.sleep(0.3)
    brief = {"activate_after_ms": 50, "grace_ms": 6000}
    for number in range(PREVIOUS_MAX):
        tell(one, 1 + number, **brief)
    for edge in edges:
        checks.equal(keys_of(edge, one), [(7, "active")] + [(epoch, "previous") for epoch in range(6, 0, -1)],
                     "keys of a full ring")
        checks.equal([one.refusal(edge, 100 + n, **brief) for n in range(5)], [CONFLICT] * 5, "one more key")
        checks.equal(keys_of(edge, one)[0], (7, "active"), "the key that seals after that")
    end = time.monotonic() + PATIENCE_SECONDS
    for edge in reversed(edges):
        while (refused := one.refusal(edge, 50, **brief)) is not None and time.monotonic() < end:
            checks.equal(refused, CONFLICT, "while the ring is full")
            time.sleep(0.05)
        checks.equal(refused, None, "once there is room")
    one.wait_until_active()
    one.finish()
    checks.equal([event["epoch"] for event in one.events_of("secret_activated")][-1], 8, "the last epoch")
    checks.equal(len({rekey_lab.Sealed(frame).key_tag for frame in one.sealed[-100:]}), 1, "keys at the end")
    one.check_unharmed(checks, "a full ring")
    checks.equal(one.counted, {"opened": len(one.sent)}, "counted")


TESTS = (
    a_key_that_returns_is_moved_and_its_packets_stay_spent,
    a_second_change_while_one_is_staged_is_refused_and_harms_nothing,
    changes_faster_than_the_ring_are_refused_until_there_is_room,
)


def main():
    netns.enter()
    network = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        edges = network.edges(directory)
        with contextlib.closing(network), edges[0], edges[1]:
            cases.run("test_rekey_ring", TESTS, edges)


if __name__ == "__main__":
    main()
