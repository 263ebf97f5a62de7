# SPDX-License-Identifier: BSD-3-Clause
"""Two workers on ports with two queues and with one: both seal, a flow stays with one of them, no counter is
used twice, and each packet is accounted for."""

import collections
import contextlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import port_lab  # noqa: E402
import sealed_lab  # noqa: E402
from port_lab import KINDS  # noqa: E402

FLOWS, PACKETS = 32, 20
DESTINATION = ("198.51.100.20", 20000)


def frames_of(flow):
    """What one publisher sends: a flow of its own, and an SSRC."""
    addresses = frames.Flow("203.0.113.10", 40000 + flow, *DESTINATION)
    return [frames.udp_frame(addresses, frames.rtp(sealed_lab.PAYLOAD_TYPE, n, n * 960, 1 + flow, bytes([flow, n]) * 40))
            for n in range(PACKETS)]


def read(frame):
    """(SSRC, sequence number, KID, CTR) of a sealed frame."""
    packet = frames.parse_rtp(frames.parse_udp(frame).payload)
    return packet.ssrc, packet.sequence, packet.body[-17:-9], packet.body[-9:-1]


def by_worker(daemon):
    """Packets sealed by each worker."""
    workers = daemon.call("stats_get", scope="worker")["workers"]
    return [worker["seal"]["passes"]["sealed"] for worker in workers]


@contextlib.contextmanager
def published(name, queues):
    """A daemon with two workers on ports of a kind, and a stream that all the flows belong to."""
    if len(edge.cpus()) < 2:
        raise cases.Skip("there is one CPU, and each worker needs one")
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with port_lab.laboratory(KINDS[name], directory, queues=queues, cpus=edge.cpus()[:2]) as (lab, _):
            lab.session("queues", "queues")
            lab.client.call("stream_publish", session_id="queues", link=sealed_lab.LINK, payload_types=sealed_lab.TYPES,
                            flow={"dst_ip": DESTINATION[0], "dst_port": DESTINATION[1]})
            yield lab


def check(checks, name, both, queues=2):
    """`both`: whether each of the workers has to get some of the flows."""
    with published(name, queues) as lab:
        flows = [frames_of(flow) for flow in range(FLOWS)]
        sent = [frame for turn in zip(*flows) for frame in turn]
        came = []
        for at in range(0, len(sent), FLOWS):
            out, counted = lab.seal.send(*sent[at : at + FLOWS])
            came += out
            checks.equal((len(out), counted), (FLOWS, {"sealed": FLOWS}), f"{name}: sealed of packet {at // FLOWS}")
        look_at(checks, name, both, [read(frame) for frame in came], by_worker(lab.daemon))


def look_at(checks, name, both, packets, sealed):
    checks.equal(sum(sealed), FLOWS * PACKETS, f"{name}: sealed by all workers")
    checks.equal([count > 0 for count in sealed].count(True), 2 if both else 1, f"{name}: workers that sealed, {sealed}")
    checks.equal(len({packet[2:] for packet in packets}), FLOWS * PACKETS, f"{name}: different (KID, CTR)")
    kids, sequences = collections.defaultdict(set), collections.defaultdict(list)
    for ssrc, sequence, kid, _ in packets:
        kids[ssrc].add(kid)
        sequences[ssrc].append(sequence)
    # Each worker has a sender of its own for the stream, and with it a KID.
    checks.equal({len(seen) for seen in kids.values()}, {1}, f"{name}: KIDs of a flow")
    checks.equal(len({kid for seen in kids.values() for kid in seen}), 2 if both else 1, f"{name}: KIDs of all")
    checks.equal([ssrc for ssrc in sequences if sequences[ssrc] != list(range(PACKETS))], [], f"{name}: out of order")


def two_queues_of_a_tap_have_a_worker_each(checks):
    check(checks, "tap", both=True)


def two_queues_of_af_xdp_have_a_worker_each(checks):
    """On a tap of two queues, whose driver tells of them."""
    check(checks, "af_xdp, on a tap", both=True)


def more_queues_than_af_xdp_finds_are_refused_at_the_start(checks):
    """It counts combined channels (ethtool -l), and veth has none, whatever its queues."""
    try:
        check(checks, "af_xdp", both=True)
    except RuntimeError as error:
        checks.true("Specified queue count 2 is larger than combined queue count 1" in str(error), f"why: {error}")
    else:
        checks.fail("the daemon started")


def two_packet_sockets_have_a_worker_each(checks):
    check(checks, "af_packet", both=True)


def two_rings_of_memif_have_a_worker_each(checks):
    check(checks, "memif, as server", both=True)


def two_queues_of_virtio_user_have_a_worker_each(checks):
    check(checks, "virtio-user", both=True)


def two_queues_of_vhost_user_have_a_worker_each(checks):
    check(checks, "vhost-user", both=True)


def one_queue_of_an_interface_has_both_workers(checks):
    check(checks, "pcap", both=True, queues=1)


def one_packet_socket_has_both_workers(checks):
    check(checks, "af_packet", both=True, queues=1)


def one_ring_of_memif_has_both_workers(checks):
    check(checks, "memif, as server", both=True, queues=1)


def a_change_of_secret_reaches_the_flows_that_were_handed_on(checks):
    with published("pcap", queues=1) as lab:
        for number, turn in enumerate(zip(*(frames_of(flow) for flow in range(FLOWS)))):
            tag = lab.client.call("session_set_encryption_secret", session_id="queues", activate_after_ms=0, grace_ms=0,
                                  base_key=sealed_lab.base_key(f"change {number}"))["key_tag"]
            out, counted = lab.seal.send(*turn)
            checks.equal((len(out), counted), (FLOWS, {"sealed": FLOWS}), f"change {number}: outcomes")
            checks.equal({read(frame)[2][-2:].hex() for frame in out}, {tag}, f"change {number}: key tags of all flows")
        checks.equal([count > 0 for count in by_worker(lab.daemon)], [True, True], "workers that sealed")


TESTS = (
    two_queues_of_a_tap_have_a_worker_each,
    two_queues_of_af_xdp_have_a_worker_each,
    more_queues_than_af_xdp_finds_are_refused_at_the_start,
    two_packet_sockets_have_a_worker_each,
    two_rings_of_memif_have_a_worker_each,
    two_queues_of_virtio_user_have_a_worker_each,
    two_queues_of_vhost_user_have_a_worker_each,
    one_queue_of_an_interface_has_both_workers,
    one_packet_socket_has_both_workers,
    one_ring_of_memif_has_both_workers,
    a_change_of_secret_reaches_the_flows_that_were_handed_on,
)


def main():
    netns.enter()
    cases.run("test_queues", TESTS)


if __name__ == "__main__":
    main()
