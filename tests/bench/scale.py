# SPDX-License-Identifier: BSD-3-Clause
"""Many streams: cycles per packet spread over all of them, memory, start-up and apply.

Packets of 500 bytes for streams in a random order, in turn with packets of one stream alone in the same
process; what counts is the share of the one-stream rate that remains."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "support"))
import edge  # noqa: E402

STREAMS, QUICK_STREAMS = (1, 1000, 100000, 1000000), (1, 1000, 10000)
SUITES, DIRECTIONS = ("0x0006", "0x0005"), ("seal", "open")
NEEDS_GIB = {1000000: 5}
COUNTED = 100000  # streams and senders whose memory is taken, and that are applied
WINDOW = 1024
PORTS = 25000  # of one address
PER_SESSION = 100
RATE_GOALS = {100000: 0.7, 1000000: 0.5}
BYTES_GOAL, SECONDS_GOAL = 1024, 5.0


def available_gib():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 2**20
    return 0.0


# ---- cycles -----------------------------------------------------------------------------------


def run_cycles(options, counts):
    """Each cell once a round; the million, whose start takes long, in fewer rounds."""
    found = {}
    for turn in range(options.rounds):
        for count in counts:
            if count in NEEDS_GIB and turn >= max(1, options.rounds // 3):
                continue
            for suite in SUITES:
                for direction in DIRECTIONS:
                    answer, = harness.run("scale", "--streams", count, "--suite", suite, "--direction", direction,
                                          "--ms", options.ms * 10)
                    found.setdefault((suite, direction, count), []).append(answer)
    return [{"suite": suite, "direction": direction, "streams": count, "rounds": len(answers),
             **{name: statistics.median(answer[name] for answer in answers) for name in ("cycles", "one")},
             "best": min(answer["best"] for answer in answers),
             "rate": statistics.median(answer["one"] / answer["cycles"] for answer in answers)}
            for (suite, direction, count), answers in found.items()]


# ---- memory -----------------------------------------------------------------------------------


def kib(of, count, *args):
    answer, = harness.run("scale", "--streams", count, "--memory", of, *args)
    return answer["kib"]


def run_memory(count):
    """Bytes for each, from what the process has with and without."""
    nothing, found = kib("nothing", count), {}
    for what, args in (("seals", ()), ("opens", ("--direction", "open", "--window", WINDOW))):
        streams, senders = kib("streams", count, *args), kib("senders", count, *args)
        found[f"stream that {what}"] = (streams - nothing) * 1024 / count
        found[f"sender that {what}"] = (senders - streams) * 1024 / count
    return found


# ---- the daemon -------------------------------------------------------------------------------


def state(count):
    """A whole desired state; every other stream seals."""
    sessions = [{"session_id": f"room-{n}", "e2ee": True} for n in range(count // PER_SESSION)]
    streams = [{"stream_id": f"stream-{n}", "session_id": f"room-{n // PER_SESSION}", "link": "edge0",
                "direction": "seal" if n % 2 else "open",
                "flow": {"dst_ip": f"198.51.{100 + n // 2 // PORTS}.20", "dst_port": 20000 + n // 2 % PORTS},
                "payload_types": {"96": {"codec": "VP8"}, "111": {"codec": "opus"}}} for n in range(count)]
    return {"sessions": sessions, "streams": streams}


def resident_kib(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(("VmRSS:", "HugetlbPages:")))


def timed(daemon, path):
    began = time.monotonic()
    done = subprocess.run(daemon.ctl_command("apply", "-f", str(path)), capture_output=True, text=True, timeout=100,
                          check=False)
    if done.returncode != 0:
        raise harness.Failed(f"rtpsealctl apply: {done.stderr.strip()}")
    return time.monotonic() - began


def run_daemon(count):
    """Start-up with room for so many, and rtpsealctl apply of as many."""
    with tempfile.TemporaryDirectory(prefix="rtpseal-bench-") as directory:
        path = pathlib.Path(directory) / "state.json"
        path.write_text(json.dumps(state(count)))
        links = [edge.link("edge0", *({"vdev": f"net_null{n},no-rx=1"} for n in range(2)), [{"ports": "10000-65535"}])]
        began = time.monotonic()
        with edge.Edge(pathlib.Path(directory) / "edge", links, cpu=edge.cpus()[-1],
                       memory={"mb": 512, "hugepages": "auto"}, lock_keys="no",
                       limits={"sessions": 65536, "streams": 2 * count, "senders": count}) as daemon:
            started, before = time.monotonic() - began, resident_kib(daemon)
            applied = timed(daemon, path)
            grown = (resident_kib(daemon) - before) * 1024 / count
            return {"start": started, "apply": applied, "again": timed(daemon, path), "bytes per stream": grown}


# ---- telling ----------------------------------------------------------------------------------


def run(options):
    counts = [count for count in (QUICK_STREAMS if options.quick else STREAMS)
              if available_gib() >= NEEDS_GIB.get(count, 1)]
    counted = COUNTED // 10 if options.quick else COUNTED
    runs = [run_daemon(counted) for _ in range(min(options.rounds, 3))]
    return {"rows": run_cycles(options, counts), "counted": counted, "memory": run_memory(counted),
            "daemon": {name: min(one[name] for one in runs) for name in runs[0]},
            "left out": sorted(set(NEEDS_GIB) - set(counts)) if not options.quick else []}


def verdict(value, goal, good):
    return "" if goal is None else f"  to reach {goal}: {'reached' if good else 'missed'}"


def show(result):
    print("cycles per packet of 500 bytes, medians; rate is the share of that of one stream, in the same process")
    for row in sorted(result["rows"], key=lambda row: (row["suite"], row["direction"], row["streams"])):
        goal = RATE_GOALS.get(row["streams"])
        print(f"{row['suite']} {row['direction']} {row['streams']:>8} streams {row['cycles']:6.0f} (best {row['best']:.0f})"
              f"  one {row['one']:6.0f}  rate {row['rate']:.2f}{verdict(row['rate'], goal, row['rate'] >= (goal or 0))}")
    for count in result["left out"]:
        print(f"{count} streams: left out, for less than {NEEDS_GIB[count]} GiB of memory is free")
    print(f"memory, of {result['counted']}, tables included, AES_256_CTR_HMAC_SHA512_80, window {WINDOW}, one worker")
    for name, size in result["memory"].items():
        print(f"  {name:34} {size:6.0f} bytes{verdict(size, BYTES_GOAL, size < BYTES_GOAL)}")
    daemon = result["daemon"]
    print(f"rtpseald with room for them: started in {daemon['start']:.2f} s; rtpsealctl apply of {result['counted']} streams"
          f" in {daemon['apply']:.2f} s{verdict(daemon['apply'], SECONDS_GOAL, daemon['apply'] < SECONDS_GOAL)},"
          f" once more in {daemon['again']:.2f} s; {daemon['bytes per stream']:.0f} bytes per stream in the daemon,"
          " which has names and options of them, too")


def draw(result, figure):
    """Cycles per packet over the number of streams."""
    axis = figure.subplots()
    for suite, direction in dict.fromkeys((row["suite"], row["direction"]) for row in result["rows"]):
        rows = [row for row in result["rows"] if (row["suite"], row["direction"]) == (suite, direction)]
        rows.sort(key=lambda row: row["streams"])
        axis.plot([row["streams"] for row in rows], [row["cycles"] for row in rows], marker="o",
                  label=f"{suite} {direction}")
    axis.set_xscale("log")
    axis.set_ylim(bottom=0)
    axis.set_xlabel("streams")
    axis.set_ylabel("TSC cycles per packet of 500 bytes")
    axis.legend()
