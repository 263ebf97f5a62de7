# SPDX-License-Identifier: BSD-3-Clause
"""What end-to-end encryption means to a session, with the real daemon: which sessions can have it, whose
media is left alone, what a host without it says, and what becomes of media while secrets change."""

import contextlib
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import rpc  # noqa: E402
import sealed_lab  # noqa: E402
from control_lab import OTHER_SECRET, SECRET, raw, refused, snapshot  # noqa: E402
from sealed_lab import Sender, base_key  # noqa: E402

NEVER = b"\xff\xfe\xfd\xfc12345678"  # no UTF-8


class Labs:
    """A daemon, and one whose host has end-to-end encryption switched off."""

    def __init__(self, on, off):
        self.on, self.off = on, off


def fresh(lab):
    lab.forget()
    return lab.client


# ---- which sessions ---------------------------------------------------------------------------


def only_routed_sessions_that_are_not_always_archived_can_be_e2ee(checks, labs):
    relayed, archived = "relayed_session_cannot_be_e2ee", "always_archived_session_cannot_be_e2ee"
    rows = (
        ("routed", "manual", None), ("routed", "always", archived),
        ("relayed", "manual", relayed), ("relayed", "always", relayed),
    )
    for mode, archive, reason in rows:
        client = fresh(labs.on)
        wanted = {"media_mode": mode, "archive_mode": archive}
        made = client.call("session_create", session_id="plain", **wanted)
        checks.equal({name: made[name] for name in ("e2ee", *wanted)}, {"e2ee": False} | wanted, f"{wanted}")
        try:
            made = client.call("session_create", session_id="sealed", e2ee=True, **wanted)
        except rpc.RpcError as error:
            checks.equal(error.reason, reason, f"e2ee with {wanted}")
        else:
            checks.equal((reason, made["e2ee"]), (None, True), f"e2ee with {wanted}")
        names = [one["session_id"] for one in client.call("session_list")["sessions"]]
        checks.equal(names, ["plain", "sealed"] if reason is None else ["plain"], f"sessions with {wanted}")


def varied(flow):
    """Frames of one flow that an edge which looks into them would change or drop."""
    rtp = frames.rtp
    padded = rtp(111, 4, 640, 9, b"\xfc" + bytes(20), padding=7)
    return [
        frames.udp_frame(flow, rtp(96, 1, 160, 9, bytes(range(200)), marker=1)),
        frames.udp_frame(flow, rtp(111, 2, 320, 9, b"")),
        frames.udp_frame(flow, rtp(0, 3, 480, 9, bytes(160), csrcs=range(15))),
        frames.udp_frame(flow, padded),
        frames.udp_frame(flow, bytes([padded[0] | 0x10]) + padded[1:12] + bytes.fromhex("bede000110aa0000")
                         + padded[12:]),
        frames.udp_frame(flow, rtp(127, 5, 800, 9, bytes(1400))),
        frames.udp_frame(flow, rtp(111, 6, 960, 9, Sender(base_key("theirs")).seal(b"\xfc" + bytes(40)))),
        frames.udp_frame(flow, rtp(111, 7, 1120, 9, bytes(50)), udp_checksum=0),
        frames.udp_frame(flow, rtp(111, 8, 1280, 9, bytes(50)), options=b"\x01" * 8),
    ]


def check_passes(checks, lab, session, what):
    """Media of the session comes out byte for byte in both directions, and is counted as passed."""
    for side, method, direction in ((lab.seal, "stream_publish", "seal"), (lab.open, "stream_subscribe", "open")):
        stream = lab.stream(session, f"{session}-{direction}", method)
        media = varied(stream.flow)
        out, counted = side.send(*media)
        checks.equal((len(out), out == media, counted), (len(media), True, {"passed": len(media)}),
                     f"{what}, {direction}: came out, unchanged, counted")
        for scope in ({"scope": "stream", "stream_id": stream.name}, {"scope": "session", "session_id": session}):
            counters = lab.client.call("stats_get", **scope)[direction]
            checks.equal((counters["packets_in"], counters["packets_out"], counters["passes"]["passed"],
                          counters["bytes_in"], counters["bytes_out"]),
                         (len(media),) * 3 + (sum(map(len, media)),) * 2, f"{what}, counted by {scope['scope']}")


def media_of_sessions_without_e2ee_passes_untouched_and_counted(checks, labs):
    for what, settings in (("routed", {}), ("relayed", {"media_mode": "relayed"}),
                           ("always archived", {"archive_mode": "always"})):
        lab = labs.on
        fresh(lab)
        check_passes(checks, lab, lab.session("open", **settings), what)
        refused(checks, lab.client, 6100, "e2ee_not_enabled", "session_id", "session_set_encryption_secret",
                session_id="open", encryption_secret=SECRET)
        lab.client.call("session_create", session_id="later", **settings)
        refused(checks, lab.client, 6100, "e2ee_not_enabled", None, "session_connect", session_id="later",
                encryption_secret=SECRET)
        checks.equal(lab.client.call("session_get", session_id="later")["state"], "created", "refused a secret")
        checks.equal(lab.told(), [], "told of media that is passed")


def a_host_without_e2ee_says_so_and_still_passes_media(checks, labs):
    client = fresh_off(labs)
    support = client.call("has_end_to_end_encryption_support")
    checks.equal(support["supported"], False, "supported")
    checks.true("e2ee.enabled" in support["why_not"], f"why not: {support['why_not']!r}")
    refused(checks, client, 6100, "e2ee_not_enabled", "e2ee", "session_create", session_id="s", e2ee=True)
    refused(checks, client, 6105, "unknown_session", "session_id", "session_connect", session_id="s",
            encryption_secret=SECRET)
    checks.equal(client.call("session_list")["sessions"], [], "sessions made")
    for mode in ("routed", "relayed"):
        check_passes(checks, labs.off, labs.off.session(mode, media_mode=mode), f"{mode}, e2ee switched off")
    checks.equal(labs.on.client.call("has_end_to_end_encryption_support")["supported"], True,
                 "supported where it is switched on")


def fresh_off(labs):
    """Without the listener's fence, which needs e2ee."""
    for one in labs.off.client.call("session_list")["sessions"]:
        labs.off.client.call("session_delete", session_id=one["session_id"])
    return labs.off.client


# ---- secrets ----------------------------------------------------------------------------------


def message_of(client, method, **params):
    try:
        client.call(method, **params)
    except rpc.RpcError as error:
        return error.reason, error.message
    return None, ""


def a_secret_before_the_connection_is_refused_with_what_to_do_instead(checks, labs):
    client = fresh(labs.on)
    client.call("session_create", session_id="s", e2ee=True)
    before = snapshot(client)
    for state in ("created", "disconnected"):
        reason, message = message_of(client, "session_set_encryption_secret", session_id="s",
                                     encryption_secret=SECRET)
        checks.equal(reason, "not_connected", f"a secret for a session that is {state}")
        checks.true("session_connect" in message, f"{state}: {message!r} names no method that helps")
        reason, message = message_of(client, "stream_publish", session_id="s", link=sealed_lab.LINK,
                                     flow={"dst_ip": "198.51.100.20", "dst_port": 20999}, payload_types={})
        checks.equal(reason, "encryption_secret_missing", f"a stream of a session that is {state}")
        checks.true("session_connect" in message, f"{state}: {message!r} names no method that helps")
        if state == "created":
            checks.equal(snapshot(client), before, "the daemon's state after all this")
            client.call("session_connect", session_id="s", base_key=base_key("any"))
            client.call("session_disconnect", session_id="s")
    client.call("session_create", session_id="open")
    reason, message = message_of(client, "stream_publish", session_id="open", link=sealed_lab.LINK,
                                 flow={"dst_ip": "198.51.100.20", "dst_port": 20999}, payload_types={})
    checks.equal(reason, "not_connected", "a stream of a session without e2ee that is not connected")
    checks.true("session_connect" in message, f"{message!r} names no method that helps")


# What no secret is: parameters, code, reason, the parameter that is to blame.
BAD = (
    ({}, 6000, "encryption_secret_missing", "encryption_secret"),
    ({"encryption_secret": "1234567"}, 6004, "invalid_encryption_secret", "encryption_secret"),
    ({"encryption_secret": "x" * 257}, 6004, "invalid_encryption_secret", "encryption_secret"),
    ({"base_key": "00" * 31}, 6004, "invalid_encryption_secret", "base_key"),
    ({"base_key": "00" * 65}, 6004, "invalid_encryption_secret", "base_key"),
    ({"base_key": "0" * 65}, 6004, "invalid_encryption_secret", "base_key"),
    ({"base_key": "zz" * 32}, 6004, "invalid_encryption_secret", "base_key"),
    ({"encryption_secret": SECRET, "base_key": "00" * 32}, -32602, "invalid_params", "base_key"),
)


def two_secrets_at_once_connect_nothing(checks, labs):
    """Each bad secret alone is in test_control."""
    client = fresh(labs.on)
    client.call("session_create", session_id="s", e2ee=True)
    before = snapshot(client)
    refused(checks, client, -32602, "invalid_params", "base_key", "session_connect", session_id="s",
            encryption_secret=SECRET, base_key="00" * 32)
    checks.equal(snapshot(client), before, "the daemon's state")


def refused_changes_of_a_live_session_change_nothing_of_its_media(checks, labs):
    lab = labs.on
    client = fresh(lab)
    stream = lab.stream(lab.session("s", "first"), "live")
    sender = Sender(base_key("first"))
    lab.open.send(lab.frame(stream, sender)[0])
    lab.told()
    before, listener = snapshot(client), lab.daemon.client(timeout=30)
    listener.call("events_subscribe", types=["secret_staged"])
    for params, code, reason, blamed in BAD:
        refused(checks, client, code, reason, blamed, "session_set_encryption_secret", session_id="s", **params)
        frame, plain = lab.frame(stream, sender)
        checks.equal(lab.open.send(frame), ([plain], {"opened": 1}), f"a packet after {str(params)[:60]}")
    checks.equal(raw(client, b'{"jsonrpc":"2.0","id":1,"method":"session_set_encryption_secret","params":'
                     b'{"session_id":"s","encryption_secret":"' + NEVER + b'"}}'),
                 (6004, "invalid_encryption_secret"), "invalid UTF-8")
    checks.equal(snapshot(client), before, "the daemon's state")
    client.call("session_set_encryption_secret", session_id="s", base_key=base_key("second"))
    event = listener.wait_event("secret_staged", 30)
    checks.equal(event and event["epoch"], 2, "epoch of the first secret that is staged after all this")
    listener.close()


def a_secret_changed_while_media_flows_changes_nothing_in_it(checks, labs):
    """Both directions; derived from secrets, one after the other, with a delay and a grace."""
    lab = labs.on
    client = fresh(lab)
    client.call("session_create", session_id="s", e2ee=True, activate_after_ms=300, grace_ms=60000)
    client.call("session_connect", session_id="s", encryption_secret=SECRET)
    incoming = lab.stream("s", "in")
    outgoing = lab.stream("s", "out", "stream_publish")
    old, new = (Sender(sealed_lab.derived(secret, "s")) for secret in (SECRET, OTHER_SECRET))

    def check_in(what, *senders):
        pairs = [lab.frame(incoming, sender) for sender in senders]
        checks.equal(lab.open.send(*(frame for frame, _ in pairs)),
                     ([plain for _, plain in pairs], {"opened": len(pairs)}), f"{what}: packets in")

    def check_media(what, sealed_by, *senders):
        check_in(what, *senders * 10)
        out, counted = lab.seal.send(outgoing.frame(lab.number(), b"\xfc" + bytes(60)))
        checks.equal(counted, {"sealed": 1}, f"{what}: a packet out")
        tag = frames.parse_udp(out[0]).payload[-18:][7:9].hex()
        checks.equal(tag, sealed_by.key_tag, f"{what}: the key tag of a packet out")

    check_media("before", old, old)
    client.call("session_set_encryption_secret", session_id="s", encryption_secret=OTHER_SECRET)
    check_in("staged", *(old, new) * 5)
    while client.call("session_get", session_id="s")["keys"][0]["state"] != "active":
        time.sleep(0.01)
    while lab.seal.send(outgoing.frame(lab.number(), b"\xfc" + bytes(60)))[0][0][-11:-9].hex() != new.key_tag:
        time.sleep(0.01)  # sealing streams take their turns
    check_media("active", new, old, new)
    checks.equal([event["type"] for event in lab.told()], ["encryption_secret_match"], "told, the first packet's")


def activations_are_told_in_their_order(checks, labs):
    """Though nothing was sealed with the first secret, and with the second at once."""
    lab = labs.on
    client = fresh(lab)
    listener = lab.daemon.client()
    listener.call("events_subscribe", types=["secret_activated"])
    client.call("session_create", session_id="s", e2ee=True)
    client.call("session_connect", session_id="s", base_key=base_key("first"))
    outgoing = lab.stream("s", "out", "stream_publish")
    client.call("session_set_encryption_secret", session_id="s", base_key=base_key("second"),
                activate_after_ms=0, grace_ms=60000)
    lab.seal.send(outgoing.frame(1, b"\xfc" + bytes(60)))
    told = [listener.wait_event("secret_activated", 30) for _ in range(2)]
    checks.equal([event and event["epoch"] for event in told], [1, 2], "epochs")
    checks.equal([event and event["workers"][0]["first_sealed_ns"] is None for event in told], [True, False],
                 "nothing was sealed with it")
    listener.close()


TESTS = (
    only_routed_sessions_that_are_not_always_archived_can_be_e2ee,
    media_of_sessions_without_e2ee_passes_untouched_and_counted,
    a_host_without_e2ee_says_so_and_still_passes_media,
    a_secret_before_the_connection_is_refused_with_what_to_do_instead,
    two_secrets_at_once_connect_nothing,
    refused_changes_of_a_live_session_change_nothing_of_its_media,
    a_secret_changed_while_media_flows_changes_nothing_in_it,
    activations_are_told_in_their_order,
)


def main():
    netns.enter()
    wires = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        on, off = wires.edges(directory)
        off.config["e2ee"] = {"enabled": False}
        with contextlib.closing(wires), on, off:
            cases.run("test_semantics", TESTS,
                      Labs(sealed_lab.Lab(on, "pub0", "r-a"), sealed_lab.Lab(off, "sub0", "r-b")))


if __name__ == "__main__":
    main()
