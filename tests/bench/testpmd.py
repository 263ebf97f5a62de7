# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testpmd as a generator: reads a recording into one port of a daemon, takes what comes out of the other, and
counts both. All of it runs on one CPU."""

import pathlib
import re
import shutil
import subprocess
import time
from typing import NamedTuple

MEMORY_MB = 256
BURST = 64  # packets that testpmd moves at once
MBUFS = 32768
PACED_BURST = 128  # the longer a turn takes, the finer is a microsecond
# Ports in the order of their devices: testpmd joins each to its neighbour.
FILE, SOURCE, SINK, END = range(4)
PORT = re.compile(r"NIC statistics for port (\d+) .*?RX-packets: (\d+).*?TX-packets: (\d+)", re.S)
CLOSED = "Checking link statuses...\nDone"
FORWARDED = re.compile(r"Forward statistics for port (\d+) .*?TX-packets: (\d+)\s+TX-dropped: (\d+)", re.S)
START_SECONDS = 20


class Counts(NamedTuple):
    """Packets that testpmd had for the source, that the source took, and that came out of the sink."""

    requested: int
    sent: int
    received: int


def installed():
    return shutil.which("dpdk-testpmd") is not None


def hugepages_free_mb():
    text = pathlib.Path("/proc/meminfo").read_text()
    free, kib = (int(re.search(rf"^{name}:\s+(\d+)", text, re.M).group(1))
                 for name in ("HugePages_Free", "Hugepagesize"))
    return free * kib // 1024


class Testpmd:
    """One process. `source` and `sink` are the devices that meet the daemon's ports. Ends with its context."""

    def __init__(self, directory, source, sink, *, recording, endless=True, keep=None, paced=False, cpu=0):
        """`keep`: a file for what comes out. It waits where the source's ring is full; or, paced, sends a burst
        with each turn, of which there are as many as pace() lets it have, and drops what then has no room."""
        self.output = pathlib.Path(directory) / "testpmd.log"
        end = f"net_pcap1,tx_pcap={keep}" if keep else "net_null0,no-rx=1"
        devices = [f"net_pcap0,rx_pcap={recording}" + (",infinite_rx=1" if endless else ""),
                   source, sink, end]
        if paced:  # a port that never takes anything: testpmd waits for it in each turn, by the TSC
            nobody = pathlib.Path(directory) / "nobody.sock"
            devices += ["net_null1,size=64", f"net_memif2,role=server,id=0,socket={nobody},socket-abstract=no"]
        self.ports = len(devices)
        huge = hugepages_free_mb() >= MEMORY_MB
        memory = ["--in-memory", "--single-file-segments"] if huge else ["--no-huge", "--no-shconf"]
        self.command = ["setpriv", "--pdeathsig", "KILL", "stdbuf", "-oL", "dpdk-testpmd", "--lcores",
                        f"0@{cpu},1@{cpu}", "--no-pci", "--no-telemetry", "-m", str(MEMORY_MB), *memory]
        for device in devices:
            self.command += ["--vdev", device]
        self.command += ["--", "-i", "--no-flush-rx", f"--total-num-mbufs={MBUFS}",
                         f"--burst={PACED_BURST if paced else BURST}", "--rxd=2048", "--txd=2048"]

    def __enter__(self):
        with open(self.output, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
        try:
            self.wait_for(lambda text: "testpmd>" in text)
        except RuntimeError:
            self.kill()
            raise
        self.tell("set fwd io retry", "set burst tx delay 1 retry 10000")
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def text(self):
        return self.output.read_text(errors="replace")

    def wait_for(self, found):
        """Until its output satisfies; raises where it ends before."""
        end = time.monotonic() + START_SECONDS
        while not found(self.text()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"dpdk-testpmd does not answer:\n{self.text()[-2000:]}")
            time.sleep(0.02)

    def tell(self, *commands):
        self.process.stdin.write("".join(f"{command}\n" for command in commands))
        self.process.stdin.flush()

    def pace(self, microseconds):
        """How long each turn takes beyond its work; at any time. Where the source's ring is full, a burst waits once
        for that long, too, so that a full ring makes it no faster."""
        self.tell(f"set burst tx delay {microseconds} retry 1")

    def start(self):
        self.tell("start")

    def stop(self):
        """Ends sending, then takes what is still under way."""
        self.tell("stop", f"set portlist {SINK},{END}", "start")
        time.sleep(0.2)
        self.tell("stop", f"set portlist {FILE},{SOURCE},{SINK},{END}")

    def close_files(self):
        """Writes to the end what was to be kept."""
        closed = self.text().count(CLOSED)
        self.tell(f"port stop {END}")
        self.wait_for(lambda text: text.count(CLOSED) > closed)

    def ask(self, command, block):
        """The last match of `block` for each port in what it answers."""
        seen = len(block.findall(self.text()))
        self.tell(command)
        self.wait_for(lambda text: len(block.findall(text)) >= seen + self.ports)
        return {int(port): tuple(map(int, counts)) for port, *counts in block.findall(self.text())[-self.ports :]}

    def counts(self):
        """Since testpmd started; exact while it does not send."""
        ports = self.ask("show port stats all", PORT)
        return Counts(ports[FILE][0], ports[SOURCE][1], ports[SINK][0])

    def passed_on(self):
        """(sent to the source, dropped since it had no room) since start(): exact at any time."""
        return self.ask("show fwd stats all", FORWARDED)[SOURCE]
