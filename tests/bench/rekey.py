# SPDX-License-Identifier: BSD-3-Clause
"""Changes of key under load: 1,000 a second, and one session with 10,000 streams."""

import statistics
import subprocess

import harness

GOAL_RATIO, GOAL_US = 0.97, 100
# Sessions, and changes a second of all of them. Of few, each burst has packets of each, so that the time to
# the first packet sealed is the worker's own.
LOADS = ((1000, 1000), (16, 1000))
SUITES = ("0x0006", "0x0005")
STREAMS = 10000


def merge(answers):
    """Times of several runs: medians of the quantiles, the longest of all."""
    whole = {name: statistics.median(answer[name] for answer in answers) for name in ("without", "with", "ratio", "idle")}
    whole |= {name: sum(answer[name] for answer in answers) for name in ("changes", "sent", "lost", "garbled")}
    for name in ("observed_us", "first_sealed_us"):
        times = [answer[name] for answer in answers]
        whole[name] = {**{part: statistics.median(time[part] for time in times) for part in ("p50", "p99")},
                       "best p99": min(time["p99"] for time in times), "max": max(time["max"] for time in times)}
    return whole


def run_loads(options):
    found = {}
    for _ in range(options.rounds):
        for sessions, changes in LOADS:
            for suite in SUITES:
                answer, = harness.run("rekey", "--sessions", sessions, "--changes", changes, "--suite", suite,
                                      "--seconds", 2 if options.quick else 5)
                found.setdefault((suite, sessions, changes), []).append(answer)
    return [{"suite": suite, "sessions": sessions, "per second": changes, **merge(answers)}
            for (suite, sessions, changes), answers in found.items()]


def run_streams(options):
    """What rekey_streams says of one session with many streams, as it says it."""
    count = STREAMS // 10 if options.quick else STREAMS
    done = subprocess.run([harness.PROGRAMS / "rekey_streams", str(count)], capture_output=True, text=True, timeout=100,
                          check=False)
    if done.returncode != 0:
        raise harness.Failed(f"rekey_streams: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.splitlines()


def run(options):
    return {"rounds": options.rounds, "rows": run_loads(options), "streams": run_streams(options)}


def show_times(what, times):
    print(f"    {what:34} p50 {times['p50']:7.1f} us  p99 {times['p99']:7.1f} (best run {times['best p99']:.1f})"
          f"  max {times['max']:.1f}")


def show(result):
    print("packets of 500 bytes, sealed and opened again by one worker that is never idle; packets a second, medians")
    for row in result["rows"]:
        print(f"{row['suite']} {row['sessions']} sessions: without changes {row['without']:.0f}, with {row['per second']} a"
              f" second {row['with']:.0f}, ratio {row['ratio']:.3f} (to reach {GOAL_RATIO}); {row['changes']} changes,"
              f" {row['sent']} packets, {row['lost']} lost, {row['garbled']} garbled; worker idle {row['idle']:.1%}")
        show_times("published to seen by the worker", row["observed_us"])
        show_times("published to first packet sealed", row["first_sealed_us"])
    few = [row for row in result["rows"] if row["sessions"] == LOADS[-1][0]]
    print(f"to reach: p99 of the first packet sealed under {GOAL_US} us where every burst has one of the session:"
          f" {', '.join(format(row['first_sealed_us']['p99'], '.1f') for row in few)}")
    print("one session whose secret changes:", *result["streams"], sep="\n  ")
