# SPDX-License-Identifier: BSD-3-Clause
"""What the real daemon tells of sealed media that it cannot open: once for each stream in trouble, with
the cause, and nothing of what is no trouble. The media is sealed by the model."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import sealed_lab  # noqa: E402
from sealed_lab import RUN, Sender, base_key, corrupted, in_brief, of_version_2  # noqa: E402

MISMATCH, MATCH = "encryption_secret_mismatch", "encryption_secret_match"
SILENCE_SECONDS = 1.5  # longer than any second that something is counted over


def opened_once(lab, stream, sender):
    """Opens a first packet, so that all which is told afterwards is of a change."""
    frame, plain = lab.frame(stream, sender)
    out, counted = lab.open.send(frame)
    told = in_brief(lab.told())
    if (out, counted, told) != ([plain], {"opened": 1}, [(MATCH, stream.name, "none")]):
        raise RuntimeError(f"the first packet of {stream.name}: {out}, {counted}, {told}")
    return sender


def a_stream(lab, name, key):
    """A stream in a session of its own, and the sender that it has heard."""
    stream = lab.stream(lab.session(f"session-{name}", key), name)
    return stream, opened_once(lab, stream, Sender(base_key(key)))


def a_wrong_secret_is_told_at_the_eighth_packet_and_once(checks, lab):
    lab.forget()
    right, wrong = call.new_secret(), call.new_secret()
    lab.client.call("session_create", session_id="s", e2ee=True)
    lab.client.call("session_connect", session_id="s", encryption_secret=right)
    stream = lab.stream("s", "wrong-secret")
    good = opened_once(lab, stream, Sender(sealed_lab.derived(right, "s")))
    bad = Sender(sealed_lab.derived(wrong, "s"))
    for packets, expected in ((RUN - 1, []), (1, [MISMATCH]), (100, [])):
        checks.equal(lab.open.send(*lab.frames(packets, stream, bad)), ([], {"secret_mismatch": packets}),
                     f"{packets} packets of a wrong secret")
        events = lab.told()
        checks.equal([event["type"] for event in events], expected, f"told of {packets} more packets")
        for event in events:
            checks.equal({name: event[name] for name in event if name not in ("instance", "seq", "time", "type")},
                         {"session_id": "s", "stream_id": stream.name, "ssrc": stream.ssrc,
                          "link": sealed_lab.LINK, "direction": "open", "worker": 0, "packets": RUN, "code": 6003,
                          "cause": "unknown_key_tag", "key_tag": bad.key_tag, "key_tags_held": [good.key_tag]},
                         "the mismatch")
    lab.open.send(*lab.frames(20, stream, good))
    events = lab.told()
    checks.equal([(event["type"], event["key_tag"], event["first"], event["after"], event["packets"])
                  for event in events],
                 [(MATCH, good.key_tag, False, "unknown_key_tag", RUN + 100)], "told of 20 right ones")
    lab.open.send(*lab.frames(20, stream, bad))
    checks.equal(in_brief(lab.told()), [(MISMATCH, stream.name, "unknown_key_tag")], "the wrong one again")


def the_right_secret_given_at_last_opens_and_is_told(checks, lab):
    """The secret of the edge that opens was the wrong one, from its first packet on."""
    lab.forget()
    stream = lab.stream(lab.session("s", "wrong"), "late")
    sender = Sender(base_key("right"))
    lab.open.send(*lab.frames(20, stream, sender))
    checks.equal(in_brief(lab.told()), [(MISMATCH, "late", "unknown_key_tag")], "with the wrong secret")
    lab.client.call("session_set_encryption_secret", session_id="s", base_key=base_key("right"),
                    activate_after_ms=0, grace_ms=0)
    frame, plain = lab.frame(stream, sender)
    checks.equal(lab.open.send(frame), ([plain], {"opened": 1}), "the first packet with the right one")
    lab.open.send(*lab.frames(20, stream, sender))
    events = lab.told()
    checks.equal([(event["type"], event["first"], event["after"], event["packets"]) for event in events],
                 [(MATCH, True, "unknown_key_tag", 20)], "with the right secret")


def each_cause_is_told_as_what_it_is(checks, lab):
    lab.forget()
    rows = (
        ("a wrong secret", Sender(base_key("wrong")), lambda p: p, "secret_mismatch",
         (MISMATCH, "unknown_key_tag")),
        ("turned bits", None, corrupted, "auth_failed", (MISMATCH, "wrong_authentication_tag")),
        ("plain media", None, lambda p: b"\xfc" + bytes(60), "not_sealed", ("plaintext_blocked", None)),
        ("a newer version", None, of_version_2, "bad_version", ("wire_version_mismatch", None)),
        ("a newer version and a wrong secret", Sender(base_key("wrong")), of_version_2, "bad_version",
         ("wire_version_mismatch", None)),
        ("another suite", Sender(base_key("right"), sealed_lab.OTHER_SUITE), lambda p: p, "suite_mismatch",
         ("suite_mismatch", None)),
        ("another suite and a wrong secret", Sender(base_key("wrong"), sealed_lab.OTHER_SUITE), lambda p: p,
         "suite_mismatch", ("suite_mismatch", None)),
    )
    for what, bad, spoil, counted, (kind, cause) in rows:
        name = what.replace(" ", "-")
        stream, good = a_stream(lab, name, "right")
        checks.equal(lab.open.send(*lab.frames(RUN - 1, stream, bad or good, spoil)),
                     ([], {counted: RUN - 1}), f"{what}: 7 packets")
        checks.equal(in_brief(lab.told()), [], f"{what}: told of 7")
        lab.open.send(*lab.frames(20, stream, bad or good, spoil))
        checks.equal(in_brief(lab.told()), [(kind, name, cause)], f"{what}: told of 27")
        frame, plain = lab.frame(stream, good)
        checks.equal(lab.open.send(frame), ([plain], {"opened": 1}), f"{what}: a good one")
        after = cause or {"plaintext_blocked": "not_sealed", "wire_version_mismatch": "bad_version"}.get(kind, kind)
        checks.equal(in_brief(lab.told()), [(MATCH, name, after)], f"{what}: told of a good one")


def what_is_no_trouble_is_not_told_of(checks, lab):
    lab.forget()
    stream, sender = a_stream(lab, "fine", "right")
    made = [lab.frame(stream, sender) for _ in range(300)]
    some = [pair for number, pair in enumerate(made) if number % 10 == 0]
    out, counted = lab.open.send(*(frame for frame, _ in some))
    checks.equal((out, counted), ([plain for _, plain in some], {"opened": len(some)}), "nine of ten lost")
    checks.equal(in_brief(lab.told()), [], "told of loss")
    late = [pair for number, pair in enumerate(made) if number % 10 == 5][::-1]
    checks.equal(lab.open.send(*(frame for frame, _ in late)),
                 ([plain for _, plain in late], {"opened": len(late)}), "late, and the last one first")
    checks.equal(in_brief(lab.told()), [], "told of packets out of order")
    for what, again in (("one packet 50 times", [made[0][0]] * 50), ("thirty again", [f for f, _ in some])):
        checks.equal(lab.open.send(*again), ([], {"replay": len(again)}), what)
        checks.equal(in_brief(lab.told()), [], f"told of {what}")
    time.sleep(SILENCE_SECONDS)
    checks.equal(in_brief(lab.told()), [], "told of silence")
    bad = Sender(base_key("wrong"))
    for _ in range(5):
        lab.open.send(*lab.frames(RUN - 1, stream, bad), lab.frame(stream, sender)[0])
    checks.equal(in_brief(lab.told()), [], "told of seven wrong ones before each good one")


def late_packets_under_the_old_key_are_no_mismatch(checks, lab):
    lab.forget()
    stream, old = a_stream(lab, "rekeyed", "first key")
    lab.client.call("session_set_encryption_secret", session_id="session-rekeyed",
                    base_key=base_key("second key"), activate_after_ms=0, grace_ms=0)
    while len(lab.client.call("session_get", session_id="session-rekeyed")["keys"]) > 1:
        time.sleep(0.01)  # the old one is not wiped yet
    new = Sender(base_key("second key"))
    mixed, expected = [], []
    for number in range(120):
        frame, plain = lab.frame(stream, new if number % 3 == 2 else old)
        mixed.append(frame)
        expected += [plain] if number % 3 == 2 else []
    checks.equal(lab.open.send(*mixed), (expected, {"opened": 40, "secret_mismatch": 80}),
                 "two late ones between one and the next")
    checks.equal(in_brief(lab.told()), [], "told of them")
    for number in range(3):
        checks.equal(lab.open.send(*lab.frames(RUN - 1, stream, old)), ([], {"secret_mismatch": RUN - 1}),
                     f"a short run of late ones, {number}")
        checks.equal(lab.open.send(lab.frame(stream, new)[0])[1], {"opened": 1}, f"and a current one, {number}")
    checks.equal(in_brief(lab.told()), [], "told of short runs")


def within_its_grace_the_old_key_opens_and_nothing_is_told(checks, lab):
    lab.forget()
    stream, old = a_stream(lab, "graceful", "first key")
    lab.client.call("session_set_encryption_secret", session_id="session-graceful",
                    base_key=base_key("second key"), activate_after_ms=0, grace_ms=60000)
    new = Sender(base_key("second key"))
    pairs = [lab.frame(stream, (old, new)[number // 20 % 2]) for number in range(80)]
    checks.equal(lab.open.send(*(frame for frame, _ in pairs)),
                 ([plain for _, plain in pairs], {"opened": 80}), "twenty of the old, twenty of the new")
    checks.equal(in_brief(lab.told()), [], "told of them")


def of_many_streams_only_those_in_trouble_are_told_of(checks, lab):
    """All at the same time, packet by packet in turn; two sessions, so that a secret is wrong in one."""
    lab.forget()
    makers = (
        # stream, what its packets become, what is told of it
        ("good", lambda good: good, lambda p: p, []),
        ("turned-bits", lambda good: good, corrupted, [(MISMATCH, "turned-bits", "wrong_authentication_tag")]),
        ("wrong-secret", lambda good: Sender(base_key("wrong")), lambda p: p,
         [(MISMATCH, "wrong-secret", "unknown_key_tag")]),
        ("plain", lambda good: good, lambda p: b"\xfc" + bytes(60), [("plaintext_blocked", "plain", None)]),
        ("newer", lambda good: good, of_version_2, [("wire_version_mismatch", "newer", None)]),
        ("other-suite", lambda good: Sender(base_key("right"), sealed_lab.OTHER_SUITE), lambda p: p,
         [("suite_mismatch", "other-suite", None)]),
        ("silent", None, None, []),
        ("good-too", lambda good: good, lambda p: p, []),
    )
    turns, expected, plain_ones = [], [], 0
    for name, sender_of, spoil, told in makers:
        stream, good = a_stream(lab, name, "right")
        if sender_of is not None:
            turns.append(lab.frames(40, stream, sender_of(good), spoil))
            plain_ones += 40 * (told == [])
        expected += told
    out, counted = lab.open.send(*(frame for turn in zip(*turns) for frame in turn))
    checks.equal(counted, {"opened": 80, "auth_failed": 40, "secret_mismatch": 40, "not_sealed": 40,
                           "bad_version": 40, "suite_mismatch": 40}, "counted")
    checks.equal(len(out), plain_ones, "packets of the good ones that came out")
    checks.equal(sorted(in_brief(lab.told()), key=str), sorted(expected, key=str), "told, each once")


def of_one_stream_the_ssrc_in_trouble_is_named(checks, lab):
    lab.forget()
    stream, good = a_stream(lab, "two-ssrcs", "right")
    bad = Sender(base_key("wrong"))
    mixed = [frame for _ in range(20) for frame in (lab.frame(stream, good)[0],
                                                    lab.frame(stream, bad, ssrc=0xBAD)[0])]
    lab.open.send(*mixed)
    events = lab.told()
    checks.equal([(event["type"], event["ssrc"]) for event in events], [(MISMATCH, 0xBAD)], "told")
    lab.open.send(lab.frame(stream, good, ssrc=0xBAD)[0])
    events = lab.told()
    checks.equal([(event["type"], event["ssrc"]) for event in events], [(MATCH, 0xBAD)], "told of its end")


TESTS = (
    a_wrong_secret_is_told_at_the_eighth_packet_and_once,
    the_right_secret_given_at_last_opens_and_is_told,
    each_cause_is_told_as_what_it_is,
    what_is_no_trouble_is_not_told_of,
    late_packets_under_the_old_key_are_no_mismatch,
    within_its_grace_the_old_key_opens_and_nothing_is_told,
    of_many_streams_only_those_in_trouble_are_told_of,
    of_one_stream_the_ssrc_in_trouble_is_named,
)

if __name__ == "__main__":
    sealed_lab.run("test_trouble", TESTS, e2ee={"auth_failure_alarm": 0})
