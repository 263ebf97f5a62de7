# SPDX-License-Identifier: BSD-3-Clause
"""A daemon whose ports are of any kind that DPDK has, wired so that what a kernel interface called plain-far
sends enters the plain side, what one called sealed-far sends the sealed one, and the other way round.

Ports without an interface of their own have dpdk-testpmd as the process at their other end, which joins each
to a tap of that name."""

import contextlib
import pathlib
import shutil
import subprocess
import time
from typing import NamedTuple

import cases
import edge
import frames
import netns
import path_lab
import sealed_lab
import wire_format as model

PLAIN, SEALED = "plain-far", "sealed-far"
PATIENCE_SECONDS = 10
PEER_MEMORY_MB = 128
BODY_BYTES = (1, 2, 33, 160, 500, 777, 1200, 1432)  # 1432: with RTP, UDP and IP, and sealed, 1500
ROUNDS = 4
ARP = frames.ethernet(bytes(46), ethertype=0x0806)


def wait_until(what, true):
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} after {PATIENCE_SECONDS} s")
        time.sleep(0.02)


def exists(interface):
    return pathlib.Path(f"/sys/class/net/{interface}").exists()


class Kind(NamedTuple):
    """What a port is called in the configuration and at its other end, as templates: {n} is 0 on the plain side
    and 1 on the sealed one, {far} the far interface, {near} another, {dir} a directory."""

    port: str
    peer: str = None  # dpdk-testpmd's device; None: it is a kernel interface
    peer_first: bool = False  # it has to be there when the daemon starts
    veth: bool = False  # {near} and {far} are the ends of a wire
    queues: str = None  # the argument, of the port and its peer, that gives it {queues}
    peer_counts: bool = True  # the peer's device takes that argument too

    def ports(self, directory, queues=1):
        told = {} if queues == 1 or self.queues else {"queues": queues}
        return [{"vdev": self.port.format(n=n, far=far, near=f"near{n}", dir=directory) + self.more(queues)} | told
                for n, far in enumerate((PLAIN, SEALED))]

    def more(self, queues):
        """Of a device's arguments: those that give it so many queues, where it is to be told."""
        if queues == 1 or self.queues is None:
            return ""
        return self.queues.format(queues=queues)


MEMIF = "net_memif{n},id={n},socket={dir}/memif,socket-abstract=no"
MEMIF_ABSTRACT = "net_memif{n},id={n},socket={dir}/memif"  # of a server that dies nothing stays in its own way
KINDS = {
    "af_packet": Kind(f"net_af_packet{{n}},iface={{near}},framecnt={edge.RING_FRAMES}", veth=True,
                      queues=",qpairs={queues}"),
    "pcap": Kind("net_pcap{n},rx_iface_in={near},tx_iface={near}", veth=True),
    "af_xdp": Kind("net_af_xdp{n},iface={near},force_copy=1", veth=True, queues=",queue_count={queues}"),
    "af_xdp, as the driver has it": Kind("net_af_xdp{n},iface={near}", veth=True, queues=",queue_count={queues}"),
    "af_xdp, on a tap": Kind("net_af_xdp{n},iface=near{n},force_copy=1", "net_tap1{n},iface=near{n}", peer_first=True,
                             queues=",queue_count={queues}", peer_counts=False),
    "tap": Kind("net_tap{n},iface={far}"),
    "memif, as server": Kind(MEMIF + ",role=server", MEMIF + ",role=client"),
    "memif, as client": Kind(MEMIF_ABSTRACT + ",role=client", MEMIF_ABSTRACT + ",role=server", peer_first=True),
    "virtio-user": Kind("net_virtio_user{n},path={dir}/vhost{n},queue_size=1024", "net_vhost{n},iface={dir}/vhost{n}",
                        peer_first=True, queues=",queues={queues}"),
    "virtio-user, as server": Kind("net_virtio_user{n},path={dir}/vhost{n},queue_size=1024,server=1,packed_vq=1",
                                   "net_vhost{n},iface={dir}/vhost{n},client=1", peer_first=True),
    "vhost-user": Kind("net_vhost{n},iface={dir}/vhost{n}", "net_virtio_user{n},path={dir}/vhost{n},queue_size=1024",
                       queues=",queues={queues}"),
}


class Peer:
    """dpdk-testpmd: joins the other ends of the daemon's ports to taps. Ends with its context; started again,
    it is another process."""

    def __init__(self, kind, directory, cpu=None, queues=1, sides=(0, 1)):
        if shutil.which("dpdk-testpmd") is None:
            raise cases.Skip("dpdk-testpmd is not installed: scripts/setup test")
        self.log_path = pathlib.Path(directory) / "testpmd.log"
        self.taps = [(PLAIN, SEALED)[n] for n in sides]
        if "iface=near" in kind.peer:
            self.taps += [f"near{n}" for n in sides]
        cpu = edge.cpus()[-1] if cpu is None else cpu
        self.command = ["setpriv", "--pdeathsig", "KILL", "stdbuf", "-oL", "dpdk-testpmd", "--lcores", ",".join(f"{n}@{cpu}" for n in range(queues + 1)),
                        "--no-pci", "--no-telemetry", "--no-huge", "--no-shconf", "-m", str(PEER_MEMORY_MB)]
        for n in sides:  # testpmd joins each port to its neighbour
            self.command += ["--vdev", kind.peer.format(n=n, near=f"near{n}", dir=directory)
                             + (kind.more(queues) if kind.peer_counts else ""),
                             "--vdev", f"net_tap{n},iface={(PLAIN, SEALED)[n]}"]
        self.command += ["--", "-i", "--auto-start", "--no-flush-rx", "--disable-link-check", "--no-mlockall",
                         "--total-num-mbufs=8192", f"--rxq={queues}", f"--txq={queues}",
                         f"--nb-cores={queues}"]
        self.process = None

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            wait_until("dpdk-testpmd does not forward", self.forwards)
            for tap in self.taps:
                netns.set_up(tap, 1500)
        except (RuntimeError, subprocess.CalledProcessError):
            self.kill()
            raise RuntimeError(f"dpdk-testpmd:\n{self.text()[-2000:]}") from None
        return self

    def text(self):
        return self.log_path.read_text(errors="replace")

    def forwards(self):
        if self.process.poll() is not None:
            raise RuntimeError("dpdk-testpmd has ended")
        return "packet forwarding - ports=" in self.text()

    def kill(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.kill()


def ports_of(daemon):
    return daemon.call("stats_get", scope="port")["ports"]


def wait_for_ports(daemon, up):
    wait_until(f"the ports are not {'up' if up else 'down'}",
               lambda: all(port["up"] == up for port in ports_of(daemon)))


@contextlib.contextmanager
def wires(kind, queues=1):
    """The veth pairs that a kind needs; gone at the end."""
    ends = [(f"near{n}", far) for n, far in enumerate((PLAIN, SEALED))] if kind.veth else []
    for near, far in ends:
        netns.add_veth(near, far, queues=queues)
    try:
        yield
    finally:
        for near, _ in ends:
            netns.ip("link", "del", near)


@contextlib.contextmanager
def laboratory(kind, directory, queues=1, **settings):
    """Gives (sealed_lab.Lab of the daemon, Peer or None) once both ports are up."""
    links = [edge.link(sealed_lab.LINK, *kind.ports(directory, queues), sealed_lab.RANGES)]
    daemon = edge.Edge(pathlib.Path(directory) / "daemon", links, **settings)
    netns.keep_new_ones_silent()
    with contextlib.ExitStack() as stack:
        stack.enter_context(wires(kind, queues))
        peer = Peer(kind, directory, queues=queues) if kind.peer else None
        for one in (peer, daemon) if kind.peer_first else (daemon, peer):
            if one is not None:
                stack.enter_context(one)
        if not kind.peer and not kind.veth:
            for far in (PLAIN, SEALED):
                netns.set_up(far, 1500)
        wait_for_ports(daemon, up=True)
        lab = sealed_lab.Lab(daemon, PLAIN, SEALED)
        yield lab, peer
        check_sums(daemon)


def check_sums(daemon):
    """Each path: what came in is what went out and what was dropped."""
    for port in ports_of(daemon):
        path = port.get("seal") or port.get("open")
        came_in, accounted = path_lab.sums(path)
        if came_in != accounted:
            raise RuntimeError(f"{port['link']} {port['side']}: {came_in} came in, {accounted} are accounted for")


# ---- media both ways -----------------------------------------------------------------------------


def bodies(count=ROUNDS):
    """Of packets no two of which are alike."""
    return [bytes([0xFC, n][:size]) + bytes([n]) * (size - 2) for n in range(count) for size in BODY_BYTES]


def seal_by_model(key, frame, plain_body):
    """What the payload of this sealed frame ought to be, given the KID and CTR that it says."""
    sealed = frames.parse_rtp(frames.parse_udp(frame).payload).body
    kid, ctr = (int.from_bytes(sealed[at : at + 8], "big") for at in (-17, -9))
    sender = sealed_lab.Sender(key)
    keys = model.sender_keys(sender.suite, model.extract(sender.suite.digest, bytes.fromhex(key)), kid)
    return sealed, model.seal(sender.suite, sealed_lab.CODEC, plain_body, kid, ctr, keys)


class Media:
    """A session with one stream each way."""

    def __init__(self, lab, name="ports"):
        self.lab, self.key = lab, sealed_lab.base_key(name)
        lab.session(name, name)
        self.out, self.into = lab.stream(name, f"{name}-out", "stream_publish"), lab.stream(name, f"{name}-in")
        self.sender = sealed_lab.Sender(self.key)

    def check_sealing(self, checks, what):
        sent = [(self.lab.number(), body) for body in bodies()]
        came, counted = self.lab.seal.send(*(self.out.frame(n, body) for n, body in sent))
        checks.equal((len(came), counted), (len(sent), {"sealed": len(sent)}), f"{what}: sealed")
        for frame, (_, body) in zip(came, sent):
            checks.equal(*seal_by_model(self.key, frame, body), f"{what}: {len(body)} bytes, sealed")
            checks.true(path_lab.checksums_are_right(frame), f"{what}: checksums of {len(body)} bytes, sealed")

    def check_opening(self, checks, what):
        sent = [(self.lab.number(), body) for body in bodies()]
        came, counted = self.lab.open.send(*(self.into.frame(n, self.sender.seal(body)) for n, body in sent))
        checks.equal(counted, {"opened": len(sent)}, f"{what}: opened")
        checks.equal(came, [self.into.frame(n, body) for n, body in sent], f"{what}: what came out")

    def check(self, checks, what):
        """Seals and opens, and lets pass what is no media."""
        self.check_sealing(checks, what)
        self.check_opening(checks, what)
        for side in (self.lab.seal, self.lab.open):
            checks.equal(side.send(ARP, ARP), ([ARP, ARP], {"bridged": 2}), f"{what}: ARP, {side.direction}")
