# SPDX-License-Identifier: BSD-3-Clause
"""The same as test_links.py, ten rounds of each, and for more kinds of ports: what is lost a little at a time shows."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import netns  # noqa: E402
import test_links  # noqa: E402

ROUNDS = 10


def wires_are_cut_and_mended_under_af_packet(checks):
    test_links.go_down_and_up(checks, "af_packet", ROUNDS)


def wires_are_cut_and_mended_under_af_xdp(checks):
    test_links.go_down_and_up(checks, "af_xdp", ROUNDS)


def peers_of_memif_die_and_return(checks):
    test_links.die_and_return(checks, "memif, as server", ROUNDS)


def peers_of_vhost_user_die_and_return(checks):
    test_links.die_and_return(checks, "vhost-user", ROUNDS)


TESTS = (
    wires_are_cut_and_mended_under_af_packet,
    wires_are_cut_and_mended_under_af_xdp,
    peers_of_memif_die_and_return,
    peers_of_vhost_user_die_and_return,
)


def main():
    netns.enter()
    cases.run("test_links_long", TESTS)


if __name__ == "__main__":
    main()
