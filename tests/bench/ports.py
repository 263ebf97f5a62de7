# SPDX-License-Identifier: BSD-3-Clause
"""What each kind of port costs a running rtpseald: cycles of its worker for a packet that it seals.

Payloads of 500 bytes, the default suite, the same recording by each kind of port, in and out; dpdk-testpmd sends
as fast as it and the kernel let it. What the kernel does in the worker's system calls is among the cycles."""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import forward_lab  # noqa: E402
import harness  # noqa: E402
import netns  # noqa: E402
from forward_lab import Kind, MEMIF  # noqa: E402

SUITE, PAYLOAD_BYTES = 0x0006, 500
WINDOW_SECONDS = 0.4
MOST_ROUNDS = 3
FAR = "net_af_packet{n},iface=far{n},framecnt=2048"
KINDS = {
    "memif": MEMIF,
    "vhost-user": Kind("net_vhost{n},iface={dir}/vhost{n}.sock", "net_virtio_user{n},path={dir}/vhost{n}.sock,queue_size=1024"),
    "virtio-user": Kind("net_virtio_user{n},path={dir}/vhost{n}.sock,queue_size=1024", "net_vhost{n},iface={dir}/vhost{n}.sock",
                        peer_first=True),
    "AF_XDP": Kind("net_af_xdp{n},iface=near{n}", FAR),
    "AF_PACKET": Kind("net_af_packet{n},iface=near{n},framecnt=2048", FAR),
    "libpcap": Kind("net_pcap{n},rx_iface_in=near{n},tx_iface=near{n}", FAR),
    "tap": Kind("net_tap{n},iface=far{n}", FAR, taps=("far0", "far1")),
}


@contextlib.contextmanager
def wires(kind):
    """The pairs of interfaces that a kind needs."""
    needed = [n for n in (0, 1) if "near{n}" in kind.ours]
    for n in needed:
        netns.add_veth(f"near{n}", f"far{n}")
    try:
        yield
    finally:
        for n in needed:
            netns.ip("link", "del", f"near{n}")


def measure(rounds):
    """[{port, cycles…}] of all kinds, `rounds` times each in turn. In a namespace of its own."""
    windows = {name: [] for name in KINDS}
    with forward_lab.laboratory(record=False) as lab:
        lab.write_plain()
        recording = lab.recording("seal", SUITE, PAYLOAD_BYTES)
        for _ in range(rounds):
            for name, lab.kind in KINDS.items():
                try:
                    with wires(lab.kind):
                        windows[name] += lab.outcome("seal", recording, WINDOW_SECONDS * forward_lab.WINDOWS)[2]
                except RuntimeError as error:
                    raise RuntimeError(f"{name}: {error}") from error
    rows = []
    for name, measured in windows.items():
        rates, cycles, busy, taken = zip(*measured)
        rows.append({"what": "ports", "port": name, "cycles": round(statistics.median(cycles)), "best": round(min(cycles)),
                     "packets_per_second": round(statistics.median(rates)), "busy": round(statistics.median(busy), 3),
                     "taken": round(statistics.mean(taken), 4)})
    for row in rows:
        row["ratio"] = round(row["cycles"] / rows[0]["cycles"], 2)
    return rows


def run(options):
    """In another process, which has a network namespace of its own."""
    rounds = 1 if options.quick else min(options.rounds, MOST_ROUNDS)
    done = subprocess.run([sys.executable, __file__, str(rounds)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise harness.Failed(done.stderr.strip().splitlines()[-1] if done.stderr else f"exit code {done.returncode}")
    return {"rounds": rounds, "rows": json.loads(done.stdout)}


def show(result):
    print(f"seal, {PAYLOAD_BYTES} bytes, median and best of {result['rounds'] * forward_lab.WINDOWS} times {WINDOW_SECONDS} s;"
          " ratio: to memif; busy: of the worker's time, in turns that found packets; taken: of its time, by others")
    print(f"{'port':12}{'cycles':>8}{'best':>8}{'ratio':>7}{'Mpps':>8}{'busy':>6}{'taken':>7}")
    for row in result["rows"]:
        print(f"{row['port']:12}{row['cycles']:8}{row['best']:8}{row['ratio']:7.2f}{row['packets_per_second'] / 1e6:8.2f}"
              f"{row['busy']:6.0%}{row['taken']:7.1%}")


if __name__ == "__main__":
    netns.enter()
    print(json.dumps(measure(int(sys.argv[1]))))
