# SPDX-License-Identifier: BSD-3-Clause
"""The same as test_links.py, ten rounds of each, and for more kinds of ports: what is lost a little at a time shows."""

import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
import port_lab  # noqa: E402
import sealed_lab  # noqa: E402
import test_links  # noqa: E402
import wire  # noqa: E402
from port_lab import KINDS  # noqa: E402

ROUNDS = 10
GAP_NS = 10_000  # between two packets
KILLS = 30  # without the wait in memif.c, one of about thirty ended the daemon


def wires_are_cut_and_mended_under_af_packet(checks):
    test_links.go_down_and_up(checks, "af_packet", ROUNDS)


def wires_are_cut_and_mended_under_af_xdp(checks):
    test_links.go_down_and_up(checks, "af_xdp", ROUNDS)


def peers_of_memif_die_and_return(checks):
    test_links.die_and_return(checks, "memif, as server", ROUNDS)


def peers_that_memif_has_called_die_and_are_called_again(checks):
    test_links.die_and_return(checks, "memif, as client", ROUNDS)


def backends_of_virtio_user_die_and_return(checks):
    test_links.die_and_return(checks, "virtio-user, as server", ROUNDS)


def peers_of_vhost_user_die_and_return(checks):
    test_links.die_and_return(checks, "vhost-user", ROUNDS)


def peers_of_memif_die_while_packets_are_sent_to_them(checks):
    """The driver takes its rings away at once; a worker may be in them."""
    kind, draw = KINDS["memif, as server"], random.Random(5)
    frames = [(n * GAP_NS, port_lab.ARP) for n in range(int(1e9 / GAP_NS))]
    netns.add_veth("near0", port_lab.PLAIN)
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        ports = KINDS["af_packet"].ports("")[0], kind.ports(directory)[1]
        with edge.Edge(pathlib.Path(directory) / "daemon", [edge.link(sealed_lab.LINK, *ports, sealed_lab.RANGES)]) as daemon:
            for number in range(KILLS):
                peer = port_lab.Peer(kind, directory, sides=(1,)).__enter__()
                port_lab.wait_for_ports(daemon, up=True)
                player = wire.Player(port_lab.PLAIN, frames).start()
                time.sleep(draw.uniform(0.1, 0.4))
                peer.kill()
                port_lab.wait_until("the sealed port is not down", lambda: not port_lab.ports_of(daemon)[1]["up"])
                player.stop()
                checks.true(daemon.alive(), f"round {number}: the daemon lives")
            port_lab.check_sums(daemon)
    netns.ip("link", "del", "near0")


TESTS = (
    wires_are_cut_and_mended_under_af_packet,
    wires_are_cut_and_mended_under_af_xdp,
    peers_of_memif_die_and_return,
    peers_that_memif_has_called_die_and_are_called_again,
    backends_of_virtio_user_die_and_return,
    peers_of_memif_die_while_packets_are_sent_to_them,
    peers_of_vhost_user_die_and_return,
)


def main():
    edge.keep_little_that_is_freed()
    netns.enter()
    cases.run("test_links_long", TESTS)


if __name__ == "__main__":
    main()
