# SPDX-License-Identifier: BSD-3-Clause
"""The control socket's protocol: broken lines, clients that leave, order, limits, events, the end."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import control_lab  # noqa: E402
import rpc  # noqa: E402
from control_lab import OTHER_SECRET, SECRET, raw, snapshot, stream_params  # noqa: E402


def events_tell_a_change_of_secret_from_staged_to_retired(checks, fixture):
    listener = fixture.daemon.client()
    listener.call("events_subscribe", types=["secret_staged", "secret_activated", "secret_retired"])
    client = fixture.connected(activate_after_ms=0, grace_ms=0)
    checks.equal(listener.wait_event("secret_activated", 15)["epoch"], 1, "epoch of the first secret")
    client.call("session_set_encryption_secret", session_id="s", encryption_secret=OTHER_SECRET)
    seen = listener.collect_events(3)
    told = [(event["type"], event["epoch"]) for event in seen]
    checks.equal(told, [("secret_staged", 2), ("secret_activated", 2), ("secret_retired", 1)],
                 "events of an immediate change")
    numbers = [event["seq"] for event in seen]  # on a busy machine others are said between
    checks.true(all(a < b for a, b in zip(numbers, numbers[1:])), f"their numbers: {numbers}")
    checks.true(all(event["session_id"] == "s" for event in seen), "an event without its session")
    late = fixture.daemon.client()
    late.call("events_subscribe", from_seq=seen[0]["seq"], types=["secret_retired"])
    checks.equal(late.collect_events(0.3), seen[2:], "the retirement, asked for afterwards")


def broken_lines_are_answered_and_the_connection_goes_on(checks, fixture):
    client = fixture.fresh()
    good = b'{"jsonrpc":"2.0","id":"after","method":"get_version"}'
    rows = (
        (b"{", (-32700, "parse_error")),
        (b"", None),
        (b"not json", (-32700, "parse_error")),
        (b'{"jsonrpc":"2.0","id":1,"method":"get_version"} x', (-32700, "parse_error")),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"get_version"}', (-32700, "parse_error")),
        (b'{"jsonrpc":"2.0","id":1,"method":"get_version","x":"\xff"}', (-32700, "parse_error")),
        (b"[" * 5000, (-32700, "parse_error")),
        (b"[]", (-32600, "invalid_request")),
        (b'[{"jsonrpc":"2.0","id":1,"method":"get_version"}]', (-32600, "invalid_request")),
        (b"7", (-32600, "invalid_request")),
        (b'{"id":1,"method":"get_version"}', (-32600, "invalid_request")),
        (b'{"jsonrpc":"1.0","id":1,"method":"get_version"}', (-32600, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":1}', (-32600, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', (-32600, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":{},"method":"get_version"}', (-32600, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":1,"method":"get_version","params":[]}', (-32602, "invalid_params")),
        (b'{"jsonrpc":"2.0","id":1,"method":"get_version","params":{"x":1}}', (-32602, "invalid_params")),
    )
    for line, expected in rows:
        if expected is not None:
            checks.equal(raw(client, line), expected, f"{line[:60]!r}")
        reply = raw(client, good)
        checks.equal((reply or {}).get("id"), "after", f"the call behind {line[:60]!r}")


def a_line_too_long_is_refused_before_it_ends(checks, fixture):
    client = fixture.fresh()
    begin = b'{"jsonrpc":"2.0","id":1,"method":"get_version","params":{"x":"'
    try:
        client.send_bytes(begin + b"x" * (1 << 20))
    except (BrokenPipeError, ConnectionResetError):
        pass
    reply = client.read_reply()
    checks.equal((reply["error"]["code"], reply["error"]["data"]["reason"]), (-32600, "request_too_large"),
                 "a line of 1 MiB")
    checks.true(fixture.daemon.alive() and fixture.daemon.answers(), "the daemon is gone")


def a_client_that_leaves_in_the_middle_leaves_nothing_behind(checks, fixture):
    client = fixture.connected()
    before = snapshot(client)
    for line in (b'{"jsonrpc":"2.0","id":1,"method":"session_create","params":{"session_id":"half',
                 b'{"jsonrpc":"2.0","id":1,"method":"session_create","params":{"session_id":"half"}}',
                 b"\n" * 100, b"\0" * 100):
        with fixture.daemon.client() as leaver:
            leaver.send_bytes(line)
    time.sleep(0.1)
    checks.equal(snapshot(client), before, "the daemon's state after half lines")
    with fixture.daemon.client() as leaver:
        change = {"session_id": "s", "encryption_secret": OTHER_SECRET}
        leaver.send_bytes(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "session_set_encryption_secret",
                                      "params": change}).encode() + b"\n")
    time.sleep(1.0)
    checks.true(fixture.daemon.alive() and fixture.daemon.answers(), "gone with its client's derivation")


def replies_come_in_order_while_keys_are_derived(checks, fixture):
    client = fixture.fresh()
    client.call("session_create", session_id="s", e2ee=True)
    lines = [{"method": "session_connect", "params": {"session_id": "s", "encryption_secret": SECRET}},
             {"method": "stream_publish", "params": stream_params()}, {"method": "get_version"}]
    for number, line in enumerate(lines):
        client.send_bytes(json.dumps({"jsonrpc": "2.0", "id": number} | line).encode() + b"\n")
    began = time.monotonic()
    fixture.daemon.call("get_version")
    checks.true(time.monotonic() - began < 0.25, "another client waited for the derivation")
    replies = [client.read_reply() for _ in lines]
    checks.equal([reply["id"] for reply in replies], [0, 1, 2], "the order of the replies")
    checks.true(all("result" in reply for reply in replies), f"an error among {replies}")


def more_than_64_clients_are_turned_away(checks, fixture):
    held = []
    try:
        while len(held) < 70:
            client = fixture.daemon.client(timeout=2)
            held.append(client)
            try:
                client.call("get_version")
            except (ConnectionError, rpc.RpcError, OSError):
                break
        checks.true(60 <= len(held) <= 65, f"{len(held) - 1} clients were served")
    finally:
        for client in held:
            client.close()
    time.sleep(0.2)
    checks.true(fixture.daemon.answers(), "nobody is served after they have left")


def neither_log_nor_replies_hold_a_secret(checks, fixture):
    client = fixture.connected()
    told = [client.call("session_get", session_id="s"), client.call("session_list"),
            client.call("stats_get"), client.call("rpc_get_methods")]
    for text in (json.dumps(told), fixture.daemon.log()):
        for secret in (SECRET, OTHER_SECRET, "ab" * 32, SECRET.encode().hex()):
            checks.true(secret not in text, f"{secret!r} in {text[:80]!r}")
    checks.true("session_connect" in fixture.daemon.log(), "the log names no change")


def sigterm_ends_it_with_0_and_leaves_no_socket(checks, fixture):
    checks.equal(fixture.daemon.stop(), 0, "exit code")
    checks.true(not fixture.daemon.socket_path.exists(), "the socket is still there")
    for secret in (SECRET, OTHER_SECRET):
        checks.true(secret not in fixture.daemon.log(), "a secret in the log")


TESTS = (
    events_tell_a_change_of_secret_from_staged_to_retired,
    broken_lines_are_answered_and_the_connection_goes_on,
    a_line_too_long_is_refused_before_it_ends,
    a_client_that_leaves_in_the_middle_leaves_nothing_behind,
    replies_come_in_order_while_keys_are_derived,
    more_than_64_clients_are_turned_away,
    neither_log_nor_replies_hold_a_secret,
    sigterm_ends_it_with_0_and_leaves_no_socket,
)

if __name__ == "__main__":
    control_lab.run("test_socket", TESTS)
