# SPDX-License-Identifier: BSD-3-Clause
"""Media both ways through ports of every kind: sealed as the model seals it, what the model sealed opened,
the rest passed, and each packet accounted for."""

import contextlib
import pathlib
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import hugepages  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
import pcap  # noqa: E402
import port_lab  # noqa: E402
import router  # noqa: E402
import sealed_lab  # noqa: E402
from port_lab import KINDS  # noqa: E402


HUGEPAGES = 64  # of 2 MB


def carry(checks, name, **settings):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with port_lab.laboratory(KINDS[name], directory, **settings) as (lab, _):
            port_lab.Media(lab).check(checks, name)


def media_passes_af_packet(checks):
    carry(checks, "af_packet")


def media_passes_interfaces_by_libpcap(checks):
    carry(checks, "pcap")


def media_passes_af_xdp_in_copy_mode(checks):
    carry(checks, "af_xdp")


def media_passes_af_xdp_without_copies_where_the_driver_can(checks):
    """Where it cannot, as veth, it has to come out as copies and not as an error."""
    carry(checks, "af_xdp, as the driver has it")


def media_passes_taps(checks):
    carry(checks, "tap")


def media_passes_memif_as_server(checks):
    carry(checks, "memif, as server")


def media_passes_memif_as_client(checks):
    carry(checks, "memif, as client")


def media_passes_virtio_user_to_a_vhost_user_process(checks):
    carry(checks, "virtio-user")


def media_passes_virtio_user_as_the_one_that_is_connected_to(checks):
    carry(checks, "virtio-user, as server")


def media_passes_virtio_user_out_of_hugepages(checks):
    """The backend maps the daemon's memory, which is 8 files at most."""
    with hugepages.reserved(HUGEPAGES):
        carry(checks, "virtio-user", memory={"mb": 96, "hugepages": "required"})


def media_passes_vhost_user_to_a_virtio_user_process(checks):
    carry(checks, "vhost-user")


def a_ring_brings_back_what_is_sealed_and_it_is_opened(checks):
    """A ring lies within the process: what is sent to it comes back from it."""
    plain, ring = KINDS["af_packet"].ports("")[0], {"vdev": "net_ring0"}
    netns.add_veth("near0", port_lab.PLAIN)
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, [edge.link(sealed_lab.LINK, plain, ring, sealed_lab.RANGES)]) as daemon:
            daemon.call("session_create", session_id="s", e2ee=True)
            daemon.call("session_connect", session_id="s", base_key=sealed_lab.base_key("s"))
            stream = sealed_lab.Stream("s", frames.Flow("203.0.113.10", 20001, "198.51.100.20", 20001), 1)
            for method in ("stream_publish", "stream_subscribe"):
                daemon.call(method, session_id="s", link=sealed_lab.LINK, payload_types=sealed_lab.TYPES,
                            flow={"dst_ip": stream.flow.dst, "dst_port": stream.flow.dst_port})
            sent = [stream.frame(n, body) for n, body in enumerate(port_lab.bodies())]
            side = path_lab.Side(daemon, "open", port_lab.PLAIN, port_lab.PLAIN)
            came, counted = side.send(*sent)
            checks.equal(came, sent, "what came back")
            checks.equal(counted, {"opened": len(sent)}, "opened")
            checks.equal(daemon.call("stats_get")["seal"]["passes"]["sealed"], len(sent), "sealed")
            port_lab.check_sums(daemon)
    netns.ip("link", "del", "near0")


def what_is_in_pcap_files_passes_into_pcap_files(checks):
    """Read from the first moment on: before a stream can be named, so outside the media ranges."""
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        path, sent, ports = pathlib.Path(directory), [], []
        for n in range(2):
            flow = frames.Flow("203.0.113.10", 40000 + n, "198.51.100.20", 40000)
            sent.append([frames.udp_frame(flow, body) for body in port_lab.bodies()])
            pcap.write(path / f"in{n}", [(number * 1000, frame) for number, frame in enumerate(sent[n])])
            ports.append({"vdev": f"net_pcap{n},rx_pcap={path}/in{n},tx_pcap={path}/out{n}"})
        with edge.Edge(path / "daemon", [edge.link(sealed_lab.LINK, *ports, sealed_lab.RANGES)]) as daemon:
            port_lab.wait_until("not all frames were read", lambda: all(
                daemon.call("stats_get")[name]["packets_in"] == len(sent[0]) for name in ("seal", "open")))
            port_lab.check_sums(daemon)
        for n in range(2):
            checks.equal([frame for _, frame in pcap.read(path / f"out{1 - n}")], sent[n], f"what was in file {n}")


ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.2", 20000))
while True:
    data, peer = s.recvfrom(2048)
    print(data.hex(), flush=True)
    s.sendto(data, peer)
"""


def a_program_on_this_host_talks_through_a_tap_to_one_behind_the_nic(checks):
    """By sockets of the kernel, and ARP: the program here has the tap as its interface, and the
    one there, in a namespace of its own, sends back the sealed media that it gets."""
    netns.add_veth("near1", "there")
    with contextlib.closing(netns.Host()) as host, tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        host.take("there")
        for words in (("address", "add", "192.0.2.2/24", "dev", "there"), ("link", "set", "there", "arp", "on")):
            subprocess.run([*host.prefix, "ip", *words], check=True)
        # Or its checksums stay unfinished, as nothing on this wire ever leaves the host.
        subprocess.run([*host.prefix, "ethtool", "-K", "there", "tx", "off"], check=True, stdout=subprocess.DEVNULL)
        echo = subprocess.Popen([*host.prefix, "setpriv", "--pdeathsig", "KILL", "python3", "-c", ECHO], text=True,
                                stdout=subprocess.PIPE)
        links = [edge.link(sealed_lab.LINK, {"vdev": "net_tap0,iface=here"}, KINDS["af_packet"].ports("")[1],
                           [{"ip": "192.0.2.2", "ports": "20000"}])]
        with edge.Edge(directory, links) as daemon:
            netns.ip("address", "add", "192.0.2.1/24", "dev", "here")
            netns.ip("link", "set", "here", "mtu", "1472", "up")  # the tag, the header and the last byte come on top
            talk(checks, daemon, echo)
            port_lab.check_sums(daemon)
        echo.kill()
        echo.communicate()
    netns.ip("link", "del", "near1")


def talk(checks, daemon, echo):
    """Sends media to the echo and takes it back."""
    daemon.call("session_create", session_id="s", e2ee=True)
    daemon.call("session_connect", session_id="s", base_key=sealed_lab.base_key("s"))
    there = frames.Flow("192.0.2.1", 40000, "192.0.2.2", 20000)
    back = frames.Flow(there.dst, there.dst_port, there.src, there.src_port)
    for method, flow in (("stream_publish", there), ("stream_subscribe", back)):
        daemon.call(method, session_id="s", link=sealed_lab.LINK, payload_types=sealed_lab.TYPES,
                    flow=router.flow_of(flow))
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as program:
        program.bind((there.src, there.src_port))
        program.settimeout(5)
        for number, size in enumerate((1, 160, 1200, 1432)):
            packet = frames.rtp(sealed_lab.PAYLOAD_TYPE, number, number * 960, 1, bytes([number + 1]) * size)
            program.sendto(packet, (there.dst, there.dst_port))
            checks.equal(program.recv(2048), packet, f"{size} bytes, there and back")
            sealed = bytes.fromhex(echo.stdout.readline())
            checks.equal((len(sealed) - len(packet), sealed[:12]), (28, packet[:12]), f"{size} bytes, as received there")
            checks.true(size == 1 or packet[13:] not in sealed, f"{size} bytes are not in clear there")
    moved = daemon.call("stats_get")
    checks.equal((moved["seal"]["passes"]["sealed"], moved["open"]["passes"]["opened"]), (4, 4), "sealed and opened")
    checks.equal((sum(moved["seal"]["drops"].values()), sum(moved["open"]["drops"].values())), (0, 0), "dropped")


TESTS = (
    media_passes_af_packet,
    media_passes_interfaces_by_libpcap,
    media_passes_af_xdp_in_copy_mode,
    media_passes_af_xdp_without_copies_where_the_driver_can,
    media_passes_taps,
    media_passes_memif_as_server,
    media_passes_memif_as_client,
    media_passes_virtio_user_to_a_vhost_user_process,
    media_passes_virtio_user_as_the_one_that_is_connected_to,
    media_passes_virtio_user_out_of_hugepages,
    media_passes_vhost_user_to_a_virtio_user_process,
    a_ring_brings_back_what_is_sealed_and_it_is_opened,
    what_is_in_pcap_files_passes_into_pcap_files,
    a_program_on_this_host_talks_through_a_tap_to_one_behind_the_nic,
)


def main():
    netns.enter()
    cases.run("test_ports", TESTS)


if __name__ == "__main__":
    main()
