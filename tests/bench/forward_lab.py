# SPDX-License-Identifier: BSD-3-Clause
"""A running rtpseald on one CPU, between two memif ports, and dpdk-testpmd on another, which sends it recordings
and takes what comes out; and what both tell of it."""

import collections
import contextlib
import os
import pathlib
import random
import sys
import tempfile
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "bench")]
import edge  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import pcap  # noqa: E402
import rate_search  # noqa: E402
import testpmd  # noqa: E402

SUITES = {0xF001: "AES_256_CTR", 0x0006: "AES_256_CTR_HMAC_SHA512_80", 0x0005: "AES_256_GCM_SHA512_128"}
PAYLOADS = (160, 500, 1200)
DIRECTIONS = ("seal", "open")
PACKETS = 4096  # in a recording, each with a payload of its own: more bytes than a core's caches hold
PAYLOAD_TYPE = 96
FIRST_PORT = 20000
SESSION_KEY = "5a" * 32
LINK = "edge0"
WARM_SECONDS = 0.3
WINDOWS = 3  # that a measurement is made of
WAIT_SECONDS = 20
MTU = 1500


def flow(suite):
    """Each suite has a stream of its own."""
    return frames.Flow("203.0.113.10", 40000, "198.51.100.20", FIRST_PORT + list(SUITES).index(suite))


def suite_name(suite):
    return f"0x{suite:04X}"


def wait_until(what, true):
    end = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} after {WAIT_SECONDS} s")
        time.sleep(0.02)


class Window(NamedTuple):
    """What a worker did for a while; the last two are shares of its time: in turns that found packets, and without
    its CPU, which another process or another machine had."""

    rate: float
    cycles: float
    busy: float
    taken: float


class Cpu:
    """What is taken from a daemon's worker on this CPU."""

    def __init__(self, pid, cpu):
        self.cpu = cpu
        tasks = [task for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                 if (task / "comm").read_text().startswith("rte-worker")]
        if len(tasks) != 1:
            raise RuntimeError(f"the daemon has {len(tasks)} workers")
        self.schedstat = tasks[0] / "schedstat"

    def taken_seconds(self):
        """It was ready to run and did not (proc(5), schedstat), and what a hypervisor took (steal)."""
        waited_ns = int(self.schedstat.read_text().split()[1])
        line = next(line.split() for line in pathlib.Path("/proc/stat").read_text().splitlines()
                    if line.startswith(f"cpu{self.cpu} "))
        return waited_ns / 1e9 + int(line[8]) / os.sysconf("SC_CLK_TCK")


class Meter:
    """What a daemon tells of one direction. Gives it a session and a stream for every suite."""

    def __init__(self, daemon, direction):
        self.direction = direction
        self.cpu = Cpu(daemon.process.pid, daemon.config["cpus"][0])
        self.client = daemon.client(timeout=WAIT_SECONDS)
        method = "stream_publish" if direction == "seal" else "stream_subscribe"
        for suite, name in SUITES.items():
            self.client.call("session_create", session_id=name, e2ee=True, suite=name, replay_window=0)
            self.client.call("session_connect", session_id=name, base_key=SESSION_KEY)
            self.client.call(method, session_id=name, stream_id=name, link=LINK,
                             payload_types={str(PAYLOAD_TYPE): {"codec": "other"}},
                             flow={"dst_ip": flow(suite).dst, "dst_port": flow(suite).dst_port})

    def ports(self):
        return self.client.call("stats_get", scope="port")["ports"]

    def ports_up(self):
        return all(port["up"] for port in self.ports())

    def packets_out(self):
        return self.client.call("stats_get")[self.direction]["packets_out"]

    def dropped(self):
        """What was dropped or missed, by name."""
        counts = collections.Counter(self.client.call("stats_get")[self.direction]["drops"])
        for port in self.ports():
            counts.update({name: port[name] for name in ("rx_missed", "rx_errors", "rx_no_mbuf", "tx_errors")})
        return {name: count for name, count in counts.items() if count}

    def worker(self):
        """(time, packets out, cycles busy and idle, seconds without its CPU) of the worker so far."""
        worker = self.client.call("stats_get", scope="worker")["workers"][0]
        return (time.monotonic(), worker[self.direction]["packets_out"], worker["busy_cycles"], worker["idle_cycles"],
                self.cpu.taken_seconds())

    def window(self, seconds):
        """How the worker does from now on."""
        before = self.worker()
        time.sleep(seconds)
        elapsed, packets, busy, idle, taken = (after - old for after, old in zip(self.worker(), before))
        if packets == 0:
            raise RuntimeError(f"no packet came out: {self.dropped()}")
        return Window(packets / elapsed, busy / packets, busy / (busy + idle), taken / elapsed)


class Kind(NamedTuple):
    """A way to join a daemon and a testpmd: the device of either side, of which `n` is 0 for the plain port and 1 for
    the sealed one. `ring`: log2 of entries. `taps`: names of interfaces that the daemon makes."""

    ours: str
    peer: str
    peer_first: bool = False
    taps: tuple = ()


SOURCE_RING, SINK_RING = 10, 11  # what waits on the source's ring has room on the sink's
MEMIF = Kind("net_memif{n},role=server,id={n},socket={dir}/memif.sock,socket-abstract=no",
             "net_memif{n},role=client,id={n},socket={dir}/memif.sock,socket-abstract=no,rsize={ring}")


class Lab:
    """Recordings, and a daemon and a testpmd for each of them in turn."""

    def __init__(self, directory, kind=MEMIF):
        self.directory, self.kind = directory, kind
        self.generator_cpu, *_, self.worker_cpu = edge.cpus()
        # Of the daemon's command: on the CPUs that this process may use, and before others where that is allowed.
        self.prefix = ["taskset", "-c", ",".join(map(str, edge.cpus()))]
        self.prefix += ["nice", "-n", "-20"] if os.geteuid() == 0 else []

    def recording(self, direction, suite, payload_bytes):
        return self.directory / f"{direction}-{suite:04x}-{payload_bytes}.pcap"

    def daemon(self):
        plain, sealed = ({"vdev": self.kind.ours.format(n=n, dir=self.directory)} for n in (0, 1))
        ports = [{"ports": f"{FIRST_PORT}-{FIRST_PORT + len(SUITES) - 1}"}]
        return edge.Edge(self.directory / "daemon", [edge.link(LINK, plain, sealed, ports)], cpu=self.worker_cpu,
                         prefix=self.prefix, memory={"mb": 256, "hugepages": "auto"}, lock_keys="no")

    @contextlib.contextmanager
    def joined(self, direction, recording, **settings):
        """A daemon and a testpmd whose ports have met. Both are killed, the daemon first: DPDK 22.11's memif takes
        its memory from under who polls it when the other goes away, and races with itself where it is closed."""
        devices = [self.kind.peer.format(n=n, dir=self.directory, ring=ring) for n, ring in enumerate(
            (SOURCE_RING, SINK_RING) if direction == "seal" else (SINK_RING, SOURCE_RING))]
        generator = testpmd.Testpmd(self.directory, *(devices if direction == "seal" else devices[::-1]),
                                    recording=recording, cpu=self.generator_cpu, **settings)
        for socket in self.directory.glob("*.sock"):
            socket.unlink()  # of the ones before
        with contextlib.ExitStack() as stack:
            daemon = self.daemon()
            for one in (generator, daemon) if self.kind.peer_first else (daemon, generator):
                stack.enter_context(one)
                for tap in self.kind.taps if one is daemon else ():
                    netns.set_up(tap, MTU)
            meter = Meter(daemon, direction)
            wait_until("the ports are not up", meter.ports_up)
            try:
                yield meter, generator
            finally:
                daemon.kill()
                daemon.process = None

    # ---- recordings -----------------------------------------------------------------------

    def write_plain(self):
        """RTP without UDP checksums, which IPv4 allows: what a checksum costs is measured elsewhere."""
        for suite in SUITES:
            for payload_bytes in PAYLOADS:
                pcap.write(self.recording("seal", suite, payload_bytes),
                           [(0, frames.udp_frame(flow(suite), frames.rtp(PAYLOAD_TYPE, n, n * 960, suite,
                                                                         random.randbytes(payload_bytes)),
                                                 udp_checksum=0)) for n in range(PACKETS)])

    def write_sealed(self):
        """The plain recordings, sealed by the daemon itself in one go."""
        plain = {(suite, size): pcap.read(self.recording("seal", suite, size)) for suite in SUITES for size in PAYLOADS}
        together, sealed = self.directory / "plain.pcap", self.directory / "sealed.pcap"
        pcap.write(together, [packet for packets in plain.values() for packet in packets])
        count = len(plain) * PACKETS
        with self.joined("seal", together, endless=False, keep=sealed) as (meter, generator):
            generator.start()
            wait_until("the daemon has not sealed all", lambda: meter.packets_out() >= count)
            generator.stop()
            generator.close_files()
        packets = pcap.read(sealed)
        if len(packets) != count:
            raise RuntimeError(f"{len(packets)} packets were sealed of {count}")
        for n, (suite, payload_bytes) in enumerate(plain):
            pcap.write(self.recording("open", suite, payload_bytes), packets[n * PACKETS : (n + 1) * PACKETS])

    # ---- measuring ------------------------------------------------------------------------

    def outcome(self, direction, recording, seconds, **settings):
        """(Outcome, dropped by name, windows) of one start of both, once they are warm."""
        with self.joined(direction, recording, **settings) as (meter, generator):
            generator.start()
            time.sleep(WARM_SECONDS)
            before, dropped_before = generator.counts(), meter.dropped()
            windows = [meter.window(seconds / WINDOWS) for _ in range(WINDOWS)]
            generator.stop()
            after, dropped = generator.counts(), meter.dropped()
        dropped = {name: count - dropped_before.get(name, 0) for name, count in dropped.items()}
        dropped = {name: count for name, count in dropped.items() if count}
        sent = after.sent - before.sent
        # What was under way when counting began came out later, so what did not come out is known at the end alone.
        received = min(sent, sent - (after.sent - after.received))
        return (rate_search.Outcome(after.requested - before.requested, sent, received, sum(dropped.values())), dropped,
                windows)


@contextlib.contextmanager
def laboratory(record=True):
    """Raises RuntimeError where it cannot be had. Without `record`, there are no recordings yet."""
    if not testpmd.installed():
        raise RuntimeError("dpdk-testpmd is not installed: scripts/setup bench")
    if len(edge.cpus()) < 2:
        raise RuntimeError("there is one CPU; the daemon and the generator need one each")
    with tempfile.TemporaryDirectory(prefix="rtpseal-bench-") as name:
        lab, allowed = Lab(pathlib.Path(name)), os.sched_getaffinity(0)
        os.sched_setaffinity(0, {lab.generator_cpu})  # nothing of the benchmark itself on the worker's CPU
        try:
            if record:
                lab.write_plain()
                lab.write_sealed()
            yield lab
        finally:
            os.sched_setaffinity(0, allowed)
