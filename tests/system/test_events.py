# SPDX-License-Identifier: BSD-3-Clause
"""The ring of events as a subscriber sees it that comes and goes: the same numbers for all, nothing twice,
nothing left out, and where another daemon has taken its place, that said first."""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import control_lab  # noqa: E402
from control_lab import refused  # noqa: E402

CHANGES = 60
AT_ONCE = dict(activate_after_ms=0, grace_ms=0)
# Immediate, and the replaced one wiped: what each change says.
PER_CHANGE = ("secret_staged", "secret_activated", "secret_retired")


def key(number):
    return f"{number:02x}" * 32


def session(fixture, name="s"):
    """Once its first secret's activation is told of: that takes a moment where nothing is sealed."""
    client = fixture.fresh()
    with fixture.daemon.client(timeout=30) as listener:
        listener.call("events_subscribe")
        client.call("session_create", session_id=name, e2ee=True)
        client.call("session_connect", session_id=name, base_key=key(0))
        listener.wait_event("secret_activated", 30)
    return client


def change(client, number, name="s"):
    """One change, when the one before is over, so that the ring of keys is never full."""
    client.call("session_set_encryption_secret", session_id=name, base_key=key(number), **AT_ONCE)
    while len(client.call("session_get", session_id=name)["keys"]) > 1:
        time.sleep(0.001)


def subscribe(fixture, **params):
    client = fixture.daemon.client(timeout=30)
    reply = client.call("events_subscribe", **params)
    return client, reply


def take(client, count):
    """The next so many events."""
    while len(client.events) < count:
        document = client.read_document()
        if document is None:
            raise RuntimeError(f"closed after {len(client.events)} of {count} events")
        client.events.append(document["params"])
    taken, client.events = client.events[:count], client.events[count:]
    return taken


def take_until(client, kind, count):
    """The next events, to the end of so many of this type; what else happens to be said is among them."""
    taken = []
    while count > 0:
        taken += take(client, 1)
        count -= taken[-1]["type"] == kind
    return taken


def is_the_last(heard):
    return heard != [] and (heard[-1]["type"], heard[-1].get("epoch")) == ("secret_retired", CHANGES)


def who_comes_back_goes_on_where_it_stopped(checks, fixture):
    """While changes go on, one subscriber stays and the other leaves again and again, in the middle."""
    client = session(fixture)
    steady, reply = subscribe(fixture)
    first, instance = reply["next_seq"], reply["instance"]
    changing = threading.Thread(target=lambda: [change(client, 1 + number) for number in range(CHANGES)])
    changing.start()
    heard, seq, visits = [], first, 0
    while not is_the_last(heard):
        visitor, reply = subscribe(fixture, from_seq=seq, instance=instance)
        checks.equal(reply["instance"], instance, "instance")
        with visitor:
            for _ in range(1 + visits % 7):
                heard += take(visitor, 1) if not is_the_last(heard) else []
        seq, visits = heard[-1]["seq"] + 1, visits + 1
    changing.join()
    told = take(steady, len(heard))
    checks.equal([event["seq"] for event in heard], list(range(first, first + len(heard))),
                 "numbers, over all visits")
    checks.true(heard == told, "what the visitor has heard is not what the one heard that stayed")
    checks.equal({event["instance"] for event in told}, {instance}, "instances")
    for kind in PER_CHANGE:
        epochs = [event["epoch"] for event in told if event["type"] == kind]
        ended = kind == "secret_retired"
        checks.equal(epochs, list(range(1 if ended else 2, CHANGES + (1 if ended else 2))), f"epochs of {kind}")
    steady.close()


def the_numbers_are_those_of_the_ring_whatever_types_are_asked_for(checks, fixture):
    client = session(fixture)
    everything, reply = subscribe(fixture)
    some, _ = subscribe(fixture, types=["secret_retired", "secret_staged"])
    for number in range(1, 6):
        change(client, number)
    told = take_until(everything, "secret_retired", 5)
    expected = [event for event in told if event["type"] in ("secret_retired", "secret_staged")]
    checks.equal(take(some, len(expected)), expected, "what two types are")
    again, _ = subscribe(fixture, types=["secret_activated"], from_seq=reply["next_seq"])
    checks.equal(take(again, 5), [event for event in told if event["type"] == "secret_activated"],
                 "a type asked for afterwards")
    again.call("events_subscribe", types=["secret_staged"])
    change(client, 6)
    checks.equal([event["type"] for event in take(again, 1)], ["secret_staged"], "after asking anew")
    again.call("events_unsubscribe")
    change(client, 7)
    again.call("get_version")
    checks.equal(again.events, [], "events after asking for no more")
    for one in (everything, some, again):
        one.close()


def numbers_to_come_are_waited_for(checks, fixture):
    """from_seq may be the very next number; beyond, it is a number of nobody's yet."""
    client = session(fixture)
    later, reply = subscribe(fixture)
    following, _ = subscribe(fixture, from_seq=reply["next_seq"])
    ahead, _ = subscribe(fixture, from_seq=reply["next_seq"] + 5)
    change(client, 1)
    told = take_until(later, "secret_retired", 1)
    checks.equal(take(following, len(told)), told, "from the next number on")
    gap = take(ahead, 1)[0]
    checks.equal((gap["type"], gap["lost"]), ("gap", 0), "first, from a number that is not this instance's")
    refused(checks, client, -32602, "invalid_params", "from_seq", "events_subscribe", from_seq=0)
    refused(checks, client, -32602, "invalid_params", "from_seq", "events_subscribe", from_seq=-1)
    refused(checks, client, -32602, "invalid_params", "types", "events_subscribe", types=["gap"])
    for one in (later, following, ahead):
        one.close()


def a_daemon_that_was_started_anew_says_so_by_a_gap(checks, fixture):
    client = session(fixture)
    change(client, 1)
    old, reply = subscribe(fixture, from_seq=1)
    before = take(old, reply["next_seq"] - 1)
    fixture.daemon.stop()
    fixture.daemon.start()
    client = session(fixture)
    change(client, 2)
    for what, wanted in (("a number that there is here too", 2), ("one that there is not", 10**6)):
        visitor, reply = subscribe(fixture, from_seq=wanted, instance=before[0]["instance"])
        checks.true(reply["instance"] != before[0]["instance"], "the instance is the same")
        gap, *events = take(visitor, 1 + reply["next_seq"] - 1)
        checks.equal((gap["type"], gap["lost"], gap["instance"]), ("gap", 0, reply["instance"]), what)
        checks.equal([event["seq"] for event in events], list(range(1, reply["next_seq"])), f"{what}: numbers")
        checks.equal({event["instance"] for event in events}, {reply["instance"]}, f"{what}: instances")
        checks.equal([event["type"] for event in events if event["type"] in PER_CHANGE][-3:],
                     list(PER_CHANGE), f"{what}: the last events")
        visitor.close()


def activations_are_told_in_their_order(checks, fixture):
    """Also where the first is not told of yet when the second takes its place."""
    client = fixture.fresh()
    listener, _ = subscribe(fixture, types=PER_CHANGE)
    client.call("session_create", session_id="s", e2ee=True)
    client.call("session_connect", session_id="s", base_key=key(0))
    change(client, 1)
    told = take(listener, 5)
    checks.equal([(event["type"], event["epoch"]) for event in told],
                 [("secret_staged", 1), ("secret_staged", 2), ("secret_activated", 1), ("secret_activated", 2),
                  ("secret_retired", 1)], "a secret and at once another")
    listener.close()


TESTS = (
    activations_are_told_in_their_order,
    who_comes_back_goes_on_where_it_stopped,
    the_numbers_are_those_of_the_ring_whatever_types_are_asked_for,
    numbers_to_come_are_waited_for,
    a_daemon_that_was_started_anew_says_so_by_a_gap,
)

if __name__ == "__main__":
    control_lab.run("test_events", TESTS)
