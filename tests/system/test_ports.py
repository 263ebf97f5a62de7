# SPDX-License-Identifier: BSD-3-Clause
"""Media both ways through ports of every kind: sealed as the model seals it, what the model sealed opened,
the rest passed, and each packet accounted for."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import netns  # noqa: E402
import port_lab  # noqa: E402
from port_lab import KINDS  # noqa: E402


def carry(checks, name):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with port_lab.laboratory(KINDS[name], directory) as (lab, _):
            port_lab.Media(lab).check(checks, name)


def media_passes_af_packet(checks):
    carry(checks, "af_packet")


def media_passes_interfaces_by_libpcap(checks):
    carry(checks, "pcap")


def media_passes_af_xdp_in_copy_mode(checks):
    carry(checks, "af_xdp")


def media_passes_taps(checks):
    carry(checks, "tap")


def media_passes_memif_as_server(checks):
    carry(checks, "memif, as server")


def media_passes_memif_as_client(checks):
    carry(checks, "memif, as client")


def media_passes_virtio_user_to_a_vhost_user_process(checks):
    carry(checks, "virtio-user")


def media_passes_vhost_user_to_a_virtio_user_process(checks):
    carry(checks, "vhost-user")


TESTS = (
    media_passes_af_packet,
    media_passes_interfaces_by_libpcap,
    media_passes_af_xdp_in_copy_mode,
    media_passes_taps,
    media_passes_memif_as_server,
    media_passes_memif_as_client,
    media_passes_virtio_user_to_a_vhost_user_process,
    media_passes_vhost_user_to_a_virtio_user_process,
)


def main():
    netns.enter()
    cases.run("test_ports", TESTS)


if __name__ == "__main__":
    main()
