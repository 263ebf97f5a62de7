# SPDX-License-Identifier: BSD-3-Clause
"""10,000 streams in one daemon: all in trouble at once, events that are read late, never, or have been
overtaken, and statistics read while media flows."""

import itertools
import pathlib
import select
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import crowd_lab  # noqa: E402
from crowd_lab import STREAMS  # noqa: E402

RUN = 8  # packets in a row before trouble is told
RING = 65536  # events that are kept
MISMATCH, MATCH = "encryption_secret_mismatch", "encryption_secret_match"
ANSWER_SECONDS = 3  # for anyone who asks meanwhile
UNREAD_SECONDS = 30  # before a client that does not read is dropped
GROWTH_MAX_KIB = 4096
POLLS, POLLS_PER_SECOND = 300, 100
RATES = (40000, 20000, 10000, 5000, 2500, 1000)  # packets a second
BATCH_SECONDS = 0.004
QUIET_SECONDS = POLLS / POLLS_PER_SECOND
TRIES = 4  # before polling is to blame: another program may take the CPU away, with polling or without


def questions():
    return itertools.cycle([("get_version", {}), ("health_get", {}), ("stats_get", {}), ("session_list", {})])


def check_one_each(checks, crowd, events, kind, what):
    checks.equal({event["type"] for event in events}, {kind}, f"types of events, {what}")
    checks.equal(len(events), STREAMS, f"events, {what}")
    checks.true({event["stream_id"] for event in events} == crowd.names(), f"not one event for each stream, {what}")
    numbers = [event["seq"] for event in events]
    checks.true(all(a < b for a, b in zip(numbers, numbers[1:])), f"their numbers do not grow, {what}")


def ten_thousand_mismatches_are_ten_thousand_events_and_no_stall(checks, crowd):
    listener = crowd_lab.Listener(crowd.daemon, types=[MISMATCH, MATCH])
    crowd.deaf = crowd_lab.Listener(crowd.daemon)
    crowd.deaf_since = time.monotonic()
    rounds = [crowd.frames(crowd.right) for _ in range(RUN)]
    for made in rounds[:-1]:
        crowd.send(made)
    checks.equal(listener.take_more(), [], "events of 7 packets each")
    asker = crowd_lab.Asker(crowd.daemon, questions(), 0.05)
    crowd.send(rounds[-1])
    events = listener.take(STREAMS)
    check_one_each(checks, crowd, events, MISMATCH, "with the wrong secret")
    checks.equal({(event["cause"], event["key_tag"], event["packets"]) for event in events},
                 {("unknown_key_tag", crowd.right.key_tag, RUN)}, "what they say")
    crowd.send(crowd.frames(crowd.right))
    checks.equal(listener.take_more(), [], "events of packets after these")
    crowd.set_secret(crowd_lab.RIGHT)
    crowd.send(crowd.frames(crowd.right))
    events = listener.take(STREAMS)
    check_one_each(checks, crowd, events, MATCH, "with the right secret")
    checks.equal({(event["first"], event["after"], event["packets"]) for event in events},
                 {(True, "unknown_key_tag", RUN + 1)}, "what they say")
    checks.equal(listener.take_more(), [], "events after these")
    asker.stop()
    checks.true(asker.answers > 0 and asker.longest < ANSWER_SECONDS,
                f"{asker.answers} answers to another client; the slowest took {asker.longest:.3f} s")
    listener.close()


def trouble_and_its_end(crowd, *listeners):
    """20,000 events: every stream gets into trouble and out of it. The listeners read a little meanwhile, or
    they would be dropped where this takes long."""
    strange = crowd.frames(crowd.stranger)
    for made in (*[strange] * RUN, crowd.frames(crowd.right)):
        crowd.send(made)
        for one in listeners:
            one.nibble()


def check_gaps(checks, heard, told, first):
    """What is heard is what was told from number `first` on, but for what gaps say is lost."""
    expected, gaps = first, 0
    for event in heard:
        if event["type"] == "gap":
            gaps += 1
            checks.equal((event["lost"] > 0, event["seq"]), (True, expected + event["lost"] - 1),
                         "whether a gap has lost anything, and its number: the last that is lost")
            expected = event["seq"] + 1
        elif event == told[expected - first]:
            expected += 1
        else:
            checks.equal(event, told[expected - first], "an event that is heard")
            return
    checks.equal(expected, first + len(told), "the number after the last")
    checks.true(gaps > 0 and heard[0]["type"] != "gap", f"{gaps} gaps: nothing was tried")


def who_reads_late_is_told_exactly_how_much_is_gone(checks, crowd):
    reader = crowd_lab.Listener(crowd.daemon)
    sleeper = crowd_lab.Listener(crowd.daemon)
    first = reader.next_seq
    told = []
    while len(told) <= RING + 2 * STREAMS:
        trouble_and_its_end(crowd, reader)
        told += reader.take_until((MISMATCH, MATCH), 2 * STREAMS)
        sleeper.nibble()  # once a turn: it falls behind, and is not dropped
    last = first + len(told) - 1
    checks.true([event["seq"] for event in told] == list(range(first, last + 1)),
                "events that are read at once are not numbered one by one")
    heard = sleeper.take(1)
    while heard[-1]["seq"] < last:
        heard.append(sleeper.take_one())
    check_gaps(checks, heard, told, first)
    late = crowd_lab.Listener(crowd.daemon, from_seq=1)
    gap, lost = late.take_one(), late.next_seq - 1 - RING
    checks.equal((gap["type"], gap["lost"], gap["seq"]), ("gap", lost, lost), "the first event of who asks for number 1")
    checks.true(late.take(last - lost) == told[lost + 1 - first :], "what follows is not what others heard")
    for one in (reader, sleeper, late):
        one.close()
    crowd.resident = crowd.resident_kib()


def a_full_ring_does_not_grow(checks, crowd):
    """With a client that does not read, too."""
    if not hasattr(crowd, "resident"):
        raise cases.Skip("the ring was not filled: run all tests of this file")
    listener = crowd_lab.Listener(crowd.daemon)
    trouble_and_its_end(crowd, listener)
    listener.take_until((MISMATCH, MATCH), 2 * STREAMS)
    listener.close()
    after = crowd.resident_kib()
    checks.true(after - crowd.resident <= GROWTH_MAX_KIB, f"grew from {crowd.resident} to {after} KiB")


class Traffic:
    """Media at a rate, through all streams in turn, while `goes_on()`; then what became of it."""

    def __init__(self, crowd, rate, goes_on):
        self.before, out_before = self.counted(crowd), crowd_lab.received_on("plain-far")
        self.sent, made, due = 0, iter(()), time.monotonic()
        batch = int(rate * BATCH_SECONDS)
        while goes_on():
            for _ in range(batch):
                frame = next(made, None)
                if frame is None:
                    made = iter(crowd.frames(crowd.right))
                    due = time.monotonic()  # what that took is not made up for
                    frame = next(made)
                crowd.socket.send(frame)
            self.sent += batch
            due = max(due + BATCH_SECONDS, time.monotonic() - BATCH_SECONDS)
            time.sleep(max(0.0, due - time.monotonic()))
        end = time.monotonic() + 2
        while self.lost(crowd, out_before) and time.monotonic() < end:
            time.sleep(0.02)
        self.result = self.lost(crowd, out_before)

    @staticmethod
    def counted(crowd):
        port = crowd.asker.call("stats_get", scope="port")["ports"][1]
        return {"taken": port["open"]["packets_in"], "dropped": sum(port["open"]["drops"].values()),
                "missed": port["rx_missed"] + port["rx_errors"] + port["rx_no_mbuf"]}

    def lost(self, crowd, out_before):
        """{} where every packet sent has come out; else what is known of the others."""
        now = self.counted(crowd)
        moved = {name: now[name] - self.before[name] for name in now}
        came_out = crowd_lab.received_on("plain-far") - out_before
        if (moved, came_out) == ({"taken": self.sent, "dropped": 0, "missed": 0}, self.sent):
            return {}
        return moved | {"sent": self.sent, "came out": came_out}


def quiet(crowd, rate):
    """What is lost when nobody asks."""
    end = time.monotonic() + QUIET_SECONDS
    return Traffic(crowd, rate, lambda: time.monotonic() < end).result


def polls():
    """All scopes in turn."""
    for number in range(POLLS):
        scope = ("daemon", "port", "worker", "session", "stream")[number % 5]
        more = {"session": {"session_id": crowd_lab.SESSION},
                "stream": {"stream_id": crowd_lab.Crowd.name(number * 37 % STREAMS)}}.get(scope, {})
        yield "stats_get", {"scope": scope} | more


def polled(checks, crowd, rate):
    """What is lost while statistics are read."""
    asker = crowd_lab.Asker(crowd.daemon, polls(), 1 / POLLS_PER_SECOND)
    lost = Traffic(crowd, rate, asker.is_asking).result
    checks.equal(asker.stop().answers, POLLS, "answers")
    return lost


def reading_statistics_loses_no_packet(checks, crowd):
    """At the highest of the rates that this machine carries without being asked anything."""
    crowd.set_secret(crowd_lab.RIGHT)  # also where it is the active one already
    for rate in RATES:
        blamed = []
        while not quiet(crowd, rate):
            lost = polled(checks, crowd, rate)
            if not lost:
                return
            blamed.append(lost)
            if len(blamed) == TRIES:
                checks.fail(f"at {rate} packets a second some are lost when statistics are read, and only"
                            f" then: {blamed}")
                return
    raise cases.Skip(f"this machine loses packets at {RATES[-1]} a second without being asked anything")


def who_never_reads_is_dropped_after_its_time(checks, crowd):
    if not hasattr(crowd, "deaf"):
        raise cases.Skip("nothing was left unread: run all tests of this file")
    gone = select.poll()
    gone.register(crowd.deaf.client.socket, 0)  # a hang-up is always told
    left = crowd.deaf_since + 2 * UNREAD_SECONDS - time.monotonic()
    checks.equal([what for _, what in gone.poll(max(0, left) * 1000)], [select.POLLHUP], "a hang-up")
    unread = time.monotonic() - crowd.deaf_since
    checks.true(unread >= UNREAD_SECONDS, f"dropped after {unread:.1f} s")
    checks.true(crowd.daemon.answers(), "the daemon does not answer")


TESTS = (
    ten_thousand_mismatches_are_ten_thousand_events_and_no_stall,
    who_reads_late_is_told_exactly_how_much_is_gone,
    a_full_ring_does_not_grow,
    reading_statistics_loses_no_packet,
    who_never_reads_is_dropped_after_its_time,
)


def main():
    with crowd_lab.crowd() as crowd:
        cases.run("test_crowd", TESTS, crowd)


if __name__ == "__main__":
    main()
