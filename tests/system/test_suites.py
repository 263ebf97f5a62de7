# SPDX-License-Identifier: BSD-3-Clause
"""Every suite on real media through two edges, several suites in one session, and the alarm for
guessed tags."""

import contextlib
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "model"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import wire  # noqa: E402
import wire_format as model  # noqa: E402

SECONDS = 1
# One of each way to seal and each hash, where not all is asked for.
SOME = ("AES_256_CTR_HMAC_SHA512_80", "AES_256_GCM_SHA512_128", "AES_128_CTR_HMAC_SHA256_80", "AES_256_CTR")
OVERHEADS = {  # the tag, the SFrame header of 17 and the last byte
    "AES_256_CTR_HMAC_SHA512_80": 28,
    "AES_256_CTR_HMAC_SHA512_64": 26,
    "AES_256_CTR_HMAC_SHA512_32": 22,
    "AES_256_GCM_SHA512_128": 34,
    "AES_128_CTR_HMAC_SHA256_80": 28,
    "AES_128_CTR_HMAC_SHA256_64": 26,
    "AES_128_CTR_HMAC_SHA256_32": 22,
    "AES_128_GCM_SHA256_128": 34,
    "AES_256_CTR": 18,
}
LIMIT = 20  # wrong tags a second
AT_ONCE = 3 * LIMIT  # more than are allowed even where the daemon comes late to count them
VIDEO = "AES_256_CTR_HMAC_SHA512_80"
AUDIO = "AES_128_CTR_HMAC_SHA256_32"  # a shorter tag, and the other hash
ALARM_SUITE = "AES_256_CTR_HMAC_SHA512_32"
FLOW = frames.Flow("203.0.113.10", 41000, "198.51.100.20", 20100)
SSRC = 0x0BADCAFE


class Lab(list):
    """Both edges, and their wires."""

    def play(self, seconds=SECONDS):
        return call.Media(call.load(seconds), scope="session", session_id=call.SESSION).finish(*self)

    def forget(self):
        for edge in self:
            edge.call("session_delete", session_id=call.SESSION)


def grown(outcome):
    """By how many bytes the packets of a stream grew on the sealed side: one number each."""
    sealed = {call.sequence_of(frame): len(frame) for _, frame in outcome.sealed}
    return {sealed[call.sequence_of(frame)] - len(frame) for _, frame in outcome.sent
            if call.sequence_of(frame) in sealed}


def check_media(checks, played, overheads):
    for one in call.RECORDINGS:
        outcome = played.outcome(one.ssrc)
        checks.true(len(outcome.sent) > 10, f"{one.name}: only {len(outcome.sent)} packets were sent")
        checks.equal((len(outcome.lost), len(outcome.garbled), outcome.disordered), (0, 0, False),
                     f"{one.name}: lost, garbled, out of order")
        checks.equal(grown(outcome), {overheads[one.name]}, f"{one.name}: by how much it grew")
    checks.equal(played.strangers(), [], "frames that nobody sent")


def check_suite(checks, lab, suite):
    call.connect(*lab, call.new_secret(), suite)
    check_media(checks, lab.play(), {one.name: OVERHEADS[suite] for one in call.RECORDINGS})
    fingerprints = {edge.call("session_get", session_id=call.SESSION)["keys"][0]["fingerprint"]
                    for edge in lab}
    checks.equal(len(fingerprints), 1, "fingerprints of both edges")
    lab.forget()


def media_comes_out_as_it_went_in_with_each_suite(checks, lab):
    works = lab[0].call("has_end_to_end_encryption_support")
    checks.equal((works["supported"], works["why_not"]), (True, None), "support")
    checks.equal({suite["name"]: suite["works"] for suite in works["suites"]},
                 dict.fromkeys(OVERHEADS, True), "the suites that work")
    for suite in OVERHEADS if os.environ.get("RTPSEAL_ALL", "yes") == "yes" else SOME:
        before = len(checks.failures)
        check_suite(checks, lab, suite)
        checks.failures[before:] = [f"{suite}: {failure}" for failure in checks.failures[before:]]


def streams_of_one_session_have_suites_of_their_own(checks, lab):
    call.connect(*lab, call.new_secret(), VIDEO, {"opus": AUDIO})
    overheads = {one.name: OVERHEADS[VIDEO] for one in call.RECORDINGS} | {"opus": OVERHEADS[AUDIO]}
    check_media(checks, lab.play(), overheads)
    for edge in lab:
        suites = {stream["stream_id"]: stream["suite"] for stream in edge.call("stream_list")["streams"]}
        checks.equal(suites, {"vp8": VIDEO, "vp9": VIDEO, "h264": VIDEO, "opus": AUDIO}, "suites")
    lab.forget()


def key_tag(secret, suite_name):
    """What the session's key is called among streams of a suite, as the model has it."""
    digest = "sha256" if "SHA256" in suite_name else "sha512"
    made = model.extract(digest, model.base_key(secret, call.SESSION))
    return f"{model.key_tag(digest, made):04x}"


def a_wrong_secret_is_told_in_the_key_tags_of_the_streams_own_hash(checks, lab):
    right, wrong = call.new_secret(), call.new_secret()
    call.connect(*lab, right, VIDEO, {"opus": AUDIO})
    with lab[1].client() as client:
        client.call("events_subscribe", types=["encryption_secret_mismatch"])
        lab[1].ctl_json("session", "set-secret", call.SESSION, "--secret-stdin", "--activate-after-ms",
                        "0", "--grace-ms", "0", stdin=wrong + "\n")
        lab.play()
        told = {event["stream_id"]: event for event in client.collect_events(0.5)}
    for name, suite in (("vp8", VIDEO), ("opus", AUDIO)):
        event = told.get(name, {})
        checks.equal((event.get("cause"), event.get("key_tag"), event.get("key_tags_held")),
                     ("unknown_key_tag", key_tag(right, suite), [key_tag(wrong, suite)]), name)
    lab.forget()


def an_edge_with_another_suite_opens_nothing_and_says_so(checks, lab):
    call.connect(*lab, call.new_secret(), VIDEO)
    lab[1].call("stream_delete", stream_id="opus")
    lab[1].ctl_json("stream", "subscribe", "--session", call.SESSION, "--link", call.LINK, "--dst",
                    "198.51.100.20:20006", "--ssrc", hex(call.RECORDINGS[3].ssrc), "--pt", "111=opus",
                    "--id", "opus", "--suite", AUDIO)
    with lab[1].client() as client:
        client.call("events_subscribe", types=["suite_mismatch"])
        played = lab.play()
        told = client.collect_events(0.5)
    checks.equal([event["stream_id"] for event in told], ["opus"], "streams told of")
    checks.equal(len(played.outcome(call.RECORDINGS[3].ssrc).received), 0, "opened packets of it")
    drops = lab[1].call("stats_get", scope="stream", stream_id="opus")["open"]["drops"]
    checks.equal(drops["suite_mismatch"], len(played.outcome(call.RECORDINGS[3].ssrc).sent), "drops")
    lab.forget()


def sealed_frame(lab):
    """A frame as a sealing edge sends it, of a stream with a tag of 4 bytes."""
    for edge, method in zip(lab, ("stream_publish", "stream_subscribe")):
        edge.call("session_create", session_id=call.SESSION, e2ee=True)
        edge.call("session_connect", session_id=call.SESSION, base_key="5a" * 48)
        edge.call(method, session_id=call.SESSION, link=call.LINK, stream_id="guessed",
                  flow={"dst_ip": FLOW.dst, "dst_port": FLOW.dst_port}, suite=ALARM_SUITE,
                  payload_types={"111": {"codec": "opus"}})
    side = path_lab.Side(lab[0], "seal", "pub0", "r-a")
    plain = frames.rtp(111, 1, 160, SSRC, b"\xfc" + bytes(60))
    sealed, _ = side.send(frames.udp_frame(FLOW, plain))
    return sealed[0]


def guesses(frame, count):
    """So many packets of the frame's sender that were never sealed, with made-up tags: the count stands
    before the last byte, and one that was opened already would be a replay."""
    payload = frames.parse_udp(frame).payload
    for number in range(1, count + 1):
        yield frames.udp_frame(FLOW, payload[:-5] + number.to_bytes(4, "big") + payload[-1:])


def guessed_tags_raise_an_alarm_once_and_it_ends(checks, lab):
    frame = sealed_frame(lab)
    with lab[1].client() as client:
        client.call("events_subscribe", types=["auth_failure_rate"])
        wire.play("r-b", list(guesses(frame, LIMIT)))
        checks.equal(client.collect_events(2.5), [], "events of as many wrong tags as are allowed")
        told = []
        for _ in range(3):
            wire.play("r-b", list(guesses(frame, AT_ONCE)))
            told += client.collect_events(0.6)
        told += client.collect_events(4)
    checks.equal([event["state"] for event in told], ["begun", "ended"], "what was told")
    begun, ended = told
    for event, state in ((begun, "begun"), (ended, "ended")):
        checks.equal({name: event[name] for name in
                      ("session_id", "stream_id", "link", "state", "limit", "suite", "tag_bytes")},
                     {"session_id": call.SESSION, "stream_id": "guessed", "link": call.LINK, "state": state,
                      "limit": LIMIT, "suite": ALARM_SUITE, "tag_bytes": 4}, f"the event that it has {state}")
    checks.true(LIMIT < begun["wrong_tags"] <= AT_ONCE, f"wrong tags at first: {begun['wrong_tags']}")
    checks.equal(ended["wrong_tags"], 3 * AT_ONCE, "wrong tags in all")
    checks.true(1000 <= ended["lasted_ms"] < 5000, f"lasted {ended['lasted_ms']} ms")
    drops = lab[1].call("stats_get", scope="stream", stream_id="guessed")["open"]["drops"]
    checks.equal(drops["auth_failed"], LIMIT + 3 * AT_ONCE, "wrong tags counted")
    lab.forget()


TESTS = (
    media_comes_out_as_it_went_in_with_each_suite,
    streams_of_one_session_have_suites_of_their_own,
    a_wrong_secret_is_told_in_the_key_tags_of_the_streams_own_hash,
    an_edge_with_another_suite_opens_nothing_and_says_so,
    guessed_tags_raise_an_alarm_once_and_it_ends,
)


def main():
    netns.enter()
    network = call.Network()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory, e2ee={"auth_failure_alarm": LIMIT})
        with contextlib.closing(network), publisher, subscriber:
            cases.run("test_suites", TESTS, Lab([publisher, subscriber]))


if __name__ == "__main__":
    main()
