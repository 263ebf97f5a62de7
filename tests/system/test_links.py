# SPDX-License-Identifier: BSD-3-Clause
"""Ports that go down and come up again, and processes at their other end that die and return: told of, every
packet accounted for, media again afterwards, and no memory lost."""

import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import port_lab  # noqa: E402
import prometheus  # noqa: E402
import wire  # noqa: E402
from port_lab import KINDS, SEALED  # noqa: E402

HTTP_PORT = 9470
LOOK_SECONDS = 0.25  # between two looks at the ports
UNDER_WAY = 8  # buffers that a driver may hold more or less of; a burst that is lost has 32
GROWTH_KIB = 1024  # of a process that repeats itself


def buffers():
    page = prometheus.Page(prometheus.get(HTTP_PORT, "/metrics")[2])
    return page.value("rtpseal_packet_buffers_in_use")


def resident_kib(lab):
    status = pathlib.Path(f"/proc/{lab.daemon.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def told(lab, kind, sides):
    """The sides of the next events of that type, of which there are so many."""
    events = [lab.listener.wait_event(kind, 5) for _ in sides]
    return sorted(event["side"] if event else "none" for event in events)


def laboratory(name, directory):
    return port_lab.laboratory(KINDS[name], directory, http={"listen": f"127.0.0.1:{HTTP_PORT}"})


class Rounds:
    """Looks at a daemon after each of several rounds that are alike: at its memory from the first on."""

    def __init__(self, checks, lab):
        self.checks, self.lab, self.first = checks, lab, None
        self.growth_kib = GROWTH_KIB * (2 if lab.daemon.is_sanitized() else 1)  # what was freed stays for a while

    def over(self, what):
        self.checks.true(self.lab.daemon.alive(), f"{what}: the daemon lives")
        port_lab.check_sums(self.lab.daemon)
        now = buffers(), resident_kib(self.lab)
        if self.first is None:
            self.first = now
        self.checks.true(abs(now[0] - self.first[0]) <= UNDER_WAY, f"{what}: {now[0]} buffers in use, {self.first[0]} before")
        self.checks.true(now[1] - self.first[1] < self.growth_kib, f"{what}: {now[1]} KiB resident, {self.first[1]} before")


def go_down_and_up(checks, name, rounds=2):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with laboratory(name, directory) as (lab, _):
            media, watch = port_lab.Media(lab), Rounds(checks, lab)
            for number in range(rounds):
                what = f"{name}, round {number}"
                netns.ip("link", "set", SEALED, "down")
                checks.equal(told(lab, "link_down", ["sealed"]), ["sealed"], f"{what}: told that it is down")
                checks.true(not lab.client.call("health_get")["ready"], f"{what}: not ready")
                before = lab.seal.counters()
                sent = [media.out.frame(n, body) for n, body in enumerate(port_lab.bodies())]
                wire.play(port_lab.PLAIN, sent)
                came_in, accounted = path_lab.sums(lab.seal.settled(before["packets_in"] + len(sent)))
                checks.equal(accounted, came_in, f"{what}: accounted for while it is down")
                netns.ip("link", "set", SEALED, "up")
                checks.equal(told(lab, "link_up", ["sealed"]), ["sealed"], f"{what}: told that it is up")
                wire.play(port_lab.PLAIN, [port_lab.ARP])  # AF_PACKET sends on what it was given meanwhile
                time.sleep(LOOK_SECONDS)
                lab.watch_again(port_lab.PLAIN, SEALED)  # a socket that listens ends with the interface
                media.check(checks, what)
                watch.over(what)


def die_and_return(checks, name, rounds=2):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with laboratory(name, directory) as (lab, peer):
            watch = Rounds(checks, lab)
            lab.listener.collect_events(2 * LOOK_SECONDS)  # of the ports' first time up
            for number in range(rounds):
                what = f"{name}, round {number}"
                peer.kill()
                checks.equal(told(lab, "link_down", "ps"), ["plain", "sealed"], f"{what}: told that they are down")
                peer.__enter__()
                checks.equal(told(lab, "link_up", "ps"), ["plain", "sealed"], f"{what}: told that they are up")
                lab.watch_again(port_lab.PLAIN, port_lab.SEALED)  # the peer's taps are others now
                port_lab.Media(lab, f"round-{number}").check(checks, what)
                watch.over(what)


def a_wire_that_is_cut_under_af_packet_is_mended(checks):
    go_down_and_up(checks, "af_packet")


def a_peer_of_memif_dies_and_returns(checks):
    die_and_return(checks, "memif, as server")


def a_peer_that_memif_has_called_dies_and_is_called_again(checks):
    die_and_return(checks, "memif, as client")


TESTS = (
    a_wire_that_is_cut_under_af_packet_is_mended,
    a_peer_of_memif_dies_and_returns,
    a_peer_that_memif_has_called_dies_and_is_called_again,
)


def main():
    edge.keep_little_that_is_freed()
    netns.enter()
    cases.run("test_links", TESTS)


if __name__ == "__main__":
    main()
