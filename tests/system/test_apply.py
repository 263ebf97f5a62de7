# SPDX-License-Identifier: BSD-3-Clause
"""A whole desired state of sessions and streams at a running daemon: 10,000 streams, again and again,
flows that change hands while media runs, and what a restart means."""

import json
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import rpc  # noqa: E402
from frames import Flow  # noqa: E402

SECRET = "correct horse battery staple"
MANY = 10000
PIECE_BYTES = 60000
RANGES = [{"ip": "198.51.100.0/24", "ports": "10000-59999"}]
VP8 = {"96": {"codec": "VP8"}}


def session(name, **options):
    return {"session_id": name, "e2ee": True} | options


def stream(name, port, session_id="room", direction="seal", **options):
    return {"stream_id": name, "session_id": session_id, "direction": direction, "link": "edge0",
            "flow": {"dst_ip": "198.51.100.20", "dst_port": port}, "payload_types": VP8} | options


def many_streams(count=MANY, **options):
    return [stream(f"s{number}", 10000 + number, **options) for number in range(count)]


def pieces(streams):
    """Lists of streams that each fit into a request."""
    piece, size = [], 0
    for entry in streams:
        length = len(json.dumps(entry)) + 2
        if piece and size + length > PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += length
    if piece:
        yield piece


def begin(client, sessions, streams):
    txn = client.call("apply_begin")["txn"]
    client.call("apply_add", txn=txn, sessions=sessions)
    for piece in pieces(streams):
        client.call("apply_add", txn=txn, streams=piece)
    return txn


def apply(client, sessions, streams):
    return client.call("apply_commit", txn=begin(client, sessions, streams))


def counts(result, kind):
    """{change: how many} of those that are not 0."""
    return {name: count for name, count in result[kind].items() if count}


def empty(daemon):
    client = daemon.client(60)
    apply(client, [], [])
    return client


def packet_to(port, sequence=1, payload=b"\x10" + bytes(range(60))):
    flow = Flow("203.0.113.10", 40000, "198.51.100.20", port)
    return frames.udp_frame(flow, frames.rtp(96, sequence, 1000, 0x01020304, payload))


def ten_thousand_streams_are_made_again_and_removed(checks, daemon, _):
    client = empty(daemon)
    began = time.monotonic()
    result = apply(client, [session("room")], many_streams())
    checks.equal((counts(result, "sessions"), counts(result, "streams")),
                 ({"created": 1}, {"created": MANY}), "made")
    checks.equal(client.call("stats_get")["streams"], MANY, "streams that there are")
    result = apply(client, [session("room")], many_streams())
    checks.equal((counts(result, "sessions"), counts(result, "streams"), result["differences"]),
                 ({"unchanged": 1}, {"unchanged": MANY}, []), "the same again")
    result = apply(client, [session("room")], many_streams(payload_types={"100": {"codec": "VP9"}}))
    checks.equal(counts(result, "streams"), {"changed": MANY}, "other payload types")
    result = apply(client, [session("room")], many_streams(suite="AES_256_GCM_SHA512_128"))
    checks.equal(counts(result, "streams"), {"changed": MANY}, "another suite")
    result = apply(client, [], [])
    checks.equal((counts(result, "sessions"), counts(result, "streams")),
                 ({"deleted": 1}, {"deleted": MANY}), "removed")
    checks.equal(client.call("stats_get")["streams"], 0, "streams that are left")
    checks.true(time.monotonic() - began < 60, f"five changes took {time.monotonic() - began:.1f} s")


def a_dry_run_pages_through_the_differences(checks, daemon, _):
    client = empty(daemon)
    txn = begin(client, [session("room")], many_streams(2500))
    seen, cursor = [], {}
    while True:
        page = client.call("apply_commit", txn=txn, dry_run=True, **cursor)
        seen += [(row["kind"], row["id"], row["change"]) for row in page["differences"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    checks.equal(seen, [("session", "room", "create")] +
                 [("stream", f"s{number}", "create") for number in range(2500)], "differences")
    checks.equal(client.call("session_list")["sessions"], [], "sessions after a dry run")
    checks.equal(counts(client.call("apply_commit", txn=txn), "streams"), {"created": 2500}, "then for real")


def what_it_makes_waits_for_its_secret(checks, daemon, sides):
    client = empty(daemon)
    apply(client, [session("room"), {"session_id": "clear"}],
          [stream("a", 20000), stream("b", 20001, session_id="clear")])
    seal = sides[0]
    for port in (20000, 20001):
        checks.equal(seal.send(packet_to(port)), ([], {"no_key": 1}), f"port {port} before connect")
    client.call("session_connect", session_id="room", encryption_secret=SECRET)
    client.call("session_connect", session_id="clear")
    checks.equal(seal.send(packet_to(20000))[1], {"sealed": 1}, "e2ee, after connect")
    checks.equal(seal.send(packet_to(20001)), ([packet_to(20001)], {"passed": 1}), "without e2ee, after connect")
    epoch = client.call("session_get", session_id="room")["epoch"]
    apply(client, [session("room", grace_ms=9000), {"session_id": "clear"}], [stream("a", 20000, replay_window=64)])
    after = client.call("session_get", session_id="room")
    checks.equal((after["epoch"], after["grace_ms"], after["state"]), (epoch, 9000, "connected"),
                 "a session that is changed keeps its keys")
    checks.equal(seal.send(packet_to(20000))[1], {"sealed": 1}, "after its stream was exchanged")


def all_or_nothing(checks, daemon, sides):
    client = empty(daemon)
    apply(client, [session("room")], [stream("a", 20000), stream("b", 20001)])
    client.call("session_connect", session_id="room", encryption_secret=SECRET)
    before = client.call("session_list"), client.call("stream_list")
    wrong = [
        ("flow_in_use", [session("room")], [stream("c", 20002), stream("d", 20002)]),
        ("unknown_session", [session("room")], [stream("c", 20002, session_id="hall")]),
        ("no_capacity", [session(f"s{number}") for number in range(64)], []),
    ]
    for reason, sessions, streams in wrong:
        try:
            apply(client, sessions, streams)
            checks.true(False, f"{reason}: was not refused")
        except rpc.RpcError as error:
            checks.equal(error.reason, reason, f"refused: {error.message}")
        checks.equal((client.call("session_list"), client.call("stream_list")), before, f"{reason}: what there is")
    checks.equal(sides[0].send(packet_to(20000), packet_to(20001))[1], {"sealed": 2}, "media afterwards")


def a_flow_changes_hands_without_a_packet_lost(checks, daemon, sides):
    """Two streams exchange their flows over and over while packets of both are on their way."""
    client = empty(daemon)
    sessions = [session("room")]
    ways = ([stream("a", 20000), stream("b", 20001)], [stream("a", 20001), stream("b", 20000)])
    apply(client, sessions, ways[0])
    client.call("session_connect", session_id="room", encryption_secret=SECRET)
    total = {}
    for turn in range(40):
        txn = begin(client, sessions, ways[(turn + 1) % 2])
        client.last_id += 1
        commit = {"jsonrpc": "2.0", "id": client.last_id, "method": "apply_commit", "params": {"txn": txn}}
        client.send_bytes(json.dumps(commit).encode() + b"\n")  # while the packets below are sent
        _, counted = sides[0].send(*[packet_to(20000 + number % 2, number) for number in range(50)])
        reply = client.read_reply()
        checks.equal(counts(reply["result"], "streams"), {"changed": 2}, f"turn {turn}")
        for outcome, count in counted.items():
            total[outcome] = total.get(outcome, 0) + count
    checks.equal(total, {"sealed": 2000}, "what became of the packets")


def a_transaction_ends_with_its_connection(checks, daemon, _):
    client = empty(daemon)
    with daemon.client() as other:
        txn = begin(other, [session("room")], [])
        try:
            client.call("apply_commit", txn=txn)
            checks.true(False, "another connection's transaction was committed")
        except rpc.RpcError as error:
            checks.equal((error.reason, error.param), ("invalid_params", "txn"), "of another connection")
    for _ in range(8):  # more than there can be at once: each has ended
        with daemon.client() as other:
            begin(other, [session("room")], [])
    checks.equal(client.call("session_list")["sessions"], [], "nothing of them was done")


def after_a_restart_media_is_blocked_until_the_state_is_applied_anew(checks, daemon, sides):
    client = empty(daemon)
    apply(client, [session("room")], [stream("a", 20000)])
    client.call("session_connect", session_id="room", encryption_secret=SECRET)
    checks.equal(sides[0].send(packet_to(20000))[1], {"sealed": 1}, "before")
    before = client.call("get_version")["instance"]
    daemon.stop()
    daemon.start()
    client = daemon.client()
    checks.true(client.call("get_version")["instance"] != before, "another instance")
    checks.equal(sides[0].send(packet_to(20000)), ([], {"no_stream": 1}), "after the restart")
    apply(client, [session("room")], [stream("a", 20000)])
    checks.equal(sides[0].send(packet_to(20000)), ([], {"no_key": 1}), "applied, not connected")
    client.call("session_connect", session_id="room", encryption_secret=SECRET)
    checks.equal(sides[0].send(packet_to(20000))[1], {"sealed": 1}, "connected")


TESTS = (
    ten_thousand_streams_are_made_again_and_removed,
    a_dry_run_pages_through_the_differences,
    what_it_makes_waits_for_its_secret,
    all_or_nothing,
    a_flow_changes_hands_without_a_packet_lost,
    a_transaction_ends_with_its_connection,
    after_a_restart_media_is_blocked_until_the_state_is_applied_anew,
)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        limits = {"sessions": 64, "streams": 2 * MANY, "senders": 256}
        with edge.Edge(directory, links, limits=limits) as daemon:
            sides = (path_lab.Side(daemon, "seal", "plain-far", "sealed-far"),
                     path_lab.Side(daemon, "open", "sealed-far", "plain-far"))
            cases.run("test_apply", TESTS, daemon, sides)


if __name__ == "__main__":
    main()
