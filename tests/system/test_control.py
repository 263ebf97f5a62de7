# SPDX-License-Identifier: BSD-3-Clause
"""What a running daemon refuses, with which error, and that nothing of what it refused was done."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import control_lab  # noqa: E402
import rpc  # noqa: E402
from control_lab import FLOW, OTHER_SECRET, SECRET, VP8, refused, raw, snapshot, stream_params  # noqa: E402

SMILE = "\N{SLIGHTLY SMILING FACE}"


def bad_secrets_are_refused_and_the_session_stays_unconnected(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    before = snapshot(client)
    for secret in ("1234567", "x" * 257, "", SMILE * 7, SMILE * 257):
        refused(checks, client, 6004, "invalid_encryption_secret", "encryption_secret",
                "session_connect", session_id="s", encryption_secret=secret)
    for key in ("00" * 31, "00" * 65, "0" * 65, "zz" * 32, ""):
        refused(checks, client, 6004, "invalid_encryption_secret", "base_key",
                "session_connect", session_id="s", base_key=key)
    refused(checks, client, 6000, "encryption_secret_missing", "encryption_secret",
            "session_connect", session_id="s")
    checks.equal(raw(client, b'{"jsonrpc":"2.0","id":1,"method":"session_connect","params":'
                     b'{"session_id":"s","encryption_secret":"\xff\xfe\xfd\xfc12345678"}}'),
                 (6004, "invalid_encryption_secret"), "invalid UTF-8")
    checks.equal(snapshot(client), before, "the daemon's state after all this")


def secrets_of_8_and_256_characters_of_any_script_are_taken(checks, fixture):
    for secret in ("12345678", SMILE * 8, SMILE * 256):
        client = fixture.fresh()
        client.call("session_create", session_id="s", e2ee=True)
        reply = client.call("session_connect", session_id="s", encryption_secret=secret)
        checks.equal(reply["epoch"], 1, f"epoch with a secret of {len(secret)} characters")


def one_secret_has_one_fingerprint_and_base_keys_their_own(checks, fixture):
    prints = []
    for params in ({"encryption_secret": SECRET}, {"encryption_secret": SECRET},
                   {"encryption_secret": OTHER_SECRET}, {"base_key": "ab" * 32}):
        client = fixture.fresh()
        client.call("session_create", session_id="s", e2ee=True)
        prints.append(client.call("session_connect", session_id="s", **params)["fingerprint"])
    checks.equal(prints[0], prints[1], "the same secret's fingerprint")
    checks.equal(len(set(prints)), 3, "different fingerprints of three keys")


def streams_need_a_connected_session(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    client.call("session_create", session_id="open")
    before = snapshot(client)
    for method in ("stream_publish", "stream_subscribe"):
        refused(checks, client, 6000, "encryption_secret_missing", "session_id", method,
                **stream_params())
        refused(checks, client, 6107, "not_connected", "session_id", method,
                **stream_params(session_id="open"))
        refused(checks, client, 6105, "unknown_session", "session_id", method,
                **stream_params(session_id="nobody"))
    refused(checks, client, 6107, "not_connected", "session_id", "session_set_encryption_secret",
            session_id="s", encryption_secret=SECRET)
    refused(checks, client, 6100, "e2ee_not_enabled", "session_id", "session_set_encryption_secret",
            session_id="open", encryption_secret=SECRET)
    refused(checks, client, 6105, "unknown_session", "session_id", "session_set_encryption_secret",
            session_id="nobody", encryption_secret=SECRET)
    checks.equal(snapshot(client), before, "the daemon's state after all this")


def bad_streams_are_refused_and_not_made(checks, fixture):
    client = fixture.connected()
    before = snapshot(client)
    rows = (
        (6113, "unknown_link", "link", {"link": "edge9"}),
        (6110, "unknown_codec", "payload_types", {"payload_types": {"96": {"codec": "VP10"}}}),
        (6111, "bad_payload_type", "payload_types", {"payload_types": {"70": {"codec": "VP8"}}}),
        (6111, "bad_payload_type", "payload_types", {"payload_types": {"64": {"codec": "VP8"}}}),
        (6111, "bad_payload_type", "payload_types", {"payload_types": {"95": {"codec": "VP8"}}}),
        (6111, "bad_payload_type", "payload_types", {"payload_types": {"128": {"codec": "VP8"}}}),
        (6111, "bad_payload_type", "payload_types", {"payload_types": {"-1": {"codec": "VP8"}}}),
        (6111, "bad_payload_type", "payload_types", {"payload_types": {"x": {"codec": "VP8"}}}),
        (-32602, "invalid_params", "payload_types", {"payload_types": {"96": "VP8"}}),
        (-32602, "invalid_params", "payload_types", {"payload_types": []}),
        (-32602, "invalid_params", "payload_types", {"payload_types": VP8 | {"97": {"codec": "rtx"}}}),
        (-32602, "invalid_params", "payload_types", {"payload_types": VP8 | {"97": {"codec": "rtx", "apt": 98}}}),
        (-32602, "invalid_params", "payload_types", {"payload_types": {"96": {"codec": "VP8", "apt": 96}}}),
        (6112, "unknown_suite", "suite", {"suite": "ROT13"}),
        (-32602, "invalid_params", "flow", {"flow": FLOW | {"dst_port": 21000}}),
        (-32602, "invalid_params", "flow", {"flow": FLOW | {"dst_ip": "198.51.101.20"}}),
        (-32602, "invalid_params", "flow", {"flow": "198.51.100.20:20000"}),
        (-32602, "invalid_params", "flow.dst_ip", {"flow": FLOW | {"dst_ip": "example.org"}}),
        (-32602, "invalid_params", "flow.dst_port", {"flow": FLOW | {"dst_port": 65536}}),
        (-32602, "invalid_params", "flow.dst_port", {"flow": FLOW | {"dst_port": "20000"}}),
        (-32602, "invalid_params", "flow.vlan", {"flow": FLOW | {"vlan": 4095}}),
        (-32602, "invalid_params", "flow.src_ip", {"flow": FLOW | {"src_ip": "2001:db8::1"}}),
        (-32602, "invalid_params", "flow", {"flow": FLOW | {"proto": "udp"}}),
        (-32602, "invalid_params", "ssrc", {"ssrc": []}),
        (-32602, "invalid_params", "ssrc", {"ssrc": [1, 1]}),
        (-32602, "invalid_params", "ssrc", {"ssrc": 2**32}),
        (-32602, "invalid_params", "ssrc", {"ssrc": -1}),
        (-32602, "invalid_params", "replay_window", {"replay_window": 63}),
        (-32602, "invalid_params", "replay_window", {"replay_window": 8193}),
        (-32602, "invalid_params", "stream_id", {"stream_id": "a b"}),
        (-32602, "invalid_params", "stream_id", {"stream_id": "x" * 129}),
        (-32602, "invalid_params", "colour", {"colour": "blue"}),
    )
    for code, reason, param, changes in rows:
        for method in ("stream_publish", "stream_subscribe"):
            refused(checks, client, code, reason, param, method, **stream_params(**changes))
    for name in ("session_id", "link", "flow", "payload_types"):
        params = stream_params()
        del params[name]
        refused(checks, client, -32602, "invalid_params", name, "stream_publish", **params)
    half = {k: v for k, v in FLOW.items() if k != "src_port"}
    refused(checks, client, -32602, "invalid_params", "flow.src_port", "stream_publish",
            **stream_params(flow=half))
    checks.equal(snapshot(client), before, "the daemon's state after all this")


def the_same_flow_is_taken_once_per_shape_and_direction(checks, fixture):
    client = fixture.connected()
    anywhere = {"dst_ip": FLOW["dst_ip"], "dst_port": FLOW["dst_port"]}
    shapes = ({}, {"ssrc": 7}, {"flow": anywhere}, {"flow": anywhere, "ssrc": [7, 8]},
              {"flow": FLOW | {"vlan": 5}})
    for shape in shapes:
        client.call("stream_publish", **stream_params(**shape))
        client.call("stream_subscribe", **stream_params(**shape))
    before = snapshot(client)
    for shape in shapes:
        refused(checks, client, 6109, "flow_in_use", "flow", "stream_publish", **stream_params(**shape))
        refused(checks, client, 6109, "flow_in_use", "flow", "stream_subscribe", **stream_params(**shape))
    refused(checks, client, 6109, "flow_in_use", "flow", "stream_publish",
            **stream_params(flow=anywhere, ssrc=[9, 8]))
    checks.equal(snapshot(client), before, "the daemon's state after all this")
    client.call("stream_publish", **stream_params(flow=anywhere, ssrc=9, stream_id="nine"))
    client.call("stream_delete", stream_id="nine")
    client.call("stream_publish", **stream_params(flow=anywhere, ssrc=9))


def unknown_names_are_refused(checks, fixture):
    client = fixture.connected()
    for method in ("stream_get", "stream_delete"):
        refused(checks, client, 6108, "unknown_stream", "stream_id", method, stream_id="none")
    for method in ("session_get", "session_disconnect", "session_delete"):
        refused(checks, client, 6105, "unknown_session", "session_id", method, session_id="none")
    refused(checks, client, 6105, "unknown_session", "session_id", "session_connect",
            session_id="none", encryption_secret=SECRET)
    refused(checks, client, 6105, "unknown_session", "session_id", "stats_get", scope="session",
            session_id="none")
    refused(checks, client, -32602, "invalid_params", "scope", "stats_get", scope="galaxy")
    refused(checks, client, -32602, "invalid_params", "types", "events_subscribe", types=["weather"])
    refused(checks, client, -32601, "method_not_found", None, "session_explode")


def impossible_sessions_are_refused_and_not_made(checks, fixture):
    client = fixture.connected()
    before = snapshot(client)
    rows = (
        (6102, "relayed_session_cannot_be_e2ee", "media_mode", {"e2ee": True, "media_mode": "relayed"}),
        (6103, "always_archived_session_cannot_be_e2ee", "archive_mode",
         {"e2ee": True, "archive_mode": "always"}),
        (6106, "session_exists", "session_id", {"session_id": "s"}),
        (6112, "unknown_suite", "suite", {"suite": "aes_256_ctr_hmac_sha512_8"}),
        (-32602, "invalid_params", "session_id", {"session_id": ""}),
        (-32602, "invalid_params", "session_id", {"session_id": "x" * 129}),
        (-32602, "invalid_params", "session_id", {"session_id": "a/b"}),
        (-32602, "invalid_params", "session_id", {"session_id": 7}),
        (-32602, "invalid_params", "e2ee", {"e2ee": 1}),
        (-32602, "invalid_params", "media_mode", {"media_mode": "sideways"}),
        (-32602, "invalid_params", "grace_ms", {"grace_ms": 2999, "activate_after_ms": 1000}),
        (-32602, "invalid_params", "grace_ms", {"grace_ms": -1}),
        (-32602, "invalid_params", "replay_window", {"replay_window": 9000}),
    )
    for code, reason, param, params in rows:
        refused(checks, client, code, reason, param, "session_create", **params)
    checks.equal(snapshot(client), before, "the daemon's state after all this")


def a_change_of_secret_waits_for_the_one_before(checks, fixture):
    """By base keys: to derive one could take longer than the delay."""
    client = fixture.connected(activate_after_ms=3000, grace_ms=60000)
    change = client.call("session_set_encryption_secret", session_id="s", base_key="22" * 32)
    checks.equal(change["epoch"], 2, "epoch of the change")
    before = snapshot(client)
    try:
        client.call("session_set_encryption_secret", session_id="s", base_key="33" * 32)
        checks.true(False, "a change while one is staged was not refused")
    except rpc.RpcError as error:
        checks.equal((error.code, error.reason, error.retryable), (6114, "epoch_conflict", True),
                     "a change while one is staged")
    refused(checks, client, 6114, "epoch_conflict", "expect_epoch", "session_set_encryption_secret",
            session_id="s", base_key="33" * 32, expect_epoch=1)
    refused(checks, client, -32602, "invalid_params", "grace_ms", "session_set_encryption_secret",
            session_id="s", base_key="33" * 32, activate_after_ms=500, grace_ms=2499)
    states = {key["epoch"]: key["state"] for key in before[0][0]["keys"]}
    checks.equal(states, {1: "active", 2: "staged"}, "the ring while the change is staged")
    end = time.monotonic() + 30
    while "staged" in states.values() and time.monotonic() < end:
        time.sleep(0.05)
        states = {key["epoch"]: key["state"] for key in snapshot(client)[0][0]["keys"]}
    checks.equal(states, {1: "previous", 2: "active"}, "the ring after the delay")


def the_active_secret_again_changes_nothing(checks, fixture):
    client = fixture.connected()
    before = snapshot(client)
    again = client.call("session_set_encryption_secret", session_id="s", encryption_secret=SECRET)
    checks.equal(again["epoch"], 1, "epoch of the active secret given again")
    checks.equal(snapshot(client), before, "the daemon's state")


TESTS = (
    bad_secrets_are_refused_and_the_session_stays_unconnected,
    secrets_of_8_and_256_characters_of_any_script_are_taken,
    one_secret_has_one_fingerprint_and_base_keys_their_own,
    streams_need_a_connected_session,
    bad_streams_are_refused_and_not_made,
    the_same_flow_is_taken_once_per_shape_and_direction,
    unknown_names_are_refused,
    impossible_sessions_are_refused_and_not_made,
    a_change_of_secret_waits_for_the_one_before,
    the_active_secret_again_changes_nothing,
)

if __name__ == "__main__":
    control_lab.run("test_control", TESTS)
